"""The errors of the command itself. Those of calls are the exceptions of `opper_chat`."""

from __future__ import annotations

from collections.abc import Iterable

from .exit_codes import ExitCode


class CommandError(Exception):
    """The command cannot go on. The text is for the user.

    Args:
        message: what was wrong, what is accepted, and what to do.
        exit_code: the exit code of the process.
    """

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.UNEXPECTED) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class UsageError(CommandError):
    """An argument, a file or a setting is wrong. Nothing was sent."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ExitCode.USAGE)


class ClosedPipeError(CommandError):
    """The process that reads the output has ended."""

    def __init__(self) -> None:
        super().__init__("The reader of the output has closed it.", ExitCode.CLOSED_PIPE)


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return the question whether a similar name was meant, with a space after it, or an empty text."""
    from difflib import get_close_matches

    near = get_close_matches(name, list(names), 1)
    return f"Did you mean {near[0]!r}? " if near else ""

"""The options ``-T`` and ``--approve``: functions of modules as tools, and the question before each call."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, TextIO

from .console import Console
from .errors import UsageError

if TYPE_CHECKING:
    from .. import ToolCall

LOOP_OPTIONS = ("max_turns", "max_parallel", "max_repeats", "max_total_tokens")
"""The limits of the tool loop, by the names that `run_tools` has for them."""
_DENIED = "The user denied the call."


def load_tools(references: Sequence[str]) -> list[Any]:
    """Return the tools that options name: functions, and what `opper_chat.tool` made.

    Raises:
        UsageError: a name does not exist, or is no function.
        InvalidArgumentError: a function cannot be a tool.
    """
    from .. import CustomTool, Tool, tool
    from .._validation.arguments import is_coroutine_function
    from .imports import load_reference

    tools: list[Any] = []
    for reference in references:
        found = load_reference(reference, "-T")
        if not callable(found) or isinstance(found, type):
            raise UsageError(f"-T {reference}: expected a function, got {type(found).__name__}.")
        if is_coroutine_function(getattr(found, "__wrapped__", found)):
            raise UsageError(f"-T {reference}: expected a function that is not async.")
        tools.append(found if isinstance(found, Tool | CustomTool) else tool(found))
    return tools


class Approval:
    """Asks on the terminal whether a tool may be called. The prompt may come from stdin at the same time.

    Args:
        console: its stdout gets a line end before each question.

    Raises:
        UsageError: there is no terminal to ask on.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._approves_all = False
        with ExitStack() as files:
            self._reader, self._writer = _open_terminal(console, files)
            self._files: ExitStack = files.pop_all()

    def close(self) -> None:
        """Close the terminal."""
        self._files.close()

    def __call__(self, call: ToolCall) -> bool | str:
        """Return whether the call may run, or the text that the model reads instead of a result."""
        if self._approves_all:
            return True
        if self._console.stdout_is_terminal:
            self._console.end_line()
        while True:
            self._writer.write(f"Call {describe_call(call)}? [y]es, [n]o, [a]ll: ")
            self._writer.flush()
            line = self._reader.readline()
            reply = line.strip().lower()
            if reply in ("a", "all"):
                self._approves_all = True
            if reply in ("y", "yes", "a", "all"):
                return True
            if reply in ("n", "no") or not line:
                return _DENIED


def describe_call(call: ToolCall) -> str:
    """Return a call as text, whole, since the user decides by it."""
    from .._errors.excerpts import one_line

    text = f"{call.name}({call.input or call.arguments})"
    return one_line(text, 10 * len(text))  # an escape has up to ten characters


def _open_terminal(console: Console, files: ExitStack) -> tuple[TextIO, TextIO]:
    open_file: Callable[..., TextIO] = open
    names = ("CONIN$", "CONOUT$") if os.name == "nt" else ("/dev/tty", "/dev/tty")
    try:
        reader = files.enter_context(open_file(names[0], encoding="utf-8", errors="replace"))
        writer = files.enter_context(open_file(names[1], "w", encoding="utf-8", errors="backslashreplace"))
    except OSError:
        if console.stdin_is_terminal and console.stderr_is_terminal and console.stdin and console.stderr:
            return console.stdin, console.stderr
        raise UsageError(
            "--approve: There is no terminal to ask on. Leave it out to call tools without asking."
        ) from None
    return reader, writer

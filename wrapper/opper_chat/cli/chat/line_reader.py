"""The lines that a user types, or that are piped."""

from __future__ import annotations

from contextlib import redirect_stdout, suppress
from importlib import import_module

from ..console import Console
from ..errors import UsageError

PROMPT = "> "


class LineReader:
    """Reads lines of stdin. In a terminal there is a prompt, and readline edits the line and keeps those before it.

    Args:
        console: the standard streams.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._uses_readline = console.stdin_is_terminal and console.stdout_is_terminal
        if self._uses_readline:
            with suppress(ImportError):  # Windows has none; its console edits lines
                import_module("readline")  # input() uses it

    def read(self) -> str | None:
        """Return the next line, or None at the end of the input, as after Ctrl-D.

        Raises:
            KeyboardInterrupt: Ctrl-C.
            UsageError: the line is not in the encoding of stdin.
        """
        try:
            return self._read_line()
        except UnicodeDecodeError as error:
            raise UsageError(f"stdin: expected text in {error.encoding}, got other bytes.") from None

    def _read_line(self) -> str | None:
        if self._uses_readline:
            try:
                with redirect_stdout(self._console.stdout):  # input() edits lines on the stdout of the process only
                    return input(PROMPT)
            except EOFError:
                self._console.write("\n")  # the shell's prompt begins on a line of its own
                return None
        stdin = self._console.stdin
        if stdin is None:
            return None
        if self._console.stdin_is_terminal and self._console.stderr is not None:
            self._console.stderr.write(PROMPT)
            self._console.stderr.flush()
        line = stdin.readline()
        return line.rstrip("\r\n") if line else None

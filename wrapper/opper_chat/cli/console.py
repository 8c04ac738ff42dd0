"""The three standard streams: what a command writes where, and whether a terminal shows it.

Only results go to stdout, and each fragment of text at once. Everything else goes to stderr. Markdown is in `markdown`.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import TextIO

from .errors import ClosedPipeError, CommandError

_CONTROLS: dict[int, int | None] = {
    **{code: 0x2400 + code for code in range(0x20)},
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
    ord("\n"): ord("\n"),
    ord("\t"): ord("\t"),
    ord("\r"): None,
}
"""What stands for control characters, which can move the cursor, set the clipboard, or hide text."""


class Console:
    """The standard streams of the process as they are when this is created.

    Args:
        quiet: whether notes are left out. Errors are written in any case.

    Attributes:
        quiet: the argument, which can be changed.
        stdin_is_terminal: whether stdin is a terminal.
        stdout_is_terminal: whether stdout is a terminal.
        stderr_is_terminal: whether stderr is a terminal.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.stdin: TextIO | None = sys.stdin
        self.stdout: TextIO | None = _without_encoding_errors(_buffered(sys.stdout))
        self.stderr: TextIO | None = _without_encoding_errors(sys.stderr)
        self.stdin_is_terminal: bool = _is_terminal(self.stdin)
        self.stdout_is_terminal: bool = _is_terminal(self.stdout)
        self.stderr_is_terminal: bool = _is_terminal(self.stderr)
        self._is_line_open = False

    @property
    def formats_output(self) -> bool:
        """Whether stdout can show Markdown: a terminal that moves its cursor, or ``FORCE_COLOR`` is set."""
        return (self.stdout_is_terminal or _is_color_forced()) and os.environ.get("TERM") != "dumb"

    @property
    def stderr_moves_cursor(self) -> bool:
        """Whether stderr is a terminal that can draw a line again."""
        return self.stderr_is_terminal and os.environ.get("TERM") != "dumb"

    @property
    def uses_color(self) -> bool:
        """Whether stdout can have color. ``NO_COLOR`` counts before ``FORCE_COLOR`` (https://no-color.org)."""
        return self.formats_output and not os.environ.get("NO_COLOR")

    def write(self, text: str) -> None:
        """Write a part of the result to stdout, and flush it. A terminal gets no control characters.

        Raises:
            ClosedPipeError: nobody reads stdout any more.
            CommandError: stdout is closed, or cannot be written for another reason, such as a full disk.
        """
        self.write_sequences(printable(text) if self.stdout_is_terminal else text)

    def write_sequences(self, text: str) -> None:
        """Write text of this package with control sequences, such as colors, to stdout, and flush it.

        Raises:
            ClosedPipeError: nobody reads stdout any more.
            CommandError: stdout cannot be written.
        """
        if not text:
            return
        if self.stdout is None:
            raise CommandError("stdout is closed, so the result cannot be written.")
        try:
            self.stdout.write(text)
            self.stdout.flush()
        except OSError as error:
            raise self._output_error(error) from None
        self._is_line_open = not text.endswith("\n")

    def write_line(self, text: str) -> None:
        """Write a part of the result and a line end to stdout."""
        self.write(f"{text}\n")

    def end_line(self) -> None:
        """End the last line on stdout, if it is not ended."""
        if self._is_line_open:
            self.write("\n")

    def note(self, text: str) -> None:
        """Write a line to stderr, unless the command is quiet."""
        if not self.quiet:
            self._write_message(text)

    def error(self, text: str) -> None:
        """Write a line about an error to stderr."""
        self._write_message(f"opper-chat: {text}")

    def flush(self) -> None:
        """Write what was written to stdout past this class, and is still in its buffer.

        Raises:
            ClosedPipeError: nobody reads stdout any more.
            CommandError: stdout cannot be written.
        """
        if self.stdout is None:
            return
        try:
            self.stdout.flush()
        except OSError as error:
            raise self._output_error(error) from None

    def flush_messages(self) -> None:
        """Write what libraries have left in the buffer of stderr, or discard it if nobody can read it."""
        if self.stderr is None:
            return
        try:
            self.stderr.flush()
        except (OSError, ValueError):
            _discard(self.stderr)

    def _write_message(self, text: str) -> None:
        if self.stderr is None:
            return
        with suppress(CommandError):
            if self.stdout_is_terminal and self.stderr_is_terminal:
                self.end_line()
        try:
            self.stderr.write(f"{printable(text)}\n")
            self.stderr.flush()
        except OSError:  # there is nowhere to report it
            _discard(self.stderr)

    def _output_error(self, error: OSError) -> CommandError:
        if self.stdout is not None:
            _discard(self.stdout)
        if isinstance(error, BrokenPipeError):
            return ClosedPipeError()
        return CommandError(f"stdout cannot be written: {error.strerror or error}.")


def printable(text: str) -> str:
    """Return a text with visible characters for control characters, other than line ends and tabs."""
    return text.translate(_CONTROLS)


def _discard(stream: TextIO) -> None:
    """Discard what is left in the buffer of a stream that cannot be written.

    The interpreter flushes it again at its end, and changes the exit code to 120 if that fails.
    """
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()


def _is_color_forced() -> bool:
    return os.environ.get("FORCE_COLOR", "") not in ("", "0")


def _buffered(stream: TextIO | None) -> TextIO | None:
    """Return a stream that writes all of a text or raises.

    With ``PYTHONUNBUFFERED``, that of Python ignores what a closed pipe or a full disk did not take.
    """
    if stream is None or not isinstance(getattr(stream, "buffer", None), io.RawIOBase):
        return stream
    return open(stream.fileno(), "w", encoding=stream.encoding, closefd=False)


def _without_encoding_errors(stream: TextIO | None) -> TextIO | None:
    """Let a stream write any text: what its encoding lacks, and half of a surrogate pair, as an escape."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
        # There, the encoding of pipes and files is an old one that lacks most characters.
        if os.name == "nt" and not _is_terminal(stream) and not os.environ.get("PYTHONIOENCODING"):
            reconfigure(encoding="utf-8")
    return stream

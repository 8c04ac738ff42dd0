"""Run programs, such as the command ``opper-chat``, in a terminal of their own, and type."""

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

TIMEOUT = 30.0
"""Seconds that the command may write nothing."""

XTERM = {"TERM": "xterm", "COLUMNS": "100", "LINES": "30"}
LAUNCH = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # Ctrl-C is sent to the processes of the terminal
os.execv(sys.argv[1], sys.argv[1:])
"""


def start_in_terminal(command: Sequence[str], environment: Mapping[str, str]) -> tuple[subprocess.Popen[bytes], int]:
    """Start a program in a terminal, and return the other end of it as a file descriptor.

    ``pty.fork()`` warns since Python 3.12, as a process of tests has threads.
    """
    end, terminal = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCH, *command], stdin=terminal, stdout=terminal, stderr=terminal,
        start_new_session=True, env={**os.environ, **environment},
    )  # fmt: skip
    os.close(terminal)
    return process, end


def read_terminal(end: int) -> bytes:
    """Return what a program shows next, or nothing at its end."""
    assert select.select([end], [], [], TIMEOUT)[0], "the program neither writes nor ends"
    try:
        return os.read(end, 65536)
    except OSError:  # Linux ends a terminal so
        return b""


class Terminal:
    """A program in a terminal, whose sequences for colors and the cursor are left out of what it shows.

    Args:
        command: the program and its arguments.
        environment: variables to add.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.process, self._end = start_in_terminal(command, environment)
        self.shown = ""

    @property
    def echoes(self) -> bool:
        """Whether the terminal shows what is typed by itself, as it did before the program began."""
        import termios  # Windows has none

        return bool(termios.tcgetattr(self._end)[3] & termios.ECHO)

    def type(self, text: str) -> None:
        """Type a text."""
        os.write(self._end, text.encode())

    def wait_for(self, text: str) -> str:
        """Wait until the text is shown, and forget what was shown until then, which is returned."""
        deadline = time.monotonic() + TIMEOUT
        while text not in self.shown:
            assert time.monotonic() < deadline, self.shown
            piece = read_terminal(self._end)
            assert piece, f"the program has ended: {self.shown}"
            self._show(piece)
        before, found, self.shown = self.shown.partition(text)
        return before + found

    def interrupt(self, text: str) -> None:
        """Press Ctrl-C at a prompt until the text is shown, and forget what was shown until then.

        CPython's readline misses a signal between the prompt and its wait for a key.
        """
        for _ in range(10):
            self.type("\x03")
            if select.select([self._end], [], [], 3)[0]:
                break
        self.wait_for(text)

    def end(self) -> int:
        """Wait for the end, show all that comes until then, and return the exit code."""
        while piece := read_terminal(self._end):
            self._show(piece)
        code = self.process.wait(timeout=TIMEOUT)
        self.close()
        return code

    def close(self) -> None:
        """Kill the program, if it runs, and close the terminal. Closing twice does nothing."""
        self.process.kill()
        self.process.wait()
        self.hang_up()

    def hang_up(self) -> None:
        """Close the terminal, as its window does. The program gets SIGHUP. Closing twice does nothing."""
        if self._end >= 0:
            os.close(self._end)
            self._end = -1

    def _show(self, piece: bytes) -> None:
        self.shown += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", piece.decode("utf-8", "replace"))

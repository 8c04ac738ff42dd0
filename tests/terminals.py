"""Run the command ``opper-chat`` in a terminal of its own, and type."""

import os
import re
import select
import subprocess
import sys
import time

TIMEOUT = 30.0
"""Seconds that the command may write nothing."""

LAUNCH = """
import fcntl, runpy, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # Ctrl-C is sent to the processes of the terminal
runpy.run_module("opper_chat", run_name="__main__", alter_sys=True)
"""


def start_in_terminal(arguments: tuple[str, ...], environment: dict[str, str]) -> tuple[subprocess.Popen[bytes], int]:
    """Start the command in a terminal, and return the other end of it as a file descriptor.

    ``pty.fork()`` warns since Python 3.12, as a process of tests has threads.
    """
    end, terminal = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCH, *arguments], stdin=terminal, stdout=terminal, stderr=terminal,
        start_new_session=True, env={**os.environ, **environment},
    )  # fmt: skip
    os.close(terminal)
    return process, end


def read_terminal(end: int) -> bytes:
    """Return what the command shows next, or nothing at its end."""
    assert select.select([end], [], [], TIMEOUT)[0], "the command neither writes nor ends"
    try:
        return os.read(end, 65536)
    except OSError:  # Linux ends a terminal so
        return b""


class Terminal:
    """The command in a terminal, whose sequences for colors and the cursor are left out of what it shows."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        size = {"TERM": "xterm", "COLUMNS": "100", "LINES": "30"}
        self.process, self._end = start_in_terminal(arguments, size | environment)
        self.shown = ""

    def type(self, text: str) -> None:
        """Type a text."""
        os.write(self._end, text.encode())

    def wait_for(self, text: str) -> None:
        """Wait until the text is shown, and forget what was shown until then."""
        deadline = time.monotonic() + TIMEOUT
        while text not in self.shown:
            assert time.monotonic() < deadline, self.shown
            piece = read_terminal(self._end).decode("utf-8", "replace")
            assert piece, f"the command has ended: {self.shown}"
            self.shown += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", piece)
        self.shown = self.shown.partition(text)[2]

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
        """Wait for the end, and return the exit code."""
        while read_terminal(self._end):
            pass
        os.close(self._end)
        return self.process.wait(timeout=TIMEOUT)

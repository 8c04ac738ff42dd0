"""Run the command ``opper-chat`` in a terminal of its own, and type."""

import os
import re
import subprocess
import sys
import time

LAUNCH = """
import fcntl, runpy, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # Ctrl-C is sent to the processes of the terminal
runpy.run_module("opper_chat", run_name="__main__", alter_sys=True)
"""


class Terminal:
    """The command in a terminal, whose sequences for colors and the cursor are left out of what it shows.

    ``pty.fork()`` warns since Python 3.12, as a process of tests has threads.
    """

    def __init__(self, *arguments: str, **environment: str) -> None:
        self._end, terminal = os.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, *arguments], stdin=terminal, stdout=terminal, stderr=terminal,
            start_new_session=True, env={**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "30", **environment},
        )  # fmt: skip
        os.close(terminal)
        self.shown = ""

    def type(self, text: str) -> None:
        """Type a text."""
        os.write(self._end, text.encode())

    def wait_for(self, text: str) -> None:
        """Wait until the text is shown, and forget what was shown until then."""
        deadline = time.monotonic() + 30
        while text not in self.shown:
            assert time.monotonic() < deadline, self.shown
            piece = os.read(self._end, 65536).decode("utf-8", "replace")
            self.shown += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", piece)
        self.shown = self.shown.partition(text)[2]

    def end(self) -> int:
        """Wait for the end, and return the exit code."""
        try:
            while os.read(self._end, 65536):
                pass
        except OSError:  # Linux ends a terminal so
            pass
        os.close(self._end)
        return self.process.wait(timeout=30)

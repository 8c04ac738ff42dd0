"""Run the programs of the cookbook as their readers do: in processes, with the local server as the model."""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Self

from opper_chat.testing import LocalServer

RECIPES = Path(__file__).parents[1] / "examples" / "cookbook"


def program_environment(model: LocalServer, **variables: str) -> dict[str, str]:
    """Return an environment in which clients connect to a local server."""
    return {**os.environ, "OPPER_API_KEY": "local-key", "OPPER_BASE_URL": model.base_url, **variables}


def run_program(
    model: LocalServer, name: str, *arguments: object, stdin: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end. A warning is an error."""
    return subprocess.run(
        [sys.executable, "-W", "error", str(RECIPES / name), *map(str, arguments)],
        env=program_environment(model, **variables),
        input=stdin, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


class WebServer:
    """The web server of the cookbook, in a process, with a local server as the model.

    Attributes:
        model: The local server.
        port: Where the web server listens.
    """

    def __init__(self) -> None:
        self.model = LocalServer()
        self.port = 0

    def __enter__(self) -> Self:
        self.model.start()
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "app:app", "--port", "0"],
            cwd=RECIPES / "streaming_server", env=program_environment(self.model), stdout=self._log, stderr=self._log,
        )  # fmt: skip
        try:
            self.port = self._read_port()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        self.model.close()

    def _read_port(self) -> int:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if found := re.search(r"running on http://127\.0\.0\.1:(\d+)", self.log()):
                return int(found[1])
            if self._process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"the web server did not start: {self.log()}")

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://127.0.0.1:{self.port}/"

    def log(self) -> str:
        """Return what the web server has logged so far."""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode()

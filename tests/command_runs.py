"""Run the command ``opper-chat``: in a process of its own, or in this one with real pipes as its standard streams."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

import pytest
from opper_chat.cli.main import main
from opper_chat.testing import LocalServer

COMMAND = (sys.executable, "-m", "opper_chat")
TIMEOUT = 60.0
KEY = "sk-secret-key-1234"


class Run(NamedTuple):
    """How a run of the command ended."""

    code: int
    stdout: str
    stderr: str


class Command:
    """Runs the command against a server.

    Args:
        server: the server.
        monkeypatch: sets the environment and the standard streams.
        home: the folder of the configuration and of the working directory.
    """

    def __init__(self, server: LocalServer, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        self._monkeypatch = monkeypatch
        self.server = server
        self.home = home
        monkeypatch.setenv("OPPER_API_KEY", KEY)
        monkeypatch.setenv("OPPER_BASE_URL", server.base_url)
        monkeypatch.setenv("OPPER_CHAT_HOME", str(home))
        monkeypatch.setenv("OPPER_HOME", str(home / "vendor"))
        for name in (
            "NO_COLOR",
            "FORCE_COLOR",
            "TERM",
            "PYTHONIOENCODING",
            "PYTHONUNBUFFERED",
            "PYTHONDONTWRITEBYTECODE",
        ):
            monkeypatch.delenv(name, raising=False)

    def __call__(self, *arguments: str, stdin: bytes | int | None = None) -> Run:
        """Run the command in this process.

        Args:
            arguments: its arguments.
            stdin: what is piped to stdin, the descriptor of stdin, or None for the null device.
        """
        descriptor = os.open(os.devnull, os.O_RDONLY) if stdin is None else stdin
        if isinstance(descriptor, bytes):
            read_end, write_end = os.pipe()
            threading.Thread(target=_feed, args=(write_end, descriptor), daemon=True).start()
            descriptor = read_end
        out, err = _Collector(), _Collector()
        with (
            os.fdopen(descriptor, encoding="utf-8") as input_file,
            os.fdopen(out.write_end, "w", encoding="utf-8") as output,
            os.fdopen(err.write_end, "w", encoding="utf-8") as errors,
            self._monkeypatch.context() as streams,
        ):
            streams.setattr(sys, "path", [*sys.path])  # -T and --schema add the working directory
            streams.setattr(sys, "stdin", input_file)
            streams.setattr(sys, "stdout", output)
            streams.setattr(sys, "stderr", errors)
            code = main(arguments)
        return Run(code, out.text(), err.text())

    def process(self, *arguments: str, **options: object) -> subprocess.Popen[bytes]:
        """Start the command in a process of its own."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        start: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen
        return start([*COMMAND, *arguments], **{**streams, **options})

    def run_process(self, *arguments: str, **options: object) -> Run:
        """Run the command in a process of its own, to its end."""
        with self.process(*arguments, **options) as process:
            out, err = process.communicate(timeout=TIMEOUT)
        return Run(process.returncode, (out or b"").decode(), (err or b"").decode())


class _Collector:
    """A pipe that a thread reads."""

    def __init__(self) -> None:
        read_end, self.write_end = os.pipe()
        self._pieces: list[str] = []
        self._thread = threading.Thread(target=self._read, args=(os.fdopen(read_end, encoding="utf-8"),), daemon=True)
        self._thread.start()

    def _read(self, file: IO[str]) -> None:
        with file:
            self._pieces.extend(iter(lambda: file.read(65536), ""))

    def text(self) -> str:
        self._thread.join(TIMEOUT)
        return "".join(self._pieces)


def _feed(descriptor: int, content: bytes) -> None:
    with suppress(BrokenPipeError), os.fdopen(descriptor, "wb") as file:
        file.write(content)

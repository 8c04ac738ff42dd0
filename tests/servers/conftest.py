"""Two real servers of different make, each started once on this machine, waited for, and stopped at the end."""

import os
import queue
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from opper_chat.testing import LocalServer

HERE = Path(__file__).parent

PATIENCE = 300.0
"""Seconds that a server may take to start: the gateway loads hundreds of modules."""


class RealServer(NamedTuple):
    """A server of somebody else's, and what it has for the checks."""

    name: str
    base_url: str
    key: str
    model: str
    """A model that answers in text."""
    json_model: str
    """One that answers in JSON when it is asked to."""


class _Process:
    """A server's process, and what it has written."""

    def __init__(self, *command: str, **environment: str) -> None:
        self.lines: queue.Queue[str] = queue.Queue()
        self.said: list[str] = []
        self.process = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": "", **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            text = line.decode("utf-8", "replace").rstrip()
            self.said.append(text)
            self.lines.put(text)

    def line(self, start: str, until: float) -> str:
        """Wait for a line that starts so, and return the rest of it."""
        while self.process.poll() is None and (left := until - time.monotonic()) > 0:
            try:
                line = self.lines.get(timeout=min(left, 0.5))
            except queue.Empty:
                continue
            if line.startswith(start):
                return line.removeprefix(start).strip()
        raise TimeoutError("\n".join(["The server did not start:", *self.said[-40:]]))

    def answer(self, url: str, until: float) -> None:
        """Wait for the server to answer."""
        while self.process.poll() is None and time.monotonic() < until:
            try:
                with urllib.request.urlopen(url, timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        raise TimeoutError("\n".join(["The server did not start:", *self.said[-40:]]))

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self._reader.join(10)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """llama.cpp's server."""
    process = _Process(sys.executable, str(HERE / "engine.py"), str(tmp_path_factory.mktemp("engine")))
    try:
        address = process.line("address: ", time.monotonic() + PATIENCE)
        yield RealServer("engine", f"{address}/v1", "engine-key", "tiny-random", "tiny-random")
    finally:
        process.stop()


@pytest.fixture(scope="session")
def gateway() -> Iterator[RealServer]:
    """LiteLLM's proxy."""
    port = _free_port()
    command = Path(sys.executable).with_name("litellm")
    config = str(HERE / "gateway.yaml")
    with LocalServer() as upstream:
        process = _Process(
            str(command), "--config", config, "--host", "127.0.0.1", "--port", str(port), "--telemetry", "False",
            LITELLM_LOCAL_MODEL_COST_MAP="True", UPSTREAM=upstream.base_url,
        )  # fmt: skip
        try:
            process.answer(f"http://127.0.0.1:{port}/health/liveliness", time.monotonic() + PATIENCE)
            yield RealServer("gateway", f"http://127.0.0.1:{port}/v1", "sk-gateway-key", "mock/plain", "mock/json")
        finally:
            process.stop()


@pytest.fixture(params=["engine", "gateway"])
def real(request: pytest.FixtureRequest) -> RealServer:
    """Each of the two."""
    found: RealServer = request.getfixturevalue(request.param)
    return found

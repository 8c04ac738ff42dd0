"""What the tests of Ray share: the server, drivers in processes of their own, their workers, and the counts."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

HERE = Path(__file__).parent
KEY = "key-of-the-workers"
PATIENCE = 240
"""Seconds that a driver may take, with the start of Ray on a machine that is busy."""

KEEP_WORKERS = {"RAY_idle_worker_killing_time_threshold_ms": "60000"}
"""Ray ends idle processes after a second, and starting others takes long on a machine that is busy."""


class ModelServer:
    """The server, in a process of its own."""

    def __init__(self, latency: float) -> None:
        command = [sys.executable, str(HERE / "model_server.py"), str(latency)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self._root = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        self.base_url = f"{self._root}/v2/openai"

    def received(self) -> dict[str, Any]:
        """How often each row was received, and when requests came."""
        with urllib.request.urlopen(f"{self._root}/counts", timeout=30) as response:
            found: dict[str, Any] = json.load(response)
        return found

    def counts(self) -> Counter[int]:
        """How often each row was received."""
        return Counter({int(number): count for number, count in self.received()["counts"].items()})

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


@contextmanager
def serving(latency: float) -> Iterator[ModelServer]:
    """A server for a block."""
    server = ModelServer(latency)
    try:
        yield server
    finally:
        server.close()


def write_input(path: Path, count: int) -> Path:
    """Write lines of OpenAI's batch files."""
    with path.open("w") as file:
        for number in range(count):
            body = {"model": "m", "messages": [{"role": "user", "content": f"Row {number}"}]}
            print(json.dumps({"custom_id": f"r{number}", "body": body}), file=file)
    return path


class Driver:
    """A driver, and the processes of its cluster."""

    def __init__(self, server: ModelServer, requests: Path, output: Path, *, key: str = KEY, **options: Any) -> None:
        environment = {
            **os.environ,
            "OPPER_API_KEY": key,
            "OPPER_BASE_URL": server.base_url,
            "RAY_AUTH_MODE": "disabled",  # else Ray writes a token into the home folder
            "RAY_USAGE_STATS_ENABLED": "0",
            **KEEP_WORKERS,
            "RAY_DEDUP_LOGS": "0",
        }
        command = [sys.executable, str(HERE / "driver.py"), str(requests), str(output), json.dumps(options)]
        self.log = output.with_suffix(".log").open("ab")
        self._process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=self.log, start_new_session=True
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()  # it has started

    def result(self) -> dict[str, Any]:
        """Wait for the end, and return what it prints."""
        stdout, _ = self._process.communicate(timeout=PATIENCE)
        lines = [line for line in stdout.decode().splitlines() if line.startswith("{")]
        assert lines, self.log.name
        found: dict[str, Any] = json.loads(lines[-1])
        return found

    def workers(self) -> list[int]:
        """The processes that send requests."""
        return [process for process in self.processes() if b"ray::MapWorker" in command_line(process)]

    def processes(self) -> list[int]:
        """All processes of the cluster."""
        parents: dict[int, list[int]] = {}
        for path in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            parents.setdefault(parent, []).append(int(path.name))
        found, pending = [], [self._process.pid]
        while pending:
            found += (children := parents.get(pending.pop(), []))
            pending += children
        return found

    def kill(self) -> None:
        """Kill the driver, and then what is left of its cluster, which would end by itself a little later."""
        cluster = self.processes()
        self._process.kill()
        self._process.wait()
        for process in cluster:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def close(self) -> None:
        """Leave nothing behind."""
        self.kill()
        self.log.close()
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextmanager
def running(server: ModelServer, requests: Path, output: Path, **options: Any) -> Iterator[Driver]:
    """A driver for a block."""
    driver = Driver(server, requests, output, **options)
    try:
        yield driver
    finally:
        driver.close()


def run(server: ModelServer, requests: Path, output: Path, **options: Any) -> dict[str, Any]:
    """Run a job to its end."""
    with running(server, requests, output, **options) as driver:
        return driver.result()


def wait_for_rows(server: ModelServer, count: int) -> None:
    """Wait until the server has received so many rows."""
    deadline = time.monotonic() + PATIENCE
    while len(server.counts()) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def read_output(output: Path) -> dict[str, dict[str, Any]]:
    """The rows of the output by their ids, each of which is there once."""
    rows = [row for path in output.glob("[!_]*.parquet") for row in pq.read_table(path, partitioning=None).to_pylist()]
    found = {row["custom_id"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def command_line(process: int) -> bytes:
    """How a process was called, or nothing if it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""

"""Batches in processes of their own: Ctrl-C once and twice, stdin, and `kill -9` at random moments."""

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from batch_runs import PRICED, Runner, read, reply_by_text, rows, texts
from opper_chat.testing import LocalServer, Reply

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")

PROGRAM = """
import asyncio, json, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell ignores it
from opper_chat.batch import async_run_batch, run_batch

kind, requests, output, *more = sys.argv[1:]
options = {"output": output, "concurrency": 4, **json.loads(more[0] if more else "{}")}
if kind == "sync":
    progress = run_batch(requests, **options)
elif kind == "asyncio":
    progress = asyncio.run(async_run_batch(requests, **options))
else:
    import trio
    from functools import partial
    progress = trio.run(partial(async_run_batch, requests, **options))
print(progress.succeeded)
"""

KINDS = ["sync", "asyncio", "trio"]


def start(kind: str, requests: Path | str, output: Path, base_url: str, **options: Any) -> subprocess.Popen[bytes]:
    """Start a run."""
    environment = {**os.environ, "OPPER_API_KEY": "key", "OPPER_BASE_URL": base_url}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, kind, str(requests), str(output), json.dumps(options)], env=environment,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def wait_for_requests(server: LocalServer, count: int) -> None:
    """Wait until the server has received so many."""
    deadline = time.monotonic() + 30
    while len(server.requests) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_interrupt_finishes_what_is_in_flight(kind: str, tmp_path: Path, server: LocalServer) -> None:
    """And then interrupts the program: nothing is paid twice."""
    server.always(Reply.completion("Hi", delay=0.3))
    run = Runner("sync", tmp_path, server.base_url)
    process = start(kind, run.input(rows(1000)), run.output, server.base_url)
    wait_for_requests(server, 6)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT, stderr
    assert b"KeyboardInterrupt" in stderr
    assert stdout == b""
    written = run.succeeded()
    assert len(written) == len(server.requests) < 20
    server.always(None)
    run(run.folder / "in.jsonl")
    assert set(Counter(texts(server)).values()) == {1}
    run.assert_once(f"r{number}" for number in range(1000))


@pytest.mark.parametrize("kind", KINDS)
def test_the_second_interrupt_stops_at_once(kind: str, tmp_path: Path, server: LocalServer) -> None:
    """What is in flight is not written, and asked again by the next run."""
    server.always(Reply.completion("Hi", delay=60))
    run = Runner("sync", tmp_path, server.base_url)
    process = start(kind, run.input(rows(10)), run.output, server.base_url)
    wait_for_requests(server, 4)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT, stderr
    assert (run.succeeded(), run.failed()) == ([], [])
    server.always(None)
    assert run(run.folder / "in.jsonl").succeeded == 10


def test_requests_can_come_from_stdin(tmp_path: Path, server: LocalServer) -> None:
    """As JSON lines, which are numbered."""
    output = tmp_path / "out.jsonl"
    process = start("sync", "-", output, server.base_url)
    stdout, stderr = process.communicate(b'{"messages": [{"role": "user", "content": "Hi"}]}\n' * 5, timeout=30)
    assert stdout == b"5\n", stderr
    assert sorted(line["custom_id"] for line in read(output)) == [f"line-{number}" for number in range(1, 6)]


def test_stdin_can_have_columns(tmp_path: Path, server: LocalServer) -> None:
    """If the format is given; compressed with gzip or not."""
    options: dict[str, Any] = {"input_format": "csv", "template": "{text}", "id_column": "id"}
    process = start("sync", "-", tmp_path / "out.jsonl", server.base_url, **options)
    stdout, stderr = process.communicate(gzip.compress(b"id,text\n1,Hi\n2,Ho\n"), timeout=30)
    assert stdout == b"2\n", stderr
    assert sorted(texts(server)) == ["Hi", "Ho"]


@pytest.mark.parametrize("kind", ["sync", "asyncio"])
def test_a_killed_run_goes_on(kind: str, tmp_path: Path, server: LocalServer) -> None:
    """Each row is there once, and at most the calls in flight were sent twice. `nox -s batch-kills` kills 50 times."""
    run = Runner("sync", tmp_path, server.base_url)
    path = run.input(rows(400))
    server.always(lambda request: Reply.completion("Hi", delay=0.002))
    chance = random.Random(kind)
    for kill in range(1, 4):
        process = start(kind, path, run.output, server.base_url)
        wait_for_requests(server, kill * 80 + chance.randrange(20))
        process.kill()
        process.communicate(timeout=10)
    run(path)
    run.assert_once(f"r{number}" for number in range(400))
    assert sum(Counter(texts(server)).values()) - 400 <= 3 * 4


def test_what_failed_rows_cost_outlives_a_killed_retry(tmp_path: Path, server: LocalServer) -> None:
    """Each failure is in a file, so that `max_cost` counts it, whenever the process dies."""
    run = Runner("sync", tmp_path, server.base_url)
    options: dict[str, Any] = {"response_format": {"type": "object"}, "retry_errors": True}
    server.always(Reply.completion("?", **PRICED))
    assert run(run.input(rows(60)), **options).failed == 60
    server.always(Reply.completion("?", delay=0.01, **PRICED))
    for kill in (1, 2):
        process = start("sync", run.folder / "in.jsonl", run.output, server.base_url, **options)
        wait_for_requests(server, 60 + kill * 15)
        process.kill()
        process.communicate(timeout=10)
    written = [line for path in tmp_path.glob("out*.jsonl") for line in read(path)]
    spent = sum(Decimal(line["opper"]["cost"]) for line in written)
    assert Decimal("0.01") * (len(server.requests) - 2 * 4) <= spent
    before = len(server.requests)
    progress = run(run.folder / "in.jsonl", max_cost=spent, **options)
    assert (progress.stopped, len(server.requests)) == ("max_cost", before)
    server.always(reply_by_text({f"r{number}": Reply.completion("{}") for number in range(60)}))
    assert run(run.folder / "in.jsonl", **options).succeeded == 60
    run.assert_once(f"r{number}" for number in range(60))

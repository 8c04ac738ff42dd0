"""`run_on_ray` on a cluster of this machine, with the counts of the server and of the output."""

import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

from jobs import KEY, ModelServer, read_output, run, running, serving, wait_for_rows, write_input
from model_server import EVERY, FLAKY, POISON

ACTORS, CONCURRENCY, ROWS_PER_FILE = 2, 64, 128
BATCHES_OF_AN_ACTOR = 4

FAST = 900
"""The rows a second that a quiet machine has to reach, with responses after 0.1 seconds and 128 calls at a time."""


def assert_complete(output: Path, counts: Counter[int], rows: int) -> None:
    """Assert that each row is there once, with its own completion or its own error, and was received."""
    found = read_output(output)
    assert {f"r{number}" for number in range(rows)} == found.keys()
    for custom_id, row in found.items():
        number = int(custom_id[1:])
        kind = number % EVERY
        if kind == POISON:
            assert (row["status"], row["text"], row["attempts"]) == (400, None, 1)
            assert row["error"]["type"] == "BadRequestError"
        else:
            assert (row["status"], row["text"], row["error"]) == (200, f"Row {number}.", None)
        assert counts[number] >= (2 if kind == FLAKY else 1)
    assert len(counts) == rows


def expected_requests(rows: int) -> int:
    """The requests if none is repeated: flaky rows are sent twice."""
    return rows + sum(number % EVERY == FLAKY for number in range(rows))


def test_ten_thousand_rows(tmp_path: Path) -> None:
    """Each once: poison fails, flaky rows succeed, and nothing is sent more often than it has to be.

    The rate is printed. If the environment has OPPER_QUIET_MACHINE, it must be that of a quiet machine.
    """
    rows = 10_000
    requests, output = write_input(tmp_path / "in.jsonl", rows), tmp_path / "out"
    with serving(0.1) as server:
        options: dict[str, Any] = {"actors": ACTORS, "concurrency": CONCURRENCY, "rows_per_file": 250}
        progress = run(server, requests, output, **options)
        received = server.received()
        counts = server.counts()
        assert_complete(output, counts, rows)
        assert sum(counts.values()) == expected_requests(rows)
        assert (progress["succeeded"], progress["failed"], progress["cost"]) == (9500, 500, "9.500")
        times = sorted(received["times"])
        steady = times[len(times) // 10 : -len(times) // 10]
        rate = len(steady) / (steady[-1] - steady[0])
        total = len(times) / (times[-1] - times[0])
        print(f"\n{rate:,.0f} requests a second in the middle, {total:,.0f} from the first to the last;", end=" ")
        print(f"{progress['seconds']:.1f} s for the data set, {progress['wall']:.1f} s for run_on_ray()")
        if os.environ.get("OPPER_QUIET_MACHINE"):
            assert rate >= FAST
        again = run(server, requests, output, **options)
        assert (again["skipped"], again["succeeded"], again["failed"]) == (rows, 0, 0)
        assert server.counts() == counts
        log = output.with_suffix(".log").read_text()
    assert KEY not in log
    assert KEY not in "".join(path.read_text("utf-8", "replace") for path in ray_logs())


def ray_logs() -> list[Path]:
    """The log files of the newest session of Ray, where it writes them on every machine unless it is told otherwise."""
    return [path for path in Path("/tmp/ray/session_latest/logs").resolve().rglob("*") if path.is_file()]


def in_flight_at_most() -> int:
    """The rows of the batches that all actors have at once. What is finished of them is sent again too."""
    return ACTORS * BATCHES_OF_AN_ACTOR * ROWS_PER_FILE


def start(server: ModelServer, tmp_path: Path, rows: int) -> Any:
    """A driver of a small job."""
    requests = write_input(tmp_path / "in.jsonl", rows)
    options = {"actors": ACTORS, "concurrency": CONCURRENCY, "rows_per_file": ROWS_PER_FILE}
    return running(server, requests, tmp_path / "out", **options)


def test_a_killed_worker(tmp_path: Path) -> None:
    """Its batches are sent again by another one; files that it has written are not."""
    rows = 4000
    with serving(0.1) as server, start(server, tmp_path, rows) as driver:
        wait_for_rows(server, 1500)
        workers = driver.workers()
        assert len(workers) == ACTORS
        os.kill(workers[0], signal.SIGKILL)
        progress = driver.result()
        assert (progress["succeeded"], progress["failed"]) == (3800, 200)
        counts = server.counts()
        assert_complete(tmp_path / "out", counts, rows)
        repeated = sum(counts.values()) - expected_requests(rows)
        print(f"\nkilled worker: {repeated} of {rows} rows sent again")
        assert 0 < repeated <= in_flight_at_most() // ACTORS * 1.1


def test_a_killed_driver(tmp_path: Path) -> None:
    """The next run goes on: what was written is not sent again."""
    rows = 4000
    with serving(0.1) as server:
        with start(server, tmp_path, rows) as driver:
            wait_for_rows(server, 2000)
            driver.kill()
        written = len(read_output(tmp_path / "out"))
        before = sum(server.counts().values())
        assert 0 < written < rows
        with start(server, tmp_path, rows) as driver:
            progress = driver.result()
        assert progress["skipped"] == written
        assert progress["succeeded"] + progress["failed"] == rows - written
        counts = server.counts()
        assert_complete(tmp_path / "out", counts, rows)
        repeated = sum(counts.values()) - expected_requests(rows)
        print(f"\nkilled driver: {written} rows written at {before} requests; {repeated} requests repeated")
        assert repeated <= in_flight_at_most() * 1.1


def test_limits_and_keys(tmp_path: Path) -> None:
    """A maximum cost of all workers, which a later run raises; then a wrong key, which ends the job."""
    requests, output = write_input(tmp_path / "in.jsonl", 1000), tmp_path / "out"
    options: dict[str, Any] = {"actors": ACTORS, "concurrency": 16, "rows_per_file": 50}
    with serving(0.02) as server:
        first = run(server, requests, output, max_cost="0.5", **options)
        assert first["stopped"] == "max_cost"
        # The rows in flight at the end are expected to cost something, also those that are poison.
        assert 0.45 <= float(first["cost"]) <= 0.5
        paid = len([row for row in read_output(output).values() if row["cost"]])
        assert paid == first["succeeded"] == float(first["cost"]) * 1000
        wrong = run(server, requests, output, key="wrong", **options)
        assert wrong["error"] == "AuthenticationError"
        assert len(read_output(output)) == first["succeeded"] + first["failed"]
        second = run(server, requests, output, max_cost="10", **options)
        assert second["stopped"] is None
        assert_complete(output, server.counts(), 1000)

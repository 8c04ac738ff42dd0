"""Send a million rows through a batch, and measure the memory and the rate; then run it again, which sends nothing.

Usage: `python -m benchmarks.loads.batch.million [ROWS] [async|sync] [CONCURRENCY]`. The server, in a process of its
own, responds after 5 ms. Exits with 1 if a row is lost or there twice, or if the memory grows by more than 40 MB.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self

from opper_chat.batch import BatchProgress, async_run_batch, run_batch

from ..storm.server import serving

LATENCY = 0.005
MAX_GROWTH_MB = 40
WARM_UP_ROWS = 500


def lines(count: int) -> Iterator[str]:
    """The rows, of about 150 bytes."""
    for number in range(count):
        body = {"model": "m", "messages": [{"role": "user", "content": f"Translate the text of row {number}."}]}
        yield json.dumps({"custom_id": f"row-{number}", "body": body}) + "\n"


def resident_mb() -> float:
    """The memory of this process."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


class Peak:
    """The largest memory in a `with` block."""

    def __enter__(self) -> Self:
        self.start = self.largest = resident_mb()
        self._end = Event()
        self._thread = Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(0.05):
            self.largest = max(self.largest, resident_mb())


def run(kind: str, requests: Path, output: Path, concurrency: int) -> BatchProgress:
    """Run a batch, and tell its progress each 10 seconds."""

    def tell(progress: BatchProgress) -> None:
        print(f"{progress.finished:,} rows, {progress.rows_per_second:,.0f}/s, {resident_mb():.0f} MB", flush=True)

    options: Any = {"output": output, "concurrency": concurrency, "on_progress": tell, "progress_interval": 10}
    if kind == "sync":
        return run_batch(requests, **options)
    return asyncio.run(async_run_batch(requests, **options))


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    kind = sys.argv[2] if len(sys.argv) > 2 else "async"
    concurrency = int(sys.argv[3]) if len(sys.argv) > 3 else 64
    with tempfile.TemporaryDirectory() as name, serving("stray 429 share", 0, LATENCY) as base_url:
        os.environ.update(OPPER_API_KEY="key", OPPER_BASE_URL=base_url)
        folder = Path(name)
        for path, rows in (("warm.jsonl", WARM_UP_ROWS), ("in.jsonl", count)):
            with (folder / path).open("w") as file:
                file.writelines(lines(rows))
        run(kind, folder / "warm.jsonl", folder / "warm-out.jsonl", concurrency)
        output = folder / "out.jsonl"
        with Peak() as peak:
            used, started = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
            progress = run(kind, folder / "in.jsonl", output, concurrency)
            seconds, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_SELF)
        cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
        growth = peak.largest - peak.start
        print(
            f"{kind}, {count:,} rows, {concurrency} in flight: {seconds:.1f} s, {count / seconds:,.0f} rows/s, "
            f"{cpu / count * 1000:.2f} ms of CPU a row; {peak.start:.0f} MB at the start, {growth:.0f} MB more at most"
        )
        started = time.monotonic()
        with Peak() as peak:
            again = run(kind, folder / "in.jsonl", output, concurrency)
        print(f"again: {again.skipped:,} skipped in {time.monotonic() - started:.1f} s, ", end="")
        print(f"{peak.largest - peak.start:.0f} MB more at most")
        with output.open("rb") as file:
            found = [json.loads(line)["custom_id"] for line in file]
    good = len(found) == len(set(found)) == count == progress.succeeded == again.skipped
    if not good:
        print(f"{len(found):,} lines, {len(set(found)):,} rows")
    return 0 if good and growth <= MAX_GROWTH_MB else 1


if __name__ == "__main__":
    sys.exit(main())

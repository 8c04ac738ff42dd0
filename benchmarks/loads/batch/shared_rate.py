"""Put workers of an engine, each in a process of its own, on one rate limit, and count the requests that it refuses.

Usage: `python -m benchmarks.loads.batch.shared_rate [PROCESSES] [SECONDS] [RATE]`. They do not talk to each other. The
server, in another process, accepts RATE requests a second and responds after 0.1 seconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from time import monotonic

from opper_chat.ray import ChatCompletions

from ..storm.server import serving

LATENCY = 0.1
ROWS = 64
CONCURRENCY = 16
RETRIES = 30
BATCHES = 2
"""At once, in each worker."""


async def work(seconds: float, *, adaptive: bool) -> dict[str, float]:
    """Send batches for some seconds, and count the rows, those that failed, and all attempts."""
    counts = {"rows": 0, "failed": 0, "attempts": 0}
    end = monotonic() + seconds
    async with ChatCompletions(
        template="{text}", concurrency=CONCURRENCY, adaptive_rate_limit=adaptive, max_retries=RETRIES
    ) as completions:

        async def run() -> None:
            while monotonic() < end:
                names = [str(number) for number in range(ROWS)]
                found = await completions({"custom_id": names, "text": names})
                counts["rows"] += len(names)
                counts["failed"] += sum(error is not None for error in found["error"])
                counts["attempts"] += sum(found["attempts"])

        started = monotonic()
        await asyncio.gather(*[run() for _ in range(BATCHES)])
        return {**counts, "seconds": monotonic() - started}


def measure(processes: int, seconds: float, rate: float, *, adaptive: bool) -> None:
    """Run the workers, and print what became of the rows of all of them."""
    with serving("bucket", rate, LATENCY) as base_url:
        environment = {**os.environ, "OPPER_API_KEY": "key", "OPPER_BASE_URL": base_url}
        command = [sys.executable, "-m", "benchmarks.loads.batch.shared_rate", "worker", str(seconds), str(adaptive)]
        workers = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) for _ in range(processes)]
        found = [json.loads(worker.communicate(timeout=seconds + 120)[0]) for worker in workers]
    rows, failed, attempts = (sum(each[name] for each in found) for name in ("rows", "failed", "attempts"))
    refused = attempts - (rows - failed)
    shares = sorted(round(100 * each["rows"] / rows) for each in found)
    print(
        f"{processes} processes, {'adaptive' if adaptive else 'no limiter'}: {rows - failed} rows, {failed} failed, "
        f"{sum(each['rows'] / each['seconds'] for each in found):.0f} rows/s of {rate:.0f}; "
        f"{refused} refused, {refused / attempts:.1%} of the requests; shares in percent: {shares}",
        flush=True,
    )


def main() -> None:
    if sys.argv[1:2] == ["worker"]:
        print(json.dumps(asyncio.run(work(float(sys.argv[2]), adaptive=sys.argv[3] == "True"))))
        return
    counts = [int(sys.argv[1])] if len(sys.argv) > 1 else [2, 8]
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 20
    rate = float(sys.argv[3]) if len(sys.argv) > 3 else 100
    for processes in counts:
        for adaptive in (True, False):
            measure(processes, seconds, rate, adaptive=adaptive)


if __name__ == "__main__":
    main()

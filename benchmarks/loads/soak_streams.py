"""Read 10,000 streams with every fault, and cancel some at random moments, through a pool of ten connections.

Usage: `python -m benchmarks.loads.soak_streams [STREAMS] [SEED]`. Prints the counts, and exits with 1 if anything is
wrong: a stream that hangs, an outcome other than the scenario's, or a task, thread or socket that is left.
"""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from opper_chat import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AsyncOpper,
    StreamTruncatedError,
)
from opper_chat.testing import SCENARIOS, LocalServer, Outcome, ReceivedRequest, Reply, Scenario

POOL = 10
WORKERS = 40
STREAM_TIMEOUT = 60.0
"""Seconds after which a stream hangs, with the time that it waits for a connection."""

CANCELLED_SHARE = 0.2
CLOSED_SHARE = 0.1
"""The share of streams that another task closes; half of the cancelled ones are closed as well."""

SLOW_SHARE = 0.02
"""The share of scenarios that wait for a timeout."""

ENDINGS = {
    APIConnectionError: "cut",
    APIError: "error",
    APIResponseValidationError: "invalid",
    APITimeoutError: "timeout",
    StreamTruncatedError: "truncated",
}
MESSAGES: Any = [{"role": "user", "content": "Hello"}]


def reply_to(request: ReceivedRequest) -> Reply | None:
    """Return the reply of the scenario that the request names, or None for the usual response."""
    name = request.headers.get("x-scenario")
    return SCENARIOS[name].reply() if name else None


async def read_scenario(client: AsyncOpper, scenario: Scenario, chance: random.Random, streams: list[Any]) -> Outcome:
    """Read a scenario in one of three ways, and return its outcome. Other tasks find the stream in `streams`."""
    chunks, status = 0, None
    params: Any = {"messages": MESSAGES, **scenario.request, **scenario.settings}
    params["extra_headers"] = {"x-scenario": scenario.name}
    read_mode = chance.choice(("chunks", "events", "text"))
    try:
        if read_mode == "events":
            async with client.chat.completions.stream(**params) as events:
                streams.append(events)
                status = events.response.status_code
                async for event in events:
                    chunks += event.type == "chunk"
                final = await events.get_final_completion()
        else:
            async with await client.chat.completions.create(stream=True, **params) as stream:
                streams.append(stream)
                status = stream.response.status_code
                if read_mode == "text":
                    async for _ in stream.text_stream:
                        pass
                else:
                    async for _ in stream:
                        chunks += 1
                        if chance.random() < 0.01:
                            await asyncio.sleep(0.001)
                final = await stream.get_final_completion()
            if read_mode == "text":  # which does not show chunks
                chunks = scenario.outcome.chunks or 0
    except APIError as error:
        kind = APIError if isinstance(error, APIStatusError) else type(error)
        facts: Any = {"error_message": error.message, "error_type": error.type, "error_code": error.code}
        partial = error.partial and error.partial.to_dict()
        timeout_kind = getattr(error, "timeout_kind", None)
        if read_mode == "text":
            chunks = scenario.outcome.chunks or 0
        facts |= {"chunks": chunks, "status": error.status_code, "timeout_kind": timeout_kind}
        return Outcome.of(ENDINGS[kind], partial, **facts)  # type: ignore[arg-type]
    return Outcome.of("complete", final.to_dict(), chunks=chunks, status=status)


def is_closed_early(outcome: Outcome, expected: Outcome) -> bool:
    """Return whether a closed stream is reported as truncated, or has all but its usage or a late error."""
    whole = (outcome.text, outcome.finish_reasons) == (expected.text, expected.finish_reasons)
    return outcome.ends == "truncated" or (outcome.ends == "complete" and whole)


async def worker(
    clients: dict[bool, AsyncOpper], server: LocalServer, names: list[str], seed: int, counts: Counter[str]
) -> None:
    chance = random.Random(seed)
    while names:
        scenario = SCENARIOS[names.pop()]
        server.reply(*[reply_to] * 3)  # a stream that breaks before its first chunk is retried
        streams: list[Any] = []
        task = asyncio.create_task(read_scenario(clients[bool(scenario.settings)], scenario, chance, streams))
        closed, closed_by_other = chance.random() < CLOSED_SHARE, False
        if closed or chance.random() < CANCELLED_SHARE:
            await asyncio.wait({task}, timeout=chance.random() * 0.03)
            closed_by_other = not closed and chance.random() < 0.5
            if (closed or closed_by_other) and streams:
                await streams[0].close()
            if not closed and task.cancel():
                counts["cancelled"] += 1
        done, _ = await asyncio.wait({task}, timeout=STREAM_TIMEOUT)
        if not done:
            counts[f"HANG {scenario.name}"] += 1
            task.cancel()
        elif task.cancelled():
            counts["ended by cancellation"] += 1
        elif (
            (closed or closed_by_other)
            and streams
            and not task.exception()
            and is_closed_early(task.result(), scenario.outcome)
        ):
            counts["right: closed by another task"] += 1
        elif task.exception() is not None:
            counts[f"WRONG {scenario.name}: {task.exception()!r}"] += 1
        elif wrong := scenario.outcome.differences(task.result()):
            counts[f"WRONG {scenario.name}: {wrong}"] += 1
        else:
            counts[f"right: {scenario.outcome.ends}"] += 1


def open_files() -> int:
    """Return how many files and sockets this process has open, or 0 if that is not known."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


async def soak(server: LocalServer, names: list[str], seed: int, counts: Counter[str]) -> None:
    settings: Any = {"api_key": "key", "base_url": server.base_url, "timeout": 30}
    async with (
        AsyncOpper(max_connections=POOL, **settings) as client,
        AsyncOpper(max_connections=WORKERS, **settings) as unqueued,
    ):
        # Scenarios with timeouts must not wait for a connection, because that counts too.
        clients = {False: client, True: unqueued}
        await asyncio.gather(*(worker(clients, server, names, seed + number, counts) for number in range(WORKERS)))
        streams = [await client.chat.completions.create(messages=MESSAGES, stream=True, timeout=5) for _ in range(POOL)]
        for stream in streams:  # if a connection of the pool were lost, one of these would time out
            await stream.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        if left:
            counts[f"WRONG tasks left: {len(left)}"] += 1


def main(streams: int, seed: int) -> int:
    chance = random.Random(seed)
    slow = [name for name, scenario in SCENARIOS.items() if scenario.settings]
    fast = [name for name in SCENARIOS if name not in slow]
    names = [chance.choice(slow if chance.random() < SLOW_SHARE else fast) for _ in range(streams)]
    before, threads = open_files(), threading.active_count()
    counts: Counter[str] = Counter()
    started = time.perf_counter()
    with LocalServer() as server:
        asyncio.run(soak(server, names, seed, counts))
    gc.collect()
    duration = time.perf_counter() - started
    if open_files() > before:
        counts[f"WRONG files left open: {open_files() - before}"] += 1
    if threading.active_count() > threads:
        time.sleep(1)  # the watchdog lingers for half a second
        if threading.active_count() > threads:
            counts["WRONG threads left"] += 1
    for what, count in sorted(counts.items()):
        print(f"{count:7d}  {what}")
    wrong = sum(count for what, count in counts.items() if what.startswith(("HANG", "WRONG")))
    print(f"{streams} streams, seed {seed}, {len(SCENARIOS)} scenarios, {duration:.0f} s: {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]] + [10_000, 1][len(sys.argv) - 1 :]
    sys.exit(main(*arguments))

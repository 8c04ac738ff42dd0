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
HANGS_AFTER = 60.0
"""Seconds in which any stream must have ended, waiting for its turn included."""

CANCELLED_SHARE = 0.2
CLOSED_SHARE = 0.1
"""The share of streams that another task closes; half of those that are cancelled are closed beside it."""

SLOW_SHARE = 0.02
"""The share of scenarios that wait for a clock."""

ENDINGS = {
    APIConnectionError: "cut",
    APIError: "error",
    APIResponseValidationError: "invalid",
    APITimeoutError: "timeout",
    StreamTruncatedError: "truncated",
}
MESSAGES: Any = [{"role": "user", "content": "Hello"}]


def played(request: ReceivedRequest) -> Reply | None:
    """Reply with the scenario that the request names; as usual, where it names none."""
    name = request.headers.get("x-scenario")
    return SCENARIOS[name].reply() if name else None


async def seen(client: AsyncOpper, scenario: Scenario, chance: random.Random, held: list[Any]) -> Outcome:
    """Run a scenario, reading in one of three ways, and tell what came of it. The stream is put where others see it."""
    chunks, status = 0, None
    params: Any = {"messages": MESSAGES, **scenario.request, **scenario.settings}
    params["extra_headers"] = {"x-scenario": scenario.name}
    way = chance.choice(("chunks", "events", "text"))
    try:
        if way == "events":
            async with client.chat.completions.stream(**params) as events:
                held.append(events)
                status = events.response.status_code
                async for event in events:
                    chunks += event.type == "chunk"
                final = await events.get_final_completion()
        else:
            async with await client.chat.completions.create(stream=True, **params) as stream:
                held.append(stream)
                status = stream.response.status_code
                if way == "text":
                    async for _ in stream.text_stream:
                        pass
                else:
                    async for _ in stream:
                        chunks += 1
                        if chance.random() < 0.01:
                            await asyncio.sleep(0.001)
                final = await stream.get_final_completion()
            if way == "text":  # which tells no chunks apart
                chunks = scenario.outcome.chunks or 0
    except APIError as error:
        kind = APIError if isinstance(error, APIStatusError) else type(error)
        told: Any = {"error_message": error.message, "error_type": error.type, "error_code": error.code}
        partial = error.partial and error.partial.to_dict()
        kind = getattr(error, "timeout_kind", None)
        if way == "text":
            chunks = scenario.outcome.chunks or 0
        told |= {"chunks": chunks, "status": error.status_code, "timeout_kind": kind}
        return Outcome.of(ENDINGS[kind], partial, **told)  # type: ignore[arg-type]
    return Outcome.of("complete", final.to_dict(), chunks=chunks, status=status)


def given_up(told: Outcome, truth: Outcome) -> bool:
    """Whether a stream that was closed says so, or was whole but for what comes behind its end: usage, or an error."""
    whole = (told.text, told.finish_reasons) == (truth.text, truth.finish_reasons)
    return told.ends == "truncated" or (told.ends == "complete" and whole)


async def worker(
    clients: dict[bool, AsyncOpper], server: LocalServer, names: list[str], seed: int, counts: Counter[str]
) -> None:
    chance = random.Random(seed)
    while names:
        scenario = SCENARIOS[names.pop()]
        server.reply(*[played] * 3)  # a stream that breaks before it brought anything is asked for again
        held: list[Any] = []
        task = asyncio.create_task(seen(clients[bool(scenario.settings)], scenario, chance, held))
        closed, beside = chance.random() < CLOSED_SHARE, False
        if closed or chance.random() < CANCELLED_SHARE:
            await asyncio.wait({task}, timeout=chance.random() * 0.03)
            beside = not closed and chance.random() < 0.5
            if (closed or beside) and held:
                await held[0].close()
            if not closed and task.cancel():
                counts["cancelled"] += 1
        done, _ = await asyncio.wait({task}, timeout=HANGS_AFTER)
        if not done:
            counts[f"HANG {scenario.name}"] += 1
            task.cancel()
        elif task.cancelled():
            counts["ended by cancellation"] += 1
        elif (closed or beside) and held and not task.exception() and given_up(task.result(), scenario.outcome):
            counts["right: closed by another task"] += 1
        elif task.exception() is not None:
            counts[f"WRONG {scenario.name}: {task.exception()!r}"] += 1
        elif wrong := scenario.outcome.differences(task.result()):
            counts[f"WRONG {scenario.name}: {wrong}"] += 1
        else:
            counts[f"right: {scenario.outcome.ends}"] += 1


def open_files() -> int:
    """How many files and sockets this process has open; 0 where that cannot be told."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


async def soak(server: LocalServer, names: list[str], seed: int, counts: Counter[str]) -> None:
    settings: Any = {"api_key": "key", "base_url": server.base_url, "timeout": 30}
    async with (
        AsyncOpper(max_connections=POOL, **settings) as client,
        AsyncOpper(max_connections=WORKERS, **settings) as prompt,
    ):
        # What waits for a clock must not wait for its turn: that would count as well.
        clients = {False: client, True: prompt}
        await asyncio.gather(*(worker(clients, server, names, seed + number, counts) for number in range(WORKERS)))
        held = [await client.chat.completions.create(messages=MESSAGES, stream=True, timeout=5) for _ in range(POOL)]
        for stream in held:  # every place of the pool was free again, or one of these would have waited for ever
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
    began = time.perf_counter()
    with LocalServer() as server:
        asyncio.run(soak(server, names, seed, counts))
    gc.collect()
    took = time.perf_counter() - began
    if open_files() > before:
        counts[f"WRONG files left open: {open_files() - before}"] += 1
    if threading.active_count() > threads:
        time.sleep(1)  # the watchdog lingers for half a second
        if threading.active_count() > threads:
            counts["WRONG threads left"] += 1
    for what, count in sorted(counts.items()):
        print(f"{count:7d}  {what}")
    wrong = sum(count for what, count in counts.items() if what.startswith(("HANG", "WRONG")))
    print(f"{streams} streams, seed {seed}, {len(SCENARIOS)} scenarios, {took:.0f} s: {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]] + [10_000, 1][len(sys.argv) - 1 :]
    sys.exit(main(*arguments))

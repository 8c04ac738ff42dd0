"""Measure one client in a process of its own, and print a line of JSON for each question.

Usage: `python -m benchmarks.speed.worker CLIENT LAYER URL SECONDS SIZE QUESTION...`. CLIENT may name a transport:
``opper[uvloop]``. SECONDS is how long each question takes, SIZE how many chunks its streams have.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import statistics
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple

from .clients import now
from .environments import name_of, transport_of
from .server import raise_file_limit

STREAMS = {"own", "coalesced", "many", "paced", "varied"}
CALLS = {"small", "large", "logprobs"}
READ_MODES = {"text": "coalesced", "events": "coalesced", "logprobs": "large"}
"""Questions that read the response of another question in another way, and that question."""
CLIENTS_AT_ONCE = 20


class Measurement(NamedTuple):
    """The measurement of a question: the units of work and their seconds, or the bytes."""

    units: int
    cpu: float = 0.0
    wall: float = 0.0
    bytes: int | None = None


class Subject:
    """The client to measure, sync or async."""

    def __init__(self, named: str, layer: str, url: str) -> None:
        module, transport = importlib.import_module(f"benchmarks.speed.clients.{name_of(named)}"), transport_of(named)
        self.kind: Any = module.Async if layer == "async" else module.Sync
        self.settings: dict[str, Any] = {"transport": transport} if transport else {}
        self.url = url

    def create_client(self, form: str, size: int) -> Any:
        """Return a client whose base URL selects a form of response."""
        return self.kind(f"{self.url}/{form}/{size}", **self.settings)


async def resolve(result: Any) -> Any:
    """Return a result, awaited if it is awaitable."""
    return await result if isinstance(result, Awaitable) else result


async def repeat(work: Callable[[], Any], seconds: float, *, awaited: bool) -> Measurement:
    """Repeat work until the time is up, at least once. The work returns its number of units."""
    gc.collect()
    units, cpu, began = 0, process_time(), perf_counter()
    while True:
        units += (await work()) if awaited else work()
        wall = perf_counter() - began
        if wall >= seconds:
            return Measurement(units, process_time() - cpu, wall)


async def throughput(subject: Subject, question: str, seconds: float, size: int) -> Measurement:
    """Measure chunks of streams, or plain calls, one after another on a warm connection."""
    client = subject.create_client(READ_MODES.get(question, question), size)
    awaited = subject.kind.__name__ == "Async"
    usual = "call" if question in CALLS else "stream"
    work: Callable[[], Any] = getattr(client, question if question in READ_MODES else usual)
    expected = await resolve(work())
    if question in CALLS:
        assert expected >= 4, expected
        inner = work

        async def one() -> int:
            await inner()
            return 1

        def one_sync() -> int:
            inner()
            return 1

        work = one if awaited else one_sync
        for _ in range(5):
            await resolve(work())
    else:
        # The first and the last chunk have no text, and litellm adds a chunk.
        assert size - 2 <= expected <= size + 2, (question, expected, size)
    measured = await repeat(work, seconds, awaited=awaited)
    await resolve(client.close())
    return measured


async def first_chunk(subject: Subject, seconds: float) -> Measurement:
    """Measure the time to the first chunk on a warm connection: the median."""
    client = subject.create_client("coalesced", 8)
    cpu: list[float] = []
    wall: list[float] = []
    until = perf_counter() + seconds
    for _ in range(5):
        await resolve(client.first())
    gc.collect()
    while len(wall) < 20 or perf_counter() < until:
        began = now()
        came = await resolve(client.first())
        cpu.append(came.cpu - began.cpu)
        wall.append(came.wall - began.wall)
    await resolve(client.close())
    return Measurement(1, statistics.median(cpu), statistics.median(wall))


async def concurrent(subject: Subject, streams: int, size: int) -> Measurement:
    """Measure chunks of streams that are read at the same time, with their connections."""
    client = subject.create_client("own", size)
    await client.stream()
    gc.collect()
    cpu, began = process_time(), perf_counter()
    counts = await asyncio.gather(*(client.stream() for _ in range(streams)))
    measured = Measurement(sum(counts), process_time() - cpu, perf_counter() - began)
    await client.close()
    assert sum(counts) >= streams * (size - 2)
    return measured


async def second_client(subject: Subject) -> Measurement:
    """Measure creating and closing a second client while another is in use: the median."""
    client = subject.create_client("small", 1)
    await resolve(client.call())
    cpu: list[float] = []
    wall: list[float] = []
    gc.collect()
    for _ in range(30):
        began = now()
        await resolve(subject.create_client("small", 1).close())
        ended = now()
        cpu.append(ended.cpu - began.cpu)
        wall.append(ended.wall - began.wall)
    await resolve(client.close())
    return Measurement(1, statistics.median(cpu), statistics.median(wall))


def peak() -> int:
    """Return the peak of resident memory of this process, in bytes."""
    status = Path("/proc/self/status").read_text("ascii")
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


async def memory(subject: Subject, what: str, count: int) -> Measurement:
    """Measure how much the peak of memory grows from a small part of some work to all of it."""
    if what == "stream":
        client = subject.create_client("coalesced", max(count // 50, 1000))
        await resolve(client.stream())
        await resolve(client.close())
        client = subject.create_client("coalesced", count)
        before = peak()
        await resolve(client.stream())
    elif what == "calls":
        client = subject.create_client("small", 1)
        for _ in range(200):
            await resolve(client.call())
        before = peak()
        for _ in range(count):
            await resolve(client.call())
    else:
        for _ in range(CLIENTS_AT_ONCE):
            client = subject.create_client("small", 1)
            await resolve(client.call())
            await resolve(client.close())
        gc.collect()
        before = peak()
        for _ in range(count):
            client = subject.create_client("small", 1)
            await resolve(client.call())
            await resolve(client.close())
    grown = peak() - before
    await resolve(client.close())
    return Measurement(count, bytes=grown)


async def measure_question(subject: Subject, question: str, seconds: float, size: int) -> Measurement:
    name, _, number = question.partition(":")
    if name in STREAMS | CALLS | set(READ_MODES):
        return await throughput(subject, name, seconds, size)
    if name == "first":
        return await first_chunk(subject, seconds)
    if name == "concurrent":
        return await concurrent(subject, int(number), size)
    if name == "second":
        return await second_client(subject)
    if name in {"memory-stream", "memory-calls", "memory-clients"}:
        return await memory(subject, name.partition("-")[2], int(number))
    if name in {"decode", "accumulate"}:
        from .decoding import accumulate, decode

        return (decode if name == "decode" else accumulate)(int(number))
    raise ValueError(f"there is no question {question!r}")


async def main(named: str, layer: str, url: str, seconds: str, size: str, *questions: str) -> None:
    subject = Subject(named, layer, url)
    for question in questions:
        measured = await measure_question(subject, question, float(seconds), int(size))
        print(json.dumps({"client": named, "layer": layer, "question": question, **measured._asdict()}), flush=True)


if __name__ == "__main__":
    raise_file_limit()
    if transport_of(sys.argv[1]) == "uvloop":
        import uvloop

        uvloop.run(main(*sys.argv[1:]))
    else:
        asyncio.run(main(*sys.argv[1:]))

"""Measure one client in a process of its own, and print a line of JSON for each question.

Usage: `python -m benchmarks.speed.worker CLIENT SHELL URL SECONDS SIZE QUESTION...`. CLIENT may name a transport:
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
from .server import allow_files

STREAMS = {"own", "coalesced", "many", "paced", "varied"}
CALLS = {"small", "large", "logprobs"}
WAYS = {"text": "coalesced", "events": "coalesced", "logprobs": "large"}
"""Questions that read in another way what is the answer to another question, and that one. The way has their name."""
CLIENTS_AT_ONCE = 20


class Measured(NamedTuple):
    """What came of a question: how many units of work, and the seconds that they took; or how many bytes."""

    units: int
    cpu: float = 0.0
    wall: float = 0.0
    bytes: int | None = None


class Subject:
    """A client under test: makes instances of it, sync or async."""

    def __init__(self, named: str, shell: str, url: str) -> None:
        module, transport = importlib.import_module(f"benchmarks.speed.clients.{name_of(named)}"), transport_of(named)
        self.kind: Any = module.Async if shell == "async" else module.Sync
        self.settings: dict[str, Any] = {"transport": transport} if transport else {}
        self.url = url

    def made(self, form: str, size: int) -> Any:
        """Return a client of the address that answers in a form."""
        return self.kind(f"{self.url}/{form}/{size}", **self.settings)


async def done(result: Any) -> Any:
    """Await what a method of either shell returns, if it is to be awaited."""
    return await result if isinstance(result, Awaitable) else result


async def repeated(work: Callable[[], Any], seconds: float, *, awaited: bool) -> Measured:
    """Do some work again and again until the time is up, at least once. It returns how many units it did."""
    gc.collect()
    units, cpu, began = 0, process_time(), perf_counter()
    while True:
        units += (await work()) if awaited else work()
        wall = perf_counter() - began
        if wall >= seconds:
            return Measured(units, process_time() - cpu, wall)


async def throughput(subject: Subject, question: str, seconds: float, size: int) -> Measured:
    """Chunks of streams, or plain calls, one after another on a warm connection."""
    client = subject.made(WAYS.get(question, question), size)
    awaited = subject.kind.__name__ == "Async"
    usual = "call" if question in CALLS else "stream"
    work: Callable[[], Any] = getattr(client, question if question in WAYS else usual)
    expected = await done(work())
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
            await done(work())
    else:
        # The role's chunk and the last one have no text, and litellm makes one more of its own.
        assert size - 2 <= expected <= size + 2, (question, expected, size)
    measured = await repeated(work, seconds, awaited=awaited)
    await done(client.close())
    return measured


async def first_chunk(subject: Subject, seconds: float) -> Measured:
    """From the call to the first chunk, on a warm connection: the median."""
    client = subject.made("coalesced", 8)
    cpu: list[float] = []
    wall: list[float] = []
    until = perf_counter() + seconds
    for _ in range(5):
        await done(client.first())
    gc.collect()
    while len(wall) < 20 or perf_counter() < until:
        began = now()
        came = await done(client.first())
        cpu.append(came.cpu - began.cpu)
        wall.append(came.wall - began.wall)
    await done(client.close())
    return Measured(1, statistics.median(cpu), statistics.median(wall))


async def concurrent(subject: Subject, streams: int, size: int) -> Measured:
    """Chunks of so many streams that are read at the same time, connecting included."""
    client = subject.made("own", size)
    await client.stream()
    gc.collect()
    cpu, began = process_time(), perf_counter()
    counts = await asyncio.gather(*(client.stream() for _ in range(streams)))
    measured = Measured(sum(counts), process_time() - cpu, perf_counter() - began)
    await client.close()
    assert sum(counts) >= streams * (size - 2)
    return measured


async def second_client(subject: Subject) -> Measured:
    """Making a client and closing it, unused, beside one that is in use: the median."""
    client = subject.made("small", 1)
    await done(client.call())
    cpu: list[float] = []
    wall: list[float] = []
    gc.collect()
    for _ in range(30):
        began = now()
        await done(subject.made("small", 1).close())
        ended = now()
        cpu.append(ended.cpu - began.cpu)
        wall.append(ended.wall - began.wall)
    await done(client.close())
    return Measured(1, statistics.median(cpu), statistics.median(wall))


def peak() -> int:
    """The most memory that this process has had, in bytes. The kernel's count begins with the program."""
    status = Path("/proc/self/status").read_text("ascii")
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


async def memory(subject: Subject, what: str, count: int) -> Measured:
    """How much the peak grows from a small share of some work to all of it."""
    if what == "stream":
        client = subject.made("coalesced", max(count // 50, 1000))
        await done(client.stream())
        await done(client.close())
        client = subject.made("coalesced", count)
        before = peak()
        await done(client.stream())
    elif what == "calls":
        client = subject.made("small", 1)
        for _ in range(200):
            await done(client.call())
        before = peak()
        for _ in range(count):
            await done(client.call())
    else:
        for _ in range(CLIENTS_AT_ONCE):
            client = subject.made("small", 1)
            await done(client.call())
            await done(client.close())
        gc.collect()
        before = peak()
        for _ in range(count):
            client = subject.made("small", 1)
            await done(client.call())
            await done(client.close())
    grown = peak() - before
    await done(client.close())
    return Measured(count, bytes=grown)


async def answer(subject: Subject, question: str, seconds: float, size: int) -> Measured:
    name, _, number = question.partition(":")
    if name in STREAMS | CALLS | set(WAYS):
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


async def main(named: str, shell: str, url: str, seconds: str, size: str, *questions: str) -> None:
    subject = Subject(named, shell, url)
    for question in questions:
        measured = await answer(subject, question, float(seconds), int(size))
        print(json.dumps({"client": named, "shell": shell, "question": question, **measured._asdict()}), flush=True)


if __name__ == "__main__":
    allow_files()
    if transport_of(sys.argv[1]) == "uvloop":
        import uvloop

        uvloop.run(main(*sys.argv[1:]))
    else:
        asyncio.run(main(*sys.argv[1:]))

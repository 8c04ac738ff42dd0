"""Function calls per chunk and per plain call, counted by a profiler, within a budget. The count is alike anywhere.

What is counted are the calls that the interpreter makes for a user's loop: of functions of Python's and of C's, in this
package, in the libraries under it and in the event loop. A budget has a few per cent to spare, for the versions of
Python and of the libraries. Who makes something faster lowers its budget; who must raise one says here what for.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import opper_chat
import pytest
from flavours import HELLO, Flavour
from opper_chat import AsyncOpper, ChatCompletion, Opper
from raw_server import Raw, requested

from benchmarks.speed.payloads import prepared_response
from benchmarks.speed.server import running_server

ASKED: Any = {"model": "m", "messages": [{"role": "user", "content": "Name a colour of the rainbow."}]}
WRAPPER = str(Path(opper_chat.__file__).parent) + os.sep
SHORT, LONG = 40, 140
"""Chunks of two streams that differ in nothing else. Each is written at once, and fits into a few reads."""


class Budget(NamedTuple):
    sync: float
    asynchronous: float
    reason: str


BUDGETS = {
    "chunk, each in an HTTP chunk": Budget(
        37, 37, "four are for its line in the framing: what came at once is read as one piece, however it was cut"
    ),
    "chunk, 32 in an HTTP chunk": Budget(
        35, 35, "half is finding that it is of the form of the one before, and making its three models; what is of no"
        " form takes twice as many"
    ),
    "chunk that comes alone": Budget(
        70, 142, "a chunk, a read of its own, and under asyncio two turns of the loop: it reads, and wakes the reader."
        " One is the test's own, which has the server send the next chunk"
    ),
    "chunk of no form": Budget(
        83, 83, "its JSON, its three models by their members, and another look at each member to add it up"
    ),
    "piece of text": Budget(35, 35, "a chunk, and a look at whose text it has: asking for text alone saves nothing"),
    "event": Budget(45, 45, "a chunk and its two events, one of which refers to the text that the accumulator has"),
    "call": Budget(
        1070, 1190, "half is httpx's: its client, request, headers and response; then the checks of the"
        " arguments, the two heads, the limits of waiting, and under asyncio the turns of its loop"
    ),
    "call, 52 KB with log probabilities": Budget(
        1400, 1750, "those of a small reply, and some for each piece that it comes in, which are more or fewer: nothing"
        " is made of the 840 log probabilities that nobody asks for"
    ),
    "log probability": Budget(
        13, 13, "one model, a copy of its JSON object, a pop and a look for each member, and a copy of its bytes"
    ),
    "stream": Budget(
        1380, 1530, "a call, the reading of two chunks, and the end: ten for telling whether it is whole, the rest for"
        " giving the connection back, by ways that a signal handler may interrupt anywhere"
    ),
}  # fmt: skip


MODULES = Budget(30, 31, "from the arguments to the socket and back: a module of each package that the data passes")
"""Modules of the wrapper that a plain call enters."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running_server() as url:
        yield url


class Counter:
    """Counts the calls that this thread makes while it is asked to. It has the modules of the wrapper that run."""

    def __init__(self) -> None:
        self.calls = 0
        self.modules: set[str] = set()

    def _told(self, frame: FrameType, event: str, arg: object) -> None:
        self.calls += event in {"call", "c_call"}
        if event == "call" and frame.f_code.co_filename.startswith(WRAPPER):
            self.modules.add(frame.f_code.co_filename.removeprefix(WRAPPER))

    @contextmanager
    def counting(self) -> Iterator[None]:
        before = sys.getprofile()
        sys.setprofile(self._told)
        try:
            yield
        finally:
            sys.setprofile(before)


def counted(flavour: Flavour, url: str, use: Callable[[Any], Any]) -> int:
    """Return the calls of one use of a warm client: the least of some, as bytes may come in more pieces than one."""
    return min(counter.calls for counter in counters(flavour, url, use))


def counters(flavour: Flavour, url: str, use: Callable[[Any], Any]) -> list[Counter]:
    """Return what was counted in each of some uses of a warm client."""
    counts: list[Counter] = []
    if flavour.kind == "sync":
        with Opper(api_key="key", base_url=url) as client:
            use(client)
            for _ in range(7):
                counter = Counter()
                with counter.counting():
                    use(client)
                counts.append(counter)
        return counts

    async def run() -> None:
        async with AsyncOpper(api_key="key", base_url=url) as client:
            await use(client)
            for _ in range(7):
                counter = Counter()
                with counter.counting():
                    await use(client)
                counts.append(counter)

    asyncio.run(run())
    return counts


def reading(flavour: Flavour, way: str, step: Callable[[], object] | None = None) -> Callable[[Any], Any]:
    """Return what reads a stream in one of the ways, and calls a function after each chunk."""

    def read(client: Any) -> None:
        if way == "events":
            with client.chat.completions.stream(**ASKED) as events:
                for _ in events:
                    pass
            return
        with client.chat.completions.create(stream=True, **ASKED) as stream:
            for _ in stream.text_stream if way == "text" else stream:
                if step:
                    step()

    async def read_async(client: Any) -> None:
        if way == "events":
            async with client.chat.completions.stream(**ASKED) as events:
                async for _ in events:
                    pass
            return
        async with await client.chat.completions.create(stream=True, **ASKED) as stream:
            async for _ in stream.text_stream if way == "text" else stream:
                if step:
                    step()

    return read if flavour.kind == "sync" else read_async


def within(name: str, flavour: Flavour, calls: float) -> None:
    budget = BUDGETS[name]
    most = budget.sync if flavour.kind == "sync" else budget.asynchronous
    assert calls <= most, f"{calls:.1f} function calls per {name}, {most} are budgeted: {budget.reason}"


@pytest.mark.parametrize(
    ("name", "form", "way"),
    [
        ("chunk, each in an HTTP chunk", "whole", "chunks"),
        ("chunk, 32 in an HTTP chunk", "many", "chunks"),
        ("chunk of no form", "varied", "chunks"),
        ("piece of text", "many", "text"),
        ("event", "many", "events"),
    ],
)
def test_reading_a_stream(flavour: Flavour, address: str, name: str, form: str, way: str) -> None:
    """No more function calls for each chunk more than its budget, in every way of reading."""
    read = reading(flavour, way)
    short, long = (counted(flavour, f"{address}/{form}/{size}", read) for size in (SHORT, LONG))
    within(name, flavour, (long - short) / (LONG - SHORT))


class Lockstep(Raw):
    """A server that sends the next chunk of a stream when `step` is called, so that each is read alone under any load.

    Args:
        size: Chunks of the stream.
    """

    def __init__(self, size: int) -> None:
        super().__init__(self._send_stream)
        head, first, *self._rest = prepared_response("paced", size).writes
        self._first = head + first
        self._reader, self._writer = socket.socketpair()
        self.step = partial(self._writer.send, b".")  # one function call, which is counted

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._reader.close()
        self._writer.close()

    def _send_stream(self, connection: socket.socket, _: int) -> None:
        while requested(connection):
            connection.sendall(self._first)
            for data in self._rest:
                self._reader.recv(1)
                connection.sendall(data)


def test_a_chunk_that_comes_alone(flavour: Flavour) -> None:
    """No more function calls than its budget, with a read of its own."""
    counts: list[int] = []
    for size in (SHORT, LONG):
        with Lockstep(size) as server:
            counts.append(counted(flavour, server.base_url, reading(flavour, "chunks", server.step)))
    short, long = counts
    within("chunk that comes alone", flavour, (long - short) / (LONG - SHORT))


def test_a_plain_call(flavour: Flavour, address: str) -> None:
    """No more function calls than its budget."""
    within(
        "call", flavour, counted(flavour, f"{address}/small/1", lambda client: client.chat.completions.create(**ASKED))
    )


def test_the_modules_of_a_plain_call(flavour: Flavour, address: str) -> None:
    """Those that CONTRIBUTING names and few more: who follows a call reads no module that only other calls need."""
    seen = counters(flavour, f"{address}/small/1", lambda client: client.chat.completions.create(**ASKED))
    modules = set.union(*[counter.modules for counter in seen])
    assert len(modules) <= (MODULES.sync if flavour.kind == "sync" else MODULES.asynchronous), sorted(modules)
    assert f"{'_sync' if flavour.kind == 'sync' else '_async'}/completions.py" in modules


def test_a_long_reply(flavour: Flavour, address: str) -> None:
    """Hardly more than a small one, and no more for each log probability than its budget."""

    def create(client: Any) -> Any:
        return client.chat.completions.create(**ASKED)

    def read(client: Any) -> int:
        return probabilities(create(client))

    async def read_async(client: Any) -> int:
        return probabilities(await create(client))

    url = f"{address}/large/1"
    most = probabilities(flavour.create(url, messages=HELLO))
    alone = counted(flavour, url, create)
    within("call, 52 KB with log probabilities", flavour, alone)
    all_of_them = counted(flavour, url, read if flavour.kind == "sync" else read_async)
    within("log probability", flavour, (all_of_them - alone) / most)


def probabilities(completion: ChatCompletion) -> int:
    """Read the log probabilities of an answer, and return how many there are."""
    logprobs = completion.choices[0].logprobs
    return sum(1 + len(token.top_logprobs or []) for token in (logprobs and logprobs.content) or [])


def test_a_short_stream(flavour: Flavour, address: str) -> None:
    """No more function calls for opening, reading and closing one of two chunks."""
    within("stream", flavour, counted(flavour, f"{address}/whole/2", reading(flavour, "chunks")))

"""What an exception from a signal handler leaves behind: nothing, wherever in a call it is raised."""

import asyncio
import re
import signal
import subprocess
import sys
import threading
import time
from _thread import _count
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import anyio
import pytest
from flavours import HELLO
from opper_chat import AsyncOpper
from opper_chat._concurrency.loop import async_shielded
from opper_chat._concurrency.threads import start_thread
from opper_chat.testing import LocalServer

ROOT = Path(__file__).parents[1]


def interrupts(*arguments: str) -> str:
    """Run the program that interrupts calls in a process of its own, and return what it printed."""
    command = [sys.executable, "-m", "benchmarks.loads.interrupts", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check_points(output: str, fewest: int) -> None:
    """Check that each scenario was interrupted at some points, most of which raised, and that nothing was lost."""
    found = re.findall(r"^(\w+)(?: \(kept\))?: (\d+) points, (\d+) raised, (\d+) wrong$", output, re.MULTILINE)
    assert len({name for name, *_ in found}) == len(found) == 18
    for name, points, raised, wrong in found:
        assert int(points) >= fewest, name
        assert int(raised) * 2 >= int(points), name  # the others are swallowed by finalizers and event loops
        assert wrong == "0", name
    assert "threads left: 0\nsockets left: 0\n" in output


def test_an_exception_at_any_point_of_a_call_loses_no_permit_and_no_connection() -> None:
    """Plain calls, streams, tool runs, retries and waits, sync and async: the next calls are served at once."""
    check_points(interrupts("points", "--step", "40"), fewest=5)


def test_a_kept_exception_keeps_no_permit_and_no_connection() -> None:
    """A notebook keeps the last exception, and with it every frame that it came through."""
    check_points(interrupts("points", "--step", "60", "--kept"), fewest=3)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no such timers here")
def test_signals_at_random_times_lose_no_permit_and_no_connection() -> None:
    """Nor do they lock the client, which then would not end at its deadline either."""
    output = interrupts("signals", "200", "7")
    assert "200 interrupts by signals, seed 7: 0 permits or connections lost, 0 times locked" in output


async def _plain(client: AsyncOpper) -> None:
    await client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]


async def _streamed(client: AsyncOpper) -> None:
    async with await client.chat.completions.create(messages=HELLO, stream=True) as stream:  # type: ignore[call-overload]
        async for _ in stream:
            pass


@pytest.mark.parametrize("call", [_plain, _streamed])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_cancelling_at_any_step_loses_no_permit_and_no_connection(
    server: LocalServer, backend: str, call: Callable[[AsyncOpper], Awaitable[None]]
) -> None:
    """Cancelled after ever more turns of the event loop, until the call is done before; the first call included."""

    async def cancelled_after(client: AsyncOpper, turns: int) -> bool:
        scope, done = anyio.CancelScope(), False

        async def make() -> None:
            nonlocal done
            with scope:
                await call(client)
                done = True

        async with anyio.create_task_group() as group:
            group.start_soon(make)
            for _ in range(turns):
                await anyio.lowlevel.checkpoint()
            scope.cancel()
        return done

    async def use(client: AsyncOpper) -> None:
        held = [await client.chat.completions.create(messages=HELLO, stream=True) for _ in range(2)]  # type: ignore[call-overload]
        for stream in held:
            await stream.close()

    async def work() -> None:
        settings: Any = {"max_concurrency": 2, "max_connections": 2, "deadline": 10, "max_retries": 0}
        turns = done = 0
        client = AsyncOpper(api_key="key", base_url=server.base_url, **settings)
        while done < 3:
            done += await cancelled_after(client, turns)
            turns += 1
            await use(client)
        assert turns > 5
        await client.close()

    anyio.run(work, backend=backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_closing_an_async_generator_finishes_the_cleanup_in_it(backend: str) -> None:
    """It can await, though it handles a GeneratorExit."""
    finished = False

    async def clean_up() -> None:
        nonlocal finished
        await anyio.sleep(0.001)
        finished = True

    async def generate() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await async_shielded(clean_up)

    async def work() -> None:
        generator: Any = generate()
        await anext(generator)
        await generator.aclose()

    anyio.run(work, backend=backend)
    assert finished


@pytest.mark.parametrize("stream", [False, True])
def test_a_coroutine_that_outlives_its_event_loop_awaits_nothing(server: LocalServer, stream: bool) -> None:
    """As if it were garbage-collected, after ever more turns of its event loop; the next loop has all connections."""
    code = f"""
import asyncio
from opper_chat import AsyncOpper

client = AsyncOpper(api_key="key", base_url="{server.base_url}", max_concurrency=1, max_connections=1, deadline=10)
turns = unfinished = 0
done = False

async def call():
    result = await client.chat.completions.create(messages=[{{"role": "user", "content": "Hello"}}], stream={stream})
    if {stream}:
        async with result:
            await result.until_done()

async def run(coroutine):
    task = asyncio.ensure_future(coroutine)
    for _ in range(turns):
        await asyncio.sleep(0)
    return task.done()

while not done:
    coroutine = call()
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda loop, context: None)  # the task of a closed coroutine fails
    done = loop.run_until_complete(run(coroutine))
    if not done:
        coroutine.close()  # raises a RuntimeError if it awaits anything
        unfinished += 1
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    asyncio.run(call())
    turns += 1 + turns // 5
assert unfinished > 3
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("part", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_timeout_around_a_call_loses_no_permit_and_no_connection(server: LocalServer, part: float) -> None:
    """As `asyncio.timeout` ends it, time and again, after a part of the time that the call takes."""
    timeouts = 0

    async def work() -> None:
        nonlocal timeouts
        async with AsyncOpper(
            api_key="key", base_url=server.base_url, max_concurrency=1, max_connections=1, deadline=10
        ) as client:
            await _streamed(client)
            began = time.perf_counter()
            await _streamed(client)
            seconds = part * (time.perf_counter() - began)
            for _ in range(20):
                try:
                    async with asyncio.timeout(seconds):
                        await _streamed(client)
                    seconds *= 0.9  # the call that was measured may have been a slow one
                except TimeoutError:
                    timeouts += 1
                await _plain(client)

    asyncio.run(work())
    assert timeouts >= (20 if part == 0 else 1)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_ctrl_c_in_an_event_loop_loses_no_permit_and_no_connection(server: LocalServer, backend: str) -> None:
    """SIGINT, as Ctrl-C sends it, at 30 times in a call: the client goes on in the next event loop."""
    code = f"""
import os, signal, threading, time, anyio
from opper_chat import AsyncOpper
from opper_chat._concurrency.threads import start_thread
HELLO = [{{"role": "user", "content": "Hello"}}]
client = AsyncOpper(
    api_key="key", base_url={server.base_url!r}, max_concurrency=1, max_connections=1, deadline=10, max_retries=0
)

async def read():
    async with await client.chat.completions.create(messages=HELLO, stream=True) as stream:
        async for _ in stream:
            pass

async def interrupted(seconds):
    def press():
        time.sleep(seconds)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
    threading.Thread(target=press).start()
    while True:
        await read()

for number in range(30):
    try:
        anyio.run(interrupted, number / 3000, backend={backend!r})
    except* KeyboardInterrupt:  # of trio, sometimes in a group: it comes in the midst of connecting
        anyio.run(read, backend={backend!r})
        print("interrupted")
anyio.run(client.close, backend={backend!r})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout.count("interrupted")) == (0, 30), done.stderr


def test_an_exception_while_a_thread_of_a_tool_starts_leaves_no_thread() -> None:
    """At any point of the start, the thread is not started, or does its work and ends."""
    threads = _count()

    class Interrupt(BaseException):
        """What the signal handler of a program raises."""

    def start_until(point: int) -> bool:
        left = point

        def profile(_frame: object, event: str, _function: object) -> None:
            nonlocal left
            left -= event in {"call", "c_return"}
            if not left:
                sys.setprofile(None)
                raise Interrupt

        sys.setprofile(profile)
        try:
            start_thread(lambda: None, "test")
        except Interrupt:
            return False
        finally:
            sys.setprofile(None)
        return True

    interval = sys.getswitchinterval()
    sys.setswitchinterval(5)  # the new thread runs no sooner than this one waits
    try:
        points = next(point for point in count(1) if start_until(point))
    finally:
        sys.setswitchinterval(interval)
    assert points > 2
    time.sleep(0.2)  # a thread counts from when it first runs
    ends = time.monotonic() + 10
    while _count() > threads and time.monotonic() < ends:
        time.sleep(0.01)
    assert _count() == threads


def test_a_tool_runs_where_only_one_more_thread_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the thread that would have started another."""

    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    done: SimpleQueue[str] = SimpleQueue()
    start_thread(lambda: done.put("done"), "test")
    assert done.get(timeout=10) == "done"

"""Interrupt calls at every point, and by signals at random times, and look at what is left of the client.

`python benchmarks/interrupts.py points [--step STEP] [--kept] [SCENARIO ...]` raises an exception at each point of a
call at which CPython looks for signals. `python benchmarks/interrupts.py signals [COUNT] [SEED]` has a timer send
signals whose handler raises. After each interrupt the client must serve as many calls at once as it has permits and
connections. Both print what they saw and exit with 1 if a permit or a connection was lost, a call did not end within
its deadline, or a thread or a socket was left.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import faulthandler
import gc
import os
import random
import signal
import subprocess
import sys
import threading
import time
import warnings
from _thread import _count as count_threads
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from opper_chat import AsyncOpper, AuthenticationError, Conversation, Opper, tool
from opper_chat.testing import LocalServer, Reply

HELLO: Any = [{"role": "user", "content": "Hello"}]
AT_ONCE = 2
"""Permits and connections of the clients."""
HANGS_AFTER = 30.0
"""Seconds after which a call that should have ended has locked the client."""
PATIENCE = 5.0
"""Seconds in which each call after an interrupt must end."""
SETTINGS: dict[str, Any] = {
    "api_key": "key-12345678", "max_concurrency": AT_ONCE, "max_connections": AT_ONCE, "deadline": 10, "timeout": 10,
    "max_retries": 1,
}  # fmt: skip

Start = Callable[[], None]
"""Begins to interrupt; what is before it prepares."""


class Interrupt(BaseException):
    """What the signal handler of a program raises."""


def plain(client: Opper, _: LocalServer, start: Start) -> None:
    start()
    client.chat.completions.create(messages=HELLO)


def without_deadline(client: Opper, _: LocalServer, start: Start) -> None:
    start()
    client.chat.completions.create(messages=HELLO, deadline=None)


def retried(client: Opper, server: LocalServer, start: Start) -> None:
    server.reply(Reply.json({"error": {"message": "busy"}}, status=503, headers={"retry-after-ms": "1"}))
    start()
    client.chat.completions.create(messages=HELLO)


def refused(client: Opper, _: LocalServer, start: Start) -> None:
    other = client.with_options(api_key="bad-12345678")
    start()
    with contextlib.suppress(AuthenticationError):
        other.chat.completions.create(messages=HELLO)


def streamed(client: Opper, _: LocalServer, start: Start) -> None:
    start()
    with client.chat.completions.create(messages=HELLO, stream=True) as stream:
        for _chunk in stream:
            pass


def closed_early(client: Opper, _: LocalServer, start: Start) -> None:
    start()
    with client.chat.completions.create(messages=HELLO, stream=True) as stream:
        next(stream)


def dropped(client: Opper, _: LocalServer, start: Start) -> None:
    start()
    stream = client.chat.completions.create(messages=HELLO, stream=True)
    next(stream)
    del stream


def events(client: Opper, _: LocalServer, start: Start) -> None:
    start()
    with client.chat.completions.stream(messages=HELLO) as stream:
        for _event in stream:
            pass


def raw(client: Opper, _: LocalServer, start: Start) -> None:
    start()
    client.chat.completions.with_raw_response.create(messages=HELLO).parse()


def raw_streamed(client: Opper, _: LocalServer, start: Start) -> None:
    start()
    with client.chat.completions.with_streaming_response.create(messages=HELLO) as response:
        response.parse()


@tool
def weather(city: str) -> str:
    """Return the weather."""
    return f"sunny in {city}"


def tool_run(client: Opper, _: LocalServer, start: Start) -> None:
    start()
    client.chat.completions.run_tools(messages=HELLO, tools=[weather], max_parallel=1)


def conversation(client: Opper, _: LocalServer, start: Start) -> None:
    """Go on with a conversation that was interrupted."""
    talk, interrupted = Conversation(client), False
    start()
    try:
        talk.send("Hello")
    except Interrupt:
        interrupted = True
    if interrupted:
        sys.setprofile(None)
        talk.send("Hello again")
        raise Interrupt


def waiting(client: Opper, _: LocalServer, start: Start) -> None:
    """Wait for a permit until another thread gives one back."""
    held = [client.chat.completions.create(messages=HELLO, stream=True) for _ in range(AT_ONCE)]

    def free() -> None:
        time.sleep(0.002)
        for stream in held:
            stream.close()

    thread = threading.Thread(target=free)
    thread.start()
    try:
        start()
        client.chat.completions.create(messages=HELLO)
    finally:
        sys.setprofile(None)
        thread.join()


def waiting_for_a_connection(client: Opper, server: LocalServer, start: Start) -> None:
    """Wait for a connection, where there are more permits."""
    waiting(client, server, start)


def paced(client: Opper, _: LocalServer, start: Start) -> None:
    """Wait for the rate limiter, which has seen a 429."""
    start()
    client.chat.completions.create(messages=HELLO)


def first(client: Opper, _: LocalServer, start: Start) -> None:
    """Make the first call of a client, and close it."""
    start()
    with Opper(base_url=str(client.base_url), **SETTINGS) as other:
        other.chat.completions.create(messages=HELLO)


async def plain_async(client: AsyncOpper, _: LocalServer, start: Start) -> None:
    start()
    await client.chat.completions.create(messages=HELLO)


async def streamed_async(client: AsyncOpper, _: LocalServer, start: Start) -> None:
    start()
    async with await client.chat.completions.create(messages=HELLO, stream=True) as stream:
        async for _chunk in stream:
            pass


SCENARIOS: dict[str, Callable[[Any, LocalServer, Start], Any]] = {
    scenario.__name__: scenario
    for scenario in (
        plain, without_deadline, retried, refused, streamed, closed_early, dropped, events, raw, raw_streamed, tool_run,
        conversation, waiting, waiting_for_a_connection, paced, first, plain_async, streamed_async,
    )
}  # fmt: skip


def client_for(name: str, server: LocalServer) -> Any:
    """Return a client that has made a call."""
    settings = {**SETTINGS, "base_url": server.base_url}
    if name == "waiting_for_a_connection":
        settings["max_concurrency"] = None
    if name == "paced":
        settings |= {"adaptive": True, "max_concurrency": 50, "max_connections": 50}
    client = AsyncOpper(**settings) if name.endswith("_async") else Opper(**settings)
    if name == "paced":
        for _ in range(100):
            client.chat.completions.create(messages=HELLO)
        server.reply(Reply.json({"error": {"message": "too many"}}, status=429))
        client.chat.completions.create(messages=HELLO)
    use(client)
    return client


def use(client: Any) -> None:
    """Make as many calls at once as the client allows.

    Raises:
        APITimeoutError: it does not allow as many.
    """
    if isinstance(client, AsyncOpper):
        asyncio.run(_use_async(client))
        return
    held: list[Any] = []
    try:
        for _ in range(AT_ONCE):
            held.append(client.chat.completions.create(messages=HELLO, stream=True, deadline=PATIENCE))  # noqa: PERF401
    finally:
        for stream in held:
            stream.close()
    client.chat.completions.create(messages=HELLO, deadline=PATIENCE)


async def _use_async(client: AsyncOpper) -> None:
    held: list[Any] = []
    try:
        for _ in range(AT_ONCE):
            held.append(await client.chat.completions.create(messages=HELLO, stream=True, deadline=PATIENCE))  # noqa: PERF401
    finally:
        for stream in held:
            await stream.close()
    await client.chat.completions.create(messages=HELLO, deadline=PATIENCE)


class Points:
    """Raises at one of the points of this thread at which CPython looks for signals.

    These are the beginning of a function and the end of a call of C code, the making of an object included. Between
    them CPython 3.11 to 3.13 looks for signals at the jump back of a loop alone.

    Args:
        number: at which, from 1.
        ours: whether only those in this package's code count. An event loop that is interrupted in its own code may
            forget what it was about to do.
    """

    def __init__(self, number: int, *, ours: bool) -> None:
        self._left = number
        self.ours = ours
        self.place = ""
        """Where it was."""

    def start(self) -> None:
        """Count from now on."""
        sys.setprofile(self._profile)

    def _profile(self, frame: FrameType, event: str, function: object) -> None:
        if event in {"call", "c_return"} or (event == "return" and frame.f_code.co_name == "__init__"):
            if self.ours and not str(frame.f_globals.get("__name__")).startswith("opper_chat."):
                return
            self._left -= 1
            if not self._left:
                name = getattr(function, "__qualname__", "")
                file = Path(frame.f_code.co_filename).name
                self.place = f"{file}:{frame.f_lineno} {frame.f_code.co_qualname} {event} {name}"
                raise Interrupt


def interrupt_at(points: Points, work: Callable[[], object]) -> Interrupt | None:
    """Do some work, and return the exception that interrupted it, unless it was swallowed as in a finalizer."""
    try:
        work()
        sys.setprofile(None)
    except Interrupt as interrupt:
        return interrupt
    except Exception:
        if not points.ours:  # an event loop makes another exception of what its callbacks raise
            raise
    finally:
        sys.setprofile(None)
    return None


def try_points(name: str, step: int, *, kept: bool) -> Counter[str]:
    """Interrupt a scenario at every so many points, and return what was wrong, by where.

    Args:
        name: of the scenario.
        step: how many points there are between two interrupts.
        kept: whether the exception is kept until the next, with all the frames of its traceback, as a notebook does.
    """
    wrong: Counter[str] = Counter()
    with LocalServer() as server:
        client = client_for(name, server)
        number, raised = random.Random(name).randrange(step), 0
        last: Interrupt | None = None
        while True:
            faulthandler.dump_traceback_later(HANGS_AFTER, exit=True)
            number += step
            points = Points(number, ours=name.endswith("_async"))
            result = interrupt_at(points, partial(_run, name, client, server, points.start))
            if not points.place:
                break
            raised += result is not None
            last = result if kept and name != "dropped" else None  # which keeps the stream with the user's frame
            del result
            began = time.monotonic()
            try:
                use(client)
            except Exception as error:  # noqa: BLE001  # whatever it is, it is wrong
                wrong[f"{type(error).__name__} after {points.place}"] += 1
                client = client_for(name, server)
            if time.monotonic() - began > PATIENCE / 2:
                wrong[f"slow after {points.place}"] += 1
        del last
        gc.collect()  # a connection that its frames keep would keep the server open
        print(f"{name}{' (kept)' if kept else ''}: {number // step} points, {raised} raised, {wrong.total()} wrong")
    return wrong


def _run(name: str, client: Any, server: LocalServer, start: Start) -> None:
    made = SCENARIOS[name](client, server, start)
    if made is not None:
        asyncio.run(made)


class Left(NamedTuple):
    """What the process has open."""

    threads: int
    sockets: int

    @classmethod
    def now(cls) -> Left:
        """Count it, after what ends by itself has ended."""
        gc.collect()
        time.sleep(1)  # the thread that bounds blocking reads lingers for half a second
        folder = Path("/proc/self/fd")
        links = [str(link.readlink()) for link in folder.iterdir() if link.is_symlink()] if folder.exists() else []
        return cls(count_threads(), sum(link.startswith("socket") for link in links))


def check_points(names: list[str], step: int, *, kept: bool) -> int:
    """Interrupt scenarios, and return the status of the process."""
    before = Left.now()
    wrong: Counter[str] = Counter()
    for name in names or list(SCENARIOS):
        wrong += try_points(name, step, kept=kept)
    faulthandler.cancel_dump_traceback_later()
    left = Left.now()
    print(f"threads left: {left.threads - before.threads}\nsockets left: {left.sockets - before.sockets}")
    for what, times in wrong.items():
        print(f"WRONG {times} times: {what}")
    return 1 if wrong or left != before else 0


def interrupted_by_signals(address: str, count: int, seed: int) -> None:
    """Make calls until so many were interrupted, and print a character for each: ``.``, or ``L`` for a lost one."""
    chance = random.Random(seed)

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise Interrupt

    signal.signal(signal.SIGALRM, interrupt)
    before = Left.now()
    client = Opper(base_url=address, **SETTINGS)
    use(client)
    scenarios = (plain, plain, without_deadline, streamed, closed_early, dropped, events)
    longest = {scenario.__name__: 0.003 for scenario in scenarios}
    server: Any = None  # which none of these asks for replies
    while count:
        faulthandler.dump_traceback_later(HANGS_AFTER, exit=True)
        scenario = chance.choice(scenarios)
        seconds = max(chance.random() * longest[scenario.__name__], 1e-6)
        try:
            began = time.perf_counter()
            scenario(client, server, partial(signal.setitimer, signal.ITIMER_REAL, seconds))
            took = time.perf_counter() - began
            signal.setitimer(signal.ITIMER_REAL, 0)
            longest[scenario.__name__] += (1.1 * took - longest[scenario.__name__]) / 20
            continue
        except Interrupt:
            count -= 1
        try:
            use(client)
            print(".", end="", flush=True)
        except Exception:  # noqa: BLE001  # whatever it is, it is wrong
            print("L", end="", flush=True)
            client = Opper(base_url=address, **SETTINGS)
            use(client)
    faulthandler.cancel_dump_traceback_later()
    client.close()
    left = Left.now()
    print(f"\nthreads left: {left.threads - before.threads}, sockets left: {left.sockets - before.sockets}")


def check_signals(count: int, seed: int) -> int:
    """Interrupt calls by signals in processes of their own, and return the status of this one."""
    done, lost, locked = 0, 0, 0
    tails: list[str] = []
    with LocalServer() as server:
        while done < count:
            command = [sys.executable, __file__, "child", server.base_url, str(count - done), str(seed + locked)]
            child = subprocess.run(command, capture_output=True, text=True, check=False)
            marks, _, tail = child.stdout.partition("\n")
            done += len(marks)
            lost += marks.count("L")
            if child.returncode:
                done += 1
                locked += 1
                tails.append(child.stderr)
            else:
                tails.append(tail.strip())
    print(*tails, sep="\n")
    print(f"{done} interrupts by signals, seed {seed}: {lost} permits or connections lost, {locked} times locked")
    clean = tails[-1:] == ["threads left: 0, sockets left: 0"]
    return 0 if clean and not lost and not locked else 1


def main() -> int:
    warnings.simplefilter("ignore", ResourceWarning)  # of clients that have lost something
    shown = sys.unraisablehook
    sys.unraisablehook = lambda raised: None if isinstance(raised.exc_value, Interrupt) else shown(raised)
    for variable in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[variable]
    parser = argparse.ArgumentParser(description=__doc__)
    modes = parser.add_subparsers(dest="mode", required=True)
    points = modes.add_parser("points")
    points.add_argument("--step", type=int, default=1)
    points.add_argument("--kept", action="store_true", help="keep each exception until the next")
    points.add_argument("scenarios", nargs="*", choices=[*SCENARIOS, []], default=[])
    signals = modes.add_parser("signals")
    signals.add_argument("count", type=int, nargs="?", default=5000)
    signals.add_argument("seed", type=int, nargs="?", default=1)
    child = modes.add_parser("child")
    child.add_argument("address")
    child.add_argument("count", type=int)
    child.add_argument("seed", type=int)
    given = parser.parse_args()
    if given.mode == "points":
        return check_points(given.scenarios, given.step, kept=given.kept)
    if given.mode == "signals":
        return check_signals(given.count, given.seed)
    interrupted_by_signals(given.address, given.count, given.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Make 20,000 plain and streamed calls, from threads and tasks, over a faulty network to a faulty server.

Usage: `python -m benchmarks.loads.soak_calls [CALLS] [SEED]`. Prints the counts, and exits with 1 if anything is wrong:
a call that hangs, an outcome other than the expected one, an attempt too many or too few, an attempt that only the
client or only the server counts, or a task, thread, socket or memory that is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import faulthandler
import gc
import logging
import os
import socket
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from opper_chat import AsyncOpper, Attempt, CallRecord, Opper, add_observer, remove_observer
from opper_chat.testing import Fault, FaultyProxy, LocalServer, ReceivedRequest, Reply

from .calls import Result, made, made_async
from .plan import BEHIND_HANG_UP, MAX_RETRIES, OWN, Call, Step, step_named

WORKERS = 20
"""Threads, and as many tasks."""
POOL = 12
"""Connections of each client; whoever has clocks to keep has a client with one for each worker."""
HANGS_AFTER = 60.0
"""Seconds in which any call must have ended, its retries included."""
PATIENCE = 5.0
"""Seconds in which the ends of all calls must have been notified of."""
BOUNDS = {"KiB": 16 * 1024, "objects": 2000, "blocks": 10_000}
"""How much the process may grow by after the first third of the calls: its resident memory, the objects that Python's
garbage collector knows, and the blocks of up to 512 bytes that are in use."""


@dataclass
class Ledger:
    """Who counted what."""

    calls: dict[int, Call] = field(default_factory=dict)
    """Those under way."""
    steps: dict[int, list[str]] = field(default_factory=dict)
    """What befell the requests of a call that the proxy passed a sentence on, in their order."""
    told: Counter[int] = field(default_factory=Counter)
    """The attempts of which the client told its observer, by call."""
    ended: Counter[int] = field(default_factory=Counter)
    """The ends of which it told."""

    def on_call_start(self, call: CallRecord) -> None:
        """Nothing is to be noted."""

    def on_attempt_end(self, call: CallRecord, attempt: Attempt) -> None:  # noqa: ARG002
        self.told[number_of(call.body)] += 1

    def on_call_end(self, call: CallRecord) -> None:
        self.ended[number_of(call.body)] += 1

    def choose(self, request: ReceivedRequest) -> Fault | None:
        """Say what befalls a request; asked in the proxy's thread."""
        number = int(request.headers["x-call"])
        steps = self.steps.setdefault(number, [])
        steps.append(self.calls[number].step(len(steps)))
        return step_named(steps[-1]).fault

    def reply(self, request: ReceivedRequest) -> Reply | None:
        """Say what the server replies to it; asked in the server's thread, after `choose`."""
        number = int(request.headers["x-call"])
        name = self.steps[number][-1]
        step = step_named(name)
        if step.reply is not None:
            return step.reply()
        return None if step.error is not None else self.calls[number].reply()


def number_of(body: Any) -> int:
    """Return the number of the call that a body belongs to."""
    return int(body["messages"][0]["content"].split()[-1].rstrip("."))


class Clients(NamedTuple):
    """The clients of one flavour."""

    usual: Any
    prompt: Any
    """With a connection for everybody, for calls that have clocks to keep."""
    refused: Any
    """Of an address where nobody listens."""

    def of(self, call: Call) -> Any:
        """Return the one that makes a call."""
        return self.refused if call.refused else self.prompt if call.has_clocks else self.usual


class Counts(NamedTuple):
    """How many requests of a call were counted, and by whom."""

    told: int
    """By the client, which told its observer of so many attempts."""
    arrived: int
    """By the proxy."""
    seen: int
    """By the server."""


class Soak:
    """The clients, where they go, and what has come of the calls so far."""

    def __init__(self, server: LocalServer, proxy: FaultyProxy, refuses: str) -> None:
        self.server, self.proxy, self.refuses = server, proxy, refuses
        self.ledger = Ledger()
        self.counts: Counter[str] = Counter()
        self.sums: Counter[Any] = Counter()
        self.began: dict[int, float] = {}
        """When the calls began that are under way."""
        server.reply(self._reply)
        proxy.fault(self._choose)

    def _choose(self, request: ReceivedRequest) -> Fault | None:
        self.proxy.fault(self._choose)  # the next one as well
        return self.ledger.choose(request) if "x-call" in request.headers else None

    def _reply(self, request: ReceivedRequest) -> Reply | None:
        self.server.reply(self._reply)
        return self.ledger.reply(request) if "x-call" in request.headers else None

    def clients(self, kind: type[Any]) -> Clients:
        settings: dict[str, Any] = {"api_key": "key", "base_url": self.proxy.base_url, "timeout": 30}
        settings["max_retries"] = MAX_RETRIES
        refused = {**settings, "base_url": self.refuses}
        return Clients(
            kind(max_connections=POOL, **settings), kind(max_connections=WORKERS, **settings), kind(**refused)
        )

    def taken(self, calls: list[Call]) -> Iterator[Call]:
        """Take calls from a list that others take from as well, until there are none left."""
        with contextlib.suppress(IndexError):
            while True:
                call = calls.pop()
                self.ledger.calls[call.number] = call
                self.began[call.number] = time.monotonic()
                yield call
                del self.began[call.number]

    def thread(self, clients: Clients, calls: list[Call], results: list[Result]) -> None:
        """Make calls in one thread."""
        for call in self.taken(calls):
            try:
                results.append(made(clients.of(call), call))
            except Exception as error:  # noqa: BLE001  # whatever it is, it is wrong
                results.append(Result(call, unexpected=repr(error)))

    async def task(self, clients: Clients, calls: list[Call], results: list[Result]) -> None:
        """Make calls in one task."""
        for call in self.taken(calls):
            making = asyncio.create_task(made_async(clients.of(call), call))
            if call.behaviour == "cancelled":
                await asyncio.wait({making}, timeout=call.number * 7919 % 300 / 10_000)
                making.cancel()
            await asyncio.wait({making})
            if making.cancelled():
                results.append(Result(call))
            elif (error := making.exception()) is not None:
                results.append(Result(call, unexpected=repr(error)))
            else:
                results.append(making.result())

    async def tasks(self, clients: Clients, calls: list[Call], results: list[Result]) -> None:
        """Make calls in tasks of this loop, and leave none."""
        before = asyncio.all_tasks()
        await asyncio.gather(*(self.task(clients, calls, results) for _ in range(WORKERS)))
        await asyncio.sleep(0.05)  # asyncio closes the generators of streams that were dropped in tasks of its own
        if left := asyncio.all_tasks() - before:
            self.counts[f"WRONG tasks left: {left}"] += 1

    def phase(self, sync: Clients, asynchronous: Clients, loop: asyncio.AbstractEventLoop, calls: list[Call]) -> None:
        """Make calls, half of them in threads and half in tasks of a loop that runs elsewhere, and judge them."""
        results: list[Result] = []
        halves = [[call for call in calls if call.asynchronous == kind] for kind in (False, True)]
        threads = [
            threading.Thread(target=self.thread, args=(sync, halves[0], results), daemon=True) for _ in range(WORKERS)
        ]
        for thread in threads:
            thread.start()
        tasks = asyncio.run_coroutine_threadsafe(self.tasks(asynchronous, halves[1], results), loop)
        while any(thread.is_alive() for thread in threads) or not tasks.done():
            time.sleep(0.02)
            late = [number for number, began in self.began.copy().items() if began < time.monotonic() - HANGS_AFTER]
            if late:
                faulthandler.dump_traceback(all_threads=True)
                print(f"HANG of {[self.ledger.calls[number] for number in late]}", flush=True)
                os._exit(1)
        tasks.result()
        self.settle(results)

    def settle(self, results: list[Result]) -> None:
        """Judge calls that have ended, and add up who counted what."""
        time.sleep(0.1)  # what was lost behind a hang-up may still be on its way to the proxy
        deadline = time.monotonic() + PATIENCE
        while not all(self.ledger.ended[result.call.number] for result in results) and time.monotonic() < deadline:
            gc.collect()  # a stream that was dropped may be in a cycle, and another thread notifies of its end
            time.sleep(0.05)
        arrived = Counter(int(request.headers["x-call"]) for request in self.proxy.requests)
        seen = Counter(int(request.headers["x-call"]) for request in self.server.requests)
        self.proxy.requests.clear()
        self.server.requests.clear()
        for result in results:
            number = result.call.number
            steps = [step_named(name) for name in self.ledger.steps.get(number, [])]
            self._judge(result, steps, Counts(self.ledger.told[number], arrived[number], seen[number]))
        self.ledger.calls.clear()
        self.ledger.steps.clear()
        self.ledger.told.clear()
        self.ledger.ended.clear()

    def _judge(self, result: Result, steps: list[Step], counts: Counts) -> None:
        call = result.call
        whose = (
            "cancelled"
            if result.outcome is None and call.behaviour == "cancelled"
            else "refused"
            if call.refused
            else ""
        )
        self.sums.update({(whose, who): count for who, count in counts._asdict().items()})
        self.sums["lost"] += counts.arrived - len(steps)
        self.sums["kept"] += sum(not step.passed_on for step in steps)
        if wrong := self._wrong(result, steps, counts, whose):
            self.counts[f"WRONG {wrong} (step by step {steps}, {counts}, {result})"] += 1
            return
        kind = "async" if call.asynchronous else "sync"
        ends = "given up by the caller" if result.outcome is None else result.outcome.ends
        self.counts[f"right: {ends:22} {'plain' if call.way == 'plain' else 'streamed'}, {kind}"] += 1

    def _wrong(self, result: Result, steps: list[Step], counts: Counts, whose: str) -> str:
        """Return what is wrong with a call; empty for nothing."""
        call, (told, arrived, seen) = result.call, counts
        if result.unexpected:
            return "not a typed error"
        if self.ledger.ended[call.number] != 1:
            return f"{self.ledger.ended[call.number]} ends were told"
        if call.refused:
            if arrived or told != 1 + MAX_RETRIES:
                return "attempts"
            return "" if result.outcome is None or result.outcome.ends == "cut" else "was refused"
        if whose == "cancelled" or call.has_clocks:
            # What was under way when it ended may not have arrived yet, or not have been passed on yet.
            right = told - arrived in (0, 1) and arrived >= seen
        else:
            right = told == arrived and seen == sum(step.passed_on for step in steps)
        if not right:
            return "attempts"
        if result.outcome is None:
            return ""
        # What was lost behind a hang-up came before what befell the other requests, or behind it.
        lost = [BEHIND_HANG_UP] * (arrived - len(steps))
        wrongs = [self._wrong_outcome(result, order, told) for order in (lost + steps, steps + lost)]
        return "" if "" in wrongs else wrongs[0]

    def _wrong_outcome(self, result: Result, steps: list[Step], told: int) -> str:
        call = result.call
        if not steps and not call.has_clocks:
            return "made no request"
        assert result.outcome is not None
        if differences := call.truth(steps[-1] if steps else OWN).differences(result.outcome):
            return f"differences: {differences}"
        if result.attempts != told:
            return f"carries {result.attempts} attempts, told {told}"
        # With clocks to keep, it depends on the machine how far an attempt comes.
        return "" if call.scenario and call.has_clocks else call.wrong_steps(steps)


def open_files() -> int:
    """How many files and sockets this process has open; 0 where that cannot be told."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


def memory() -> dict[str, int]:
    """Return what the process has in use; 0 for what cannot be told."""
    gc.collect()
    pages, size = Path("/proc/self/statm"), 0
    if pages.exists():
        with contextlib.suppress(AttributeError):  # only glibc has it
            ctypes.CDLL(None).malloc_trim(0)  # what was freed in other threads is given back
        size = int(pages.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
    return {"KiB": size, "objects": len(gc.get_objects()), "blocks": sys.getallocatedblocks()}


def run(soak: Soak, count: int, seed: int) -> None:
    """Make all calls, in stretches after each of which everything is judged."""
    loop = asyncio.SelectorEventLoop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    sync, asynchronous = soak.clients(Opper), soak.clients(AsyncOpper)
    add_observer(soak.ledger)
    stretch = max(100, count // 20)
    warm: dict[str, int] = {}
    for first in range(0, count, stretch):
        numbers = range(first, min(first + stretch, count))
        soak.phase(sync, asynchronous, loop, [Call.planned(number, seed) for number in numbers])
        if not warm and first + stretch >= count / 3:
            warm = memory()
    now = memory()
    for what, bound in BOUNDS.items():
        print(f"{now[what] - warm[what]:+7d}  {what} since the first third, of {now[what]} (bound {bound})")
        if now[what] - warm[what] > bound:
            soak.counts[f"WRONG {what} grew by {now[what] - warm[what]}"] += 1
    remove_observer(soak.ledger)
    finish(sync)
    asyncio.run_coroutine_threadsafe(finish_async(asynchronous), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


HELD: dict[str, Any] = {"messages": [{"role": "user", "content": "Hello"}], "stream": True, "timeout": 5}


def finish(clients: Clients) -> None:
    """Take every place of the pool, which would time out if one were lost, and close the clients."""
    for stream in [clients.usual.chat.completions.create(**HELD) for _ in range(POOL)]:
        stream.close()
    for client in clients:
        client.close()


async def finish_async(clients: Clients) -> None:
    """Do the same as `finish`."""
    for stream in [await clients.usual.chat.completions.create(**HELD) for _ in range(POOL)]:
        await stream.close()
    for client in clients:
        await client.close()


def main(count: int, seed: int) -> int:
    warnings.simplefilter("ignore", ResourceWarning)  # streams are dropped on purpose
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # the server writes on for a moment to whoever has left
    files, threads, began = open_files(), threading.active_count(), time.perf_counter()
    with LocalServer() as server, FaultyProxy(server.base_url) as proxy, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        running = Soak(server, proxy, f"http://127.0.0.1:{nobody.getsockname()[1]}")
        run(running, count, seed)
        connections = proxy.connections
    time.sleep(1)  # the watchdog lingers for half a second
    gc.collect()
    counts, sums = running.counts, running.sums
    for what, before, after in (("files", files, open_files()), ("threads", threads, threading.active_count())):
        print(f"{what} left: {after - before}")
        if after > before:
            counts[f"WRONG {what} left: {after - before}"] += 1
    for what, number in sorted(counts.items()):
        print(f"{number:7d}  {what}")
    told, arrived, seen = (sum(sums[whose, who] for whose in ("", "cancelled", "refused")) for who in Counts._fields)
    print(
        f"{told} attempts = {arrived} requests at the proxy + {sums['refused', 'told']} that were refused "
        f"+ {told - arrived - sums['refused', 'told']} that were given up before they arrived"
    )
    print(
        f"{arrived} requests at the proxy = {seen} at the server + {sums['lost']} lost behind a hang-up "
        f"+ {sums['kept']} that the proxy kept + {arrived - seen - sums['lost'] - sums['kept']} cancelled there"
    )
    wrong = sum(number for what, number in counts.items() if what.startswith("WRONG"))
    print(f"{count} calls, seed {seed}, {connections} connections, {time.perf_counter() - began:.0f} s: {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]] + [20_000, 1][len(sys.argv) - 1 :]
    sys.exit(main(*arguments))

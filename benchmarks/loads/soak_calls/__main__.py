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

from .calls import Result, make_call, make_call_async
from .plan import AFTER_HANG_UP, MAX_RETRIES, NO_FAULT, Call, Step, step_named

WORKERS = 20
"""Threads, and as many tasks."""
POOL = 12
"""Connections of each client. Calls with timeouts use a client with a connection for each worker."""
CALL_TIMEOUT = 60.0
"""Seconds after which a call hangs, with its retries."""
OBSERVER_TIMEOUT = 5.0
"""Seconds in which the observer must be notified of the ends of all calls."""
MAX_GROWTH = {"KiB": 16 * 1024, "objects": 2000, "blocks": 10_000}
"""How much the process may grow after the first third of the calls: resident memory, objects that the garbage collector
tracks, and allocated memory blocks of up to 512 bytes."""


@dataclass
class Ledger:
    """The calls in progress, and what the client and the proxy count for them."""

    calls: dict[int, Call] = field(default_factory=dict)
    """The calls in progress."""
    steps: dict[int, list[str]] = field(default_factory=dict)
    """The names of the steps of a call: the faults that the proxy chose for its requests, in order."""
    observed: Counter[int] = field(default_factory=Counter)
    """The attempts that the observer of the client saw, by call."""
    observed_ends: Counter[int] = field(default_factory=Counter)
    """The ends of calls that the observer saw."""

    def on_call_start(self, call: CallRecord) -> None:
        """Do nothing."""

    def on_attempt_end(self, call: CallRecord, attempt: Attempt) -> None:  # noqa: ARG002
        self.observed[number_of(call.body)] += 1

    def on_call_end(self, call: CallRecord) -> None:
        self.observed_ends[number_of(call.body)] += 1

    def choose_fault(self, request: ReceivedRequest) -> Fault | None:
        """Return the fault of a request. Called in the thread of the proxy."""
        number = int(request.headers["x-call"])
        steps = self.steps.setdefault(number, [])
        steps.append(self.calls[number].step(len(steps)))
        return step_named(steps[-1]).fault

    def reply(self, request: ReceivedRequest) -> Reply | None:
        """Return the reply to a request. Called in the thread of the server, after `choose_fault`."""
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
    """The sync or the async clients."""

    shared: Any
    unqueued: Any
    """Has a connection for each worker, for calls with timeouts."""
    refused: Any
    """Has a base URL where no server listens."""

    def of(self, call: Call) -> Any:
        """Return the client of a call."""
        return self.refused if call.refused else self.unqueued if call.has_timeouts else self.shared


class Counts(NamedTuple):
    """The number of requests of a call, as counted by the client, the proxy and the server."""

    observed: int
    """Attempts that the observer of the client saw."""
    proxied: int
    """Requests that the proxy received."""
    arrived: int
    """Requests that the server received."""


class Soak:
    """The server, the proxy, and the results so far."""

    def __init__(self, server: LocalServer, proxy: FaultyProxy, refuses: str) -> None:
        self.server, self.proxy, self.refuses = server, proxy, refuses
        self.ledger = Ledger()
        self.counts: Counter[str] = Counter()
        self.sums: Counter[Any] = Counter()
        self.started: dict[int, float] = {}
        """When each call in progress started."""
        server.reply(self._reply)
        proxy.fault(self._choose_fault)

    def _choose_fault(self, request: ReceivedRequest) -> Fault | None:
        self.proxy.fault(self._choose_fault)  # for the next request
        return self.ledger.choose_fault(request) if "x-call" in request.headers else None

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

    def take_calls(self, calls: list[Call]) -> Iterator[Call]:
        """Take calls from a list that workers share, until it is empty."""
        with contextlib.suppress(IndexError):
            while True:
                call = calls.pop()
                self.ledger.calls[call.number] = call
                self.started[call.number] = time.monotonic()
                yield call
                del self.started[call.number]

    def thread(self, clients: Clients, calls: list[Call], results: list[Result]) -> None:
        """Make calls in one thread."""
        for call in self.take_calls(calls):
            try:
                results.append(make_call(clients.of(call), call))
            except Exception as error:  # noqa: BLE001  # whatever it is, it is wrong
                results.append(Result(call, unexpected=repr(error)))

    async def task(self, clients: Clients, calls: list[Call], results: list[Result]) -> None:
        """Make calls in one task."""
        for call in self.take_calls(calls):
            making = asyncio.create_task(make_call_async(clients.of(call), call))
            if call.caller_action == "cancelled":
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
        """Make calls in tasks of this loop, and check that no task is left."""
        before = asyncio.all_tasks()
        await asyncio.gather(*(self.task(clients, calls, results) for _ in range(WORKERS)))
        await asyncio.sleep(0.05)  # asyncio closes the generators of streams that were dropped in tasks of its own
        if left := asyncio.all_tasks() - before:
            self.counts[f"WRONG tasks left: {left}"] += 1

    def phase(self, sync: Clients, asynchronous: Clients, loop: asyncio.AbstractEventLoop, calls: list[Call]) -> None:
        """Make calls, half of them in threads and half in tasks of a loop in another thread, and check them."""
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
            late = [
                number for number, started in self.started.copy().items() if started < time.monotonic() - CALL_TIMEOUT
            ]
            if late:
                faulthandler.dump_traceback(all_threads=True)
                print(f"HANG of {[self.ledger.calls[number] for number in late]}", flush=True)
                os._exit(1)
        tasks.result()
        self.check_results(results)

    def check_results(self, results: list[Result]) -> None:
        """Check the results of calls, and add up the counts."""
        time.sleep(0.1)  # what was lost behind a hang-up may still be on its way to the proxy
        deadline = time.monotonic() + OBSERVER_TIMEOUT
        ends = self.ledger.observed_ends
        while not all(ends[result.call.number] for result in results) and time.monotonic() < deadline:
            gc.collect()  # a dropped stream may be in a reference cycle, and another thread notifies of its end
            time.sleep(0.05)
        proxied = Counter(int(request.headers["x-call"]) for request in self.proxy.requests)
        arrived = Counter(int(request.headers["x-call"]) for request in self.server.requests)
        self.proxy.requests.clear()
        self.server.requests.clear()
        for result in results:
            number = result.call.number
            steps = [step_named(name) for name in self.ledger.steps.get(number, [])]
            self._check_result(result, steps, Counts(self.ledger.observed[number], proxied[number], arrived[number]))
        self.ledger.calls.clear()
        self.ledger.steps.clear()
        self.ledger.observed.clear()
        self.ledger.observed_ends.clear()

    def _check_result(self, result: Result, steps: list[Step], counts: Counts) -> None:
        call = result.call
        group = (
            "cancelled"
            if result.outcome is None and call.caller_action == "cancelled"
            else "refused"
            if call.refused
            else ""
        )
        self.sums.update({(group, who): count for who, count in counts._asdict().items()})
        self.sums["lost"] += counts.proxied - len(steps)
        self.sums["kept"] += sum(not step.is_forwarded for step in steps)
        if wrong := self._call_problem(result, steps, counts, group):
            self.counts[f"WRONG {wrong} (step by step {steps}, {counts}, {result})"] += 1
            return
        kind = "async" if call.asynchronous else "sync"
        ends = "given up by the caller" if result.outcome is None else result.outcome.ends
        self.counts[f"right: {ends:22} {'plain' if call.read_mode == 'plain' else 'streamed'}, {kind}"] += 1

    def _call_problem(self, result: Result, steps: list[Step], counts: Counts, group: str) -> str:
        """Return what is wrong with a call, or an empty string."""
        call, (observed, proxied, arrived) = result.call, counts
        if result.unexpected:
            return "not a typed error"
        if self.ledger.observed_ends[call.number] != 1:
            return f"{self.ledger.observed_ends[call.number]} ends were observed"
        if call.refused:
            if proxied or observed != 1 + MAX_RETRIES:
                return "attempts"
            return "" if result.outcome is None or result.outcome.ends == "cut" else "was refused"
        if group == "cancelled" or call.has_timeouts:
            # The last request may not have reached the proxy or the server when the call ended.
            right = observed - proxied in (0, 1) and proxied >= arrived
        else:
            right = observed == proxied and arrived == sum(step.is_forwarded for step in steps)
        if not right:
            return "attempts"
        if result.outcome is None:
            return ""
        # A request that is lost after a hang-up was sent before or after the other requests.
        lost = [AFTER_HANG_UP] * (proxied - len(steps))
        wrongs = [self._outcome_problem(result, order, observed) for order in (lost + steps, steps + lost)]
        return "" if "" in wrongs else wrongs[0]

    def _outcome_problem(self, result: Result, steps: list[Step], observed: int) -> str:
        call = result.call
        if not steps and not call.has_timeouts:
            return "make_call no request"
        assert result.outcome is not None
        if differences := call.expected_outcome(steps[-1] if steps else NO_FAULT).differences(result.outcome):
            return f"differences: {differences}"
        if result.attempts != observed:
            return f"carries {result.attempts} attempts, observed {observed}"
        # With timeouts, the number of attempts depends on the speed of the machine.
        return "" if call.scenario and call.has_timeouts else call.check_steps(steps)


def open_files() -> int:
    """Return how many files and sockets this process has open, or 0 if that is not known."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


def memory() -> dict[str, int]:
    """Return the memory, objects and blocks that the process uses, or 0 for what is not known."""
    gc.collect()
    pages, size = Path("/proc/self/statm"), 0
    if pages.exists():
        with contextlib.suppress(AttributeError):  # only glibc has it
            ctypes.CDLL(None).malloc_trim(0)  # returns memory that other threads freed
        size = int(pages.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
    return {"KiB": size, "objects": len(gc.get_objects()), "blocks": sys.getallocatedblocks()}


def run(soak: Soak, count: int, seed: int) -> None:
    """Make all calls in batches, and check each batch."""
    loop = asyncio.SelectorEventLoop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    sync, asynchronous = soak.clients(Opper), soak.clients(AsyncOpper)
    add_observer(soak.ledger)
    batch = max(100, count // 20)
    baseline: dict[str, int] = {}
    for first in range(0, count, batch):
        numbers = range(first, min(first + batch, count))
        soak.phase(sync, asynchronous, loop, [Call.plan(number, seed) for number in numbers])
        if not baseline and first + batch >= count / 3:
            baseline = memory()
    now = memory()
    for what, bound in MAX_GROWTH.items():
        print(f"{now[what] - baseline[what]:+7d}  {what} since the first third, of {now[what]} (bound {bound})")
        if now[what] - baseline[what] > bound:
            soak.counts[f"WRONG {what} grew by {now[what] - baseline[what]}"] += 1
    remove_observer(soak.ledger)
    finish(sync)
    asyncio.run_coroutine_threadsafe(finish_async(asynchronous), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


HELD_STREAM: dict[str, Any] = {"messages": [{"role": "user", "content": "Hello"}], "stream": True, "timeout": 5}


def finish(clients: Clients) -> None:
    """Use every connection of the pool at once, which times out if one is lost, and close the clients."""
    for stream in [clients.shared.chat.completions.create(**HELD_STREAM) for _ in range(POOL)]:
        stream.close()
    for client in clients:
        client.close()


async def finish_async(clients: Clients) -> None:
    """Do the same as `finish`, for async clients."""
    for stream in [await clients.shared.chat.completions.create(**HELD_STREAM) for _ in range(POOL)]:
        await stream.close()
    for client in clients:
        await client.close()


def main(count: int, seed: int) -> int:
    warnings.simplefilter("ignore", ResourceWarning)  # streams are dropped on purpose
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # the server may still write to clients that disconnected
    files, threads, started = open_files(), threading.active_count(), time.perf_counter()
    with LocalServer() as server, FaultyProxy(server.base_url) as proxy, socket.socket() as closed_port:
        closed_port.bind(("127.0.0.1", 0))  # and does not listen
        running = Soak(server, proxy, f"http://127.0.0.1:{closed_port.getsockname()[1]}")
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
    observed, proxied, arrived = (
        sum(sums[group, who] for group in ("", "cancelled", "refused")) for who in Counts._fields
    )
    print(
        f"{observed} attempts = {proxied} requests at the proxy + {sums['refused', 'observed']} that were refused "
        f"+ {observed - proxied - sums['refused', 'observed']} that were given up before they proxied"
    )
    print(
        f"{proxied} requests at the proxy = {arrived} at the server + {sums['lost']} lost behind a hang-up "
        f"+ {sums['kept']} that the proxy kept + {proxied - arrived - sums['lost'] - sums['kept']} cancelled there"
    )
    wrong = sum(number for what, number in counts.items() if what.startswith("WRONG"))
    print(
        f"{count} calls, seed {seed}, {connections} connections, {time.perf_counter() - started:.0f} s: {wrong} wrong"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]] + [20_000, 1][len(sys.argv) - 1 :]
    sys.exit(main(*arguments))

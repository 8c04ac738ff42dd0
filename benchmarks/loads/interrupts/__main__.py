"""Interrupt calls at every point and by signals at random times, and check what is left of the client.

Usage, after `python -m benchmarks.loads.interrupts`:

- `points [--step STEP] [--kept] [SCENARIO ...]` raises an exception at each point of a call at which CPython looks for
  signals.
- `signals [COUNT] [SEED]` has a timer send signals whose handler raises.

After each interrupt the client must serve as many calls at once as it has permits and connections. Both print what they
found, and exit with 1 if a permit or a connection is lost, a call does not end within its deadline, or a thread or a
socket is left.
"""

from __future__ import annotations

import argparse
import asyncio
import faulthandler
import gc
import os
import random
import signal
import subprocess
import sys
import time
import warnings
from _thread import _count as count_threads
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from opper_chat import Opper
from opper_chat.testing import LocalServer

from .scenarios import (
    CALL_TIMEOUT,
    SCENARIOS,
    SETTINGS,
    Interrupt,
    Start,
    client_for,
    closed_early,
    dropped,
    events,
    plain,
    streamed,
    use,
    without_deadline,
)

LOCK_TIMEOUT = 30.0
"""Seconds after which a call has locked the client."""


class InterruptPoints:
    """Raises an exception at one of the points of this thread at which CPython looks for signals.

    These points are the start of a function and the return from C code, such as the creation of an object. Otherwise
    CPython 3.11 to 3.13 looks for signals only at the end of a loop iteration.

    Args:
        number: The number of the point, from 1.
        ours: Whether only points in the code of this package count. An event loop that is interrupted in its own code
            may lose callbacks.
    """

    def __init__(self, number: int, *, ours: bool) -> None:
        self._left = number
        self.ours = ours
        self.location = ""
        """Where the exception was raised: file, line, function and event."""

    def start(self) -> None:
        """Start to count."""
        sys.setprofile(self._profile)

    def _profile(self, frame: FrameType, event: str, function: object) -> None:
        if event in {"call", "c_return"} or (event == "return" and frame.f_code.co_name == "__init__"):
            if self.ours and not str(frame.f_globals.get("__name__")).startswith("opper_chat."):
                return
            self._left -= 1
            if not self._left:
                name = getattr(function, "__qualname__", "")
                file = Path(frame.f_code.co_filename).name
                self.location = f"{file}:{frame.f_lineno} {frame.f_code.co_qualname} {event} {name}"
                raise Interrupt


def interrupt_at(points: InterruptPoints, work: Callable[[], object]) -> Interrupt | None:
    """Run a function, and return the exception that interrupted it. None if it was swallowed, as in a finalizer."""
    try:
        work()
        sys.setprofile(None)
    except Interrupt as interrupt:
        return interrupt
    except Exception:
        if not points.ours:  # an event loop replaces exceptions of its callbacks
            raise
    finally:
        sys.setprofile(None)
    return None


def try_points(name: str, step: int, *, kept: bool) -> Counter[str]:
    """Interrupt a scenario at its points, and return what was wrong, by location.

    Args:
        name: The name of the scenario.
        step: The number of points between two interrupts.
        kept: Whether the exception is kept until the next one, with all the frames of its traceback, as in a notebook.
    """
    wrong: Counter[str] = Counter()
    with LocalServer() as server:
        client = client_for(name, server)
        # Import everything first: an interrupted import can leave the import lock held.
        _run(name, client, server, _do_not_start)
        number, interrupted, raised = random.Random(name).randrange(step), 0, 0
        last: Interrupt | None = None
        while True:
            faulthandler.dump_traceback_later(LOCK_TIMEOUT, exit=True)
            number += step
            points = InterruptPoints(number, ours=name.endswith("_async"))
            result = interrupt_at(points, partial(_run, name, client, server, points.start))
            if not points.location:
                break
            interrupted += 1
            raised += result is not None
            last = result if kept and name != "dropped" else None  # which keeps the stream with the user's frame
            del result
            started = time.monotonic()
            try:
                use(client)
            except Exception as error:  # noqa: BLE001  # whatever it is, it is wrong
                wrong[f"{type(error).__name__} after {points.location}"] += 1
                client = client_for(name, server)
            if time.monotonic() - started > CALL_TIMEOUT / 2:
                wrong[f"slow after {points.location}"] += 1
        del last
        if not raised:
            wrong[f"nothing raised in {name}"] += 1
        gc.collect()  # frames that keep a connection would keep the server open
        print(f"{name}{' (kept)' if kept else ''}: {interrupted} points, {raised} raised, {wrong.total()} wrong")
    return wrong


def _do_not_start() -> None:
    """Do not interrupt."""


def _run(name: str, client: Any, server: LocalServer, start: Start) -> None:
    coroutine = SCENARIOS[name](client, server, start)
    if coroutine is not None:
        asyncio.run(coroutine)


class OpenResources(NamedTuple):
    """The threads and sockets of the process."""

    threads: int
    sockets: int

    @classmethod
    def now(cls) -> OpenResources:
        """Count them, after those that end by themselves."""
        gc.collect()
        time.sleep(1)  # the watchdog thread stays for half a second
        folder = Path("/proc/self/fd")
        links = [str(link.readlink()) for link in folder.iterdir() if link.is_symlink()] if folder.exists() else []
        return cls(count_threads(), sum(link.startswith("socket") for link in links))


def check_points(names: list[str], step: int, *, kept: bool) -> int:
    """Interrupt scenarios at their points, and return the exit status."""
    before = OpenResources.now()
    wrong: Counter[str] = Counter()
    for name in names or list(SCENARIOS):
        wrong += try_points(name, step, kept=kept)
    faulthandler.cancel_dump_traceback_later()
    left = OpenResources.now()
    print(f"threads left: {left.threads - before.threads}\nsockets left: {left.sockets - before.sockets}")
    for what, times in wrong.items():
        print(f"WRONG {times} times: {what}")
    return 1 if wrong or left != before else 0


def interrupted_by_signals(address: str, count: int, seed: int) -> None:
    """Make calls until `count` were interrupted, and print ``.`` for each, or ``L`` if something was lost."""
    chance = random.Random(seed)

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise Interrupt

    signal.signal(signal.SIGALRM, interrupt)
    before = OpenResources.now()
    client = Opper(base_url=address, **SETTINGS)
    use(client)
    scenarios = (plain, plain, without_deadline, streamed, closed_early, dropped, events)
    longest = {scenario.__name__: 0.003 for scenario in scenarios}
    server: Any = None  # which these scenarios do not use
    while count:
        faulthandler.dump_traceback_later(LOCK_TIMEOUT, exit=True)
        scenario = chance.choice(scenarios)
        seconds = max(chance.random() * longest[scenario.__name__], 1e-6)
        try:
            started = time.perf_counter()
            scenario(client, server, partial(signal.setitimer, signal.ITIMER_REAL, seconds))
            duration = time.perf_counter() - started
            signal.setitimer(signal.ITIMER_REAL, 0)
            longest[scenario.__name__] += (1.1 * duration - longest[scenario.__name__]) / 20
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
    left = OpenResources.now()
    print(f"\nthreads left: {left.threads - before.threads}, sockets left: {left.sockets - before.sockets}")


def check_signals(count: int, seed: int) -> int:
    """Interrupt calls by signals in child processes, and return the exit status."""
    done, lost, locked = 0, 0, 0
    tails: list[str] = []
    with LocalServer() as server:
        while done < count:
            command = [
                sys.executable,
                "-m",
                "benchmarks.loads.interrupts",
                "child",
                server.base_url,
                str(count - done),
                str(seed + locked),
            ]
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

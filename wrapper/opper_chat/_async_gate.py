"""The gate that all calls of a client go through: so many at a time, and their requests no faster than is allowed.

A call holds a place from before its first request until its answer was read or given up. Each of its requests, retries
too, takes a turn. Both are given out in the order in which they were asked for, across threads and event loops.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from functools import partial
from math import inf
from threading import Lock
from time import monotonic

from ._async_bell import Bell
from ._limits import Pace, Place


class AsyncGate:
    """Lets calls in.

    Args:
        max_concurrency: how many calls may be under way at once, or None for any number.
        adaptive: whether requests are paced once the server has answered one with 429.
    """

    def __init__(self, max_concurrency: int | None = None, *, adaptive: bool = False) -> None:
        self._places = max_concurrency
        """How many are free; None where they are not counted."""
        self._entering: OrderedDict[Bell, None] = OrderedDict()
        self._pace = Pace() if adaptive else None
        self._turning: OrderedDict[Bell, None] = OrderedDict()
        self._to_do: deque[Callable[[], None]] = deque()
        """What was given up, by finalizers too, and is to be given to others."""
        self._lock = Lock()
        """Never awaited under, and never waited for in a finalizer."""

    @property
    def rate(self) -> float | None:
        """Requests a second that are let through now; None where they are not paced."""
        return self._pace.rate if self._pace else None

    async def enter(self, seconds: float | None) -> Place:
        """Wait for a place.

        Args:
            seconds: how long at most, or None for ever.

        Raises:
            TimeoutError: there was none in time.
        """
        if self._places is None:
            return Place()
        try:
            with self._lock:  # every request takes this way, and `_locked` ten times as long
                free = self._take_place()
        finally:
            self._settle()
        return Place(self._leave) if free else await self._entered(seconds)

    def _take_place(self) -> bool:
        """Take a place, if one is free and nobody waits for it. The lock is held."""
        if not self._places or self._entering:
            return False
        self._places -= 1
        return True

    async def _entered(self, seconds: float | None) -> Place:
        with self._locked():
            if self._take_place():
                return Place(self._leave)
            if seconds is not None and seconds <= 0:
                raise TimeoutError
            bell = Bell()
            self._entering[bell] = None
        try:
            if not await bell.heard(inf if seconds is None else seconds):
                self._too_late(bell)
        except BaseException:
            self._soon(partial(self._stop_entering, bell))
            raise
        return Place(self._leave)

    async def turn(self, seconds: float | None) -> float:
        """Wait until a request may be sent, and return the time; `told` wants it.

        Args:
            seconds: how long at most, or None for ever.

        Raises:
            TimeoutError: its turn did not come in time; at once, where the server asked for a longer pause.
        """
        now = monotonic()
        deadline = inf if seconds is None else now + seconds
        if self._pace is None:
            return now
        with self._locked():
            if not self._turning and self._pace.due(now) <= now:
                self._pace.take(now)
                return now
            bell = Bell()
            self._turning[bell] = None
            if self._pace.due(now) <= now:
                self._call_next()  # the first is late: should its event loop be gone, it is to be the next one's turn
        try:
            while (wait := self._wait(bell, self._pace, deadline)) is not None:
                await bell.heard(wait)
        except BaseException:
            self._soon(partial(self._stop_turning, bell))
            raise
        return monotonic()

    def told(self, sent: float, status_code: int, headers: Mapping[str, str]) -> None:
        """Learn from the head of an answer.

        Args:
            sent: what `turn` returned.
            status_code: the status of the answer.
            headers: its headers.
        """
        if self._pace is None:
            return
        with self._locked():
            now = monotonic()
            due = self._pace.due(now)
            self._pace.told(sent, status_code, headers, now)
            if self._pace.due(now) < due:
                self._call_next()

    def _leave(self) -> None:
        self._soon(self._make_room)

    def _too_late(self, bell: Bell) -> None:
        with self._locked():
            if bell in self._entering:
                raise TimeoutError

    def _wait(self, bell: Bell, pace: Pace, deadline: float) -> float | None:
        """Take the turn and return None, or return for how long to wait before asking again."""
        with self._locked():
            now = monotonic()
            due = pace.due(now)
            if due > deadline:
                raise TimeoutError
            if next(iter(self._turning)) is not bell:
                return deadline - now
            if due > now:
                return due - now
            del self._turning[bell]
            pace.take(now)
            self._call_next()
            return None

    def _call_next(self) -> None:
        """Wake the first of those that wait for their turn."""
        while self._turning and not (bell := next(iter(self._turning))).ring():
            del self._turning[bell]

    @contextmanager
    def _locked(self) -> Generator[None]:
        try:
            with self._lock:
                yield
        finally:
            self._settle()

    def _soon(self, work: Callable[[], None]) -> None:
        """Do what needs the lock, where nothing can be waited for."""
        self._to_do.append(work)
        self._settle()

    def _settle(self) -> None:
        # Who finds the lock taken leaves the work to the one who has it, and looks again when it is free.
        while self._to_do and self._lock.acquire(blocking=False):
            try:
                while self._to_do:
                    self._to_do.popleft()()
            finally:
                self._lock.release()

    def _make_room(self) -> None:
        self._places = (self._places or 0) + 1
        while self._places and self._entering:
            bell, _ = self._entering.popitem(last=False)
            self._places -= bell.ring()

    def _stop_entering(self, bell: Bell) -> None:
        if bell in self._entering:
            del self._entering[bell]
        elif bell.rung:  # it was given a place that it no longer waits for
            self._make_room()

    def _stop_turning(self, bell: Bell) -> None:
        if bell in self._turning:
            first = next(iter(self._turning)) is bell
            del self._turning[bell]
            if first:
                self._call_next()

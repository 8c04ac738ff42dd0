"""Run workers in threads, for sync batches. `async_workers` has the same names for async batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from math import inf
from queue import Empty, Full, Queue
from threading import Event, Lock
from time import monotonic
from typing import Generic, TypeAlias, TypeGuard, TypeVar

from ..._concurrency.threads import start_thread
from ..._json.codec import is_mapping

__all__ = [
    "Lock",
    "ResultQueue",
    "Rows",
    "WorkerPool",
    "call_in_thread",
    "is_rows",
    "new_lock",
    "next_row",
    "row_iterator",
]

T = TypeVar("T")

Rows: TypeAlias = Iterable[T]
"""What a batch reads its requests from."""

RECHECK_SECONDS = 0.5
"""Seconds after which a thread that waits looks whether the batch was closed."""


class WorkerPool:
    """A number of threads that do the same.

    A thread cannot be stopped: one that is in a call continues until the call ends. The process does not wait for it
    at its end.
    """

    def __init__(self) -> None:
        self._ended: list[Event] = []
        """One for each thread, set at its end."""

    def start(self, count: int, work: Callable[[], None]) -> None:
        """Start threads, each in a copy of the context of this one.

        Args:
            count: the number of threads.
            work: what each of them calls. It raises only KeyboardInterrupt, which the caller knows then.
        """
        for _ in range(count):
            ended = Event()
            start_thread(partial(_call, work, ended), "opper_chat batch")
            self._ended.append(ended)

    def join(self, seconds: float | None = None) -> bool:
        """Wait until all have ended, or for some seconds. Return whether all have ended."""
        end = inf if seconds is None else monotonic() + seconds
        for ended in self._ended:
            while not ended.is_set():
                left = end - monotonic()
                if left <= 0:
                    return False
                ended.wait(min(left, RECHECK_SECONDS))  # so that a signal handler runs on Windows too
        return True

    def close(self) -> None:
        """Forget the threads."""
        self._ended.clear()


def _call(work: Callable[[], None], ended: Event) -> None:
    try:
        work()
    except KeyboardInterrupt:  # a callback has raised it
        pass
    finally:
        ended.set()


class ResultQueue(Generic[T]):
    """Results from the workers to the one that reads them. A worker waits while the queue is full.

    Args:
        size: the maximum number of results.
    """

    def __init__(self, size: int) -> None:
        self._queue: Queue[T] = Queue(size)
        self._is_finished = False
        self._is_closed = False

    def put(self, result: T) -> None:
        """Add a result. If the queue is closed, it is discarded."""
        while not self._is_closed:
            try:
                self._queue.put(result, timeout=RECHECK_SECONDS)
            except Full:
                continue
            return

    def finish(self) -> None:
        """Mark the end of the results."""
        self._is_finished = True

    def get(self) -> T | None:
        """Wait for a result, and return it, or None at the end."""
        while not self._is_closed:
            is_finished = self._is_finished  # before the look: nothing is added after the end
            try:
                return self._queue.get(not is_finished, RECHECK_SECONDS)
            except Empty:
                if is_finished:
                    return None
        return None

    def close(self) -> None:
        """Discard all results."""
        self._is_closed = True


def new_lock() -> Lock:
    """Return a lock."""
    return Lock()


def is_rows(value: object) -> TypeGuard[Iterable[object]]:
    """Return whether a value is an iterable of rows, and not one row or a text."""
    return not is_mapping(value) and not isinstance(value, str | bytes) and isinstance(value, Iterable)


def row_iterator(rows: Rows[T]) -> Iterator[T]:
    """Return an iterator over rows."""
    return iter(rows)


def next_row(rows: Iterator[T], end: T) -> T:
    """Return the next row, or `end` after the last one."""
    return next(rows, end)


def call_in_thread(function: Callable[[], T]) -> T:
    """Call a function that takes long. A thread has nothing else to do meanwhile."""
    return function()

"""Run workers in tasks, for async batches. `workers` has the same names for sync batches.

Tasks are those of asyncio or, through anyio, those of trio.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar

import anyio
from sniffio import current_async_library

from ..._concurrency.tasks import TaskPool
from .workers import is_rows as is_iterable_of_rows

T = TypeVar("T")

AsyncRows: TypeAlias = Iterable[T] | AsyncIterable[T]
"""What a batch reads its requests from."""

AsyncLock: TypeAlias = asyncio.Lock | anyio.Lock


class AsyncWorkerPool:
    """A number of tasks that do the same. Use and close it in one task."""

    def __init__(self) -> None:
        self._tasks = TaskPool("opper_chat batch")
        self._running = 0
        """How many tasks of trio have not ended."""
        self._ended: anyio.Event | None = None

    async def start(self, count: int, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start tasks.

        Args:
            count: the number of tasks.
            work: what each of them calls. It raises only a cancellation.
        """
        if current_async_library() == "asyncio":
            await self._tasks.start(count, work)
            return
        self._running, self._ended = count, anyio.Event()
        await self._tasks.start(count, partial(self._run, work))

    async def join(self, seconds: float | None = None) -> bool:
        """Wait until all have ended, or for some seconds. Return whether all have ended."""
        if self._tasks.asyncio_tasks:
            _, running = await asyncio.wait(self._tasks.asyncio_tasks, timeout=seconds)
            return not running
        if self._ended is None:
            return True
        with anyio.move_on_after(seconds):
            await self._ended.wait()  # not the end of the group, which would put an interrupt into an ExceptionGroup
        return self._ended.is_set()

    async def close(self) -> None:
        """Cancel the tasks that run, and wait until they have ended."""
        for task in self._tasks.asyncio_tasks:
            if task.done() and not task.cancelled():
                task.exception()  # a KeyboardInterrupt, which asyncio has raised already, and would log too
        await self._tasks.close()

    async def _run(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await work()
        finally:
            self._running -= 1
            if not self._running and self._ended is not None:
                self._ended.set()


class AsyncResultQueue(Generic[T]):
    """Results from the workers to the one that reads them. A worker waits while the queue is full.

    Args:
        size: the maximum number of results.
    """

    def __init__(self, size: int) -> None:
        self._send, self._receive = anyio.create_memory_object_stream[T](size)

    async def put(self, result: T) -> None:
        """Add a result. If the queue is closed, it is discarded."""
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            await self._send.send(result)

    async def finish(self) -> None:
        """Mark the end of the results."""
        self._send.close()

    async def get(self) -> T | None:
        """Wait for a result, and return it, or None at the end."""
        try:
            return await self._receive.receive()
        except (anyio.EndOfStream, anyio.ClosedResourceError):
            return None

    def close(self) -> None:
        """Discard all results."""
        self._send.close()
        self._receive.close()


def new_lock() -> AsyncLock:
    """Return a lock."""
    return asyncio.Lock() if current_async_library() == "asyncio" else anyio.Lock()


def is_rows(value: object) -> bool:
    """Return whether a value is an iterable of rows, async or not, and not one row or a text."""
    return isinstance(value, AsyncIterable) or is_iterable_of_rows(value)


def row_iterator(rows: AsyncRows[T]) -> Iterator[T] | AsyncIterator[T]:
    """Return an iterator over rows."""
    return aiter(rows) if isinstance(rows, AsyncIterable) else iter(rows)


async def next_row(rows: Iterator[T] | AsyncIterator[T], end: T) -> T:
    """Return the next row, or `end` after the last one."""
    return await anext(rows, end) if isinstance(rows, AsyncIterator) else next(rows, end)


async def call_in_thread(function: Callable[[], T]) -> T:
    """Call a function that takes long, without blocking the event loop."""
    return await anyio.to_thread.run_sync(function)

"""Timeouts, cancellation and cleanup of the async client.

`_wait` has the same names for the sync client. This uses asyncio's own means under asyncio, and anyio under trio.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Hashable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar

from sniffio import current_async_library

from .._concurrency.deadlines import Deadlines
from .._config.environment import AsyncKeySource
from .._errors.api import APIError
from .library import failures

if TYPE_CHECKING:
    from .._async.response_reader import AsyncResponseReader
    from .leases import ConnectionLease
    from .library import httpx


def fail_after(seconds: float | None) -> AbstractAsyncContextManager[object]:
    """Bound what is awaited inside, where seconds are given.

    Raises:
        TimeoutError: it took longer.
    """
    bound = None if seconds is None else max(seconds, 0)
    return asyncio.timeout(bound) if current_async_library() == "asyncio" else _fail_after(bound)


@asynccontextmanager
async def _fail_after(seconds: float | None) -> AsyncGenerator[None]:
    import anyio

    with anyio.fail_after(seconds):
        yield


def time_limit(
    seconds: float,
    lease: ConnectionLease | None = None,  # noqa: ARG001  # the sync one shuts it down
) -> AbstractAsyncContextManager[object]:
    """Bound what is awaited inside.

    Raises:
        TimeoutError: it took longer.
    """
    return fail_after(seconds)


Answer = TypeVar("Answer")
AsyncAccept: TypeAlias = Callable[["httpx.Response", Deadlines], Coroutine[object, object, Answer]]
"""Makes of a response what a call is to return."""


class SendLimit:
    """Bounds the sending of a request, up to the headers of its answer. What is raised when the time is up is dropped.

    Args:
        seconds: how long it may take, or None for no limit.
        lease: that of the request; without one, nothing can be interrupted by the sync counterpart.
    """

    def __init__(
        self,
        seconds: float | None,
        lease: ConnectionLease | None = None,  # noqa: ARG002  # the sync one uses it
    ) -> None:
        self._bound = None if seconds is None else fail_after(seconds)
        self.expired = False
        """Whether the time was up."""
        self.extensions: dict[str, Any] = {}
        """For the request. The twin has some."""

    async def __aenter__(self) -> Self:
        if self._bound is not None:
            await self._bound.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if self._bound is None:
            return False
        try:
            return bool(await self._bound.__aexit__(kind, error, traceback))
        except TimeoutError as late:
            self.expired = late is not error
            if not self.expired:
                raise
            return True


async def sleep(seconds: float) -> None:
    """Wait."""
    if current_async_library() == "asyncio":
        await asyncio.sleep(seconds)
        return
    import anyio

    await anyio.sleep(seconds)


async def made_key(source: AsyncKeySource) -> str:
    """Return what a source of keys gives."""
    key = source()
    return key if isinstance(key, str) else await key


async def at_end_of_loop(work: Callable[[], Coroutine[object, object, None]]) -> object:
    """Have some work done when this event loop ends, as long as what is returned is kept.

    `asyncio.run` and trio both close the generators that are still open, while things can still be awaited. Nothing
    else tells the end of a loop.
    """

    async def guard() -> AsyncGenerator[None]:
        try:
            yield
        finally:
            await work()

    waiting = guard()
    await anext(waiting)
    return waiting


def can_interrupt(lease: ConnectionLease) -> bool:  # noqa: ARG001  # the sync one looks for its socket
    """Return True: whatever is awaited can be bounded."""
    return True


def abandon(client: httpx.AsyncClient) -> None:
    """Give up a client in a finalizer, where nothing can be awaited: its connections are closed with their loop."""


async def forget_loop(waiting: object) -> None:
    """Do now what was to be done at the end of this event loop."""
    if isinstance(waiting, AsyncGenerator):
        await waiting.aclose()


async def end_pieces(pieces: AsyncIterator[bytes]) -> None:
    """End the generators that a body was read from, after its response was closed.

    A generator in the middle of its work ends when it is asked to go on without the connection. What is left in the
    garbage instead is closed by asyncio in a task of its own, and complained of by trio.
    """
    try:
        while await anext(pieces, b""):
            pass  # what had come already
    # A RuntimeError says that another task reads from them, which it has begun while this one was closing.
    except failures("HTTPError", "StreamError", also=(RuntimeError, APIError)):
        pass


def drop(reader: AsyncResponseReader, dropped: list[AsyncResponseReader]) -> None:
    """Give up a response in a finalizer, where nothing can be awaited.

    The server sees its connection end at once, and the pool serves the next call; what is left of the connection is
    cleared away when the client awaits next.
    """
    reader.lease.shutdown()
    dropped.append(reader)
    reader.lease.release()  # httpx's own pool has the connection back when the response is closed


def is_here(lease: ConnectionLease) -> bool:
    """Whether a connection belongs to this event loop, in which alone it can be closed."""
    return lease.loop is None or lease.loop == where()


def is_anywhere(lease: ConnectionLease) -> bool:
    """Whether the event loop of a connection is still there."""
    return isinstance(lease.loop, asyncio.AbstractEventLoop) and not lease.loop.is_closed()


def has_ended(loop: Hashable) -> bool:
    """Whether an event loop is closed."""
    return isinstance(loop, asyncio.AbstractEventLoop) and loop.is_closed()


async def undisturbed(work: Callable[[], Coroutine[object, object, None]]) -> None:
    """Finish some work although whoever awaits it is cancelled. For what is short and must not be left half done."""
    if current_async_library() != "asyncio":
        import anyio

        with anyio.CancelScope(shield=True):
            await work()
        return
    task = asyncio.create_task(work())
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    task.result()


def where() -> Hashable:
    """Return the event loop that this runs in: connections belong to the one that made them."""
    if current_async_library() == "asyncio":
        return asyncio.get_running_loop()
    return "not asyncio"  # trio's loops come one after another, each in a call of its own that nothing outlives

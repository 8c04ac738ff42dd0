"""What waiting means to the async shells: bounded, cancellable, and cleaned up when nobody waits any more.

Its twin `_wait` has the same names for the sync shells. By anyio, which httpx brings, so asyncio and trio are alike.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine, Hashable
from contextlib import asynccontextmanager

import anyio
import httpx
from sniffio import current_async_library

from ._wait import LEAVE, LOOP, interrupt

__all__ = ["LEAVE", "LOOP", "Room", "drop", "interrupt", "time_limit", "undisturbed", "where"]


@asynccontextmanager
async def time_limit(
    seconds: float,
    response: httpx.Response | None = None,  # noqa: ARG001  # the twin works on its socket
) -> AsyncGenerator[None]:
    """Bound what is awaited inside.

    Raises:
        TimeoutError: it took longer.
    """
    with anyio.fail_after(max(seconds, 0)):
        yield


def drop(response: httpx.Response, dropped: list[httpx.Response]) -> None:
    """Give up a response in a finalizer, where nothing can be awaited.

    The server sees its connection end at once, and the place is free for the next call; what is left of the
    connection is cleared away when the client awaits next.
    """
    interrupt(response)
    dropped.append(response)
    leave = response.extensions.get(LEAVE)
    loop = response.extensions.get(LOOP)
    if leave is None:
        return  # httpx's own pool gets the place back when the response is closed
    if isinstance(loop, asyncio.AbstractEventLoop):
        with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody waits in it
            loop.call_soon_threadsafe(leave)
    else:
        leave()


async def undisturbed(work: Callable[[], Coroutine[object, object, None]]) -> None:
    """Finish some work although whoever awaits it is cancelled. For what is short and must not be left half done."""
    if current_async_library() != "asyncio":
        with anyio.CancelScope(shield=True):
            await work()
        return
    # anyio shields from its own cancel scopes, not from asyncio's `Task.cancel()`.
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


class Room:
    """Lets in so many at a time, in the order in which they came."""

    def __init__(self, size: int) -> None:
        self._places = anyio.Semaphore(size, fast_acquire=True)

    async def enter(self, seconds: float | None) -> None:
        """Wait for a place.

        Raises:
            TimeoutError: there was none in time.
        """
        try:
            self._places.acquire_nowait()
        except anyio.WouldBlock:
            with anyio.fail_after(seconds):
                await self._places.acquire()

    def leave(self) -> None:
        """Make a place free."""
        self._places.release()

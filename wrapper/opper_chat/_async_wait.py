"""What waiting means to the async shells: bounded, cancellable, and cleaned up when nobody waits any more.

Its twin `_wait` has the same names for the sync shells. By anyio, which httpx brings, so asyncio and trio are alike.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Hashable
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar

import anyio
from sniffio import current_async_library

from ._clocks import CallClocks
from ._library import failures
from ._options import AsyncKeySource
from ._wait import GRIP, LEAVE, LOOP, WATCH, Grip, grip_of, interrupt

if TYPE_CHECKING:
    import httpx

__all__ = [
    "GRIP",
    "LEAVE",
    "LOOP",
    "WATCH",
    "AsyncAccept",
    "Grip",
    "SendLimit",
    "abandon",
    "addresses",
    "at_end_of_loop",
    "can_interrupt",
    "drop",
    "forget_loop",
    "free",
    "grip_of",
    "has_ended",
    "has_more",
    "interrupt",
    "is_anywhere",
    "is_here",
    "made_key",
    "sleep",
    "time_limit",
    "undisturbed",
    "where",
]  # fmt: skip


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


Answer = TypeVar("Answer")
AsyncAccept: TypeAlias = Callable[["httpx.Response", CallClocks], Coroutine[object, object, Answer]]
"""Makes of a response what a call is to return."""


class SendLimit:
    """Bounds the sending of a request, up to the headers of its answer. What is raised when the time is up is dropped.

    Args:
        seconds: how long it may take, or None for no limit.
    """

    def __init__(self, seconds: float | None) -> None:
        self._scope = None if seconds is None else anyio.move_on_after(max(seconds, 0))
        self.extensions: dict[str, Any] = {}
        """For the request. The twin has some."""

    @property
    def expired(self) -> bool:
        """Whether the time was up."""
        return self._scope is not None and self._scope.cancelled_caught

    async def __aenter__(self) -> Self:
        if self._scope is not None:
            self._scope.__enter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        return self._scope is not None and bool(self._scope.__exit__(kind, error, traceback))


async def sleep(seconds: float) -> None:
    """Wait."""
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


def can_interrupt(response: httpx.Response) -> bool:  # noqa: ARG001  # the twin looks for its socket
    """Return True: whatever is awaited can be bounded."""
    return True


def abandon(client: httpx.AsyncClient) -> None:
    """Give up a client in a finalizer, where nothing can be awaited: its connections are closed with their loop."""


async def forget_loop(waiting: object) -> None:
    """Do now what was to be done at the end of this event loop."""
    if isinstance(waiting, AsyncGenerator):
        await waiting.aclose()


async def free(response: httpx.Response, pieces: AsyncIterator[bytes] | None) -> None:
    """Close a response, and the generators that its body was read from, unless somebody reads from them now.

    A generator in the middle of its work ends when it is asked to go on without the connection. What is left in the
    garbage instead is closed by asyncio in a task of its own, and complained of by trio.
    """
    await response.aclose()
    if pieces is not None:
        # A RuntimeError says that another task reads from them, which it has begun while this one was closing.
        with suppress(*failures("HTTPError", also=RuntimeError)):
            while await anext(pieces, b""):
                pass  # what had come already


def drop(response: httpx.Response, pieces: object, dropped: list[tuple[httpx.Response, object]]) -> None:
    """Give up a response in a finalizer, where nothing can be awaited.

    The server sees its connection end at once, and the place is free for the next call; what is left of the
    connection is cleared away when the client awaits next.
    """
    interrupt(response)
    dropped.append((response, pieces))
    leave = response.extensions.get(LEAVE)
    if leave is not None:  # httpx's own pool gets the place back when the response is closed
        leave()


def is_here(response: httpx.Response) -> bool:
    """Whether a response belongs to this event loop, in which alone it can be closed."""
    here = where()
    return bool(response.extensions.get(LOOP, here) == here)


def is_anywhere(response: httpx.Response) -> bool:
    """Whether the event loop of a response is still there."""
    loop = response.extensions.get(LOOP)
    return isinstance(loop, asyncio.AbstractEventLoop) and not loop.is_closed()


def addresses(host: str, port: int) -> list[str]:  # noqa: ARG001  # the twin asks the name server
    """Return the host: anyio tries its addresses, beside each other where one keeps it waiting."""
    return [host]


async def has_more(stream: Any) -> bool:
    """Whether there is more to be read from a TLS connection, or its end, although its socket says nothing of it."""
    try:
        await stream.read(1, 0)
    except Exception as error:  # noqa: BLE001  # the classes of httpcore or of its fork
        return type(error).__name__ != "ReadTimeout"
    return True


def has_ended(loop: Hashable) -> bool:
    """Whether an event loop is closed."""
    return isinstance(loop, asyncio.AbstractEventLoop) and loop.is_closed()


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

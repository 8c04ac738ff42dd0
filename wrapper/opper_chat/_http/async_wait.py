"""What waiting means to the async shells: bounded, cancellable, and cleaned up when nobody waits any more.

Its twin `_wait` has the same names for the sync shells. Under asyncio by its own means, elsewhere, which is trio, by
anyio, which takes as long to load as all else that a first call needs.
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
from .wait import AHEAD, GRIP, LEAVE, LOOP, WATCH, Grip, grip_of, interrupt

if TYPE_CHECKING:
    from .._transport._async.borrowed import AsyncBorrowedClient
    from .._transport._async.reply import AnyAsyncReply
    from .._transport._async.sender import AsyncSender

__all__ = [
    "AHEAD",
    "GRIP",
    "LEAVE",
    "LOOP",
    "WATCH",
    "AsyncAccept",
    "Grip",
    "SendLimit",
    "abandon",
    "at_end_of_loop",
    "can_interrupt",
    "drop",
    "fail_after",
    "forget_loop",
    "free",
    "grip_of",
    "has_ended",
    "interrupt",
    "is_anywhere",
    "is_here",
    "made_key",
    "sleep",
    "time_limit",
    "undisturbed",
    "where",
]  # fmt: skip


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
    response: AnyAsyncReply | None = None,  # noqa: ARG001  # the twin works on its socket
) -> AbstractAsyncContextManager[object]:
    """Bound what is awaited inside.

    Raises:
        TimeoutError: it took longer.
    """
    return fail_after(seconds)


Answer = TypeVar("Answer")
AsyncAccept: TypeAlias = Callable[["AnyAsyncReply", Deadlines], Coroutine[object, object, Answer]]
"""Makes of a response what a call is to return."""


class SendLimit:
    """Bounds the sending of a request, up to the headers of its answer. What is raised when the time is up is dropped.

    Args:
        seconds: how long it may take, or None for no limit.
    """

    def __init__(self, seconds: float | None) -> None:
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


def can_interrupt(response: AnyAsyncReply) -> bool:  # noqa: ARG001  # the twin looks for its socket
    """Return True: whatever is awaited can be bounded."""
    return True


def abandon(client: AsyncSender | AsyncBorrowedClient) -> None:
    """Give up a client in a finalizer, where nothing can be awaited: its connections are closed with their loop."""


async def forget_loop(waiting: object) -> None:
    """Do now what was to be done at the end of this event loop."""
    if isinstance(waiting, AsyncGenerator):
        await waiting.aclose()


async def free(response: AnyAsyncReply, pieces: AsyncIterator[bytes] | None) -> None:
    """Close a response, and the generators that its body was read from, unless somebody reads from them now.

    A generator in the middle of its work ends when it is asked to go on without the connection. What is left in the
    garbage instead is closed by asyncio in a task of its own, and complained of by trio.
    """
    try:
        await response.aclose()
    finally:  # also where whoever closes it is cancelled
        if pieces is not None:
            await _end(pieces)


async def _end(pieces: AsyncIterator[bytes]) -> None:
    try:
        while await anext(pieces, b""):
            pass  # what had come already
    # Asked only now: the library may be loaded by nothing but this error. A RuntimeError says that another task reads
    # from them, which it has begun while this one was closing.
    except failures("HTTPError", also=(RuntimeError, APIError)):
        pass


def drop(response: AnyAsyncReply, pieces: object, dropped: list[tuple[AnyAsyncReply, object]]) -> None:
    """Give up a response in a finalizer, where nothing can be awaited.

    The server sees its connection end at once, and the place is free for the next call; what is left of the
    connection is cleared away when the client awaits next.
    """
    interrupt(response)
    dropped.append((response, pieces))
    leave = response.extensions.get(LEAVE)
    if leave is not None:  # httpx's own pool gets the place back when the response is closed
        leave()


def is_here(response: AnyAsyncReply) -> bool:
    """Whether a response belongs to this event loop, in which alone it can be closed."""
    here = where()
    return bool(response.extensions.get(LOOP, here) == here)


def is_anywhere(response: AnyAsyncReply) -> bool:
    """Whether the event loop of a response is still there."""
    loop = response.extensions.get(LOOP)
    return isinstance(loop, asyncio.AbstractEventLoop) and not loop.is_closed()


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

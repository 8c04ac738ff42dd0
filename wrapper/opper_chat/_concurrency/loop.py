"""Sleeping, shielding, and the end of an event loop.

The names of the async client begin with `async_`. Under asyncio they use asyncio, under trio anyio. Their sync
counterparts, for threads, do nothing where there is no event loop.
"""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Hashable
from contextlib import suppress
from inspect import CO_ASYNC_GENERATOR

from sniffio import current_async_library


async def async_sleep(seconds: float) -> None:
    """Wait."""
    if current_async_library() == "asyncio":
        import asyncio

        await asyncio.sleep(seconds)
        return
    import anyio

    await anyio.sleep(seconds)


def sleep(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


def async_current_loop() -> Hashable:
    """Return the running event loop, to which the connections that it opens belong."""
    if current_async_library() == "asyncio":
        import asyncio

        return asyncio.get_running_loop()
    return "not asyncio"  # trio's loops come one after another, each in a call of its own that nothing outlives


def current_loop() -> Hashable:
    """Return None: a connection can be used in any thread."""
    return None


def async_is_closed_loop(loop: Hashable) -> bool:
    """Return whether an event loop is closed."""
    import asyncio

    return isinstance(loop, asyncio.AbstractEventLoop) and loop.is_closed()


def is_closed_loop(loop: object) -> bool:  # noqa: ARG001  # the async counterpart uses it
    """Return False: there is no event loop."""
    return False


async def async_shielded(work: Callable[[], Coroutine[object, object, None]]) -> None:
    """Finish some work even if the awaiting task is cancelled. Use it for short work that must not be interrupted.

    A coroutine that is garbage-collected, because its event loop ended before it did, cannot await anything. There, the
    work is done up to the point where it would wait.
    """
    if _is_finalized():
        unfinished = work()
        with suppress(StopIteration):
            unfinished.send(None)
        unfinished.close()
        return
    if current_async_library() != "asyncio":
        import anyio

        with anyio.CancelScope(shield=True):
            await work()
        return
    import asyncio

    task = asyncio.create_task(work())
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:  # of this task, also a second time. The work goes on.
            cancelled = error
    if cancelled is not None:
        raise cancelled
    task.result()


def _is_finalized() -> bool:
    """Return whether the running coroutine is closed while it waits for something, as the garbage collector does.

    A GeneratorExit is raised in it then, where it waits. In an async generator that is closed, a GeneratorExit is
    raised at a ``yield``, and the generator can await.
    """
    error = sys.exception()
    while error is not None and not isinstance(error, GeneratorExit):
        error = error.__context__  # closing what belongs to a closed event loop raises other exceptions
    traceback = None if error is None else error.__traceback__
    if traceback is None:
        return False
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return not traceback.tb_frame.f_code.co_flags & CO_ASYNC_GENERATOR


def shielded(work: Callable[[], None]) -> None:
    """Do some work. A thread cannot be cancelled."""
    work()


async def async_at_end_of_loop(work: Callable[[], Coroutine[object, object, None]]) -> object:
    """Do some work when the running event loop ends.

    asyncio and trio close open generators at the end of a loop, while things can still be awaited. There is no other
    notification.

    Args:
        work: the work.

    Returns:
        The guard. The work is done only if the guard is kept until then.
    """

    async def guard() -> AsyncGenerator[None]:
        try:
            yield
        finally:
            await work()

    generator = guard()
    await anext(generator)
    return generator


def at_end_of_loop(work: Callable[[], None]) -> object:  # noqa: ARG001  # the async counterpart uses it
    """Do nothing: there is no event loop that ends."""
    return None


async def async_discard_guard(guard: object) -> None:
    """Do the work of `async_at_end_of_loop` now."""
    if isinstance(guard, AsyncGenerator):
        await guard.aclose()


def discard_guard(guard: object) -> None:
    """Do nothing."""

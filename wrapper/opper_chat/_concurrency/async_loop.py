"""What event loops have and threads do not, for the async client: sleep, shielding, and work at the end of a loop.

`loop` has the same names for the sync client. Under asyncio this uses asyncio's own means, under trio anyio.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Hashable

from sniffio import current_async_library


async def sleep(seconds: float) -> None:
    """Wait."""
    if current_async_library() == "asyncio":
        await asyncio.sleep(seconds)
        return
    import anyio

    await anyio.sleep(seconds)


def current_loop() -> Hashable:
    """Return the event loop that this runs in: connections belong to the one that made them."""
    if current_async_library() == "asyncio":
        return asyncio.get_running_loop()
    return "not asyncio"  # trio's loops come one after another, each in a call of its own that nothing outlives


def is_closed_loop(loop: Hashable) -> bool:
    """Whether an event loop is closed."""
    return isinstance(loop, asyncio.AbstractEventLoop) and loop.is_closed()


async def shielded(work: Callable[[], Coroutine[object, object, None]]) -> None:
    """Finish some work even if the awaiting task is cancelled. Use it for short work that must not be interrupted."""
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


async def discard_guard(waiting: object) -> None:
    """Do now what was to be done at the end of this event loop."""
    if isinstance(waiting, AsyncGenerator):
        await waiting.aclose()

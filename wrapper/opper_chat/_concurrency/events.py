"""Events that wake one waiter: a task of any event loop, or a thread.

Unlike those of asyncio and `threading`, they can be set from any thread, from a finalizer and from a signal handler.
"""

from __future__ import annotations

import threading
from importlib import import_module
from math import inf
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, ClassVar

import anyio
from sniffio import current_async_library

if TYPE_CHECKING:
    from collections.abc import Callable


class AsyncEvent:
    """Wakes the task that waits for it. Create it in the event loop of the waiter."""

    recheck_seconds: ClassVar[float] = inf
    """Seconds after which a waiter checks its condition again. A task need not: an exception that a signal handler
    raises ends the event loop, or cancels the task that it is raised in."""

    def __init__(self) -> None:
        self._event = anyio.Event()
        self._call_soon: Callable[[Callable[[], object]], object]
        if current_async_library() == "asyncio":
            from asyncio import get_running_loop  # the sync client does without

            self._call_soon = get_running_loop().call_soon_threadsafe
        else:
            self._call_soon = import_module("trio").lowlevel.current_trio_token().run_sync_soon

    def set(self) -> bool:
        """Wake the waiter, from any thread or a finalizer; return whether its event loop is still open."""
        try:
            self._call_soon(self._set)
        except RuntimeError:
            return False
        return True

    def _set(self) -> None:
        self._event.set()

    async def wait(self, seconds: float) -> bool:
        """Wait until the event is set, and clear it; return whether it was set in time.

        Args:
            seconds: how long to wait at most. If the event is set already, this returns at once.
        """
        if seconds == inf:
            await self._event.wait()  # without anyio's scope, which would keep the task of a closed loop forever
        else:
            with anyio.move_on_after(max(seconds, 0)):
                await self._event.wait()
        is_set = self._event.is_set()
        if is_set:
            self._event = anyio.Event()
        return is_set


class Event:
    """Wakes the thread that waits for it. The counterpart of `AsyncEvent`."""

    recheck_seconds: ClassVar[float] = 1.0
    """Seconds after which a waiter checks its condition again: an exception that a signal handler raises in the main
    thread can keep that thread from setting the event."""

    def __init__(self) -> None:
        # A finalizer may put into this queue while the thread is anywhere, also inside of a method of the queue.
        self._queue: SimpleQueue[None] = SimpleQueue()

    def set(self) -> bool:
        """Wake the waiter, from any thread or a finalizer; return True."""
        self._queue.put(None)
        return True

    def wait(self, seconds: float) -> bool:
        """Wait until the event is set, and clear it; return whether it was set in time.

        Args:
            seconds: how long to wait at most. If the event is set already, this returns at once.
        """
        try:
            self._queue.get(timeout=min(max(seconds, 0), threading.TIMEOUT_MAX))
        except Empty:
            return False
        return True

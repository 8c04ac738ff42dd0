"""What wakes a task that waits in a gate, whichever event loop it is in. Its twin `_bell` does so for threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module
from math import inf

import anyio
from sniffio import current_async_library

RECHECK_SECONDS = inf
"""Seconds after which a task that waits looks for itself whether it may go on. None needs to: what a signal handler
raises ends the event loop, or is raised where a task awaits something, which cancels it."""


class Bell:
    """Wakes the one that waits for it. To be made in the event loop of the waiter.

    Attributes:
        rung: whether it was rung.
    """

    def __init__(self) -> None:
        self.rung = False
        self._heard = anyio.Event()
        self._soon: Callable[[Callable[[], object]], object]
        if current_async_library() == "asyncio":
            self._soon = asyncio.get_running_loop().call_soon_threadsafe
        else:
            self._soon = import_module("trio").lowlevel.current_trio_token().run_sync_soon

    def ring(self) -> bool:
        """Wake the waiter, from any thread or a finalizer; return whether there can still be one."""
        try:
            self._soon(self._ring)
        except RuntimeError:
            return False  # its event loop is closed
        self.rung = True
        return True

    def _ring(self) -> None:
        self._heard.set()

    async def heard(self, seconds: float) -> bool:
        """Wait for a ring; return whether there was one in time. One from before counts."""
        if seconds == inf:
            await self._heard.wait()  # without anyio's scope, which would keep the task of a closed loop for ever
        else:
            with anyio.move_on_after(max(seconds, 0)):
                await self._heard.wait()
        heard = self._heard.is_set()
        if heard:
            self._heard = anyio.Event()
        return heard

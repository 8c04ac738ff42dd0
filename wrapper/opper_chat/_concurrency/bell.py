"""What wakes a thread that waits in a gate. Its twin `_async_bell` has the same name for tasks."""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue

RECHECK_SECONDS = 1.0
"""Seconds after which a thread that waits looks for itself whether it may go on. An exception that a signal handler
raises in the main thread can keep that one from waking another."""


class Bell:
    """Wakes the one that waits for it.

    Attributes:
        rung: whether it was rung.
    """

    def __init__(self) -> None:
        self.rung = False
        # Made to be put into by a finalizer, which may run while this thread is in the midst of anything.
        self._rings: SimpleQueue[None] = SimpleQueue()

    def ring(self) -> bool:
        """Wake the waiter, from any thread or a finalizer; return whether there can still be one."""
        self.rung = True
        self._rings.put(None)
        return True

    def heard(self, seconds: float) -> bool:
        """Wait for a ring; return whether there was one in time. One from before counts."""
        try:
            self._rings.get(timeout=min(max(seconds, 0), threading.TIMEOUT_MAX))
        except Empty:
            return False
        return True

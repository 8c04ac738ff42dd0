"""A thread that ends blocking reads at their deadline, by shutting down their sockets.

A blocking read cannot be cancelled, and its own timeout restarts with every byte. The thread starts with the first
watch that is armed, and ends when no watch has been armed for a while.
"""

from __future__ import annotations

import contextlib
import math
import os
import socket
import threading
import time
from _thread import start_new_thread
from heapq import heappop, heappush
from itertools import count
from queue import Empty, SimpleQueue
from typing import Protocol
from weakref import ref

LINGER = 0.5
"""Seconds without an armed watch after which the thread ends."""


class Socket(Protocol):
    """A socket, or an object that shuts one down."""

    def shutdown(self, how: int, /) -> None:
        """End reading, writing or both, as `socket.socket.shutdown` does."""


def shut_down(sock: Socket) -> None:
    """End every read of a socket, in whichever thread it blocks. Closing the socket would not end it."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


class Watch:
    """The deadline of the reads of one socket, one after the other.

    Attributes:
        due: when the socket is shut down; infinite while the watch is not armed.
        queued: when the thread looks at this watch next. Most reads end before, and to change `due` is enough then.
        fired: whether the socket was shut down.
    """

    __slots__ = ("__weakref__", "due", "fired", "queued", "sock")

    def __init__(self, sock: Socket) -> None:
        self.sock = sock
        self.due = math.inf
        self.queued = math.inf
        self.fired = False


class Watchdog:
    """Watches any number of sockets with one thread."""

    def __init__(self) -> None:
        self._start_afresh()
        if hasattr(os, "register_at_fork"):  # a forked child has neither the thread nor the reads of its parent
            os.register_at_fork(after_in_child=self._start_afresh)

    def _start_afresh(self) -> None:
        # Not a Condition, which is Python code: a signal handler could raise an exception after the lock was acquired
        # and before the block that releases it, and no read would have a deadline any more.
        self._lock = threading.Lock()
        self._wakes: SimpleQueue[None] = SimpleQueue()
        # Weak references, so that a call which was interrupted before it could disarm its watch keeps no socket open.
        self._queue: list[tuple[float, int, ref[Watch]]] = []
        self._numbers = count()
        self._running = False
        self._next_look = math.inf
        """When the thread wakes up by itself."""

    def arm(self, watch: Watch, seconds: float) -> None:
        """Shut down the socket in some seconds, unless the watch is disarmed before."""
        with self._lock:
            watch.due = time.monotonic() + seconds
            if watch.due < watch.queued:
                self._enqueue(watch)
                if not self._running:
                    # Not a Thread, whose start uses a Condition. If two threads start, the second one ends.
                    start_new_thread(self._run, ())
                elif watch.due < self._next_look:
                    self._next_look = watch.due
                    self._wakes.put(None)

    def disarm(self, watch: Watch) -> bool:
        """Disarm the watch; return whether the socket was shut down."""
        with self._lock:
            watch.due = math.inf
            return watch.fired

    def _enqueue(self, watch: Watch) -> None:
        watch.queued = watch.due
        heappush(self._queue, (watch.due, next(self._numbers), ref(watch)))

    def _is_armed(self, entry: ref[Watch]) -> bool:
        watch = entry()
        return watch is not None and watch.due < math.inf

    def _run(self) -> None:
        with self._lock:
            if self._running:
                return
            self._running = True
        idle_since = time.monotonic()
        while True:
            with self._lock:
                now = time.monotonic()
                while self._queue and self._queue[0][0] <= now:
                    self._look_at(*heappop(self._queue), now)
                if any(self._is_armed(entry) for _, _, entry in self._queue):
                    idle_since = now
                elif now - idle_since >= LINGER:
                    for _, _, entry in self._queue:
                        if (watch := entry()) is not None:
                            watch.queued = math.inf
                    self._queue.clear()
                    self._running = False
                    self._next_look = math.inf
                    return
                seconds = min(self._queue[0][0] - now, LINGER) if self._queue else LINGER
                self._next_look = now + seconds
            with contextlib.suppress(Empty):
                self._wakes.get(timeout=seconds)

    def _look_at(self, queued: float, _number: int, entry: ref[Watch], now: float) -> None:
        watch = entry()
        if watch is None or queued != watch.queued:
            return  # it is gone, or was queued for an earlier time as well
        watch.queued = math.inf
        if watch.due <= now:
            watch.fired = True
            watch.due = math.inf
            shut_down(watch.sock)
        elif watch.due < math.inf:
            self._enqueue(watch)


watchdog = Watchdog()

"""A thread that ends blocking reads when their time is up, by shutting their sockets down.

A blocking read cannot be cancelled, and its own timeout starts anew with every byte. The thread is started when a
read is first watched, and ends when there has been nothing to watch for a while.
"""

from __future__ import annotations

import contextlib
import math
import os
import socket
import threading
import time
from heapq import heappop, heappush
from itertools import count
from typing import Protocol

LINGER = 0.5
"""Seconds that the thread waits for more to watch before it ends."""


class Socket(Protocol):
    """A socket, or what stands for one in an event loop."""

    def shutdown(self, how: int, /) -> None: ...


def shut_down(sock: Socket) -> None:
    """Make every read of a socket end now, whichever thread it is in. Closing it would not wake them."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


class Watch:
    """One socket whose reads are watched, one after the other."""

    __slots__ = ("due", "fired", "queued", "sock")

    def __init__(self, sock: Socket) -> None:
        self.sock = sock
        self.due = math.inf
        """When its time is up."""
        self.queued = math.inf
        """When the thread will look at it next. Most reads end before, and moving `due` then costs nothing."""
        self.fired = False


class Watchdog:
    """Watches any number of sockets with one thread."""

    def __init__(self) -> None:
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._changed = threading.Condition()
        self._queue: list[tuple[float, int, Watch]] = []
        self._armed: set[Watch] = set()
        self._numbers = count()
        self._thread: threading.Thread | None = None
        self._process = os.getpid()

    def arm(self, watch: Watch, seconds: float) -> None:
        """Shut the socket down in so many seconds, unless it is disarmed before."""
        if self._process != os.getpid():
            self._start_afresh()  # a forked child has neither the thread nor the reads of its parent
        with self._changed:
            watch.due = time.monotonic() + seconds
            self._armed.add(watch)
            if watch.due < watch.queued:
                self._enqueue(watch)
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="opper-chat-watchdog", daemon=True)
                    self._thread.start()
                elif self._queue[0][2] is watch:
                    self._changed.notify()

    def disarm(self, watch: Watch) -> bool:
        """Stop watching; return whether the time was up before."""
        with self._changed:
            watch.due = math.inf
            self._armed.discard(watch)
            return watch.fired

    def _enqueue(self, watch: Watch) -> None:
        watch.queued = watch.due
        heappush(self._queue, (watch.due, next(self._numbers), watch))

    def _run(self) -> None:
        with self._changed:
            idle_since = time.monotonic()
            while True:
                now = time.monotonic()
                while self._queue and self._queue[0][0] <= now:
                    self._look_at(*heappop(self._queue), now)
                if self._armed:
                    idle_since = now
                elif now - idle_since >= LINGER:
                    for _, _, watch in self._queue:
                        watch.queued = math.inf
                    self._queue.clear()
                    self._thread = None
                    return
                self._changed.wait(min(self._queue[0][0] - now, LINGER) if self._queue else LINGER)

    def _look_at(self, queued: float, _number: int, watch: Watch, now: float) -> None:
        if queued != watch.queued:
            return  # it was moved forward, and looked at then
        watch.queued = math.inf
        if watch.due <= now:
            watch.fired = True
            self._armed.discard(watch)
            shut_down(watch.sock)
        elif watch.due < math.inf:
            self._enqueue(watch)


watchdog = Watchdog()
"""The one of this process."""

"""What waiting means to the sync shells: bounded, interruptible, and cleaned up when nobody waits any more.

Its twin `_async_wait` has the same names for the async shells.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable
from contextlib import contextmanager
from queue import Empty, SimpleQueue

import httpx

from ._watchdog import Socket, Watch, shut_down, watchdog

LEAVE = "opper_chat.leave"
"""The extension of a response that makes room for the next call; it can be called where nothing can be awaited."""

LOOP = "opper_chat.loop"
"""The extension of a response that is the event loop which it belongs to."""


def socket_of(response: httpx.Response) -> Socket | None:
    """Return the socket that a response is read from, or None where there is none, or others read from it too."""
    if response.http_version == "HTTP/2":
        return None
    # https://www.encode.io/httpcore/extensions/#network_stream
    network = response.extensions.get("network_stream")
    return None if network is None else network.get_extra_info("socket")


@contextmanager
def time_limit(seconds: float, response: httpx.Response | None = None) -> Generator[None]:
    """Bound the reads of a response that are made inside; without one, nothing is bounded.

    Raises:
        TimeoutError: they took longer. The connection is of no more use then.
    """
    sock = None if response is None else socket_of(response)
    if sock is None:
        yield
        return
    watch = Watch(sock)
    watchdog.arm(watch, max(seconds, 0))
    try:
        yield
    finally:
        if watchdog.disarm(watch):
            raise TimeoutError


def interrupt(response: httpx.Response) -> bool:
    """End a read that another thread is in; return whether there is a socket by which to do it."""
    sock = socket_of(response)
    if sock is not None:
        shut_down(sock)
    return sock is not None


def drop(response: httpx.Response, dropped: list[httpx.Response]) -> None:  # noqa: ARG001  # the twin fills it
    """Give up a response in a finalizer."""
    response.close()


def undisturbed(work: Callable[[], None]) -> None:
    """Do some work. What is not awaited cannot be cancelled."""
    work()


def where() -> Hashable:
    """Return None: a connection can be used from any thread."""
    return None


class Room:
    """Lets in so many at a time."""

    def __init__(self, size: int) -> None:
        # Not a semaphore: a place may be made free by a finalizer, which may run while this thread holds the
        # semaphore's lock. This queue is made for that.
        self._places: SimpleQueue[None] = SimpleQueue()
        for _ in range(size):
            self._places.put(None)

    def enter(self, seconds: float | None) -> None:
        """Wait for a place.

        Raises:
            TimeoutError: there was none in time.
        """
        try:
            self._places.get(timeout=seconds)
        except Empty:
            raise TimeoutError from None

    def leave(self) -> None:
        """Make a place free."""
        self._places.put(None)

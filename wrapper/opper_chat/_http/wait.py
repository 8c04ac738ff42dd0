"""Timeouts, interruption and cleanup of the sync client.

`_async_wait` has the same names for the async client.
"""

from __future__ import annotations

import time
from _thread import start_new_thread
from collections.abc import Callable, Generator, Hashable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar, cast

from .._concurrency.deadlines import Deadlines
from .._concurrency.watchdog import Watch, watchdog
from .._config.environment import AsyncKeySource
from .._errors.api import InvalidArgumentError
from .._errors.describe import instance_of

if TYPE_CHECKING:
    from .._sync.response_reader import ResponseReader
    from .leases import ConnectionLease
    from .library import httpx


@contextmanager
def time_limit(seconds: float, lease: ConnectionLease | None = None) -> Generator[None]:
    """Bound the reads of a response that are made inside; without a lease, nothing is bounded.

    Raises:
        TimeoutError: they took longer. The connection is of no more use then.
    """
    if lease is None or not lease.is_attached:
        yield
        return
    watch = Watch(lease)
    watchdog.arm(watch, max(seconds, 0))
    try:
        yield
    finally:
        if watchdog.disarm(watch):
            raise TimeoutError


Answer = TypeVar("Answer")
Accept: TypeAlias = Callable[["httpx.Response", Deadlines], Answer]
"""Makes of a response what a call is to return."""


class SendLimit:
    """Bounds the sending of a request, up to the headers of its response. What is raised when it expires is dropped.

    Every step of it is bounded by httpx, and a server that sends its headers byte by byte makes ever more steps. The
    transport of this package attaches its network streams to the lease; other transports tell of theirs by the
    extension ``trace``. https://www.encode.io/httpcore/extensions/#trace

    Args:
        seconds: how long it may take, or None for no limit.
        lease: that of the request; without one, nothing is bounded.
    """

    def __init__(self, seconds: float | None, lease: ConnectionLease | None = None) -> None:
        self._seconds = seconds
        self._lease = lease
        self._watch: Watch | None = None
        self.expired = False
        """Whether the time was up."""
        self.extensions: dict[str, Any] = {}
        """For the request."""
        if seconds is not None and lease is not None:
            self.extensions = {"trace": self._trace}

    def _trace(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete", "connect_unix_socket.complete")):
            cast("ConnectionLease", self._lease).attach(info["return_value"])

    def __enter__(self) -> Self:
        if self._seconds is not None and self._lease is not None:
            self._watch = Watch(self._lease)
            watchdog.arm(self._watch, max(self._seconds, 0))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        self.expired = self._watch is not None and watchdog.disarm(self._watch)
        return self.expired and isinstance(error, Exception)


def sleep(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


def made_key(source: AsyncKeySource) -> str:
    """Return what a source of keys gives.

    Raises:
        InvalidArgumentError: it is to be awaited, which is for the async client.
    """
    key = source()
    if not isinstance(key, str):
        if callable(close := getattr(key, "close", None)):
            close()  # a coroutine that is never awaited
        raise InvalidArgumentError(
            "api_key", "a function that returns a string", f"one that returns {instance_of(key)}"
        )
    return key


def at_end_of_loop(work: Callable[[], None]) -> object:  # noqa: ARG001  # the twin does it
    """Do nothing: there is no loop that ends."""
    return None


def abandon(client: httpx.Client) -> None:
    """Close a client in a finalizer."""
    client.close()


def forget_loop(waiting: object) -> None:
    """Do nothing."""


def can_interrupt(lease: ConnectionLease) -> bool:
    """Whether a read of a response can be bounded."""
    return lease.is_attached


def end_pieces(pieces: Iterator[bytes]) -> None:
    """Do nothing: a generator ends with its last reference."""


def drop(reader: ResponseReader, dropped: list[ResponseReader]) -> None:  # noqa: ARG001  # the async one fills it
    """Give up a response in a finalizer.

    A finalizer may run at any line, also where the HTTP library holds the lock of its own pool: there another thread
    has to wait for it.
    """
    if reader.lease.is_of_pool:
        reader.close()
        return
    reader.lease.shutdown()
    with suppress(RuntimeError):  # there are no more threads
        start_new_thread(_close, (reader,))


def _close(reader: ResponseReader) -> None:
    with suppress(Exception):  # nobody is there to be told
        reader.close()


def is_here(lease: ConnectionLease) -> bool:  # noqa: ARG001  # the async one asks for its event loop
    """Return True: a response can be closed from any thread."""
    return True


def is_anywhere(lease: ConnectionLease) -> bool:  # noqa: ARG001
    """Return True."""
    return True


def has_ended(loop: object) -> bool:  # noqa: ARG001  # the twin asks it
    """Return False: there is none."""
    return False


def undisturbed(work: Callable[[], None]) -> None:
    """Do some work. What is not awaited cannot be cancelled."""
    work()


def where() -> Hashable:
    """Return None: a connection can be used from any thread."""
    return None

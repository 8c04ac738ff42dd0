"""Time limits of the sync client.

`async_timeouts` has the same names for the async client.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, cast

from .._concurrency.watchdog import Watch, watchdog
from .._config.environment import AsyncKeySource
from .._errors.api import InvalidArgumentError
from .._errors.describe import instance_of
from .leases import ConnectionLease


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


def resolve_key(source: AsyncKeySource) -> str:
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

"""Time limits of waiting for the server: for sending a request, and for reads of a response.

The names of the async client begin with `Async` or `async_`. `_concurrency.deadlines` decides which limit applies.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any, Self, cast

from sniffio import current_async_library

from .._concurrency.watchdog import Watch, watchdog
from .leases import ConnectionLease


def async_time_limit(
    seconds: float,
    lease: ConnectionLease | None = None,  # noqa: ARG001  # the sync one shuts it down
) -> AbstractAsyncContextManager[object]:
    """Return a context manager that limits the time of what is awaited in it.

    Raises:
        TimeoutError: the limit expired.
    """
    if current_async_library() == "asyncio":
        import asyncio

        return asyncio.timeout(max(seconds, 0))
    return _fail_after(max(seconds, 0))


@asynccontextmanager
async def _fail_after(seconds: float) -> AsyncGenerator[None]:
    import anyio

    with anyio.fail_after(seconds):
        yield


@contextmanager
def time_limit(seconds: float, lease: ConnectionLease | None = None) -> Generator[None]:
    """Limit the time of the reads of a response. Without a lease that has a socket, there is no limit.

    Raises:
        TimeoutError: the limit expired. The connection was shut down.
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


def async_is_interruptible(lease: ConnectionLease) -> bool:  # noqa: ARG001  # the sync one looks for its socket
    """Return True: `async_time_limit` limits the time of whatever is awaited."""
    return True


def is_interruptible(lease: ConnectionLease) -> bool:
    """Return whether `time_limit` can limit the time of a read."""
    return lease.is_attached


class AsyncSendLimit:
    """Limits the time of sending a request, up to the headers of the response. Exceptions after that are suppressed.

    Args:
        seconds: the limit, or None for no limit.
        lease: the lease of the request. Only the sync counterpart uses it.

    Attributes:
        expired: whether the limit expired.
        extensions: the extensions for the request. Only those of the sync counterpart are not empty.
    """

    def __init__(
        self,
        seconds: float | None,
        lease: ConnectionLease | None = None,  # noqa: ARG002
    ) -> None:
        self._limit = None if seconds is None else async_time_limit(seconds)
        self.expired: bool = False
        self.extensions: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        if self._limit is not None:
            await self._limit.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if self._limit is None:
            return False
        try:
            return bool(await self._limit.__aexit__(kind, error, traceback))
        except TimeoutError as late:
            self.expired = late is not error
            if not self.expired:
                raise
            return True


class SendLimit:
    """Limits the time of sending a request, up to the headers of the response. Exceptions after that are suppressed.

    httpx limits each operation, and each read of a server that sends its headers byte by byte is a new one. The
    transport of this package attaches its network streams to the lease. Those of other transports are attached here,
    by the extension ``trace``: https://www.encode.io/httpcore/extensions/#trace

    Args:
        seconds: the limit, or None for no limit.
        lease: the lease of the request. Without it, there is no limit.

    Attributes:
        expired: whether the limit expired.
        extensions: the extensions for the request.
    """

    def __init__(self, seconds: float | None, lease: ConnectionLease | None = None) -> None:
        self._seconds = seconds
        self._lease = lease
        self._watch: Watch | None = None
        self.expired: bool = False
        self.extensions: dict[str, Any] = {}
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

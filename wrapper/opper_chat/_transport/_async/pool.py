"""The connection pool: leases a connection to one request at a time, and keeps it if its response was read to the end.

It has the interface of httpcore's pool, which it replaces in httpx's transport. httpcore's pool searches all its
connections for each request, and if a request is cancelled at the wrong moment, its connection can stay leased.
This pool closes a connection in every other case than that of a complete response.
"""

from __future__ import annotations

import os
from collections import defaultdict, deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Hashable
from functools import partial
from time import monotonic
from types import TracebackType
from typing import NamedTuple, Protocol, Self, cast

from ..._concurrency.loop import (
    async_at_end_of_loop,
    async_current_loop,
    async_discard_guard,
    async_is_closed_loop,
    async_shielded,
)
from ..._http.leases import LEASE, ConnectionLease
from ..._http.library import httpcore
from .connection import AsyncRequest, can_send
from .limiter import AsyncConcurrencyLimiter


class Origin(NamedTuple):
    """The key by which connections are kept: the origin of a URL (RFC 6454), and what else must be the same."""

    scheme: bytes
    host: bytes
    port: int | None
    loop: Hashable
    """The event loop that the connection belongs to."""
    uses_httpcore: bool
    """Whether httpcore carries the request."""


class AsyncPooledConnection(Protocol):
    """One connection, which connects when it is used."""

    async def handle_async_request(self, request: AsyncRequest, lease: ConnectionLease) -> httpcore.Response:
        """Send a request, and return the response. Its body, an `AsyncPooledBody`, is not read yet."""
        ...

    async def aclose(self) -> None:
        """Close the connection."""
        ...


class AsyncPooledBody(AsyncIterable[bytes], Protocol):
    """The body of a response.

    Attributes:
        reusable: Whether the body was read to its end, and the connection may carry another request.
    """

    reusable: bool

    async def aclose(self) -> None:
        """Stop reading the body."""
        ...


class _IdleConnection(NamedTuple):
    """An idle connection."""

    since: float
    slot: list[AsyncPooledConnection]
    """The connection, until a caller pops it. `pop` is atomic, so that only one caller gets the connection, even if a
    signal or a cancellation interrupts the code that gives it back."""


class AsyncConnectionPool:
    """A pool of connections, with the interface of httpcore's.

    Args:
        connect: Returns a new connection.
        limit: The most connections at a time, or None for no limit.
        keepalive_seconds: Seconds after which an idle connection is closed.
        max_idle: The most idle connections that are kept, or None for no limit.
    """

    def __init__(
        self,
        connect: Callable[[Origin], AsyncPooledConnection],
        limit: int | None,
        keepalive_seconds: float,
        *,
        max_idle: int | None = None,
    ) -> None:
        self._max_idle = max_idle
        self._connect = connect
        self._limit = limit
        self._keepalive_seconds = keepalive_seconds
        self._closed = False
        self._inherited: list[object] = []
        self._create_state()

    def _create_state(self) -> None:
        self._limiter = AsyncConcurrencyLimiter(self._limit)
        self._idle: defaultdict[Origin, deque[_IdleConnection]] = defaultdict(deque)
        self._guards: dict[Hashable, object] = {}
        self._process = os.getpid()  # set last: another thread that reads it uses the rest

    async def handle_async_request(self, request: AsyncRequest) -> httpcore.Response:
        """Send a request over a connection that no other request uses, and return the response.

        Raises:
            PoolTimeout: No connection became free within the request's ``pool`` timeout.
            TimeoutException, NetworkError, ProtocolError: As the connection raises them.
        """
        if self._process != os.getpid():
            await self._reset_after_fork()
        limiter = self._limiter  # read once: another thread of a forked child process may replace it
        lease: ConnectionLease = request.extensions.get(LEASE) or ConnectionLease()
        connection: AsyncPooledConnection | None = None
        try:
            url = request.url
            origin = Origin(url.scheme, url.host, url.port, async_current_loop(), uses_httpcore=not can_send(request))
            lease.loop = origin.loop
            try:
                await limiter.acquire(lease, request.extensions.get("timeout", {}).get("pool"))
            except TimeoutError:
                raise httpcore.PoolTimeout("all connections are in use") from None
            connection = self._get_connection(origin)
            response = await connection.handle_async_request(request, lease)
            body = cast("AsyncPooledBody", response.stream)
            response.stream = AsyncResponseStream(body, self, connection, origin, lease)
        except BaseException:
            lease.release()
            if connection is not None:
                await async_shielded(connection.aclose)
            raise
        return response

    def _get_connection(self, origin: Origin) -> AsyncPooledConnection:
        idle = self._idle.get(origin)
        while idle:
            try:
                # The one that was used last is the least likely to have been closed by the server. Another thread may
                # pop it between the two calls.
                return idle.pop().slot.pop()
            except IndexError:
                continue
        return self._connect(origin)

    async def keep(self, slot: list[AsyncPooledConnection], origin: Origin) -> None:
        """Keep a connection for the next request, and close those that have been idle for too long."""
        if self._max_idle is not None and sum(map(len, list(self._idle.values()))) >= self._max_idle:
            await async_shielded(partial(_close, slot))
            return
        now = monotonic()
        idle = self._idle[origin]
        idle.append(_IdleConnection(now, slot))
        loop = origin.loop
        if loop not in self._guards:
            self._discard_closed_loops()
            self._guards[loop] = None  # before the await, during which another task may keep one too
            self._guards[loop] = await async_at_end_of_loop(partial(self._close_loop, loop))
        while idle and idle[0].since < now - self._keepalive_seconds:
            try:
                old = idle.popleft()
            except IndexError:
                return  # another thread popped it
            await async_shielded(partial(_close, old.slot))

    async def aclose(self) -> None:
        """Close the idle connections. Those in use are closed when their responses are.

        Connections of other event loops are closed when those loops end, because they can only be awaited there.
        """
        self._closed = True  # first, so that a response that ends in the meantime does not keep its connection
        self._discard_closed_loops()
        loop = async_current_loop()
        await self._close_idle(loop)
        await async_discard_guard(self._guards.pop(loop, None))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def closed(self) -> bool:
        """Whether the pool is closed, so that it keeps no connection."""
        return self._closed

    async def _close_loop(self, loop: Hashable) -> None:
        await self._close_idle(loop)
        self._guards.pop(loop, None)

    async def _close_idle(self, loop: Hashable) -> None:
        # Copied, because other threads add origins while this one waits.
        for origin in [origin for origin in list(self._idle) if origin.loop == loop]:
            for idle in self._idle.pop(origin, ()):
                await async_shielded(partial(_close, idle.slot))

    def _discard_closed_loops(self) -> None:
        """Forget the connections of event loops that were closed without closing them. The loops close the sockets."""
        for loop in [loop for loop in list(self._guards) if async_is_closed_loop(loop)]:
            self._guards.pop(loop, None)
            for origin in [origin for origin in list(self._idle) if origin.loop == loop]:
                self._idle.pop(origin, None)

    async def _reset_after_fork(self) -> None:
        """Start without connections in a forked child process. The parent reads its responses from the same sockets.

        Closing the child's copy of a socket leaves the parent's open. Objects of the parent's event loops are kept and
        never used, because closing them could unregister the parent's sockets.
        """
        idle = self._idle
        self._inherited.append((self._limiter, self._guards, idle))
        self._create_state()
        for origin, connections in idle.items():
            for one in connections if origin.loop == async_current_loop() else ():
                await async_shielded(partial(_close, one.slot))


async def _close(slot: list[AsyncPooledConnection]) -> None:
    """Close a connection, unless another caller has popped it."""
    try:
        connection = slot.pop()
    except IndexError:
        return
    await connection.aclose()


class AsyncResponseStream:
    """A body that keeps its connection in the pool if it was read to its end, and closes the connection otherwise."""

    def __init__(
        self,
        body: AsyncPooledBody,
        pool: AsyncConnectionPool,
        connection: AsyncPooledConnection,
        origin: Origin,
        lease: ConnectionLease,
    ) -> None:
        self._body = body
        self._pool = pool
        self._slot = [connection]
        self._origin = origin
        self._lease = lease
        self._returned = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._body)

    async def aclose(self) -> None:
        """Give the connection back to the pool, or close it."""
        if self._returned:
            self._lease.release()  # a signal handler may have raised before it was
            return
        self._returned = True
        try:
            # A timeout of this response may still shut the socket down, until the lease ends.
            is_open = self._lease.end()
            if getattr(self._body, "reusable", False) and is_open and self._lease.is_granted and not self._pool.closed:
                await self._body.aclose()
                await self._pool.keep(self._slot, self._origin)
                return
        except BaseException:
            self._lease.release()
            await async_shielded(partial(_close, self._slot))
            raise
        finally:
            self._lease.release()
        await async_shielded(partial(_close, self._slot))

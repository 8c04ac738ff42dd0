"""The connection pool: a connection is leased to one request at a time, and kept only if its response ended well.

It stands where httpx's transport has a pool of httpcore, and has the same interface. The pool of httpcore searches all
its connections for each request, and a request that is cancelled at the wrong moment can leave one of them taken for
good. Here a connection whose response did not end well is closed.
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
from ..._concurrency.permits import Permit
from ..._http.leases import LEASE, ConnectionLease
from ..._http.library import httpcore
from .connection import AsyncRequest
from .httpcore_connection import requires_httpcore
from .limiter import AsyncConcurrencyLimiter


class Origin(NamedTuple):
    """Where a connection leads to, and which kind of connection it is."""

    scheme: bytes
    host: bytes
    port: int | None
    loop: Hashable
    """The event loop that it belongs to."""
    uses_httpcore: bool
    """Whether it is a connection of httpcore."""


class AsyncPooledConnection(Protocol):
    """One connection, made when it is needed."""

    async def handle_async_request(self, request: AsyncRequest, lease: ConnectionLease) -> httpcore.Response:
        """Send a request, and return the response with its body, an `AsyncPooledBody`, still to be read."""
        ...

    async def aclose(self) -> None:
        """Close it."""
        ...


class AsyncPooledBody(AsyncIterable[bytes], Protocol):
    """The body of a response.

    Attributes:
        reusable: whether it was read to its end and its connection may carry another request.
    """

    reusable: bool

    async def aclose(self) -> None:
        """End the reading of it."""
        ...


class _Idle(NamedTuple):
    """A connection that nobody uses."""

    since: float
    slot: list[AsyncPooledConnection]
    """The connection, until somebody takes it out, which one caller alone can. What is interrupted or cancelled while
    it gives a connection back cannot know whether another call has it already."""


class AsyncConnectionPool:
    """A pool of connections, with the interface of httpcore's.

    Args:
        connect: makes one connection.
        limit: how many connections there may be.
        keepalive_seconds: seconds after which a connection that nobody uses is closed.
        max_idle: how many connections that nobody uses are kept, or None for any number.
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
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._limiter = AsyncConcurrencyLimiter(self._limit)
        self._idle: defaultdict[Origin, deque[_Idle]] = defaultdict(deque)
        self._guards: dict[Hashable, object] = {}

    async def handle_async_request(self, request: AsyncRequest) -> httpcore.Response:
        """Send a request over a connection that nobody else uses.

        Raises:
            PoolTimeout: all connections stayed in use for longer than the request's timeout for the pool.
            TimeoutException, NetworkError, ProtocolError: as the connection raises them.
        """
        if self._process != os.getpid():
            await self._reset_after_fork()
        permit = self._limiter.permit()
        lease: ConnectionLease = request.extensions.get(LEASE) or ConnectionLease()
        connection: AsyncPooledConnection | None = None
        try:
            url = request.url
            origin = Origin(
                url.scheme, url.host, url.port, async_current_loop(), uses_httpcore=requires_httpcore(request)
            )
            lease.begin(permit, origin.loop)
            await self._acquire(permit, request)
            connection = self._take(origin)
            response = await connection.handle_async_request(request, lease)
            body = cast("AsyncPooledBody", response.stream)
            response.stream = AsyncResponseStream(body, self, connection, origin, lease)
        except BaseException:
            permit.release()
            if connection is not None:
                await async_shielded(connection.aclose)
            raise
        return response

    async def _acquire(self, permit: Permit, request: AsyncRequest) -> None:
        try:
            await self._limiter.acquire(permit, request.extensions.get("timeout", {}).get("pool"))
        except TimeoutError:
            raise httpcore.PoolTimeout("all connections are in use") from None

    def _take(self, origin: Origin) -> AsyncPooledConnection:
        idle = self._idle.get(origin)
        while idle:
            try:
                # The one that was used last is the least likely to have been closed by the server. Another thread may
                # take it between the two.
                return idle.pop().slot.pop()
            except IndexError:
                continue
        return self._connect(origin)

    async def keep(self, slot: list[AsyncPooledConnection], origin: Origin) -> None:
        """Keep a connection for the next call, and close those that have waited for one too long."""
        if self._max_idle is not None and sum(map(len, list(self._idle.values()))) >= self._max_idle:
            await async_shielded(partial(_close, slot))
            return
        now = monotonic()
        idle = self._idle[origin]
        idle.append(_Idle(now, slot))
        loop = origin.loop
        if loop not in self._guards:
            self._discard_closed_loops()
            self._guards[loop] = None
            self._guards[loop] = await async_at_end_of_loop(partial(self._close_loop, loop))
        while idle and idle[0].since < now - self._keepalive_seconds:
            try:
                old = idle.popleft()
            except IndexError:
                return  # another thread took it
            await async_shielded(partial(_close, old.slot))

    async def aclose(self) -> None:
        """Close the connections that are not in use; one that is in use is closed when it comes back.

        Those of another event loop are closed when that loop ends: nothing can be awaited on its behalf.
        """
        self._closed = True
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
        """Whether connections that come back are closed."""
        return self._closed

    async def _close_loop(self, loop: Hashable) -> None:
        await self._close_idle(loop)
        self._guards.pop(loop, None)

    async def _close_idle(self, loop: Hashable) -> None:
        for origin in [origin for origin in list(self._idle) if origin.loop == loop]:
            for idle in self._idle.pop(origin, ()):
                await async_shielded(partial(_close, idle.slot))

    def _discard_closed_loops(self) -> None:
        """Let go of what belongs to an event loop that was closed without a word; its sockets close with it."""
        for loop in [loop for loop in list(self._guards) if async_is_closed_loop(loop)]:
            self._guards.pop(loop, None)
            for origin in [origin for origin in list(self._idle) if origin.loop == loop]:
                self._idle.pop(origin, None)

    async def _reset_after_fork(self) -> None:
        """Begin anew in a forked child: two processes that read from one socket would take each other's answers.

        Closing a copy of a socket leaves the parent's open. What belongs to an event loop of the parent's is left
        alone for ever, since whatever is done to it there may reach the parent.
        """
        idle = self._idle
        self._inherited.append((self._limiter, self._guards, idle))
        self._begin()
        for origin, connections in idle.items():
            for one in connections if origin.loop == async_current_loop() else ():
                await async_shielded(partial(_close, one.slot))


async def _close(slot: list[AsyncPooledConnection]) -> None:
    """Close a connection, unless somebody else has taken it."""
    try:
        connection = slot.pop()
    except IndexError:
        return
    await connection.aclose()


class AsyncResponseStream:
    """A body that gives its connection back when it was read to its end, and closes the connection when it was not."""

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
        """Give the connection back, or close it."""
        if self._returned:
            self._lease.release()  # a signal handler may have raised before it was
            return
        self._returned = True
        try:
            # Whoever bounds the reading may still be about to shut the socket down: not once it is another call's.
            sound = self._lease.end()
            if getattr(self._body, "reusable", False) and sound and self._lease.is_granted and not self._pool.closed:
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

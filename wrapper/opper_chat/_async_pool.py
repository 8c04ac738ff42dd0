"""The connections of a client: each a transport of its own, lent to one call at a time and taken back only if sound.

httpx's own pool searches all its connections for every request, and a call that is cancelled at the wrong moment can
leave one of its places taken for good. Here a connection whose call did not end well is thrown away whole.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Hashable
from time import monotonic
from typing import TypeAlias, cast

import httpx

from ._async_wait import LEAVE, LOOP, Room, undisturbed, where

Origin: TypeAlias = tuple[str, str, int | None, Hashable]
"""Scheme, host and port that a connection leads to, and the event loop that it belongs to."""


class AsyncPool(httpx.AsyncBaseTransport):
    """A transport for httpx that has connections to lend.

    Args:
        connect: makes the transport of one connection, for a scheme.
        limit: how many connections there may be.
        keep: seconds after which a connection that nobody uses is closed.
    """

    def __init__(self, connect: Callable[[str], httpx.AsyncBaseTransport], limit: int, keep: float) -> None:
        self._connect = connect
        self._keep = keep
        self._room = Room(limit)
        self._idle: defaultdict[Origin, deque[tuple[float, httpx.AsyncBaseTransport]]] = defaultdict(deque)
        self._closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request over a connection that nobody else uses.

        Raises:
            httpx.PoolTimeout: all connections stayed in use for longer than the request's timeout for the pool.
            httpx.TransportError: as the connection raises it.
        """
        seconds = request.extensions.get("timeout", {}).get("pool")
        try:
            await self._room.enter(seconds)
        except TimeoutError:
            raise httpx.PoolTimeout("all connections are in use", request=request) from None
        origin = (request.url.scheme, request.url.host, request.url.port, where())
        try:
            connection = self._grasp(origin)
        except BaseException:
            self._room.leave()
            raise
        try:
            response = await connection.handle_async_request(request)
        except BaseException:
            self._room.leave()
            await undisturbed(connection.aclose)
            raise
        lent = _LentStream(cast("httpx.AsyncByteStream", response.stream), self, connection, origin)
        response.stream = lent
        response.extensions = {**response.extensions, LEAVE: lent.leave, LOOP: origin[3]}
        return response

    def _grasp(self, origin: Origin) -> httpx.AsyncBaseTransport:
        try:
            # The one that was used last is the least likely to have been closed by the server. Another thread may
            # take it between a look and a grasp, so there is no look.
            return self._idle[origin].pop()[1]
        except IndexError:
            return self._connect(origin[0])

    async def take_back(self, connection: httpx.AsyncBaseTransport, origin: Origin) -> None:
        """Keep a connection for the next call, and close those that have waited for one too long."""
        now = monotonic()
        idle = self._idle[origin]
        idle.append((now, connection))
        while idle and idle[0][0] < now - self._keep:
            try:
                _, old = idle.popleft()
            except IndexError:
                return  # another thread took it
            await undisturbed(old.aclose)

    def make_room(self) -> None:
        """Let the next one in."""
        self._room.leave()

    async def aclose(self) -> None:
        """Close the connections that are not in use; one that is in use is closed when it comes back."""
        self._closed = True
        here = where()
        while self._idle:
            origin, connections = self._idle.popitem()
            for _, connection in connections:
                if origin[3] == here:  # nothing can be awaited on behalf of a loop that is gone
                    await undisturbed(connection.aclose)

    @property
    def closed(self) -> bool:
        """Whether connections that come back are closed."""
        return self._closed


class _LentStream(httpx.AsyncByteStream):
    """A body that gives its connection back when it was read to its end, and throws it away when it was not."""

    def __init__(
        self,
        stream: httpx.AsyncByteStream,
        pool: AsyncPool,
        connection: httpx.AsyncBaseTransport,
        origin: Origin,
    ) -> None:
        self._stream = stream
        self._pool = pool
        self._connection = connection
        self._origin = origin
        self._whole = False
        self._returned = False
        self._left = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            yield part
        self._whole = True

    def leave(self) -> None:
        """Make room for the next call. The connection is given back or closed by `aclose`."""
        if not self._left:
            self._left = True
            self._pool.make_room()

    async def aclose(self) -> None:
        if self._returned:
            return
        self._returned = True
        try:
            if self._whole and not self._left and not self._pool.closed:
                await self._stream.aclose()
                await self._pool.take_back(self._connection, self._origin)
                return
        except BaseException:
            self.leave()
            await undisturbed(self._connection.aclose)
            raise
        finally:
            self.leave()
        await undisturbed(self._connection.aclose)

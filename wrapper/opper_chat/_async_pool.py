"""The connections of a client: each a transport of its own, lent to one call at a time and taken back only if sound.

httpx's own pool searches all its connections for every request, and a call that is cancelled at the wrong moment can
leave one of its places taken for good. Here a connection whose call did not end well is thrown away whole.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import cast

import httpx

from ._async_wait import Room, undisturbed


class AsyncPool(httpx.AsyncBaseTransport):
    """A transport for httpx that has connections to lend.

    Args:
        connect: makes the transport of one connection, for a scheme.
        limit: how many connections there may be.
    """

    def __init__(self, connect: Callable[[str], httpx.AsyncBaseTransport], limit: int) -> None:
        self._connect = connect
        self._room = Room(limit)
        self._idle: dict[tuple[str, str, int | None], list[httpx.AsyncBaseTransport]] = {}
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
        origin = (request.url.scheme, request.url.host, request.url.port)
        idle = self._idle.get(origin)
        connection = idle.pop() if idle else self._connect(request.url.scheme)
        try:
            response = await connection.handle_async_request(request)
        except BaseException:
            await self.throw_away(connection)
            raise
        response.stream = _LentStream(cast("httpx.AsyncByteStream", response.stream), self, connection, origin)
        return response

    def take_back(self, connection: httpx.AsyncBaseTransport, origin: tuple[str, str, int | None]) -> None:
        """Keep a connection for the next call."""
        self._idle.setdefault(origin, []).append(connection)
        self._room.leave()

    async def throw_away(self, connection: httpx.AsyncBaseTransport) -> None:
        """Close a connection whose call did not end well, whatever state it is in."""
        self._room.leave()
        await undisturbed(connection.aclose)

    async def aclose(self) -> None:
        """Close the connections that are not in use; one that is in use is closed when it comes back."""
        self._closed = True
        while self._idle:
            _, connections = self._idle.popitem()
            for connection in connections:
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
        origin: tuple[str, str, int | None],
    ) -> None:
        self._stream = stream
        self._pool = pool
        self._connection = connection
        self._origin = origin
        self._whole = False
        self._returned = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            yield part
        self._whole = True

    async def aclose(self) -> None:
        if self._returned:
            return
        self._returned = True
        if not self._whole or self._pool.closed:
            await self._pool.throw_away(self._connection)
            return
        try:
            await self._stream.aclose()
        except BaseException:
            await self._pool.throw_away(self._connection)
            raise
        self._pool.take_back(self._connection, self._origin)

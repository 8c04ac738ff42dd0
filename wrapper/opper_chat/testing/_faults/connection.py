"""A connection through the proxy: forward requests and responses, and apply the faults to them."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import sys
from collections.abc import Callable

import h11

from .._loopback.received_request import ReceivedRequest
from .fault import Fault
from .http_reader import RawRequest, RequestReader, ResponseReader

_READ = 65536
_WRITES_PER_SECOND = 20
"""How many writes a second a throttled response has."""

# SO_LINGER: on, for 0 seconds. On Windows both fields are shorter.
_RESET = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class ProxyConnection:
    """The connection of a client, and the one to the server, which is opened for the first request.

    Args:
        client: The accepted socket, which must be non-blocking.
        server: Host and port of the server.
        on_request: Called with every complete request.
        next_fault: Returns the fault of a request.
    """

    def __init__(
        self,
        client: socket.socket,
        server: tuple[str, int],
        on_request: Callable[[ReceivedRequest], None],
        next_fault: Callable[[ReceivedRequest], Fault],
    ) -> None:
        self._client = client
        self._address = server
        self._on_request = on_request
        self._next_fault = next_fault
        self._server: socket.socket | None = None
        self._loop = asyncio.get_running_loop()
        self._requests: asyncio.Queue[RawRequest | None] = asyncio.Queue()

    async def run(self) -> None:
        """Serve the connection until the client or the server closes it, or a fault ends it."""
        self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        receiving = asyncio.create_task(self._receive())
        try:
            while (request := await self._requests.get()) is not None:
                if not await self._exchange(request, receiving):
                    break
        finally:
            receiving.cancel()
            try:
                await asyncio.wait({receiving})  # a socket must not be closed while it is being read
            finally:
                self._client.close()
                if self._server is not None:
                    self._server.close()

    async def _receive(self) -> None:
        """Read requests until the client closes the connection, which it can do at any time."""
        requests = RequestReader()
        try:
            while data := await self._loop.sock_recv(self._client, _READ):
                for request in requests.feed(data):
                    self._on_request(request.request)
                    self._requests.put_nowait(request)
        except (OSError, h11.RemoteProtocolError):
            pass  # the connection broke, or this is not HTTP
        self._requests.put_nowait(None)

    async def _exchange(self, request: RawRequest, receiving: asyncio.Task[None]) -> bool:
        """Respond to one request. Return whether the connection stays open."""
        responding = asyncio.create_task(self._respond(request, self._next_fault(request.request)))
        try:
            await asyncio.wait({responding, receiving}, return_when=asyncio.FIRST_COMPLETED)
            return responding.done() and responding.result()
        except OSError:
            self._reset()  # a connection that breaks on one side breaks on the other
            return False
        finally:
            responding.cancel()
            await asyncio.wait({responding})

    async def _respond(self, request: RawRequest, fault: Fault) -> bool:
        """Send the response with its fault. Return whether the connection stays open."""
        await asyncio.sleep(fault.delay)
        if fault.lost:
            return self._end(fault)
        limit = min(bytes_ for bytes_ in (fault.cut, fault.stall, sys.maxsize) if bytes_ is not None)
        response, sent_bytes = ResponseReader(request.request.method), 0
        data = fault.response if fault.response is not None else await self._forward(request.raw)
        while data:
            await self._send(data[: limit - sent_bytes], fault)
            sent_bytes += len(data)
            if sent_bytes >= limit:
                if limit == fault.stall:
                    await self._loop.create_future()  # which is never set
                return self._end(fault)
            response.feed(data)
            if response.is_complete or self._server is None:
                break
            data = await self._loop.sock_recv(self._server, _READ)
        if response.is_complete and fault.hang_up:
            # The client may not see the FIN in time. Its next request is read, so that it is counted, and dropped.
            self._client.shutdown(socket.SHUT_WR)
            await self._requests.get()
            return False
        return response.is_complete

    async def _forward(self, request: bytes) -> bytes:
        """Send a request to the server, and return the first bytes of the response: a 502 if there is no server."""
        if self._server is None:
            server = socket.socket(socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET)
            server.setblocking(False)
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                await self._loop.sock_connect(server, self._address)
            except BaseException as error:
                server.close()
                if isinstance(error, OSError):
                    return Fault.status(502).response or b""
                raise
            self._server = server
        await self._loop.sock_sendall(self._server, request)
        return await self._loop.sock_recv(self._server, _READ)

    async def _send(self, data: bytes, fault: Fault) -> None:
        """Send a part of the response at the rate, and in segments of the size, of the fault."""
        size = fault.segment or len(data)
        if fault.rate is not None:
            size = max(1, min(size, int(fault.rate / _WRITES_PER_SECOND)))
        for start in range(0, len(data), size or 1):
            segment = data[start : start + size]
            await self._loop.sock_sendall(self._client, segment)
            await asyncio.sleep(0 if fault.rate is None else len(segment) / fault.rate)

    def _end(self, fault: Fault) -> bool:
        if fault.reset:
            self._reset()
        return False

    def _reset(self) -> None:
        """Make the connection end with RST when it is closed."""
        self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

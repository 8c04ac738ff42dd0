"""One connection through the proxy: requests in, answers out, and what befalls them. Its sockets are its own."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import sys
from collections.abc import Callable

import h11

from .._replies.reply import ReceivedRequest
from .fault import Fault
from .http_reader import AnswerReader, Passing, RequestReader

_READ = 65536
_TURNS = 20
"""How many times a second a throttled answer goes on."""

# SO_LINGER: on, for no seconds. On Windows both members are shorter.
_RESET = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class Tunnel:
    """A client's connection, and the one behind it, which is opened when the server is first needed.

    Args:
        client: the accepted socket, which does not block.
        server: host and port of the server.
        arrived: takes note of every request that was read whole.
        choose: says what befalls a request.
    """

    def __init__(
        self,
        client: socket.socket,
        server: tuple[str, int],
        arrived: Callable[[ReceivedRequest], None],
        choose: Callable[[ReceivedRequest], Fault],
    ) -> None:
        self._client = client
        self._address = server
        self._arrived = arrived
        self._choose = choose
        self._server: socket.socket | None = None
        self._loop = asyncio.get_running_loop()
        self._requests: asyncio.Queue[Passing | None] = asyncio.Queue()

    async def run(self) -> None:
        """Serve the connection until one of its ends leaves or a fault ends it."""
        self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        receiving = asyncio.create_task(self._receive())
        try:
            while (passing := await self._requests.get()) is not None:
                if not await self._exchange(passing, receiving):
                    break
        finally:
            receiving.cancel()
            try:
                await asyncio.wait({receiving})  # a socket must not be closed while it is read
            finally:
                self._client.close()
                if self._server is not None:
                    self._server.close()

    async def _receive(self) -> None:
        """Read what the client sends until it leaves, which it may do at any time."""
        requests = RequestReader()
        try:
            while data := await self._loop.sock_recv(self._client, _READ):
                for passing in requests.feed(data):
                    self._arrived(passing.request)
                    self._requests.put_nowait(passing)
        except (OSError, h11.RemoteProtocolError):
            pass  # it broke off, or it speaks something else
        self._requests.put_nowait(None)

    async def _exchange(self, passing: Passing, receiving: asyncio.Task[None]) -> bool:
        """Answer one request; return whether the connection goes on."""
        answering = asyncio.create_task(self._answer(passing, self._choose(passing.request)))
        try:
            await asyncio.wait({answering, receiving}, return_when=asyncio.FIRST_COMPLETED)
            return answering.done() and answering.result()
        except OSError:
            self._reset()  # what broke on one side breaks on the other
            return False
        finally:
            answering.cancel()
            await asyncio.wait({answering})

    async def _answer(self, passing: Passing, fault: Fault) -> bool:
        """Do what `_exchange` says."""
        await asyncio.sleep(fault.delay)
        if fault.lost:
            return self._end(fault)
        limit = min(bytes_ for bytes_ in (fault.cut, fault.stall, sys.maxsize) if bytes_ is not None)
        answer, sent = AnswerReader(passing.request.method), 0
        data = fault.answer if fault.answer is not None else await self._pass_on(passing.raw)
        while data:
            await self._send(data[: limit - sent], fault)
            sent += len(data)
            if sent >= limit:
                if limit == fault.stall:
                    await self._loop.create_future()  # which nobody sets
                return self._end(fault)
            answer.feed(data)
            if answer.whole or self._server is None:
                break
            data = await self._loop.sock_recv(self._server, _READ)
        if answer.whole and fault.hang_up:
            # The client may not see it in time. Its next request is read, so that it counts, and lost.
            self._client.shutdown(socket.SHUT_WR)
            await self._requests.get()
            return False
        return answer.whole

    async def _pass_on(self, request: bytes) -> bytes:
        """Send a request to the server; return the first bytes of the answer, of a proxy's own where there is none."""
        if self._server is None:
            server = socket.socket(socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET)
            server.setblocking(False)
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                await self._loop.sock_connect(server, self._address)
            except BaseException as error:
                server.close()
                if isinstance(error, OSError):
                    return Fault.status(502).answer or b""
                raise
            self._server = server
        await self._loop.sock_sendall(self._server, request)
        return await self._loop.sock_recv(self._server, _READ)

    async def _send(self, data: bytes, fault: Fault) -> None:
        """Send a part of the answer as fast, and in pieces as small, as the fault lets it."""
        size = fault.segment or len(data)
        if fault.rate is not None:
            size = max(1, min(size, int(fault.rate / _TURNS)))
        for start in range(0, len(data), size or 1):
            piece = data[start : start + size]
            await self._loop.sock_sendall(self._client, piece)
            await asyncio.sleep(0 if fault.rate is None else len(piece) / fault.rate)

    def _end(self, fault: Fault) -> bool:
        if fault.reset:
            self._reset()
        return False

    def _reset(self) -> None:
        """Make the client's connection end with RST when it is closed."""
        self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

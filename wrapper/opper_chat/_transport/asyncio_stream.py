"""Network streams over the transports of an asyncio event loop, such as asyncio's own or uvloop's.

A stream receives data before `read` is called, up to a limit, and `read` takes what is there. One timer per stream
bounds its reads, which costs less than an `asyncio.timeout` for each.
"""

from __future__ import annotations

import asyncio
import math
import socket
from typing import cast

from .._http.library import httpcore
from .network import Server, extra_info
from .tls import has_close_notify

MAX_BUFFERED = 65536
"""Unread bytes beyond which the stream stops receiving."""

MAX_BUFFERED_TLS = 16_777_216
"""The same for TLS in other loops than asyncio's own. uvloop loses data that it holds back when the connection ends."""

SMALL_READ, LARGE_READ = 4096, 65536
"""Bytes of the buffer for one read: the first, and the one after a read that filled it."""

ONE_DAY = 86400.0
"""Seconds. A timeout that asyncio requires, where the caller has a shorter one."""


class AsyncioStream(asyncio.BaseProtocol):
    """A connection, as the protocol of an asyncio transport.

    Attributes:
        unexpected_eof: Whether the connection may have ended without TLS's ``close_notify`` alert.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.unexpected_eof = False
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._fragments: list[bytes] = []
        self._current: bytes = b""
        """The fragment that `read` returns parts of, before those."""
        self._offset = 0
        """The index of the next part."""
        self._buffered = 0
        """Unread bytes."""
        self._max_buffered = MAX_BUFFERED
        self._paused = False
        self._ended = False
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_deadline = 0.0
        """When the timer checks the deadline. Most reads end before, so that a new deadline needs no new timer."""

    async def start(self, server: Server) -> None:
        """Hand the socket to the event loop, and do the TLS handshake."""
        try:
            if server.tls is None:
                await self._loop.create_connection(lambda: self, sock=self._sock)
            else:
                await self._loop.create_connection(
                    lambda: self,
                    sock=self._sock,
                    ssl=server.tls,
                    server_hostname=server.host,
                    ssl_handshake_timeout=ONE_DAY,
                )
        except BaseException:
            if self._transport is None:  # with a transport, the event loop closes the socket
                self._sock.close()
            raise

    async def read(self, size: int, timeout: float | None) -> bytes:
        if self._buffered or self._ended:
            await asyncio.sleep(0)  # let other tasks run, and deliver a pending cancellation
        else:
            reader = self._reader = self._loop.create_future()
            self._deadline = math.inf if timeout is None else self._loop.time() + timeout
            if self._deadline < (self._timer_deadline if self._timer else math.inf):
                self._set_timer()
            try:
                await reader
            except TimeoutError as error:
                raise httpcore.ReadTimeout(str(error)) from error
            finally:
                self._reader = None
        if not self._buffered:
            if self._error is not None:
                raise httpcore.ReadError(str(self._error)) from self._error
            return b""
        return self._take(size)

    async def write(self, data: bytes, timeout: float | None) -> None:
        transport = self._transport
        if transport is None or self._ended or transport.is_closing():
            raise httpcore.WriteError(str(self._error or "the connection was closed")) from self._error
        transport.write(data)
        del data  # it can contain the API key, which a traceback with variables would show
        if self._writer is not None:
            try:
                async with asyncio.timeout(timeout):
                    await self._writer
            except TimeoutError as error:
                raise httpcore.WriteTimeout(str(error)) from error
            if self._error is not None:
                raise httpcore.WriteError(str(self._error)) from self._error

    async def aclose(self) -> None:
        self._stop_timer()
        if self._transport is not None:
            self._transport.abort()  # `close` would wait until a request that nobody waits for any more is sent
            await asyncio.sleep(0)  # the loop closes the socket in its next iteration

    async def is_readable(self) -> bool:
        return bool(self._buffered) or self._ended or bool(self.get_extra_info("is_readable"))

    def get_extra_info(self, info: str) -> object:
        transport = self._transport
        return extra_info(self._sock, transport and transport.get_extra_info("ssl_object"), info)

    def _take(self, size: int) -> bytes:
        if self._offset == len(self._current):
            fragments, self._fragments = self._fragments, []
            self._current, self._offset = fragments[0] if len(fragments) == 1 else b"".join(fragments), 0
        at = self._offset  # to remove what was read would copy the rest each time
        data = self._current[at : at + size]
        self._offset = at + len(data)
        self._buffered -= len(data)
        if not self._buffered:
            self._current, self._offset = b"", 0
        if self._paused and self._buffered <= self._max_buffered and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return data

    def _set_timer(self) -> None:
        self._stop_timer()
        self._timer_deadline = self._deadline
        self._timer = self._loop.call_at(self._deadline, self._check_deadline)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check_deadline(self) -> None:
        self._timer = None
        if self._reader is None or self._reader.done() or self._deadline == math.inf:
            return
        if self._loop.time() >= self._deadline:
            self._reader.set_exception(TimeoutError())
        else:  # another read began since the timer was set
            self._set_timer()

    # The methods of asyncio.Protocol, which the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._fragments.append(data)
        self._buffered += len(data)
        if self._buffered > self._max_buffered and not self._paused and self._transport is not None:
            # The server has to wait then, by the flow control of TCP (RFC 9293 section 3.8.6).
            self._paused = True
            self._transport.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> None:
        self._ended = True
        _wake(self._reader)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._error = exc
        self._stop_timer()
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        self._writer = self._loop.create_future()

    def resume_writing(self) -> None:
        _wake(self._writer)
        self._writer = None


class TCPStream(AsyncioStream, asyncio.BufferedProtocol):
    """A connection without TLS. It has its own buffers, because asyncio allocates 256 KiB for each read."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self._buffer = memoryview(b"")
        self._buffer_size = SMALL_READ

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  # without TLS, it is -1
        # A new one each time: some loops read into it while other code runs.
        self._buffer = memoryview(bytearray(self._buffer_size))
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        data, self._buffer = bytes(self._buffer[:nbytes]), memoryview(b"")
        self._buffer_size = LARGE_READ if nbytes >= SMALL_READ else SMALL_READ
        self.data_received(data)


class TLSStream(AsyncioStream, asyncio.Protocol):
    """A connection by TLS. Not a BufferedProtocol, into which asyncio does not put all data before the end."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        if not isinstance(self._loop, asyncio.BaseEventLoop):
            self._max_buffered = MAX_BUFFERED_TLS

    def eof_received(self) -> None:
        # asyncio calls this also without the alert; other loops do not.
        tls = self.get_extra_info("ssl_object")
        self.unexpected_eof = tls is None or not has_close_notify(tls)
        super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.unexpected_eof = self.unexpected_eof or not self._ended
        super().connection_lost(exc)


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)

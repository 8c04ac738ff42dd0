"""The network of the async shells: connections by TCP, with or without TLS.

Its twin `_network` has the same names for the sync shells. Under asyncio by its transports, whichever loop it is;
elsewhere, which is trio, by anyio, as httpcore has it: that bounds every read and write by a scope, at half of what a
streamed chunk costs that comes alone.
"""

from __future__ import annotations

import asyncio
import math
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from itertools import zip_longest
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, cast

from sniffio import current_async_library

from ._library import Library, core_of
from ._network import NO_DELAY, NetworkError, Server, Steps, extra_info

if TYPE_CHECKING:
    import httpcore

__all__ = ["AsyncNetworkStream", "NetworkError", "Server", "Steps", "connect"]

MOST_WAITING = 65536
"""Bytes that were not asked for yet, beyond which no more are taken from the system."""

MOST_WAITING_BY_TLS = 16_777_216
"""The same by TLS under loops that are not asyncio's own: uvloop loses what it holds back when the connection ends."""

SHORT, LONG = 4096, 65536
"""Bytes that there is room for in one read: at first, and where a read before it was not a short one."""

HEAD_START = 0.25
"""Seconds that each address of a host has before the next is tried beside it (RFC 8305 section 5)."""

ENDLESS = 86400.0
"""Seconds, where a bound cannot be left out and another holds."""


class AsyncNetworkStream(Protocol):
    """The bytes of one connection."""

    async def read(self, size: int, timeout: float | None) -> bytes:
        """Return the next bytes, so many at most; none at the end.

        Raises:
            NetworkError: there are none, or not in time.
        """
        ...

    async def write(self, data: bytes, timeout: float | None) -> None:
        """Send some bytes.

        Raises:
            NetworkError: they were not taken, or not in time.
        """
        ...

    async def aclose(self) -> None:
        """Close the connection."""
        ...

    async def has_more(self) -> bool:
        """Whether there is something to be read, or the end."""
        ...

    def get_extra_info(self, info: str) -> object:
        """Return what httpcore's streams of a network tell by these names; None for any other."""
        ...


async def connect(
    library: Library, server: Server, steps: Steps, watch: Callable[[object], object]
) -> AsyncNetworkStream:
    """Connect to a server. The arguments are those of the twin, and so is what is raised."""
    if current_async_library() != "asyncio":
        return await _connect_by_anyio(library, server, steps, watch)
    try:
        async with asyncio.timeout(steps.get("connect")):
            sock = await _reached(server.host, server.port)
        stream = _PlainStream(sock) if server.tls is None else _TLSStream(sock)
        async with asyncio.timeout(steps.get("connect")):
            await stream.begin(server)
    except TimeoutError as error:
        raise NetworkError("ConnectTimeout", error) from error
    except OSError as error:
        raise NetworkError("ConnectError", error) from error
    watch(stream)
    return stream


class _LoopStream(asyncio.BaseProtocol):
    """A connection of an event loop of asyncio, which reads ahead of whoever reads."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._pieces: list[bytes] = []
        self._piece: bytes = b""
        """What is given out, in parts, before those."""
        self._at = 0
        """Where in it the next part begins."""
        self._waiting = 0
        """Bytes that were not given out."""
        self._most_waiting = MOST_WAITING
        self._paused = False
        self._ended = False
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0
        """When the timer will look whether the time of the reader is up. Most reads end before, and moving `_due` then
        costs nothing."""

    async def begin(self, server: Server) -> None:
        """Have the loop take the socket over."""
        try:
            if server.tls is None:
                await self._loop.create_connection(lambda: self, sock=self._sock)
            else:
                await self._loop.create_connection(
                    lambda: self,
                    sock=self._sock,
                    ssl=server.tls,
                    server_hostname=server.host,
                    ssl_handshake_timeout=ENDLESS,
                )
        except BaseException:
            if self._transport is None:
                self._sock.close()
            raise

    async def read(self, size: int, timeout: float | None) -> bytes:
        if self._waiting or self._ended:
            await asyncio.sleep(0)  # others have their turn, and whoever cancels this task is heard
        else:
            reader = self._reader = self._loop.create_future()
            self._due = math.inf if timeout is None else self._loop.time() + timeout
            if self._due < (self._timer_due if self._timer else math.inf):
                self._set_timer()
            try:
                await reader
            except TimeoutError as error:
                raise NetworkError("ReadTimeout", error) from error
            finally:
                self._reader = None
        if not self._waiting:
            if self._error is not None:
                raise NetworkError("ReadError", self._error) from self._error
            return b""
        return self._take(size)

    async def write(self, data: bytes, timeout: float | None) -> None:
        transport = self._transport
        if transport is None or self._ended or transport.is_closing():
            raise NetworkError("WriteError", self._error or "the connection was closed") from self._error
        transport.write(data)
        del data  # it may have the key in it, and whoever is interrupted here would show it
        if self._writer is not None:
            try:
                async with asyncio.timeout(timeout):
                    await self._writer
            except TimeoutError as error:
                raise NetworkError("WriteTimeout", error) from error
            if self._error is not None:
                raise NetworkError("WriteError", self._error) from self._error

    async def aclose(self) -> None:
        self._stop_timer()
        if self._transport is not None:
            self._transport.abort()
            await asyncio.sleep(0)  # the loop closes the socket in its next turn

    async def has_more(self) -> bool:
        return bool(self._waiting) or self._ended or bool(self.get_extra_info("is_readable"))

    def get_extra_info(self, info: str) -> object:
        transport = self._transport
        return extra_info(self._sock, transport and transport.get_extra_info("ssl_object"), info)

    def _take(self, size: int) -> bytes:
        if self._at == len(self._piece):
            pieces, self._pieces = self._pieces, []
            self._piece, self._at = pieces[0] if len(pieces) == 1 else b"".join(pieces), 0
        at = self._at
        data = self._piece[at : at + size]
        self._at = at + len(data)
        self._waiting -= len(data)
        if not self._waiting:
            self._piece, self._at = b"", 0
        if self._paused and self._waiting <= self._most_waiting and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return data

    def _set_timer(self) -> None:
        self._stop_timer()
        self._timer_due = self._due
        self._timer = self._loop.call_at(self._due, self._look_at_time)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_at_time(self) -> None:
        self._timer = None
        if self._reader is None or self._reader.done() or self._due == math.inf:
            return
        if self._loop.time() >= self._due:
            self._reader.set_exception(TimeoutError())
        else:
            self._set_timer()

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._pieces.append(data)
        self._waiting += len(data)
        if self._waiting > self._most_waiting and not self._paused and self._transport is not None:
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


class _PlainStream(_LoopStream, asyncio.BufferedProtocol):
    """One that is not by TLS.

    With buffers of its own: for each piece, however short, a loop takes a quarter of a megabyte, and gives it back.
    """

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self._buffer = memoryview(b"")
        self._room = SHORT

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  # there is none without TLS
        # Anew each time: there are loops that read into it while something else is done.
        self._buffer = memoryview(bytearray(self._room))
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        data, self._buffer = bytes(self._buffer[:nbytes]), memoryview(b"")
        self._room = LONG if nbytes >= SHORT else SHORT
        self.data_received(data)


class _TLSStream(_LoopStream, asyncio.Protocol):
    """One by TLS. Into a buffer of its own, the loop would not put all that is left at the end of a connection."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        if not isinstance(self._loop, asyncio.BaseEventLoop):
            self._most_waiting = MOST_WAITING_BY_TLS


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


async def _reached(host: str, port: int) -> socket.socket:
    """Connect to the first address of a host that lets us in, trying several at once where one keeps us waiting."""
    places = await _addresses(host, port)
    if len(places) == 1:
        return await _connected(*places[0])
    trying: set[asyncio.Task[socket.socket]] = set()
    failed: OSError | None = None
    try:
        while places or trying:
            if places:
                trying.add(asyncio.create_task(_connected(*places.pop(0))))
            done, trying = await asyncio.wait(
                trying, timeout=HEAD_START if places else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                error = task.exception()
                if error is None:
                    done.discard(task)
                    trying |= done
                    return task.result()
                if not isinstance(error, OSError):
                    raise error
                failed = error
    finally:
        for task in trying:
            task.cancel()
            task.add_done_callback(_discard)
    raise failed or OSError("the host has no address")


Place = tuple[int, object]
"""The family of an address, and the address as sockets take it."""


async def _connected(family: int, address: Any) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(*NO_DELAY)
        await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


def _discard(task: asyncio.Task[socket.socket]) -> None:
    """Close what was reached after another address was."""
    if not task.cancelled() and task.exception() is None:
        task.result().close()


async def _addresses(host: str, port: int) -> list[Place]:
    """Return the addresses of a host, those of its two families by turns."""
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):
            socket.inet_pton(family, host)
            return [(family, (host, port))]  # nobody need be asked
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    places = list(dict.fromkeys((int(family), address) for family, *_, address in found))
    first = [place for place in places if place[0] == places[0][0]]
    second = [place for place in places if place[0] != places[0][0]]
    return [place for both in zip_longest(first, second) for place in both if place is not None]


async def _connect_by_anyio(
    library: Library, server: Server, steps: Steps, watch: Callable[[object], object]
) -> AsyncNetworkStream:
    core = core_of(library)
    backend: httpcore.AsyncNetworkBackend = core.AnyIOBackend()
    with _Faults(core):
        stream = await backend.connect_tcp(server.host, server.port, steps.get("connect"))
        if server.tls is not None:
            stream = await stream.start_tls(server.tls, server.host, steps.get("connect"))
    watch(stream)
    return _CoreStream(core, stream)


class _CoreStream:
    """A connection as httpcore makes it."""

    def __init__(self, core: Any, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._faults = _Faults(core)

    async def read(self, size: int, timeout: float | None) -> bytes:
        with self._faults:
            return await self._stream.read(size, timeout)

    async def write(self, data: bytes, timeout: float | None) -> None:
        stream = self._stream
        with self._faults:
            await stream.write(data, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def has_more(self) -> bool:
        if self._stream.get_extra_info("is_readable"):
            return True
        if self._stream.get_extra_info("ssl_object") is None:
            return False
        try:  # TLS reads ahead of its socket, which says nothing of it
            await self.read(1, 0)
        except NetworkError as fault:
            return fault.name != "ReadTimeout"
        return True

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class _Faults:
    """Turns what httpcore raises within into what this room raises."""

    __slots__ = ("_core",)

    def __init__(self, core: Any) -> None:
        self._core = core

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, (self._core.TimeoutException, self._core.NetworkError)):
            raise NetworkError(type(error).__name__, error) from error
        if isinstance(error, ssl.SSLError):  # where a record is broken, which httpcore leaves as it is
            raise NetworkError("ReadError", error) from error

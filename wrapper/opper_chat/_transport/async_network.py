"""Network streams of the async transport: TCP with or without TLS. Raises the exceptions of httpcore.

`network` has the same names for the sync transport. Under asyncio and uvloop, the streams are those of
`asyncio_stream`; under trio, those of httpcore's anyio backend.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from itertools import zip_longest
from types import TracebackType
from typing import Any, Protocol, cast

from sniffio import current_async_library

from .._http.library import httpcore
from .asyncio_stream import TCPStream, TLSStream
from .network import NO_DELAY, HTTPTimeouts, Server
from .tls import has_close_notify

__all__ = ["AsyncNetworkStream", "HTTPTimeouts", "Server", "connect"]

CONNECTION_ATTEMPT_DELAY = 0.25
"""Seconds after which the next address of a host is tried too (RFC 8305 section 5)."""


class AsyncNetworkStream(Protocol):
    """A connection.

    Attributes:
        unexpected_eof: Whether the connection, if it has ended, may have ended without TLS's ``close_notify`` alert.
    """

    unexpected_eof: bool

    async def read(self, size: int, timeout: float | None) -> bytes:
        """Return the next bytes, or no bytes at the end of the connection.

        Args:
            size: The most bytes to return.
            timeout: Seconds to wait, or None for no limit.

        Raises:
            ReadTimeout, ReadError: Of httpcore.
        """
        ...

    async def write(self, data: bytes, timeout: float | None) -> None:
        """Send bytes.

        Args:
            data: The bytes.
            timeout: Seconds to wait until the system accepts them, or None for no limit.

        Raises:
            WriteTimeout, WriteError: Of httpcore.
        """
        ...

    async def aclose(self) -> None:
        """Close the connection."""
        ...

    async def is_readable(self) -> bool:
        """Return whether `read` would return at once: with bytes, the end or an error."""
        ...

    def get_extra_info(self, info: str) -> object:
        """Return a property by its name in httpcore, or None: `network.extra_info`."""
        ...


async def connect(server: Server, timeouts: HTTPTimeouts, attach: Callable[[object], object]) -> AsyncNetworkStream:
    """Connect to a server. Arguments and errors are those of `network.connect`."""
    if current_async_library() != "asyncio":
        return await _connect_by_anyio(server, timeouts, attach)
    try:
        async with asyncio.timeout(timeouts.get("connect")):
            sock = await _connect_tcp(server.host, server.port)
        # The timeout is that of one operation, as in httpcore: the handshake has its own.
        stream = TCPStream(sock) if server.tls is None else TLSStream(sock)
        async with asyncio.timeout(timeouts.get("connect")):
            await stream.start(server)
    except TimeoutError as error:
        raise httpcore.ConnectTimeout(str(error)) from error
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error
    attach(stream)
    return stream


async def _connect_tcp(host: str, port: int) -> socket.socket:
    """Connect to the first address of a host that accepts. If one takes long, try the next too (RFC 8305)."""
    addresses = await _addresses(host, port)
    if len(addresses) == 1:
        return await _connect_address(*addresses[0])
    trying: set[asyncio.Task[socket.socket]] = set()
    failed: OSError | None = None
    try:
        while addresses or trying:
            if addresses:
                trying.add(asyncio.create_task(_connect_address(*addresses.pop(0))))
            done, trying = await asyncio.wait(
                trying, timeout=CONNECTION_ATTEMPT_DELAY if addresses else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                error = task.exception()
                if error is None:
                    done.discard(task)
                    trying |= done  # others may have connected at the same moment, and are closed below
                    return task.result()
                if not isinstance(error, OSError):
                    raise error
                failed = error
    finally:
        for task in trying:
            task.cancel()
            task.add_done_callback(_close_result)
    raise failed or OSError("the host has no address")


SocketAddress = tuple[int, object]
"""The address family, and the address in the form of the socket module."""


async def _connect_address(family: int, address: Any) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(*NO_DELAY)
        await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


def _close_result(task: asyncio.Task[socket.socket]) -> None:
    """Close a connection that came after one to another address."""
    if not task.cancelled() and task.exception() is None:
        task.result().close()


async def _addresses(host: str, port: int) -> list[SocketAddress]:
    """Return the addresses of a host, IPv6 and IPv4 by turns (RFC 8305 section 4)."""
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):
            socket.inet_pton(family, host)
            return [(family, (host, port))]  # an IP address needs no resolver
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys((int(family), address) for family, *_, address in found))
    first = [address for address in addresses if address[0] == addresses[0][0]]
    second = [address for address in addresses if address[0] != addresses[0][0]]
    return [address for both in zip_longest(first, second) for address in both if address is not None]


async def _connect_by_anyio(
    server: Server, timeouts: HTTPTimeouts, attach: Callable[[object], object]
) -> AsyncNetworkStream:
    backend: httpcore.AsyncNetworkBackend = cast("Any", httpcore.AnyIOBackend())
    with _TLSErrors():
        stream = await backend.connect_tcp(server.host, server.port, timeouts.get("connect"))
        if server.tls is not None:
            stream = await stream.start_tls(server.tls, server.host, timeouts.get("connect"))
    attach(stream)
    return _AnyIOStream(stream)


class _AnyIOStream:
    """A connection over a network stream of httpcore."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self.unexpected_eof = False
        self._stream = stream
        self._tls_errors = _TLSErrors()

    async def read(self, size: int, timeout: float | None) -> bytes:
        with self._tls_errors:
            data = await self._stream.read(size, timeout)
        if not data:
            tls = self._stream.get_extra_info("ssl_object")
            self.unexpected_eof = tls is not None and not has_close_notify(tls)
        return data

    async def write(self, data: bytes, timeout: float | None) -> None:
        stream = self._stream
        with self._tls_errors:
            await stream.write(data, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def is_readable(self) -> bool:
        if self._stream.get_extra_info("is_readable"):
            return True
        if self._stream.get_extra_info("ssl_object") is None:
            return False
        try:  # TLS may have read it from the socket already
            await self.read(1, 0)
        except httpcore.ReadTimeout:
            return False
        except httpcore.ReadError:
            pass
        return True

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class _TLSErrors:
    """Translates the exceptions of TLS that httpcore does not, such as that of a broken record."""

    __slots__ = ()

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, ssl.SSLError):
            raise httpcore.ReadError(str(error)) from error

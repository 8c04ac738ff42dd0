"""The network of the async transport: connections by TCP, with or without TLS.

`network` has the same names for the sync transport. Under asyncio this uses the transports of the event loop, whichever
that is; under trio the anyio backend of httpcore, which bounds every read and write by a scope of its own.
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
from .network import NO_DELAY, Server, Timeouts
from .tls import has_close_notify

__all__ = ["AsyncNetworkStream", "Server", "Timeouts", "connect"]

CONNECTION_ATTEMPT_DELAY = 0.25
"""Seconds that each address of a host has before the next is tried beside it (RFC 8305 section 5)."""


class AsyncNetworkStream(Protocol):
    """The bytes of one connection.

    Attributes:
        unexpected_eof: Whether the server ended the connection without the ``close_notify`` alert of TLS.
    """

    unexpected_eof: bool

    async def read(self, size: int, timeout: float | None) -> bytes:
        """Return the next bytes, so many at most; none at the end.

        Raises:
            ReadTimeout, ReadError: of httpcore.
        """
        ...

    async def write(self, data: bytes, timeout: float | None) -> None:
        """Send some bytes.

        Raises:
            WriteTimeout, WriteError: of httpcore.
        """
        ...

    async def aclose(self) -> None:
        """Close the connection."""
        ...

    async def is_readable(self) -> bool:
        """Whether there is something to be read, or the end."""
        ...

    def get_extra_info(self, info: str) -> object:
        """Return what httpcore's streams of a network tell by these names; None for any other."""
        ...


async def connect(server: Server, timeouts: Timeouts, attach: Callable[[object], object]) -> AsyncNetworkStream:
    """Connect to a server. Arguments and errors are those of `network.connect`."""
    if current_async_library() != "asyncio":
        return await _connect_by_anyio(server, timeouts, attach)
    try:
        async with asyncio.timeout(timeouts.get("connect")):
            sock = await _connect_tcp(server.host, server.port)
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
    """Connect to the first address of a host that lets us in, trying several at once where one keeps us waiting."""
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
                    trying |= done
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
"""The family of an address, and the address as sockets take it."""


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
    """Close what was reached after another address was."""
    if not task.cancelled() and task.exception() is None:
        task.result().close()


async def _addresses(host: str, port: int) -> list[SocketAddress]:
    """Return the addresses of a host, those of its two families by turns."""
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):
            socket.inet_pton(family, host)
            return [(family, (host, port))]  # nobody need be asked
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys((int(family), address) for family, *_, address in found))
    first = [address for address in addresses if address[0] == addresses[0][0]]
    second = [address for address in addresses if address[0] != addresses[0][0]]
    return [address for both in zip_longest(first, second) for address in both if address is not None]


async def _connect_by_anyio(
    server: Server, timeouts: Timeouts, attach: Callable[[object], object]
) -> AsyncNetworkStream:
    backend: httpcore.AsyncNetworkBackend = cast("Any", httpcore.AnyIOBackend())
    with _TLSErrors():
        stream = await backend.connect_tcp(server.host, server.port, timeouts.get("connect"))
        if server.tls is not None:
            stream = await stream.start_tls(server.tls, server.host, timeouts.get("connect"))
    attach(stream)
    return _AnyIOStream(stream)


class _AnyIOStream:
    """A connection as httpcore makes it."""

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
        try:  # TLS reads ahead of its socket, which says nothing of it
            await self.read(1, 0)
        except httpcore.ReadTimeout:
            return False
        except httpcore.ReadError:
            pass
        return True

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class _TLSErrors:
    """Turns the errors of TLS that httpcore leaves as they are, such as those of a broken record, into its own."""

    __slots__ = ()

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, ssl.SSLError):
            raise httpcore.ReadError(str(error)) from error

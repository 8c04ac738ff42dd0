"""Network streams of the sync transport: TCP with or without TLS. Raises the exceptions of httpcore.

`async_network` has the same names for the async transport. They are two modules, so that a sync client does not import
asyncio.
"""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import NamedTuple, TypeVar

from .._http.library import httpcore
from .tls import ignores_unexpected_eof, is_unexpected_eof

HTTPTimeouts = Mapping[str, float | None]
"""Seconds by the names of httpx's timeouts: ``connect``, ``read``, ``write`` and ``pool``.

A value is looked up when its operation begins, so that the mapping can return what a deadline leaves."""

MIN_SECONDS = 0.001
"""Seconds that connecting to an address gets if no time is left. To a socket, 0 means that it must not block."""

NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
"""The option without which a body that is sent after its headers can wait for their acknowledgement (RFC 9293 section
3.7.4)."""


class Server(NamedTuple):
    """The address of a server."""

    host: str
    """Its name or its IP address."""
    port: int
    tls: ssl.SSLContext | None
    """The context in which it is verified, or None for TCP without TLS."""


class NetworkStream:
    """A connection.

    Attributes:
        unexpected_eof: Whether the connection, if it has ended, may have ended without TLS's ``close_notify`` alert.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.unexpected_eof = isinstance(sock, ssl.SSLSocket) and ignores_unexpected_eof(sock)
        self._sock = sock
        self._timeout: float | None = -1  # unlike any timeout, so that the first operation sets one

    def read(self, size: int, timeout: float | None) -> bytes:
        """Return the next bytes, or no bytes at the end of the connection.

        Args:
            size: The most bytes to return.
            timeout: Seconds to wait, or None for no limit.

        Raises:
            ReadTimeout, ReadError: Of httpcore.
        """
        try:
            self._set_timeout(timeout)
            return self._sock.recv(size)
        except TimeoutError as error:
            raise httpcore.ReadTimeout(str(error)) from error
        except OSError as error:
            if is_unexpected_eof(error):
                self.unexpected_eof = True
                return b""
            raise httpcore.ReadError(str(error)) from error

    def write(self, data: bytes, timeout: float | None) -> None:
        """Send bytes.

        Args:
            data: The bytes.
            timeout: Seconds to wait until the system accepts some of them, or None for no limit.

        Raises:
            WriteTimeout, WriteError: Of httpcore.
        """
        try:
            self._set_timeout(timeout)
            # Not `sendall`, which applies the timeout to all bytes together. httpx's restarts with each that is sent.
            sent = self._sock.send(data)
            if sent < len(data):
                rest = memoryview(data)
                while sent < len(data):
                    sent += self._sock.send(rest[sent:])
        except TimeoutError as error:
            raise httpcore.WriteTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    def close(self) -> None:
        """Close the connection."""
        self._sock.close()

    def is_readable(self) -> bool:
        """Return whether `read` would return at once: with bytes, the end or an error."""
        return is_readable(self._sock)

    def get_extra_info(self, info: str) -> object:
        """Return a property by its name in httpcore, or None: `extra_info`."""
        return extra_info(self._sock, self._sock if isinstance(self._sock, ssl.SSLSocket) else None, info)

    def _set_timeout(self, timeout: float | None) -> None:
        if timeout != self._timeout:  # a system call, also if it is the same
            self._sock.settimeout(timeout)
            self._timeout = timeout


def extra_info(sock: socket.socket, tls: object, info: str) -> object:
    """Return a property of a connection by its name in httpcore, or None if there is none.

    The names: https://www.encode.io/httpcore/extensions/#network_stream.
    """
    if info == "socket":
        return sock
    if info == "ssl_object":
        return tls
    if info == "is_readable":
        return is_readable(sock)
    try:
        return {"client_addr": sock.getsockname, "server_addr": sock.getpeername}[info]()
    except (KeyError, OSError):
        return None


def is_readable(sock: socket.socket) -> bool:
    """Return whether a socket has data, or its end, to read."""
    number = sock.fileno()
    if number < 0:
        return True
    if hasattr(select, "poll"):  # unlike select, it takes file descriptors above 1023
        poll = select.poll()
        poll.register(number, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([number], [], [], 0)[0])


def connect(server: Server, timeouts: HTTPTimeouts, attach: Callable[[object], object]) -> NetworkStream:
    """Connect to a server.

    Args:
        server: The server.
        timeouts: ``connect`` bounds connecting by TCP, and then the TLS handshake.
        attach: Called with the stream as soon as there is one, and again with the stream over TLS.

    Raises:
        ConnectTimeout, ConnectError: Of httpcore. The server could not be reached or verified.
    """
    sock = _map_errors(lambda: _connect_tcp(server.host, server.port, timeouts.get("connect")))
    stream = NetworkStream(sock)
    try:
        sock.setsockopt(*NO_DELAY)
        attach(stream)  # before the handshake, so that a deadline can end it
        if server.tls is not None:
            sock.settimeout(timeouts.get("connect"))
            tls, host = server.tls, server.host
            stream = NetworkStream(_map_errors(lambda: _start_tls(tls, sock, host)))
            attach(stream)
    except BaseException:
        stream.close()
        raise
    return stream


def _start_tls(tls: ssl.SSLContext, sock: socket.socket, host: str) -> socket.socket:
    # By default, an end without close_notify looks like any other end.
    return tls.wrap_socket(sock, server_hostname=host, suppress_ragged_eofs=False)


T = TypeVar("T")


def _map_errors(work: Callable[[], T]) -> T:
    try:
        return work()
    except TimeoutError as error:
        raise httpcore.ConnectTimeout(str(error)) from error
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error


def _connect_tcp(host: str, port: int, seconds: float | None) -> socket.socket:
    """Connect to the first address of a host that accepts. All addresses share the timeout."""
    due = None if seconds is None else monotonic() + seconds
    *others, last = _addresses(host, port)

    def share(untried: int) -> float | None:
        return None if due is None else max(due - monotonic(), MIN_SECONDS) / untried

    for number, address in enumerate(others):
        with suppress(OSError):
            return socket.create_connection((address, port), share(len(others) - number + 1))
    return socket.create_connection((last, port), share(1))


def _addresses(host: str, port: int) -> list[str]:
    """Return the addresses of a host, or the host itself if it cannot be resolved."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return [host]  # connecting raises the error
    return list(dict.fromkeys(str(address[0]) for *_, address in found)) or [host]

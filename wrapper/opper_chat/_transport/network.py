"""The network of the sync transport: connections by TCP, with or without TLS.

`async_network` has the same names for the async transport. Errors are those of httpcore.
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

Timeouts = Mapping[str, float | None]
"""Seconds that each step may take, by its name; looked up when the step begins."""

MIN_SECONDS = 0.001
"""Seconds that connecting to an address gets if no time is left. To a socket, 0 means that it must not block."""

NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class Server(NamedTuple):
    """Where to connect to."""

    host: str
    """Its name or its address."""
    port: int
    tls: ssl.SSLContext | None
    """The context in which it is verified, where it is spoken to by TLS."""


class NetworkStream:
    """The bytes of one connection.

    Attributes:
        unexpected_eof: Whether the connection, if it has ended, may have ended without TLS's ``close_notify`` alert.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.unexpected_eof = isinstance(sock, ssl.SSLSocket) and ignores_unexpected_eof(sock)
        self._sock = sock
        self._timeout: float | None = -1

    def read(self, size: int, timeout: float | None) -> bytes:
        """Return the next bytes, so many at most; none at the end.

        Raises:
            ReadTimeout, ReadError: of httpcore.
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
        """Send some bytes. The timeout is that of each part which the system takes.

        Raises:
            WriteTimeout, WriteError: of httpcore.
        """
        try:
            self._set_timeout(timeout)
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
        """Whether there is something to be read, or the end."""
        return is_readable(self._sock)

    def get_extra_info(self, info: str) -> object:
        """Return what httpcore's streams of a network tell by these names; None for any other."""
        return extra_info(self._sock, self._sock if isinstance(self._sock, ssl.SSLSocket) else None, info)

    def _set_timeout(self, timeout: float | None) -> None:
        if timeout != self._timeout:  # the system is asked each time, whether it is another or not
            self._sock.settimeout(timeout)
            self._timeout = timeout


def extra_info(sock: socket.socket, tls: object, info: str) -> object:
    """Return what is asked of a connection: https://www.encode.io/httpcore/extensions/#network_stream."""
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
    """Whether there is something to be read from a socket, or its end."""
    number = sock.fileno()
    if number < 0:
        return True
    if hasattr(select, "poll"):  # which, unlike the other, knows sockets of any number
        poll = select.poll()
        poll.register(number, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([number], [], [], 0)[0])


def connect(server: Server, timeouts: Timeouts, attach: Callable[[object], object]) -> NetworkStream:
    """Connect to a server.

    Args:
        server: where it is.
        timeouts: seconds that each step may take; these are two, both by the name ``connect``.
        attach: is called with each stream as soon as there is one: TLS puts another around that which was there.

    Raises:
        ConnectTimeout, ConnectError: of httpcore: it could not be reached, or is not the one.
    """
    sock = _map_errors(lambda: _connect_tcp(server.host, server.port, timeouts.get("connect")))
    stream = NetworkStream(sock)
    try:
        sock.setsockopt(*NO_DELAY)
        attach(stream)
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
    # By default the end of a connection that was cut off would look like any other.
    return tls.wrap_socket(sock, server_hostname=host, suppress_ragged_eofs=False)


Result = TypeVar("Result")


def _map_errors(work: Callable[[], Result]) -> Result:
    try:
        return work()
    except TimeoutError as error:
        raise httpcore.ConnectTimeout(str(error)) from error
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error


def _connect_tcp(host: str, port: int, seconds: float | None) -> socket.socket:
    """Connect to the first address of a host that lets us in. All of them share the time that there is."""
    due = None if seconds is None else monotonic() + seconds
    *others, last = _addresses(host, port)

    def share(untried: int) -> float | None:
        return None if due is None else max(due - monotonic(), MIN_SECONDS) / untried

    for number, address in enumerate(others):
        with suppress(OSError):
            return socket.create_connection((address, port), share(len(others) - number + 1))
    return socket.create_connection((last, port), share(1))


def _addresses(host: str, port: int) -> list[str]:
    """Return the addresses of a host, so that each is given its share of the time; the host where they are unknown."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return [host]  # connecting says what is wrong
    return list(dict.fromkeys(str(address[0]) for *_, address in found)) or [host]

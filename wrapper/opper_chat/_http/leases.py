"""The lease of a connection, by which any thread can end the use of the connection by one response."""

from __future__ import annotations

import os
from collections.abc import Hashable
from socket import SHUT_RDWR
from threading import RLock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .._concurrency.permits import Permit
    from .._concurrency.watchdog import Socket
    from .library import httpx

LEASE = "opper_chat.lease"
"""The request extension with the `ConnectionLease`. All other extensions of the transport are documented by httpx."""


class ConnectionLease:
    """The use of one connection by one request and its response.

    The connection belongs to the lease from `begin` or `attach` until `end`. Afterwards another request may use it, and
    `shutdown` does nothing.

    Attributes:
        loop: the event loop of the connection, or None if it has none or is unknown.
        proxy: the proxy through which the request is sent, or None. Its string has no password.
    """

    def __init__(self) -> None:
        self.loop: Hashable = None
        self.proxy: object = None
        self._permit: Permit | None = None
        self._socket: Socket | None = None
        self._lock = RLock()  # a finalizer may shut the connection down at any line
        self._is_shut = False
        self._process = os.getpid()

    def begin(self, permit: Permit, loop: Hashable) -> None:
        """Record the permit of the connection pool and the event loop. Called by the transport."""
        self._permit = permit
        self.loop = loop

    def attach(self, network_stream: Any) -> None:
        """Record the network stream of the connection, once there is one, or when TLS replaces it.

        Args:
            network_stream: an httpcore network stream: https://www.encode.io/httpcore/extensions/#network_stream.
                One that carries HTTP/2 is ignored, because other responses are read from it.
        """
        tls = network_stream.get_extra_info("ssl_object")
        if tls is not None and tls.selected_alpn_protocol() == "h2":
            return
        sock: Socket | None = network_stream.get_extra_info("socket")
        with self._lock:
            self._socket = sock
            if self._is_shut:
                self._shut_down()

    @property
    def is_attached(self) -> bool:
        """Whether a read of the response can be ended by `shutdown`."""
        return self._socket is not None

    @property
    def is_of_pool(self) -> bool:
        """Whether the connection is of this package's own pool."""
        return self._permit is not None

    @property
    def is_granted(self) -> bool:
        """Whether the permit of the pool was granted and is not released."""
        return self._permit is not None and self._permit.is_granted

    def shutdown(self, how: int = SHUT_RDWR) -> None:  # noqa: ARG002  # the signature is that of a socket
        """End every read of the connection, in whichever thread it blocks. Closing the socket would not end it."""
        with self._lock:
            self._is_shut = True
            self._shut_down()

    def _shut_down(self) -> None:
        # A forked child's copy of a socket is its parent's connection.
        if self._socket is not None and self._process == os.getpid():
            try:
                self._socket.shutdown(SHUT_RDWR)
            except OSError:
                return

    def end(self) -> bool:
        """End the lease. Return whether another request can use the connection, because it was not shut down."""
        with self._lock:
            self._socket = None
            return not self._is_shut

    def release(self) -> None:
        """Release the permit of the connection pool. It can be called where nothing can be awaited."""
        if self._permit is not None:
            self._permit.release()

    def close(self) -> None:
        """End the lease and release the permit, if an exception of a signal handler kept the response from doing so.

        It can be called where nothing can be awaited.
        """
        if self._permit is not None:
            if self._socket is not None:
                self.shutdown()
                self.end()
            self._permit.release()


def lease_of(response: httpx.Response) -> ConnectionLease:
    """Return the lease of the request of a response."""
    lease: ConnectionLease = response.request.extensions[LEASE]
    return lease

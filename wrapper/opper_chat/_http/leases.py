"""Who uses the connections of a client: the permits that limiters grant, the leases, and the users that errors name.

A lease lets any thread end the reads of its connection. It does no other I/O.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Hashable
from socket import SHUT_RDWR
from threading import RLock
from typing import TYPE_CHECKING, Any
from weakref import ref

if TYPE_CHECKING:
    from .._concurrency.watchdog import Socket
    from .library import httpx

LEASE = "opper_chat.lease"
"""The request extension with the `ConnectionLease`. All other extensions of the transport are documented by httpx."""

WAITING_CALL = "a call that waits for its response"


class Permit:
    """The permit to make a call or to use a connection. It counts against a limit from when a limiter grants it.

    It counts until it is released, or garbage-collected. It is granted by one call of C code, which adds its weak
    reference to a set, and released by another one. A signal handler can raise an exception between two such calls, but
    not inside of one, so that no permit of a call that is gone stays counted. A counter that Python code decrements
    could stay too high forever.

    Attributes:
        entry: the weak reference to this permit, once a limiter has it.
    """

    __slots__ = ("__weakref__", "_granted", "_on_release", "entry")

    def __init__(self) -> None:
        self._granted: set[ref[Permit]] | None = None

    def bind(self, granted: set[ref[Permit]], on_release: Callable[[], None]) -> None:
        """Prepare the permit for a limiter. It is not granted yet.

        Args:
            granted: the weak references to the permits that count. The limiter adds that of this permit.
            on_release: called after a release, from any thread and in finalizers too.
        """
        self.entry: ref[Permit] = ref(self, granted.discard)
        hash(self.entry)  # the reference keeps its hash, which cannot be computed when the permit is gone
        self._on_release = on_release
        self._granted = granted

    @property
    def is_granted(self) -> bool:
        """Whether the permit was granted and not released."""
        return self._granted is not None and self.entry in self._granted

    def release(self) -> None:
        """Release the permit, for the next call. Releasing it again does nothing. It can be called in finalizers."""
        if self._granted is not None:
            self._granted.discard(self.entry)
            self._on_release()


class ConnectionLease(Permit):
    """The use of one connection by one request and its response, and the permit of the connection pool for it.

    The connection belongs to the lease from `attach` until `end`. Afterwards another request may use it, and `shutdown`
    does nothing. The lease of another transport than this package's own is never granted as a permit.

    Attributes:
        loop: the event loop of the connection, or None if it has none or is unknown.
        proxy: the proxy through which the request is sent, or None. Its string has no password.
    """

    __slots__ = ("_is_shut", "_lock", "_process", "_socket", "loop", "proxy")

    def __init__(self) -> None:
        super().__init__()
        self.loop: Hashable = None
        self.proxy: object = None
        self._socket: Socket | None = None
        self._lock = RLock()  # a finalizer may shut the connection down at any line
        self._is_shut = False
        self._process = os.getpid()

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
        return self._granted is not None

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

    def close(self) -> None:
        """End the lease and release the permit, if an exception of a signal handler kept the response from doing so.

        It can be called where nothing can be awaited.
        """
        if self.is_of_pool and self._socket is not None:
            self.shutdown()
            self.end()
        self.release()


def lease_of(response: httpx.Response) -> ConnectionLease:
    """Return the lease of the request of a response."""
    lease: ConnectionLease = response.request.extensions[LEASE]
    return lease


class ConnectionUsers:
    """The calls and streams that use connections of a client, and the readers that are still to be closed.

    Attributes:
        abandoned: readers of responses that were abandoned where nothing can be awaited. The client closes them.
        collected: the entries of users that were garbage-collected, for `remove_collected`.
    """

    def __init__(self) -> None:
        self.abandoned: list[Any] = []
        self.collected: deque[ref[object]] = deque()
        self._entries: dict[object, tuple[str, object]] = {}

    def add(self, user: object, description: str, reader: object = None) -> ref[object]:
        """Record that a connection is in use, and keep the reader of its response alive.

        Args:
            user: what uses the connection. If it is garbage-collected before `remove`, for example because a signal
                handler raised in its finalizer, the next `remove_collected` removes it.
            description: what the user is, for the error message.
            reader: the reader of the response.

        Returns:
            The entry, for `remove`.
        """
        entry = ref(user, self.collected.append)
        self._entries[entry] = (description, reader)
        return entry

    def remove(self, entry: object) -> object:
        """Record that a connection is no longer in use, and return the reader, or None."""
        return self._entries.pop(entry, (None, None))[1]

    def remove_collected(self) -> None:
        """Remove the users that were garbage-collected, and free their connections."""
        while self.collected:
            try:
                reader: Any = self.remove(self.collected.popleft())
            except IndexError:
                return  # another thread took it
            if reader is not None:
                reader.lease.close()

    def describe(self) -> str:
        """Return the users as text for the error of a call that waits for a connection."""
        self.remove_collected()
        counts = Counter([description for description, _ in list(self._entries.values())])
        counts[WAITING_CALL] -= 1  # the call that gets the error
        counts = +counts
        named = [f"{name} ({count} times)" if count > 1 else name for name, count in counts.most_common(5)]
        others = len(counts) - len(named)
        return ", ".join([*named, *([f"{others} others"] if others else [])]) or "nothing that this client knows of"

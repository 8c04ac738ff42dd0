"""Start and stop the faulty proxy, and choose the fault of each request. `ProxyConnection` applies it."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from inspect import iscoroutinefunction
from urllib.parse import urlsplit

from .._loopback.background_server import BackgroundServer
from .._loopback.received_request import ReceivedRequest
from .._replies.validation import is_instance, require
from .connection import ProxyConnection
from .fault import Fault, FaultSource

logger = logging.getLogger("opper_chat.testing")

_NONE = Fault()


class FaultyProxy(BackgroundServer):
    """A proxy on loopback, in a thread of its own, that behaves like a bad network.

    Use it as a context manager, or call `start()` and `close()`. It forwards bytes in order and unchanged, except for
    the faults that a test requests. To send requests through it, give the client its `base_url`, or keep the base URL
    of the server and use `httpx.Client(proxy=proxy.origin)`. It does not support TLS.

    Args:
        server: The URL of a server, such as the `base_url` of a `LocalServer`.
        port: The port to listen on, or 0 for any free one.

    Raises:
        ValueError: `server` is not a URL that begins with `http://`.

    Attributes:
        connections: How many connections were accepted.
        requests: The complete requests that were received so far, oldest first, forwarded or not. You can clear the
            list.
    """

    def __init__(self, server: str, *, port: int = 0) -> None:
        address = urlsplit(server)
        if address.scheme != "http" or address.hostname is None:
            raise ValueError(f"server: expected a URL that begins with http://, got {server!r}.")
        super().__init__("127.0.0.1", port, "faulty proxy")
        self.connections: int = 0
        self.requests: list[ReceivedRequest] = []
        self._server = address.hostname, address.port or 80
        self._path = address.path.rstrip("/")
        self._faults: deque[FaultSource] = deque()
        self._accepting: asyncio.Task[None] | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def base_url(self) -> str:
        """The base URL of the server through this proxy."""
        return f"{self.origin}{self._path}"

    @property
    def open_connections(self) -> int:
        """How many connections are open now."""
        return len(self._connections)

    def fault(self, *faults: FaultSource) -> None:
        """Queue faults for the next requests, one for each. Requests after them are forwarded unchanged.

        Args:
            faults: Each a `Fault`, None, or a function that chooses one for a `ReceivedRequest`. If it raises, or
                returns anything else, the exception is logged, and the connection is closed.

        Raises:
            TypeError: A fault has another type.
        """
        for fault in faults:
            is_class = isinstance(fault, type)
            accepted = "a Fault, None or a function of the request that is not async"
            is_function = callable(fault) and not is_class and not iscoroutinefunction(fault)
            require(fault is None or isinstance(fault, Fault) or is_function, "fault", accepted, fault)
        self._faults.extend(faults)

    @contextmanager
    def refusing(self) -> Generator[None]:
        """Refuse new connections inside a `with` block, as if no server were running. Open connections stay open.

        Returns:
            A context manager, whose value is None.

        Raises:
            RuntimeError: The proxy is not running.
        """
        self._wait_for(self._stop_listening())
        try:
            yield
        finally:
            self._wait_for(self._open(self._listen()))

    async def _open(self, listener: socket.socket) -> None:
        self._accepting = asyncio.create_task(self._accept(listener))

    async def _stop_listening(self) -> None:
        if self._accepting is not None:
            self._accepting.cancel()
            await asyncio.wait({self._accepting})
            self._accepting = None

    async def _close(self) -> None:
        await self._stop_listening()
        for connection in self._connections:
            connection.cancel()
        if self._connections:
            await asyncio.wait(self._connections)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with listener:
            while True:
                client, _ = await loop.sock_accept(listener)
                self.connections += 1
                connection = asyncio.create_task(
                    ProxyConnection(client, self._server, self.requests.append, self._next_fault).run()
                )
                self._connections.add(connection)
                connection.add_done_callback(self._connections.discard)

    def _next_fault(self, request: ReceivedRequest) -> Fault:
        chosen = self._faults.popleft() if self._faults else None
        if chosen is not None and not isinstance(chosen, Fault):
            try:
                function, chosen = chosen, chosen(request)
                name = f"{getattr(function, '__name__', type(function).__name__)}()"
                require(chosen is None or is_instance(chosen, Fault), name, "a Fault or None to be returned", chosen)
            except Exception:
                logger.exception(
                    "The function passed to FaultyProxy.fault() raised an exception. The connection is closed."
                )
                chosen = Fault(lost=True)
        return chosen or _NONE

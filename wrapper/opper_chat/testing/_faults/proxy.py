"""The life of the faulty proxy: its socket, its thread, its end. What it does to an answer is not known here."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import deque
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from .._replies.reply import ReceivedRequest
from .fault import Fault, Faulty
from .tunnel import Tunnel

_NONE = Fault()


class FaultyProxy:
    """A proxy on loopback, in a thread of its own, that does to connections what a bad network does.

    Use it as a context manager, or call `start()` and `close()`. It passes on bytes in order and unchanged, but for
    the faults that a test asks for. A client reaches the server through it under `base_url` in place of the server's,
    or with the server's own address and `httpx.Client(proxy=proxy.origin)`; without TLS in both cases.

    Args:
        server: the address of a server, such as the `base_url` of a `LocalServer`.
        port: the port to listen on, or 0 for any free one.

    Raises:
        ValueError: `server` is not an address that begins with `http://`.

    Attributes:
        connections: how many were accepted.
        requests: what was received whole so far, oldest first, whether or not it was passed on. It may be cleared.
    """

    def __init__(self, server: str, *, port: int = 0) -> None:
        address = urlsplit(server)
        if address.scheme != "http" or address.hostname is None:
            raise ValueError(f"server must be an address that begins with http://, not {server!r}")
        self.connections: int = 0
        self.requests: list[ReceivedRequest] = []
        self._server = address.hostname, address.port or 80
        self._path = address.path.rstrip("/")
        self._port = port
        self._faults: deque[Faulty] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._tunnels: set[asyncio.Task[None]] = set()

    def start(self) -> Self:
        """Listen, and return at once. Does nothing when it is running. A closed proxy starts anew, on the same port.

        Raises:
            OSError: the port is taken.
        """
        if self._thread is None:
            listener = self._listen()
            # Whatever loop the process prefers, this one is the same everywhere.
            self._loop = asyncio.SelectorEventLoop()
            self._thread = threading.Thread(
                target=self._loop.run_forever, name=f"faulty proxy on port {self._port}", daemon=True
            )
            self._thread.start()
            self._run(self._begin(listener))
        return self

    def close(self) -> None:
        """Close every connection, free the port, and wait for the thread to end. May be repeated."""
        if self._loop is not None and self._thread is not None:
            self._run(self._stop())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._loop = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def port(self) -> int:
        """The port it listens on. 0 where any was asked for and the proxy was not started yet."""
        return self._port

    @property
    def origin(self) -> str:
        """The address without a path, for an httpx client's `proxy`."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def base_url(self) -> str:
        """The address for a client: the server's, by way of this proxy."""
        return f"{self.origin}{self._path}"

    @property
    def open_connections(self) -> int:
        """How many clients are connected now."""
        return len(self._tunnels)

    def fault(self, *faults: Faulty) -> None:
        """Queue what befalls the next requests, one each; those after them are passed on as they are.

        Args:
            faults: each a `Fault`, None for none, or a function that chooses by the `ReceivedRequest`.
        """
        self._faults.extend(faults)

    @contextmanager
    def refusing(self) -> Generator[None]:
        """Refuse connections for as long as this lasts, as a machine does on which no server runs.

        Those that are established stay.
        """
        self._run(self._stop_listening())
        try:
            yield
        finally:
            self._run(self._begin(self._listen()))

    def _listen(self) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", self._port), backlog=256)
        listener.setblocking(False)
        self._port = listener.getsockname()[1]
        return listener

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something in the thread of the proxy, and wait for it."""
        if self._loop is None:
            work.close()
            raise RuntimeError("the proxy is not running")
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _begin(self, listener: socket.socket) -> None:
        self._accepting = asyncio.create_task(self._accept(listener))

    async def _stop_listening(self) -> None:
        if self._accepting is not None:
            self._accepting.cancel()
            await asyncio.wait({self._accepting})
            self._accepting = None

    async def _stop(self) -> None:
        await self._stop_listening()
        for tunnel in self._tunnels:
            tunnel.cancel()
        if self._tunnels:
            await asyncio.wait(self._tunnels)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with listener:
            while True:
                client, _ = await loop.sock_accept(listener)
                self.connections += 1
                tunnel = asyncio.create_task(Tunnel(client, self._server, self.requests.append, self._choose).run())
                self._tunnels.add(tunnel)
                tunnel.add_done_callback(self._tunnels.discard)

    def _choose(self, request: ReceivedRequest) -> Fault:
        chosen = self._faults.popleft() if self._faults else None
        if chosen is not None and not isinstance(chosen, Fault):
            chosen = chosen(request)
        return chosen or _NONE

"""Start and stop a server on loopback whose event loop runs in a thread of its own. Subclasses serve connections."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self


class BackgroundServer:
    """A server on loopback, in a thread of its own. Subclasses accept connections in `_open` and `_close`.

    Use it as a context manager, or call `start()` and `close()`.
    """

    def __init__(self, host: str, port: int, name: str) -> None:
        self._address = check_loopback(host), port
        self._name = name
        self._thread: threading.Thread | None = None
        self._loop: Future[asyncio.AbstractEventLoop] = Future()
        """The event loop, once `_open` has returned, or the exception that it raised."""
        self._stopped = asyncio.Event()

    async def _open(self, listener: socket.socket) -> None:
        """Begin to accept connections from a listening socket."""
        raise NotImplementedError

    async def _close(self) -> None:
        """Close the listening socket and every connection."""
        raise NotImplementedError

    def start(self) -> Self:
        """Start to listen.

        Does nothing if the server is running. A closed server starts again on the same port.

        Returns:
            The server itself.

        Raises:
            OSError: The port is in use.
        """
        if not self._is_running:
            listener = self._listen()
            self._loop, self._stopped = Future(), asyncio.Event()
            self._thread = threading.Thread(
                target=self._run, args=(listener,), name=f"{self._name} on port {self.port}", daemon=True
            )
            self._thread.start()
            if (error := self._loop.exception()) is not None:  # waits until the server has started
                self.close()
                raise error
        return self

    def close(self) -> None:
        """Close every connection, free the port, and wait for the thread to end. You can call it again."""
        if self._thread is not None:
            if self._loop.exception() is None:
                self._loop.result().call_soon_threadsafe(self._stopped.set)
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def port(self) -> int:
        """The port. 0 until the server has started, if it was created with port 0."""
        return self._address[1]

    @property
    def origin(self) -> str:
        """The URL without a path: scheme, host and port."""
        host = self._address[0]
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def _is_running(self) -> bool:
        return self._thread is not None

    def _wait_for(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine in the event loop of the server, and return when it is done.

        Raises:
            RuntimeError: The server is not running.
        """
        if not self._is_running:
            work.close()
            raise RuntimeError(f"The {self._name} is not running. Call start(), or use it in a with block.")
        asyncio.run_coroutine_threadsafe(work, self._loop.result()).result()

    def _listen(self) -> socket.socket:
        host, port = self._address
        listener = listen(host, port)
        self._address = host, listener.getsockname()[1]
        return listener

    def _run(self, listener: socket.socket) -> None:
        try:
            # The same loop on every platform, independent of the event loop policy of the process.
            with listener, asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(self._serve(listener))
        except BaseException as error:
            if self._loop.done():
                raise
            self._loop.set_exception(error)

    async def _serve(self, listener: socket.socket) -> None:
        await self._open(listener)
        self._loop.set_result(asyncio.get_running_loop())
        try:
            await self._stopped.wait()
        finally:
            await self._close()


def check_loopback(host: str) -> str:
    """Return the address of a host.

    Raises:
        ValueError: It is not `localhost`, and not an IP address of the loopback interface.
    """
    address = "127.0.0.1" if host == "localhost" else host
    try:
        if ipaddress.ip_address(address).is_loopback:
            return address
    except ValueError:
        pass  # a host name, which may resolve to any address
    raise ValueError(f"host: expected a loopback address such as 127.0.0.1, got {host!r}.")


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens. Clients can connect at once; their connections wait until they are accepted.

    Raises:
        OSError: The port is in use.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only if the socket names its protocol. Without it, Nagle's algorithm waits for 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # allow a port that has connections in TIME_WAIT
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(256)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener

"""Run uvicorn's HTTP protocol on a listening socket until it is stopped.

`uvicorn.Server` is not used: it polls for its end and waits for responses to finish, which makes tests slow.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_KEEP_ALIVE = 60
_SHUTDOWN_TIMEOUT = 2.0


class _Connection(H11Protocol):
    """A connection that the application can reach, so that a scripted reply can write raw bytes."""

    def __init__(self, config: Config, state: ServerState) -> None:
        # The ASGI scope has these as its `state`.
        super().__init__(config, state, {"connection": self})
        self.access_log = False

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            # Otherwise uvicorn keeps a broken connection until the keep-alive timeout.
            self.timeout_keep_alive_task.cancel()


class ServerLoop:
    """The event loop of a server. Call `run` in its own thread, the other methods in any thread."""

    def __init__(self, listener: socket.socket, app: ASGIApp) -> None:
        self._listener = listener
        self._config = Config(
            app,
            ws="none",
            lifespan="off",
            log_config=None,  # the process configures its logging itself
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE,
        )
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None

    def run(self) -> None:
        """Serve until `stop` is called."""
        # The same loop on every platform, whatever event loop policy the process has.
        try:
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(self._serve())
        finally:
            self._ready.set()  # also after a failed start, so that `stop` does not wait

    def stop(self) -> None:
        """Close every connection and make `run` return."""
        self._ready.wait()
        if self._loop is not None and self._stopped is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)

    def wait_for(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine in the loop, and return when it is done."""
        self._ready.wait()
        if self._loop is None:
            work.close()
        else:
            asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _serve(self) -> None:
        state = ServerState()
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        server = await self._loop.create_server(lambda: _Connection(self._config, state), sock=self._listener)
        self._ready.set()
        await self._stopped.wait()
        # In this order: if the server is closed first, a connection that asyncio has just accepted is leaked.
        self._loop.remove_reader(self._listener)
        await self._close_connections(state)
        server.close()

    async def _close_connections(self, state: ServerState) -> None:
        # These include asyncio's own tasks that set up accepted connections.
        others: set[asyncio.Task[Any]] = asyncio.all_tasks() - {asyncio.current_task()}
        deadline = asyncio.get_running_loop().time() + _SHUTDOWN_TIMEOUT
        while (others or state.connections or state.tasks) and asyncio.get_running_loop().time() < deadline:
            for connection in state.connections:
                connection.transport.abort()
            await asyncio.sleep(0)
            others = {task for task in others if not task.done()}

"""Serve an ASGI application with uvicorn's HTTP protocol.

`uvicorn.Server` is not used: it polls for its end and waits for responses to finish, which makes tests slow.
"""

from __future__ import annotations

import asyncio
import socket
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


class HTTPServer:
    """The connections of an ASGI application, from a listening socket. Use it in one event loop."""

    def __init__(self, app: ASGIApp) -> None:
        self._config = Config(
            app,
            ws="none",
            lifespan="off",
            log_config=None,  # the process configures its logging itself
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE,
        )

    async def open(self, listener: socket.socket) -> None:
        """Begin to accept connections."""
        self._state = state = ServerState()
        self._listener = listener
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self._config, state), sock=listener)

    async def close(self) -> None:
        """Close the listening socket and every connection."""
        # In this order: if the server is closed first, a connection that asyncio has just accepted is leaked.
        asyncio.get_running_loop().remove_reader(self._listener)
        await self._close_connections()
        self._server.close()

    async def _close_connections(self) -> None:
        # These include asyncio's own tasks that set up accepted connections.
        others: set[asyncio.Task[Any]] = asyncio.all_tasks() - {asyncio.current_task()}
        deadline = asyncio.get_running_loop().time() + _SHUTDOWN_TIMEOUT
        state = self._state
        while (others or state.connections or state.tasks) and asyncio.get_running_loop().time() < deadline:
            for connection in state.connections:
                connection.transport.abort()
            await asyncio.sleep(0)
            others = {task for task in others if not task.done()}

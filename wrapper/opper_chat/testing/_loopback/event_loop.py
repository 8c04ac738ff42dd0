"""Runs uvicorn's HTTP protocol on one listening socket until it is told to stop.

Not `uvicorn.Server`: that one polls for its end and waits for answers to finish, and a test does not.
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
_LAST_WAIT = 2.0


class _Connection(H11Protocol):
    """One connection, which the application can reach: a scripted reply may write past HTTP."""

    def __init__(self, config: Config, state: ServerState) -> None:
        # The members of this dict are found in the ASGI scope's `state`.
        super().__init__(config, state, {"connection": self})
        self.access_log = False

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            # uvicorn lets it hold on to a connection that broke, for as long as one may be idle.
            self.timeout_keep_alive_task.cancel()


class Loop:
    """The event loop of a server. `run` belongs to its thread, the rest may come from any other."""

    def __init__(self, listener: socket.socket, app: ASGIApp) -> None:
        self._listener = listener
        self._config = Config(
            app,
            ws="none",
            lifespan="off",
            log_config=None,  # the logging of the process is not ours to set up
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE,
        )
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None

    def run(self) -> None:
        """Serve until `stop`."""
        # Whatever loop the process prefers, this one is the same everywhere.
        try:
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(self._serve())
        finally:
            self._ready.set()  # so that a failed start does not hold up whoever stops it

    def stop(self) -> None:
        """Make `run` end, cutting every connection."""
        self._ready.wait()
        if self._loop is not None and self._stopped is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)

    def wait_for(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something in the loop, and return when it is done."""
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
        # In this order: a connection that asyncio has accepted and not yet made known to us is lost
        # when its server closes first.
        self._loop.remove_reader(self._listener)
        await self._cut(state)
        server.close()

    async def _cut(self, state: ServerState) -> None:
        # Among these are the tasks of asyncio's own that make accepted connections known.
        others: set[asyncio.Task[Any]] = asyncio.all_tasks() - {asyncio.current_task()}
        deadline = asyncio.get_running_loop().time() + _LAST_WAIT
        while (others or state.connections or state.tasks) and asyncio.get_running_loop().time() < deadline:
            for connection in state.connections:
                connection.transport.abort()
            await asyncio.sleep(0)
            others = {task for task in others if not task.done()}

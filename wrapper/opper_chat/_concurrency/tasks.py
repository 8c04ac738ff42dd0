"""Tasks that do the same work and are cancelled together: those of asyncio or, through anyio, those of trio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import anyio
from anyio.abc import TaskGroup
from sniffio import current_async_library

from .loop import async_shielded


class TaskPool:
    """A number of tasks that do the same. Start and close them in one task.

    Args:
        name: the name of the tasks of asyncio.

    Attributes:
        asyncio_tasks: the tasks of asyncio, until they are closed. Empty under trio.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.asyncio_tasks: list[asyncio.Task[None]] = []
        self._group: TaskGroup | None = None
        """The tasks of trio."""

    async def start(self, count: int, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start tasks.

        Args:
            count: the number of tasks.
            work: what each of them calls. It raises only a cancellation.
        """
        if current_async_library() == "asyncio":
            # With anyio, each await in the cleanup of a cancelled task would be cancelled again. asyncio cancels once.
            self.asyncio_tasks = [asyncio.create_task(work(), name=self._name) for _ in range(count)]
            return
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        for _ in range(count):
            self._group.start_soon(work)

    async def close(self) -> None:
        """Cancel the tasks that run, and wait until they have ended."""
        running, self.asyncio_tasks = [task for task in self.asyncio_tasks if not task.done()], []
        if running:
            for task in running:
                task.cancel()
            await async_shielded(partial(_wait_for, running))
        group, self._group = self._group, None
        if group is not None:
            group.cancel_scope.cancel()
            # Without the exception that is being handled, if any: the group would put it into an ExceptionGroup.
            await group.__aexit__(None, None, None)


async def _wait_for(tasks: list[asyncio.Task[None]]) -> None:
    await asyncio.wait(tasks)

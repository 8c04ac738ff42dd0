"""What carries out the calls of a turn in the async shell: tasks, and threads for what is no coroutine.

Its twin `_workers` has the same names for the sync shell. Tasks are those of asyncio or, by anyio, of trio.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from math import inf
from time import monotonic
from typing import Any, NamedTuple, TypeAlias, cast

import anyio
from anyio.abc import TaskGroup
from sniffio import current_async_library

from .._concurrency.async_bell import Bell
from .._concurrency.async_loop import shielded
from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._requests.tool_options import Verdict
from .._results.tool_calls import ToolCall
from .jobs import Job
from .run import ToolRunStepEvent
from .threads import start_thread
from .tool import Toolbox

AsyncBeforeCall: TypeAlias = Callable[[ToolCall], Verdict | Awaitable[Verdict]]
"""Says of a call, before it is carried out, whether and with what it may be."""

AsyncOnEvent: TypeAlias = Callable[[ToolRunStepEvent], object]
"""Is told of the steps of a run. What it returns is awaited if it can be."""


class Step(NamedTuple):
    """A call began, or it ended."""

    job: Job
    ended: bool


class AsyncWorkers:
    """Carries calls out, so many at a time, in the order in which they are given. To be used and closed by one task.

    Closing cancels what still runs. A function that is no coroutine cannot be stopped: its thread goes on by
    itself, what it returns is dropped, and the process does not wait for it at its end.

    Args:
        max_parallel: how many at once.
        bounded: whether there is a deadline. The twin needs to know.
    """

    def __init__(self, max_parallel: int, *, bounded: bool) -> None:  # noqa: ARG002
        self._max_parallel = max_parallel
        self._jobs: deque[Job] = deque()
        self._steps: deque[Step] = deque()
        self._told: anyio.Event | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._group: TaskGroup | None = None
        self._closing = False

    async def start(self, jobs: list[Job]) -> None:
        """Begin to carry out the calls of a turn. Those of the turn before must have ended."""
        await self.close()
        self._closing = False
        self._jobs.extend(jobs)
        count = min(self._max_parallel, len(jobs))
        if current_async_library() == "asyncio":
            # anyio would cancel a tool again at each await of its cleaning up, as trio does and asyncio does not.
            self._tasks = [asyncio.create_task(self._work(), name="opper_chat tool") for _ in range(count)]
            return
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        for _ in range(count):
            self._group.start_soon(self._work)

    async def next(self, seconds: float | None) -> Step:
        """Wait for the next call that begins or ends.

        Args:
            seconds: how long at most, or None for ever.

        Raises:
            TimeoutError: there was none in time.
        """
        while not self._steps:
            self._told = anyio.Event()
            with anyio.fail_after(None if seconds is None else max(seconds, 0)):
                await self._told.wait()
        return self._steps.popleft()

    async def close(self) -> None:
        """Cancel what still runs, and wait until it has ended."""
        self._closing = True
        self._jobs.clear()
        running, self._tasks = [task for task in self._tasks if not task.done()], []
        if running:
            for task in running:
                task.cancel()
            await shielded(partial(_ended, running))
        group, self._group = self._group, None
        if group is not None:
            group.cancel_scope.cancel()
            # Without the error that may be under way: the group would put it into an ExceptionGroup.
            await group.__aexit__(None, None, None)

    def _tell(self, job: Job, *, ended: bool) -> None:
        self._steps.append(Step(job, ended))
        if self._told is not None:
            self._told.set()

    async def _work(self) -> None:
        while self._jobs:
            job = self._jobs.popleft()
            self._tell(job, ended=False)
            began = monotonic()
            try:
                pending = _begun(job) if job.is_async else await _in_a_thread(partial(_begun, job))
                if pending is not None:
                    job.returned(await _awaited(pending))
                error: BaseException | None = None
            except anyio.get_cancelled_exc_class() as cancelled:
                if self._closing or not self._tasks:
                    raise
                # Nobody else cancels these tasks: the tool has awaited what was cancelled, or has cancelled itself.
                if (task := asyncio.current_task()) is not None:
                    task.uncancel()
                error = RuntimeError(f"the tool was cancelled from inside ({type(cancelled).__name__})")
            except BaseException as raised:  # noqa: BLE001  # whoever waits for the call raises it
                error = raised
            job.ended(error, monotonic() - began)
            self._tell(job, ended=True)


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    await asyncio.wait(tasks)


def check_tools(tools: Toolbox) -> None:
    """Do nothing: what is a coroutine and what is none can both be carried out. The twin refuses one of them."""


def check_function(function: object, argument: str) -> None:
    """Refuse what cannot be called.

    Raises:
        InvalidArgumentError: the function cannot.
    """
    if function is not None and not callable(function):
        raise InvalidArgumentError(argument, "a function, or None", describe(function))


async def ask(function: Callable[..., Any], *arguments: object) -> Any:
    """Return what a function of the caller's says; it may be a coroutine."""
    said = function(*arguments)
    return await said if inspect.isawaitable(said) else said


async def ask_in_time(seconds: float | None, function: Callable[..., Any], *arguments: object) -> Any:
    """Return what a function of the caller's says; it may be a coroutine.

    Raises:
        TimeoutError: it took longer.
    """
    with anyio.fail_after(None if seconds is None else max(seconds, 0)):
        return await ask(function, *arguments)


def _begun(job: Job) -> object:
    """Call the function of a job; return what is still to be awaited, or None where it has returned."""
    result = job.work()
    if inspect.isawaitable(result) or isinstance(result, AsyncIterator):
        return cast("object", result)
    job.returned(result)
    return None


async def _awaited(pending: object) -> object:
    """Return what comes of an awaitable, or a list of what an async iterator yields."""
    result = await pending if inspect.isawaitable(pending) else pending
    if isinstance(result, AsyncIterator):
        return [item async for item in cast("AsyncIterator[object]", result)]
    return result


async def _in_a_thread(work: Callable[[], object]) -> object:
    """Return what some work returns, which is done in a thread that nobody has to wait for.

    Those of anyio and asyncio hold up the end of the process until their work is done.
    """
    done: list[object] = []
    failed: list[BaseException] = []
    bell = Bell()

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:  # noqa: BLE001  # it is raised where it is waited for
            failed.append(error)
        bell.ring()

    start_thread(run)
    await bell.heard(inf)
    if failed:
        raise failed[0]
    return done[0]

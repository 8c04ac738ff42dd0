"""Run the tools of a turn in tasks, for the async client; functions that are not coroutine functions in threads.

`workers` has the same names for the sync client. Tasks are those of asyncio or, through anyio, those of trio.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from math import inf
from time import monotonic
from typing import Any, TypeAlias, cast

import anyio

from .._concurrency.events import AsyncEvent
from .._concurrency.tasks import TaskPool
from .._concurrency.threads import start_thread
from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._requests.tool_options import Verdict
from .._results.tool_calls import ToolCall
from .jobs import Job, JobEvent
from .run import ToolRunStepEvent
from .toolbox import Toolbox

AsyncBeforeCall: TypeAlias = Callable[[ToolCall], Verdict | Awaitable[Verdict]]
"""Called for each call of a tool before it runs: lets it pass, changes its arguments or denies it."""

AsyncOnEvent: TypeAlias = Callable[[ToolRunStepEvent], object]
"""Called with each step of a run. If it returns an awaitable, that is awaited."""


class AsyncWorkers:
    """Run jobs in tasks, in the order given. Use and close it in one task.

    `close` cancels the jobs that run. A thread cannot be stopped: a function that is running continues, its result is
    discarded, and the process does not wait for it at its end.

    Args:
        max_parallel: the number of jobs that run at once.
        has_deadline: whether `next` must be able to return before a job has ended. Here it always can.
    """

    def __init__(self, max_parallel: int, *, has_deadline: bool) -> None:  # noqa: ARG002  # the sync one needs it
        self._max_parallel = max_parallel
        self._jobs: deque[Job] = deque()
        self._events: deque[JobEvent] = deque()
        self._has_events: anyio.Event | None = None
        self._tasks = TaskPool("opper_chat tool")
        self._is_closing = False

    async def start(self, jobs: list[Job]) -> None:
        """Start the jobs of a turn. Those of the turn before must have ended."""
        await self.close()
        self._is_closing = False
        self._jobs.extend(jobs)
        count = min(self._max_parallel, len(jobs))
        await self._tasks.start(count, self._work)

    async def next(self, seconds: float | None) -> JobEvent:
        """Wait until a job starts or ends, or raise TimeoutError after these seconds. None means no limit."""
        while not self._events:
            self._has_events = anyio.Event()
            with anyio.fail_after(None if seconds is None else max(seconds, 0)):
                await self._has_events.wait()
        return self._events.popleft()

    async def close(self) -> None:
        """Cancel the jobs that run, and wait until they have ended."""
        self._is_closing = True
        self._jobs.clear()
        await self._tasks.close()

    def _emit(self, job: Job, *, is_end: bool) -> None:
        self._events.append(JobEvent(job, is_end))
        if self._has_events is not None:
            self._has_events.set()

    async def _work(self) -> None:
        while self._jobs:
            job = self._jobs.popleft()
            self._emit(job, is_end=False)
            started = monotonic()
            error: BaseException | None = None
            try:
                pending = _call(job) if job.is_async else await _in_thread(partial(_call, job))
                if pending is not None:
                    job.set_result(await _resolve(pending))
            except anyio.get_cancelled_exc_class() as cancelled:
                if self._is_closing or not self._tasks.asyncio_tasks:
                    raise
                # Only `close` cancels these tasks, so the tool has awaited a cancelled task, or has cancelled itself.
                if (task := asyncio.current_task()) is not None:
                    task.uncancel()
                error = RuntimeError(f"the tool was cancelled from inside ({type(cancelled).__name__})")
            except BaseException as raised:  # noqa: BLE001  # the loop raises it in the task of the caller
                error = raised
            job.end(error, monotonic() - started)
            self._emit(job, is_end=True)


def check_tools(tools: Toolbox) -> None:
    """Accept all tools. The sync client refuses coroutine functions."""


def check_callback(function: object, argument: str) -> None:
    """Refuse ``before_call`` or ``on_event`` if it is not callable."""
    if function is not None and not callable(function):
        raise InvalidArgumentError(argument, "a function, or None", describe(function))


async def call_back(function: Callable[..., Any], *arguments: object) -> Any:
    """Return what a function or coroutine function of the caller returns."""
    result = function(*arguments)
    return await result if inspect.isawaitable(result) else result


async def call_back_within(seconds: float | None, function: Callable[..., Any], *arguments: object) -> Any:
    """Return what a function or coroutine function of the caller returns, or raise TimeoutError after these seconds."""
    with anyio.fail_after(None if seconds is None else max(seconds, 0)):
        return await call_back(function, *arguments)


def _call(job: Job) -> object:
    """Call the function of a job. Return an awaitable or async iterator that it returned, or None if it is done."""
    result = job.call()
    if inspect.isawaitable(result) or isinstance(result, AsyncIterator):
        return cast("object", result)
    job.set_result(result)
    return None


async def _resolve(pending: object) -> object:
    """Return the result of an awaitable, or the list of the items of an async iterator."""
    result = await pending if inspect.isawaitable(pending) else pending
    if isinstance(result, AsyncIterator):
        return [item async for item in cast("AsyncIterator[object]", result)]
    return result


async def _in_thread(function: Callable[[], object]) -> object:
    """Return what a function returns that runs in a thread of its own.

    The threads of anyio and asyncio would keep the process from ending until their functions have returned.
    """
    results: list[object] = []
    errors: list[BaseException] = []
    event = AsyncEvent()

    def run() -> None:
        try:
            results.append(function())
        except BaseException as error:  # noqa: BLE001  # raised below, in the task
            errors.append(error)
        event.set()

    start_thread(run, "opper_chat tool")
    await event.wait(inf)
    if errors:
        raise errors[0]
    return results[0]

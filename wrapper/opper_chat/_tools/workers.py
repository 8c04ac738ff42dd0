"""Run the tools of a turn in threads, for the sync client. `async_workers` has the same names and uses tasks."""

from __future__ import annotations

import inspect
import queue
from collections import deque
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any, TypeAlias

from .._concurrency.threads import start_thread
from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._requests.tool_options import Verdict
from .._results.tool_calls import ToolCall
from .._validation.arguments import function_name, is_coroutine_function
from .jobs import Job, JobEvent
from .run import ToolRunStepEvent
from .toolbox import Toolbox

BeforeCall: TypeAlias = Callable[[ToolCall], Verdict]
"""Called for each call of a tool before it runs: lets it pass, changes its arguments or denies it."""

OnEvent: TypeAlias = Callable[[ToolRunStepEvent], object]
"""Called with each step of a run."""


class Workers:
    """Run jobs in threads, in the order given.

    After `close`, no further job starts. A thread cannot be stopped: a tool that is running continues, its result is
    discarded, and the process does not wait for it at its end.

    Args:
        max_parallel: the number of jobs that run at once. If it is 1 and there is no deadline, jobs run in the thread
            that calls `next`.
        has_deadline: whether `next` must be able to return before a job has ended.
    """

    def __init__(self, max_parallel: int, *, has_deadline: bool) -> None:
        self._max_parallel = max_parallel
        self._is_inline = max_parallel == 1 and not has_deadline
        self._jobs: deque[Job] = deque()
        self._current: Job | None = None
        """The job that is run inline next."""
        self._events: queue.SimpleQueue[JobEvent] = queue.SimpleQueue()

    def start(self, jobs: list[Job]) -> None:
        """Start the jobs of a turn. Those of the turn before must have ended."""
        # New queues for each turn: a thread of an earlier one, if it still runs, finds its own queue empty and ends.
        self._jobs, self._events = deque(jobs), queue.SimpleQueue()
        for _ in range(0 if self._is_inline else min(self._max_parallel, len(jobs))):
            start_thread(partial(_work, self._jobs, self._events), "opper_chat tool")

    def next(self, seconds: float | None) -> JobEvent:
        """Wait until a job starts or ends, or raise TimeoutError after these seconds. None means no limit."""
        if self._is_inline:
            return self._next_inline()
        try:
            return self._events.get(timeout=None if seconds is None else max(seconds, 0))
        except queue.Empty:
            raise TimeoutError from None

    def close(self) -> None:
        """Start no further jobs."""
        self._jobs.clear()

    def _next_inline(self) -> JobEvent:
        if self._current is None:
            self._current = self._jobs.popleft()
            return JobEvent(self._current, is_end=False)
        job, self._current = self._current, None
        _run(job)
        return JobEvent(job, is_end=True)


def check_tools(tools: Toolbox) -> None:
    """Refuse coroutine functions as tools."""
    for function in tools.functions:
        if function.is_async:
            raise InvalidArgumentError(
                "tools",
                "functions that are not async",
                f"the coroutine function {function.name}()",
                "Use AsyncOpper for coroutine functions.",
            )


def check_callback(function: object, argument: str) -> None:
    """Refuse ``before_call`` or ``on_event`` if it is not callable or is a coroutine function."""
    if function is not None and (not callable(function) or is_coroutine_function(function)):
        hint = "Use AsyncOpper for coroutine functions." if callable(function) else ""
        received = f"the coroutine function {function_name(function)}()" if callable(function) else describe(function)
        raise InvalidArgumentError(argument, "a function that is not async, or None", received, hint)


def call_back(function: Callable[..., Any], *arguments: object) -> Any:
    """Return what a function of the caller returns. Refuse an awaitable."""
    result = function(*arguments)
    if inspect.isawaitable(result):
        if inspect.iscoroutine(result):
            result.close()  # nothing awaits it, and Python would warn
        raise InvalidArgumentError(
            f"{function_name(function)}()",
            "a result that is not to be awaited",
            describe(result),
            "Use AsyncOpper for coroutines.",
        )
    return result


def call_back_within(seconds: float | None, function: Callable[..., Any], *arguments: object) -> Any:  # noqa: ARG001
    """Return what a function of the caller returns. It runs in this thread, so the time is not enforced."""
    return call_back(function, *arguments)


def _work(jobs: deque[Job], events: queue.SimpleQueue[JobEvent]) -> None:
    while True:
        try:
            job = jobs.popleft()
        except IndexError:
            return
        events.put(JobEvent(job, is_end=False))
        _run(job)
        events.put(JobEvent(job, is_end=True))


def _run(job: Job) -> None:
    started = monotonic()
    error: BaseException | None = None
    try:
        job.set_result(job.call())
    except BaseException as raised:  # noqa: BLE001  # the loop raises it in the thread of the caller
        error = raised
    job.end(error, monotonic() - started)

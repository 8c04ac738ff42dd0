"""What carries out the calls of a turn in the sync shell: threads. Its twin `_async_workers` does so by tasks."""

from __future__ import annotations

import inspect
import queue
from collections import deque
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any, NamedTuple, TypeAlias

from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._requests.tool_options import Verdict
from .._results.tool_calls import ToolCall
from .._validation.functions import function_name, is_coroutine_function
from .jobs import Job
from .run import ToolRunStepEvent
from .threads import start_thread
from .tool import Toolbox

BeforeCall: TypeAlias = Callable[[ToolCall], Verdict]
"""Says of a call, before it is carried out, whether and with what it may be."""

OnEvent: TypeAlias = Callable[[ToolRunStepEvent], object]
"""Is told of the steps of a run."""


class Step(NamedTuple):
    """A call began, or it ended."""

    job: Job
    ended: bool


class Workers:
    """Carries calls out, so many at a time, in the order in which they are given.

    Closing begins no more of them. What runs already cannot be stopped: its thread goes on by itself, what it
    returns is dropped, and the process does not wait for it at its end.

    Args:
        max_parallel: how many at once. One at a time is carried out by whoever waits for it, in that thread, unless
            there is a deadline, after which somebody must be left to go on.
        bounded: whether there is one.
    """

    def __init__(self, max_parallel: int, *, bounded: bool) -> None:
        self._max_parallel = max_parallel
        self._here = max_parallel == 1 and not bounded
        self._jobs: deque[Job] = deque()
        self._begun: Job | None = None
        self._steps: queue.SimpleQueue[Step] = queue.SimpleQueue()

    def close(self) -> None:
        """Begin no more calls."""
        self._jobs.clear()

    def start(self, jobs: list[Job]) -> None:
        """Begin to carry out the calls of a turn. Those of the turn before must have ended."""
        # Of this turn alone: a thread that is late looks at the ones of its own, and finds none left.
        self._jobs, self._steps = deque(jobs), queue.SimpleQueue()
        for _ in range(0 if self._here else min(self._max_parallel, len(jobs))):
            start_thread(partial(_work, self._jobs, self._steps))

    def next(self, seconds: float | None) -> Step:
        """Wait for the next call that begins or ends.

        Args:
            seconds: how long at most, or None for ever.

        Raises:
            TimeoutError: there was none in time.
        """
        if self._here:
            return self._next_here()
        try:
            return self._steps.get(timeout=None if seconds is None else max(seconds, 0))
        except queue.Empty:
            raise TimeoutError from None

    def _next_here(self) -> Step:
        if self._begun is None:
            self._begun = self._jobs.popleft()
            return Step(self._begun, ended=False)
        job, self._begun = self._begun, None
        _carry_out(job)
        return Step(job, ended=True)


def check_tools(tools: Toolbox) -> None:
    """Refuse tools that are to be awaited.

    Raises:
        InvalidArgumentError: there is one.
    """
    for runner in tools.runners:
        if runner.is_async:
            raise InvalidArgumentError(
                "tools",
                "functions that are not async",
                f"the coroutine function {runner.name}()",
                "Use AsyncOpper for coroutine functions.",
            )


def check_function(function: object, argument: str) -> None:
    """Refuse what cannot be called, and coroutine functions.

    Raises:
        InvalidArgumentError: the function is one of these.
    """
    if function is not None and (not callable(function) or is_coroutine_function(function)):
        hint = "Use AsyncOpper for coroutine functions." if callable(function) else ""
        given = f"the coroutine function {function_name(function)}()" if callable(function) else describe(function)
        raise InvalidArgumentError(argument, "a function that is not async, or None", given, hint)


def ask(function: Callable[..., Any], *arguments: object) -> Any:
    """Return what a function of the caller's says.

    Raises:
        InvalidArgumentError: it is to be awaited, which is for the async client.
    """
    said = function(*arguments)
    if inspect.isawaitable(said):
        _drop(said)
        accepted = "a result that is not to be awaited"
        raise InvalidArgumentError(
            f"{function_name(function)}()", accepted, describe(said), "Use AsyncOpper for coroutines."
        )
    return said


def ask_in_time(seconds: float | None, function: Callable[..., Any], *arguments: object) -> Any:  # noqa: ARG001
    """Return what a function of the caller's says. It runs in this thread, and nothing can end it."""
    return ask(function, *arguments)


def _work(jobs: deque[Job], steps: queue.SimpleQueue[Step]) -> None:
    while True:
        try:
            job = jobs.popleft()
        except IndexError:
            return
        steps.put(Step(job, ended=False))
        _carry_out(job)
        steps.put(Step(job, ended=True))


def _carry_out(job: Job) -> None:
    began = monotonic()
    error: BaseException | None = None
    try:
        job.returned(job.work())
    except BaseException as raised:  # noqa: BLE001  # whoever waits for the call raises it
        error = raised
    job.ended(error, monotonic() - began)


def _drop(awaitable: object) -> None:
    if callable(close := getattr(awaitable, "close", None)):
        close()  # a coroutine that is never awaited

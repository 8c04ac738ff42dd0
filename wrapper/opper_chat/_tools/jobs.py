"""The jobs that the tool loop gives to workers: one call of a tool each, and how it ended. No I/O."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import cast

from attrs import define

from .._errors.invalid_value import UnexpectedValueError
from .results import result_text
from .run import ToolExecution


@define(eq=False)
class Job:
    """One call of a tool. A worker runs it with `run` and nothing else, and the loop reads how it ended."""

    execution: ToolExecution
    """What the run reports about the call. The worker does not touch it: the loop could have ended the run."""
    call: Callable[[], object]
    """Calls the function with its arguments."""
    is_async: bool
    """Whether the function is a coroutine function."""
    returns: object
    """The declared return type of the function, or None."""
    result: object = None
    """What the function returned."""
    content: str = ""
    """The result as the model reads it."""
    unexpected: UnexpectedValueError | None = None
    """Why JSON cannot represent the result, or None."""
    error: Exception | None = None
    """What the function raised, or None."""
    crash: BaseException | None = None
    """What the function raised that is not a failure of a tool, such as KeyboardInterrupt, or None."""
    duration: float = 0.0
    """Seconds from start to end."""

    def set_result(self, result: object) -> None:
        """Record what the function returned, and convert it to text. An exception that it returned is raised.

        Call this where the function runs: it iterates over a generator, which runs the code of the tool.
        """
        if isinstance(result, Exception):
            raise result
        if isinstance(result, BaseException):  # raised, it would end the run or cancel its tasks
            raise RuntimeError(f"the tool returned {type(result).__name__}") from result  # noqa: TRY004
        # An iterator can be read once, and both the caller and the model get its items.
        self.result = list(cast("Iterator[object]", result)) if isinstance(result, Iterator) else result
        try:
            self.content = result_text(self.result, self.returns)
        except UnexpectedValueError as unexpected:
            self.unexpected = unexpected
            if inspect.iscoroutine(self.result):
                self.result.close()  # nothing awaits it, and Python would warn

    def end(self, error: BaseException | None, duration: float) -> None:
        """Record that the function has ended: what it raised, or None, and how many seconds it took."""
        self.duration = duration
        if isinstance(error, Exception):
            self.error = error
        else:
            self.crash = error


@define(eq=False)
class JobEvent:
    """A worker has started a job, or ended it."""

    job: Job
    is_end: bool

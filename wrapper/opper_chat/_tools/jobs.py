"""A call of a tool on its way from the plan of a run to what carries it out, and back. No I/O."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from .._errors.invalid_value import UnexpectedValueError
from .results import drained, result_text
from .run import ToolExecution


class Job:
    """A call that is to be carried out, and how that ended. Whoever carries it out writes nothing else.

    Args:
        execution: the call.
        work: calls the function.
        is_async: whether what the function returns is to be awaited.
        returns: the type that the function is declared to return, or None.
    """

    __slots__ = (
        "content",
        "crash",
        "duration",
        "error",
        "execution",
        "is_async",
        "misfit",
        "result",
        "returns",
        "work",
    )

    def __init__(
        self, execution: ToolExecution, work: Callable[[], object], *, is_async: bool, returns: object
    ) -> None:
        self.execution: ToolExecution = execution
        self.work: Callable[[], object] = work
        self.is_async: bool = is_async
        self.returns: object = returns
        self.result: object = None
        self.content: str = ""
        """What the model is told of the result."""
        self.misfit: UnexpectedValueError | None = None
        """Why the model cannot be told of the result."""
        self.error: Exception | None = None
        self.crash: BaseException | None = None
        """What is no failure of a tool, such as KeyboardInterrupt."""
        self.duration: float = 0.0

    def returned(self, result: object) -> None:
        """Keep what the function returned, and write it as text.

        Call it where the function runs: reading a generator runs the function's code, and may take its time.

        Raises:
            Exception: The function returned an exception, which counts as raised.
        """
        if isinstance(result, Exception):
            raise result
        if isinstance(result, BaseException):  # raised, it would end the run or cancel its tasks
            raise RuntimeError(f"the tool returned {type(result).__name__}") from result  # noqa: TRY004
        self.result = drained(result)
        try:
            self.content = result_text(self.result, self.returns)
        except UnexpectedValueError as misfit:
            self.misfit = misfit
            if inspect.iscoroutine(self.result):
                self.result.close()  # nothing awaits it, and Python would warn

    def ended(self, error: BaseException | None, duration: float) -> None:
        """Take note of the end."""
        self.duration = duration
        if isinstance(error, Exception):
            self.error = error
        else:
            self.crash = error

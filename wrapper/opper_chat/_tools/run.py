"""The result of a run of tools, and its events. Data only: `loop` sets it."""

from __future__ import annotations

from copy import deepcopy
from traceback import format_exception_only
from typing import Any, ClassVar, Generic, Literal, Self, TypeAlias, TypeVar

from attrs import define, evolve, field, frozen
from opper_chat_api.models.completion_usage import CompletionUsage
from opper_chat_api.params import ChatMessageParam

from .._errors.api import OpperError
from .._requests.transcript import add_usage
from .._results.completion import ChatCompletion
from .._results.content import text_of
from .._results.tool_calls import ToolCall
from .._streaming.events import StreamEvent

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

ToolOutcome: TypeAlias = Literal["succeeded", "failed", "denied", "not_run"]
"""How a call ended. ``succeeded``: the function returned. ``failed``: it raised, its arguments were wrong, there is no
such tool, or JSON cannot represent the result. ``denied``: ``before_call`` denied it. ``not_run``: the run ended before
the function returned."""


@define
class ToolExecution:
    """One call of a tool in a run, and how it ended.

    It is pickled with the error of a run. A result, argument or exception that cannot be pickled does not prevent this:
    in the pickle, the value is None, and the exception an `OpperError` with its class and text.
    """

    call: ToolCall
    """The call as the model wrote it."""
    turn: int
    """The number of its turn, from 1."""
    arguments: dict[str, object] | None = None
    """The arguments of the function, by parameter, converted to the declared types, without defaults. None if the
    function was not called."""
    outcome: ToolOutcome = "not_run"
    """How the call ended."""
    result: object = None
    """What the function returned. For a generator, the list of what it yielded."""
    error: Exception | None = None
    """Why the call failed, or None."""
    content: str = "Error: the call was not run, because the run ended before."
    """The result as the model reads it."""
    duration: float | None = None
    """Seconds that the function took, or None if it has not ended."""

    def __reduce__(self) -> tuple[object, ...]:
        arguments, result, error = self.arguments, self.result, self.error
        if arguments is not None:
            arguments = {name: value if _is_picklable(value) else None for name, value in arguments.items()}
        if not _is_picklable(error):
            error = OpperError("".join(format_exception_only(error)).strip())
        result = result if _is_picklable(result) else None
        values = (self.outcome, result, error, self.content, self.duration)
        return type(self), (self.call, self.turn, arguments, *values)

    def __copy__(self) -> Self:
        return evolve(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        def copied(value: T) -> T:
            try:
                return deepcopy(value, memo)
            except Exception:  # noqa: BLE001  # the class of a value decides what it raises
                return value

        call = deepcopy(self.call, memo)
        return evolve(
            self, call=call, arguments=copied(self.arguments), result=copied(self.result), error=copied(self.error)
        )


def _is_picklable(value: object) -> bool:
    """Return whether a value can be pickled and loaded again.

    An exception that can only be pickled, such as an ``httpx.HTTPStatusError``, breaks a `ProcessPoolExecutor`.
    """
    import pickle

    try:
        pickle.loads(pickle.dumps(value))  # noqa: S301  # made here
    except Exception:  # noqa: BLE001  # the class of a value decides what it raises
        return False
    return True


@define
class ToolRun(Generic[T_co]):
    """The result of `run_tools`, or of a run that ended early: its messages, completions and calls."""

    messages: list[ChatMessageParam] = field(repr=False)
    """The conversation, starting with the messages given. To continue, append a message and run again."""
    completions: list[ChatCompletion] = field(factory=list[ChatCompletion], repr=False)
    """The completions, one for each turn."""
    calls: list[ToolExecution] = field(factory=list[ToolExecution])
    """All calls of tools, in the order in which the model wrote them."""
    pending: list[ToolCall] = field(factory=list[ToolCall])
    """Calls of tools that are definitions without a function. They end the run. To continue, append the result of each
    to ``messages`` with `tool_result`, and run again."""
    _parsed: list[Any] = field(factory=list[Any], repr=False)
    """The value of the last completion, once there is one."""

    @property
    def turns(self) -> int:
        """The number of turns so far."""
        return len(self.completions)

    @property
    def completion(self) -> ChatCompletion:
        """The last completion.

        Raises:
            LookupError: the run ended before the first one.
        """
        if not self.completions:
            raise LookupError("the run ended before the model had completed a turn")
        return self.completions[-1]

    @property
    def text(self) -> str:
        """The text of the last completion, or an empty string if it has none."""
        choices = self.completions[-1].choices if self.completions else []
        return text_of(choices[0].message) if choices else ""

    @property
    def usage(self) -> CompletionUsage | None:
        """The token usage of all turns together, or None if the server sends none. Computed for each access."""
        usages = [completion.usage.to_dict() for completion in self.completions if completion.usage is not None]
        total: dict[str, Any] = {}
        for usage in usages:
            add_usage(total, usage)
        return CompletionUsage.from_dict(total) if usages else None

    @property
    def parsed(self) -> T_co:
        """The last completion as a value of the type given as ``response_format``, or None if none was given.

        Raises:
            LookupError: the run ended before the model had completed a turn.
        """
        if not self._parsed:
            raise LookupError("the run ended before the model had completed a turn")
        value: T_co = self._parsed[0]
        return value


def set_parsed(run: ToolRun[Any], value: object) -> None:
    """Set the parsed value of the last completion of a run."""
    run._parsed = [value]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


@frozen
class TurnStartedEvent:
    """A turn starts: a request is sent."""

    type: ClassVar[Literal["turn.started"]] = "turn.started"
    turn: int
    """The number of the turn, from 1."""


@frozen
class _CallEvent:
    execution: ToolExecution
    """The entry in ``calls`` of the run. It changes until the call has ended."""

    @property
    def call(self) -> ToolCall:
        """The call as the model wrote it."""
        return self.execution.call

    @property
    def turn(self) -> int:
        """The number of the turn, from 1."""
        return self.execution.turn


class ToolStartedEvent(_CallEvent):
    """A tool starts."""

    __slots__ = ()
    type: ClassVar[Literal["tool.started"]] = "tool.started"


class ToolResultEvent(_CallEvent):
    """A call has ended, with a result or an error: ``execution.outcome`` has the outcome."""

    __slots__ = ()
    type: ClassVar[Literal["tool.result"]] = "tool.result"

    @property
    def content(self) -> str:
        """The result as the model reads it."""
        return self.execution.content


@frozen
class TurnDoneEvent:
    """A turn has ended: the completion is there, and all its calls have ended."""

    type: ClassVar[Literal["turn.done"]] = "turn.done"
    turn: int
    """The number of the turn, from 1."""
    completion: ChatCompletion = field(repr=False)
    """The completion of the turn."""


@frozen
class ToolRunDoneEvent:
    """The run has ended. This is the last event."""

    type: ClassVar[Literal["run.done"]] = "run.done"
    run: ToolRun[object]
    """The result of the run."""


ToolRunStepEvent: TypeAlias = TurnStartedEvent | ToolStartedEvent | ToolResultEvent | TurnDoneEvent | ToolRunDoneEvent
"""A step of a run. Type checkers narrow it by ``event.type == "tool.result"``."""
ToolRunEvent: TypeAlias = ToolRunStepEvent | StreamEvent
"""An event of a streamed run: a step of it, or an event of a completion."""

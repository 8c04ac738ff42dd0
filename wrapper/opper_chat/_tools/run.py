"""What a run of tools leaves behind, and the events that tell of it while it goes on. Values only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeAlias, TypeVar

from attrs import define, field, frozen
from opper_chat_api.models.completion_usage import CompletionUsage

from .._json.codec import is_object
from .._results.completion import ChatCompletion
from .._results.content import text_of
from .._results.tool_calls import ToolCall
from .._streaming.events import StreamEvent

if TYPE_CHECKING:
    from opper_chat_api.params import ChatMessageParam

T_co = TypeVar("T_co", covariant=True)

Outcome: TypeAlias = Literal["succeeded", "failed", "denied", "not_run"]
"""What became of a call: it returned; it failed, or its arguments did, or there is no such tool, or JSON cannot
represent what it returned; `before_call` denied it; or the run ended before it did."""


@define
class ToolExecution:
    """One call of a run, and what became of it."""

    call: ToolCall
    """As the model asks for it."""
    turn: int
    """In which turn, from 1."""
    arguments: dict[str, object] | None = None
    """What the function was called with, by the names of its parameters: values of their types, defaults left out.
    None where it came to no call."""
    outcome: Outcome = "not_run"
    """What became of it."""
    result: object = None
    """What the function returned; of a generator, the list of what it yielded."""
    error: Exception | None = None
    """What was wrong."""
    content: str = "Error: the call was not carried out: the run ended before."
    """What the model is told."""
    duration: float | None = None
    """Seconds that the function took, or None where it did not end."""


@define
class ToolRun(Generic[T_co]):
    """What came of asking a model that may call tools."""

    messages: list[ChatMessageParam] = field(repr=False)
    """The whole conversation, beginning with what was given. To go on, append to it and run again."""
    completions: list[ChatCompletion] = field(factory=list[ChatCompletion], repr=False)
    """The model's answers, one for each turn."""
    calls: list[ToolExecution] = field(factory=list[ToolExecution])
    """Every call of a tool, in the order in which the model asked for them."""
    pending: list[ToolCall] = field(factory=list[ToolCall])
    """Calls of tools that are definitions without a function. They ended the run, and have no answer yet: append one
    to ``messages`` for each, with `tool_result`, to go on."""
    _parsed: list[Any] = field(factory=list[Any], repr=False)
    """Of the last answer, once there is one."""

    @property
    def turns(self) -> int:
        """How often the model was asked."""
        return len(self.completions)

    @property
    def completion(self) -> ChatCompletion:
        """The last answer.

        Raises:
            LookupError: there is none, in the run of an error that came before the first.
        """
        if not self.completions:
            raise LookupError("the run ended before the model had answered once")
        return self.completions[-1]

    @property
    def text(self) -> str:
        """The text of the last answer; empty where it has none."""
        choices = self.completions[-1].choices if self.completions else []
        return text_of(choices[0].message) if choices else ""

    @property
    def usage(self) -> CompletionUsage | None:
        """What all turns consumed together, or None where the server does not say. Added up when it is asked for."""
        said = [completion.usage.to_dict() for completion in self.completions if completion.usage is not None]
        return CompletionUsage.from_dict(_added(said)) if said else None

    @property
    def parsed(self) -> T_co:
        """The last answer as a value of the type that was given as ``response_format``; None where none was given.

        Raises:
            LookupError: the run ended before the model had answered.
        """
        if not self._parsed:
            raise LookupError("the run ended before the model had answered")
        value: T_co = self._parsed[0]
        return value


def set_parsed(run: ToolRun[Any], value: object) -> None:
    """Set the parsed value of the last completion of a run."""
    run._parsed = [value]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def _added(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """Return an object of the sums of what the objects count."""
    total: dict[str, Any] = {}
    for value in objects:
        for name, item in value.items():
            if is_object(item):
                total[name] = _added([total.get(name, {}), item])
            elif isinstance(item, int | float) and not isinstance(item, bool):
                total[name] = total.get(name, 0) + item
    return total


@frozen
class TurnStartedEvent:
    """The model is asked."""

    type: ClassVar[Literal["turn.started"]] = "turn.started"
    turn: int
    """The number of the turn, from 1."""


@frozen
class _OfACall:
    execution: ToolExecution
    """The call and what became of it, also afterwards: it is the entry in the run's ``calls``."""

    @property
    def call(self) -> ToolCall:
        """The call, as the model asks for it."""
        return self.execution.call

    @property
    def turn(self) -> int:
        """In which turn, from 1."""
        return self.execution.turn


class ToolStartedEvent(_OfACall):
    """A tool begins."""

    __slots__ = ()
    type: ClassVar[Literal["tool.started"]] = "tool.started"


class ToolResultEvent(_OfACall):
    """A call has its answer, also where that is an error; ``execution`` says what became of it."""

    __slots__ = ()
    type: ClassVar[Literal["tool.result"]] = "tool.result"

    @property
    def content(self) -> str:
        """What the model is told."""
        return self.execution.content


@frozen
class TurnDoneEvent:
    """A turn is over: the model has answered, and the calls that it asks for are answered."""

    type: ClassVar[Literal["turn.done"]] = "turn.done"
    turn: int
    """The number of the turn, from 1."""
    completion: ChatCompletion = field(repr=False)
    """The completion of the turn."""


@frozen
class ToolRunDoneEvent:
    """The run is over. The last event."""

    type: ClassVar[Literal["run.done"]] = "run.done"
    run: ToolRun[object]
    """The result of the run."""


ToolRunStepEvent: TypeAlias = TurnStartedEvent | ToolStartedEvent | ToolResultEvent | TurnDoneEvent | ToolRunDoneEvent
"""A step of a run: type checkers tell which by ``event.type == "tool.result"``."""
ToolRunEvent: TypeAlias = ToolRunStepEvent | StreamEvent
"""An event of a streamed run: a step of it, or of the answer that is being written."""

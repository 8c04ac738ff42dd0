"""The result of a run of tools, and its events. Data only: `loop` sets it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeAlias, TypeVar

from attrs import define, field, frozen
from opper_chat_api.models.completion_usage import CompletionUsage

from .._requests.transcript import add_usage
from .._results.completion import ChatCompletion
from .._results.content import text_of
from .._results.tool_calls import ToolCall
from .._streaming.events import StreamEvent

if TYPE_CHECKING:
    from opper_chat_api.params import ChatMessageParam

T_co = TypeVar("T_co", covariant=True)

ToolOutcome: TypeAlias = Literal["succeeded", "failed", "denied", "not_run"]
"""How a call ended. ``succeeded``: the function returned. ``failed``: it raised, its arguments were wrong, there is no
such tool, or JSON cannot represent the result. ``denied``: ``before_call`` denied it. ``not_run``: the run ended before
the function returned."""


@define
class ToolExecution:
    """One call of a tool in a run, and how it ended."""

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

"""The typed events of a stream, in the field's words. No I/O.

Every event has a ``snapshot``, and ``index``, its choice, unless it is of the whole: chunk, usage, done.
"""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

from attrs import field, frozen
from opper_chat_api.models import (
    ChatCompletionChunk,
    CompletionUsage,
    FunctionCall,
    FunctionCallDelta,
    TokenLogprob,
)

from .._errors.tools import ToolArgumentsError
from .._results.completion import ChatCompletion
from .._results.content import OfAnyType
from .._results.tool_calls import AnyToolCall
from .accumulator import Accumulator
from .partial_json import partial_json
from .said import Said, SaidAudio, call_model
from .tool_calls import ToolCall


@frozen
class _WithCompletion:
    _accumulator: Accumulator = field(repr=False, eq=False)

    @property
    def snapshot(self) -> ChatCompletion:
        """The completion so far, made now: ask while the event is at hand, or it has what came since as well."""
        return self._accumulator.snapshot()


@frozen
class _OfAChoice:
    index: int
    """The index of the choice, from 0."""


@frozen
class ChunkEvent(_WithCompletion):
    """A chunk came. The events of what it brought follow."""

    type: ClassVar[Literal["chunk"]] = "chunk"
    chunk: ChatCompletionChunk
    """The chunk."""


@frozen
class UsageEvent(_WithCompletion):
    """The server said what the call consumed. Some say it with every chunk: the last one counts."""

    type: ClassVar[Literal["usage"]] = "usage"
    usage: CompletionUsage
    """The tokens that the call consumed."""


@frozen
class DoneEvent:
    """The stream is complete, and this is the completion. The last event."""

    type: ClassVar[Literal["done"]] = "done"
    snapshot: ChatCompletion
    """The completion."""

    @property
    def completion(self) -> ChatCompletion:
        """The completion."""
        return self.snapshot


@frozen
class _TextDelta(_OfAChoice):
    delta: str
    """The text that was added."""
    _said: Said = field(repr=False, eq=False)
    _length: int = field(repr=False, eq=False)

    @property
    def snapshot(self) -> str:
        """The text as of this event."""
        return self._said.text.joined()[: self._length]


@frozen
class _TextDone(_OfAChoice):
    snapshot: str
    """The whole text."""


class ContentDeltaEvent(OfAnyType, _TextDelta):
    """More of the answer."""

    __slots__ = ()
    type: ClassVar[Literal["content.delta"]] = "content.delta"


class ContentDoneEvent(OfAnyType, _TextDone):
    """The answer is whole, as far as the model wrote it: the finish reason says why it ended there."""

    __slots__ = ()
    type: ClassVar[Literal["content.done"]] = "content.done"

    @property
    def content(self) -> str:
        """The answer."""
        return self.snapshot


class RefusalDeltaEvent(_TextDelta):
    """More of what the model says instead of an answer."""

    __slots__ = ()
    type: ClassVar[Literal["refusal.delta"]] = "refusal.delta"


class RefusalDoneEvent(_TextDone):
    """The refusal is whole."""

    __slots__ = ()
    type: ClassVar[Literal["refusal.done"]] = "refusal.done"

    @property
    def refusal(self) -> str:
        """What the model said instead of an answer."""
        return self.snapshot


class ReasoningDeltaEvent(_TextDelta):
    """More of the model's reasoning: ``reasoning_content``, ``reasoning``, or the thinking parts of a content."""

    __slots__ = ()
    type: ClassVar[Literal["reasoning.delta"]] = "reasoning.delta"


class ReasoningDoneEvent(_TextDone):
    """The reasoning is whole."""

    __slots__ = ()
    type: ClassVar[Literal["reasoning.done"]] = "reasoning.done"

    @property
    def reasoning(self) -> str:
        """The model's reasoning."""
        return self.snapshot


@frozen
class ToolCallDeltaEvent(_OfAChoice):
    """A fragment of a tool call. `ToolCallDoneEvent` says when the call may be acted upon."""

    type: ClassVar[Literal["tool_call.delta"]] = "tool_call.delta"
    tool_index: int
    """Which of the tool calls of the choice, from 0 in the order of their appearance."""
    id: str | None
    """The id of the call, or None if it has not come yet."""
    name: str | None
    """The name of the function or custom tool, or None if it has not come yet."""
    arguments_delta: str
    """The text that was added to the arguments of a function."""
    input_delta: str
    """The text that was added to the input of a custom tool."""
    _call: ToolCall = field(repr=False, eq=False)
    _length: int = field(repr=False, eq=False)

    @property
    def arguments(self) -> str:
        """The arguments of a function as of this event, as unfinished JSON text."""
        return "" if self._call.is_custom else self._call.text[: self._length]

    @property
    def input(self) -> str:
        """The input of a custom tool as of this event."""
        return self._call.text[: self._length] if self._call.is_custom else ""

    @property
    def partial_arguments(self) -> object:
        """What the arguments are certain to say as of this event, or None: read anew whenever it is asked for."""
        return partial_json(self.arguments)

    @property
    def snapshot(self) -> AnyToolCall:
        """The call so far, its arguments or input as of this event."""
        return call_model(self._call, self._length)


@frozen
class ToolCallDoneEvent(_OfAChoice):
    """A tool call has ended. Comes once a call, and never for one inside of which the stream was cut.

    It is looked for when another call of the choice begins, when the choice gets its finish reason, and when the stream
    is complete, by the rule of `_tool_calls.ToolCall.whole`. A call that was cut off stays in the completion.
    """

    type: ClassVar[Literal["tool_call.done"]] = "tool_call.done"
    tool_index: int
    """Which of the tool calls of the choice, from 0 in the order of their appearance."""
    name: str
    """The name of the function or custom tool."""
    arguments: str
    """The arguments of a function: JSON text, as the model wrote it."""
    _parsed: object
    snapshot: AnyToolCall
    """The call."""
    _problem: str = field(default="", repr=False)

    @property
    def parsed(self) -> object:
        """The value of the arguments: an empty object where there is no text, None for a custom tool.

        Raises:
            ToolArgumentsError: the arguments are not a JSON object.
        """
        if self._problem:
            call_id = self.snapshot.to_dict().get("id")
            raise ToolArgumentsError(
                self.name, call_id if isinstance(call_id, str) else "", self._problem, self.arguments
            )
        return self._parsed

    @property
    def tool_call(self) -> AnyToolCall:
        """The call."""
        return self.snapshot


@frozen
class FunctionCallDeltaEvent(_OfAChoice):
    """A piece of a function call, the way of calling that `tool_calls` replaced. `FunctionCallDoneEvent` ends it."""

    type: ClassVar[Literal["function_call.delta"]] = "function_call.delta"
    name: str | None
    """The name of the function, or None if it has not come yet."""
    arguments_delta: str
    """The text that was added to the arguments of a function."""
    _call: ToolCall = field(repr=False, eq=False)
    _length: int = field(repr=False, eq=False)

    @property
    def arguments(self) -> str:
        """The arguments as of this event, as unfinished JSON text."""
        return self._call.text[: self._length]

    @property
    def partial_arguments(self) -> object:
        """What the arguments are certain to say as of this event, or None: read anew whenever it is asked for."""
        return partial_json(self.arguments)

    @property
    def snapshot(self) -> FunctionCallDelta:
        """The call so far, its arguments as of this event."""
        return FunctionCallDelta.from_dict(self._call.body(self._length))


@frozen
class FunctionCallDoneEvent(_OfAChoice):
    """The function call has ended, by the rule of `ToolCallDoneEvent`."""

    type: ClassVar[Literal["function_call.done"]] = "function_call.done"
    name: str
    """The name of the function or custom tool."""
    arguments: str
    """The arguments of a function: JSON text, as the model wrote it."""
    _parsed: object
    snapshot: FunctionCall
    """The call."""
    _problem: str = field(default="", repr=False)

    @property
    def parsed(self) -> object:
        """The value of the arguments, an empty object where there is no text.

        Raises:
            ToolArgumentsError: the arguments are not a JSON object.
        """
        if self._problem:
            raise ToolArgumentsError(self.name, "", self._problem, self.arguments)
        return self._parsed

    @property
    def function_call(self) -> FunctionCall:
        """The call."""
        return self.snapshot


@frozen
class AudioDeltaEvent(_OfAChoice):
    """More of the answer as sound: of its data, in base64, of the transcript of it, or both."""

    type: ClassVar[Literal["audio.delta"]] = "audio.delta"
    id: str | None
    """The id of the audio, or None if the server sent none."""
    data_delta: str
    """The data that was added, in base64."""
    transcript_delta: str
    """The text that was added to the transcript."""
    _said: SaidAudio = field(repr=False, eq=False)
    _data: int = field(repr=False, eq=False)
    _transcript: int = field(repr=False, eq=False)

    @property
    def data(self) -> str:
        """The data as of this event, one piece after the other."""
        return self._said.data.text.joined()[: self._data]

    @property
    def transcript(self) -> str:
        """The transcript as of this event."""
        return self._said.transcript.text.joined()[: self._transcript]

    @property
    def snapshot(self) -> dict[str, object]:
        """The audio so far as JSON, its texts as of this event."""
        return self._said.to_dict(self._data, self._transcript)


@frozen
class AudioDoneEvent(_OfAChoice):
    """The sound is whole, as far as the model made it."""

    type: ClassVar[Literal["audio.done"]] = "audio.done"
    id: str | None
    """The id of the audio, or None if the server sent none."""
    data: str
    """The data, in base64."""
    transcript: str
    """The transcript of the audio."""
    snapshot: dict[str, object]
    """The audio as JSON."""


@frozen
class _LogprobsDelta(_OfAChoice):
    delta: list[TokenLogprob]
    """The log probabilities of the tokens that were added."""
    _said: Said = field(repr=False, eq=False)
    _length: int = field(repr=False, eq=False)

    @property
    def snapshot(self) -> list[TokenLogprob]:
        """Those of all tokens as of this event."""
        return self._said.logprobs[: self._length]


@frozen
class _LogprobsDone(_OfAChoice):
    snapshot: list[TokenLogprob]
    """The log probabilities of all tokens."""


class LogprobsContentDeltaEvent(_LogprobsDelta):
    """Log probabilities of more tokens of the content."""

    __slots__ = ()
    type: ClassVar[Literal["logprobs.content.delta"]] = "logprobs.content.delta"


class LogprobsContentDoneEvent(_LogprobsDone):
    """The log probabilities of all tokens of the content."""

    __slots__ = ()
    type: ClassVar[Literal["logprobs.content.done"]] = "logprobs.content.done"


class LogprobsRefusalDeltaEvent(_LogprobsDelta):
    """Log probabilities of more tokens of the refusal."""

    __slots__ = ()
    type: ClassVar[Literal["logprobs.refusal.delta"]] = "logprobs.refusal.delta"


class LogprobsRefusalDoneEvent(_LogprobsDone):
    """The log probabilities of all tokens of the refusal."""

    __slots__ = ()
    type: ClassVar[Literal["logprobs.refusal.done"]] = "logprobs.refusal.done"


TextDeltaEvent: TypeAlias = ContentDeltaEvent | RefusalDeltaEvent | ReasoningDeltaEvent
TextDoneEvent: TypeAlias = ContentDoneEvent | RefusalDoneEvent | ReasoningDoneEvent
LogprobsDeltaEvent: TypeAlias = LogprobsContentDeltaEvent | LogprobsRefusalDeltaEvent
LogprobsDoneEvent: TypeAlias = LogprobsContentDoneEvent | LogprobsRefusalDoneEvent
StreamEvent: TypeAlias = (
    ChunkEvent | TextDeltaEvent | TextDoneEvent | AudioDeltaEvent | AudioDoneEvent
    | ToolCallDeltaEvent | ToolCallDoneEvent | FunctionCallDeltaEvent | FunctionCallDoneEvent
    | LogprobsDeltaEvent | LogprobsDoneEvent | UsageEvent | DoneEvent
)  # fmt: skip
"""An event of a stream: type checkers tell which by ``event.type == "content.delta"``."""

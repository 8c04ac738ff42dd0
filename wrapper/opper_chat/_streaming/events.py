"""The typed events of a stream. No I/O.

Every event has a ``snapshot``. All except chunk, usage and done events have the ``index`` of their choice. Deltas
refer to what the accumulator has, so that a snapshot costs nothing until it is read.
"""

from __future__ import annotations

from contextlib import suppress
from typing import ClassVar, Literal, TypeAlias, cast

from attrs import field, frozen
from opper_chat_api.errors import DecodeError
from opper_chat_api.models import ChatCompletionChunk, CompletionUsage, FunctionCall, FunctionCallDelta, TokenLogprob

from .._errors.tools import ToolArgumentsError
from .._json.text_buffer import TextBuffer, joined_text
from .._json.values import copy_json
from .._results.completion import ChatCompletion
from .._results.content import Unparsed
from .._results.tool_calls import AnyToolCall, nonempty_text
from .accumulator import Accumulator
from .partial_json import partial_json
from .tool_calls import PartialToolCall


@frozen
class _CompletionEvent:
    _accumulator: Accumulator = field(repr=False, eq=False)

    @property
    def snapshot(self) -> ChatCompletion:
        """The completion so far, built each time. Read it before you take the next event."""
        return self._accumulator.snapshot()


@frozen
class _ChoiceEvent:
    index: int
    """The index of the choice, from 0."""


@frozen
class ChunkEvent(_CompletionEvent):
    """A chunk arrived. The events of what it adds follow."""

    type: ClassVar[Literal["chunk"]] = "chunk"
    chunk: ChatCompletionChunk
    """The chunk."""


@frozen
class UsageEvent(_CompletionEvent):
    """The server sent the usage of the call. Some servers send it with every chunk: the last one counts."""

    type: ClassVar[Literal["usage"]] = "usage"
    usage: CompletionUsage
    """The tokens that the call consumed."""


@frozen
class DoneEvent:
    """The stream is complete. This is the last event."""

    type: ClassVar[Literal["done"]] = "done"
    snapshot: ChatCompletion
    """The completion."""

    @property
    def completion(self) -> ChatCompletion:
        """The completion."""
        return self.snapshot


@frozen
class _TextDelta(_ChoiceEvent):
    delta: str
    """The text that was added."""
    _buffer: TextBuffer = field(repr=False, eq=False)
    _length: int = field(repr=False, eq=False)

    @property
    def snapshot(self) -> str:
        """The text up to this event."""
        return self._buffer.joined()[: self._length]


@frozen
class _TextDone(_ChoiceEvent):
    snapshot: str
    """The whole text."""


class ContentDeltaEvent(Unparsed, _TextDelta):
    """The content of the message has grown."""

    __slots__ = ()
    type: ClassVar[Literal["content.delta"]] = "content.delta"


class ContentDoneEvent(Unparsed, _TextDone):
    """The content of the message is complete. The finish reason of the choice has the reason."""

    __slots__ = ()
    type: ClassVar[Literal["content.done"]] = "content.done"

    @property
    def content(self) -> str:
        """The content."""
        return self.snapshot


class RefusalDeltaEvent(_TextDelta):
    """The refusal of the model has grown."""

    __slots__ = ()
    type: ClassVar[Literal["refusal.delta"]] = "refusal.delta"


class RefusalDoneEvent(_TextDone):
    """The refusal of the model is complete."""

    __slots__ = ()
    type: ClassVar[Literal["refusal.done"]] = "refusal.done"

    @property
    def refusal(self) -> str:
        """The refusal."""
        return self.snapshot


class ReasoningDeltaEvent(_TextDelta):
    """The reasoning has grown: ``reasoning_content``, ``reasoning``, or the thinking parts of a content."""

    __slots__ = ()
    type: ClassVar[Literal["reasoning.delta"]] = "reasoning.delta"


class ReasoningDoneEvent(_TextDone):
    """The reasoning is complete."""

    __slots__ = ()
    type: ClassVar[Literal["reasoning.done"]] = "reasoning.done"

    @property
    def reasoning(self) -> str:
        """The reasoning."""
        return self.snapshot


@frozen
class ToolCallDeltaEvent(_ChoiceEvent):
    """A tool call has grown. Wait for its `ToolCallDoneEvent` before you run the tool."""

    type: ClassVar[Literal["tool_call.delta"]] = "tool_call.delta"
    tool_index: int
    """The position of the call among the tool calls of the choice, from 0 in order of appearance."""
    id: str | None
    """The id of the call, or None if it has not arrived yet."""
    name: str | None
    """The name of the function or custom tool, or None if it has not arrived yet."""
    arguments_delta: str
    """The text that was added to the arguments of a function."""
    input_delta: str
    """The text that was added to the input of a custom tool."""
    _call: PartialToolCall = field(repr=False, eq=False)
    _length: int = field(repr=False, eq=False)

    @property
    def arguments(self) -> str:
        """The arguments of a function up to this event, as unfinished JSON text."""
        return "" if self._call.is_custom else self._call.text[: self._length]

    @property
    def input(self) -> str:
        """The input of a custom tool up to this event."""
        return self._call.text[: self._length] if self._call.is_custom else ""

    @property
    def partial_arguments(self) -> object:
        """The value of the unfinished arguments, read each time, or None if nothing is certain yet."""
        return partial_json(self.arguments)

    @property
    def snapshot(self) -> AnyToolCall:
        """The call so far, with its arguments or input up to this event."""
        return self._call.to_model(self._length)


@frozen
class ToolCallDoneEvent(_ChoiceEvent):
    """A tool call is complete: another one began, its choice got the finish reason, or the stream is complete.

    Emitted once for each complete call. A call that was cut off is in the completion only.
    """

    type: ClassVar[Literal["tool_call.done"]] = "tool_call.done"
    tool_index: int
    """The position of the call among the tool calls of the choice, from 0 in order of appearance."""
    name: str
    """The name of the function or custom tool."""
    arguments: str
    """The arguments of a function: JSON text, as the model wrote it. Empty for a custom tool."""
    _parsed: object
    snapshot: AnyToolCall
    """The call."""
    _problem: str = field(default="", repr=False)

    @property
    def parsed(self) -> object:
        """The value of the arguments: an empty object for empty text, None for a custom tool.

        Raises:
            ToolArgumentsError: the arguments are not a JSON object.
        """
        if self._problem:
            call_id = nonempty_text(self.snapshot.to_dict().get("id")) or ""
            raise ToolArgumentsError(self.name, call_id, self._problem, self.arguments)
        return self._parsed

    @property
    def tool_call(self) -> AnyToolCall:
        """The call."""
        return self.snapshot


@frozen
class FunctionCallDeltaEvent(_ChoiceEvent):
    """The function call has grown. It is the deprecated form of tool calls. Wait for its `FunctionCallDoneEvent`."""

    type: ClassVar[Literal["function_call.delta"]] = "function_call.delta"
    name: str | None
    """The name of the function, or None if it has not arrived yet."""
    arguments_delta: str
    """The text that was added to the arguments."""
    _call: PartialToolCall = field(repr=False, eq=False)
    _length: int = field(repr=False, eq=False)

    @property
    def arguments(self) -> str:
        """The arguments up to this event, as unfinished JSON text."""
        return self._call.text[: self._length]

    @property
    def partial_arguments(self) -> object:
        """The value of the unfinished arguments, read each time, or None if nothing is certain yet."""
        return partial_json(self.arguments)

    @property
    def snapshot(self) -> FunctionCallDelta:
        """The call so far, with its arguments up to this event."""
        return FunctionCallDelta.from_dict(self._call.body(self._length))


@frozen
class FunctionCallDoneEvent(_ChoiceEvent):
    """The function call is complete, by the rules of `ToolCallDoneEvent`."""

    type: ClassVar[Literal["function_call.done"]] = "function_call.done"
    name: str
    """The name of the function."""
    arguments: str
    """The arguments: JSON text, as the model wrote it."""
    _parsed: object
    snapshot: FunctionCall
    """The call."""
    _problem: str = field(default="", repr=False)

    @property
    def parsed(self) -> object:
        """The value of the arguments. Raises `ToolArgumentsError` as `ToolCallDoneEvent.parsed` does."""
        if self._problem:
            raise ToolArgumentsError(self.name, "", self._problem, self.arguments)
        return self._parsed

    @property
    def function_call(self) -> FunctionCall:
        """The call."""
        return self.snapshot


@frozen
class AudioDeltaEvent(_ChoiceEvent):
    """The audio of the message has grown: its data, its transcript, or both."""

    type: ClassVar[Literal["audio.delta"]] = "audio.delta"
    id: str | None
    """The id of the audio, or None if the server has not sent one."""
    data_delta: str
    """The data that was added, in base64."""
    transcript_delta: str
    """The text that was added to the transcript."""
    _audio: dict[str, object] = field(repr=False, eq=False)
    _data_length: int = field(repr=False, eq=False)
    _transcript_length: int = field(repr=False, eq=False)

    @property
    def data(self) -> str:
        """The data up to this event: the base64 texts of all deltas, concatenated."""
        return joined_text(self._audio.get("data"))[: self._data_length]

    @property
    def transcript(self) -> str:
        """The transcript up to this event."""
        return joined_text(self._audio.get("transcript"))[: self._transcript_length]

    @property
    def snapshot(self) -> dict[str, object]:
        """The audio so far as JSON, with its texts up to this event."""
        audio = cast("dict[str, object]", copy_json(self._audio))
        texts = ("data", self.data), ("transcript", self.transcript)
        return audio | {name: text for name, text in texts if isinstance(audio.get(name), str)}


@frozen
class AudioDoneEvent(_ChoiceEvent):
    """The audio of the message is complete."""

    type: ClassVar[Literal["audio.done"]] = "audio.done"
    id: str | None
    """The id of the audio, or None if the server sent none."""
    data: str
    """The data: the base64 texts of all deltas, concatenated."""
    transcript: str
    """The transcript."""
    snapshot: dict[str, object]
    """The audio as JSON."""


@frozen
class _LogprobsDelta(_ChoiceEvent):
    delta: list[TokenLogprob]
    """The log probabilities of the tokens that were added."""
    _tokens: list[object] = field(repr=False, eq=False)
    _length: int = field(repr=False, eq=False)

    @property
    def snapshot(self) -> list[TokenLogprob]:
        """The log probabilities of all tokens up to this event, decoded each time."""
        return _read_logprobs(self._tokens[: self._length])


@frozen
class _LogprobsDone(_ChoiceEvent):
    _tokens: list[object]

    @property
    def snapshot(self) -> list[TokenLogprob]:
        """The log probabilities of all tokens, decoded each time."""
        return _read_logprobs(self._tokens)


def _read_logprobs(tokens: list[object]) -> list[TokenLogprob]:
    """Return the tokens that are log probabilities. What else a server sent there is in the completion."""
    logprobs: list[TokenLogprob] = []
    for token in tokens:
        with suppress(DecodeError):
            logprobs.append(TokenLogprob.from_dict(cast("dict[str, object]", token)))
    return logprobs


class LogprobsContentDeltaEvent(_LogprobsDelta):
    """The log probabilities of more tokens of the content arrived."""

    __slots__ = ()
    type: ClassVar[Literal["logprobs.content.delta"]] = "logprobs.content.delta"


class LogprobsContentDoneEvent(_LogprobsDone):
    """The log probabilities of the content are complete."""

    __slots__ = ()
    type: ClassVar[Literal["logprobs.content.done"]] = "logprobs.content.done"


class LogprobsRefusalDeltaEvent(_LogprobsDelta):
    """The log probabilities of more tokens of the refusal arrived."""

    __slots__ = ()
    type: ClassVar[Literal["logprobs.refusal.delta"]] = "logprobs.refusal.delta"


class LogprobsRefusalDoneEvent(_LogprobsDone):
    """The log probabilities of the refusal are complete."""

    __slots__ = ()
    type: ClassVar[Literal["logprobs.refusal.done"]] = "logprobs.refusal.done"


TextDeltaEvent: TypeAlias = ContentDeltaEvent | RefusalDeltaEvent | ReasoningDeltaEvent
LogprobsDeltaEvent: TypeAlias = LogprobsContentDeltaEvent | LogprobsRefusalDeltaEvent
LogprobsDoneEvent: TypeAlias = LogprobsContentDoneEvent | LogprobsRefusalDoneEvent
CommonStreamEvent: TypeAlias = (
    ChunkEvent | RefusalDeltaEvent | RefusalDoneEvent | ReasoningDeltaEvent | ReasoningDoneEvent
    | AudioDeltaEvent | AudioDoneEvent | ToolCallDeltaEvent | ToolCallDoneEvent | FunctionCallDeltaEvent
    | FunctionCallDoneEvent | LogprobsDeltaEvent | LogprobsDoneEvent | UsageEvent
)  # fmt: skip
"""The events that are the same whether the content is a value of a Python type or not."""
StreamEvent: TypeAlias = CommonStreamEvent | ContentDeltaEvent | ContentDoneEvent | DoneEvent
"""An event of a stream. Type checkers narrow it by ``event.type == "content.delta"``."""

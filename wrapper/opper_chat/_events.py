"""Chunks → the typed events of a stream, in the field's words. No I/O.

Every event has a ``snapshot``, and ``index``, its choice, unless it is of the whole: chunk, usage, done.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal, TypeAlias, cast

from attrs import field, frozen
from opper_chat_api.models import (
    ChatCompletionChunk,
    ChatCompletionMessage,
    ChoiceLogprobs,
    CompletionUsage,
    CustomToolCall,
    FunctionToolCall,
    OtherToolCall,
    TokenLogprob,
)

from ._accumulator import Accumulator, piece_of, reasoning_of
from ._content import OfAnyType, split_content
from ._json import is_array, is_object
from ._partial_json import Text, partial_json
from ._results import ChatCompletion
from ._tool_calls import ToolCall, ToolCalls

AnyToolCall: TypeAlias = FunctionToolCall | CustomToolCall | OtherToolCall


@frozen
class _WithCompletion:
    _accumulator: Accumulator = field(repr=False, eq=False)

    @property
    def snapshot(self) -> ChatCompletion:
        """The completion so far, made now: ask while the event is at hand, or it has what came since as well."""
        return self._accumulator.snapshot()


@frozen
class ChunkEvent(_WithCompletion):
    """A chunk came. The events of what it brought follow."""

    type: ClassVar[Literal["chunk"]] = "chunk"
    chunk: ChatCompletionChunk


@frozen
class UsageEvent(_WithCompletion):
    """The server said what the call consumed. Some say it with every chunk: the last one counts."""

    type: ClassVar[Literal["usage"]] = "usage"
    usage: CompletionUsage


@frozen
class DoneEvent:
    """The stream is complete, and this is the completion. The last event."""

    type: ClassVar[Literal["done"]] = "done"
    snapshot: ChatCompletion

    @property
    def completion(self) -> ChatCompletion:
        """The completion."""
        return self.snapshot


@frozen
class _TextDelta:
    index: int
    delta: str
    _said: _Said = field(repr=False, eq=False)
    _length: int = field(repr=False, eq=False)

    @property
    def snapshot(self) -> str:
        """The text as of this event."""
        return self._said.text.joined()[: self._length]


@frozen
class _TextDone:
    index: int
    snapshot: str


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
class ToolCallDeltaEvent:
    """A fragment of a tool call. `ToolCallDoneEvent` says when the call may be acted upon.

    ``place`` says which of the choice's calls, from 0 in the order of their appearance. ``arguments_delta`` is what
    was added to the arguments of a function, ``input_delta`` to the input of a custom tool.
    """

    type: ClassVar[Literal["tool_call.delta"]] = "tool_call.delta"
    index: int
    place: int
    id: str | None
    name: str | None
    arguments_delta: str
    input_delta: str
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
    def partial(self) -> object:
        """What the arguments are certain to say as of this event, or None: read anew whenever it is asked for."""
        return partial_json(self.arguments)

    @property
    def snapshot(self) -> AnyToolCall:
        """The call so far, its arguments or input as of this event."""
        return _model(self._call, self._length)


@frozen
class ToolCallDoneEvent:
    """A tool call is whole. Comes once a call, and never for one inside of which the stream was cut.

    It is looked for when another call of the choice begins, when the choice gets its finish reason, and when the stream
    is complete, by the rule of `_tool_calls.ToolCall.whole`. A call that never is whole stays in the completion.

    ``index`` and ``place`` are those of `ToolCallDeltaEvent`. ``arguments`` is JSON text and ``parsed`` its value: an
    empty object where there is no text, None for a custom tool.
    """

    type: ClassVar[Literal["tool_call.done"]] = "tool_call.done"
    index: int
    place: int
    name: str
    arguments: str
    parsed: object
    snapshot: AnyToolCall

    @property
    def tool_call(self) -> AnyToolCall:
        """The call."""
        return self.snapshot


@frozen
class _LogprobsDelta:
    index: int
    delta: list[TokenLogprob]
    _said: _Said = field(repr=False, eq=False)
    _length: int = field(repr=False, eq=False)

    @property
    def snapshot(self) -> list[TokenLogprob]:
        """Those of all tokens as of this event."""
        return self._said.logprobs[: self._length]


@frozen
class _LogprobsDone:
    index: int
    snapshot: list[TokenLogprob]


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
    ChunkEvent | TextDeltaEvent | TextDoneEvent | ToolCallDeltaEvent | ToolCallDoneEvent
    | LogprobsDeltaEvent | LogprobsDoneEvent | UsageEvent | DoneEvent
)  # fmt: skip
"""An event of a stream: type checkers tell which by ``event.type == "content.delta"``."""


class EventMaker:
    """Turns each chunk of a stream into its events. Whoever wants chunks alone makes none and pays nothing."""

    def __init__(self, accumulator: Accumulator) -> None:
        self._accumulator = accumulator
        self._choices: dict[int, _Choice] = {}

    def add(self, chunk: ChatCompletionChunk, value: dict[str, object]) -> list[StreamEvent]:
        """Return the events of a chunk, which the accumulator already has and which was read from a JSON object.

        First the chunk, then choice by choice what it adds and what it ends, then usage.
        """
        events: list[StreamEvent] = [ChunkEvent(self._accumulator, chunk)]
        items = choices if is_array(choices := value.get("choices")) else []
        for place, item in enumerate(items):
            if is_object(item):
                number = item.get("index")
                index = number if type(number) is int else place
                choice = self._choices.get(index)
                if choice is None:
                    choice = self._choices[index] = _Choice(index)
                logprobs = chunk.choices[place].logprobs if len(chunk.choices) == len(items) else None
                events.extend(choice.add(item, logprobs))
        if chunk.usage is not None:
            events.append(UsageEvent(self._accumulator, chunk.usage))
        return events

    def finish(self) -> list[StreamEvent]:
        """Return the events that close a complete stream: what is not done yet, then the completion."""
        events = [event for _, choice in sorted(self._choices.items()) for event in choice.close(complete=True)]
        return [*events, DoneEvent(self._accumulator.snapshot())]


class _Said:
    """A text of a choice and its log probabilities so far, and how much of them done events have told."""

    __slots__ = ("length", "logprobs", "text", "told", "told_logprobs")

    def __init__(self) -> None:
        self.text = Text()
        self.length = 0
        self.told = 0
        self.logprobs: list[TokenLogprob] = []
        self.told_logprobs = 0


class _Choice:
    """What was told about one choice. Keeps texts of its own, so that reading chunks alone need keep no more."""

    def __init__(self, index: int) -> None:
        self._index = index
        self._begun = False
        self._finish_reason: object = None
        self._said = {name: _Said() for name in _TEXTS}
        self._calls = ToolCalls()
        self._latest: ToolCall | None = None
        self._done: set[int] = set()

    def add(self, item: dict[str, object], logprobs: ChoiceLogprobs | None) -> Iterator[StreamEvent]:
        delta = piece_of(item, not self._begun, self._text)
        self._begun = self._begun or any(piece is not None for piece in delta.values())
        content, parts = split_content(delta.get("content"))
        pieces = (reasoning_of(delta, parts), content, delta.get("refusal"))
        for (name, said), piece in zip(self._said.items(), pieces, strict=True):
            if isinstance(piece, str) and piece:
                said.text.append(piece)
                said.length += len(piece)
                yield _TEXTS[name][0](self._index, piece, said, said.length)
        if fragments := delta.get("tool_calls"):
            for position, fragment in enumerate(fragments if is_array(fragments) else [fragments]):
                if is_object(fragment):
                    yield from self._add_fragment(fragment, position)
        if logprobs is not None:
            for name, tokens in (("content", logprobs.content), ("refusal", logprobs.refusal)):
                if tokens:
                    said = self._said[name]
                    said.logprobs.extend(tokens)
                    yield _LOGPROBS[name][0](self._index, tokens, said, len(said.logprobs))
        if (reason := item.get("finish_reason")) and not self._finish_reason:
            yield from self.close(complete=False)
        self._finish_reason = reason or self._finish_reason

    def close(self, *, complete: bool) -> Iterator[StreamEvent]:
        """Tell what is done. What a server adds after a finish reason is told when the stream is complete."""
        for name, said in self._said.items():
            if said.told < said.length:
                said.told = said.length
                yield _TEXTS[name][1](self._index, said.text.joined())
            if said.told_logprobs < len(said.logprobs):
                said.told_logprobs = len(said.logprobs)
                yield _LOGPROBS[name][1](self._index, list(said.logprobs))
        for call in self._calls.calls:
            yield from self._close_call(call, complete=complete)

    def _text(self, name: str) -> str | None:
        said = self._said.get("reasoning" if name == "reasoning_content" else name)
        return said.text.joined() if said else None

    def _add_fragment(self, fragment: dict[str, object], position: int) -> Iterator[StreamEvent]:
        before, known = self._latest, len(self._calls.calls)
        self._latest = call = self._calls.add(fragment, position)
        if before is not None and call.place == known:
            yield from self._close_call(before, complete=False)
        deltas = ("", call.delta) if call.is_custom else (call.delta, "")
        yield ToolCallDeltaEvent(self._index, call.place, call.id, call.name, *deltas, call, call.length)

    def _close_call(self, call: ToolCall, *, complete: bool) -> Iterator[StreamEvent]:
        certain = complete and self._finish_reason in ENDED_WELL
        if call.place not in self._done and (whole := call.whole(certain=certain)) is not None:
            self._done.add(call.place)
            yield ToolCallDoneEvent(self._index, call.place, *whole, _model(call))


ENDED_WELL = ("stop", "tool_calls", "function_call")
"""Finish reasons that say that nothing was cut off. Servers have many words for the others."""
_TEXTS: dict[str, tuple[type[TextDeltaEvent], type[TextDoneEvent]]] = {
    "reasoning": (ReasoningDeltaEvent, ReasoningDoneEvent),
    "content": (ContentDeltaEvent, ContentDoneEvent),
    "refusal": (RefusalDeltaEvent, RefusalDoneEvent),
}
_LOGPROBS: dict[str, tuple[type[LogprobsDeltaEvent], type[LogprobsDoneEvent]]] = {
    "content": (LogprobsContentDeltaEvent, LogprobsContentDoneEvent),
    "refusal": (LogprobsRefusalDeltaEvent, LogprobsRefusalDoneEvent),
}


def _model(call: ToolCall, length: int | None = None) -> AnyToolCall:
    message = ChatCompletionMessage.from_dict({"tool_calls": [call.to_dict(length)]})
    return cast("list[AnyToolCall]", message.tool_calls)[0]

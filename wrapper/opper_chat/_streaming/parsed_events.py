"""The events of a stream whose answer is a value of a type. No I/O."""

from __future__ import annotations

from typing import Generic, TypeAlias, TypeVar, cast

from attrs import field, frozen

from .._errors.invalid_value import InvalidValueError
from .._requests.response_format import ResponseFormat
from .._results.markdown_fences import fence_start
from .._results.parsed import ParsedChatCompletion, becoming
from .events import (
    AudioDeltaEvent,
    AudioDoneEvent,
    ChunkEvent,
    ContentDeltaEvent,
    ContentDoneEvent,
    DoneEvent,
    FunctionCallDeltaEvent,
    FunctionCallDoneEvent,
    LogprobsDeltaEvent,
    LogprobsDoneEvent,
    ReasoningDeltaEvent,
    ReasoningDoneEvent,
    RefusalDeltaEvent,
    RefusalDoneEvent,
    StreamEvent,
    ToolCallDeltaEvent,
    ToolCallDoneEvent,
    UsageEvent,
)
from .partial_json import PartialReader

T = TypeVar("T")


@frozen
class ParsedContentDeltaEvent(ContentDeltaEvent):
    """More of the answer."""

    _response_format: ResponseFormat[object] = field(repr=False, eq=False)
    _reader: PartialReader = field(repr=False, eq=False)

    @property
    def parsed(self) -> object:
        """What the answer is certain to say as of this event, in JSON: dicts, lists, texts, numbers, booleans and None.

        An object has the members that have begun, half a text is there as far as it came, half a number is not. None
        where nothing is certain yet. It is no value of the type, which may need what is still to come.

        The text is read when it is asked for, each piece once. What is finished in it is shared by later values, and
        not to be changed.
        """
        text, reader = self.snapshot, self._reader
        if (start := fence_start(text)) is None:
            return None
        if reader.length > len(text) - start:  # an event that was kept
            reader = PartialReader()
        reader.feed(text[start + reader.length :])
        return self._response_format.unwrap(reader.value())


@frozen
class ParsedContentDoneEvent(ContentDoneEvent, Generic[T]):
    """The answer is whole, and this is its value. An answer that does not fit has no such event: the stream raises."""

    parsed: T  # pyright: ignore[reportIncompatibleMethodOverride]  # a frozen one is read in the same way
    """The value; None where the model calls tools as well."""


@frozen
class ParsedDoneEvent(DoneEvent, Generic[T]):
    """The stream is complete, and this is the completion. The last event."""

    snapshot: ParsedChatCompletion[T]
    """The completion, whose ``parsed`` is the value."""

    @property
    def completion(self) -> ParsedChatCompletion[T]:
        """The completion."""
        return self.snapshot


ParsedStreamEvent: TypeAlias = (
    ChunkEvent | ParsedContentDeltaEvent | ParsedContentDoneEvent[T] | RefusalDeltaEvent | RefusalDoneEvent
    | ReasoningDeltaEvent | ReasoningDoneEvent | AudioDeltaEvent | AudioDoneEvent
    | ToolCallDeltaEvent | ToolCallDoneEvent | FunctionCallDeltaEvent | FunctionCallDoneEvent
    | LogprobsDeltaEvent | LogprobsDoneEvent | UsageEvent | ParsedDoneEvent[T]
)  # fmt: skip
"""An event of a stream whose answer is of a type: type checkers tell which by ``event.type == "content.delta"``."""


class EventParser(Generic[T]):
    """Turns the events of a stream, but for the last, into those that have values."""

    def __init__(self, response_format: ResponseFormat[T]) -> None:
        self._response_format = response_format
        self._calling: set[int] = set()
        self._readers: dict[int, PartialReader] = {}

    def parsed(self, event: StreamEvent) -> ParsedStreamEvent[T] | None:
        """Return the event with its value, or None for an answer that does not fit."""
        if isinstance(event, ContentDeltaEvent):
            made = becoming(ParsedContentDeltaEvent, event)
            object.__setattr__(made, "_response_format", self._response_format)
            object.__setattr__(made, "_reader", self._readers.setdefault(event.index, PartialReader()))
            return made
        if isinstance(event, (ToolCallDeltaEvent, FunctionCallDeltaEvent)):
            self._calling.add(event.index)
        if isinstance(event, ContentDoneEvent):
            return self._done(event)
        if isinstance(event, DoneEvent):
            raise TypeError("the last event has the completion, which whoever reads the stream makes")
        return event

    def _done(self, event: ContentDoneEvent) -> ParsedContentDoneEvent[T] | None:
        try:
            value = cast("T", None) if event.index in self._calling else self._response_format.decode(event.content)
        except InvalidValueError:
            return None  # at the end of the stream the error has the whole completion
        return ParsedContentDoneEvent(event.index, event.snapshot, value)

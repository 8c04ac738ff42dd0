"""The typed events of a stream whose content is a value of a Python type. No I/O."""

from __future__ import annotations

from typing import Generic, TypeAlias, TypeVar, cast

from attrs import field, frozen

from .._errors.invalid_value import InvalidValueError
from .._requests.response_format import ResponseFormat
from .._results.markdown_fences import fence_start
from .._results.parsed import ParsedChatCompletion, as_subclass
from .events import (
    CommonStreamEvent,
    ContentDeltaEvent,
    ContentDoneEvent,
    DoneEvent,
    FunctionCallDeltaEvent,
    StreamEvent,
    ToolCallDeltaEvent,
)
from .partial_json import PartialJSONReader

T = TypeVar("T")


@frozen
class ParsedContentDeltaEvent(ContentDeltaEvent):
    """The content of the message has grown."""

    _response_format: ResponseFormat[object] = field(repr=False, eq=False)
    _reader: PartialJSONReader = field(repr=False, eq=False)

    @property
    def parsed(self) -> object:
        """The value of the unfinished content as JSON, or None if nothing is certain yet.

        An object has the properties that have begun. It includes an unfinished string as far as it has arrived, but no
        unfinished number. It is not a value of the type, whose required properties can still be missing.

        The content is read when you read the value, each delta once. Later values share its finished parts: do not
        change them.
        """
        text, reader = self.snapshot, self._reader
        if (start := fence_start(text)) is None:
            return None
        if reader.length > len(text) - start:  # a later event was read before this one
            reader = PartialJSONReader()
        reader.feed(text[start + reader.length :])
        return self._response_format.unwrap(reader.value())


@frozen
class ParsedContentDoneEvent(ContentDoneEvent, Generic[T]):
    """The content of the message is complete. If it does not fit the type, the stream raises an error instead."""

    parsed: T  # pyright: ignore[reportIncompatibleMethodOverride]  # a frozen attribute is read-only as well
    """The value, or None if the model calls tools as well."""


@frozen
class ParsedDoneEvent(DoneEvent, Generic[T]):
    """The stream is complete. This is the last event."""

    snapshot: ParsedChatCompletion[T]
    """The completion. Its ``parsed`` is the value."""

    @property
    def completion(self) -> ParsedChatCompletion[T]:
        """The completion. Its ``parsed`` is the value."""
        return self.snapshot


ParsedStreamEvent: TypeAlias = (
    CommonStreamEvent | ParsedContentDeltaEvent | ParsedContentDoneEvent[T] | ParsedDoneEvent[T]
)
"""An event of a stream whose content is a value of a type. Type checkers narrow it by ``event.type``."""


class EventParser(Generic[T]):
    """Adds values to the events of a stream, except to the last one, for which the completion must be parsed."""

    def __init__(self, response_format: ResponseFormat[T]) -> None:
        self._response_format = response_format
        self._choices_with_calls: set[int] = set()
        self._readers: dict[int, PartialJSONReader] = {}

    def parse(self, event: StreamEvent) -> ParsedStreamEvent[T] | None:
        """Return the event with its value, or None for a content that does not fit the type."""
        if isinstance(event, ContentDeltaEvent):
            parsed = as_subclass(ParsedContentDeltaEvent, event)
            object.__setattr__(parsed, "_response_format", self._response_format)
            object.__setattr__(parsed, "_reader", self._readers.setdefault(event.index, PartialJSONReader()))
            return parsed
        if isinstance(event, (ToolCallDeltaEvent, FunctionCallDeltaEvent)):
            self._choices_with_calls.add(event.index)
        if isinstance(event, ContentDoneEvent):
            return self._parse_content(event)
        if isinstance(event, DoneEvent):
            raise TypeError("The caller builds the last event, because its completion must be parsed.")
        return event

    def _parse_content(self, event: ContentDoneEvent) -> ParsedContentDoneEvent[T] | None:
        try:
            calls_tools = event.index in self._choices_with_calls
            value = cast("T", None) if calls_tools else self._response_format.decode(event.content)
        except InvalidValueError:
            return None  # the error at the end of the stream has the whole completion
        return ParsedContentDoneEvent(event.index, event.snapshot, value)

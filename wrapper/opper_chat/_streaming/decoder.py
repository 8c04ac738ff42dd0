"""Decode the bytes of a stream to chunks, or to the error that they carry. No I/O, no HTTP library."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from operator import length_hint
from typing import Any, TypeGuard, cast

from opper_chat_api.errors import DecodeError
from opper_chat_api.models.chat_completion_chunk import ChatCompletionChunk

from .._config.response_limits import DEFAULT_LIMITS, ResponseLimits, exceeded_limit, too_large_error, within
from .._errors.api import APIError, APIResponseValidationError
from .._errors.bodies import is_error
from .._http.sse import EventDecoder, ServerSentEvent
from .._json import codec as _json
from .._json.codec import is_array, is_object
from .._json.lenient import is_filtered, whole_number
from .._results.status_errors import not_json, with_excerpt
from .chunk_templates import DecodedChunk, DependentChunk, TemplateCache

DONE = "[DONE]"

EXCERPT_LENGTH = 200
"""Characters of an event that an error message quotes. The error's ``raw_body`` has the whole event."""

CHUNK_PROPERTIES = frozenset({
    "choices", "usage", "id", "created", "model", "object", "service_tier", "system_fingerprint",
})  # fmt: skip
"""An object with none of these is not a chunk. Servers send objects of their own, such as ``{"type": "ping"}``."""

STREAM_STARTS = (b"data:", b"event:", b"id:", b"retry:", b":")

LAST_LINE = re.compile(rb"data: ?\[DONE\]\s*")

LONGEST_START = 9
"""Bytes that tell a stream from any other body: a byte order mark and the longest field name."""


class ChunkDecoder:
    """Decodes the bytes of one stream, cut anywhere, to chunks.

    Attributes:
        done: whether ``[DONE]`` came. What follows it is ignored.
        failure: the error that the server sent or that the bytes are, to be raised after the chunks before it.
        has_events: whether any event came.
        error_chunk: the chunk that came together with an error, or None. It is not handed out.
    """

    def __init__(self, status_code: int, headers: Mapping[str, str], limits: ResponseLimits = DEFAULT_LIMITS) -> None:
        self.done = False
        self.failure: APIError | None = None
        self.has_events = False
        self.error_chunk: dict[str, object] | None = None
        self._status_code = status_code
        self._headers = headers
        self._limits = limits
        self._events = EventDecoder()
        self._ready: Iterator[ServerSentEvent] = iter(())
        """The events that are not decoded yet."""
        self._templates = TemplateCache()

    @property
    def pending(self) -> bytes:
        """The bytes of an incomplete event."""
        return self._events.pending

    @property
    def has_several_events(self) -> bool:
        """Whether the bytes so far have more than one event that is not decoded."""
        return length_hint(self._ready) > 1

    def feed(self, data: bytes) -> None:
        """Add bytes. `next_chunk` returns the chunks that they complete."""
        events = self._events.feed(data)
        if events:
            self.has_events = True
            self._ready = iter([*self._ready, *events])
        elif not within(self._events.pending_size, self._limits.max_event_bytes):
            self.exceed_limit("max_event_bytes")

    def next_chunk(self) -> DecodedChunk | None:
        """Return the next chunk, or None if it needs more bytes or the stream has ended."""
        if self.done or self.failure is not None:
            return None
        for event in self._ready:
            chunk = self._decode_event(event)
            if chunk is not None:
                return chunk
            if self.done or self.failure is not None:
                break
        return None

    def exceed_limit(self, limit: str) -> None:
        """End the stream because it exceeds a limit."""
        self.failure = too_large_error(self._limits, limit, status_code=self._status_code, headers=self._headers)

    def end(self) -> DecodedChunk | None:
        """Signal the end of the body, and return the chunk in the rest of it, if any.

        Some servers declare a stream and send one JSON object without a line of a stream.
        """
        rest = self.pending
        if LAST_LINE.fullmatch(rest):
            self.done = True  # only the blank line after it is missing
            return None
        if self.has_events or self.done or self.failure is not None or not rest.lstrip().startswith((b"{", b"[")):
            return None
        try:
            _json.decode(rest)
        except ValueError:
            return None
        return self.decode_body(rest)

    def decode_body(self, content: bytes, *, is_declared_stream: bool = False) -> DecodedChunk | None:
        """Return the first chunk of a whole body that may not be a stream: a plain completion counts as one chunk."""
        if begins_stream(content.lstrip()):
            self.feed(content)
            return self.next_chunk()
        try:
            value = _json.decode(without_last_line(content))
        except ValueError as error:
            if is_declared_stream:
                self.feed(content)
                return self.next_chunk()
            self.failure = not_json(self._status_code, self._headers, content, str(error))
            return None
        if is_completion(value) and not is_error(value):
            chunk = self._decode_value(value, content)
            self.done = self.failure is None
            return chunk
        problem = "The server responded with JSON that is neither a stream nor a completion"
        message = with_excerpt(problem, self._headers, content, value)
        cls = APIError if is_error(value) else APIResponseValidationError
        self.failure = self._error(cls, message, content, value)
        return None

    def _decode_event(self, event: ServerSentEvent) -> DecodedChunk | None:
        """Return the chunk of an event. None if it has none, ends the stream, or is a failure."""
        data = event.data.strip()
        is_error_event = event.event != "message" and event.event.lower() == "error"
        template = self._templates.latest
        if template is not None and not is_error_event and (chunk := template.decode(data)) is not None:
            return chunk
        if not data and not is_error_event:
            return None
        if data == DONE:
            self.done = True
            return None
        has_surrogates = False
        try:
            value = _json.decode_strictly(data)
        except _json.STRICT_ERRORS:
            try:
                value = _json.decode_with_surrogates(data)
            except ValueError as error:
                message = f"An event of the stream is not JSON ({error}): {data[:EXCERPT_LENGTH]!r}"
                # Gateways send plain text in events of the type "error".
                cls = APIError if is_error_event else APIResponseValidationError
                self.failure = self._error(cls, message, event.data.encode())
                return None
            has_surrogates = "\\ud" in data.lower()
        if not is_error_event and not has_surrogates and is_common_chunk(value):
            self._templates.learn(data, value)
            return self._decode_chunk(value, data)
        raw = event.data.encode()
        if is_error_event or is_error(value):
            self.error_chunk = value if is_object(value) and "choices" in value else None
            message = f"The server ended the stream with an error: {data[:EXCERPT_LENGTH]}"
            self.failure = self._error(APIError, message, raw, value)
            return None
        return self._decode_value(value, raw, has_surrogates=has_surrogates)

    def _decode_value(self, value: object, raw: bytes, *, has_surrogates: bool = False) -> DecodedChunk | None:
        if is_object(value):
            if CHUNK_PROPERTIES.isdisjoint(value):
                return None
            if (exceeded := exceeded_limit(value, self._limits)) is not None:
                self.exceed_limit(exceeded)
                return None
            value = with_integer_indexes(value)
        # The model rejects a value that is not an object, with the same message as any other wrong value.
        chunk = cast("dict[str, object]", value)
        decoded = self._decode_chunk(chunk, raw)
        if decoded is not None and (has_surrogates or has_message(chunk)):
            return DependentChunk(decoded.model, chunk, has_message=has_message(chunk), has_surrogates=has_surrogates)
        return decoded

    def _decode_chunk(self, chunk: dict[str, object], raw: bytes | str) -> DecodedChunk | None:
        try:
            return DecodedChunk(ChatCompletionChunk.from_dict(chunk), chunk)
        except DecodeError as error:
            raw = raw.encode() if isinstance(raw, str) else raw
            excerpt = raw[:EXCERPT_LENGTH].decode(errors="replace")
            message = f"An event of the stream is not a chunk ({error}): {excerpt}"
            self.failure = self._error(APIResponseValidationError, message, raw, chunk)
            return None

    def _error(self, cls: type[APIError], message: str, raw: bytes, body: object = None) -> APIError:
        return cls(message, status_code=self._status_code, headers=self._headers, raw_body=raw, body=body)


def begins_stream(start: bytes) -> bool:
    """Return whether a body that starts with these bytes is a stream of events, for any content type."""
    return start.removeprefix(b"\xef\xbb\xbf").startswith(STREAM_STARTS)


def without_last_line(content: bytes) -> bytes:
    """Return a JSON body without the line ``data: [DONE]`` that some gateways append to it."""
    start = content.rfind(b"data:")
    return content[:start] if start > 0 and LAST_LINE.fullmatch(content, start) else content


def is_completion(value: object) -> bool:
    """Return whether a body is a completion or one chunk: an object whose choices have a message or a delta."""
    choices = value.get("choices") if is_object(value) else None
    return is_array(choices) and any(map(_is_choice, choices))


def _is_choice(choice: object) -> bool:
    if not is_object(choice):
        return False
    return is_object(choice.get("message")) or is_object(choice.get("delta")) or is_filtered(choice)


def is_common_chunk(value: Any) -> TypeGuard[dict[str, object]]:
    """Return whether an event is like nearly all events: one delta of one choice, and nothing that may be an error.

    It is checked first, because it costs a quarter of the checks that it makes unnecessary.
    """
    if value.__class__ is not dict or "error" in value:
        return False
    choices = value.get("choices")
    if choices.__class__ is not list or len(choices) != 1:
        return False
    choice = choices[0]
    return (
        choice.__class__ is dict
        and choice.get("index").__class__ is int
        and choice.get("finish_reason") in _COMMON_REASONS
        and "message" not in choice
        and "error" not in choice
    )


_COMMON_REASONS = (None, "stop", "length", "tool_calls")


def with_integer_indexes(value: dict[str, object]) -> dict[str, object]:
    """Return a chunk whose choices have integer indexes. Some servers send texts or fractions."""
    choices = value.get("choices")
    if not is_array(choices) or all(map(_has_integer_index, choices)):
        return value
    return {**value, "choices": [_with_integer_index(choice) for choice in choices]}


def _has_integer_index(choice: object) -> bool:
    """Return whether the index of a choice is an integer, or absent."""
    return not is_object(choice) or type(choice.get("index")) in (int, type(None))


def _with_integer_index(choice: object) -> object:
    if is_object(choice) and not _has_integer_index(choice) and (index := whole_number(choice["index"])) is not None:
        return {**choice, "index": index}
    return choice


def has_message(value: dict[str, object]) -> bool:
    """Return whether a choice of a chunk has a message, next to its delta or instead of it."""
    choices = value.get("choices")
    return is_array(choices) and any(is_object(choice) and "message" in choice for choice in choices)

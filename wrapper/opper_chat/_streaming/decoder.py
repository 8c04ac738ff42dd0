"""Events → chunks, or the error that they carry. No I/O, no HTTP library."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeGuard, cast

from opper_chat_api.errors import DecodeError
from opper_chat_api.models.chat_completion_chunk import ChatCompletionChunk
from opper_chat_api.models.choice_delta import ChoiceDelta

from .._config.response_limits import DEFAULT_LIMITS, ResponseLimits, too_large_error, within
from .._errors.api import APIError, APIResponseValidationError
from .._errors.bodies import is_error
from .._http.sse import EventDecoder, ServerSentEvent
from .._json import codec as _json
from .._json.codec import is_array, is_object
from .._json.lenient import is_withheld, whole_number
from .._results.status_errors import exceeded_limit, not_json, with_excerpt
from .chunk_templates import ReadChunk, Repeats, UnusualChunk

__all__ = ["ChatCompletionChunk", "ChoiceDelta", "ChunkReader", "ReadChunk"]

DONE = "[DONE]"

SHOWN = 200
"""Characters of an event that an error's message quotes; all of it is in the error's `raw_body`."""

MEMBERS = frozenset({"choices", "usage", "id", "created", "model", "object", "service_tier", "system_fingerprint"})
"""An object with none of these is no chunk: servers send objects of their own, such as `{"type": "ping"}`."""

STREAM_STARTS = (b"data:", b"event:", b"id:", b"retry:", b":")

LAST_LINE = re.compile(rb"data: ?\[DONE\]\s*")

LONGEST_START = 9
"""Bytes by which a stream is told from any other body: a byte order mark and the longest of the names."""


class ChunkReader:
    """Turns the bytes of one stream, cut anywhere, into chunks.

    Attributes:
        done: whether ``[DONE]`` came. What follows it is not read.
        failure: the error that the server ended the stream with, or that its bytes are. It is to be raised once the
            chunks before it were handed out.
        read_any: whether any event came.
        last_words: the chunk that an error came beside, if one did. It is not handed out.
    """

    def __init__(self, status_code: int, headers: Mapping[str, str], limits: ResponseLimits = DEFAULT_LIMITS) -> None:
        self.done = False
        self.failure: APIError | None = None
        self.last_words: dict[str, object] | None = None
        self._status_code = status_code
        self._headers = headers
        self._decoder = EventDecoder()
        self._repeats = Repeats()
        self.read_any = False
        self._limits = limits

    @property
    def pending(self) -> bytes:
        """The bytes of an event that is not whole."""
        return self._decoder.pending

    def feed(self, data: bytes) -> list[ReadChunk]:
        """Take the next bytes and return the chunks that they complete."""
        return self.read(self.split(data))

    def split(self, data: bytes) -> list[ServerSentEvent]:
        """Take the next bytes and return the events that they complete, which are then to be read."""
        events = self._decoder.feed(data)
        if events:
            self.read_any = True
        elif not within(self._decoder.pending_size, self._limits.max_event_bytes):
            self.exceeded("max_event_bytes")
        return events

    def exceeded(self, limit: str) -> None:
        """End the stream because it exceeds a limit."""
        self.failure = too_large_error(self._limits, limit, status_code=self._status_code, headers=self._headers)

    def read(self, events: Iterable[ServerSentEvent], most: int | None = None) -> list[ReadChunk]:
        """Return the chunks of the next events, so many at most: then there may be more of an iterator's events."""
        chunks: list[ReadChunk] = []
        for event in events:
            if self.done or self.failure is not None:
                break
            chunk = self._read_event(event)
            if chunk is not None:
                chunks.append(chunk)
                if len(chunks) == most:
                    break
        return chunks

    def end(self) -> list[ReadChunk]:
        """Take note that the bytes have ended. Some servers declare a stream, and send one JSON object as it is."""
        rest = self.pending
        if LAST_LINE.fullmatch(rest):
            self.done = True  # it came, though not the blank line behind it
            return []
        if self.read_any or self.done or self.failure is not None or not rest.lstrip().startswith((b"{", b"[")):
            return []
        try:
            _json.decode(rest)
        except ValueError:
            return []
        return self.read_whole(rest)

    def read_whole(self, content: bytes, *, declared_stream: bool = False) -> list[ReadChunk]:
        """Read a body that does not begin as a stream: a plain completion, given as one chunk, or an error."""
        if begins_stream(content.lstrip()):
            return self.feed(content)
        try:
            value = _json.decode(without_last_line(content))
        except ValueError as error:
            if declared_stream:
                return self.feed(content)
            self.failure = not_json(self._status_code, self._headers, content, str(error))
            return []
        if is_completion(value) and not is_error(value):
            chunk = self._read_value(value, content)
            self.done = self.failure is None
            return [] if chunk is None else [chunk]
        said = "The server answered with JSON that is neither a stream nor a completion"
        message = with_excerpt(said, self._headers, content, value)
        kind = APIError if is_error(value) else APIResponseValidationError
        self.failure = self._error(kind, message, content, value)
        return []

    def _read_event(self, event: ServerSentEvent) -> ReadChunk | None:
        data = event.data.strip()
        is_error_event = event.event.lower() == "error"
        if not is_error_event and (chunk := self._repeats.read(data)) is not None:
            return chunk
        if not data and not is_error_event:
            return None
        if data == DONE:
            self.done = True
            return None
        has_halves = False
        try:
            value = _json.decode_strictly(data)
        except _json.STRICT_ERRORS:
            try:
                value = _json.decode_with_halves(data)
            except ValueError as error:
                message = f"An event of the stream is not JSON ({error}): {data[:SHOWN]!r}"
                # Not JSON, but meant to be an error: gateways put plain text there.
                kind = APIError if is_error_event else APIResponseValidationError
                self.failure = self._error(kind, message, event.data.encode())
                return None
            has_halves = "\\ud" in data.lower()
        if not is_error_event and not has_halves and is_usual(value):
            self._repeats.learn(data, value)
            return self._read_chunk(value, data)
        raw = event.data.encode()
        if is_error_event or is_error(value):
            self.last_words = value if is_object(value) and "choices" in value else None
            message = f"The server ended the stream with an error: {data[:SHOWN]}"
            self.failure = self._error(APIError, message, raw, value)
            return None
        return self._read_value(value, raw, has_halves=has_halves)

    def _read_value(self, value: object, raw: bytes, *, has_halves: bool = False) -> ReadChunk | None:
        if is_object(value):
            if MEMBERS.isdisjoint(value):
                return None
            if (exceeded := exceeded_limit(value, self._limits)) is not None:
                self.exceeded(exceeded)
                return None
            value = numbered(value)
        # What is no object is for the model to refuse, in the same words as any other misfit.
        chunk = cast("dict[str, object]", value)
        read = self._read_chunk(chunk, raw)
        if read is not None and (has_halves or has_message(chunk)):
            return UnusualChunk(read.model, chunk, has_message=has_message(chunk), has_halves=has_halves)
        return read

    def _read_chunk(self, chunk: dict[str, object], raw: bytes | str) -> ReadChunk | None:
        try:
            return ReadChunk(ChatCompletionChunk.from_dict(chunk), chunk)
        except DecodeError as error:
            raw = raw.encode() if isinstance(raw, str) else raw
            message = f"An event of the stream is not a chunk ({error}): {raw[:SHOWN].decode(errors='replace')}"
            self.failure = self._error(APIResponseValidationError, message, raw, chunk)
            return None

    def _error(self, kind: type[APIError], message: str, raw: bytes, body: object = None) -> APIError:
        return kind(message, status_code=self._status_code, headers=self._headers, raw_body=raw, body=body)


def begins_stream(start: bytes) -> bool:
    """Whether a body that starts with these bytes is a stream of events, whatever it is declared to be."""
    return start.removeprefix(b"\xef\xbb\xbf").startswith(STREAM_STARTS)


def without_last_line(content: bytes) -> bytes:
    """Return a body of JSON without the line ``data: [DONE]`` that some gateways write behind it."""
    start = content.rfind(b"data:")
    return content[:start] if start > 0 and LAST_LINE.fullmatch(content, start) else content


def is_completion(value: object) -> bool:
    """Whether a body is a completion, or one chunk: an object with choices that have something to say."""
    choices = value.get("choices") if is_object(value) else None
    return is_array(choices) and any(map(_is_choice, choices))


def _is_choice(choice: object) -> bool:
    """Return whether a value is a choice that says anything."""
    if not is_object(choice):
        return False
    if is_object(choice.get("message")) or is_object(choice.get("delta")):
        return True
    return is_withheld(choice)


def is_usual(value: object) -> TypeGuard[dict[str, object]]:
    """Whether an event is what nearly all are: one piece of one answer, and nothing that could be an error or odd.

    What is usual passes all of the questions below. It is asked first because it costs a quarter of them.
    """
    if not is_object(value) or "error" in value:
        return False
    choices = value.get("choices")
    if not is_array(choices) or len(choices) != 1:
        return False
    choice = choices[0]
    return (
        is_object(choice)
        and choice.get("index").__class__ is int
        and choice.get("finish_reason") in _USUAL_REASONS
        and "message" not in choice
        and "error" not in choice
    )


_USUAL_REASONS = (None, "stop", "length", "tool_calls")


def numbered(value: dict[str, object]) -> dict[str, object]:
    """Return a chunk whose choices have numbers: some servers give them texts or fractions."""
    choices = value.get("choices")
    if not is_array(choices) or not any(_is_odd(choice) for choice in choices):
        return value
    return {**value, "choices": [_with_number(choice) if is_object(choice) else choice for choice in choices]}


def _is_odd(choice: object) -> bool:
    return is_object(choice) and type(choice.get("index")) not in _USUAL_INDEXES


_USUAL_INDEXES = (int, type(None))


def _with_number(choice: dict[str, object]) -> dict[str, object]:
    index = choice.get("index")
    if type(index) not in _USUAL_INDEXES and (number := whole_number(index)) is not None:
        return {**choice, "index": number}
    return choice


def has_message(value: dict[str, object]) -> bool:
    """Whether a choice of a chunk has a message, beside its delta or in place of it."""
    choices = value.get("choices")
    return is_array(choices) and any(is_object(choice) and "message" in choice for choice in choices)

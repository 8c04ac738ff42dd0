"""Track the state of one stream: which chunk comes next, when it ends, and with which error. No I/O."""

from __future__ import annotations

from collections.abc import Mapping

from opper_chat_api.models.chat_completion_chunk import ChatCompletionChunk

from .._concurrency.deadlines import Deadlines
from .._config.response_limits import DEFAULT_LIMITS, LimitExceededError, ResponseLimits, within
from .._errors.api import APIError, StreamTruncatedError
from .._results.completion import ChatCompletion
from .._results.content import text_of
from .._results.status_errors import not_json
from .accumulator import Accumulator
from .chunk_templates import ChunkTemplate, DecodedChunk, DependentChunk
from .decoder import LONGEST_START, ChunkDecoder, begins_stream
from .surrogates import SurrogateJoiner


class StreamState:
    """One streamed completion, from its first byte to its end.

    Args:
        status_code: the status of the response.
        headers: the headers of the response.
        deadlines: the deadlines of the call.
        expected_choices: the number of choices that the request requires (``n``).
        limits: the largest stream to accept.
        http_version: the version of the response, such as ``HTTP/1.1``.

    Attributes:
        accumulator: the completion that the chunks that were handed out make up.
        chunks_received: the number of chunks that were handed out.
        failure: the error that ended the stream, to be raised after the chunks before it.
        finished: whether no more bytes are needed.
    """

    def __init__(
        self,
        status_code: int,
        headers: Mapping[str, str],
        deadlines: Deadlines,
        expected_choices: int = 1,
        limits: ResponseLimits = DEFAULT_LIMITS,
        *,
        http_version: str = "HTTP/1.1",
    ) -> None:
        self.accumulator = Accumulator(expected_choices, limits)
        self.chunks_received = 0
        self.failure: APIError | None = None
        self.finished = False
        self.status_code = status_code
        self.headers = headers
        self.deadlines = deadlines
        self._limits = limits
        self._http_version = http_version
        self._decoder = ChunkDecoder(status_code, headers, limits)
        self._next: DecodedChunk | None = None
        """The chunk to return next, if it is decoded. No more are, because models that are not read yet cost time in
        each run of the garbage collector."""
        self._is_drained = True
        """Whether the decoder needs more bytes for the next chunk."""
        self._first_choice = 0 if expected_choices > 1 else None
        """The index of the first choice. If the request requires one choice, it is the first that arrives."""
        self._template: ChunkTemplate | None = None
        """The template of the chunk that was returned last."""
        self._surrogates: SurrogateJoiner | None = None
        """Joins surrogate halves, from the first half until none is held back."""
        self._body_ended = False
        self._has_content = False
        self._concluded = False
        self._body = bytearray() if is_declared_whole(headers) else None
        """The body so far, as long as it is not known to be a stream."""
        self._body_start = b""

    def receive(self, data: bytes) -> None:
        """Add the next bytes of the body. Empty bytes signal its end."""
        if not self._has_content and (start := data.lstrip()):
            self._has_content = True
            if self._body is None and start.startswith((b"{", b"[")):
                self._body = bytearray()  # JSON that is declared to be a stream
        if not data:
            self._body_ended = True
        self._is_drained = False
        if self._body is not None:
            self._receive_unknown(self._body, data)
        else:
            if data:
                self._decoder.feed(data)
            if self._next is None:
                self._decode_next()

    @property
    def is_identified(self) -> bool:
        """Whether the body is known to be a stream, or was received whole."""
        return self._body is None

    def _receive_unknown(self, body: bytearray, data: bytes) -> None:
        """Collect a body that does not seem to be a stream, until its start shows that it is one, or it ends."""
        body += data
        if not within(len(body), self._limits.max_body_bytes):
            self._body = None
            self._exceed_limit("max_body_bytes")
        elif not data:
            self._body = None
            is_declared_stream = not is_declared_whole(self.headers)
            self._next = self._decoder.decode_body(bytes(body), is_declared_stream=is_declared_stream)
            self.finished = self._next is None
        elif len(self._body_start) < LONGEST_START:
            self._body_start = (self._body_start + data if self._body_start else data.lstrip())[:LONGEST_START]
            if begins_stream(self._body_start):
                self._body = None
                self.receive(bytes(body))

    def next_chunk(self) -> DecodedChunk | None:
        """Return the next chunk, or None if more bytes are needed or the stream has no more chunks.

        If a stream ends after half a character, which was held back, one more chunk has a replacement character.
        """
        if self._next is None and not self._is_drained:
            self._decode_next()
        chunk, self._next = self._next, None
        if chunk is None:
            if self._surrogates is None or not self.finished:
                return None
            rest, self._surrogates = self._surrogates.rest(), None
            chunk = DecodedChunk(ChatCompletionChunk.from_dict(rest), rest)
        template = chunk.template
        if template is not None and template is self._template and template.only_adds_text:
            chunk.only_adds_text = True
            has_output = self.accumulator.add_text(template.index, template.name, chunk.text)
        else:
            if chunk.is_dependent or self._surrogates is not None:
                self._resolve(chunk)
            try:
                has_output = self.accumulator.add(chunk.value)
            except LimitExceededError as error:
                self._exceed_limit(error.limit)
                return None
            self._template = chunk.template
        # The last event shows that the completion is complete. The first chunk does not wait for others, unless the
        # completion may be complete with it.
        if self.chunks_received or self.accumulator.has_finish_reasons or not self._decoder.has_several_events:
            self._next = self._decoder.next_chunk()
            if self._next is None:
                self._check_end()
        self.chunks_received += 1
        if has_output:
            self.deadlines.record_token()
        return chunk

    def _exceed_limit(self, limit: str) -> None:
        """End the stream because it exceeds a limit, and drop what was not handed out."""
        self._next = None
        self._decoder.exceed_limit(limit)
        self.finished = True

    def _resolve(self, chunk: DecodedChunk) -> None:
        """Replace the value or the model of a chunk by what it means after the chunks before it."""
        if self._surrogates is not None or (isinstance(chunk, DependentChunk) and chunk.has_surrogates):
            surrogates = self._surrogates or SurrogateJoiner()
            chunk.replace_value(surrogates.join(chunk.value))
            self._surrogates = surrogates if surrogates.pending else None
        if isinstance(chunk, DependentChunk) and chunk.has_message:
            chunk.model = ChatCompletionChunk.from_dict(self.accumulator.with_deltas(chunk.value))

    def _decode_next(self) -> None:
        """Decode the next chunk. What follows the end of the stream is ignored."""
        self._next = self._decoder.next_chunk()
        if self._next is None:
            self._check_end()

    def _check_end(self) -> None:
        """Note whether the stream has ended, after the decoder has returned all chunks that have arrived."""
        self._is_drained = True
        if not self.finished:
            decoder = self._decoder
            has_ended = decoder.done or decoder.failure is not None
            if self._body_ended and not has_ended:
                self._next = decoder.end()
            self.finished = self._body_ended or has_ended

    def first_choice_text(self, chunk: DecodedChunk) -> str:
        """Return what a chunk adds to the text of the first choice."""
        added = ""
        for position, choice in enumerate(chunk.model.choices):
            index = position if choice.index is None else choice.index
            if self._first_choice is None:
                self._first_choice = index
            if index == self._first_choice and (text := text_of(choice.delta)):
                added = added + text if added else text
        return added

    def fail(self, error: APIError) -> None:
        """End the stream with an error of the connection or of a timeout."""
        self.finished = True
        if self.failure is None:
            self.failure = error

    @property
    def has_pending(self) -> bool:
        """Whether a decoded chunk is not returned yet. If the completion may be complete, the next one is decoded."""
        return self._next is not None or (self.finished and self._surrogates is not None)

    def partial_completion(self) -> ChatCompletion | None:
        """Return the completion that the chunks so far make up, or None before the first chunk."""
        return self.accumulator.snapshot() if self.chunks_received else None

    @property
    def complete(self) -> bool:
        """Whether the completion is complete.

        It is if ``[DONE]`` came after any choice, or if every choice has a finish reason that marks its end. A finish
        reason that output came with or after may not mark the end: then the end of the body does, if HTTP frames it.
        """
        if self._decoder.failure is not None:
            return False
        if self._decoder.done:
            return self.accumulator.has_choices
        return self.accumulator.complete or (
            self._body_ended and self.accumulator.has_finish_reasons and is_framed(self.headers, self._http_version)
        )

    def conclude(self) -> APIError | None:
        """Return the error that the stream ended with, or None if the completion is complete.

        Call it when `finished` is true and `next_chunk` returns None.
        """
        if self._concluded:
            return self.failure
        self._concluded = True
        self.failure = self._decoder.failure or (None if self.complete else self.failure or self._truncated_error())
        if self._decoder.error_chunk is not None:
            surrogates = SurrogateJoiner()
            self.accumulator.add(surrogates.join(self._decoder.error_chunk))
            if surrogates.pending:
                self.accumulator.add(surrogates.rest())
        if self.failure is not None:
            self.failure.chunks_received = self.chunks_received
            if self.chunks_received or self._decoder.error_chunk is not None:
                self.failure.partial = self.accumulator.snapshot()
        return self.failure

    def closed_error(self) -> StreamTruncatedError:
        """Return the error for a stream that was closed before its completion was complete."""
        message = "The stream was closed before the completion was complete."
        error = StreamTruncatedError(message, status_code=self.status_code, headers=self.headers)
        error.chunks_received = self.chunks_received
        error.partial = self.partial_completion()
        return error

    def _truncated_error(self) -> APIError:
        pending = self._decoder.pending.strip()
        if not (self.chunks_received or self._decoder.has_events or is_event_stream(self.headers)):
            return not_json(self.status_code, self.headers, pending, "and not a stream of events")
        if pending:
            where = "inside an event"
        elif not self.chunks_received:
            where = "before it had any chunk"
        elif not self.accumulator.has_choices:
            where = "before it had any choice"
        elif self.accumulator.has_finish_reasons:
            where = "without [DONE], and its finish reason did not mark the end of the text"
        else:
            where = "without [DONE] and before every choice had a finish reason"
        return StreamTruncatedError(
            f"The stream ended {where}.", status_code=self.status_code, headers=self.headers, raw_body=pending
        )


def is_framed(headers: Mapping[str, str], http_version: str) -> bool:
    """Return whether HTTP marks the end of a body, so that one that was cut off does not pass for a complete one.

    Chunked coding and a length mark it (RFC 9112 section 6.3), and HTTP/2 does. Any other body ends when its connection
    is closed.
    """
    return (
        "content-length" in headers
        or "chunked" in headers.get("transfer-encoding", "").lower()
        or not http_version.startswith("HTTP/1")
    )


def media_type(headers: Mapping[str, str]) -> str:
    """Return the media type of a body in lower case, without its parameters; empty if there is none."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def is_event_stream(headers: Mapping[str, str]) -> bool:
    """Return whether the headers declare a stream of events."""
    return media_type(headers) == "text/event-stream"


def is_declared_whole(headers: Mapping[str, str]) -> bool:
    """Return whether the headers declare a body that is not a stream, so that it is received whole.

    Servers send streams as plain text, as bytes, and without a content type.
    """
    return media_type(headers).endswith(("/json", "+json", "/html", "/xml", "+xml"))

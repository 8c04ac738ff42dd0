"""What a stream's shell decides, without doing it: what to hand out, when to stop, which error it was. No I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from .._concurrency.deadlines import Deadlines
from .._config.response_limits import DEFAULT_LIMITS, LimitExceededError, ResponseLimits, within
from .._errors.api import APIError, StreamTruncatedError
from .._http.sse import ServerSentEvent
from .._results.completion import ChatCompletion
from .._results.content import text_of
from .._results.status_errors import not_json
from .accumulator import Accumulator
from .chunk_templates import Form, UnusualChunk
from .decoder import LONGEST_START, ChatCompletionChunk, ChunkReader, ReadChunk, begins_stream
from .surrogates import HalvesJoiner

__all__ = ["ChatCompletion", "ChatCompletionChunk", "StreamFlow"]


class StreamFlow:
    """One streamed answer, from its bytes to its end.

    Args:
        status_code: of the response.
        headers: of the response.
        deadlines: those of the call.
        expected_choices: how many choices were asked for.
        limits: the largest stream that is accepted.
        http_version: of the response, such as ``HTTP/1.1``.

    Attributes:
        accumulator: what the chunks that were handed out amount to.
        chunks_received: how many were handed out.
        failure: the error that ended the stream. It is raised after the chunks before it.
        over: whether nothing more is to be read.
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
        self._limits = limits
        self.chunks_received = 0
        self.failure: APIError | None = None
        self.over = False
        self.status_code = status_code
        self.headers = headers
        self.deadlines = deadlines
        self._reader = ChunkReader(status_code, headers, limits)
        self._ready: deque[ReadChunk] = deque()
        self._events: list[ServerSentEvent] = []
        """Those that came and were not read yet."""
        self._first = 0 if expected_choices > 1 else None
        """Which choice is the first. Where one was asked for it is the one that comes, whatever its number is."""
        self._form: Form | None = None
        """That of the last chunk that was handed out."""
        self._halves: HalvesJoiner | None = None
        """Joins surrogate halves, since the first that came; None while none is held back."""
        self._http_version = http_version
        self._ended = False
        self._begun = False
        self._concluded = False
        self._kept = bytearray() if is_whole(headers) else None
        self._start = b""

    def receive(self, data: bytes) -> None:
        """Take the next bytes of the body; none means that it has ended."""
        if not self._begun and (start := data.lstrip()):
            self._begun = True
            if self._kept is None and start.startswith((b"{", b"[")):
                self._kept = bytearray()  # JSON that is declared to be a stream
        if not data:
            self._ended = True
        if self._kept is not None:
            self._keep(self._kept, data)
        elif data:
            self._read_first(self._reader.split(data))
        else:
            self._ready.extend(self._reader.end())
            self.over = True

    @property
    def settled(self) -> bool:
        """Whether the body is known to be a stream, or was read whole."""
        return self._kept is None

    def _keep(self, kept: bytearray, data: bytes) -> None:
        """Keep a body that does not seem to be a stream, until its beginning shows that it is one, or it ends."""
        kept += data
        if not within(len(kept), self._limits.max_body_bytes):
            self._kept = None
            self._exceed("max_body_bytes")
        elif not data:
            self._kept = None
            declared = not is_whole(self.headers)
            self._ready.extend(self._reader.read_whole(bytes(kept), declared_stream=declared))
            self._take_note()
            self.over = True
        elif len(self._start) < LONGEST_START:
            self._start = (self._start + data if self._start else data.lstrip())[:LONGEST_START]
            if begins_stream(self._start):
                self._kept = None
                self.receive(bytes(kept))

    def take(self) -> ReadChunk | None:
        """Return the next chunk to hand out, or None when more must be received, or there is no more.

        The last one is not the server's where a stream ended behind half a character, which was held back until then.
        """
        if self._events and not self._ready:
            self._read_events()
        if self._ready:
            chunk = self._ready.popleft()
        elif self._halves is not None and self.over:
            rest, self._halves = self._halves.rest(), None
            chunk = ReadChunk(ChatCompletionChunk.from_dict(rest), rest)
        else:
            return None
        form = chunk.form
        if form is not None and form is self._form and form.adds_text_alone:
            chunk.only_adds_text = True
            brought = self.accumulator.add_text(form.index, form.name, chunk.text)
        else:
            if chunk.is_unusual or self._halves is not None:
                self._prepare(chunk)
            try:
                brought = self.accumulator.add(chunk.value)
            except LimitExceededError as error:
                self._exceed(error.limit)
                return None
            self._form = chunk.form
        self.chunks_received += 1
        if brought:
            self.deadlines.record_token()
        return chunk

    def _exceed(self, limit: str) -> None:
        """End the stream because it exceeds a limit. Nothing more of it is read."""
        self._ready.clear()
        self._events.clear()
        self._reader.exceeded(limit)
        self.over = True

    def _prepare(self, chunk: ReadChunk) -> None:
        """Make of a chunk what it means after those before it."""
        if self._halves is not None or (isinstance(chunk, UnusualChunk) and chunk.has_halves):
            halves = self._halves or HalvesJoiner()
            chunk.becomes(halves.joined(chunk.value))
            self._halves = halves if halves.pending else None
        if isinstance(chunk, UnusualChunk) and chunk.has_message:
            chunk.model = ChatCompletionChunk.from_dict(self.accumulator.with_deltas(chunk.value))

    def _read_first(self, events: list[ServerSentEvent]) -> None:
        """Read the first chunk of some events: whoever waits for it does not wait for all that came with it as well.

        What is behind it is read when it was taken. One event alone may be the end, and is read so that it is known.
        """
        self._read_events()
        if len(events) > 1:
            coming = iter(events)
            self._ready.extend(self._reader.read(coming, 1))
            self._events = list(coming)
            if len(self._events) == 1:
                self._read_events()
        else:
            self._ready.extend(self._reader.read(events))
        self._take_note()

    def _read_events(self) -> None:
        if self._events:
            events, self._events = self._events, []
            self._ready.extend(self._reader.read(events))
            self._take_note()

    def first_text(self, chunk: ReadChunk) -> str:
        """Return what a chunk adds to the text of the first choice."""
        added = ""
        for place, choice in enumerate(chunk.model.choices):
            index = place if choice.index is None else choice.index
            if self._first is None:
                self._first = index
            if index == self._first and (text := text_of(choice.delta)):
                added = added + text if added else text
        return added

    def fail(self, error: APIError) -> None:
        """End the stream with an error of the connection or of a clock."""
        self.over = True
        if self.failure is None:
            self.failure = error

    @property
    def waiting(self) -> bool:
        """Whether something that came is still to be taken or read, beside the end."""
        rest = self.over and self._halves is not None
        return rest or bool(self._ready or self._events)

    def so_far(self) -> ChatCompletion | None:
        """Return the completion as far as its chunks were handed out, or None where none was."""
        return self.accumulator.snapshot() if self.chunks_received else None

    @property
    def complete(self) -> bool:
        """Whether the answer is whole.

        It is when ``[DONE]`` came behind any choice, or every choice has a finish reason. A reason that more of its
        choice came with or after may be no end: then the end of the body is one, where HTTP frames it.
        """
        answer = self.accumulator
        if self._reader.done:
            return answer.has_choices
        framed = self._ended and answer.has_finish_reasons and is_framed(self.headers, self._http_version)
        return answer.complete or framed

    def conclude(self) -> APIError | None:
        """Return the error that the stream ended with, or None if the answer is whole.

        To be asked when it is over and every chunk was taken.
        """
        if self._concluded:
            return self.failure
        self._concluded = True
        self.failure = self._reader.failure or (None if self.complete else self.failure or self._truncated())
        if self._reader.last_words is not None:
            halves = HalvesJoiner()
            self.accumulator.add(halves.joined(self._reader.last_words))
            if halves.pending:
                self.accumulator.add(halves.rest())
        if self.failure is not None:
            self.failure.chunks_received = self.chunks_received
            if self.chunks_received or self._reader.last_words is not None:
                self.failure.partial = self.accumulator.snapshot()
        return self.failure

    def _take_note(self) -> None:
        if self._reader.done or self._reader.failure is not None:
            self.over = True

    def _truncated(self) -> APIError:
        pending = self._reader.pending.strip()
        if not (self.chunks_received or self._reader.read_any or is_event_stream(self.headers)):
            return not_json(self.status_code, self.headers, pending, "and not a stream of events")
        if pending:
            where = "inside an event"
        elif not self.chunks_received:
            where = "before it brought any chunk"
        elif not self.accumulator.has_choices:
            where = "before it brought any choice"
        elif self.accumulator.has_finish_reasons:
            where = "without [DONE], and its finish reason did not mark the end of the text"
        else:
            where = "without [DONE] and before every choice had a finish reason"
        return StreamTruncatedError(
            f"The stream ended {where}.", status_code=self.status_code, headers=self.headers, raw_body=pending
        )


def is_framed(headers: Mapping[str, str], http_version: str) -> bool:
    """Return whether the end of a body is marked, so that one that was cut off is not taken for a whole one.

    It is by chunks, by a length (RFC 9112 section 6.3), and by HTTP/2. Any other body ends with its connection.
    """
    return (
        "content-length" in headers
        or "chunked" in headers.get("transfer-encoding", "").lower()
        or not http_version.startswith("HTTP/1")
    )


def media_type(headers: Mapping[str, str]) -> str:
    """Return the type of a body in lower case, without its parameters; empty where none is given."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def is_event_stream(headers: Mapping[str, str]) -> bool:
    """Whether a body is declared to be a stream of events."""
    return media_type(headers) == "text/event-stream"


def is_whole(headers: Mapping[str, str]) -> bool:
    """Whether a body is declared to be something other than a stream, so that it is to be read to its end.

    Servers send streams as plain text, as bytes, and without any type.
    """
    kind = media_type(headers)
    return kind.endswith(("/json", "+json", "/html", "/xml", "+xml"))

# Made from wrapper/opper_chat/_async/stream.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""Streams of chunks: read a response, and free its connection. `_streaming.state` decodes it, and decides its end."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from time import monotonic
from types import TracebackType
from typing import Self, TypeVar

from opper_chat_api.models import ChatCompletionChunk

from .._call.state import Call
from .._concurrency.events import Event
from .._concurrency.loop import current_loop
from .._errors.api import APIError, StreamTruncatedError
from .._errors.attempt import Attempt
from .._errors.response_headers import request_id
from .._http.cleanup import abandon_response
from .._http.library import httpx, library_exceptions
from .._http.timeouts import is_interruptible, time_limit
from .._observability.record import set_completion, set_metadata
from .._results.completion import ChatCompletion
from .._results.metadata import trace_id
from .._streaming.chunk_templates import DecodedChunk
from .._streaming.state import StreamState
from .requester import Requester
from .response_reader import ResponseReader
from .text_stream import TextStream

DRAIN_SECONDS = 0.1
"""Seconds in which the body has to end after ``[DONE]`` so that the connection can be used again."""

DRAIN_BYTES = 65536

AnyStream = TypeVar("AnyStream", bound="BaseStream")


class BaseStream:
    """The base of the streams of chunks and of events."""

    def __init__(
        self, requester: Requester, call: Call, site: str, response: httpx.Response
    ) -> None:
        self._closed = True  # until it is complete: before that, the caller of the constructor closes the response
        self._requester = requester
        self._call = call
        self._users = requester.session.connection_users
        self._site = site
        self._busy = False
        self._pause: Event | None = None
        """Interrupts the wait before a retry."""
        self._ended = False
        self._failure: APIError | None = None
        self._entry: object = None
        """The entry in `ConnectionUsers`."""
        self._read_from(response)
        self._closed = False

    def _read_from(self, response: httpx.Response) -> None:
        self._response = response
        self._home = current_loop()
        limits = self._requester.session.response_limits
        self._reader = ResponseReader(response, limits, stream=True)
        # This keeps the reader alive: the garbage collector would end httpx's generator at an arbitrary line, and
        # that takes a lock of httpx's pool.
        if self._entry is not None:
            self._users.remove(self._entry)
        self._entry = self._users.add(self, f"a stream made at {self._site}", self._reader)
        deadlines, choices = self._call.deadlines, self._call.request.choices
        given = (response.status_code, response.headers, deadlines, choices, limits)
        self._state = StreamState(*given, http_version=response.http_version)
        # A method of the state, not of the stream: the record of a call must not keep a stream alive that was dropped.
        set_completion(self._call.record, self._state.partial_completion)

    @property
    def response(self) -> httpx.Response:
        """The HTTP response, with its headers, before the first chunk.

        If a stream breaks before its first chunk, the call is retried, and this is the latest response.
        """
        return self._response

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the response. Their names are case-insensitive."""
        return self._response.headers

    @property
    def request_id(self) -> str | None:
        """The id of the request, which the operator of the server can look up, or None."""
        return request_id(self._response.headers)

    @property
    def trace_id(self) -> str | None:
        """The id of the trace that the server recorded for the call, or None if it does not send one."""
        return trace_id(self._response.headers)

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """The attempts of the call that have ended: the failed ones, and this one when the stream has ended."""
        return tuple(self._call.record.attempts)

    @property
    def snapshot(self) -> ChatCompletion:
        """The completion so far, built each time."""
        completion = self._state.accumulator.snapshot()
        set_metadata(completion, self._call.record)
        return completion

    current_completion_snapshot = snapshot
    """ The same as `snapshot`, under the name of the OpenAI SDK. """

    @property
    def complete(self) -> bool:
        """Whether the completion is complete and you have received all of its chunks."""
        return self._failure is None and self._state.complete and not self._state.has_pending

    @property
    def text_stream(self) -> Iterator[str]:
        """The text of the first choice, delta by delta."""
        return TextStream(self._next_text)

    def _next_text(self) -> str | None:
        while (chunk := self._take_chunk() or self._next_chunk()) is not None:
            if text := self._state.first_choice_text(chunk):
                return text
        return None

    def until_done(self) -> Self:
        """Read to the end.

        Raises:
            APIError: an error ended the stream, as in iteration.
        """
        while self._next_chunk() is not None:
            pass
        return self

    def get_final_completion(self) -> ChatCompletion:
        """Read to the end and return the completion, as a plain call does.

        Raises:
            APIError: an error ended the stream, as in iteration.
            StreamTruncatedError: the stream was closed before the completion was complete.
        """
        self.until_done()
        if not self._state.complete:
            raise self._closed_error()
        return self.snapshot

    def get_final_text(self) -> str:
        """Read to the end and return the text of the first choice. Empty if the choice has no text.

        Raises:
            APIError: as in `get_final_completion`.
        """
        return (self.get_final_completion()).text

    def close(self) -> None:
        """Close the stream and free its connection. You can call it from any task, thread or event loop.

        If the completion is not complete, reading the stream raises StreamTruncatedError from then on, also in another
        task or thread that is reading now. Closing a stream again has no effect.
        """
        if self._closed:
            return
        self._closed = True
        try:
            self._close()
        except BaseException:
            self._requester.session.release_call(self._call)
            raise

    def _close(self) -> None:
        self._users.remove(self._entry)
        self._record_end()
        # A reader sets `_busy` before it checks `_closed`, so that one of the two always notices the other.
        if self._pause is not None:
            self._pause.set()
        lease = self._reader.lease
        if self._busy and lease.is_attached:
            lease.shutdown()  # the reader wakes up and closes the response
        elif current_loop() == self._home:
            self._reader.close(is_reading=self._busy)
        else:  # this event loop cannot what belongs to another one
            abandon_response(self._reader, self._users.abandoned)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self, *, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        # A default argument, because modules are empty when the interpreter exits.
        if getattr(self, "_closed", True) or is_finalizing():
            return
        self._closed = True
        try:
            self._record_end()
        finally:
            abandon_response(self._reader, self._users.abandoned)
            self._users.remove(
                self._entry
            )  # last: what is interrupted before is freed by the entry
        warnings.warn(
            f"a stream made at {self._site} was never closed",
            ResourceWarning,
            stacklevel=1,
            source=self,
        )

    def _identify(self) -> Self:
        """Read until the response is known to be a stream. Raise the error if it is not."""
        while not (self._state.is_identified or self._ended or self._closed):
            self._receive()
            if self._state.finished and not self._state.has_pending:
                self._conclude()
        return self

    def _take_chunk(self) -> DecodedChunk | None:
        """Return the next chunk if it has arrived, else None. Raise the error if the stream was closed early."""
        # Callers try it before `_next_chunk`, because nearly every chunk has arrived and needs no coroutine.
        if self._closed and not self._ended and not self._state.complete:
            raise self._closed_error()
        chunk = self._state.next_chunk()
        record = self._call.record
        if record.first_token is None and chunk is not None and self._state.deadlines.has_token:
            record.first_token = monotonic() - record.started_at
        return chunk

    def _next_chunk(self) -> DecodedChunk | None:
        """Return the next chunk, or None at the end. Raise the error if the stream failed or was closed early."""
        while True:
            closed = self._closed  # read before the chunk is taken: it can change at any time
            if (chunk := self._take_chunk()) is not None:
                return chunk
            if self._failure is not None:
                raise self._failure  # each further read raises it again
            if self._ended or closed:
                return None
            if self._state.finished:
                self._conclude()
            else:
                self._receive()

    def _conclude(self) -> None:
        """End the stream, or retry the call if the stream broke before its first chunk."""
        failure = self._state.conclude()
        if failure is not None:
            wait = self._call.record_failure(
                failure, monotonic(), final=bool(self._state.chunks_received)
            )
            if failure.partial is not None:
                set_metadata(failure.partial, self._call.record)
            if wait is not None:
                self._retry(wait)
                return
        self._ended = True
        self._failure = failure
        self._finish(failure)
        if failure is not None:
            raise failure

    def _retry(self, wait: float) -> None:
        try:
            self._reader.close()
            self._pause = Event()
            if self._closed or self._pause.wait(wait):
                return  # by another task or thread
            self._pause = None
            self._read_from(self._requester.send(self._call))
        except BaseException as error:
            self._ended = True
            self._failure = error if isinstance(error, APIError) else None
            self._record_end(error)
            self.close()
            self._requester.session.release_call(self._call)
            raise
        if self._closed:  # in the meantime
            self._reader.close()

    def _receive(self) -> None:
        if self._busy:
            raise RuntimeError("this stream is being read by another task or thread already")
        self._busy = True
        try:
            if self._closed:
                return
            data = self._reader.read(self._state.deadlines)
        except APIError as error:
            if not self._closed:
                self._state.fail(error)
        except BaseException as error:
            self._record_end(error)
            self.close()
            self._reader.close()  # a concurrent close leaves it to the reader
            raise
        else:
            if not self._closed:
                self._state.receive(data)
        finally:
            self._busy = False
        if self._closed:
            self._reader.close()

    def _finish(self, failure: APIError | None) -> None:
        """Release the connection. It can be reused if the server ends the body soon."""
        if self._closed:
            return
        read = 0
        self._busy = True
        try:
            if failure is None and not self._closed and is_interruptible(self._reader.lease):
                with time_limit(DRAIN_SECONDS, self._reader.lease):
                    while read < DRAIN_BYTES and (size := self._reader.skip()):
                        read += size
        except library_exceptions("HTTPError", "StreamError", also=(TimeoutError, APIError)):
            pass  # the connection is closed instead
        finally:
            self._busy = False
            if self._closed:  # by another task or thread, while this one was reading
                self._reader.close()
            self.close()

    def _record_end(self, error: BaseException | None = None) -> None:
        """Record how the call ended: with a completion, with an error, or by closing the stream early."""
        failure = error or self._failure
        if failure is not None:
            self._call.abort(failure, monotonic())
        elif self._state.complete and not self._state.has_pending:
            self._call.finish(monotonic())
        else:
            self._call.close(monotonic())

    def _closed_error(self) -> StreamTruncatedError:
        error = self._state.closed_error()
        if error.partial is not None:
            set_metadata(error.partial, self._call.record)
        error.attempts = self.attempts
        self._call.annotate(error)
        return error


def identify_stream(stream: AnyStream) -> AnyStream:
    """Read until the response is known to be a stream, and return the stream. Raise the error if it is not."""
    return stream._identify()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def open_stream(
    requester: Requester, call: Call, create: Callable[[httpx.Response], AnyStream]
) -> AnyStream:
    """Make a streamed call, and return the created stream when the response is known to be a stream."""

    def opened(response: httpx.Response) -> AnyStream:
        stream = create(response)
        try:
            return identify_stream(stream)
        except BaseException:
            stream.close()  # its caller does not have it yet
            raise

    return requester.open(call, opened)


class Stream(BaseStream):
    """A streamed completion. Iterate over its chunks inside ``with``, which frees the connection.

    Iteration ends when the completion is complete: when the server sends ``[DONE]``, or when the body ends after every
    choice has a finish reason. If output follows a finish reason, HTTP must mark the end of the body as well.

    If the stream ends in any other way, iteration raises an error after the last chunk. Its ``partial`` is the
    completion so far.

    Raises:
        StreamTruncatedError: the stream ended before the completion was complete.
        APIConnectionError: the connection broke.
        APITimeoutError: a timeout expired.
        APIError: the server ended the stream with an error.
        APIResponseValidationError: the server sent something that is not a chunk.
    """

    def __iter__(self) -> Iterator[ChatCompletionChunk]:
        return self

    def __next__(self) -> ChatCompletionChunk:
        chunk = self._take_chunk() or self._next_chunk()
        if chunk is None:
            raise StopIteration
        return chunk.model

# Made from wrapper/opper_chat/_async/stream.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""Streams: bytes from the connection in, chunks out. `_streaming.state` decides which, and when the stream ends."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from time import monotonic
from types import TracebackType
from typing import Self, TypeVar, cast

from opper_chat_api.models import ChatCompletionChunk

from .._call.state import Call
from .._concurrency.events import Event
from .._concurrency.loop import current_loop
from .._errors.answer_headers import request_id
from .._errors.api import APIError, StreamTruncatedError
from .._http.cleanup import abandon_response, is_interruptible
from .._http.library import failures, httpx
from .._http.timeouts import time_limit
from .._observability.record import Attempt, set_completion
from .._results.completion import ChatCompletion, set_metadata
from .._results.metadata import trace_id
from .._streaming.chunk_templates import DecodedChunk
from .._streaming.state import StreamState
from .requester import Calls
from .response_reader import ResponseReader

DRAIN_SECONDS = 0.1
"""How long a server may take to end its body after ``[DONE]``, before its connection is given up."""

DRAIN_BYTES = 65536


AnyReading = TypeVar("AnyReading", bound="Reading")


class Reading:
    """What a stream of chunks and a stream of events have in common."""

    def __init__(self, calls: Calls, call: Call, response: httpx.Response, site: str) -> None:
        self._closed = True  # until it is made: before, whoever makes it closes the response
        self._calls = calls
        self._call = call
        self._holders = calls.http.holders
        self._site = site
        self._busy = False
        self._pause: Event | None = None
        """What ends the wait before the stream is asked for again."""
        self._ended = False
        self._failure: APIError | None = None
        self._note: object = None
        """What `Holders.release` takes."""
        self._read_from(response)
        self._closed = False

    def _read_from(self, response: httpx.Response) -> None:
        self._response = response
        self._home = current_loop()
        self._reader = self._calls.http.reader(response, stream=True)
        # Kept there as well: a collector that finds this stream would end the generator at whatever line it runs, and
        # httpx's takes a lock of its own pool for that.
        if self._note is not None:
            self._holders.release(self._note)
        self._note = self._holders.hold(self, f"a stream made at {self._site}", self._reader)
        deadlines, expected = self._call.deadlines, self._call.request.choices
        limits, version = self._calls.http.response_limits, response.http_version
        status, headers = response.status_code, response.headers
        self._state = StreamState(
            status, headers, deadlines, expected, limits, http_version=version
        )
        # Not of this object: a stream that is dropped must not be held by what is told of its call.
        set_completion(self._call.record, self._state.partial_completion)

    @property
    def response(self) -> httpx.Response:
        """The HTTP response; its headers are there before the first chunk.

        Where a stream breaks before it brought anything it is asked for again, and this is the last response.
        """
        return self._response

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the answer."""
        return self._response.headers

    @property
    def request_id(self) -> str | None:
        """The id by which the server's people find the call, or None."""
        return request_id(self._response.headers)

    @property
    def trace_id(self) -> str | None:
        """The id of the trace that the server put the call into, or None where it does not say so."""
        return trace_id(self._response.headers)

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """The requests of the call that ended: those that failed before this one, and this one when it is over."""
        return tuple(self._call.record.attempts)

    @property
    def snapshot(self) -> ChatCompletion:
        """The completion as far as its chunks were handed out, made when it is asked for."""
        completion = self._state.accumulator.snapshot()
        set_metadata(completion, self._call.record)
        return completion

    current_completion_snapshot = snapshot
    """ The name that the OpenAI SDK has for it as well. """

    @property
    def complete(self) -> bool:
        """Whether the answer came whole and all of it was handed out."""
        return self._failure is None and self._state.complete and not self._state.has_pending

    @property
    def text_stream(self) -> Iterator[str]:
        """The text of the first choice, piece by piece, and nothing else."""
        return _Texts(self)

    def until_done(self) -> Self:
        """Read to the end.

        Raises:
            APIError: what ended the stream early, as in iterating.
        """
        while self._next_chunk() is not None:
            pass
        return self

    def get_final_completion(self) -> ChatCompletion:
        """Read to the end and return the completion, the same model that a plain call returns.

        Raises:
            APIError: what ended the stream early, as in iterating.
            StreamTruncatedError: the stream was closed before the answer was whole.
        """
        self.until_done()
        if not self._state.complete:
            raise self._closed_early()
        return self.snapshot

    def get_final_text(self) -> str:
        """Read to the end and return the text of the first choice; empty where it has none.

        Raises:
            APIError: as in `get_final_completion`.
        """
        return (self.get_final_completion()).text

    def close(self) -> None:
        """Free the connection, from any task, thread or event loop.

        Whoever reads on, or is reading now, gets StreamTruncatedError, unless the answer was whole. Closing twice does
        nothing more.
        """
        if self._closed:
            return
        self._closed = True
        try:
            self._close()
        except BaseException:
            self._calls.http.give_up(self._call)
            raise

    def _close(self) -> None:
        self._holders.release(self._note)
        self._tell_end()
        # Whoever reads looks at `_closed` after it has said that it is busy: one of the two sees the other.
        if self._pause is not None:
            self._pause.set()
        lease = self._reader.lease
        if self._busy and lease.is_attached:
            lease.shutdown()  # whoever is reading wakes up, and closes the response
        elif current_loop() == self._home:
            self._reader.close(is_reading=self._busy)
        else:  # nothing of another event loop can be awaited here
            abandon_response(self._reader, self._holders.dropped)

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
        # A default, because at the very end of an interpreter its modules are empty.
        if getattr(self, "_closed", True) or is_finalizing():
            return
        self._closed = True
        reader = cast("ResponseReader", self._holders.release(self._note))
        self._tell_end()
        abandon_response(reader, self._holders.dropped)
        warnings.warn(
            f"a stream made at {self._site} was never closed",
            ResourceWarning,
            stacklevel=1,
            source=self,
        )

    def _settle(self) -> Self:
        """Read on until it is known whether this is a stream at all, and raise what is wrong where it is none."""
        while not (self._state.is_identified or self._ended or self._closed):
            self._receive()
            if self._state.finished and not self._state.has_pending:
                self._conclude()
        return self

    def _next_chunk(self) -> DecodedChunk | None:
        """Return the next chunk, or None at the end. Raise what ended the stream early, closing it included."""
        while True:
            closed = self._closed  # looked at once: it may change at any time
            if closed and not self._ended and not self._state.complete:
                raise self._closed_early()
            if (chunk := self._state.next_chunk()) is not None:
                if self._call.record.first_token is None and self._state.deadlines.has_token:
                    self._call.record_first_token(monotonic())
                return chunk
            if self._failure is not None:
                raise self._failure  # whoever asks again is told again
            if self._ended or closed:
                return None
            if self._state.finished:
                self._conclude()
            else:
                self._receive()

    def _conclude(self) -> None:
        """End the stream, or begin it anew where it broke before it brought anything."""
        failure = self._state.conclude()
        if failure is not None:
            wait = self._call.record_failure(
                failure, monotonic(), final=bool(self._state.chunks_received)
            )
            if failure.partial is not None:
                set_metadata(failure.partial, self._call.record)
            if wait is not None:
                self._begin_anew(wait)
                return
        self._ended = True
        self._failure = failure
        self._finish(failure)
        if failure is not None:
            raise failure

    def _begin_anew(self, wait: float) -> None:
        try:
            self._reader.close()
            self._pause = Event()
            if self._closed or self._pause.wait(wait):
                return  # closed by somebody else
            self._pause = None
            self._read_from(self._calls.open(self._call, again=True))
        except BaseException as error:
            self._ended = True
            self._failure = error if isinstance(error, APIError) else None
            self._tell_end(error)
            self.close()
            self._calls.http.give_up(self._call)
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
            self._tell_end(error)
            self.close()
            self._reader.close()  # which somebody else's close may have left to this reader
            raise
        else:
            if not self._closed:
                self._state.receive(data)
        finally:
            self._busy = False
        if self._closed:
            self._reader.close()

    def _finish(self, failure: APIError | None) -> None:
        """Give the connection back: whole, if the server ends its body soon."""
        if self._closed:
            return
        read = 0
        self._busy = True
        try:
            if failure is None and not self._closed and is_interruptible(self._reader.lease):
                with time_limit(DRAIN_SECONDS, self._reader.lease):
                    while read < DRAIN_BYTES and (size := self._reader.skip()):
                        read += size
        except failures("HTTPError", "StreamError", also=(TimeoutError, APIError)):
            pass  # it is given up instead
        finally:
            self._busy = False
            if self._closed:  # by somebody else, while this was reading
                self._reader.close()
            self.close()

    def _tell_end(self, error: BaseException | None = None) -> None:
        """Tell how the call ended: with the answer, with an error, or given up."""
        failure = error or self._failure
        if failure is not None:
            self._call.abort(failure, monotonic())
        elif self._state.complete and not self._state.has_pending:
            self._call.finish(monotonic())
        else:
            self._call.close(monotonic())

    def _closed_early(self) -> StreamTruncatedError:
        error = StreamTruncatedError(
            "The stream was closed before the answer was whole.",
            status_code=self._response.status_code,
            headers=self._response.headers,
        )
        error.chunks_received = self._state.chunks_received
        error.partial = self.snapshot if error.chunks_received else None
        error.attempts = self.attempts
        self._call.annotate(error)
        return error


def settle(stream: AnyReading) -> AnyReading:
    """Read until the response is known to be a stream, and return the stream. Raise the error that it is instead."""
    return stream._settle()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def open_stream(stream: AnyReading) -> AnyReading:
    """Do the same as `settle`, and close the stream if it raises, because the caller does not have the stream yet."""
    try:
        return settle(stream)
    except BaseException:
        stream.close()
        raise


class _Texts:
    """The text of a stream, piece by piece.

    No generator: one that is left half-way is closed by asyncio in a task of its own, and complained of by trio.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        reading = self._reading  # to which this belongs
        while (chunk := reading._next_chunk()) is not None:  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            text = reading._state.first_choice_text(chunk)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            if text:
                return text
        raise StopIteration


class Stream(Reading):
    """A streamed answer: iterate over its chunks, best inside ``with``, which frees the connection.

    Iteration ends when the answer is whole: when the server says ``[DONE]``, or when its bytes end after every choice
    has had a finish reason. A finish reason that was followed by more text is no end of an answer: then the bytes must
    end as HTTP frames them. Whatever else ends it raises, after the chunks before it, an error with the completion so
    far in ``partial``:

    Raises:
        StreamTruncatedError: the stream ended before the answer did.
        APIConnectionError: the connection broke. APITimeoutError: a clock ran out.
        APIError: the server ended the stream with an error.
        APIResponseValidationError: the server sent what is no chunk.
    """

    def __iter__(self) -> Iterator[ChatCompletionChunk]:
        return self

    def __next__(self) -> ChatCompletionChunk:
        chunk = self._next_chunk()
        if chunk is None:
            raise StopIteration
        return chunk.model

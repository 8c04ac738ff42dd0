"""The calls whose answer is a value of a type: asked for until it fits, or told while it is written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .._call.state import Call
from .._errors.api import AnswerError, APIError, InvalidAnswerError
from .._errors.context_managers import EnteredFirst
from .._observability.record import Attempt
from .._requests.parameters import check_extra_keys
from .._requests.response_format import ResponseFormat, correction_arguments
from .._results.completion import ChatCompletion
from .._results.parsed import ParsedChatCompletion
from .._streaming.parsed_events import EventParser, ParsedDoneEvent, ParsedStreamEvent
from .._validation.numbers import check_retries
from .event_stream import AsyncEventStream
from .requester import AsyncCalls
from .stream import open_stream

if TYPE_CHECKING:
    from .._http.library import httpx

T = TypeVar("T")


async def parse(
    calls: AsyncCalls,
    arguments: Mapping[str, object],
    response_format: object,
    retries_on_invalid: int,
    *,
    strict: bool,
) -> ParsedChatCompletion[Any]:
    """Make a plain call, and further ones while its answer does not fit, and return the answer with its values.

    Raises:
        InvalidArgumentError: an argument is wrong.
        AnswerError: no answer has a value.
    """
    expected = ResponseFormat[Any](response_format, strict=strict)
    left = check_retries(retries_on_invalid, "retries_on_invalid")
    expected.check_extra_body(arguments)
    if left:
        check_extra_keys(arguments.get("extra_body"), {"messages": "To ask again, the messages must be an argument."})
    arguments = {**arguments, "response_format": expected.parameter}
    call = calls.prepared(arguments, stream=None, function="parse()")
    rejected: list[ChatCompletion] = []
    attempts: tuple[Attempt, ...] = ()
    while True:
        try:
            completion, body = await calls.complete_with_body(call)
            completion.attempts = attempts = (*attempts, *completion.attempts)
            parsed = expected.parse(completion, call.record.status_code, body)
        except InvalidAnswerError as error:
            call.annotate(error)
            error.rejected = tuple(rejected)
            if len(rejected) == left:
                raise
            if call.deadlines.expired(monotonic()):
                error.add_note("Not asked again: the deadline has passed.")
                raise
            rejected.append(error.completion)
            arguments = correction_arguments(arguments, error)
        except APIError as error:
            call.annotate(error)
            error.rejected = tuple(rejected)
            if not isinstance(error, AnswerError):
                error.attempts = (*attempts, *error.attempts)
            raise
        else:
            parsed.rejected = tuple(rejected)
            return parsed
        call = calls.prepared(arguments, stream=None, deadlines=call.deadlines)


class AsyncParsedStream(AsyncEventStream, Generic[T]):
    """A streamed answer as typed events, its answer a value of a type.

    Ends and raises as `AsyncStream` does. A whole answer that has no value raises in place of the last event, with the
    whole completion: what ``parse()`` raises.
    """

    def __init__(
        self, calls: AsyncCalls, call: Call, response: httpx.Response, site: str, response_format: ResponseFormat[T]
    ) -> None:
        self._response_format = response_format
        self._parser = EventParser(response_format)
        super().__init__(calls, call, response, site)

    def _read_from(self, response: httpx.Response) -> None:
        super()._read_from(response)
        self._parser = EventParser(self._response_format)

    def __aiter__(self) -> AsyncIterator[ParsedStreamEvent[T]]:
        return self

    async def __anext__(self) -> ParsedStreamEvent[T]:
        while True:
            event = await super().__anext__()
            if event.type == "done":
                return ParsedDoneEvent(self._parsed())
            if (parsed := self._parser.parse(event)) is not None:
                return parsed

    async def get_final_completion(self) -> ParsedChatCompletion[T]:
        """Read to the end and return the completion, whose ``parsed`` is the value.

        Raises:
            APIError: what ended the stream early, as in iterating.
            StreamTruncatedError: the stream was closed before the answer was whole.
            AnswerError: the answer is whole and has no value.
        """
        await super().get_final_completion()
        return self._parsed()

    def _parsed(self) -> ParsedChatCompletion[T]:
        try:
            return self._response_format.parse(self.snapshot, self._response.status_code, b"")
        except APIError as error:
            self._call.annotate(error)
            raise


class AsyncParsedStreamManager(EnteredFirst, Generic[T]):
    """Sends the request of a stream on entering, closes the stream on leaving."""

    _entered = "client.chat.completions.stream(...) as stream"

    def __init__(self, calls: AsyncCalls, arguments: Mapping[str, object], site: str) -> None:
        self._calls = calls
        arguments = dict(arguments)
        self._response_format = ResponseFormat[T](
            arguments.get("response_format"), strict=arguments.pop("strict", True)
        )
        self._response_format.check_extra_body(arguments)
        arguments = {**arguments, "response_format": self._response_format.parameter}
        self._call = calls.later(arguments, stream=True, function="stream()")
        self._site = site
        self._stream: AsyncParsedStream[T] | None = None

    async def __aenter__(self) -> AsyncParsedStream[T]:
        call = self._call()
        try:
            stream = AsyncParsedStream[T](
                self._calls, call, await self._calls.open(call), self._site, self._response_format
            )
            self._stream = await open_stream(stream)
        except BaseException:
            await self._calls.http.give_up(call)
            raise
        return stream

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._stream is not None:
            await self._stream.close()

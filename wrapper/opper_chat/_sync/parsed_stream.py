# Made from wrapper/opper_chat/_async/parsed_stream.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""Calls whose completion has a value of a Python type: plain calls that retry until it fits, and streams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from time import monotonic
from typing import Any, Generic, TypeVar, cast

from .._call.state import Call
from .._errors.api import APIError, CompletionError, InvalidCompletionError
from .._errors.attempt import Attempt
from .._http.library import httpx
from .._requests.parameters import check_extra_keys
from .._requests.response_format import ResponseFormat, correction_arguments
from .._results.completion import ChatCompletion
from .._results.parsed import ParsedChatCompletion
from .._streaming.parsed_events import EventParser, ParsedDoneEvent, ParsedStreamEvent
from .._validation.arguments import check_retries
from .event_stream import EventStream, StreamManager
from .requester import Requester

T = TypeVar("T")


def parse(
    requester: Requester,
    arguments: Mapping[str, object],
    response_format: object,
    retries_on_invalid: int,
    *,
    strict: bool,
) -> ParsedChatCompletion[Any]:
    """Make a plain call, and again while the completion does not fit the type. Return the completion with its values.

    Args:
        requester: sends the calls of the client.
        arguments: the arguments of the call.
        response_format: the type, or what ``create()`` takes: then the completion has no value.
        retries_on_invalid: how often to send the request again, with a list of the problems.
        strict: whether the schema of the type is for strict mode.

    Raises:
        InvalidArgumentError: an argument is wrong.
        CompletionError: the last completion has no value of the type.
        APIError: a call failed.
    """
    expected = ResponseFormat[Any](response_format, strict=strict)
    left = check_retries(retries_on_invalid, "retries_on_invalid")
    parsed, _ = parse_with_body(requester, arguments, expected, left)
    return parsed


def parse_with_body(
    requester: Requester, arguments: Mapping[str, object], expected: ResponseFormat[T], left: int
) -> tuple[ParsedChatCompletion[T], bytes]:
    """Do the same as `parse`, and return the completion and the body that it was read from.

    Args:
        requester: sends the calls of the client.
        arguments: the arguments of the call.
        expected: the response format.
        left: how often to send the request again, with a list of the problems.

    Raises:
        InvalidArgumentError: an argument is wrong.
        CompletionError: the last completion has no value of the type.
        APIError: a call failed.
    """
    expected.check_extra_body(arguments)
    if left:
        check_extra_keys(
            arguments.get("extra_body"),
            {"messages": "The retries add to the messages, so pass them as an argument."},
        )
    arguments = {**arguments, "response_format": expected.parameter}
    call = requester.create_call(arguments, stream=None, function="parse()")
    rejected: list[ChatCompletion] = []
    attempts: tuple[Attempt, ...] = ()
    while True:
        try:
            completion, body = requester.complete(call)
            completion.attempts = attempts = (*attempts, *completion.attempts)
            parsed = expected.parse(completion, call.record.status_code, body)
        except InvalidCompletionError as error:
            call.annotate(error)
            error.rejected = tuple(rejected)
            if len(rejected) == left:
                raise
            if call.deadlines.expired(monotonic()):
                error.add_note("Not retried: the deadline has passed.")
                raise
            rejected.append(error.completion)
            arguments = correction_arguments(arguments, error)
        except APIError as error:
            call.annotate(error)
            error.rejected = tuple(rejected)
            if not isinstance(error, CompletionError):
                error.attempts = (*attempts, *error.attempts)
            raise
        else:
            parsed.rejected = tuple(rejected)
            return parsed, body
        call = requester.create_call(arguments, stream=None, deadlines=call.deadlines)


class ParsedStream(EventStream, Generic[T]):
    """A streamed completion as typed events, whose content is a value of a Python type.

    Iteration ends and raises as that of `Stream`. If the completion is complete and has no value, the error of
    ``parse()`` is raised in place of the last event.
    """

    def __init__(
        self,
        requester: Requester,
        call: Call,
        site: str,
        response: httpx.Response,
        response_format: ResponseFormat[T],
    ) -> None:
        self._response_format = response_format
        self._parser = EventParser(response_format)
        super().__init__(requester, call, site, response)

    def _read_from(self, response: httpx.Response) -> None:
        super()._read_from(response)
        self._parser = EventParser(self._response_format)

    def __iter__(self) -> Iterator[ParsedStreamEvent[T]]:
        return self

    def __next__(self) -> ParsedStreamEvent[T]:
        while True:
            event = super().__next__()
            if event.type == "done":
                return ParsedDoneEvent(self._parsed())
            if (parsed := self._parser.parse(event)) is not None:
                return parsed

    def get_final_completion(self) -> ParsedChatCompletion[T]:
        """Read to the end and return the completion. Its ``parsed`` is the value.

        Raises:
            APIError: an error ended the stream, as in iteration.
            StreamTruncatedError: the stream was closed before the completion was complete.
            CompletionError: the completion is complete and has no value of the type.
        """
        super().get_final_completion()
        return self._parsed()

    def _parsed(self) -> ParsedChatCompletion[T]:
        try:
            return self._response_format.parse(self.snapshot, self._response.status_code, b"")
        except APIError as error:
            self._call.annotate(error)
            raise


class ParsedStreamManager(StreamManager, Generic[T]):
    """Sends the request of a stream on entering, and closes the stream on leaving."""

    def __init__(self, requester: Requester, arguments: Mapping[str, object], site: str) -> None:
        arguments = dict(arguments)
        strict = arguments.pop("strict", True)
        self._response_format = ResponseFormat[T](arguments.get("response_format"), strict=strict)
        self._response_format.check_extra_body(arguments)
        arguments = {**arguments, "response_format": self._response_format.parameter}
        super().__init__(
            requester, requester.prepare_call(arguments, stream=True, function="stream()"), site
        )

    def _create(self, call: Call, response: httpx.Response) -> ParsedStream[T]:
        return ParsedStream[T](self._requester, call, self._site, response, self._response_format)

    def __enter__(self) -> ParsedStream[T]:
        return cast("ParsedStream[T]", super().__enter__())

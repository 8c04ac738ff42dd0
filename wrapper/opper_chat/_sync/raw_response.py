# Made from wrapper/opper_chat/_async/raw_response.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""Calls that return the HTTP response, with its body or before it is read."""

from __future__ import annotations

import typing  # Jedi shows the signature of an implementation if its overloads are `typing.overload`
from collections.abc import Callable, Iterator
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Never, Unpack

from .._call.state import Call
from .._concurrency.resource_warnings import call_site
from .._errors.api import APIError
from .._errors.attempt import Attempt
from .._errors.context_managers import RequiresWithBlock
from .._http.library import httpx
from .._json import codec as _json
from .._observability.record import set_metadata
from .._requests.argument_hints import positional_error
from .._requests.parameters import CallArguments
from .._requests.signatures import list_arguments
from .._results.completion import ChatCompletion
from .._results.status_errors import not_json
from .._streaming.completion_reader import read_completion
from .requester import Requester
from .response_reader import ResponseReader
from .stream import Stream, identify_stream

if TYPE_CHECKING:
    from .._requests.signatures import call_parameters


class _Response:
    """The status, the headers and the other properties of a response that do not need its body."""

    http_response: httpx.Response
    """The response of the HTTP library."""

    def __init__(self, requester: Requester, call: Call, response: httpx.Response) -> None:
        self._requester = requester
        self._call = call
        self._retries_taken = call.retries
        self.http_response = response

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        return self.http_response.status_code

    @property
    def headers(self) -> httpx.Headers:
        """The headers of the response. Their names are case-insensitive."""
        return self.http_response.headers

    @property
    def http_request(self) -> httpx.Request:
        """The request, without the key."""
        return self.http_response.request

    @property
    def http_version(self) -> str:
        """The version of HTTP, such as ``HTTP/1.1``."""
        return self.http_response.http_version

    @property
    def url(self) -> httpx.URL:
        """The URL of the request, after redirects."""
        return self.http_response.url

    @property
    def method(self) -> str:
        """The HTTP method of the request."""
        return self.http_response.request.method

    @property
    def is_closed(self) -> bool:
        """Whether the body was read to its end, or the response was closed."""
        return self.http_response.is_closed

    @property
    def request_id(self) -> str | None:
        """The id of the request, which the operator of the server can look up, or None."""
        return self._call.record.request_id

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """The attempts of the call that have ended."""
        return tuple(self._call.record.attempts)

    @property
    def retries_taken(self) -> int:
        """How many attempts of the call failed before this one."""
        return self._retries_taken

    def _completion(self, content: bytes) -> ChatCompletion:
        try:
            limits, choices = self._requester.session.response_limits, self._call.request.choices
            completion = read_completion(self.status_code, self.headers, content, limits, choices)
        except APIError as error:
            error.attempts = self.attempts
            self._call.annotate(error)
            if error.partial is not None:
                set_metadata(error.partial, self._call.record)
            raise
        set_metadata(completion, self._call.record)
        return completion

    def _value(self, content: bytes) -> object:
        try:
            return _json.decode(content)
        except ValueError as reason:
            error = not_json(self.status_code, self.headers, content, str(reason))
        error.attempts = self.attempts
        self._call.annotate(error)
        raise error


class RawResponse(_Response):
    """The response of a plain call, with its body."""

    @property
    def content(self) -> bytes:
        """The decoded body bytes."""
        return self.http_response.content

    @property
    def text(self) -> str:
        """The body as text."""
        return self.http_response.text

    def json(self) -> object:
        """Return the body as a JSON value.

        Raises:
            APIResponseValidationError: it is not JSON.
        """
        return self._value(self.content)

    def parse(self) -> ChatCompletion:
        """Return the completion.

        Raises:
            APIError: the body is an error.
            APIResponseValidationError: the body is not a chat completion.
        """
        return self._completion(self.content)


class RawStream(_Response):
    """The response of a streamed call. `parse` returns the stream that reads its body."""

    def __init__(
        self, requester: Requester, call: Call, site: str, response: httpx.Response
    ) -> None:
        super().__init__(requester, call, response)
        self._stream = Stream(requester, call, site, response)

    def parse(self) -> Stream:
        """Return the stream of chunks. Iterate over it, and close it.

        Raises:
            APIError: the body is an error and not a stream.
            APIResponseValidationError: the body is not a stream.
        """
        return identify_stream(self._stream)


class RawCompletions:
    """The namespace ``client.chat.completions.with_raw_response``."""

    def __init__(self, requester: Requester) -> None:
        self._requester = requester

    @typing.overload
    def create(
        self, *, stream: Literal[False] | None = None, **arguments: Unpack[CallArguments]
    ) -> RawResponse: ...

    @typing.overload
    def create(self, *, stream: Literal[True], **arguments: Unpack[CallArguments]) -> RawStream: ...

    @typing.overload
    def create(
        self, *, stream: bool | None, **arguments: Unpack[CallArguments]
    ) -> RawResponse | RawStream: ...

    def create(
        self, *_positional: object, stream: bool | None = None, **arguments: Unpack[CallArguments]
    ) -> RawResponse | RawStream:
        """Return the HTTP response of a call.

        Args:
            stream: True returns an `RawStream`, whose body is read by its stream.
            arguments: as in `Completions.create`.

        Raises:
            InvalidArgumentError, APIConnectionError, APIStatusError: as in `Completions.create`. If the body of
                the last attempt is an error or not a chat completion, `parse` raises that.
        """
        if TYPE_CHECKING:
            call_parameters(**arguments)
        if _positional:
            raise positional_error(_positional, "create()")
        call = self._requester.create_call(arguments, stream=stream)
        if stream:
            site = call_site()

            def opened(response: httpx.Response) -> RawStream:
                return RawStream(self._requester, call, site, response)

            return self._requester.open(call, opened)
        try:
            call.start()
            raw = RawResponse(self._requester, call, self._requester.send_and_read(call))
            while (wait := self._wait_after(call, raw)) is not None:
                self._requester.pause(call, wait)
                raw = RawResponse(self._requester, call, self._requester.send_and_read(call))
        except BaseException:
            call.release_permit()  # a signal handler can raise in the observers of the end
            raise
        return raw

    def _wait_after(self, call: Call, raw: RawResponse) -> float | None:
        """Return the seconds to wait before the next attempt, or None if there is none."""
        try:
            call.complete(raw.parse(), monotonic())
        except APIError as error:
            wait = call.record_failure(error, monotonic())
            if wait is None:  # `parse` raises it again
                call.abort(error, monotonic())
            return wait
        return None


class StreamedResponse(_Response):
    """A response before its body is read. The body can be read once, by one of the methods."""

    def iter_bytes(self) -> Iterator[bytes]:
        """Iterate over the decoded body bytes as they arrive.

        Raises:
            APIConnectionError: the connection broke, or the body was read before.
            APITimeoutError: a timeout expired.
        """
        for data in self._iter_chunks():
            yield data
        self._call.finish(monotonic())

    def _iter_chunks(self) -> Iterator[bytes]:
        limits = self._requester.session.response_limits
        reader = ResponseReader(self.http_response, limits, stream=self._call.record.stream)
        try:
            while data := reader.read(self._call.deadlines):
                yield data
        except APIError as error:
            self._call.record_failure(error, monotonic(), final=True)
            self._call.abort(error, monotonic())
            raise

    def iter_lines(self) -> Iterator[str]:
        """Iterate over the lines of the body, without their ends: CR, LF or both, as in server-sent events."""
        rest = b""
        for data in self.iter_bytes():
            ends_with_cr = data.endswith(b"\r")  # its LF can be in the next chunk
            lines = (
                (rest + data[: -1 if ends_with_cr else None])
                .replace(b"\r\n", b"\n")
                .replace(b"\r", b"\n")
                .split(b"\n")
            )
            rest = lines.pop() + (b"\r" if ends_with_cr else b"")
            for line in lines:
                yield line.decode("utf-8", "replace")
        if rest:
            yield rest.removesuffix(b"\r").decode("utf-8", "replace")

    def read(self) -> bytes:
        """Read the body, and return its decoded bytes."""
        return b"".join([data for data in self.iter_bytes()])

    def json(self) -> object:
        """Read the body, and return it as a JSON value.

        Raises:
            APIResponseValidationError: it is not JSON.
        """
        return self._value(self.read())

    def parse(self) -> ChatCompletion:
        """Read the body of a plain call, and return the completion.

        Raises:
            APIError: the body is an error.
            APIResponseValidationError: the body is not a chat completion.
        """
        content = b"".join([data for data in self._iter_chunks()])
        try:
            completion = self._completion(content)
        except APIError as error:
            self._call.record_failure(error, monotonic(), final=True)
            self._call.abort(error, monotonic())
            raise
        self._call.complete(completion, monotonic())
        return completion

    def close(self) -> None:
        """Free the connection."""
        try:
            self._call.close(monotonic())
        finally:
            self._requester.session.release_call(self._call)


class StreamedCompletions:
    """The namespace ``client.chat.completions.with_streaming_response``."""

    def __init__(self, requester: Requester) -> None:
        self._requester = requester

    def create(
        self, *_positional: Never, stream: bool | None = None, **arguments: Unpack[CallArguments]
    ) -> StreamedResponseManager:
        """Return a context manager for the HTTP response of a call, before its body is read.

        Use it with ``with``, which sends the request, and frees the connection at the end of the block.

        Args:
            stream: True asks the server for a stream.
            arguments: as in `Completions.create`.

        Returns:
            A context manager that gives an `StreamedResponse`.

        Raises:
            InvalidArgumentError: an argument is wrong; nothing was sent. Other errors are raised by ``with``.
        """
        if TYPE_CHECKING:
            call_parameters(**arguments)
        if _positional:
            raise positional_error(_positional, "create()")
        return StreamedResponseManager(
            self._requester, self._requester.prepare_call(arguments, stream=stream)
        )


class StreamedResponseManager(RequiresWithBlock):
    """Sends the request on entering, frees the connection on leaving."""

    _entered = "client.chat.completions.with_streaming_response.create(...) as response"

    def __init__(self, requester: Requester, call: Callable[[], Call]) -> None:
        self._requester = requester
        self._call = call
        self._response: StreamedResponse | None = None

    def __enter__(self) -> StreamedResponse:
        call = self._call()

        def opened(response: httpx.Response) -> StreamedResponse:
            return StreamedResponse(self._requester, call, response)

        self._response = self._requester.open(call, opened)
        return self._response

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._response is not None:
            self._response.close()


list_arguments(RawCompletions.create, CallArguments)
list_arguments(StreamedCompletions.create, CallArguments)

"""The calls for those who want to see the HTTP response: whole, or before its body is read."""

from __future__ import annotations

import typing  # Jedi shows the signature of an implementation if its overloads are `typing.overload`
from collections.abc import AsyncIterator
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Never, Unpack

from .._call.state import Call
from .._concurrency.resource_warnings import call_site
from .._errors.api import APIError
from .._errors.attempt import Attempt
from .._errors.context_managers import RequiresWithBlock
from .._json import codec as _json
from .._observability.record import set_metadata
from .._requests.argument_hints import refuse_positional
from .._requests.parameters import CallArguments
from .._requests.signatures import list_arguments
from .._results.completion import ChatCompletion
from .._results.status_errors import not_json
from .._streaming.completion_reader import read_completion
from .requester import AsyncRequester
from .response_reader import AsyncResponseReader
from .stream import AsyncStream, identify_stream

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from .._requests.signatures import call_parameters


class _AsyncResponse:
    """What every response tells before its body is read."""

    http_response: httpx.Response
    """The response of the HTTP library."""

    def __init__(self, requester: AsyncRequester, call: Call, response: httpx.Response) -> None:
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
        """The headers of the answer, as the HTTP library has them: by their names in upper or lower case."""
        return self.http_response.headers

    @property
    def http_request(self) -> httpx.Request:
        """The request that it answers, without the key."""
        return self.http_response.request

    @property
    def http_version(self) -> str:
        """The version of HTTP, such as ``HTTP/1.1``."""
        return self.http_response.http_version

    @property
    def url(self) -> httpx.URL:
        """The address that it came from."""
        return self.http_response.url

    @property
    def method(self) -> str:
        """The HTTP method of the request."""
        return self.http_response.request.method

    @property
    def is_closed(self) -> bool:
        """Whether the body was read or given up."""
        return self.http_response.is_closed

    @property
    def request_id(self) -> str | None:
        """The id by which the server's people find the call, or None."""
        return self._call.record.request_id

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """The requests of the call that ended."""
        return tuple(self._call.record.attempts)

    @property
    def retries_taken(self) -> int:
        """How many requests of the call there were before this one."""
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


class AsyncRawResponse(_AsyncResponse):
    """The response of a plain call, its body read."""

    @property
    def content(self) -> bytes:
        """The body as it came, decompressed."""
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
            APIError: the body says that the call failed.
            APIResponseValidationError: the body is not a chat completion.
        """
        return self._completion(self.content)


class AsyncRawStream(_AsyncResponse):
    """The response of a streamed call, its body still to be read by the stream that `parse` gives."""

    def __init__(self, requester: AsyncRequester, call: Call, site: str, response: httpx.Response) -> None:
        super().__init__(requester, call, response)
        self._stream = AsyncStream(requester, call, site, response)

    async def parse(self) -> AsyncStream:
        """Return the stream of chunks, to be iterated over and closed.

        Raises:
            APIError: the answer is no stream, and what it is says that the call failed.
        """
        return await identify_stream(self._stream)


class AsyncRawCompletions:
    """The calls of `AsyncCompletions`, whose responses are given as they came."""

    def __init__(self, requester: AsyncRequester) -> None:
        self._requester = requester

    @typing.overload
    async def create(
        self, *, stream: Literal[False] | None = None, **arguments: Unpack[CallArguments]
    ) -> AsyncRawResponse: ...

    @typing.overload
    async def create(self, *, stream: Literal[True], **arguments: Unpack[CallArguments]) -> AsyncRawStream: ...

    async def create(
        self, *_positional: object, stream: bool | None = None, **arguments: Unpack[CallArguments]
    ) -> AsyncRawResponse | AsyncRawStream:
        """Ask the model for the next message, and return the HTTP response. Takes what `AsyncCompletions.create` takes.

        Raises:
            InvalidArgumentError, APIConnectionError, APIStatusError: as in `AsyncCompletions.create`. What the body
                of the last attempt says is raised by `parse`.
        """
        if TYPE_CHECKING:
            call_parameters(**arguments)
        refuse_positional(_positional, "create()")
        call = self._requester.create_call(arguments, stream=stream)
        if stream:
            site = call_site()

            async def opened(response: httpx.Response) -> AsyncRawStream:
                return AsyncRawStream(self._requester, call, site, response)

            return await self._requester.open(call, opened)
        try:
            call.start()
            raw = AsyncRawResponse(self._requester, call, await self._requester.send_and_read(call))
            while (wait := self._wait_after(call, raw)) is not None:
                await self._requester.pause(call, wait)
                raw = AsyncRawResponse(self._requester, call, await self._requester.send_and_read(call))
        except BaseException:
            call.release_permit()  # a signal handler may have raised while the end was told
            raise
        return raw

    def _wait_after(self, call: Call, raw: AsyncRawResponse) -> float | None:
        """Return how long to wait before the response is asked for again, or None where it is the last."""
        try:
            call.complete(raw.parse(), monotonic())
        except APIError as error:
            wait = call.record_failure(error, monotonic())
            if wait is None:  # the caller learns of it by asking
                call.abort(error, monotonic())
            return wait
        return None


class AsyncStreamedResponse(_AsyncResponse):
    """A response whose body is still to be read: once, by one of the ways below."""

    async def iter_bytes(self) -> AsyncIterator[bytes]:
        """Read the body piece by piece, as it comes, decompressed.

        Raises:
            APIConnectionError: the connection broke, or the body was read before. APITimeoutError: a clock ran out.
        """
        async for data in self._pieces():
            yield data
        self._call.finish(monotonic())

    async def _pieces(self) -> AsyncIterator[bytes]:
        limits = self._requester.session.response_limits
        reader = AsyncResponseReader(self.http_response, limits, stream=self._call.record.stream)
        try:
            while data := await reader.read(self._call.deadlines):
                yield data
        except APIError as error:
            self._call.record_failure(error, monotonic(), final=True)
            self._call.abort(error, monotonic())
            raise

    async def iter_lines(self) -> AsyncIterator[str]:
        """Read the body line by line, without their ends. None but CR, LF and both end a line, as in event streams."""
        rest = b""
        async for data in self.iter_bytes():
            held = data.endswith(b"\r")  # its LF may be in the next piece
            lines = (rest + data[: -1 if held else None]).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
            rest = lines.pop() + (b"\r" if held else b"")
            for line in lines:
                yield line.decode("utf-8", "replace")
        if rest:
            yield rest.removesuffix(b"\r").decode("utf-8", "replace")

    async def read(self) -> bytes:
        """Read the whole body."""
        return b"".join([data async for data in self.iter_bytes()])

    async def json(self) -> object:
        """Read the whole body, and return it as a JSON value.

        Raises:
            APIResponseValidationError: it is not JSON.
        """
        return self._value(await self.read())

    async def parse(self) -> ChatCompletion:
        """Read the whole body of a plain call, and return the completion.

        Raises:
            APIError: the body says that the call failed.
            APIResponseValidationError: the body is not a chat completion.
        """
        content = b"".join([data async for data in self._pieces()])
        try:
            completion = self._completion(content)
        except APIError as error:
            self._call.record_failure(error, monotonic(), final=True)
            self._call.abort(error, monotonic())
            raise
        self._call.complete(completion, monotonic())
        return completion

    async def close(self) -> None:
        """Free the connection."""
        try:
            self._call.close(monotonic())
        finally:
            await self._requester.session.release_call(self._call)


class AsyncStreamedCompletions:
    """The calls of `AsyncCompletions`, whose responses are given before their bodies are read."""

    def __init__(self, requester: AsyncRequester) -> None:
        self._requester = requester

    def create(
        self, *_positional: Never, stream: bool | None = None, **arguments: Unpack[CallArguments]
    ) -> AsyncStreamedResponseManager:
        """Ask the model for the next message; to be used with ``async with``, which gives an `AsyncStreamedResponse`.

        Takes what `AsyncCompletions.create` takes.

        Raises:
            InvalidArgumentError: an argument is wrong; nothing was sent. All else is raised on entering.
        """
        if TYPE_CHECKING:
            call_parameters(**arguments)
        refuse_positional(_positional, "create()")
        return AsyncStreamedResponseManager(self._requester, self._requester.prepare_call(arguments, stream=stream))


class AsyncStreamedResponseManager(RequiresWithBlock):
    """Sends the request on entering, frees the connection on leaving."""

    _entered = "client.chat.completions.with_streaming_response.create(...) as response"

    def __init__(self, requester: AsyncRequester, call: Callable[[], Call]) -> None:
        self._requester = requester
        self._call = call
        self._response: AsyncStreamedResponse | None = None

    async def __aenter__(self) -> AsyncStreamedResponse:
        call = self._call()

        async def opened(response: httpx.Response) -> AsyncStreamedResponse:
            return AsyncStreamedResponse(self._requester, call, response)

        self._response = await self._requester.open(call, opened)
        return self._response

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._response is not None:
            await self._response.close()


list_arguments(AsyncRawCompletions.create, CallArguments)
list_arguments(AsyncStreamedCompletions.create, CallArguments)

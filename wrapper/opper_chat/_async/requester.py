"""The calls of a client: attempts, until one brings an answer or none is worth another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from time import monotonic
from typing import Protocol, TypeVar

from .._call.pacing import AllRefusedError
from .._call.state import Call
from .._concurrency.async_loop import sleep
from .._concurrency.deadlines import Deadlines
from .._config.call_context import active_layers, apply_layers
from .._config.options import ClientSettings
from .._errors.api import APIError, APIResponseValidationError, ResponseTooLargeError
from .._http.library import httpx
from .._http.redaction import url_without_query
from .._http.redirects import FOLLOWED
from .._requests.parameters import split_options
from .._requests.prepare import prepare
from .._results.completion import ChatCompletion, set_metadata
from .._results.status_errors import status_error
from .._streaming.completion_reader import read_completion
from .response_reader import close_response
from .session import AsyncSession

Answer = TypeVar("Answer")
Answer_co = TypeVar("Answer_co", covariant=True)


class Accept(Protocol[Answer_co]):
    """Makes of a response what a call is to return."""

    async def __call__(self, response: httpx.Response, deadlines: Deadlines, /) -> Answer_co: ...


class AsyncRequester:
    """Makes calls over the connections of a client.

    Attributes:
        session: what sends them.
        settings: what they have in common.
    """

    def __init__(self, session: AsyncSession, settings: ClientSettings) -> None:
        self.session = session
        self.settings = settings

    def create_call(
        self,
        arguments: Mapping[str, object],
        *,
        stream: object,
        deadlines: Deadlines | None = None,
        function: str = "create()",
    ) -> Call:
        """Check the arguments of a call, which begins now, or goes on with the deadlines of an earlier one.

        Raises:
            InvalidArgumentError: one is wrong.
        """
        return self.prepare_call(arguments, stream=stream, deadlines=deadlines, function=function)()

    def prepare_call(
        self,
        arguments: Mapping[str, object],
        *,
        stream: object,
        deadlines: Deadlines | None = None,
        function: str = "create()",
    ) -> Callable[[], Call]:
        """Check the arguments of a call, and return what begins it.

        Args:
            arguments: the parameters and options.
            stream: whether to ask for a stream.
            deadlines: of the call that this one continues.
            function: the method that was called, for error messages.

        Raises:
            InvalidArgumentError: one is wrong.
        """
        options, params = split_options(arguments)
        request = prepare(
            apply_layers(params, active_layers(self.session, self.settings.layers)),
            stream=stream,
            extra_headers=options.get("extra_headers"),
            extra_query=options.get("extra_query"),
            extra_body=options.get("extra_body"),
            function=function,
        )
        settings = self.settings.updated(options)
        return lambda: Call(settings, request, monotonic(), stream=bool(stream), deadlines=deadlines)

    async def complete(self, call: Call) -> ChatCompletion:
        """Make a plain call, and return its answer."""
        completion, _ = await self.complete_with_body(call)
        return completion

    async def complete_with_body(self, call: Call) -> tuple[ChatCompletion, bytes]:
        """Make a plain call, and return its answer and the body that it was read from."""
        try:
            call.start()
            completion, body = await self._attempts(call, partial(self._read_completion, call.request.choices))
            call.complete(completion, monotonic())
        except BaseException:
            call.release_permit()  # a signal handler may have raised while the end was told
            raise
        return completion, body

    async def read(self, call: Call, *, is_retry: bool = False) -> httpx.Response:
        """Make a plain call, and return the answer with its body read. The caller tells the call's end.

        Raises:
            APIStatusError: the status is not 2xx; the class tells which.
        """
        if not is_retry:
            call.start()
        return await self._attempts(call, self._read_response)

    async def open(self, call: Call, *, is_retry: bool = False) -> httpx.Response:
        """Make a call, and return the answer with its body still to be read. The caller tells the call's end.

        Raises:
            APIStatusError: the status is not 2xx; the class tells which.
        """
        if not is_retry:
            call.start()
        return await self._attempts(call, self._check_status)

    async def pause(self, call: Call, seconds: float) -> None:
        """Wait before a response is asked for again."""
        try:
            await sleep(seconds)
        except BaseException as error:
            call.abort(error, monotonic())
            raise

    async def _attempts(self, call: Call, accept: Accept[Answer]) -> Answer:
        """Send a call until its response is accepted, or no error is left that may pass."""
        failure: APIError | None = None
        is_rate_limited = True
        try:
            while True:
                try:
                    if call.permit is None:
                        await self.session.acquire_permit(call)
                    response = await self.session.send(call, is_rate_limited=is_rate_limited)
                    call.record_response(response.status_code, response.headers)
                    if response.status_code in FOLLOWED and call.follow_redirect(
                        url_without_query(response.request), monotonic()
                    ):
                        await close_response(response)
                        continue
                    return await accept(response, call.deadlines)
                except APIError as error:
                    wait = call.record_failure(error, monotonic())
                    if wait is None:
                        if error.partial is not None:
                            set_metadata(error.partial, call.record)
                        raise
                    failure = error
                except AllRefusedError:
                    if failure is not None:
                        failure.add_note("Not tried again: meanwhile the server refused all requests with status 429.")
                        raise failure from None
                    is_rate_limited = False  # it is sent once, so that its error is the server's own
                    continue
                await sleep(wait)
        except BaseException as error:
            call.abort(error, monotonic())
            if not isinstance(error, APIError):  # of which those that come after a response close it
                await self.session.release_call(call)
            raise
        finally:
            failure = None  # its traceback has this frame

    async def _read_completion(
        self, choices: int, response: httpx.Response, deadlines: Deadlines
    ) -> tuple[ChatCompletion, bytes]:
        await self._check_status(response, deadlines)
        content = await self.session.read(response, deadlines)
        limits = self.session.response_limits
        return read_completion(response.status_code, response.headers, content, limits, choices), content

    async def _read_response(self, response: httpx.Response, deadlines: Deadlines) -> httpx.Response:
        await self._check_status(response, deadlines)
        await self.session.read_into(response, deadlines)
        return response

    async def _check_status(self, response: httpx.Response, deadlines: Deadlines) -> httpx.Response:
        if response.is_success:
            return response
        try:
            content, problem = await self.session.read(response, deadlines), ""
        except (ResponseTooLargeError, APIResponseValidationError) as error:  # the status says more than the body
            content, problem = error.raw_body, error.message
        failure = status_error(response.status_code, response.headers, content)
        if problem:
            failure.add_note(problem)
        raise failure

"""Make the calls of a client: check their arguments, and send requests until a response is accepted or the call fails.

`session` sends one request, `_call.state` decides whether another attempt follows.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import partial
from time import monotonic
from typing import Protocol, TypeVar

from .._call.pacing import AllRefusedError
from .._call.state import Call
from .._concurrency.deadlines import Deadlines
from .._concurrency.loop import async_sleep
from .._config.call_context import active_layers, apply_layers
from .._config.options import ClientSettings
from .._errors.api import APIError, APIResponseValidationError, ResponseTooLargeError
from .._http.library import httpx
from .._http.redaction import clear_variables, url_without_query
from .._http.redirects import FOLLOWED_STATUSES
from .._observability.record import set_metadata
from .._requests.parameters import split_options
from .._requests.prepare import prepare
from .._results.completion import ChatCompletion
from .._results.status_errors import status_error
from .._streaming.completion_reader import read_completion
from .response_reader import close_response, keep_content, read_body
from .session import AsyncSession

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Accept(Protocol[T_co]):
    """Returns the result of a call from a response, or raises the error that the response is."""

    async def __call__(self, response: httpx.Response, deadlines: Deadlines, /) -> T_co: ...


class Create(Protocol[T_co]):
    """Creates the object that reads the body of a response."""

    async def __call__(self, response: httpx.Response, /) -> T_co: ...


class AsyncRequester:
    """Makes the calls of a client.

    Args:
        session: the session that sends the requests.
        settings: the options of the client.
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
        """Check the arguments of a call, and return the call, which starts now.

        Args:
            arguments: the parameters and options.
            stream: whether to ask for a stream.
            deadlines: the deadlines of the call that this one continues. By default they start now.
            function: the method that was called, for error messages.

        Raises:
            InvalidArgumentError: an argument is wrong.
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
        """Check the arguments of a call, and return a function that returns the call, which starts then.

        The arguments are those of `create_call`.

        Raises:
            InvalidArgumentError: an argument is wrong.
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
        settings = self.settings.updated(options) if options else self.settings
        return lambda: Call(settings, request, monotonic(), stream=bool(stream), deadlines=deadlines)

    async def complete(self, call: Call) -> tuple[ChatCompletion, bytes]:
        """Make a plain call, and return its completion and the body that has it."""
        try:
            call.start()
            completion, body = await self._attempt(call, partial(self._read_completion, call.request.choices))
            call.complete(completion, monotonic())
        except BaseException:
            call.release_permit()  # a signal handler can raise in the observers of the end
            raise
        return completion, body

    async def open(self, call: Call, create: Create[T]) -> T:
        """Make a call, and return the object that reads the body of its response, such as a stream.

        If an exception ends this first, the permit and the connection of the call are freed. Otherwise the object
        records the end of the call.

        Args:
            call: the call.
            create: returns the object.

        Raises:
            APIError: the call failed.
        """
        try:
            call.start()
            return await create(await self.send(call))
        except BaseException:
            await self.session.release_call(call)
            raise

    async def send(self, call: Call) -> httpx.Response:
        """Send a call that was started, and return the response before its body is read.

        Raises:
            APIStatusError: the response is an error.
        """
        return await self._attempt(call, self._check_status)

    async def send_and_read(self, call: Call) -> httpx.Response:
        """Send a call that was started, and return the response with its body.

        Raises:
            APIStatusError: the response is an error.
        """
        return await self._attempt(call, self._read_response)

    async def pause(self, call: Call, seconds: float) -> None:
        """Wait before a call is sent again."""
        try:
            await async_sleep(seconds)
        except BaseException as error:
            call.abort(error, monotonic())
            raise

    async def _attempt(self, call: Call, accept: Accept[T]) -> T:
        """Send a call until a response is accepted, or it fails and is not retried."""
        failure: APIError | None = None
        handled = sys.exception()
        is_rate_limited = True
        try:
            while True:
                try:
                    if call.permit is None:  # one for all attempts: the call is in progress while it waits for the next
                        await self.session.acquire_permit(call)
                    response = await self.session.send(call, is_rate_limited=is_rate_limited)
                    call.record_response(response.status_code, response.headers)
                    if response.status_code in FOLLOWED_STATUSES and call.follow_redirect(
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
                        failure.add_note("Not retried: meanwhile the server refused all requests with status 429.")
                        raise failure from None
                    is_rate_limited = False  # send one request, so that the error is that of the server
                    continue
                await async_sleep(wait)
        except BaseException as error:
            try:
                clear_variables(error, handled)
            finally:
                call.abort(error, monotonic())
            if not isinstance(error, APIError):  # after an APIError the response is closed already
                await self.session.release_call(call)
            raise
        finally:
            failure = handled = None  # their tracebacks have this frame

    async def _read_completion(
        self, choices: int, response: httpx.Response, deadlines: Deadlines
    ) -> tuple[ChatCompletion, bytes]:
        await self._check_status(response, deadlines)
        content = await self._read(response, deadlines)
        limits = self.session.response_limits
        return read_completion(response.status_code, response.headers, content, limits, choices), content

    async def _read_response(self, response: httpx.Response, deadlines: Deadlines) -> httpx.Response:
        await self._check_status(response, deadlines)
        keep_content(response, await self._read(response, deadlines))
        return response

    async def _check_status(self, response: httpx.Response, deadlines: Deadlines) -> httpx.Response:
        if response.is_success:
            return response
        try:
            content, problem = await self._read(response, deadlines), ""
        except (ResponseTooLargeError, APIResponseValidationError) as error:  # the status says more than the body
            content, problem = error.raw_body, error.message
        failure = status_error(response.status_code, response.headers, content)
        if problem:
            failure.add_note(problem)
        raise failure

    async def _read(self, response: httpx.Response, deadlines: Deadlines) -> bytes:
        return await read_body(response, deadlines, self.session.response_limits, self.session.connection_users)

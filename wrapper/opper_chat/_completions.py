# Made from wrapper/opper_chat/_async_completions.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""The calls: arguments in, an answer or a stream out."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING, Literal, Unpack, overload

import httpx

from ._clocks import CallClocks, ClockSettings, check_clocks
from ._flow import StreamFlow, is_whole
from ._http import HTTP
from ._requests import ChatCompletionRequestParam, PreparedRequest, prepare
from ._responses import ChatCompletion, read_completion, status_error
from ._stream import Stream
from ._transport import NOT_GIVEN, Holders, NotGiven, call_site

if TYPE_CHECKING:
    from ._event_stream import StreamManager


class Completions:
    """The next message of a conversation."""

    def __init__(self, http: HTTP, clocks: ClockSettings) -> None:
        self._http = http
        self._clock_settings = clocks

    @overload
    def create(
        self,
        *,
        stream: Literal[False] | None = None,
        extra_headers: Mapping[str, str] | None = None,
        extra_query: Mapping[str, str | float] | None = None,
        extra_body: Mapping[str, object] | None = None,
        timeout: float | httpx.Timeout | NotGiven | None = NOT_GIVEN,
        first_token: float | NotGiven | None = NOT_GIVEN,
        idle: float | NotGiven | None = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
        **params: Unpack[ChatCompletionRequestParam],
    ) -> ChatCompletion: ...

    @overload
    def create(
        self,
        *,
        stream: Literal[True],
        extra_headers: Mapping[str, str] | None = None,
        extra_query: Mapping[str, str | float] | None = None,
        extra_body: Mapping[str, object] | None = None,
        timeout: float | httpx.Timeout | NotGiven | None = NOT_GIVEN,
        first_token: float | NotGiven | None = NOT_GIVEN,
        idle: float | NotGiven | None = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
        **params: Unpack[ChatCompletionRequestParam],
    ) -> Stream: ...

    @overload
    def create(
        self,
        *,
        stream: bool | None,
        extra_headers: Mapping[str, str] | None = None,
        extra_query: Mapping[str, str | float] | None = None,
        extra_body: Mapping[str, object] | None = None,
        timeout: float | httpx.Timeout | NotGiven | None = NOT_GIVEN,
        first_token: float | NotGiven | None = NOT_GIVEN,
        idle: float | NotGiven | None = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
        **params: Unpack[ChatCompletionRequestParam],
    ) -> ChatCompletion | Stream: ...

    def create(
        self,
        *,
        stream: bool | None = None,
        extra_headers: Mapping[str, str] | None = None,
        extra_query: Mapping[str, str | float] | None = None,
        extra_body: Mapping[str, object] | None = None,
        timeout: float | httpx.Timeout | NotGiven | None = NOT_GIVEN,
        first_token: float | NotGiven | None = NOT_GIVEN,
        idle: float | NotGiven | None = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
        **params: Unpack[ChatCompletionRequestParam],
    ) -> ChatCompletion | Stream:
        """Ask the model for the next message.

        Args:
            stream: True returns a stream of chunks, to be iterated over and closed; otherwise the whole answer.
            extra_headers: HTTP headers to add; they win over the client's own.
            extra_query: query parameters to add to the address.
            extra_body: members to add to the body, for what the contract does not know yet. They win over the
                parameters, and None is sent as null.
            timeout: as for the client, for this call.
            first_token: as for the client, for this call.
            idle: as for the client, for this call.
            deadline: as for the client, for this call.
            params: the parameters of the documentation page, ``messages`` first of all. Messages, tools and
                the like are plain dicts or generated models, or both mixed. None leaves a parameter out.

        Raises:
            InvalidArgumentError: an argument is wrong; nothing was sent.
            APIConnectionError: there was no answer. APITimeoutError: there was none in time.
            APIStatusError: the answer is an error; the class tells which.
            APIResponseValidationError: the answer is not a chat completion, or not a stream.

        Source: https://docs.opper.ai, Chat Completions.
        """
        request = prepare(
            params,
            stream=stream,
            extra_headers=extra_headers,
            extra_query=extra_query,
            extra_body=extra_body,
        )
        clocks = self._clocks(stream, first_token, idle, deadline)
        if stream:
            return Stream(*self.start(request, timeout, clocks), call_site())
        response = self._http.send(request, timeout, clocks)
        content = self._http.read(response, clocks)
        return read_completion(response.status_code, response.headers, content)

    def stream(
        self,
        *,
        extra_headers: Mapping[str, str] | None = None,
        extra_query: Mapping[str, str | float] | None = None,
        extra_body: Mapping[str, object] | None = None,
        timeout: float | httpx.Timeout | NotGiven | None = NOT_GIVEN,
        first_token: float | NotGiven | None = NOT_GIVEN,
        idle: float | NotGiven | None = NOT_GIVEN,
        deadline: float | NotGiven | None = NOT_GIVEN,
        **params: Unpack[ChatCompletionRequestParam],
    ) -> StreamManager:
        """Ask the model for the next message, as typed events while it is written.

        To be used with ``with``, which sends the request and closes the stream::

            with client.chat.completions.stream(messages=messages) as stream:
                for event in stream:
                    if event.type == "content.delta":
                        print(event.delta, end="")
            completion = stream.get_final_completion()

        Takes what `create` takes.

        Raises:
            InvalidArgumentError: an argument is wrong; nothing was sent. All else is raised on entering.
        """
        request = prepare(
            params,
            stream=True,
            extra_headers=extra_headers,
            extra_query=extra_query,
            extra_body=extra_body,
        )
        settings = self._settings(first_token, idle, deadline)
        from ._event_stream import StreamManager  # the events are loaded by those who use them

        return StreamManager(self, request, timeout, settings, call_site())

    def start(
        self,
        request: PreparedRequest,
        timeout: float | httpx.Timeout | NotGiven | None,
        clocks: CallClocks,
    ) -> tuple[httpx.Response, StreamFlow, Holders]:
        """Send the prepared request of a stream, and return what the stream is made of."""
        response = self._http.send(request, timeout, clocks)
        return response, self._flow(request, response, clocks), self._http.holders

    def _settings(
        self,
        first_token: float | NotGiven | None,
        idle: float | NotGiven | None,
        deadline: float | NotGiven | None,
    ) -> ClockSettings:
        given = {"first_token": first_token, "idle": idle, "deadline": deadline}
        return check_clocks(
            {name: seconds for name, seconds in given.items() if not isinstance(seconds, NotGiven)},
            self._clock_settings,
        )

    def _clocks(
        self,
        stream: bool | None,
        first_token: float | NotGiven | None,
        idle: float | NotGiven | None,
        deadline: float | NotGiven | None,
    ) -> CallClocks:
        settings = self._settings(first_token, idle, deadline)
        # An answer that is not streamed has no tokens to wait for.
        return CallClocks(
            settings if stream else ClockSettings(deadline=settings.deadline), monotonic()
        )

    def _flow(
        self, request: PreparedRequest, response: httpx.Response, clocks: CallClocks
    ) -> StreamFlow:
        """Return the flow of a stream, or raise where the answer is none."""
        flow = StreamFlow(response.status_code, response.headers, clocks, request.choices)
        if response.is_success and not is_whole(response.headers):
            return flow
        content = self._http.read(response, clocks)
        if not response.is_success:
            raise status_error(response.status_code, response.headers, content)
        flow.receive_whole(content)
        if flow.chunks_waiting == 0 and (failure := flow.conclude()) is not None:
            raise failure
        return flow

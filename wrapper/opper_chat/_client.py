# Made from wrapper/opper_chat/_async_client.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""The client shell: settings in, requests out, answers back. The only room that waits, with `_stream`."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Literal, Self, Unpack, overload

import httpx

from ._options import find_base_url, find_key
from ._requests import ChatCompletionRequestParam, PreparedRequest, prepare
from ._responses import ChatCompletion, not_json, read_completion, status_error
from ._stream import Stream
from ._transport import bearer, check_timeout, default_timeout, errors_mapped


class NotGiven:
    """Stands for a timeout that was not given, which is not None: None waits for ever."""

    def __repr__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN = NotGiven()


class Opper:
    """A client for chat completions.

    Args:
        api_key: the key; else the environment's ``OPPER_API_KEY``, then ``OPPER_HTTP_BEARER``.
        base_url: the address; else the environment's ``OPPER_BASE_URL``, then the documented
            ``https://api.opper.ai/v2/openai``. Any server of the same API will do.
        timeout: seconds that each step may take (connecting, sending, waiting for the next bytes, waiting
            for a free connection), an ``httpx.Timeout`` that names them apart, or None for no limit.
            Unless given, 5 seconds to connect and 600 for the rest.
        http_client: an httpx client of your own, with proxies, certificates or a transport of your choice.
            Its timeouts are used unless ``timeout`` is given. It stays yours: closing this client leaves it open.

    Raises:
        MissingKeyError: there is no key.
        InvalidArgumentError: an argument is wrong.
    """

    chat: Chat
    """Conversations: ``client.chat.completions.create(...)``."""

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | httpx.URL | None = None,
        timeout: float | httpx.Timeout | NotGiven | None = NOT_GIVEN,
        http_client: httpx.Client | None = None,
    ) -> None:
        self._key = find_key(api_key)
        self._base_url = find_base_url(base_url)
        self._timeout = timeout if isinstance(timeout, NotGiven) else check_timeout(timeout)
        self._owns_http = http_client is None
        self._http = http_client or httpx.Client(timeout=default_timeout())
        self.chat = Chat(self)

    @property
    def base_url(self) -> str:
        """The address that requests go to, without a slash at the end."""
        return self._base_url

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._base_url!r})"

    def send(
        self, request: PreparedRequest, timeout: float | httpx.Timeout | NotGiven | None = NOT_GIVEN
    ) -> httpx.Response:
        """Send a prepared request and return the response with its body still to be read.

        Raises:
            APIConnectionError: there was no answer. APITimeoutError: there was none in time.
            InvalidArgumentError: the timeout is wrong.
        """
        clocks = self._timeout if isinstance(timeout, NotGiven) else check_timeout(timeout)
        prepared = self._http.build_request(
            request.method,
            f"{self._base_url}{request.path}",
            params=request.query or None,
            headers={"User-Agent": "opper-chat", **bearer(self._key), **request.headers},
            content=request.content,
            timeout=self._http.timeout if isinstance(clocks, NotGiven) else clocks,
        )
        with errors_mapped(prepared):
            return self._http.send(prepared, stream=True)

    def close(self) -> None:
        """Close the connections, unless the httpx client is your own. Closing twice does nothing."""
        if self._owns_http:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Chat:
    """What a client can do with conversations."""

    completions: Completions
    """The next message of a conversation."""

    def __init__(self, client: Opper) -> None:
        self.completions = Completions(client)


class Completions:
    """The next message of a conversation."""

    def __init__(self, client: Opper) -> None:
        self._client = client

    @overload
    def create(
        self,
        *,
        stream: Literal[False] | None = None,
        extra_headers: Mapping[str, str] | None = None,
        extra_query: Mapping[str, str | float] | None = None,
        extra_body: Mapping[str, object] | None = None,
        timeout: float | httpx.Timeout | NotGiven | None = NOT_GIVEN,
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
        response = self._client.send(request, timeout)
        if stream and response.is_success and _is_event_stream(response):
            return Stream(response)
        try:
            with errors_mapped(response.request, response.status_code, response.headers):
                content = response.read()
        finally:
            response.close()
        if not stream:
            return read_completion(response.status_code, response.headers, content)
        if not response.is_success:
            raise status_error(response.status_code, response.headers, content)
        raise not_json(response.status_code, response.headers, content, "not an event stream")


def _is_event_stream(response: httpx.Response) -> bool:
    media_type: str = response.headers.get("content-type", "")
    return media_type.partition(";")[0].strip().lower() == "text/event-stream"

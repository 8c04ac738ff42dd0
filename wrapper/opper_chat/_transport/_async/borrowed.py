"""A caller's own HTTP client, which knows its own way of proxies, certificates, cookies and redirects.

Here it has the names of the `_async_sender`, and its requests and answers those of the package's own, so that nobody
else asks whose they are.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..._config.environment import Secret
from ..._config.options import Steps
from ..._errors.answer_headers import AnswerHeaders
from ..._http.content_coding import BodyDecoder, accepted_codings
from ..._http.library import Library
from ..._http.sent import BorrowedRequest, forget_in_headers, forget_key_of
from .body import keep, of_library
from .library_body import body_class, check_version

if TYPE_CHECKING:
    import httpx


class AsyncBorrowedClient:
    """Sends requests by way of a caller's own client, which stays the caller's to close.

    Args:
        library: That which the client is of.
        client: the caller's.
    """

    secrets: Sequence[Secret] = ()
    """None: the client does not tell the passwords of its proxies."""

    def __init__(self, library: Library, client: httpx.AsyncClient) -> None:
        self._library = library
        self._client = client

    @property
    def is_closed(self) -> bool:
        """Whether it sends nothing more."""
        return self._client.is_closed

    @property
    def steps(self) -> Steps:
        """Seconds that each step of a request may take, where the settings of a call do not say it."""
        return self._client.timeout.as_dict()

    def build_request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str],
        content: bytes,
        extensions: dict[str, Any],
    ) -> BorrowedRequest:
        """Make a request, with what the client has for all of its requests.

        Raises:
            InvalidURL: of the library: HTTP has no form for the address.
        """
        if "accept-encoding" not in headers:
            # httpx asks for every coding that it can decode, without a limit; here only two of them are decoded.
            accepted = accepted_codings(self._client.headers.get("accept-encoding", ""))
            headers = {**headers, "accept-encoding": accepted}
        made = self._client.build_request(
            method, url, params=params, headers=headers, content=content, extensions=extensions
        )
        return BorrowedRequest(made)

    async def send(self, request: BorrowedRequest) -> AsyncBorrowedReply:
        """Send a request, and return the answer with its body still to be read."""
        response = await self._client.send(request.in_library(), stream=True)
        if "network_stream" in response.extensions and not response.is_closed and not response.is_stream_consumed:
            response.stream = body_class(self._library)(self._library, response)
            try:
                check_version(self._library, response)
            except BaseException:
                await response.aclose()
                raise
        return AsyncBorrowedReply(response)

    async def aclose(self) -> None:
        """Do nothing: it is the caller's."""


class AsyncBorrowedReply:
    """An answer by a caller's own client, which decompresses the body and frees the connection itself.

    Args:
        response: the library's.
    """

    __slots__ = ("__weakref__", "_response", "extensions", "headers", "request", "status_code")

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.request = BorrowedRequest(response.request)  # after a redirect it is another one than was sent first
        self.status_code = response.status_code
        self.headers = AnswerHeaders.of(response.headers.raw)
        self.extensions = response.extensions

    @property
    def http_version(self) -> str:
        """The version of HTTP, such as ``HTTP/2``."""
        return self._response.http_version

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return self._response.is_success

    @property
    def is_closed(self) -> bool:
        """Whether the body was read or given up."""
        return self._response.is_closed

    def aiter_bytes(self, decoder: BodyDecoder) -> AsyncIterator[bytes]:
        """Return the body piece by piece, decoded and counted.

        Raises:
            StreamError: of the library, in iterating: it was read before, or closed.
            ResponseTooLargeError, APIResponseValidationError: as `BodyDecoder.decode` raises them, in iterating.
        """
        return of_library(self._response, decoder, self)

    def keep(self, content: bytes) -> None:
        """Have the library's response return a body that was read here."""
        keep(self._response, content)

    def ahead(self) -> None:
        """Return None: its body comes as the client gives it."""

    async def aclose(self) -> None:
        """Free the connection. Closing twice does nothing."""
        await self._response.aclose()

    def forget(self, keys: Iterable[Secret]) -> None:
        """Take the keys out of the headers, where some servers repeat them, and out of the requests that it hangs on.

        They have them for as long as it lives.
        """
        secrets = [key.forms for key in keys]
        for response in (*self._response.history, self._response):
            forget_key_of(response.request)
            for forms in secrets:
                forget_in_headers(response.headers, forms)
        if self._response.next_request is not None:  # a redirect that was not followed
            forget_key_of(self._response.next_request)
        self.headers = AnswerHeaders.of(self._response.headers.raw)

    def in_library(self) -> httpx.Response:
        """Return the library's response."""
        return self._response

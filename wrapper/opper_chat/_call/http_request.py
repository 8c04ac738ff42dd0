"""Build the request of httpx for a call. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .._config.environment import Secret
from .._errors.api import InvalidArgumentError
from .._http.content_coding import accepted_codings
from .._http.library import library_exceptions
from .state import Call

if TYPE_CHECKING:
    from .._http.library import httpx


def build_request(
    client: httpx.Client | httpx.AsyncClient,
    call: Call,
    key: Secret,
    parse_url: Callable[[str], httpx.URL],
    extensions: dict[str, Any],
) -> httpx.Request:
    """Return the request for the next attempt of a call.

    Args:
        client: the HTTP client, which adds its own headers and query parameters.
        call: the call.
        key: the API key.
        parse_url: the class of URLs of the client's library, with a cache.
        extensions: the extensions of the request, such as its timeouts.

    Raises:
        InvalidArgumentError: HTTP cannot represent the base URL.
    """
    request, settings = call.request, call.settings
    url = f"{settings.base_url}{request.path}"
    try:
        built = client.build_request(
            request.method,
            call.redirect_url or parse_url(url),
            # The URL of a redirect is complete (RFC 9110 section 10.2.2).
            params=None if call.redirect_url else {**settings.default_query, **request.query} or None,
            content=request.content,
            extensions=extensions,
        )
    except library_exceptions("InvalidURL", also=(UnicodeError,)) as error:
        raise InvalidArgumentError(
            "base_url", "a URL that HTTP can represent", repr(call.redirect_url or url), f"{error}."
        ) from None
    authorization = f"Bearer {key.reveal()}"  # RFC 6750 section 2.1
    # Headers of the call replace those of the client, and these replace the defaults.
    headers = {"user-agent": "opper-chat", "authorization": authorization, **call.headers, **request.headers}
    if "accept-encoding" not in headers:
        # httpx accepts every coding that it can decode, without a limit of the size. Here, two are decoded.
        headers["accept-encoding"] = accepted_codings(client.headers.get("accept-encoding", ""))
    built.headers = merge_headers(built.headers, headers)
    return built


def merge_headers(headers: httpx.Headers, values: Mapping[str, str]) -> httpx.Headers:
    """Return headers with some added, in place of those of the same name.

    ``httpx.Headers.update`` returns the same. It decodes every header several times, which takes five times as long.

    Args:
        headers: the headers of a request.
        values: the headers to add: visible ASCII, by name in lower case.
    """
    added = [(name.encode("ascii"), value.encode("ascii")) for name, value in values.items()]
    names = {name for name, _ in added}
    kept = [pair for pair in headers.raw if pair[0].lower() not in names]
    return type(headers)([*kept, *added])

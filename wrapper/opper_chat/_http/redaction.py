"""Remove credentials from requests and responses of httpx. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from .._config.environment import Secret
from .._errors.redaction import REMOVED, redact, redact_bytes
from .._errors.response import ErrorRequest
from .._errors.secret_names import is_secret_header

if TYPE_CHECKING:
    from .library import httpx


def url_without_query(request: httpx.Request) -> str:
    """Return the URL of a request without its query, which can contain secrets."""
    return str(request.url.copy_with(query=None))


def describe_request(request: httpx.Request) -> ErrorRequest:
    """Return the request of an error, after the credentials were removed from it."""
    return ErrorRequest(request.method, str(request.url), request.headers)


def describe_unsent(method: str, url: str, query: Mapping[str, str], headers: Mapping[str, str]) -> ErrorRequest:
    """Return the request of an error if it was not sent.

    Args:
        method: such as ``POST``.
        url: the URL without its query.
        query: the query parameters.
        headers: the headers without the key.
    """
    from urllib.parse import urlencode

    shown = urlencode({name: REMOVED if is_secret_header(name) else value for name, value in query.items()})
    return ErrorRequest(
        method,
        f"{url}?{shown}" if shown else url,
        {name: REMOVED if is_secret_header(name) else value for name, value in headers.items()},
    )


def remove_credentials(request: httpx.Request) -> None:
    """Remove the key from a request, and all headers and query parameters with the name of a credential."""
    for name, _ in request.headers.raw:  # iterating over the headers decodes each of them three times
        if is_secret_header(text := name.decode("latin-1")):
            request.headers[text] = REMOVED
    if request.url.query:
        request.url = _without_secrets(request.url)


def redact_headers(headers: httpx.Headers, spellings: Sequence[str]) -> None:
    """Remove a key, given by its spellings from `_errors.redaction.spellings_of`, from headers of a response."""
    for name, value in headers.items():
        if redact(name, spellings) != name:
            del headers[name]
        elif (shown := redact(value, spellings)) != value:
            headers[name] = shown


def _without_secrets(url: httpx.URL) -> httpx.URL:
    secret = [name for name in url.params if is_secret_header(name)]
    return url.copy_merge_params(dict.fromkeys(secret, REMOVED)) if secret else url


def remove_keys(response: httpx.Response, keys: Iterable[Secret]) -> None:
    """Remove keys from the headers of a response, because some servers repeat them, and from its requests."""
    all_spellings = [key.spellings for key in keys]
    for received in (*response.history, response):
        remove_credentials(received.request)
        text = b"\n".join([part for pair in received.headers.raw for part in pair])
        for spellings in all_spellings:
            if spellings and redact_bytes(text, spellings) is not text:
                redact_headers(received.headers, spellings)
    if response.next_request is not None:  # a redirect that was not followed
        remove_credentials(response.next_request)

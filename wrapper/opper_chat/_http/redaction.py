"""Requests and responses of httpx without their secrets. No I/O."""

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
    """Return the address of a request without its query, which may hold secrets."""
    return str(request.url.copy_with(query=None))


def describe_request(request: httpx.Request) -> ErrorRequest:
    """Return what an error shows of a request, after the key was removed."""
    return ErrorRequest(request.method, str(request.url), request.headers)


def describe_unsent(method: str, url: str, query: Mapping[str, str], headers: Mapping[str, str]) -> ErrorRequest:
    """Return what an error shows of a request that was not sent.

    Args:
        method: such as ``POST``.
        url: where it was to go, without the query.
        query: its parameters.
        headers: those that are known before a key is.
    """
    from urllib.parse import urlencode

    shown = urlencode({name: REMOVED if is_secret_header(name) else value for name, value in query.items()})
    return ErrorRequest(
        method,
        f"{url}?{shown}" if shown else url,
        {name: REMOVED if is_secret_header(name) else value for name, value in headers.items()},
    )


def forget_key_of(request: httpx.Request) -> None:
    """Take the key out of a library's request, and whatever else goes by the name of a credential."""
    for name in request.headers:
        if is_secret_header(name):
            request.headers[name] = REMOVED
    if request.url.query:
        request.url = _without_secrets(request.url)


def forget_in_headers(headers: httpx.Headers, spellings: Sequence[str]) -> None:
    """Remove a key, given by its spellings from `_errors.redaction.spellings_of`, from headers of a response."""
    for name, value in headers.items():
        if redact(name, spellings) != name:
            del headers[name]
        elif (shown := redact(value, spellings)) != value:
            headers[name] = shown


def _without_secrets(url: httpx.URL) -> httpx.URL:
    secret = [name for name in url.params if is_secret_header(name)]
    return url.copy_merge_params(dict.fromkeys(secret, REMOVED)) if secret else url


def forget_keys(response: httpx.Response, keys: Iterable[Secret]) -> None:
    """Remove keys from the headers of a response, where some servers repeat them, and from the requests that it has.

    These hold the key for as long as the response lives.
    """
    spellings = [key.spellings for key in keys]
    for one in (*response.history, response):
        forget_key_of(one.request)
        text = b"\n".join([part for pair in one.headers.raw for part in pair])
        for each in spellings:
            if each and redact_bytes(text, each) is not text:
                forget_in_headers(one.headers, each)
    if response.next_request is not None:  # a redirect that was not followed
        forget_key_of(response.next_request)

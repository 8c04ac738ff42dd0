"""Remove credentials from requests and responses of httpx, and from the frames that sent them. No I/O."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from traceback import walk_tb
from types import FrameType
from typing import TYPE_CHECKING

from .._config.environment import Secret
from .._errors.redaction import REMOVED, redact, redact_bytes
from .._errors.response import ErrorRequest
from .._errors.secret_names import is_credential_name, is_secret_header

if TYPE_CHECKING:
    from .library import httpx


_PACKAGES = frozenset({"opper_chat", "httpx", "httpx2", "httpcore", "httpcore2", "h11", "anyio"})


def find_credentials(*values: Mapping[str, object]) -> Iterator[Secret]:
    """Yield the values of headers and query parameters whose names mean a credential.

    The parts of a value are yielded one by one: a server can repeat a token without ``Bearer`` before it.
    """
    for named in values:
        for name, value in named.items():
            if is_credential_name(name) and isinstance(value, str):
                for part in re.split(r'[\s;,"]+', value):  # one that is too short has no spellings to search for
                    yield Secret(part)
                    if cookie := part.partition("=")[2]:  # RFC 6265 section 4.2.1
                        yield Secret(cookie)


def clear_variables(error: BaseException, handled: BaseException | None) -> None:
    """Clear the variables of the frames that an interrupt or a cancellation has left, in this package and below.

    The headers of the request are among them, and tools that report errors show variables. Frames of the caller's own
    functions, such as event hooks, keep theirs. So do those of an `Exception`: the caller's code may raise one object
    again, whose traceback has the frames of the first time. Before Python 3.13, to clear one that waits closes its
    coroutine.

    Args:
        error: an exception that is raised while a request is sent. Those before it are cleared as well.
        handled: the exception that the caller was handling when it made the call. It is not touched.
    """
    if isinstance(error, Exception):
        return
    before: BaseException | None = error
    seen: set[int] = set()
    left: set[FrameType] = set()
    while before is not None and before is not handled and id(before) not in seen:
        seen.add(id(before))
        frames = [frame for frame, _ in walk_tb(before.__traceback__)]
        # An exception before it was handled in one of its frames. Else it is of another task, as an interrupt of the
        # main task is under trio, and its frames can be those of coroutines that wait: clearing would close them.
        if left and not left.intersection(frames[:1]):
            return
        left.update(frames)
        for frame in frames:
            package = str(frame.f_globals.get("__name__")).partition(".")[0]
            if package in _PACKAGES or package in sys.stdlib_module_names:
                with suppress(RuntimeError):  # it is still running
                    frame.clear()
        before = before.__cause__ or before.__context__


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

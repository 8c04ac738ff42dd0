"""What httpx raises → this package's errors, and the settings that httpx is given. The error map of the shells."""

from __future__ import annotations

import ssl
import sys
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import cache

import httpx

from ._errors import APIConnectionError, APIError, APIResponseValidationError, APITimeoutError, InvalidArgumentError
from ._options import CONNECT_TIMEOUT, DEFAULT_TIMEOUT, Secret, check_seconds

_CLOCKS: dict[type[httpx.TimeoutException], tuple[str, str]] = {
    httpx.ConnectTimeout: ("connect", "connecting to the server"),
    httpx.ReadTimeout: ("read", "waiting for the server's next bytes"),
    httpx.WriteTimeout: ("write", "sending the request"),
    httpx.PoolTimeout: ("pool", "waiting for a free connection: the pool is full"),
}


def default_timeout() -> httpx.Timeout:
    """Return the timeouts of a client that was given none."""
    return httpx.Timeout(DEFAULT_TIMEOUT, connect=CONNECT_TIMEOUT)


@cache
def ssl_context() -> ssl.SSLContext:
    """Return the context in which servers are verified, made once for the process: it takes longer than a call."""
    return httpx.create_ssl_context()


def verify(scheme: str) -> ssl.SSLContext | bool:
    """Return how a connection of this scheme verifies its server. Without TLS there is nothing to verify."""
    return ssl_context() if scheme == "https" else False


def check_timeout(timeout: object) -> httpx.Timeout:
    """Return the timeouts that an argument stands for: seconds for each step, or None for no limit.

    Raises:
        InvalidArgumentError: it stands for none.
    """
    if isinstance(timeout, httpx.Timeout):
        for name, seconds in timeout.as_dict().items():
            if seconds is not None:
                check_seconds(seconds, f"timeout.{name}")
        return timeout
    return httpx.Timeout(None if timeout is None else check_seconds(timeout, "timeout"))


def bearer(key: Secret) -> dict[str, str]:
    """Return the header that carries the key (RFC 6750 section 2.1)."""
    return {"Authorization": f"Bearer {key.reveal()}"}


class NotGiven:
    """Stands for a timeout that was not given, which is not None: None waits for ever."""

    def __repr__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN = NotGiven()


CALL = "a call that waits for its answer"


class Holders:
    """Who holds the connections of a client: for the message that there is none left, and for what was dropped.

    Attributes:
        dropped: responses that were given up where nothing can be awaited, to be closed where it can.
    """

    def __init__(self) -> None:
        self.dropped: list[httpx.Response] = []
        self._holders: dict[int, str] = {}

    def hold(self, number: int, holder: str) -> None:
        """Take note that a connection is in use."""
        self._holders[number] = holder

    def release(self, number: int) -> None:
        """Take note that it no longer is."""
        self._holders.pop(number, None)

    def describe(self) -> str:
        """Name the holders."""
        counted = Counter(list(self._holders.values()))
        counted[CALL] -= 1  # the one that is told this
        counted = +counted
        named = [f"{holder} ({count} times)" if count > 1 else holder for holder, count in counted.most_common(5)]
        others = len(counted) - len(named)
        return ", ".join([*named, *([f"{others} others"] if others else [])]) or "nobody that this client knows of"


def call_site() -> str:
    """Return the place of the caller's code that this call comes from, as file and line."""
    frame = sys._getframe(1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # documented, and a hundred times cheaper than a traceback
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(f"{__package__}."):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


@contextmanager
def errors_mapped(
    request: httpx.Request,
    status_code: int | None = None,
    headers: Mapping[str, str] | None = None,
    holders: Holders | None = None,
) -> Generator[None]:
    """Turn what httpx raises within into this package's errors.

    The request is httpx's own and hangs on its exceptions, so the key is taken out of it on the way.
    """
    try:
        yield
    except httpx.HTTPError as error:
        raise _mapped(error, request, status_code, headers, holders) from _without_key(error, request)
    except (httpx.InvalidURL, UnicodeEncodeError) as error:
        raise InvalidArgumentError(
            "the request", "an address and headers that HTTP has a form for", str(error)
        ) from None


def _mapped(
    error: httpx.HTTPError,
    request: httpx.Request,
    status_code: int | None,
    headers: Mapping[str, str] | None,
    holders: Holders | None,
) -> APIError:
    where = f"{request.method} {request.url.copy_with(query=None)}"
    if isinstance(error, httpx.TimeoutException):
        clock, doing = _CLOCKS.get(type(error), (None, "waiting for the server"))
        seconds = dict(request.extensions.get("timeout", {})).get(clock)
        after = "" if seconds is None else f" after {seconds:g} s"
        held = f" Its connections are held by {holders.describe()}." if clock == "pool" and holders else ""
        message = f"Timed out {doing}{after} ({where}).{held}"
        return APITimeoutError(message, clock=clock, seconds=seconds, status_code=status_code, headers=headers)
    if isinstance(error, httpx.DecodingError):
        message = f"The body cannot be decompressed ({where}): {str(error).rstrip('.')}."
        return APIResponseValidationError(message, status_code=status_code, headers=headers)
    broke = "The connection broke before the answer was whole" if status_code else "There was no answer"
    reason = str(error).rstrip(".") or type(error).__name__
    return APIConnectionError(f"{broke} ({where}): {reason}.", status_code=status_code, headers=headers)


def _without_key(error: httpx.HTTPError, request: httpx.Request) -> httpx.HTTPError:
    if "Authorization" in request.headers:
        request.headers["Authorization"] = "[removed]"
    return error

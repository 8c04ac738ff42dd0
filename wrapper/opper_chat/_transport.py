"""What httpx raises → this package's errors, and the settings that httpx is given. The error map of the shells."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager

import httpx

from ._errors import APIConnectionError, APIError, APIResponseValidationError, APITimeoutError, InvalidArgumentError
from ._options import CONNECT_TIMEOUT, DEFAULT_TIMEOUT, Secret, check_seconds

_CLOCKS: dict[type[httpx.TimeoutException], str] = {
    httpx.ConnectTimeout: "connecting to the server",
    httpx.ReadTimeout: "waiting for the server's next bytes",
    httpx.WriteTimeout: "sending the request",
    httpx.PoolTimeout: "waiting for a free connection of the pool",
}


def default_timeout() -> httpx.Timeout:
    """Return the timeouts of a client that was given none."""
    return httpx.Timeout(DEFAULT_TIMEOUT, connect=CONNECT_TIMEOUT)


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


@contextmanager
def errors_mapped(
    request: httpx.Request, status_code: int | None = None, headers: Mapping[str, str] | None = None
) -> Generator[None]:
    """Turn what httpx raises within into this package's errors.

    The request is httpx's own and hangs on its exceptions, so the key is taken out of it on the way.
    """
    try:
        yield
    except httpx.HTTPError as error:
        raise _mapped(error, request, status_code, headers) from _without_key(error, request)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeEncodeError) as error:
        raise InvalidArgumentError(
            "the request", "an address and headers that HTTP has a form for", str(error)
        ) from None


def _mapped(
    error: httpx.HTTPError, request: httpx.Request, status_code: int | None, headers: Mapping[str, str] | None
) -> APIError:
    where = f"{request.method} {request.url.copy_with(query=None)}"
    if isinstance(error, httpx.TimeoutException):
        clock = _CLOCKS.get(type(error), "waiting for the server")
        seconds = _seconds(error, request)
        message = f"Timed out {clock}{seconds} ({where})."
        return APITimeoutError(message, status_code=status_code, headers=headers)
    if isinstance(error, httpx.DecodingError):
        message = f"The body cannot be decompressed ({where}): {error}."
        return APIResponseValidationError(message, status_code=status_code, headers=headers)
    broke = "The connection broke before the answer was whole" if status_code else "There was no answer"
    reason = str(error) or type(error).__name__
    return APIConnectionError(f"{broke} ({where}): {reason}.", status_code=status_code, headers=headers)


def _seconds(error: httpx.TimeoutException, request: httpx.Request) -> str:
    clock = type(error).__name__.removesuffix("Timeout").lower()
    seconds = request.extensions.get("timeout", {}).get(clock)
    return f" after {seconds:g} s" if isinstance(seconds, int | float) else ""


def _without_key(error: httpx.HTTPError, request: httpx.Request) -> httpx.HTTPError:
    if "Authorization" in request.headers:
        request.headers["Authorization"] = "[removed]"
    return error

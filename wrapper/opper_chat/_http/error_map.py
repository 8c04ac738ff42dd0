"""Translate the exceptions of HTTP libraries into the errors of this package, without the key."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from ssl import SSLCertVerificationError, SSLError
from typing import TYPE_CHECKING, cast

from .._errors.api import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APITimeoutError,
    InvalidArgumentError,
    set_permanent,
)
from .leases import LEASE, ConnectionLease, ConnectionUsers
from .library import library_exceptions
from .redaction import remove_credentials, url_without_query

if TYPE_CHECKING:
    from .library import httpx

_TIMEOUTS = {
    "ConnectTimeout": ("connect", "connecting to the server"),
    "ReadTimeout": ("read", "waiting for the server's next bytes"),
    "WriteTimeout": ("write", "sending the request"),
    "PoolTimeout": ("pool", "waiting for a free connection: the pool is full"),
}

_PERMANENT = ("UnsupportedProtocol", "LocalProtocolError", "TooManyRedirects")
"""Exceptions of httpx whose cause is the request itself. The same request would fail again."""

_CLIENT_CERTIFICATE_ALERTS = frozenset({
    "SSLV3_ALERT_BAD_CERTIFICATE", "SSLV3_ALERT_CERTIFICATE_EXPIRED", "SSLV3_ALERT_CERTIFICATE_REVOKED",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN", "SSLV3_ALERT_HANDSHAKE_FAILURE", "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED", "TLSV1_ALERT_UNKNOWN_CA",
})  # fmt: skip
"""OpenSSL's names for the alerts of a server that refuses the client's certificate, or asks for one in vain.

RFC 8446 section 6.2. With TLS 1.2, a client without a certificate gets the general alert ``handshake_failure``."""


def raise_api_error(
    error: Exception,
    request: httpx.Request,
    status_code: int | None = None,
    headers: Mapping[str, str] | None = None,
    users: ConnectionUsers | None = None,
) -> None:
    """Raise the error of this package for an exception of an HTTP library. Return if it is any other exception.

    Args:
        error: the exception, which is being handled.
        request: the request.
        status_code: the status of the response, or None before there is one.
        headers: the headers of the response, or None before there is one.
        users: the users of the connections, for the error of a call that waits for one.
    """
    # The new error has no name here. Its traceback has this frame, so that a variable would make a reference cycle,
    # which keeps the frames of the reader until the garbage is collected.
    if isinstance(error, library_exceptions("RequestError", also=(SSLError,))):
        raise _translated(error, request, status_code, headers, users) from _without_key(error, request)
    if isinstance(error, library_exceptions("StreamError")):
        raise _closed_error(error, status_code, headers) from None
    if isinstance(error, library_exceptions("InvalidURL", also=(UnicodeError,))):
        raise InvalidArgumentError("the request", "a URL and headers that HTTP can represent", str(error)) from None


def _closed_error(error: Exception, status_code: int | None, headers: Mapping[str, str] | None) -> APIError:
    message = "The response was closed before its body was read."
    if isinstance(error, library_exceptions("StreamConsumed")):
        message = "The body was read before, in whole or in part. It can be read once."
    closed = APIConnectionError(message, status_code=status_code, headers=headers)
    set_permanent(closed)
    return closed


def _translated(
    error: Exception,
    request: httpx.Request,
    status_code: int | None,
    headers: Mapping[str, str] | None,
    users: ConnectionUsers | None,
) -> APIError:
    where = f"{request.method} {url_without_query(request)}"
    lease: ConnectionLease | None = request.extensions.get(LEASE)
    if lease is not None and lease.proxy is not None:
        where += f", through the proxy {lease.proxy}"
    if isinstance(error, library_exceptions("TimeoutException")):
        kind, doing = _TIMEOUTS.get(type(error).__name__, (None, "waiting for the server"))
        # The copy has the settings. The mapping itself returns what is left of them.
        seconds = dict(cast("Mapping[str | None, float | None]", request.extensions.get("timeout", {}))).get(kind)
        after = "" if seconds is None else f" after {seconds:g} s"
        used_by = f" Its connections are used by {users.describe()}." if kind == "pool" and users else ""
        message = f"Timed out {doing}{after} ({where}).{used_by}"
        return APITimeoutError(message, timeout_kind=kind, seconds=seconds, status_code=status_code, headers=headers)
    if isinstance(error, library_exceptions("DecodingError")):
        message = f"The body cannot be decompressed ({where}): {str(error).rstrip('.')}."
        return APIResponseValidationError(message, status_code=status_code, headers=headers)
    problem = "The connection broke before the response was complete" if status_code else "There was no response"
    # The text of an exception can contain bytes that are not HTTP. They can be content, which is not for a log.
    reason = str(error).partition(": bytearray(")[0].rstrip(".") or type(error).__name__
    translated = APIConnectionError(f"{problem} ({where}): {reason}.", status_code=status_code, headers=headers)
    # A proxy responds with 407 to a wrong password (RFC 9110 section 15.5.8).
    refused = isinstance(error, library_exceptions("ProxyError")) and str(error).startswith("407")
    if refused or isinstance(error, library_exceptions(*_PERMANENT)) or _is_about_certificates(error):
        set_permanent(translated)
    return translated


def _is_about_certificates(error: BaseException | None) -> bool:
    """Return whether the client could not verify the certificate of the server, or the server that of the client."""
    while error is not None:
        if isinstance(error, SSLCertVerificationError):
            return True
        if isinstance(error, SSLError) and error.reason in _CLIENT_CERTIFICATE_ALERTS:
            return True
        error = error.__cause__ or error.__context__
    return False


def _without_key(error: Exception, request: httpx.Request) -> Exception:
    """Remove the key from an exception of the HTTP library, and return the exception.

    Its request has the key. So do the frames of its traceback and of the exceptions before it, which some tools print
    with their variables.
    """
    remove_credentials(request)
    with suppress(RuntimeError, AttributeError):  # it has no request
        remove_credentials(cast("httpx.RequestError", error).request)  # another one after a redirect
    cause = error.__cause__ or error.__context__
    error.__cause__ = error.__context__ = None
    while cause is not None:
        # From Python 3.12 on, the frames of httpx's context managers and these exceptions refer to each other, and
        # would keep the stream of a call until garbage is collected.
        cause.__traceback__ = None
        cause = cause.__cause__ or cause.__context__
    return error.with_traceback(None)

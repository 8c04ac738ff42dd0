"""Checks the end of a response body that httpcore carries: by a proxy, or for a user-supplied client.

httpcore gives a connection back to its pool with whatever its parser has left, and after a response that announces a
body and has none, so that bytes behind a response would be read as the response to the next request. It also takes any
end of a TLS connection for the end of a body. This module checks for all of that when the body was read and the
connection is not yet back in the pool. It does not decode bodies, and it does not see informational responses (1xx).
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from ..._http.leases import ConnectionLease
from ..message_body import MISSING_CLOSE_NOTIFY
from ..message_headers import has_body, has_certain_end
from ..tls import has_close_notify

if TYPE_CHECKING:
    from datetime import timedelta

    import h11

_UNSUPPORTED_VERSION = re.compile(r"HTTP/(?!1\.[01]$)[0-9]\.[0-9]")
"""Versions of the syntax of HTTP/1 that do not exist. Those of other syntaxes have no minor version."""

_CONNECTION_ATTRIBUTES = ("_stream", "_httpcore_stream", "_connection")
"""The attributes that lead from the body of a response to its connection in httpx and httpcore."""


class AsyncCheckedBody:
    """The body of a response that was carried by a connection of httpcore.

    Args:
        stream: The body as httpcore, or httpx above it, has it.
        lease: The lease of the connection; it is ended before httpcore has the connection back.
        protocol_error: The exception to raise where the response breaks HTTP.
        status_code: The status code of the response.
        headers: Its headers.
        extensions: Its extensions, with the network stream.

    Attributes:
        reusable: Whether the connection may carry another request. False until the body was read to its end.
    """

    def __init__(
        self,
        stream: Any,
        lease: ConnectionLease,
        *,
        protocol_error: type[Exception],
        status_code: int,
        headers: Mapping[str, str],
        extensions: Mapping[str, Any],
    ) -> None:
        self._stream = stream
        self._lease = lease
        self._protocol_error = protocol_error
        self.network_stream: Any = extensions["network_stream"]
        self._http_version: str = extensions.get("http_version", b"HTTP/1.1").decode("ascii", "replace")
        self._ends_with_connection = (
            self._http_version in ("HTTP/1.0", "HTTP/1.1")
            and has_body(status_code)
            and "content-length" not in headers
            and "transfer-encoding" not in headers
        )
        length = headers.get("content-length")
        self._has_certain_end = has_certain_end(
            status_code,
            chunked="transfer-encoding" in headers,
            # Only whether it is zero matters, and a custom transport may return what is no number.
            length=None if length is None else len(length.strip("0")),
        )
        self.reusable = False
        lease.attach(self.network_stream)

    def check_version(self) -> None:
        """Refuse a response in another syntax than that of HTTP/1.0 and HTTP/1.1, whose framing is then unknown.

        Raises:
            RemoteProtocolError: The `protocol_error`.
        """
        if _UNSUPPORTED_VERSION.match(self._http_version):
            raise self._protocol_error("the HTTP version of the response is neither 1.0 nor 1.1")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = self._stream.__aiter__()
        try:
            async for chunk in chunks:
                yield chunk
        finally:
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()
        self._check_end()

    async def aclose(self) -> None:
        """Give the connection back to httpcore."""
        self._lease.end()
        await self._stream.aclose()

    @property
    def elapsed(self) -> timedelta | None:
        """The time that the response took, where the library keeps it here."""
        elapsed: timedelta | None = getattr(self._stream, "elapsed", None)
        return elapsed

    def _check_end(self) -> None:
        tls = self.network_stream.get_extra_info("ssl_object")
        if self._ends_with_connection and tls is not None and not has_close_notify(tls):
            raise self._protocol_error(MISSING_CLOSE_NOTIFY)
        parser = _find_parser(self._stream)
        if parser is not None:
            data, ended = parser.trailing_data
            self.reusable = self._has_certain_end and not (data or ended or _has_unread_data(tls))
            if not self.reusable:
                parser.send_failed()  # the library keeps no connection on which sending failed


def _find_parser(stream: object) -> h11.Connection | None:
    """Return the parser of an HTTP/1.1 connection, or None where it is not found.

    Nothing public leads there. Where the library changes, a connection of a proxy is not used again, and one of a
    user-supplied client is used as the library has it; the tests say so.
    """
    for _ in range(10):
        parser: h11.Connection | None = getattr(stream, "_h11_state", None)
        if parser is not None:
            return parser
        stream = next(
            (found for name in _CONNECTION_ATTRIBUTES if (found := getattr(stream, name, None)) is not None), None
        )
    return None


def _has_unread_data(tls: Any) -> bool:
    """Return whether TLS has data, or the end, that it has taken from the socket and nobody has read.

    What the socket itself has is looked at by the library when the connection is used again.
    """
    if tls is None:
        return False
    import ssl

    if not isinstance(tls, ssl.SSLObject):
        return bool(tls.pending())  # it reads the socket itself, and reading might wait
    try:
        tls.read(1)
    except ssl.SSLWantReadError:
        return False
    except ssl.SSLError:
        return True
    return True


@cache
def checked_body_class(stream_class: type[Any]) -> Any:
    """Return the class of bodies for an HTTP library, whose responses take only subclasses of its own stream class."""
    return type("CheckedBody", (AsyncCheckedBody, stream_class), {})

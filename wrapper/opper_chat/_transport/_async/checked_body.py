"""Checks the end of a response body on a connection of httpcore: through a proxy, or of a user-supplied client.

httpcore reuses a connection although bytes follow the response, so that it reads them as the response to the next
request. It also accepts every end of a TLS connection as the end of a body. This module checks both after the body was
read and before httpcore has the connection back. It does not decode bodies, and does not see informational responses
(1xx).
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
"""Versions with the syntax of HTTP/1 that do not exist. HTTP/2 and HTTP/3 have no minor version."""

_CONNECTION_ATTRIBUTES = ("_stream", "_httpcore_stream", "_connection")
"""The attributes by which httpx and httpcore refer from a response body to its connection."""


class AsyncCheckedBody:
    """The body of a response on a connection of httpcore.

    Args:
        stream: The body of httpcore, or that of httpx around it.
        lease: The lease of the connection. It ends before httpcore has the connection back.
        protocol_error: The exception class for a response that violates HTTP.
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
            # Only whether it is zero matters, and a custom transport may return something else than a number.
            length=None if length is None else len(length.strip("0")),
        )
        self.reusable = False
        lease.attach(self.network_stream)

    def check_version(self) -> None:
        """Refuse versions other than HTTP/1.0 and HTTP/1.1 in the syntax of HTTP/1, whose framing is unknown.

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
        """The time that the response took, if httpx's stream has it."""
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
                parser.send_failed()  # httpcore closes a connection on which sending failed


def _find_parser(stream: object) -> h11.Connection | None:
    """Return the parser of an HTTP/1.1 connection, or None if it is not found.

    The attributes are private. If they change, a connection through a proxy is not reused, and a user-supplied client
    reuses its connections without this check. The tests detect it.
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
    """Return whether TLS has read data, or the end, from the socket that was not read from TLS.

    httpcore checks the socket itself when it reuses the connection.
    """
    if tls is None:
        return False
    import ssl

    if not isinstance(tls, ssl.SSLObject):
        return bool(tls.pending())  # a read from the socket could block
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

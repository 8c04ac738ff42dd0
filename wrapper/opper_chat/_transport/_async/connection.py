"""One connection to a server, for one request after another: HTTP/1.1 by RFC 9112.

`async_network` has the network streams, `message_headers` and `message_body` the syntax. Requests, responses and
exceptions are those of httpcore. httpcore's own connections make an event of each HTTP chunk, which is more than half
of the cost of a streamed response. This module does not know proxies, and no other HTTP version.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping
from time import monotonic
from types import FunctionType
from typing import TYPE_CHECKING, Any, Protocol

from ..._concurrency.loop import async_shielded
from ..._http.leases import ConnectionLease
from ..._http.library import httpcore
from ..async_network import AsyncNetworkStream, HTTPTimeouts, Server, connect
from ..message_body import BodyError, BodyParser, ChunkedParser, CloseDelimitedParser, ContentLengthParser
from ..message_headers import (
    HeaderError,
    HeaderLimitError,
    HeaderLimits,
    RequestHeaderError,
    ResponseHead,
    ResponseHeaderParser,
    has_body,
    serialize_request_headers,
)

if TYPE_CHECKING:
    import ssl

READ_BYTES = 65536
"""The most bytes that are read at once. Each read goes through all layers above, however many events it brings."""

SEPARATE_BODY_BYTES = 65536
"""Bytes from which on a request body is sent separately from its headers."""

PORTS = {b"http": 80, b"https": 443}

_METHODS = frozenset({b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})
"""The methods that are sent. Responses to HEAD and CONNECT have no body, whatever their headers say."""

_TRANSFER_ENCODING = b"transfer-encoding"
"""The header that httpx adds to a request whose body has no known length (RFC 9112 section 6.1)."""

_HTTPCORE_POOL = httpcore.AsyncConnectionPool.__init__.__globals__["__name__"]
"""The module of httpcore's pool."""


class AsyncRequest(Protocol):
    """The attributes of httpcore's request that are used here."""

    method: bytes
    url: httpcore.URL
    headers: list[tuple[bytes, bytes]]
    stream: AsyncIterable[bytes]
    extensions: Mapping[str, Any]


def can_send(request: AsyncRequest) -> bool:
    """Return whether `AsyncConnection` sends a request. If not, a connection of httpcore does.

    It sends none if a tool such as respx has replaced the method of httpcore's pool to respond itself, because then no
    request may reach the network except through that method.
    """
    method = httpcore.AsyncConnectionPool.handle_async_request
    is_original = type(method) is FunctionType and method.__globals__["__name__"] == _HTTPCORE_POOL
    if not is_original or request.method not in _METHODS:
        return False
    return _TRANSFER_ENCODING not in b" ".join([name for name, _ in request.headers]).lower()


class AsyncConnection:
    """One connection, which connects when it is used. For one request at a time.

    Args:
        tls: The TLS context in which the server is verified, or None for ``http``.
        keepalive_seconds: Seconds after which an idle connection is replaced by a new one.
        limits: The limits of response headers.

    Attributes:
        stream: The network stream, or None if it is not connected.
    """

    def __init__(self, tls: ssl.SSLContext | None, keepalive_seconds: float, limits: HeaderLimits) -> None:
        self._limits = limits
        self._tls = tls
        self._keepalive_seconds = keepalive_seconds
        self.stream: AsyncNetworkStream | None = None
        self._idle_since = 0.0

    async def handle_async_request(self, request: AsyncRequest, lease: ConnectionLease) -> httpcore.Response:
        """Send a request, and return the response. Its body is not read yet.

        Raises:
            TimeoutException, NetworkError, ProtocolError: Of httpcore.
            HeaderLimitError: The headers exceed a limit.
        """
        timeouts: HTTPTimeouts = request.extensions.get("timeout", {})
        parser = ResponseHeaderParser(self._limits.max_header_bytes)
        try:
            stream = await self._connect_if_needed(request, timeouts, lease)
            closes = await self._write(stream, request, timeouts)
            headers = await self._read_headers(stream, parser, timeouts)
        except RequestHeaderError as error:
            raise httpcore.LocalProtocolError(str(error)) from error
        except HeaderError as error:
            raise httpcore.RemoteProtocolError(str(error)) from error
        body = _body_parser(headers)
        reusable = headers.keep_alive and not closes and not isinstance(body, CloseDelimitedParser)
        content = AsyncResponseBody(self, body, parser.trailing_data(), timeouts, reusable=reusable)
        extensions = {
            "http_version": b"HTTP/" + headers.http_version,
            "reason_phrase": headers.reason,
            "network_stream": stream,
        }
        return httpcore.Response(headers.status_code, headers=headers.fields, content=content, extensions=extensions)

    async def aclose(self) -> None:
        """Close the connection, if it is connected."""
        stream, self.stream = self.stream, None
        if stream is not None:
            await stream.aclose()

    async def _connect_if_needed(
        self, request: AsyncRequest, timeouts: HTTPTimeouts, lease: ConnectionLease
    ) -> AsyncNetworkStream:
        """Return the network stream. Connect if there is none, or if the server may have closed it."""
        if self.stream is not None:
            # Before a request is sent, there is only the end to read, or a response that belongs to no request.
            if monotonic() - self._idle_since <= self._keepalive_seconds and not await self.stream.is_readable():
                lease.attach(self.stream)
                return self.stream
            await self.aclose()
        url = request.url
        if url.scheme not in PORTS:
            scheme = url.scheme.decode("ascii")
            raise httpcore.UnsupportedProtocol(f"Request URL has an unsupported protocol '{scheme}://'.")
        server = Server(url.host.decode("ascii"), url.port or PORTS[url.scheme], self._tls)
        trace: Callable[[str, dict[str, Any]], Awaitable[object]] | None = request.extensions.get("trace")
        if trace is not None:
            await trace("connection.connect_tcp.started", {"host": server.host, "port": server.port})
        try:
            self.stream = stream = await connect(server, timeouts, lease.attach)
        except Exception as error:
            if trace is not None:
                await trace("connection.connect_tcp.failed", {"exception": error})
            raise
        if trace is not None:
            await trace("connection.connect_tcp.complete", {"return_value": stream})
        return stream

    async def _write(self, stream: AsyncNetworkStream, request: AsyncRequest, timeouts: HTTPTimeouts) -> bool:
        """Send a request, and return whether the connection ends with its response."""
        parts, closes = await _serialize(request)
        try:
            # `pop` leaves no reference to the part, which contains the API key, in the frames of a traceback.
            while parts:
                await stream.write(parts.pop(0), timeouts.get("write"))
        except httpcore.WriteError:
            return True  # a server may respond and close before it has read all of the request (RFC 9112 section 9.5)
        return closes

    async def _read_headers(
        self, stream: AsyncNetworkStream, parser: ResponseHeaderParser, timeouts: HTTPTimeouts
    ) -> ResponseHead:
        timeout = timeouts.get("read")
        keep_alive = True
        informational = 0
        while True:
            headers = parser.next_headers()
            if headers is None:
                data = await stream.read(READ_BYTES, timeout)
                if not data:
                    raise HeaderError("Server disconnected without sending a response.")
                parser.feed(data)
            elif headers.status_code == 101:  # which only follows a request with `Upgrade` (RFC 9110 section 15.2.2)
                raise HeaderError("the server wants to speak another protocol")
            elif headers.status_code >= 200:
                return headers if keep_alive else headers._replace(keep_alive=False)
            else:
                # An intermediary may have read an irregular 1xx response as the final one, and the rest as another.
                keep_alive = keep_alive and headers.keep_alive
                informational += 1
                maximum = self._limits.max_informational_responses
                if maximum is not None and informational > maximum:
                    raise HeaderLimitError("max_informational_responses", maximum)

    def mark_idle(self) -> None:
        """Record the time at which the response was read to its end."""
        self._idle_since = monotonic()


class AsyncResponseBody:
    """The body of a response, in the parts in which it arrives.

    Attributes:
        reusable: Whether the body was read to its end, and the connection may carry another request.
    """

    def __init__(
        self,
        connection: AsyncConnection,
        body: BodyParser,
        first_data: bytes,
        timeouts: HTTPTimeouts,
        *,
        reusable: bool,
    ) -> None:
        self.reusable = False
        self._connection = connection
        self._body = body
        self._first_data = first_data
        self._timeouts = timeouts
        self._may_be_reused = reusable

    async def __aiter__(self) -> AsyncIterator[bytes]:
        body, connection = self._body, self._connection
        timeout = self._timeouts.get("read")
        data, self._first_data = self._first_data, b""
        try:
            while True:
                if data:
                    content = body.feed(data)
                    if content:
                        yield content
                    if body.error is not None:
                        raise body.error
                if body.ended:
                    break
                # Another task or thread may have closed the connection since the last read.
                stream = connection.stream
                if stream is None:
                    raise BodyError("the connection was closed before the response body was read")
                data = await stream.read(READ_BYTES, timeout)
                if not data:
                    body.feed_eof(unexpected_eof=stream.unexpected_eof)
        except BaseException as error:
            # Not only in the pool: at the end of an event loop, only this generator is closed.
            await async_shielded(connection.aclose)
            if isinstance(error, BodyError):
                raise httpcore.RemoteProtocolError(str(error)) from error
            raise
        connection.mark_idle()
        self.reusable = self._may_be_reused and body.strict and not body.trailing_data

    async def aclose(self) -> None:
        """Do nothing. If the body was not read to its end, the pool closes the connection."""


async def _serialize(request: AsyncRequest) -> tuple[list[bytes], bool]:
    """Return a request as one or two parts, and whether it asks the server to close the connection.

    A long body is a part of its own. Sending it takes time, and if that is interrupted, the traceback has the part in a
    variable. The headers contain the API key.
    """
    content = b"".join([part async for part in request.stream])
    headers = serialize_request_headers(
        request.method.decode("ascii"), request.url.target, request.headers, len(content)
    )
    return [headers.data + content] if len(content) < SEPARATE_BODY_BYTES else [headers.data, content], headers.closes


def _body_parser(headers: ResponseHead) -> BodyParser:
    """Return the parser for the body of a response (RFC 9112 section 6.3)."""
    if not has_body(headers.status_code):
        return ContentLengthParser(0)
    if headers.chunked:
        return ChunkedParser()
    return CloseDelimitedParser() if headers.length is None else ContentLengthParser(headers.length)

"""One connection to a server, over which requests go one after another: HTTP/1.1 by RFC 9112.

The network is `_async_network`'s, the heads are `_heads`', the bodies `_framing`'s. httpx's own transports have a
general parser make an event of every chunk of a body, and a pool around each connection, which is more than half the
cost of a streamed answer. What goes wrong is raised as httpx raises it. Proxies are left to httpx.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from copy import copy
from time import monotonic
from typing import TYPE_CHECKING

from ..._config.response_limits import DEFAULT_LIMITS, ResponseLimits, within
from ..._errors.api import ResponseTooLargeError
from ..._http.async_wait import AHEAD, WATCH, undisturbed
from ..._http.library import Library
from ..._http.sent import PORTS, SentRequest
from ..async_network import AsyncNetworkStream, NetworkError, Server, connect
from ..body import Body, ChunkedBody, EndlessBody, FramingError, SizedBody
from ..head import AnswerHead, HeadError, HeadReader, HeadTooLongError, WrittenError, has_body, write_head
from .reply import AsyncReply

if TYPE_CHECKING:
    import ssl

PIECE = 16384
"""The most bytes that are read at once. Of what comes in larger pieces, so many chunks are made at once that Python's
collector of garbage takes them for old, which costs a tenth of what reading them does."""

LONG = 65536
"""Bytes of a body whose sending takes a while."""


class AsyncConnection:
    """One connection, made when it is needed. For one request at a time.

    Args:
        library: whose errors it raises.
        tls: the context in which a server is verified, where it is spoken to by TLS.
        keep: seconds after which a connection that nobody used is made anew.
        limits: the largest response that is read.

    Attributes:
        stream: its bytes, while it is there.
    """

    def __init__(
        self, library: Library, tls: ssl.SSLContext | None, keep: float, limits: ResponseLimits = DEFAULT_LIMITS
    ) -> None:
        self.library = library
        self._limits = limits
        self._tls = tls
        self._keep = keep
        self.stream: AsyncNetworkStream | None = None
        self._idle_since = 0.0

    async def handle_async_request(self, request: SentRequest) -> AsyncReply:
        """Send a request, and return the answer with its body still to be read.

        Raises:
            TransportError: the classes of httpx for what goes wrong on the way.
        """
        steps: Mapping[str, float | None] = request.extensions.get("timeout", {})
        reader = HeadReader(self._limits.max_header_bytes)
        try:
            stream = await self._connected(request, steps)
            closes = await self._write(stream, request, steps)
            head = await self._read_head(stream, reader, steps)
        except HeadTooLongError:
            raise self._too_large("max_header_bytes") from None
        except Exception as error:
            raise_as_library(error, self.library, request)
            raise
        body = _body_of(head)
        sound = head.lasting and not closes and not isinstance(body, EndlessBody)
        pieces = _BodyStream(self, request, body, reader.take_rest(), sound=sound)
        told = {
            AHEAD: pieces,
            "http_version": b"HTTP/" + head.http_version,
            "reason_phrase": head.reason,
            "network_stream": stream,
        }
        return AsyncReply(self.library, request, head.status_code, head.headers, pieces, extensions=told)

    async def aclose(self) -> None:
        """Close the connection, if there is one."""
        stream, self.stream = self.stream, None
        if stream is not None:
            await stream.aclose()

    async def answered(self, *, sound: bool) -> None:
        """Take note that an answer was read to its end: close the connection unless another may come over it."""
        self._idle_since = monotonic()
        if not sound:
            await self.aclose()

    async def _connected(self, request: SentRequest, steps: Mapping[str, float | None]) -> AsyncNetworkStream:
        """Return the connection, made anew where there is none that can be used."""
        if self.stream is not None:
            # What can be read before anything was asked is the end, by a server that has waited long enough.
            if monotonic() - self._idle_since <= self._keep and not await self.stream.has_more():
                return self.stream
            await self.aclose()
        address = request.address
        if address.scheme not in PORTS:
            raise self.library.UnsupportedProtocol(
                f"Request URL has an unsupported protocol '{address.scheme}://'.", request=request.in_library()
            )
        watch = request.extensions.get(WATCH, _unwatched)
        server = Server(address.host, address.port or PORTS[address.scheme], self._tls)
        stream = await connect(self.library, server, steps, watch)
        self.stream = stream
        return stream

    async def _write(self, stream: AsyncNetworkStream, request: SentRequest, steps: Mapping[str, float | None]) -> bool:
        """Send a request, whose body is there as a whole; return whether the connection ends with its answer."""
        pieces, closes = _written(request)
        try:
            # Each is let go of as it is sent, and all with this frame: the first has the key in it.
            while pieces:
                await stream.write(pieces.pop(0), steps.get("write"))
        except NetworkError as fault:
            if fault.name != "WriteError":
                raise
            return True  # a server may answer before it has read all, and leave
        return closes

    async def _read_head(
        self, stream: AsyncNetworkStream, reader: HeadReader, steps: Mapping[str, float | None]
    ) -> AnswerHead:
        timeout = steps.get("read")
        lasting = True
        informational = 0
        while True:
            head = reader.read()
            if head is None:
                data = await stream.read(PIECE, timeout)
                if not data:
                    raise HeadError("Server disconnected without sending a response.")
                reader.feed(data)
            elif head.status_code == 101:
                raise HeadError("the server wants to speak another protocol")
            elif head.status_code >= 200:
                return head if lasting else head._replace(lasting=False)
            else:
                lasting = lasting and head.lasting
                informational += 1
                if not within(informational, self._limits.max_informational_responses):
                    raise self._too_large("max_informational_responses")

    def _too_large(self, limit: str) -> ResponseTooLargeError:
        return ResponseTooLargeError(limit, getattr(self._limits, limit))


class _BodyStream:
    """The body of an answer, in pieces as the network gives them."""

    def __init__(
        self, connection: AsyncConnection, request: SentRequest, body: Body, begun: bytes, *, sound: bool
    ) -> None:
        self._connection = connection
        self._request = request
        self._body = body
        self._begun = begun
        self._sound = sound

    async def __aiter__(self) -> AsyncIterator[bytes]:
        body, connection = self._body, self._connection
        timeout = self._request.extensions.get("timeout", {}).get("read")
        data, self._begun = self._begun, b""
        try:
            while True:
                if data:
                    piece = body.feed(data)
                    if piece:
                        yield piece
                    if body.more and (rest := self.at_hand()):
                        yield rest
                    if body.fault is not None:
                        raise body.fault
                if body.ended:
                    break
                # The connection may be closed, by somebody else, whenever this is not running.
                stream = connection.stream
                if stream is None:
                    raise FramingError("the connection was closed before the response body was read")
                data = await stream.read(PIECE, timeout)
                if not data:
                    body.end(cut_off=stream.cut_off)
        except BaseException as error:
            # Here and not only by whoever lends the connection: at the end of an event loop, this is what is told.
            await undisturbed(connection.aclose)
            raise_as_library(error, connection.library, self._request)
            raise
        await connection.answered(sound=self._sound and body.strict and not body.rest)

    def hurry(self) -> None:
        """Have the first chunk handed out alone. What came with it is `at_hand`, and else the next piece."""
        if isinstance(self._body, ChunkedBody):
            self._body.first_alone = True

    @property
    def more(self) -> bool:
        """Whether there is more in what came than was handed out."""
        return self._body.more

    def at_hand(self) -> bytes:
        """Return what came with the piece that was handed out last. Nothing is waited for, and nothing raised."""
        try:
            return self._body.feed(b"")
        except FramingError as fault:
            self._body.fault = fault  # which is raised when the next piece is asked for
            return b""

    def seen(self) -> bytes:
        """Return what `at_hand` would, and leave it there."""
        try:
            return copy(self._body).feed(b"")
        except FramingError:
            return b"what is wrong"  # is not the end

    async def aclose(self) -> None:
        """Do nothing: whoever lends the connection closes it where the body was not read to its end."""


def raise_as_library(error: BaseException, library: Library, request: SentRequest) -> None:
    """Raise what the network, the heads and the bodies raise as the error of httpx that it is, by its name."""
    if isinstance(error, NetworkError):
        name = error.name
    elif isinstance(error, WrittenError):
        name = "LocalProtocolError"
    elif isinstance(error, (HeadError, FramingError)):
        name = "RemoteProtocolError"
    else:
        return
    raise getattr(library, name)(str(error), request=request.in_library()) from error


def _unwatched(stream: object) -> None:
    """Do nothing."""


def _written(request: SentRequest) -> tuple[list[bytes], bool]:
    """Return a request as bytes, and whether it asks that the connection be closed.

    Its head and its body are one piece, unless the body is long, so that its sending takes a while: the head has the
    key in it, and whoever is interrupted then has the piece in a variable.
    """
    content = request.content
    head = write_head(request.method, request.address.target, request.pairs, len(content))
    return [head.data + content] if len(content) < LONG else [head.data, content], head.closes


def _body_of(head: AnswerHead) -> Body:
    """Return how the body of an answer to a POST is framed (RFC 9112 section 6.3)."""
    if not has_body(head.status_code):
        return SizedBody(0)
    if head.chunked:
        return ChunkedBody()
    return EndlessBody() if head.length is None else SizedBody(head.length)

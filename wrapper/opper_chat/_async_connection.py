"""One connection to a server, over which requests go one after another: HTTP/1.1 by RFC 9112.

The network is httpcore's, as for httpx's own transports; the heads are h11's, the bodies `_framing`'s. Those transports
have h11 make an event of every chunk of a body, and a pool around each connection, which is more than half the cost of
a streamed answer. What goes wrong is raised as httpx raises it. Proxies are left to httpx.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from functools import cache
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any

import h11

from ._async_wait import WATCH, addresses, has_more, undisturbed
from ._clocks import SHORTEST
from ._framing import Body, ChunkedBody, EndlessBody, FramingError, SizedBody
from ._library import Library, core_of

if TYPE_CHECKING:
    import httpcore
    import httpx

PIECE = 65536
"""The most bytes that are read at once."""

LONGEST_HEAD = 100 * 1024
"""The most bytes of an answer's head."""

PORTS = {"http": 80, "https": 443}


class AsyncConnection:
    """A transport of httpx that has one connection, made when it is needed. For one request at a time.

    Args:
        library: whose requests and responses they are.
        tls: the context in which a server is verified, where it is spoken to by TLS.
        keep: seconds after which a connection that nobody used is made anew.
    """

    def __init__(self, library: Library, tls: ssl.SSLContext | None, keep: float) -> None:
        self.library = library
        self._core = core_of(library)
        self._tls = tls
        self._keep = keep
        self._stream: httpcore.AsyncNetworkStream | None = None
        self._idle_since = 0.0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return the response with its body still to be read.

        Raises:
            TransportError: the classes of httpx for what goes wrong on the way.
        """
        steps: Mapping[str, float | None] = request.extensions.get("timeout", {})
        exchange = h11.Connection(h11.CLIENT, max_incomplete_event_size=LONGEST_HEAD)
        with ErrorsOfLibrary(self.library, request):
            stream = await self._connected(request, steps)
            with suppress(self._core.WriteError):  # a server may answer before it has read all, and leave
                await self._write(stream, _written(exchange, request), steps.get("write"))
            head = await self._read_head(stream, exchange, steps.get("read"))
        body = _body_of(head)
        sound = exchange.our_state is h11.DONE and not isinstance(body, EndlessBody)
        stream_class = _stream_class(self.library)
        return self.library.Response(
            head.status_code,
            headers=head.headers.raw_items(),
            stream=stream_class(self, request, body, exchange.trailing_data[0], sound=sound),
            extensions={
                "http_version": b"HTTP/" + head.http_version,
                "reason_phrase": head.reason,
                "network_stream": stream,
            },
        )

    async def aclose(self) -> None:
        """Close the connection, if there is one."""
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.aclose()

    async def answered(self, *, sound: bool) -> None:
        """Take note that an answer was read to its end: close the connection unless another may come over it."""
        self._idle_since = monotonic()
        if not sound:
            await self.aclose()

    async def read(self, timeout: float | None) -> bytes:
        """Return the next bytes; none at the end."""
        return b"" if self._stream is None else await self._stream.read(PIECE, timeout)

    async def _connected(
        self, request: httpx.Request, steps: Mapping[str, float | None]
    ) -> httpcore.AsyncNetworkStream:
        """Return the connection, made anew where there is none that can be used."""
        if self._stream is not None:
            # What can be read before anything was asked is the end, by a server that has waited long enough.
            stale = monotonic() - self._idle_since > self._keep or self._stream.get_extra_info("is_readable")
            if not stale and not (self._tls is not None and await has_more(self._stream)):
                return self._stream
            await self.aclose()
        url = request.url
        if url.scheme not in PORTS:
            raise self.library.UnsupportedProtocol(
                f"Request URL has an unsupported protocol '{url.scheme}://'.", request=request
            )
        watch = request.extensions.get(WATCH, _unwatched)
        host = url.raw_host.decode("ascii")
        backend: httpcore.AsyncNetworkBackend = self._core.AnyIOBackend()
        stream = await self._connect(backend, host, url.port or PORTS[url.scheme], steps)
        self._stream = stream
        watch(stream)
        if self._tls is not None:
            self._stream = stream = await stream.start_tls(self._tls, host, steps.get("connect"))
            watch(stream)
        return stream

    async def _connect(
        self, backend: httpcore.AsyncNetworkBackend, host: str, port: int, steps: Mapping[str, float | None]
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of a host that lets us in. All of them share the time that there is."""
        seconds = steps.get("connect")
        due = None if seconds is None else monotonic() + seconds
        *others, last = addresses(host, port)

        def share(untried: int) -> float | None:
            return None if due is None else max(due - monotonic(), SHORTEST) / untried

        for number, place in enumerate(others):
            with suppress(self._core.ConnectError, self._core.ConnectTimeout):
                return await backend.connect_tcp(place, port, share(len(others) - number + 1))
        return await backend.connect_tcp(last, port, share(1))

    async def _write(self, stream: httpcore.AsyncNetworkStream, pieces: list[bytes], timeout: float | None) -> None:
        # Each is let go of as it is sent, and all with this frame: the first has the key in it.
        while pieces:
            await stream.write(pieces.pop(0), timeout)

    async def _read_head(
        self, stream: httpcore.AsyncNetworkStream, exchange: h11.Connection, timeout: float | None
    ) -> h11.Response:
        while True:
            event = exchange.next_event()
            if isinstance(event, h11.Response):
                return event
            if event is h11.NEED_DATA:
                data = await stream.read(PIECE, timeout)
                if not data:
                    raise self._core.RemoteProtocolError("Server disconnected without sending a response.")
                exchange.receive_data(data)
            elif not isinstance(event, h11.InformationalResponse) or event.status_code == 101:
                raise self._core.RemoteProtocolError("the server wants to speak another protocol")


class _BodyStream:
    """The body of an answer, in pieces as the network gives them."""

    def __init__(
        self, connection: AsyncConnection, request: httpx.Request, body: Body, begun: bytes, *, sound: bool
    ) -> None:
        self._connection = connection
        self._request = request
        self._body = body
        self._begun = begun
        self._sound = sound

    async def __aiter__(self) -> AsyncIterator[bytes]:
        body, connection = self._body, self._connection
        timeout = self._request.extensions.get("timeout", {}).get("read")
        errors = ErrorsOfLibrary(connection.library, self._request)
        data = self._begun
        try:
            while True:
                if data:
                    with errors:
                        piece = body.feed(data)
                    if piece:
                        yield piece
                if body.ended:
                    break
                with errors:
                    data = await connection.read(timeout)
                    if not data:
                        body.end()
        except BaseException:
            # Here and not only by whoever lends the connection: at the end of an event loop, this is what is told.
            await undisturbed(connection.aclose)
            raise
        await connection.answered(sound=self._sound and not body.rest)

    async def aclose(self) -> None:
        """Do nothing: whoever lends the connection closes it where the body was not read to its end."""


@cache
def _stream_class(library: Library) -> Any:
    """Return the class of bodies for a library, which takes none but those of its own."""
    return type("BodyStream", (_BodyStream, library.AsyncByteStream), {})


class ErrorsOfLibrary:
    """Turns what httpcore, h11 and the framing of bodies raise within into the errors of httpx, by their names."""

    __slots__ = ("_library", "_request")

    def __init__(self, library: Library, request: httpx.Request) -> None:
        self._library = library
        self._request = request

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            return
        core = core_of(self._library)
        name = None
        if isinstance(error, (core.TimeoutException, core.NetworkError, core.ProtocolError)):
            name = type(error).__name__
        elif isinstance(error, ssl.SSLError):
            name = "ReadError"  # where a record is broken, which httpcore leaves as it is
        elif isinstance(error, h11.LocalProtocolError):
            name = "LocalProtocolError"
        elif isinstance(error, (h11.RemoteProtocolError, FramingError)):
            name = "RemoteProtocolError"
        if name is not None:
            raise getattr(self._library, name)(str(error), request=self._request) from error


def _unwatched(stream: object) -> None:
    """Do nothing."""


def _written(exchange: h11.Connection, request: httpx.Request) -> list[bytes]:
    """Return a request as bytes: its head, and its body, which is there as a whole.

    They are one piece, unless the body is long, so that its sending takes a while: the head has the key in it, and
    whoever is interrupted then has the piece in a variable.
    """
    events = [
        h11.Request(method=request.method, target=request.url.raw_path, headers=request.headers.raw),
        h11.Data(data=request.content),
        h11.EndOfMessage(),
    ]
    pieces = [exchange.send(event) or b"" for event in events]
    return [b"".join(pieces)] if len(pieces[1]) < PIECE else pieces


def _body_of(head: h11.Response) -> Body:
    """Return how the body of an answer to a POST is framed (RFC 9112 section 6.3). h11 has looked at the values."""
    headers = dict(head.headers)
    if head.status_code in (204, 304):
        return SizedBody(0)
    if b"transfer-encoding" in headers:
        return ChunkedBody()
    size = headers.get(b"content-length")
    return EndlessBody() if size is None else SizedBody(int(size))

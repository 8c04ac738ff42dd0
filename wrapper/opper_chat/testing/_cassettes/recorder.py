"""The application of a cassette: each request is answered from the recording, forwarded and recorded, or refused.

What a file looks like and what is kept out of it is not known here.
"""

from __future__ import annotations

import asyncio
import math
import ssl
from collections.abc import Awaitable, Coroutine, Iterable
from contextlib import suppress
from functools import cache
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
import msgspec

from .._loopback.asgi import read_content, read_request
from .._replies.sender import disconnected
from .._server.responses import error_body
from .exchange import Exchange, Piece, Request, Response
from .matching import Shelf
from .scrubber import Scrub

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send
    from uvicorn.protocols.http.h11_impl import H11Protocol

    from .._replies.reply import ReceivedRequest

GRACE = 1.0
"""Seconds that an answer has to come to its end when nobody waits for it any more."""

# RFC 9110, 7.6.1: these are between neighbours.
_HOPS = {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
_NOT_FORWARDED = {*_HOPS, b"host", b"content-length", b"accept-encoding", b"expect"}

_UNREACHED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.UnsupportedProtocol, httpx.InvalidURL)

Fields = list[tuple[bytes, bytes]]
_T = TypeVar("_T")


class Recorder:
    """Answers from a shelf, or from the upstream where it may.

    Args:
        upstream: the address to forward to, or None where nothing is forwarded.
        speed: how many times as fast as recorded the answers are given.
    """

    def __init__(self, upstream: str | None, speed: float) -> None:
        self.requests: list[ReceivedRequest] = []
        self._upstream = upstream
        self._speed = speed
        self.insert(Shelf((), (), repeat=False), Scrub((), (), None))

    def insert(self, shelf: Shelf, scrub: Scrub) -> None:
        """Begin anew, with what is recorded."""
        self.shelf = shelf
        self.scrub = scrub
        self.recorded: list[Exchange] = []
        self.unmatched: list[str] = []
        self.failed: list[str] = []
        self._under_way: dict[asyncio.Task[None], asyncio.Future[None]] = {}

    async def finish(self) -> None:
        """Let what is being recorded come to its end, but not wait for it long."""
        if self._under_way:
            for over in self._under_way.values():
                _set(over)
            await asyncio.wait(self._under_way, timeout=2 * GRACE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        content = await read_content(receive)
        if content is None:
            return
        self.requests.append(read_request(scope, content))
        path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
        self.scrub.learn(_texts(scope["headers"]), query, content)
        request = Request.of(scope["method"], path, query, content)
        asked = self.scrub.request(request)
        found = self.shelf.take(asked)
        connection: H11Protocol = scope["state"]["connection"]
        gone = asyncio.ensure_future(disconnected(receive))
        try:
            if found is not None:
                await _replay(found.response, self._speed, connection, gone, send)
            elif self._upstream is None:
                self.unmatched.append(self.shelf.explain(asked))
                await _refuse("UnmatchedRequestError", self.unmatched[-1], send)
            else:
                exchange = Exchange(request=request, response=Response(ends="left"))
                headers = _forwarded(scope["headers"])
                over = asyncio.get_running_loop().create_future()
                gone.add_done_callback(lambda _: _set(over))
                if await self._forward(exchange, self._take_down(exchange, headers, content, over, send), over):
                    await _end(exchange.response, connection, gone, send)
                else:
                    await _refuse("RecordingError", self.failed[-1], send)
        finally:
            gone.cancel()

    async def _forward(
        self, exchange: Exchange, take_down: Coroutine[Any, Any, None], over: asyncio.Future[None]
    ) -> bool:
        """Record an exchange, and tell whether it could be."""
        # It has its place from now on: those under way at once stay in the order in which they came.
        self.recorded.append(exchange)
        work = asyncio.ensure_future(take_down)
        self._under_way[work] = over
        try:
            await work
        except _UNREACHED as error:
            # Not by `remove`: another of them may be equal to it.
            self.recorded = [one for one in self.recorded if one is not exchange]
            asked = exchange.request
            self.failed.append(f"{asked.method} {asked.path} could not be forwarded to {self._upstream}: {error}")
            return False
        finally:
            del self._under_way[work]
        return True

    async def _take_down(
        self, exchange: Exchange, headers: Fields, content: bytes, over: asyncio.Future[None], send: Send
    ) -> None:
        """Write an answer down as it comes, and pass it on, for as long as somebody waits for it."""
        asked, answer = exchange.request, exchange.response
        url = f"{self._upstream}{asked.path}{'?' if asked.query else ''}{asked.query}"
        outgoing = httpx.Request(asked.method, url, headers=headers, content=content or None)
        patience = _Patience(over)
        # Each has a connection of its own, so that what ends one does not touch another; how long it may take is for
        # the clocks of the client to say.
        async with httpx.AsyncClient(verify=_verify(outgoing.url.scheme), timeout=None) as client:  # noqa: S113
            try:
                last = monotonic()
                response = await patience.wait_for(client.send(outgoing, stream=True))
                if response is None:
                    return
                answer.status, answer.after = response.status_code, round(monotonic() - last, 3)
                fields = [(name.lower(), value) for name, value in response.headers.raw if name.lower() not in _HOPS]
                answer.set_fields(_texts(fields))
                await send(_start(response.status_code, fields))
                pieces = response.aiter_raw()
                last = monotonic()
                while piece := await patience.wait_for(anext(pieces, b"")):
                    now = monotonic()
                    answer.pieces.append(Piece.of(piece, now - last))
                    last = now
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                if piece is not None:
                    answer.ends = "whole"
            except _UNREACHED:
                raise
            except httpx.TransportError:
                answer.ends = "cut"


class _Patience:
    """Waits for one thing after the other until nobody else does, and for `GRACE` from then on."""

    def __init__(self, over: asyncio.Future[None]) -> None:
        self._over = over
        self._until: float | None = None

    async def wait_for(self, work: Awaitable[_T]) -> _T | None:
        """Return what the work gives, or None where it took too long."""
        task = asyncio.ensure_future(work)
        either: set[asyncio.Future[Any]] = {task, self._over}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            self._until = self._until or monotonic() + GRACE
            await asyncio.wait({task}, timeout=max(0.0, self._until - monotonic()))
        if task.done():
            return task.result()
        task.cancel()
        with suppress(asyncio.CancelledError, httpx.TransportError):
            await task
        return None


async def _replay(
    response: Response, speed: float, connection: H11Protocol, gone: asyncio.Task[None], send: Send
) -> None:
    async def pause(seconds: float) -> None:
        # A long body must leave the loop its turns, even where nothing is waited for.
        await asyncio.wait({gone}, timeout=0 if math.isinf(speed) else seconds / speed)

    await pause(response.after)
    pieces = [piece.content for piece in response.pieces]
    if response.status is not None and not gone.done():
        fields = response.fields
        if response.ends == "whole":
            # Whoever edits a text need not count its bytes.
            length = str(sum(map(len, pieces)))
            fields = [(name, length if name == "content-length" else value) for name, value in fields]
        await send(_start(response.status, [(name.encode(), value.encode("latin-1")) for name, value in fields]))
        for piece, content in zip(response.pieces, pieces, strict=True):
            await pause(piece.after)
            if gone.done():
                return
            await send({"type": "http.response.body", "body": content, "more_body": True})
    await _end(response, connection, gone, send)


async def _end(response: Response, connection: H11Protocol, gone: asyncio.Task[None], send: Send) -> None:
    """End an answer as it ended: by the rules of HTTP, with the connection, or not before the client leaves."""
    if response.ends == "whole" and response.status is not None:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    if response.ends != "left":
        connection.transport.close()
    # The protocol answers 500 for whoever returns before the connection is gone.
    await gone


async def _refuse(kind: str, message: str, send: Send) -> None:
    """Answer with an error that no client tries again, in the flat shape of version 2."""
    body = msgspec.json.encode(error_body(2, kind, message))
    fields = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-should-retry", b"false"),
    ]
    await send(_start(400, fields))
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _start(status: int, fields: Fields) -> Message:
    return {"type": "http.response.start", "status": status, "headers": fields}


def _texts(fields: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in fields]


def _forwarded(fields: Fields) -> Fields:
    """The headers of a request for the next server."""
    listed = {word.strip().lower() for name, value in fields if name == b"connection" for word in value.split(b",")}
    kept = [(name, value) for name, value in fields if name not in _NOT_FORWARDED and name not in listed]
    # A recording is there to be read, and to be looked through for secrets.
    return [*kept, (b"accept-encoding", b"identity")]


def _verify(scheme: str) -> ssl.SSLContext | bool:
    """How a server is verified; without TLS there is nothing to verify."""
    return _ssl_context() if scheme == "https" else False


@cache
def _ssl_context() -> ssl.SSLContext:
    # Once for the process: it takes longer than a call.
    return httpx.create_ssl_context()


def _set(future: asyncio.Future[Any]) -> None:
    if not future.done():
        future.set_result(None)

"""The ASGI application of a cassette: it replays a recorded response, forwards and records, or sends an error.

The file format and the removal of secrets are in other modules.
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

from .._loopback.asgi import read_body, receive_request, wait_for_disconnect
from .._server.responses import error_body
from .exchange import BodyChunk, Exchange, Request, Response
from .matching import ExchangeStore
from .scrubber import Scrubber

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send
    from uvicorn.protocols.http.h11_impl import H11Protocol

    from .._loopback.received_request import ReceivedRequest

GRACE = 1.0
"""Seconds that a response has to complete after the client has disconnected."""

# RFC 9110, section 7.6.1: these are not forwarded.
_HOP_BY_HOP = {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
_NOT_FORWARDED = {*_HOP_BY_HOP, b"host", b"content-length", b"accept-encoding", b"expect"}

_CONNECT_ERRORS = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)

HeaderFields = list[tuple[bytes, bytes]]
_T = TypeVar("_T")


class Recorder:
    """Respond from the recording, or from the upstream.

    Args:
        upstream: The URL to forward requests to, or None to forward none.
        speed: How many times as fast as recorded the responses are replayed.
    """

    def __init__(self, upstream: str | None, speed: float) -> None:
        self.requests: list[ReceivedRequest] = []
        self._upstream = upstream
        self._speed = speed
        self.load(ExchangeStore((), (), repeat=False), Scrubber((), (), None))

    def load(self, store: ExchangeStore, scrubber: Scrubber) -> None:
        """Start again with a recording."""
        self.store = store
        self.scrubber = scrubber
        self.recorded: list[Exchange] = []
        self.unmatched: list[str] = []
        self.failed: list[str] = []
        self._in_progress: dict[asyncio.Task[None], asyncio.Future[None]] = {}

    async def finish(self) -> None:
        """Wait until the responses that are being recorded are complete, for at most twice `GRACE`."""
        if self._in_progress:
            for caller_left in self._in_progress.values():
                _resolve(caller_left)
            await asyncio.wait(self._in_progress, timeout=2 * GRACE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        content = await read_body(receive)
        if content is None:
            return
        self.requests.append(receive_request(scope, content))
        path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
        self.scrubber.learn_request(_decode_headers(scope["headers"]), query, content)
        request = Request.of(scope["method"], path, query, content)
        scrubbed = self.scrubber.request(request)
        found = self.store.take(scrubbed)
        connection: H11Protocol = scope["state"]["connection"]
        disconnect = asyncio.ensure_future(wait_for_disconnect(receive))
        try:
            if found is not None:
                await _replay(found.response, self._speed, connection, disconnect, send)
            elif self._upstream is None:
                self.unmatched.append(self.store.explain_mismatch(scrubbed))
                await _send_error("UnmatchedRequestError", self.unmatched[-1], send)
            else:
                exchange = Exchange(request=request, response=Response(ends="disconnected"))
                headers = _forwarded_headers(scope["headers"])
                caller_left = asyncio.get_running_loop().create_future()
                disconnect.add_done_callback(lambda _: _resolve(caller_left))
                if await self._forward(
                    exchange, self._record_response(exchange, headers, content, caller_left, send), caller_left
                ):
                    await _end_response(exchange.response, connection, disconnect, send)
                else:
                    await _send_error("RecordingError", self.failed[-1], send)
        finally:
            disconnect.cancel()

    async def _forward(
        self, exchange: Exchange, recording: Coroutine[Any, Any, None], caller_left: asyncio.Future[None]
    ) -> bool:
        """Record an exchange. Return whether the upstream could be reached."""
        # Added before the response comes, so that concurrent exchanges are recorded in the order of their requests.
        self.recorded.append(exchange)
        work = asyncio.ensure_future(recording)
        self._in_progress[work] = caller_left
        try:
            await work
        except _CONNECT_ERRORS as error:
            # Not with `remove`: another exchange may be equal.
            self.recorded = [one for one in self.recorded if one is not exchange]
            request = exchange.request
            self.failed.append(f"{request.method} {request.path} could not be forwarded to {self._upstream}: {error}.")
            return False
        finally:
            del self._in_progress[work]
        return True

    async def _record_response(
        self, exchange: Exchange, headers: HeaderFields, content: bytes, caller_left: asyncio.Future[None], send: Send
    ) -> None:
        """Record a response chunk by chunk, and send it on while the client is connected."""
        request, response = exchange.request, exchange.response
        url = f"{self._upstream}{request.path}{'?' if request.query else ''}{request.query}"
        outgoing = httpx.Request(request.method, url, headers=headers, content=content or None)
        grace = _GracePeriod(caller_left)
        # Each request has a connection of its own, so that an error of one does not affect another. The timeouts are
        # those of the client.
        async with httpx.AsyncClient(verify=_verify(outgoing.url.scheme), timeout=None) as client:  # noqa: S113
            try:
                last = monotonic()
                upstream = await grace.wait_for(client.send(outgoing, stream=True))
                if upstream is None:
                    return
                response.status, response.after = upstream.status_code, round(monotonic() - last, 3)
                fields = [
                    (name.lower(), value) for name, value in upstream.headers.raw if name.lower() not in _HOP_BY_HOP
                ]
                response.set_fields(_decode_headers(fields))
                await send(_response_start(upstream.status_code, fields))
                chunks = upstream.aiter_raw()
                last = monotonic()
                while chunk := await grace.wait_for(anext(chunks, b"")):
                    now = monotonic()
                    response.chunks.append(BodyChunk.of(chunk, now - last))
                    last = now
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                if chunk is not None:
                    response.ends = "complete"
            except _CONNECT_ERRORS:
                raise
            except httpx.TransportError:
                response.ends = "cut"


class _GracePeriod:
    """Run awaitables one after another. After the client has disconnected, stop waiting within `GRACE` seconds."""

    def __init__(self, caller_left: asyncio.Future[None]) -> None:
        self._caller_left = caller_left
        self._until: float | None = None

    async def wait_for(self, work: Awaitable[_T]) -> _T | None:
        """Return the result, or None if the grace period ends first."""
        task = asyncio.ensure_future(work)
        either: set[asyncio.Future[Any]] = {task, self._caller_left}
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
    response: Response, speed: float, connection: H11Protocol, disconnect: asyncio.Task[None], send: Send
) -> None:
    async def pause(seconds: float) -> None:
        # Let the event loop run other tasks, even without a pause.
        await asyncio.wait({disconnect}, timeout=0 if math.isinf(speed) else seconds / speed)

    await pause(response.after)
    chunks = [chunk.content for chunk in response.chunks]
    if response.status is not None and not disconnect.done():
        fields = response.fields
        if response.ends == "complete":
            # So that a recording can be edited without counting bytes.
            length = str(sum(map(len, chunks)))
            fields = [(name, length if name == "content-length" else value) for name, value in fields]
        await send(
            _response_start(response.status, [(name.encode(), value.encode("latin-1")) for name, value in fields])
        )
        for chunk, content in zip(response.chunks, chunks, strict=True):
            await pause(chunk.after)
            if disconnect.done():
                return
            await send({"type": "http.response.body", "body": content, "more_body": True})
    await _end_response(response, connection, disconnect, send)


async def _end_response(
    response: Response, connection: H11Protocol, disconnect: asyncio.Task[None], send: Send
) -> None:
    """End a response as it was recorded: complete, with a closed connection, or when the client disconnects."""
    if response.ends == "complete" and response.status is not None:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    if response.ends != "disconnected":
        connection.transport.close()
    # uvicorn sends a 500 if the application returns before the connection is closed.
    await disconnect


async def _send_error(error_type: str, message: str, send: Send) -> None:
    """Send an error that clients do not retry, flat as in version 2 of the API."""
    body = msgspec.json.encode(error_body(2, error_type, message))
    fields = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-should-retry", b"false"),
    ]
    await send(_response_start(400, fields))
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _response_start(status: int, fields: HeaderFields) -> Message:
    return {"type": "http.response.start", "status": status, "headers": fields}


def _decode_headers(fields: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in fields]


def _forwarded_headers(fields: HeaderFields) -> HeaderFields:
    """Return the headers of a forwarded request."""
    listed = {word.strip().lower() for name, value in fields if name == b"connection" for word in value.split(b",")}
    kept = [(name, value) for name, value in fields if name not in _NOT_FORWARDED and name not in listed]
    # A recording must be readable for users and for the search for secrets.
    return [*kept, (b"accept-encoding", b"identity")]


def _verify(scheme: str) -> ssl.SSLContext | bool:
    """Return how the certificate of the upstream is verified."""
    return _ssl_context() if scheme == "https" else False


@cache
def _ssl_context() -> ssl.SSLContext:
    # Once for the process, because it takes longer than a call.
    return httpx.create_ssl_context()


def _resolve(future: asyncio.Future[Any]) -> None:
    if not future.done():
        future.set_result(None)

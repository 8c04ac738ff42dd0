"""Send scripted replies: through uvicorn if they are valid HTTP, and straight to the socket if not."""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Awaitable, Callable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING

from .._loopback.asgi import wait_for_disconnect
from .reply import CUT, BodyPart, Pause, Reply, check_body_part

if TYPE_CHECKING:
    from starlette.types import Receive, Send
    from uvicorn.protocols.http.h11_impl import H11Protocol


logger = logging.getLogger("opper_chat.testing")


async def send_reply(reply: Reply, request_id: str, connection: H11Protocol, receive: Receive, send: Send) -> None:
    """Send a reply. Return early if the client disconnects."""
    disconnect = asyncio.ensure_future(wait_for_disconnect(receive))
    try:
        await _send(reply, _headers(reply, request_id), connection, send, disconnect)
    finally:
        disconnect.cancel()


async def _send(
    reply: Reply,
    headers: list[tuple[str, str]],
    connection: H11Protocol,
    send: Send,
    disconnect: asyncio.Task[None],
) -> None:
    await asyncio.wait({disconnect}, timeout=_seconds(reply.delay))
    is_raw = reply.bare or _has_framing_headers(reply)
    write = _to_socket(connection) if is_raw else _to_http(send)
    if is_raw and not reply.bare:
        await write(_response_head(reply.status, headers))
    elif not is_raw:
        await send(
            {
                "type": "http.response.start",
                "status": reply.status,
                "headers": [(n.lower().encode(), v.encode("latin-1")) for n, v in headers],
            }
        )
    for part in _checked_parts(_body_parts(reply)):
        if disconnect.done():
            return
        if isinstance(part, Pause):
            await asyncio.wait({disconnect}, timeout=_seconds(part.seconds))
        elif isinstance(part, bytes):
            await write(part)
            # Let the event loop run other tasks: the body may have no end.
            await asyncio.sleep(0)
        else:
            is_raw = True
            break
    if is_raw:
        connection.transport.close()
        # uvicorn sends a 500 if the application returns before the connection is closed.
        await disconnect
    else:
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _seconds(seconds: float) -> float | None:
    return None if seconds == float("inf") else seconds


def _to_http(send: Send) -> Callable[[bytes], Awaitable[None]]:
    async def write(data: bytes) -> None:
        await send({"type": "http.response.body", "body": data, "more_body": True})

    return write


def _to_socket(connection: H11Protocol) -> Callable[[bytes], Awaitable[None]]:
    async def write(data: bytes) -> None:
        await connection.flow.drain()
        connection.transport.write(data)

    return write


def _has_framing_headers(reply: Reply) -> bool:
    return any(name.lower() in ("content-length", "transfer-encoding") for name in reply.headers)


def _headers(reply: Reply, request_id: str) -> list[tuple[str, str]]:
    headers = list(reply.headers.items())
    if all(name.lower() != "x-request-id" for name in reply.headers):
        headers.append(("x-request-id", request_id))
    if reply.encoding is not None:
        headers.append(("content-encoding", reply.encoding))
    elif isinstance(reply.body, bytes) and not _has_framing_headers(reply):
        headers.append(("content-length", str(len(reply.body))))
    return headers


def _response_head(status: int, headers: list[tuple[str, str]]) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    fields = [f"{name}: {value}\r\n" for name, value in headers]
    lines = [f"HTTP/1.1 {status} {phrase}\r\n", *fields, "connection: close\r\n\r\n"]
    return "".join(lines).encode("latin-1")


def _checked_parts(parts: Iterator[BodyPart]) -> Iterator[BodyPart]:
    """Yield the parts of a body, and `CUT` if the test's iterator raises or yields anything else."""
    try:
        for part in parts:
            check_body_part(part, "body")
            yield part
    except Exception:
        # The status is already sent, so all that is left is to close the connection.
        logger.exception("The body of a scripted reply failed.")
        yield CUT


def _body_parts(reply: Reply) -> Iterator[BodyPart]:
    parts = [reply.body] if isinstance(reply.body, bytes) else reply.body
    if reply.encoding is None:
        yield from parts
        return
    # zlib reads 31 as the gzip format. "deflate" is the zlib format (RFC 9110, section 8.4.1.2).
    compressor = zlib.compressobj(wbits=31 if reply.encoding == "gzip" else zlib.MAX_WBITS)
    for part in parts:
        if isinstance(part, bytes):
            yield compressor.compress(part) + compressor.flush(zlib.Z_SYNC_FLUSH)
        else:
            yield part
    yield compressor.flush()

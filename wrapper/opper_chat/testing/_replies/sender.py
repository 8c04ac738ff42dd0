"""Sends a scripted reply, through HTTP as far as it keeps to it and straight to the socket where not."""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Awaitable, Callable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING

from .reply import CUT, Pause, Piece, Reply, check_piece

if TYPE_CHECKING:
    from starlette.types import Receive, Send
    from uvicorn.protocols.http.h11_impl import H11Protocol


logger = logging.getLogger("opper_chat.testing")


async def play(reply: Reply, request_id: str, connection: H11Protocol, receive: Receive, send: Send) -> None:
    """Send the reply; return early when the client leaves."""
    gone = asyncio.ensure_future(disconnected(receive))
    try:
        await _perform(reply, _headers(reply, request_id), connection, send, gone)
    finally:
        gone.cancel()


async def _perform(
    reply: Reply,
    headers: list[tuple[str, str]],
    connection: H11Protocol,
    send: Send,
    gone: asyncio.Task[None],
) -> None:
    await asyncio.wait({gone}, timeout=_seconds(reply.delay))
    by_hand = reply.bare or _framed(reply)
    write = _to_socket(connection) if by_hand else _to_http(send)
    if by_hand and not reply.bare:
        await write(_head(reply.status, headers))
    elif not by_hand:
        await send(
            {
                "type": "http.response.start",
                "status": reply.status,
                "headers": [(n.lower().encode(), v.encode("latin-1")) for n, v in headers],
            }
        )
    for piece in _logged(_pieces(reply)):
        if gone.done():
            return
        if isinstance(piece, Pause):
            await asyncio.wait({gone}, timeout=_seconds(piece.seconds))
        elif isinstance(piece, bytes):
            await write(piece)
            # A body without end must leave the loop its turns.
            await asyncio.sleep(0)
        else:
            by_hand = True
            break
    if by_hand:
        connection.transport.close()
        # The protocol answers 500 for whoever returns before the connection is gone.
        await gone
    else:
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


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


def _framed(reply: Reply) -> bool:
    return any(name.lower() in ("content-length", "transfer-encoding") for name in reply.headers)


def _headers(reply: Reply, request_id: str) -> list[tuple[str, str]]:
    headers = list(reply.headers.items())
    if all(name.lower() != "x-request-id" for name in reply.headers):
        headers.append(("x-request-id", request_id))
    if reply.encoding is not None:
        headers.append(("content-encoding", reply.encoding))
    elif isinstance(reply.body, bytes) and not _framed(reply):
        headers.append(("content-length", str(len(reply.body))))
    return headers


def _head(status: int, headers: list[tuple[str, str]]) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    fields = [f"{name}: {value}\r\n" for name, value in headers]
    lines = [f"HTTP/1.1 {status} {phrase}\r\n", *fields, "connection: close\r\n\r\n"]
    return "".join(lines).encode("latin-1")


def _logged(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Yield the pieces of a body, and `CUT` if an iterator of the test raises or yields something else."""
    try:
        for piece in pieces:
            check_piece(piece, "body")
            yield piece
    except Exception:
        # The status is sent already, so the connection can only be cut.
        logger.exception("The body of a scripted reply failed.")
        yield CUT


def _pieces(reply: Reply) -> Iterator[Piece]:
    pieces = [reply.body] if isinstance(reply.body, bytes) else reply.body
    if reply.encoding is None:
        yield from pieces
        return
    # 31 is zlib's word for the gzip format; "deflate" is the zlib format (RFC 9110, 8.4.1.2).
    packer = zlib.compressobj(wbits=31 if reply.encoding == "gzip" else zlib.MAX_WBITS)
    for piece in pieces:
        if isinstance(piece, bytes):
            yield packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH)
        else:
            yield piece
    yield packer.flush()

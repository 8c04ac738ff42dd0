"""What the server received, out of the words of ASGI. Nothing is answered here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ._json import is_object
from ._script import ReceivedRequest

if TYPE_CHECKING:
    from starlette.types import Receive, Scope


async def read_content(receive: Receive) -> bytes | None:
    """Read the body of a request; None when the client left before its end."""
    pieces: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)


def read_request(scope: Scope, content: bytes) -> ReceivedRequest:
    """Return what is kept of a request: its key is not."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    if "authorization" in headers:
        headers["authorization"] = "***"
    try:
        body: object = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = None
    return ReceivedRequest(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=body if is_object(body) else {},
        content=content,
    )

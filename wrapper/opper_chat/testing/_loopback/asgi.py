"""What the server received, out of the words of ASGI. Nothing is answered here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._replies.reply import ReceivedRequest, received_request

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
    return received_request(scope["method"], scope["path"], scope["query_string"], scope["headers"], content)

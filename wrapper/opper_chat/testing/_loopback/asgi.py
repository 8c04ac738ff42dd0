"""Read requests from ASGI messages. Nothing is sent here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .received_request import ReceivedRequest, received_request

if TYPE_CHECKING:
    from starlette.types import Receive, Scope


async def read_body(receive: Receive) -> bytes | None:
    """Return the body of a request, or None if the client disconnects before its end."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def receive_request(scope: Scope, content: bytes) -> ReceivedRequest:
    """Return the record of a request, without its API key."""
    return received_request(scope["method"], scope["path"], scope["query_string"], scope["headers"], content)


async def wait_for_disconnect(receive: Receive) -> None:
    """Return when the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass

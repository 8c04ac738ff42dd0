"""The record of a request that a server or proxy received. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from .._json import is_list, is_object


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """A request as it was received."""

    method: str
    """The HTTP method, such as `POST`."""

    path: str
    """The path without the query."""

    query: str
    """The query as it was sent, without the question mark. Empty if there is none."""

    headers: Mapping[str, str]
    """The headers, by name in lower case. The value of `authorization` is replaced by `***`."""

    body: dict[str, Any]
    """The body, if it is a JSON object. Otherwise empty."""

    content: bytes
    """The bytes of the body."""

    @property
    def model(self) -> object:
        """The property `model` of the body, of any type. None if it is missing."""
        return self.body.get("model")

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The property `messages` of the body. Empty if it is missing.

        Raises:
            AssertionError: It is not a list of objects.
        """
        messages = self.body.get("messages", [])
        if not is_list(messages) or not all(map(is_object, messages)):
            raise AssertionError(f"messages: expected a list of objects, got {repr(messages)[:200]}.")
        return messages


def received_request(
    method: str, path: str, query: bytes, headers: Iterable[tuple[bytes, bytes]], content: bytes
) -> ReceivedRequest:
    """Return the record of a request.

    Args:
        method: The HTTP method.
        path: The path, decoded.
        query: The query, as it was sent.
        headers: Names, in lower case, and values.
        content: The body.
    """
    named = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
    if "authorization" in named:
        named["authorization"] = "***"
    try:
        body: object = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = None
    return ReceivedRequest(method, path, query.decode("latin-1"), named, body if is_object(body) else {}, content)

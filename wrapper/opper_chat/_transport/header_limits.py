"""Limits of the headers of a response, so that a server cannot fill the memory, and the error beyond them."""

from __future__ import annotations

from typing import NamedTuple

from .._http.library import httpx


class HeaderLimits(NamedTuple):
    """The largest response headers that a connection reads. Each field is a number, or None for no limit."""

    max_header_bytes: int | None = None
    """Bytes of the status line and the headers."""

    max_informational_responses: int | None = None
    """Responses with a 1xx status before the final one (RFC 9110 section 15.2)."""


class HeaderLimitError(httpx.RemoteProtocolError):
    """The headers of a response exceed a limit.

    Attributes:
        limit: The field of `HeaderLimits`.
        maximum: Its value.
    """

    def __init__(self, limit: str, maximum: int) -> None:
        super().__init__(f"the headers of the response exceed the limit {limit}={maximum:,}")
        self.limit = limit
        self.maximum = maximum

"""The HTTP response and request of a failed call, as an error shows them. No I/O, no HTTP library.

They have the names that httpx has for them, so that an ``except`` block that was written for the OpenAI SDK works.
They are copied and pickled with their error, and hold no key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .._json import codec as _json
from .answer_headers import AnswerHeaders
from .excerpts import decode_text


class ErrorRequest:  # noqa: PLW1641  # its headers are a dict, which has no hash
    """The request that failed.

    Attributes:
        method: such as ``POST``.
        url: where it was sent, with the query; values that may be credentials are ``[removed]``.
        headers: by their names in upper or lower case; values that may be credentials are ``[removed]``.
    """

    __slots__ = ("headers", "method", "url")

    def __init__(self, method: str, url: str, headers: Mapping[str, str]) -> None:
        self.method: str = method
        self.url: str = url
        self.headers: Mapping[str, str] = AnswerHeaders(headers)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}({self.method!r}, {self.url!r})>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ErrorRequest):
            return NotImplemented
        return (self.method, self.url, self.headers) == (other.method, other.url, other.headers)


class ErrorResponse:  # noqa: PLW1641  # its headers are a dict, which has no hash
    """The response that says that the call failed.

    Attributes:
        status_code: the HTTP status.
        headers: by their names in upper or lower case.
        content: the body as it came, decompressed, without the key.
    """

    __slots__ = ("_request", "content", "headers", "status_code")

    def __init__(
        self, status_code: int, headers: Mapping[str, str], content: bytes, request: ErrorRequest | None
    ) -> None:
        self.status_code: int = status_code
        self.headers: Mapping[str, str] = AnswerHeaders(headers)
        self.content: bytes = content
        self._request: ErrorRequest | None = request

    @property
    def request(self) -> ErrorRequest:
        """The request that was answered.

        Raises:
            RuntimeError: the error is not of a call but was created without a request. httpx raises the same.
        """
        if self._request is None:
            raise RuntimeError("The request of this response is not known.")
        return self._request

    @property
    def text(self) -> str:
        """The body as text, in the charset that the content type names, else in UTF-8."""
        return decode_text(self.content, self.headers.get("content-type", ""))

    def json(self) -> Any:
        """Return the body as a JSON value.

        Raises:
            json.JSONDecodeError: it is not JSON. This is a ValueError, and what httpx raises.
        """
        try:
            return _json.decode(self.content)
        except ValueError as error:
            raise json.JSONDecodeError(f"The body of the response is not JSON ({error})", self.text, 0) from None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} [{self.status_code}]>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ErrorResponse):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

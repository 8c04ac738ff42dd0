"""The HTTP request and response that an error has. No I/O, no HTTP library.

Their attributes have the names of httpx, so that an ``except`` block that was written for the OpenAI SDK works. They
are copied and pickled with their error, and contain no key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .._json import codec as _json
from .excerpts import decode_text
from .response_headers import ResponseHeaders


class ErrorRequest:  # noqa: PLW1641  # dicts have no hash
    """The request that failed.

    Attributes:
        method: the HTTP method, such as ``POST``.
        url: the URL with its query. Values that can be credentials are ``[removed]``.
        headers: the headers. Case is ignored in names. Values that can be credentials are ``[removed]``.
    """

    __slots__ = ("headers", "method", "url")

    def __init__(self, method: str, url: str, headers: Mapping[str, str]) -> None:
        self.method: str = method
        self.url: str = url
        self.headers: Mapping[str, str] = ResponseHeaders(headers)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}({self.method!r}, {self.url!r})>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ErrorRequest):
            return NotImplemented
        return (self.method, self.url, self.headers) == (other.method, other.url, other.headers)


class ErrorResponse:  # noqa: PLW1641  # dicts have no hash
    """The response of a call that failed.

    Attributes:
        status_code: the HTTP status.
        headers: the headers. Case is ignored in names.
        content: the decompressed body, without the key.
    """

    __slots__ = ("_request", "content", "headers", "status_code")

    def __init__(
        self, status_code: int, headers: Mapping[str, str], content: bytes, request: ErrorRequest | None
    ) -> None:
        self.status_code: int = status_code
        self.headers: Mapping[str, str] = ResponseHeaders(headers)
        self.content: bytes = content
        self._request: ErrorRequest | None = request

    @property
    def request(self) -> ErrorRequest:
        """The request of this response.

        Raises:
            RuntimeError: the error was created without a request. httpx raises the same.
        """
        if self._request is None:
            raise RuntimeError("The request of this response is not known.")
        return self._request

    @property
    def text(self) -> str:
        """The body, decoded by the charset of its content type, or as UTF-8 if it names none that is known."""
        return decode_text(self.content, self.headers.get("content-type", ""))

    def json(self) -> Any:
        """Return the body as a JSON value.

        Returns:
            The value, of built-in types.

        Raises:
            json.JSONDecodeError: the body is not JSON. httpx raises the same.
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

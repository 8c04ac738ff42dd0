"""Build the errors for responses with an error status, and for bodies that are not JSON. No I/O, no HTTP library."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from .._errors.api import (
    APIError,
    APIResponseValidationError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    UnprocessableEntityError,
)
from .._errors.bodies import read_error_body
from .._errors.excerpts import excerpt
from .._json import codec as _json


def not_json(status_code: int, headers: Mapping[str, str], content: bytes, reason: str) -> APIResponseValidationError:
    """Return the error for a body that is not JSON."""
    if content.strip():
        what = f"{_body_of(headers)} that is not JSON ({reason})"
    else:
        what = f"an empty body ({headers.get('content-type') or 'no content type'})"
    return APIResponseValidationError(
        with_excerpt(f"The server responded with {status_code} and {what}", headers, content),
        status_code=status_code,
        headers=headers,
        raw_body=content,
    )


_BY_STATUS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


def status_error_class(status_code: int) -> type[APIStatusError]:
    """Return the error class for an error status."""
    return _BY_STATUS.get(status_code) or (InternalServerError if status_code >= 500 else APIStatusError)


def status_error(status_code: int, headers: Mapping[str, str], content: bytes) -> APIError:
    """Return the error for an error status, with a body of any kind."""
    body = _error_body(content)
    try:
        phrase = HTTPStatus(status_code).phrase
    except ValueError:
        phrase = "an unregistered status"
    message = f"The server responded with {status_code} ({phrase})"
    if content.strip() and body is None:
        message += f" and {_body_of(headers)}"
    shown = content
    if isinstance(body, str) and body:
        message, shown = body, b""
    return status_error_class(status_code)(
        with_excerpt(message, headers, shown, body),
        status_code=status_code,
        headers=headers,
        raw_body=content,
        body=body,
    )


def _body_of(headers: Mapping[str, str]) -> str:
    kind = headers.get("content-type")
    return f"a body of {kind}" if kind else "a body without a content type"


def with_excerpt(message: str, headers: Mapping[str, str], content: bytes, body: object = None) -> str:
    """Return a message as a sentence, with an excerpt of the body if the body has no error message."""
    shown = "" if read_error_body(body).message else excerpt(content, headers.get("content-type", ""))
    return f"{message}: {shown}" if shown else f"{message}."


def _error_body(content: bytes) -> object:
    """Return the JSON in the body of an error response, or None. Some servers send it as an event of a stream."""
    from .._http.sse import EventDecoder  # most plain calls never need it

    texts: list[bytes | str] = [content, *(event.data for event in EventDecoder().feed(content + b"\n\n"))]
    for text in texts:
        try:
            return _json.decode(text)
        except ValueError:
            continue
    return None

"""The limits of the responses that a client accepts, so that a server cannot fill the memory of a program.

Does no I/O. The limits are counted where the bytes are read: headers in the connection, the decoded body in
`_http.content_coding`, events, choices and tool calls in `_streaming`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .._errors.api import InvalidArgumentError, ResponseTooLargeError
from .._errors.describe import describe
from .._json.codec import is_array, is_object

KIB = 1024
MIB = 1024 * KIB


class ResponseLimits(NamedTuple):
    """The largest response that a client accepts. Each field is a number, or None for no limit.

    A response that exceeds a limit raises `ResponseTooLargeError`, which names the field, and its connection is closed.
    An error response with a body above ``max_error_body_bytes`` raises the error of its status, with the beginning of
    the body.
    """

    max_body_bytes: int | None = 64 * MIB
    """Bytes of the body of a plain response, after decompression. Default: 64 MiB."""

    max_stream_bytes: int | None = 256 * MIB
    """Bytes of a whole stream, after decompression. Default: 256 MiB."""

    max_error_body_bytes: int | None = 1 * MIB
    """Bytes of the body of a response with an error status, after decompression. Default: 1 MiB."""

    max_event_bytes: int | None = 64 * MIB
    """Bytes of one server-sent event. Default: 64 MiB."""

    max_choices: int | None = 1024
    """Choices of one completion. Default: 1,024."""

    max_tool_calls: int | None = 1024
    """Tool calls of one choice. Default: 1,024."""

    max_header_bytes: int | None = 100 * KIB
    """Bytes of the status line and the headers. Default: 100 KiB. With an ``http_client`` or a proxy, httpx decides."""

    max_informational_responses: int | None = 16
    """Responses with a 1xx status before the final one (RFC 9110 section 15.2). Default: 16. With an ``http_client`` or
    a proxy, httpx decides."""

    max_content_codings: int | None = 1
    """Content codings that a body was encoded with, one over the other (RFC 9110 section 8.4). Default: 1."""


DEFAULT_LIMITS = ResponseLimits()


def check_response_limits(value: object) -> None:
    """Validate the option ``response_limits``.

    Raises:
        InvalidArgumentError: it is not a `ResponseLimits`, or a field is neither an integer from 1 nor None.
    """
    if not isinstance(value, ResponseLimits):
        raise InvalidArgumentError("response_limits", "a ResponseLimits or None", describe(value))
    for name, given in value._asdict().items():
        if given is not None and (type(given) is not int or given < 1):
            raise InvalidArgumentError(f"response_limits.{name}", "an integer from 1, or None", repr(given))


class LimitExceededError(Exception):
    """A limit is exceeded. The code that has the response raises a `ResponseTooLargeError` for it.

    Attributes:
        limit: the field of `ResponseLimits`.
    """

    def __init__(self, limit: str) -> None:
        super().__init__(limit)
        self.limit = limit


def within(count: int, maximum: int | None) -> bool:
    """Return whether a count does not exceed a limit."""
    return maximum is None or count <= maximum


def exceeded_limit(body: object, limits: ResponseLimits) -> str | None:
    """Return the name of the limit that the choices or tool calls of a completion or a chunk exceed, or None."""
    choices = body.get("choices") if is_object(body) else None
    if not is_array(choices):
        return None
    if not within(len(choices), limits.max_choices):
        return "max_choices"
    for choice in choices:
        message = (choice.get("message") or choice.get("delta")) if is_object(choice) else None
        calls = message.get("tool_calls") if is_object(message) else None
        if is_array(calls) and not within(len(calls), limits.max_tool_calls):
            return "max_tool_calls"
    return None


def too_large_error(
    limits: ResponseLimits,
    limit: str,
    *,
    status_code: int | None = None,
    headers: Mapping[str, str] | None = None,
    raw_body: bytes = b"",
) -> ResponseTooLargeError:
    """Return the error for a response that exceeds a limit, which is named by its field."""
    maximum: int = getattr(limits, limit)
    return ResponseTooLargeError(limit, maximum, status_code=status_code, headers=headers, raw_body=raw_body)

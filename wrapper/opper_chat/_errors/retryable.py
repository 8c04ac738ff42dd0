"""Decide whether a failure is retried: by the status, the kind of timeout, or the header ``x-should-retry``. No I/O.

How often and when a request is sent again is decided by `_call.retries`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

RETRYABLE_STATUSES = frozenset({408, 409, 429, *range(500, 600)} - {501, 505})
"""Statuses after which a request is sent again: timeout, conflict, rate limit, and every failure of a server or
gateway, registered or not (520 to 530 are those of Cloudflare). 501 and 505 mean that the server lacks a feature."""

RETRYABLE_TIMEOUTS = frozenset({"connect", "read", "write"})
"""The kinds of timeouts after which a request is sent again. A full pool was waited for as long as the caller wants to
wait, and `first_token_timeout`, `idle_timeout` and `deadline` bound the whole call."""

_STATUS = re.compile(r"[1-5][0-9]{2}", re.ASCII)


def read_should_retry(headers: Mapping[str, str]) -> bool | None:
    """Return the value of the ``x-should-retry`` header of a response, or None if it is neither true nor false."""
    value = headers.get("x-should-retry", "").lower()
    return value == "true" if value in ("true", "false") else None


def is_retryable_status(status_code: int | None, code: str | int | None) -> bool:
    """Return whether a request that failed with a status is sent again.

    Args:
        status_code: the HTTP status, or None if there was no response.
        code: the code in the body. Some gateways respond with 200 and put the status there.
    """
    if status_code is None or not 200 <= status_code < 300:
        return status_code in RETRYABLE_STATUSES
    return (int(code) if isinstance(code, str) and _STATUS.fullmatch(code) else code) in RETRYABLE_STATUSES


def is_retryable_disconnect(status_code: int | None) -> bool:
    """Return whether a request is sent again after its connection failed.

    Args:
        status_code: the status of a response whose body is not whole, or None if there was no response.
    """
    return status_code is None or 200 <= status_code < 300 or status_code in RETRYABLE_STATUSES

"""Parse the wait that a server requests. No I/O and no clock; the time is handed in.

These headers are read, and the first one that can be read counts:

- ``retry-after-ms``: milliseconds.
- ``Retry-After``: seconds, or a date (RFC 9110 section 10.2.3). Fractions of seconds and dates of RFC 3339 are read
  too, because servers send them.
- ``RateLimit-Reset``, and ``t`` of ``RateLimit``: seconds (draft-ietf-httpapi-ratelimit-headers-10 section 4). They say
  when the quota is reset, and stand in successful responses too, so that they count in a response with status 429 only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?")
_RESET = re.compile(r";\s*t=([0-9]{1,9})")


class RetryAfter(NamedTuple):
    """A wait that a server requests."""

    seconds: float
    """0 for a date that has passed."""
    is_rounded: bool
    """Whether it is a whole number of seconds, which most servers round up to."""

    @property
    def minimum(self) -> float:
        """The seconds that the server needs at least: 1 may stand for the next millisecond."""
        return max(self.seconds - 1, 0.0) if self.is_rounded else self.seconds


def parse_retry_after(headers: Mapping[str, str], status_code: int | None, now: datetime | None) -> RetryAfter | None:
    """Return the wait that the server requests, or None if it requests none.

    Args:
        headers: of the response; names in lower case, or a case-insensitive mapping.
        status_code: of the response.
        now: the time from which a date counts if the response has no ``Date``. If this is None, the date is ignored.
    """
    if (milliseconds := _parse_number(headers.get("retry-after-ms", ""))) is not None:
        return RetryAfter(milliseconds / 1000, is_rounded=False)
    values = [headers.get("retry-after", "")]
    if status_code == 429:
        reset = _RESET.search(headers.get("ratelimit", ""))
        values += [headers.get("ratelimit-reset", ""), reset[1] if reset else ""]
    for value in values:
        if (seconds := _parse_number(value)) is not None:
            return RetryAfter(seconds, is_rounded="." not in value)
        until = _parse_date(value)
        start = None if until is None else _parse_date(headers.get("date", "")) or now
        if until is not None and start is not None:
            return RetryAfter(max((until - start).total_seconds(), 0.0), is_rounded=True)
    return None


def _parse_number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text.strip()) else None


def _parse_date(text: str) -> datetime | None:
    if ":" not in text:
        return None  # the parser would read "-1" as a day of this month
    from dateutil.parser import ParserError, parse  # few servers send dates

    try:
        date = parse(text, tzinfos=lambda _name, offset: offset or 0)
        return date.astimezone(UTC) if date.tzinfo is not None else date.replace(tzinfo=UTC)
    except (ParserError, ArithmeticError, ValueError):
        return None

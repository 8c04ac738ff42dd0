"""How often a failed request is sent again, and how long to wait before it. No I/O; the time is handed in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from .._concurrency.deadlines import Deadlines
from .._errors.api import APIError
from .._observability.record import Attempt, CallRecord

if TYPE_CHECKING:
    from tenacity import RetryCallState

FIRST_WAIT = 0.5
"""The most seconds before the first retry; twice as many before each further one."""

LONGEST_WAIT = 8.0
"""The most seconds before any retry, unless the server asks for more."""

NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?")

LONGEST_ASKED = 60.0
"""The most seconds that are waited because a server asks for it."""


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the seconds that a server asks to wait, or None where it does not say.

    ``retry-after-ms`` in milliseconds; ``Retry-After`` in seconds or as an HTTP date (RFC 9110 section 10.2.3), and as
    the dates of RFC 3339 that some servers put there. A date that has passed is 0.
    """
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    said = headers.get("retry-after", "").strip()
    if (seconds := _number(said)) is not None:
        return seconds
    if ":" not in said:
        return None  # the parser would see a day of this month in "-1"
    from dateutil.parser import ParserError, parse  # few servers send dates

    try:
        until = parse(said, tzinfos=lambda _name, offset: offset or 0)
        until = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
        return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())
    except (ParserError, ArithmeticError, ValueError):
        return None


def _number(text: str | None) -> float | None:
    return float(text) if text and NUMBER.fullmatch(text.strip()) else None


def backoff(attempt: int) -> float:
    """Return the seconds to wait after an attempt, counted from 1: any up to a bound that doubles (full jitter)."""
    from tenacity import wait_random_exponential  # loaded when something failed

    class State:
        attempt_number = attempt

    return wait_random_exponential(multiplier=FIRST_WAIT, max=LONGEST_WAIT)(cast("RetryCallState", State))


class Retries:
    """The attempts of one call.

    Args:
        max_retries: how many may follow the first.
        deadlines: those of the call.

    Attributes:
        attempts: those that ended, oldest first.
        redirects: how many of them were answered with a redirect that was followed.
    """

    __slots__ = ("_deadlines", "_max", "attempts", "redirects")

    def __init__(self, max_retries: int, deadlines: Deadlines) -> None:
        self._max = max_retries
        self._deadlines = deadlines
        self.attempts: list[Attempt] = []
        self.redirects = 0

    def succeeded(self, call: CallRecord, seconds: float) -> None:
        """Take note of an attempt that did not fail, after so many seconds."""
        self.attempts.append(Attempt(call.status_code, None, 0.0, seconds, call.request_id))

    def redirected(self, call: CallRecord, seconds: float) -> None:
        """Record a request that was redirected. It counts as an attempt that was made, and not as a retry."""
        self.redirects += 1
        self.attempts.append(Attempt(call.status_code, None, 0.0, seconds, call.request_id))

    def broken_off(self, error: BaseException, call: CallRecord, seconds: float) -> None:
        """Take note of an attempt that something from outside ended, such as a cancellation."""
        self.attempts.append(Attempt(call.status_code, _text(error), 0.0, seconds, call.request_id))

    def failed(self, error: APIError, seconds: float, now: float, *, final: bool = False) -> float | None:
        """Take note of an attempt that failed, after so many seconds.

        Returns:
            How long to wait for the next one, or None where there is to be none: then the error has the attempts, and
            says why, if it would have been tried again otherwise.
        """
        wait = None if final else self._wait(error, now)
        self.attempts.append(Attempt(error.status_code, _text(error), wait or 0.0, seconds, error.request_id))
        error.attempts = tuple(self.attempts)
        return wait

    def _wait(self, error: APIError, now: float) -> float | None:
        failed = len(self.attempts) - self.redirects
        if failed >= self._max or not error.is_retryable:
            return None
        asked = retry_after(error.headers)
        if asked is not None and asked > LONGEST_ASKED:
            error.add_note(f"Not tried again: the server asks to wait {asked:g} s, more than {LONGEST_ASKED:g} s.")
            return None
        # Beside what the server asks for, so that those whom it told the same do not all come back at once.
        wait = (asked or 0.0) + backoff(failed + 1)
        limit = self._deadlines.next_timeout(now) if self._deadlines.is_bounded else None
        if limit is not None and wait >= limit.remaining:
            error.add_note(
                f"Not tried again: a wait of {wait:.1f} s would pass the {limit.parameter} of {limit.seconds:g} s, "
                f"of which {max(limit.remaining, 0):.1f} s are left.",
            )
            return None
        return wait


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")

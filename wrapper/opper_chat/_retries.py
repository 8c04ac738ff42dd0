"""Whether a failed attempt is worth another, and how long to wait for it. No I/O; the time is handed in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from ._clocks import CallClocks
from ._errors import APIConnectionError, APIError, APITimeoutError, StreamTruncatedError, add_explanation
from ._record import Attempt, CallRecord

if TYPE_CHECKING:
    from tenacity import RetryCallState

RETRIED = frozenset({408, 409, 429, *range(500, 600)} - {501, 505})
"""Statuses after which a request is sent again: timeout, conflict, rate limit, and every failure of a server or
gateway, registered or not (520 to 530 are those of Cloudflare). 501 and 505 say that the server lacks a feature."""

CLOCKS_OF_A_STEP = frozenset({"connect", "read", "write"})
"""The clocks after which another attempt is made. A full pool was waited for as long as the caller wants to wait, and
`first_token_timeout`, `idle_timeout` and `deadline` bound the whole call."""

FIRST_WAIT = 0.5
"""The most seconds before the first retry; twice as many before each further one."""

LONGEST_WAIT = 8.0
"""The most seconds before any retry, unless the server asks for more."""

STATUS = re.compile(r"[1-5][0-9]{2}", re.ASCII)

NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?")

LONGEST_ASKED = 60.0
"""The most seconds that are waited because a server asks for it."""


def is_retried(error: APIError) -> bool:
    """Whether the same request may succeed if it is sent again soon.

    A server's ``x-should-retry`` is its own word about it.
    """
    said = error.headers.get("x-should-retry", "").lower()
    if said in ("true", "false"):
        return said == "true"
    if isinstance(error, APIConnectionError):
        if isinstance(error, APITimeoutError) and error.timeout_kind not in CLOCKS_OF_A_STEP:
            return False
        answered = error.status_code  # by an answer whose body did not come
        return not error.lasting and (answered is None or 200 <= answered < 300 or answered in RETRIED)
    if isinstance(error, StreamTruncatedError):
        return True
    # Some gateways answer 200 and put the status into the body.
    if error.status_code is None or not 200 <= error.status_code < 300:
        return error.status_code in RETRIED
    code = error.code
    return (int(code) if isinstance(code, str) and STATUS.fullmatch(code) else code) in RETRIED


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
        clocks: those of the call.

    Attributes:
        attempts: those that ended, oldest first.
        redirects: how many of them were answered with a redirect that was followed.
    """

    __slots__ = ("_clocks", "_max", "attempts", "redirects")

    def __init__(self, max_retries: int, clocks: CallClocks) -> None:
        self._max = max_retries
        self._clocks = clocks
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
        if failed >= self._max or not is_retried(error):
            return None
        asked = retry_after(error.headers)
        if asked is not None and asked > LONGEST_ASKED:
            add_explanation(
                error, f"Not tried again: the server asks to wait {asked:g} s, more than {LONGEST_ASKED:g} s."
            )
            return None
        # Beside what the server asks for, so that those whom it told the same do not all come back at once.
        wait = (asked or 0.0) + backoff(failed + 1)
        limit = self._clocks.limit(now) if self._clocks.running else None
        if limit is not None and wait >= limit.left:
            add_explanation(
                error,
                f"Not tried again: a wait of {wait:.1f} s would pass the {limit.parameter} of {limit.seconds:g} s, "
                f"of which {max(limit.left, 0):.1f} s are left.",
            )
            return None
        return wait


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")

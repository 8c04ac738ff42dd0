"""Decide whether a failed request is sent again, and after which wait. No I/O; the monotonic time is handed in.

`_errors.retryable` decides which errors are retryable, and `retry_after` parses the wait that a server requests.
"""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from .._concurrency.deadlines import Deadlines
from .._errors.api import APIError
from .retry_after import parse_retry_after

if TYPE_CHECKING:
    from tenacity import RetryCallState

FIRST_WAIT = 0.5
"""The most seconds before the first retry. The bound doubles with each further retry."""

LONGEST_WAIT = 8.0
"""The most seconds before any retry, unless the server requests more."""

LONGEST_RETRY_AFTER = 60.0
"""The most seconds that a call waits because the server requests it."""


def backoff(attempt: int) -> float:
    """Return the seconds to wait after an attempt, counted from 1: any up to a bound that doubles (full jitter)."""
    from tenacity import wait_random_exponential  # loaded when something failed

    state = SimpleNamespace(attempt_number=attempt)
    return wait_random_exponential(multiplier=FIRST_WAIT, max=LONGEST_WAIT)(cast("RetryCallState", state))


def longest_backoff(retries: int) -> float:
    """Return the most seconds that the waits before so many retries take together, without those of the server."""
    doubling = min(retries, 4)  # from then on each takes LONGEST_WAIT
    return FIRST_WAIT * (2.0**doubling - 1) + LONGEST_WAIT * (retries - doubling)


def wait_before_retry(error: APIError, failed: int, max_retries: int, deadlines: Deadlines, now: float) -> float | None:
    """Return the seconds to wait before the next attempt of a call, or None if there is none.

    Args:
        error: why the last attempt failed. It gets a note if it is not retried only because of the wait.
        failed: how many attempts had failed before this one.
        max_retries: how many attempts may follow the first.
        deadlines: those of the call.
        now: the time.
    """
    if failed >= max_retries or not error.is_retryable:
        return None
    requested = parse_retry_after(error.headers, error.status_code, datetime.now(UTC))
    seconds = 0.0 if requested is None else requested.seconds
    if seconds > LONGEST_RETRY_AFTER:
        error.add_note(
            f"Not retried: the server requests a wait of {seconds:g} s, and the client waits at most "
            f"{LONGEST_RETRY_AFTER:g} s."
        )
        return None
    # The backoff is added, so that clients with the same Retry-After do not all send at once.
    wait = seconds + backoff(failed + 1)
    timeout = deadlines.next_timeout(now) if deadlines.is_bounded else None
    if timeout is not None and wait >= timeout.remaining:
        error.add_note(
            f"Not retried: a wait of {wait:.1f} s would exceed the {timeout.parameter} of {timeout.seconds:g} s "
            f"({max(timeout.remaining, 0):.1f} s left)."
        )
        return None
    return wait

"""Limits on the cost, the tokens and the errors of a batch. No I/O. The engine calls them one at a time."""

from __future__ import annotations

from decimal import Decimal
from math import inf
from typing import Literal, NamedTuple, TypeAlias

StopReason: TypeAlias = Literal["max_cost", "max_errors", "max_consecutive_errors", "interrupt", "stop"]
"""Why a batch ended before its input: the option that has the limit, Ctrl-C, or a call of ``stop()``."""

NO_LIMIT = 1 << 62
"""More rows than there are."""

MINIMUM_FOR_SHARE = 100
"""A share of errors is not looked at before so many rows."""

BURST_SECONDS = 5
"""The tokens of how many seconds can be used at once."""


class TotalCost(NamedTuple):
    """What rows cost together."""

    cost: Decimal = Decimal(0)
    """US dollars."""
    rows: int = 0
    """The rows that cost something."""


class CostLimit:
    """Stops a batch before it costs too much.

    A row is started if its expected cost, the mean of the rows until then, and that of the rows in flight still fit.
    The first row runs alone, so that an unknown cost is noticed after one call.

    Args:
        maximum: US dollars.
        earlier: what the rows of earlier runs cost.
    """

    def __init__(self, maximum: Decimal, earlier: TotalCost) -> None:
        self._maximum = maximum
        self._spent, self._rows = earlier

    def record(self, cost: Decimal, rows: int = 1) -> None:
        """Record what rows cost that were sent."""
        self._spent += cost
        self._rows += rows

    def affordable(self, in_flight: int) -> int:
        """Return how many further rows may be started; 1 as long as no cost is known."""
        if self._spent >= self._maximum:
            return 0
        if not self._rows:
            return 1
        mean = self._spent / self._rows
        return max(0, int((self._maximum - self._spent) / mean) - in_flight) if mean else NO_LIMIT

    def wait(self, in_flight: int) -> bool | None:
        """Return whether the next row must wait for the end of one in flight, or None if the batch is to stop."""
        if self._spent >= self._maximum:
            return None
        may_start = bool(self._rows) or not in_flight
        if may_start and self.affordable(in_flight):
            return False
        return True if in_flight else None


class TokenRate:
    """Limits the tokens per minute, by the usage that the server sends.

    Rows in flight count with the mean of those that have ended. If they use more, the next ones wait until the debt is
    paid off.

    Args:
        per_minute: the tokens of prompts and completions.
        now: the time, in seconds.
    """

    def __init__(self, per_minute: float, now: float) -> None:
        self._per_second = per_minute / 60
        self._capacity = self._per_second * BURST_SECONDS
        self._level = self._capacity
        self._updated = now
        self._rows = 0
        self._mean = 0.0

    def record(self, tokens: int, now: float) -> None:
        """Record the tokens of a row that was sent."""
        self._refill(now)
        self._level -= tokens
        self._rows += 1
        self._mean += (tokens - self._mean) / self._rows

    def wait(self, in_flight: int, now: float) -> float:
        """Return the seconds until the next row may start; 0 if it may now."""
        self._refill(now)
        missing = self._mean * in_flight - self._level
        if missing < 0:
            return 0.0
        return (missing + 1) / self._per_second if self._per_second else inf

    def _refill(self, now: float) -> None:
        self._level = min(self._capacity, self._level + (now - self._updated) * self._per_second)
        self._updated = now


class ErrorLimit:
    """Stops a batch of which too many rows fail.

    Args:
        maximum: a number of rows, or a share between 0 and 1, which counts from the hundredth row on; or None.
        consecutive: a number of rows that fail one after the other; or None.
    """

    def __init__(self, maximum: float | None, consecutive: int | None) -> None:
        self._maximum = maximum
        self._max_consecutive = consecutive
        self._finished = self._failed = self._consecutive = 0

    def record(self, *, is_failed: bool) -> StopReason | None:
        """Record a row that has ended, and return the limit that is reached, or None."""
        self._finished += 1
        self._failed += is_failed
        self._consecutive = self._consecutive + 1 if is_failed else 0
        if self._max_consecutive is not None and self._consecutive >= self._max_consecutive:
            return "max_consecutive_errors"
        if self._maximum is None:
            return None
        if isinstance(self._maximum, int):
            is_reached = self._failed > self._maximum
        else:
            is_reached = self._finished >= MINIMUM_FOR_SHARE and self._failed > self._maximum * self._finished
        return "max_errors" if is_reached else None

"""Limits on the cost and the errors of all workers together. No I/O, and no Ray.

One object counts. On a cluster it is in an actor, which workers ask once for each batch.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from inspect import isawaitable
from threading import Lock
from time import monotonic
from typing import Any, NamedTuple, Protocol

from ..batch._errors import UnknownCostError
from ..batch._limits import NO_LIMIT, CostLimit, ErrorLimit, StopReason, TotalCost
from ..batch._options import Amount, check_batch_options
from ..batch._progress import BatchProgress
from ..batch._result import BatchResult


class RowCounts(NamedTuple):
    """The results of the rows of a batch, as counts."""

    failures: tuple[bool, ...]
    """For each row in order, whether it failed."""
    cost: Decimal
    """US dollars, of the rows whose cost is known."""
    paid: int
    """The rows with a completion whose cost is known."""
    unpriced: int
    """The rows with a completion whose cost is not known."""
    prompt_tokens: int
    """The tokens of the prompts."""
    completion_tokens: int
    """The tokens of the completions."""


class RowLimits(Protocol):
    """What workers ask before they send rows. Methods of a Ray actor are called with ``.remote()``."""

    def reserve(self, rows: int, /) -> int:
        """Return how many of these rows may be sent now.

        Args:
            rows: the number of rows that are ready.

        Returns:
            At most ``rows``; 0 if no further row may be sent.
        """
        ...

    def record(self, reserved: int, counts: RowCounts, /) -> None:
        """Record the results of rows that were sent.

        Args:
            reserved: what `reserve` returned for them.
            counts: the number of results of each kind, and their cost.
        """
        ...


class SharedLimits:
    """Stops all workers before they cost too much, or when too many rows fail.

    A row may be sent if its expected cost, the mean of the rows until then, and that of the rows in flight still fit.
    As long as no cost is known, each batch may send one row. Rows of a worker that died count as if they were in
    flight, because they were probably paid.

    Args:
        max_cost: US dollars after which no row is started, ``spent`` included.
        max_errors: the number of failed rows, or their share (a float below 1, which counts from the hundredth row on),
            above which no row is started.
        max_consecutive_errors: the number of rows that fail one after the other, after which no row is started.
        spent: US dollars that earlier runs have spent.
        paid: the rows that they have paid.

    Raises:
        InvalidArgumentError: an argument is wrong.
    """

    def __init__(
        self,
        *,
        max_cost: Amount | None = None,
        max_errors: float | None = None,
        max_consecutive_errors: int | None = None,
        spent: Decimal = Decimal(0),
        paid: int = 0,
    ) -> None:
        options = {
            "max_cost": max_cost,
            "max_errors": max_errors,
            "max_consecutive_errors": max_consecutive_errors,
        }
        self._settings = settings = check_batch_options(options, "SharedLimits()")
        earlier = TotalCost(spent, paid)
        self._cost_limit = None if settings.max_cost is None else CostLimit(settings.max_cost, earlier)
        self._error_limit = ErrorLimit(settings.max_errors, settings.max_consecutive_errors)
        self._reserved = 0
        self._stopped: StopReason | None = None
        self._progress = BatchProgress()
        self._started_at = monotonic()
        self._lock = Lock()

    def reserve(self, rows: int, /) -> int:
        """Return how many of these rows may be sent now; 0 if no further row may be sent.

        Args:
            rows: the rows of a batch that were not sent.
        """
        with self._lock:
            affordable = NO_LIMIT if self._cost_limit is None else self._cost_limit.affordable(self._reserved)
            granted = 0 if self._stopped else min(rows, affordable)
            # Rows in flight may turn out cheaper. But a worker that waited for those of others would keep its batch,
            # and keep it forever if another worker died. So the job ends with a little of the maximum left.
            if not granted and rows:
                self._stopped = self._stopped or "max_cost"
            self._reserved += granted
            return granted

    def record(self, reserved: int, counts: RowCounts, /) -> None:
        """Record the results of the rows that were sent.

        Args:
            reserved: how many rows `reserve` has granted.
            counts: their results.

        Raises:
            UnknownCostError: there is a maximum cost, and the cost of a row is not known.
        """
        with self._lock:
            self._reserved -= reserved
            if self._cost_limit is not None:
                self._cost_limit.record(counts.cost, counts.paid)
            old = self._progress
            self._progress = old._replace(
                succeeded=old.succeeded + counts.failures.count(False),
                failed=old.failed + counts.failures.count(True),
                prompt_tokens=old.prompt_tokens + counts.prompt_tokens,
                completion_tokens=old.completion_tokens + counts.completion_tokens,
                cost=None if old.cost is None or counts.unpriced else old.cost + counts.cost,
            )
            for is_failed in counts.failures:
                self._stopped = self._stopped or self._error_limit.record(is_failed=is_failed)
            if counts.unpriced and self._cost_limit is not None:
                hint = "Give the price of a million tokens: price=(prompt, completion)."
                raise UnknownCostError(f"max_cost: the server does not send the cost of a call. {hint}")

    def progress(self) -> BatchProgress:
        """Return what all workers have done."""
        with self._lock:
            seconds = monotonic() - self._started_at
            return self._progress._replace(
                in_flight=self._reserved,
                seconds=seconds,
                stopped=self._stopped,
                limit=self._settings.limit(self._stopped),
            )


def count_results(results: Iterable[BatchResult]) -> RowCounts:
    """Return the counts of rows."""
    paid = unpriced = prompt = completion = 0
    failures: list[bool] = []
    cost = Decimal(0)
    for result in results:
        failures.append(result.is_failed)
        if result.completions:
            amount, (prompt_tokens, completion_tokens) = result.cost, result.tokens or (0, 0)
            prompt, completion = prompt + prompt_tokens, completion + completion_tokens
            paid, unpriced = paid + (amount is not None), unpriced + (amount is None)
            cost += amount or 0
    return RowCounts(tuple(failures), cost, paid, unpriced, prompt, completion)


async def call_limits(method: Any, *arguments: object) -> Any:
    """Return what a method of limits returns, also of a Ray actor."""
    remote = getattr(method, "remote", None)
    result = method(*arguments) if remote is None else remote(*arguments)
    return await result if isawaitable(result) else result

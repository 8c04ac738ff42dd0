"""The state of a batch: rows, tokens, cost and rate. No I/O."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from ._limits import StopReason

_REASONS: dict[StopReason, str] = {
    "max_cost": "the rows, those of earlier runs included, cost as much as {limit} allows",
    "max_errors": "more rows failed than {limit} allows",
    "max_consecutive_errors": "as many rows failed one after the other as {limit} allows",
    "interrupt": "it was interrupted",
    "stop": "stop() was called",
}


class BatchProgress(NamedTuple):
    """The state of a batch while it runs, and at its end."""

    total: int | None = None
    """The number of rows of the input, or None if it is not known before the end."""
    skipped: int = 0
    """The rows that earlier runs have written to the output or the errors file."""
    succeeded: int = 0
    """The rows of this run that succeeded. With ``ordered``, some may wait to be written."""
    failed: int = 0
    """The rows of this run that failed. With ``ordered``, some may wait to be written."""
    in_flight: int = 0
    """The rows that were started and have not ended."""
    prompt_tokens: int = 0
    """The tokens of the prompts."""
    completion_tokens: int = 0
    """The tokens of the completions."""
    cost: Decimal | None = Decimal(0)
    """US dollars, or None if the cost of a row is not known."""
    seconds: float = 0.0
    """Since the start of this run."""
    stopped: StopReason | None = None
    """Why the batch ended before its input, or None. For a limit, it is the name of the option."""
    limit: Decimal | float | None = None
    """The value of that option, or None."""

    @property
    def stop_message(self) -> str | None:
        """Why the batch ended before its input, with the value of the limit and how to go on, or None."""
        if self.stopped is None:
            return None
        arguments = "a higher max_cost" if self.stopped == "max_cost" else "the same arguments"
        return f"{describe_stop(self, f'{self.stopped}={self.limit}')} To go on, run it again with {arguments}."

    @property
    def finished(self) -> int:
        """The rows that this run has finished."""
        return self.succeeded + self.failed

    @property
    def remaining(self) -> int | None:
        """The rows that are not finished, or None if the total is not known."""
        return None if self.total is None else self.total - self.skipped - self.finished

    @property
    def rows_per_second(self) -> float:
        """The mean rate of this run."""
        return self.finished / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """The time that the remaining rows take at this rate, or None if that is not known."""
        if self.remaining is None or not self.finished:
            return None
        return self.remaining / self.rows_per_second if self.rows_per_second else None


def describe_stop(progress: BatchProgress, limit: str) -> str:
    """Return why a batch has stopped, and how many rows are left.

    Args:
        progress: its state. ``stopped`` is set.
        limit: the option of the limit with its value, as the user writes it.
    """
    reason = "" if progress.stopped is None else _REASONS[progress.stopped].format(limit=limit)
    left = "" if progress.remaining is None else f" Rows that are left: {progress.remaining:,}."
    return f"The batch has stopped: {reason}.{left}"

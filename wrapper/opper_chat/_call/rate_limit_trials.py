"""Count refusals, which are responses with status 429, and measure whether a lower rate ends them.

No I/O and no clock; the time is handed in.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

WINDOW = 1.0
"""Seconds over which responses are counted at least. Most limits are given per second."""

TRIAL_REFUSALS = 5
"""Refusals that a trial waits for, by the share before it: none of four happens by chance in one of 50 trials."""

LONGEST_TRIAL = 60.0
"""Seconds after which a trial ends in any case."""


class Responses:
    """The responses within a window of time that moves on."""

    def __init__(self) -> None:
        self._times: deque[tuple[float, bool]] = deque()
        self._accepted = 0

    def add(self, accepted: bool, now: float, window: float) -> None:
        """Count a response, and drop those that are older than the window, in seconds."""
        self._times.append((now, accepted))
        self._accepted += accepted
        while self._times[0][0] <= now - window:
            self._accepted -= self._times.popleft()[1]

    def accepted_rate(self, now: float) -> float:
        """Return how many requests per second were accepted."""
        return self._accepted / max(now - self._times[0][0], WINDOW) if self._times else 0.0

    def latest_rate(self, now: float) -> float:
        """Return how many requests per second were responded to, by the last four responses."""
        if len(self._times) < 4:
            return 0.0
        return 4 / max(now - self._times[-4][0], 0.001)

    @property
    def refused_share(self) -> float:
        """The share of refusals among the responses."""
        return 1 - self._accepted / len(self._times) if self._times else 0.0


@dataclass
class Trial:
    """Measures the share of refusals at a lower rate."""

    begins: float
    """Responses before this time are not counted: they may be those of a window that was used up before."""
    share_before: float
    number: int
    """1 for the first of several in a row."""
    counted: int = 0
    refused: int = 0

    def count(self, refused: bool, now: float) -> None:
        """Count a response."""
        if now > self.begins:
            self.counted += 1
            self.refused += refused

    @property
    def refuses_as_before(self) -> bool:
        """Whether the server refuses at least a third of the share that it refused before."""
        return self.refused > 0 and self.refused >= self.share_before / 3 * self.counted

    def is_over(self, now: float) -> bool:
        """Whether enough responses are counted."""
        seconds = now - self.begins
        expected = self.counted * self.share_before
        return (
            self.refused >= TRIAL_REFUSALS
            or (expected >= TRIAL_REFUSALS and seconds > WINDOW)
            or seconds > LONGEST_TRIAL
        )

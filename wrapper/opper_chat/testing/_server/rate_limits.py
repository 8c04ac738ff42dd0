"""How servers limit requests, each in the few lines that it takes. No clock of their own; the time is handed in."""

from __future__ import annotations

from collections import deque


class TokenBucket:
    """Lets so many a second in, and as many at once as were saved up.

    Args:
        rate: tokens a second, each good for a request.
        burst: how many there can be, and are at first; by default those of a second.
    """

    def __init__(self, rate: float, burst: float | None = None) -> None:
        self.rate = rate
        self.burst: float = rate if burst is None else burst
        self._tokens = self.burst
        self._counted = 0.0

    def allows(self, now: float) -> bool:
        """Let a request in, or not."""
        self._tokens = min(self.burst, self._tokens + (now - self._counted) * self.rate)
        self._counted = now
        allowed = self._tokens >= 1
        self._tokens -= allowed
        return allowed


class FixedWindow:
    """Lets so many in from one full second, or other span, to the next.

    Args:
        rate: requests a second.
        seconds: how long a window is.
    """

    def __init__(self, rate: float, seconds: float = 1.0) -> None:
        self.rate = rate
        self.seconds = seconds
        self._window = -1
        self._count = 0

    def allows(self, now: float) -> bool:
        """Let a request in, or not."""
        window = int(now // self.seconds)
        if window != self._window:
            self._window, self._count = window, 0
        allowed = self._count < self.rate * self.seconds
        self._count += allowed
        return allowed


class SlidingWindow:
    """Lets so many in within any second, or other span.

    Args:
        rate: requests a second.
        seconds: how long the window is.
    """

    def __init__(self, rate: float, seconds: float = 1.0) -> None:
        self.rate = rate
        self.seconds = seconds
        self._allowed: deque[float] = deque()

    def allows(self, now: float) -> bool:
        """Let a request in, or not."""
        while self._allowed and self._allowed[0] <= now - self.seconds:
            self._allowed.popleft()
        allowed = len(self._allowed) < self.rate * self.seconds
        if allowed:
            self._allowed.append(now)
        return allowed

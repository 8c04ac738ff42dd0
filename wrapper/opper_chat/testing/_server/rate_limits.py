"""Rate limits as servers have them. They have no clock: the caller passes the time, in seconds."""

from __future__ import annotations

from collections import deque


class TokenBucket:
    """A token bucket: a rate of requests a second, and bursts up to the size of the bucket.

    Args:
        rate: Tokens a second. A request takes one.
        burst: The size of the bucket, which is full at first. Defaults to the tokens of a second.
    """

    def __init__(self, rate: float, burst: float | None = None) -> None:
        self.rate = rate
        self.burst: float = rate if burst is None else burst
        self._tokens = self.burst
        self._counted = 0.0

    def allows(self, now: float) -> bool:
        """Decide whether a request is accepted, and count it if it is.

        Args:
            now: The time in seconds. It must not decrease.

        Returns:
            Whether the request is accepted.
        """
        self._tokens = min(self.burst, self._tokens + (now - self._counted) * self.rate)
        self._counted = now
        allowed = self._tokens >= 1
        self._tokens -= allowed
        return allowed


class FixedWindow:
    """A limit for each fixed window, such as each full second.

    Args:
        rate: Requests a second.
        seconds: The length of a window.
    """

    def __init__(self, rate: float, seconds: float = 1.0) -> None:
        self.rate = rate
        self.seconds = seconds
        self._window = -1
        self._count = 0

    def allows(self, now: float) -> bool:
        """Decide whether a request is accepted, and count it if it is.

        Args:
            now: The time in seconds. It must not decrease.

        Returns:
            Whether the request is accepted.
        """
        window = int(now // self.seconds)
        if window != self._window:
            self._window, self._count = window, 0
        allowed = self._count < self.rate * self.seconds
        self._count += allowed
        return allowed


class SlidingWindow:
    """A limit for any window of a length, such as for any second.

    Args:
        rate: Requests a second.
        seconds: The length of the window.
    """

    def __init__(self, rate: float, seconds: float = 1.0) -> None:
        self.rate = rate
        self.seconds = seconds
        self._allowed: deque[float] = deque()

    def allows(self, now: float) -> bool:
        """Decide whether a request is accepted, and count it if it is.

        Args:
            now: The time in seconds. It must not decrease.

        Returns:
            Whether the request is accepted.
        """
        while self._allowed and self._allowed[0] <= now - self.seconds:
            self._allowed.popleft()
        allowed = len(self._allowed) < self.rate * self.seconds
        if allowed:
            self._allowed.append(now)
        return allowed

"""The clocks of a call: how long it may still wait, and which clock says so. No I/O; the time is handed in.

httpx's own timeouts bound single steps. These bound what a person waits for: the first token, the next token,
the whole call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .._errors.api import APITimeoutError
from .._validation.numbers import check_seconds

SHORTEST = 0.001
"""Seconds that a step is given when its clock has run out: 0 would mean something else to a socket."""


PARAMETERS = {"first_token": "first_token_timeout", "idle": "idle_timeout", "deadline": "deadline"}
"""The parameter that sets each kind of timeout."""


class ClockSettings(NamedTuple):
    """Seconds, or None for no limit."""

    first_token_timeout: float | None = None
    """From the call to the first token of the answer."""
    idle_timeout: float | None = None
    """From one token to the next, and to the first where `first_token_timeout` is not set. What carries no token, such
    as pings and comments, does not count; neither does the time in which the caller does not ask for more."""
    deadline: float | None = None
    """From the call to the end of the answer."""


def check_clocks(seconds: Mapping[str, object], defaults: ClockSettings | None = None) -> ClockSettings:
    """Return the settings that arguments stand for, with defaults for those that are not given.

    Raises:
        InvalidArgumentError: one is not a number of seconds above 0, or None.
    """
    checked = {name: None if value is None else check_seconds(value, name) for name, value in seconds.items()}
    return (defaults or ClockSettings())._replace(**checked)


class Limit(NamedTuple):
    """The clock that runs out first."""

    timeout_kind: str
    """Which one: ``first_token``, ``idle`` or ``deadline``."""
    seconds: float
    """What it was set to."""
    left: float
    """Seconds until it runs out; 0 or less when it has."""

    @property
    def parameter(self) -> str:
        """The parameter that sets it."""
        return PARAMETERS[self.timeout_kind]


class CallClocks:
    """The clocks of one call, from the moment it begins.

    Args:
        settings: what they are set to.
        now: the time at which the call begins, in seconds of any monotonic clock.
    """

    __slots__ = ("_began", "_settings", "_waited", "_waiting_since", "running", "token_seen")

    def __init__(self, settings: ClockSettings, now: float) -> None:
        self._settings = settings
        self._began = now
        self.token_seen: bool = False
        self._waited = 0.0
        self._waiting_since: float | None = None
        self.running: bool = settings.count(None) < len(settings)
        """Whether there is any limit; if not, nothing need be asked of these clocks."""

    def wait(self, now: float) -> None:
        """Begin to count time as spent waiting for the server."""
        self._waiting_since = now

    def waited(self, now: float) -> None:
        """Stop counting it."""
        if self._waiting_since is not None:
            self._waited += now - self._waiting_since
            self._waiting_since = None

    def token(self) -> None:
        """Take note of a token."""
        self.token_seen = True
        self._waited = 0.0

    def limit(self, now: float, *, queued: bool = False) -> Limit | None:
        """Return the clock that will run out first, or None where none runs.

        The clock for idle time does not run while a call is queued: it is the server's time.
        """
        first_token, idle, deadline = self._settings
        limits: list[Limit] = []
        if deadline is not None:
            limits.append(Limit("deadline", deadline, self._began + deadline - now))
        if first_token is not None and not self.token_seen:
            limits.append(Limit("first_token", first_token, self._began + first_token - now))
        elif idle is not None and not queued:
            waiting = 0.0 if self._waiting_since is None else now - self._waiting_since
            limits.append(Limit("idle", idle, idle - self._waited - waiting))
        return min(limits, key=_left) if limits else None

    def ran_out(self, now: float) -> Limit | None:
        """Return the clock that has run out, or None."""
        limit = self.limit(now)
        return limit if limit is not None and limit.left <= SHORTEST else None


def _left(limit: Limit) -> float:
    return limit.left


class StepTimeouts(dict[str, float | None]):
    """httpx's timeouts of one request, each cut to what the clocks leave when its step begins.

    httpx hands this mapping on as it is, and its transport looks up the timeout of a step when the step begins.
    Reading the body is one step to it, so the clocks are stopped before that: whoever reads bounds every read.
    """

    def __init__(self, steps: Mapping[str, float | None], clocks: CallClocks, time: Callable[[], float]) -> None:
        super().__init__(steps)
        self._clocks = clocks if clocks.running else None
        self._time = time

    def stop_clocks(self) -> None:
        """Return to the plain timeouts."""
        self._clocks = None

    def get(self, key: str, default: Any = None) -> Any:
        """Return the seconds that a step may take."""
        seconds: float | None = super().get(key, default)
        limit = None if self._clocks is None else self._clocks.limit(self._time())
        if limit is None:
            return seconds
        left = max(limit.left, SHORTEST)
        return left if seconds is None else min(seconds, left)


def timed_out(
    limit: Limit, status_code: int | None = None, headers: Mapping[str, str] | None = None
) -> APITimeoutError:
    """Return the error of a clock that ran out."""
    what = {
        "first_token": "The first token did not come",
        "idle": "The next token did not come",
        "deadline": "The answer was not whole",
    }[limit.timeout_kind]
    return APITimeoutError(
        f"{what} within {limit.seconds:g} s ({limit.parameter}).",
        timeout_kind=limit.timeout_kind,
        seconds=limit.seconds,
        status_code=status_code,
        headers=headers,
    )


def held_up(limit: Limit | None, reason: str) -> APITimeoutError:
    """Return the error of a clock that ran out before a request could be sent, or would have."""
    kind, seconds = ("deadline", None) if limit is None else (limit.timeout_kind, limit.seconds)
    within = "" if seconds is None else f" within {seconds:g} s ({PARAMETERS[kind]})"
    return APITimeoutError(f"The request could not be sent{within}: {reason}.", timeout_kind=kind, seconds=seconds)

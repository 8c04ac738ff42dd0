"""Timeouts of a call, a stream or a tool loop: how much is left of each, and which one expires first.

No I/O and no clock: the time is handed in, in seconds of any monotonic clock. httpx's timeouts limit single operations,
and its timeout for reading restarts with every byte. These limit the time to the first token, to the next token and
to the end. `_http.timeouts` enforces them for requests and reads, `_tools` for tools.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

from .._errors.api import APITimeoutError
from .._validation.arguments import check_seconds

SHORTEST = 0.001
"""Seconds for an operation when its timeout has expired. For a socket, 0 means that it does not block."""

PARAMETERS = {"first_token": "first_token_timeout", "idle": "idle_timeout", "deadline": "deadline"}
"""The parameter that sets each kind of timeout."""

EXPIRED_MESSAGES = {
    "first_token": "The first token did not arrive",
    "idle": "The next token did not arrive",
    "deadline": "The response was not complete",
}


class Timeouts(NamedTuple):
    """Settings: seconds, or None for no limit."""

    first_token_timeout: float | None = None
    """From the start of a call to the first token of a stream."""
    idle_timeout: float | None = None
    """From one token to the next, and to the first where `first_token_timeout` is not set. Only time spent waiting for
    the server counts. Data without a token, such as pings and comments, does not restart it."""
    deadline: float | None = None
    """From the start of a call or a run to its end."""


def check_timeouts(seconds: Mapping[str, object], defaults: Timeouts | None = None) -> Timeouts:
    """Validate timeouts by their parameters, and fill in defaults for those that are absent.

    Raises:
        InvalidArgumentError: a value is neither a number of seconds above 0 nor None.
    """
    checked = {name: None if value is None else check_seconds(value, name) for name, value in seconds.items()}
    return (defaults or Timeouts())._replace(**checked)


class Timeout(NamedTuple):
    """A timeout that is running."""

    kind: str
    """``first_token``, ``idle`` or ``deadline``."""
    seconds: float
    """The setting."""
    remaining: float
    """Seconds until it expires; 0 or less if it has expired."""

    @property
    def parameter(self) -> str:
        """The parameter that sets it."""
        return PARAMETERS[self.kind]


class Deadlines:
    """The timeouts of one call or run, from its start.

    Args:
        timeouts: the settings.
        now: when the call starts.

    Attributes:
        is_bounded: whether any timeout is set. If not, `next_timeout` returns None.
        has_token: whether a token has arrived.
    """

    __slots__ = ("_started", "_timeouts", "_waited", "_waiting_since", "has_token", "is_bounded")

    def __init__(self, timeouts: Timeouts, now: float) -> None:
        self._timeouts = timeouts
        self._started = now
        self.has_token: bool = False
        self._waited = 0.0
        """Seconds spent waiting for the server since the last token, or the start."""
        self._waiting_since: float | None = None
        self.is_bounded: bool = timeouts.count(None) < len(timeouts)

    def start_waiting(self, now: float) -> None:
        """Count the time from now on as spent waiting for the server."""
        self._waiting_since = now

    def stop_waiting(self, now: float) -> None:
        """Stop counting it."""
        if self._waiting_since is not None:
            self._waited += now - self._waiting_since
            self._waiting_since = None

    def record_token(self) -> None:
        """Record that a token has arrived, and restart the idle timeout."""
        self.has_token = True
        self._waited = 0.0

    def next_timeout(self, now: float, *, queued: bool = False) -> Timeout | None:
        """Return the timeout that expires first, or None if none is set.

        Args:
            now: the time.
            queued: whether the call waits for a permit of this client. The idle timeout does not apply there: it
                bounds the server.
        """
        first_token, idle, deadline = self._timeouts
        running: list[Timeout] = []
        if deadline is not None:
            running.append(Timeout("deadline", deadline, self._started + deadline - now))
        if first_token is not None and not self.has_token:
            running.append(Timeout("first_token", first_token, self._started + first_token - now))
        elif idle is not None and not queued:
            waiting = 0.0 if self._waiting_since is None else now - self._waiting_since
            running.append(Timeout("idle", idle, idle - self._waited - waiting))
        return min(running, key=attrgetter("remaining")) if running else None

    def expired(self, now: float) -> Timeout | None:
        """Return the timeout that has expired, or None."""
        timeout = self.next_timeout(now)
        return timeout if timeout is not None and timeout.remaining <= SHORTEST else None

    def remaining(self, now: float) -> float | None:
        """Return the seconds until the next timeout expires, or None if none is set."""
        timeout = self.next_timeout(now)
        return None if timeout is None else timeout.remaining


class RequestTimeouts(dict[str, float | None]):
    """httpx's timeouts of one request, each cut to what the deadlines leave when its operation begins.

    httpx passes this mapping to the transport, which looks up a timeout when an operation begins. Reading the body is
    one operation, so detach the deadlines before it. The reader limits each read.
    """

    def __init__(self, seconds: Mapping[str, float | None], deadlines: Deadlines, time: Callable[[], float]) -> None:
        super().__init__(seconds)
        self._deadlines: Deadlines | None = deadlines
        self._time = time

    def detach(self) -> None:
        """Return to the plain timeouts."""
        self._deadlines = None

    def get(self, key: str, default: Any = None) -> Any:
        """Return the seconds that an operation may take."""
        seconds: float | None = super().get(key, default)
        remaining = None if self._deadlines is None else self._deadlines.remaining(self._time())
        if remaining is None:
            return seconds
        remaining = max(remaining, SHORTEST)
        return remaining if seconds is None else min(seconds, remaining)


def timeout_error(
    timeout: Timeout, status_code: int | None = None, headers: Mapping[str, str] | None = None
) -> APITimeoutError:
    """Return the error of a timeout that expired while the call waited for the server."""
    return APITimeoutError(
        f"{EXPIRED_MESSAGES[timeout.kind]} within {timeout.seconds:g} s ({timeout.parameter}).",
        timeout_kind=timeout.kind,
        seconds=timeout.seconds,
        status_code=status_code,
        headers=headers,
    )


def queue_timeout_error(timeout: Timeout | None, reason: str) -> APITimeoutError:
    """Return the error of a timeout that expires before a request can be sent."""
    kind, seconds = ("deadline", None) if timeout is None else (timeout.kind, timeout.seconds)
    within = "" if seconds is None else f" within {seconds:g} s ({PARAMETERS[kind]})"
    return APITimeoutError(f"The request could not be sent{within}: {reason}.", timeout_kind=kind, seconds=seconds)

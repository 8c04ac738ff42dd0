"""How fast a server lets requests in, learnt from its answers. No I/O and no clock; the time is handed in.

Nothing is held back before the first 429. From then on requests go one by one at an even pace, so that a server of
whatever kind refuses no more than the share by which the pace is too fast. The pace follows the curve of CUBIC (RFC
9438 section 4.2): it comes back to where it was refused, stays there for a while, and then looks further and further
for more.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from math import inf
from typing import NamedTuple

REFUSED = 429

WINDOW = 1.0
"""Seconds over which accepted requests are counted at least: what most limits are given for."""

FEWEST = 20
"""Requests that it has to hold: it is longer where the pace is slow."""

REQUESTS = 80
"""How many requests a curve takes to its peak, so that finding its end costs no more than about one in a hundred."""

CLOSED = 3
"""Refusals in a row after which what was accepted before was not a burst, but all that the limit had."""

SLOWEST = 0.1
"""Requests a second that are sent in any case: without them nothing more would be learnt."""

PROBE = 0.25
"""Seconds between requests while all are refused; later an eighth of the time that this has lasted."""

LONGEST_PROBE = 5.0

LONGEST_PAUSE = 60.0
"""Seconds that a server's word is taken for; then it is asked again."""

SLACK = 0.05
"""Seconds of lateness that are made up for: timers wake a little late, and never early."""

_RESET = re.compile(r";\s*t=([0-9]{1,9})")
"""Seconds in a RateLimit field: draft-ietf-httpapi-ratelimit-headers-10 section 4."""


class Curve(NamedTuple):
    """The rise of the pace after a refusal."""

    peak: float
    """Requests a second at which it was refused."""
    depth: float
    """The share of the peak by which it begins below it."""
    seconds: float
    """From its beginning to the peak."""
    lead: float
    """How many times the accepted rate it may be, once it is above the peak."""

    window: float
    """Seconds over which accepted requests are counted."""
    sure: bool
    """Whether the peak was found: otherwise it is what was accepted before the first refusal, and maybe a burst."""

    def at(self, seconds: float) -> float:
        """Return the requests a second at a time from its beginning."""
        return max(self.peak * (1 + self.depth * (seconds / self.seconds - 1) ** 3), SLOWEST)


class Pace:
    """The pace of all requests to one server. Not for several threads at once."""

    def __init__(self) -> None:
        self._curve: Curve | None = None
        self._risen = 0.0
        """Seconds on the curve. Time in which nobody waits for a turn teaches nothing, and does not count."""
        self._floor = 0.0
        """What answers to requests from before the curve may lower its peak to."""
        self._next = 0.0
        """When the next request may be sent."""
        self._until = 0.0
        """Before when the server asked not to be asked again."""
        self._streak = 0
        """Refusals in a row, each of a request that was sent after the one before was known."""
        self._refused_first = -inf
        self._refused_last = -inf
        """When the streak began, and when it last grew. What was sent by then says nothing new about it."""
        self._round_trip = 0.0
        self._answers: deque[tuple[float, bool]] = deque()
        """When the last answers came, and whether they were accepted."""
        self._accepted = 0
        """How many of them were."""

    @property
    def rate(self) -> float | None:
        """Requests a second; None for no limit, as before the first refusal."""
        return self._curve.at(self._risen) if self._curve else None

    def due(self, now: float) -> float:
        """Return when the next request may be sent: `now`, or later."""
        return max(now, self._next, self._until) if self._curve else now

    def take(self, now: float) -> None:
        """Take note that a request is sent. To be called when one is due."""
        if self._curve is None:
            return
        rate = self._curve.at(self._risen)
        gap = 1 / rate
        awaited = self._next > now - max(SLACK, gap)
        if awaited and rate <= max(self._curve.peak, self._curve.lead * self._goodput(now)):
            self._risen += min(gap, self._curve.seconds / 2)
        if self._streak > 1:
            gap = self._probe(rate)
        self._next = max(self._next, now - SLACK) + gap

    def told(self, sent: float, status_code: int, headers: Mapping[str, str], now: float) -> None:
        """Learn from an answer.

        Args:
            sent: when its request was sent.
            status_code: the status of the answer.
            headers: its headers; names in lower case, or a mapping that does not mind.
            now: the time.
        """
        refused = status_code == REFUSED
        self._count(not refused, now)
        self._round_trip += (now - sent - self._round_trip) * (0.2 if self._round_trip else 1)
        if refused and (seconds := asked_pause(headers)) is not None:
            self._until = max(self._until, now + min(seconds, LONGEST_PAUSE))
        if sent > self._refused_last:
            if refused:
                self._refused(now)
            elif self._streak:
                if self._streak > 1:
                    self._next = min(self._next, now)  # the door is open again
                self._streak = 0
        elif refused and self._curve is not None:
            peak = max(self._goodput(now), self._floor)
            self._curve = self._curve._replace(peak=min(self._curve.peak, peak))

    def _refused(self, now: float) -> None:
        """Go back, and hold: the longer, the less of the pace is left, and the longer all are refused."""
        before = self.rate
        self._streak += 1
        self._refused_last = now
        excess = 0.0
        if self._streak == 1:
            self._refused_first = now
            self._curve = self._lowered(before, now)
            self._floor = self._curve.peak / 2
            self._risen = 0.0
            excess = 1 - self._curve.peak / before if before else 1.0
        elif self._streak == CLOSED and self._curve and not self._curve.sure:
            self._curve = self._around(max(self._curve.peak, self._goodput(now)))
        self._next = now + max(self._probe(self.rate or SLOWEST), min(excess * WINDOW, PROBE))

    def _lowered(self, before: float | None, now: float) -> Curve:
        accepted = self._goodput(now)
        if before is None:
            return Curve(max(accepted, SLOWEST), 0.5, max(0.5, 2 * self._round_trip), 2, WINDOW, sure=False)
        return self._around(min(before, max(accepted, before / 2)))

    def _around(self, peak: float) -> Curve:
        peak = max(peak, SLOWEST)
        seconds = max(2, REQUESTS / peak, 2 * self._round_trip)
        return Curve(peak, 0.03, seconds, 1.15, max(WINDOW, FEWEST / peak), sure=True)

    def _probe(self, rate: float) -> float:
        """Seconds to the next request while requests are refused."""
        lasted = self._refused_last - self._refused_first
        longest = max(PROBE, min(lasted / 8, LONGEST_PROBE))
        return max(min(2.0 ** (2 * min(self._streak, 16) - 1) / rate, longest), 1 / rate)

    def _goodput(self, now: float) -> float:
        """Return how many requests a second were accepted of late."""
        return self._accepted / max(now - self._answers[0][0], WINDOW) if self._answers else 0

    def _count(self, accepted: bool, now: float) -> None:
        self._answers.append((now, accepted))
        self._accepted += accepted
        oldest = now - max(self._round_trip, self._curve.window if self._curve else WINDOW)
        while self._answers[0][0] <= oldest:
            self._accepted -= self._answers.popleft()[1]


def asked_pause(headers: Mapping[str, str]) -> float | None:
    """Return for how many seconds a refusal surely asks all requests to stay away, or None where it does not say.

    Whole seconds are rounded up by most servers, so one less is what is sure: "1" may stand for the next millisecond.
    """
    text = headers.get("retry-after-ms", "")
    if _is_number(text):
        return float(text) / 1000
    text = headers.get("retry-after", "") or headers.get("ratelimit-reset", "")
    if not text and (found := _RESET.search(headers.get("ratelimit", ""))):
        text = found[1]
    if not text:
        return None
    if _is_number(text):
        return float(text) if "." in text else max(float(text) - 1, 0)
    return _until_date(text, headers.get("date", ""))


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,9}(\.[0-9]*)?", text) is not None


def _until_date(text: str, date: str) -> float | None:
    """Seconds from the server's own time to a date (RFC 9110 section 10.2.3), so that no clock need be right."""
    from email.utils import parsedate_to_datetime

    try:
        seconds = (parsedate_to_datetime(text) - parsedate_to_datetime(date)).total_seconds()
    except (TypeError, ValueError):
        return None
    return max(seconds - 1, 0)

"""Learn from the responses of a server how many requests a second it accepts. No I/O and no clock; times are handed in.

A response with status 429 ("refused") has one of two causes, and a client is not told which:

- The server limits the rate. Then fewer requests a second end the refusals.
- Something else: one overloaded replica of many, a limit of another model or of other callers. Then fewer requests a
  second end nothing, and only make the client slow.

So `Pace` reacts to the share of refusals, and checks the cause:

1. Open: nothing is held back. A share of refusals is tolerated. More of them lower the rate; if a smaller share goes on
   for a while, a trial follows.
2. Limited: requests are sent one by one at an even pace along the curve of CUBIC (RFC 9438 section 4.2): a little below
   the rate at which the server refused, back to it, and then further and further above it.
3. Trial: for about two seconds requests are sent a little more slowly than the server accepted them before. If it
   refuses requests as before, the rate is not the cause, and the pace opens again: it doubles every round trip until no
   request waits for it. Otherwise it stays limited. A trial follows whenever the limit has sunk by more than an eighth,
   because a pace that was lowered for the wrong reason sinks on and on.

`Retry-After` is a pause. It ends early when a request that was sent after the refused one is accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from ._refusals import WINDOW, Responses, Trial, asked_pause

REFUSED = 429

WINDOW_REQUESTS = 20
"""Requests that the window has to hold. It is longer where the pace is slow."""

TOLERATED = 0.15
"""The share of refusals that an open pace tolerates before a trial has measured one."""

MOST_TOLERATED = 0.2

ALLOWANCE = 7.0
"""Refusals that an open pace tolerates at once, beside that share: 7 make a wrong alarm rare at a share of 5 %."""

ALLOWANCE_WHILE_RISING = 2.0
"""The same while the pace rises again after an alarm or a trial."""

FIRST_PATIENCE = 1.0
"""Seconds from the first refusal after which a further one starts a trial, however small their share is."""

PATIENCE = 10.0
"""The same after a trial has shown that the rate is not the cause. It doubles with every such trial."""

LONGEST_PATIENCE = 300.0

DEPTH = 0.03
"""The share of the limit by which the pace begins below it."""

CURVE_REQUESTS = 80
"""Requests from there to the limit at least, so that finding it costs about one refusal in a hundred requests."""

SUNK = 0.87
"""The share of its last known value that the limit has to sink below for a trial."""

TRIAL_RATE = 0.85
"""The rate of a trial, as a share of the rate at which requests were accepted before it."""

DOUBLING_RESPONSES = 8
"""Accepted requests after which the pace of a slow start doubles; fewer below 32 a second, where they take long."""

FEW = 4.0
"""Accepted requests a second that are too few to tell the limit from."""

SLOWEST = 0.1
"""Requests a second that are sent in any case: without them nothing more would be learnt."""

FIRST_PROBE = 0.25
"""Seconds between requests while all are refused; later an eighth of the time that this has lasted."""

LONGEST_PROBE = 5.0

LONGEST_PAUSE = 60.0
"""Seconds that a server's `Retry-After` is trusted for; then it is asked again."""

SLACK = 0.05
"""Seconds of lateness that are made up for: timers wake a little late, and never early."""


class Pace:
    """The pace of all requests to one server. Not thread-safe."""

    def __init__(self) -> None:
        self._rate: float | None = None
        """Requests a second; None while nothing is held back."""
        self._limit = inf
        """The rate at which the server refused requests; infinite while it is not known: the pace is open."""
        self._found = True
        """Whether the limit was found by approaching it. Otherwise it is what was accepted before, maybe a burst."""
        self._last_limit = 0.0
        """The limit that a trial confirmed, or else the first that was found."""
        self._trial: Trial | None = None
        self._trial_ended = -inf
        self._rising = 0.0
        """Seconds on the curve. Time in which no request waits for the pace teaches nothing, and is not counted."""
        self._waited_for = False
        """Whether requests wait for the pace: otherwise fewer are made than it permits."""

        self._tolerated = TOLERATED
        self._allowance = ALLOWANCE
        """Refusals that are still tolerated. Accepted requests add to it."""
        self._patience = PATIENCE
        self._patient_until: float | None = None
        """When a further refusal of an open pace starts a trial; None before the first."""
        self._doubling = 0
        """Accepted requests since the pace of a slow start doubled."""

        self._next = 0.0
        """When the next request may be sent."""
        self._paused_until = 0.0
        self._paused_by = 0.0
        """When the request was sent whose response asked for the pause."""
        self._changed = -inf
        """When the rate last changed. A response to a request from before says nothing about it."""
        self._streak = 0
        """Refusals in a row, each of a request that was sent after the one before was known."""
        self._streak_began = -inf
        self._streak_grew = -inf
        self._round_trip = 0.0
        self._responses = Responses()

    @property
    def rate(self) -> float | None:
        """Requests a second; None for no limit, as before the first refusals."""
        return self._rate

    def pause(self, now: float) -> float:
        """Return the seconds for which the server has asked for no requests."""
        return max(self._paused_until - now, 0.0)

    def explain(self, now: float) -> str:
        """Return why a request has to wait, for an error message."""
        if pause := self.pause(now):
            return f"the server asked for no more requests for {pause:.1f} s in a response with status 429"
        if self._rate is None:
            return "its turn among the waiting requests did not come in time"
        return f"adaptive=True sends {self._rate:.3g} requests per second since the server refused more with status 429"

    def due(self, now: float) -> float:
        """Return when the next request may be sent: `now`, or later."""
        return max(now, self._paused_until, self._next if self._rate is not None else 0.0)

    def take(self, now: float) -> None:
        """Record that a request is sent. To be called when one is due."""
        if self._rate is None:
            return
        gap = 1 / self._rate
        self._waited_for = self._next > now - max(SLACK, gap)
        if self._waited_for and self._limit < inf and self._trial is None:
            lead = 1.15 if self._found else 1.5
            if self._rate <= max(self._limit, lead * self._responses.accepted_rate(now)):
                self._rise(min(gap, self._curve_seconds / 2))
        if self._streak > 1:
            gap = self._probe_gap(self._rate)
        self._next = max(self._next, now - SLACK) + gap

    def told(self, sent: float, status_code: int, headers: Mapping[str, str], now: float) -> None:
        """Learn from a response.

        Args:
            sent: when its request was sent.
            status_code: the status of the response.
            headers: its headers; names in lower case, or a case-insensitive mapping.
            now: the time.
        """
        refused = status_code == REFUSED
        window = max(WINDOW, WINDOW_REQUESTS / self._limit, self._round_trip)
        self._responses.add(not refused, now, window)
        self._round_trip += (now - sent - self._round_trip) * (0.2 if self._round_trip else 1)
        self._heed_pause(sent, refused, headers, now)
        if sent <= self._changed:
            if not refused and not self._found:  # in flight when the rate was lowered: no lower than what is accepted
                self._limit = max(self._limit, self._responses.accepted_rate(now))
        elif self._limit == inf:
            self._learn_open(sent, refused, now)
        elif self._trial is not None:
            self._learn_in_trial(self._trial, sent, refused, now)
        else:
            self._learn_limited(refused, now)

    def _heed_pause(self, sent: float, refused: bool, headers: Mapping[str, str], now: float) -> None:
        if refused and (seconds := asked_pause(headers)) is not None:
            self._paused_until = max(self._paused_until, now + min(seconds, LONGEST_PAUSE))
            self._paused_by = max(self._paused_by, sent)
        elif not refused and sent > self._paused_by:
            self._paused_until = 0.0

    # Open

    def _learn_open(self, sent: float, refused: bool, now: float) -> None:
        if not refused:
            self._allow_more(ALLOWANCE if self._rate is None else ALLOWANCE_WHILE_RISING)
            self._end_streak(now)
            self._start_slowly(now)
            return
        self._allowance -= 1
        if self._patient_until is None:
            self._patient_until = now + FIRST_PATIENCE
        if self._rate is not None:
            self._lengthen_streak(sent, now)
        accepted = self._responses.accepted_rate(now)
        if self._allowance < 0:
            self._lower(accepted, now)
        elif self._rate is None and now >= self._patient_until:
            self._patient_until = now + self._patience
            if accepted < FEW:
                self._lower(accepted, now)
            else:
                self._limit_to(accepted, found=True)
                self._last_limit = self._limit
                self._begin_trial(now)

    def _allow_more(self, most: float) -> None:
        self._allowance = min(most, self._allowance + self._tolerated / (1 - self._tolerated))

    def _start_slowly(self, now: float) -> None:
        """Double the pace, or open it when no request waits for it."""
        if self._rate is None:
            return
        self._doubling += 1
        if self._doubling < min(DOUBLING_RESPONSES, self._rate / 4):
            return
        if self._waited_for:
            self._rate *= 2
            self._mark_change(now)
        else:
            self._open()

    def _open(self) -> None:
        self._rate, self._limit, self._found, self._allowance = None, inf, True, ALLOWANCE

    def _lower(self, accepted: float, now: float) -> None:
        """Go on at what was accepted, or slowly where that is next to nothing."""
        self._allowance = self._last_limit = 0.0
        before = self._rate or 0.0
        if accepted < (0.5 if before else FEW):
            self._rate = max(accepted / 2, before / 2, 1.0)
        else:
            self._limit_to(max(accepted, before / 8), found=False)
        if not self._streak:
            self._streak, self._streak_began = 1, now
        self._streak_grew = now
        self._mark_change(now)
        self._next = now + FIRST_PROBE

    # Limited

    @property
    def _curve_seconds(self) -> float:
        """From the beginning of the curve to the limit."""
        if self._found:
            return max(2.0, CURVE_REQUESTS / self._limit, 2 * self._round_trip)
        return max(0.5, 2 * self._round_trip)

    def _rise(self, seconds: float) -> None:
        self._rising += seconds
        depth = DEPTH if self._found else 0.5
        self._rate = max(self._limit * (1 + depth * (self._rising / self._curve_seconds - 1) ** 3), SLOWEST)

    def _limit_to(self, limit: float, *, found: bool) -> None:
        self._limit, self._found, self._rising = max(limit, SLOWEST), found, 0.0
        self._rise(0.0)

    def _learn_limited(self, refused: bool, now: float) -> None:
        before = self._rate or SLOWEST
        if not refused:
            self._end_streak(now)
            if not self._found:
                self._allow_more(ALLOWANCE_WHILE_RISING)
                if not self._waited_for and before > self._limit:
                    self._open()
            return
        if not self._found:
            self._allowance -= 1
            if self._allowance >= 0:
                return
        excess = 0.0
        self._streak += 1
        self._streak_grew = now
        self._mark_change(now)
        if self._streak == 1:
            self._streak_began = now
            first, lowered = not self._found, self._lowered(before, now)
            self._limit_to(lowered, found=True)
            excess = 1 - self._limit / before
            if not first:  # the first is often too high: what was accepted may be of two windows of a server
                self._last_limit = self._last_limit or self._limit
            if self._limit < SUNK * self._last_limit:
                self._begin_trial(now)
        self._next = now + max(self._probe_gap(self._rate or SLOWEST), min(excess * WINDOW, FIRST_PROBE))

    def _lowered(self, before: float, now: float) -> float:
        """Return the limit after a refusal at a rate: what was accepted, and at least half of the rate."""
        accepted = self._responses.accepted_rate(now)
        if self._found:
            accepted = max(accepted, before / 2)
            if now < self._trial_ended + WINDOW:  # what was accepted then was the rate of the trial
                accepted = max(accepted, before * (1 - self._responses.refused_share))
        return min(before, accepted)

    # Trial

    def _begin_trial(self, now: float) -> None:
        self._trial = Trial(now + max(WINDOW, self._round_trip), self._responses.refused_share)
        accepted = max(self._responses.accepted_rate(now), self._limit / 2)
        self._rate = max(min(self._limit, accepted) * TRIAL_RATE, SLOWEST)
        self._mark_change(now)

    def _learn_in_trial(self, trial: Trial, sent: float, refused: bool, now: float) -> None:
        if refused:
            self._lengthen_streak(sent, now)
        else:
            self._end_streak(now)
        if trial.counted == 0 and now > trial.begins:  # a burst may have passed for a rate before
            rate = self._rate or SLOWEST
            self._rate = max(min(rate, 0.95 * self._responses.accepted_rate(now)), rate / 2, SLOWEST)
        trial.count(refused, now)
        if self._streak > 3:
            self._end_trial(min(self._limit, self._rate or SLOWEST), now)
        elif trial.is_over(now) and not trial.refuses_as_before:
            self._end_trial(self._limit, now)
        elif trial.is_over(now) and not refused:
            share = trial.refused / trial.counted
            self._tolerated = min(2 * share + 0.05, MOST_TOLERATED)
            self._patient_until = now + self._patience
            self._patience = min(2 * self._patience, LONGEST_PATIENCE)
            self._trial, self._limit, self._allowance = None, inf, ALLOWANCE_WHILE_RISING
            self._mark_change(now)

    def _end_trial(self, limit: float, now: float) -> None:
        self._trial, self._patience = None, PATIENCE
        self._limit_to(limit, found=True)
        self._last_limit = self._limit
        self._trial_ended = now
        self._mark_change(now)

    # Refusals in a row

    def _mark_change(self, now: float) -> None:
        self._changed, self._doubling = now, 0

    def _lengthen_streak(self, sent: float, now: float) -> None:
        if sent <= self._streak_grew:
            return
        self._streak += 1
        if self._streak == 1:
            self._streak_began = now
        self._streak_grew = now
        if self._streak > 1:
            self._next = max(self._next, now + self._probe_gap(self._rate or SLOWEST))

    def _end_streak(self, now: float) -> None:
        if self._streak > 1:
            self._next = min(self._next, now)  # the server accepts requests again
        self._streak = 0

    def _probe_gap(self, rate: float) -> float:
        """Return the seconds to the next request while requests are refused."""
        lasted = self._streak_grew - self._streak_began
        longest = max(FIRST_PROBE, min(lasted / 8, LONGEST_PROBE))
        return max(min(2.0 ** (2 * min(self._streak, 16) - 1) / rate, longest), 1 / rate)

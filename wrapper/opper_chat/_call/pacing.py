"""Adapt the rate of requests to what the server accepts. No I/O and no clock; the time is handed in.

A response with status 429 is a refusal. It has one of two causes, and the response does not show which one:

- The server limits the rate. Then fewer requests per second end the refusals.
- Something else, such as one overloaded replica of many, or a limit of another model or of other callers. Then fewer
  requests per second end nothing, and only make the client slow.

So `Pace` reacts to the share of refusals, and checks the cause:

1. Open: no request waits. Some refusals are tolerated, and `Retry-After` concerns only the call that received it.
2. Trial: if more requests are refused, requests are sent at even intervals, a tenth more slowly than the server
   accepted them, until the share of refusals can be compared with the share before. If the server refuses as many in
   three trials in a row, the rate is not the cause. The pace opens again: it doubles every round trip until no request
   waits.
3. Limited: otherwise requests are sent at even intervals, a little below the limit. After some time without refusals
   the pace rises above the limit, by an excess that doubles every round trip, until the server refuses a request. The
   longer the limit has stayed the same, the longer is that time. A trial follows if the limit has fallen by more than
   an eighth, because a pace that was lowered for the wrong reason falls on and on.

In 2 and 3 `Retry-After` is a pause for all requests. It ends early if the server accepts a request that was sent after
the refused one.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from .rate_limit_trials import WINDOW, Responses, Trial
from .retries import longest_backoff
from .retry_after import parse_retry_after

REFUSED = 429

WINDOW_REQUESTS = 20
"""Requests that the window of responses has to hold. If the pace is slow, the window is longer."""

TOLERATED = 0.15
"""The share of refusals that an open pace tolerates before a trial has measured one."""

MOST_TOLERATED = 0.6
"""The share that is tolerated at most: twice what trials have measured, and a little more."""

TOLERATED_SECONDS = 300.0
"""How long the share that a trial has measured is tolerated."""

ALLOWANCE = 10.0
"""Refusals that an open pace tolerates at once, in addition to that share."""

MARGIN = 0.015
"""The share of the limit by which the pace stays below it."""

FIRST_HOLD, LONGEST_HOLD = 1.0, 60.0
"""Seconds before the pace rises above the limit: two thirds of the time for which the limit has been about the same."""

DOUBLING_SECONDS = 0.35
"""The time in which the excess over the limit doubles, unless one and a half round trips take longer."""

TRIALS = 3
"""Trials in a row in which the server has to refuse as many requests as before, each slower than the one before."""

FALLEN = 0.87
"""A trial begins when the limit falls below this share of its last known value."""

TRIAL_RATE = 0.9
"""The rate of a trial, as a share of the rate at which requests were accepted before it."""

DOUBLING_RESPONSES = 8
"""Accepted requests after which the pace of a slow start doubles. Below 32 per second fewer are enough."""

TOO_FEW = 4.0
"""Accepted requests per second that are too few to derive the limit from."""

SLOWEST = 0.1
"""Requests per second that are sent in any case: without them the client learns nothing more."""

FIRST_PROBE = 0.25
"""Seconds between requests while all are refused. Later it is an eighth of the time for which they have been."""

LONGEST_PROBE = 5.0

FIRST_GIVE_UP = 5.0
"""Seconds for which all requests have to be refused before a call gives up: a window may open by then."""

SHORTEST_WAIT = 1.0
"""Seconds for which a call waits at least while all requests are refused."""

LONGEST_PAUSE = 60.0
"""The most seconds of a pause, whatever `Retry-After` says. Then another request is tried."""

SLACK = 0.05
"""Seconds of delay that the next intervals make up for: timers fire a little late, and never early."""


class AllRefusedError(Exception):
    """The server has refused all requests for as long as a call waits. This error never reaches the caller."""


class Pace:
    """The rate of all requests to one model of a server. Not thread-safe."""

    def __init__(self) -> None:
        self._rate: float | None = None
        """Requests per second, or None while no request waits."""
        self._limit = inf
        """The rate at which the server refused requests. It is infinite while the pace is open."""
        self._last_limit = 0.0
        """The limit that a trial confirmed, or else the first that was found."""
        self._trial: Trial | None = None
        self._trial_ended = -inf
        self._since = -inf
        """Since when the limit has been about the same."""
        self._hold = 0.0
        """Seconds before the pace rises above the limit."""
        self._rising = 0.0
        """Seconds since the limit was set in which requests waited."""
        self._waited_for = False
        """Whether requests wait. If not, the caller makes fewer than the rate permits."""

        self._tolerated = TOLERATED
        self._allowance = ALLOWANCE
        """Refusals that are still tolerated. Accepted requests add to it."""
        self._tolerated_until = 0.0
        self._doubling = 0
        """Accepted requests since the pace of a slow start doubled."""

        self._next = 0.0
        """When the next request may be sent."""
        self._paused_until = 0.0
        self._requested_pause = 0.0
        """Seconds of the pause that the last refusal requested."""
        self._paused_by = 0.0
        """When the request was sent whose response requested the pause."""
        self._changed = -inf
        """When the rate last changed. The response to an earlier request says nothing about it."""
        self._streak = 0
        """Refusals in a row, each of a request that was sent after the refusal before it."""
        self._streak_began = -inf
        self._streak_grew = -inf
        self._round_trip = 0.0
        self._responses = Responses()

    @property
    def rate(self) -> float | None:
        """Requests per second, or None for no limit, as before the first refusals."""
        return self._rate

    def pause(self, now: float) -> float:
        """Return the seconds that are left of a pause that the server requested."""
        return max(self._paused_until - now, 0.0)

    def explain(self, now: float) -> str:
        """Return why a request has to wait, for an error message."""
        if pause := self.pause(now):
            return f"the server asked for no more requests for {pause:.1f} s in a response with status 429"
        if self._rate is None:
            return "other requests were waiting before it"
        if self._streak > 1:
            return (
                "the server refuses all requests with status 429, so adaptive_rate_limit=True sends single ones for now"
            )
        return (
            f"adaptive_rate_limit=True sends {self._rate:.3g} requests per second since "
            "the server refused more with status 429"
        )

    def give_up_time(self, since: float, retries: int, now: float) -> float:
        """Return when a call gives up if the server refuses all requests until then.

        That is about when its own retries would have ended without the rate limiter.

        Args:
            since: when the call began to wait.
            retries: how often the call is retried at most.
            now: the time.
        """
        own = longest_backoff(retries) + max(retries, 1) * self._requested_pause
        refusing = self._streak > 1 or self._paused_until > now
        refusing_since = self._streak_began if refusing else now
        return max(since + max(own, SHORTEST_WAIT), refusing_since + max(own, FIRST_GIVE_UP))

    def due(self, now: float) -> float:
        """Return when the next request may be sent: `now`, or later."""
        return now if self._rate is None else max(now, self._paused_until, self._next)

    def record_request(self, now: float) -> None:
        """Record that a request is sent, which was due."""
        if self._rate is None:
            return
        gap = 1 / self._rate
        self._waited_for = self._next > now - max(SLACK, gap)
        rises = self._waited_for and self._limit < inf and self._trial is None
        if rises and self._rate <= max(self._limit, 2 * self._responses.latest_rate(now)):
            self._rise(min(gap, 2 * self._doubling_seconds))
        if self._streak > 1:
            gap = self._probe_gap(self._rate)
        self._next = max(self._next, now - SLACK) + gap

    def record_response(self, sent: float, status_code: int, headers: Mapping[str, str], now: float) -> None:
        """Adapt the rate to a response.

        Args:
            sent: when its request was sent.
            status_code: the status of the response.
            headers: its headers; names in lower case, or a case-insensitive mapping.
            now: the time.
        """
        refused = status_code == REFUSED
        window = max(WINDOW, WINDOW_REQUESTS / max(self._limit, self._rate or 0.0), self._round_trip)
        self._responses.add(not refused, now, window)
        self._round_trip += (now - sent - self._round_trip) * (0.2 if self._round_trip else 1)
        if sent > self._changed:
            if self._limit == inf:
                self._learn_open(sent, refused, now)
            elif self._trial is not None:
                self._learn_in_trial(self._trial, sent, refused, now)
            else:
                self._learn_limited(refused, now)
        self._apply_pause(sent, refused, headers, now)

    def _apply_pause(self, sent: float, refused: bool, headers: Mapping[str, str], now: float) -> None:
        requested = parse_retry_after(headers, REFUSED, None) if refused else None
        if refused:  # no call is retried after a longer pause
            seconds = requested.minimum if requested is not None else 0.0
            self._requested_pause = seconds if seconds <= LONGEST_PAUSE else 0.0
        if self._rate is None:
            self._paused_until = 0.0
        elif requested is not None:
            self._paused_until = max(self._paused_until, now + min(requested.minimum, LONGEST_PAUSE))
            self._paused_by = max(self._paused_by, sent)
        elif not refused and sent > self._paused_by:
            self._paused_until = 0.0

    # Open

    def _learn_open(self, sent: float, refused: bool, now: float) -> None:
        if not refused:
            self._allow_more(now)
            self._end_streak(now)
            self._start_slowly(now)
            return
        self._allowance -= 1
        if self._rate is not None:
            self._lengthen_streak(sent, now)
        if self._allowance < 0:
            self._lower(self._responses.accepted_rate(now), now)

    def _allow_more(self, now: float) -> None:
        share = self._tolerated if now < self._tolerated_until else TOLERATED
        self._allowance = min(ALLOWANCE, self._allowance + share / (1 - share))

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
        self._rate, self._limit, self._allowance = None, inf, ALLOWANCE

    def _lower(self, accepted: float, now: float) -> None:
        """Go on at the rate that was accepted, or slowly if that is next to nothing."""
        self._allowance = 0.0
        before = self._rate or 0.0
        if not self._streak:
            self._streak, self._streak_began = 1, now
        self._streak_grew = now
        self._next = now + FIRST_PROBE
        if accepted < (0.5 if before else TOO_FEW):
            self._rate = max(accepted / 2, before / 2, 1.0)
            self._mark_change(now)
        else:
            self._limit_to(max(accepted, before / 8), now)
            self._begin_trial(now, self._responses.refused_share)

    # Limited

    @property
    def _doubling_seconds(self) -> float:
        return max(DOUBLING_SECONDS, 1.5 * self._round_trip)

    def _rise(self, seconds: float) -> None:
        self._rising += seconds
        steps = min((self._rising - self._hold) / self._doubling_seconds, 30.0)
        share = 1 - MARGIN if steps < 0 else 1 - MARGIN + MARGIN * 2**steps
        self._rate = max(self._limit * share, SLOWEST)

    def _limit_to(self, limit: float, now: float) -> None:
        if not 0.8 < limit / self._limit < 1.25:
            self._since = now
        self._hold = min(max((now - self._since) / 1.5, FIRST_HOLD), LONGEST_HOLD)
        self._limit, self._rising = max(limit, SLOWEST), 0.0
        self._rise(0.0)

    def _learn_limited(self, refused: bool, now: float) -> None:
        before = self._rate or SLOWEST
        if not refused:
            self._end_streak(now)
            if not self._waited_for and before > self._limit * 2:
                self._open()
            return
        excess = 0.0
        self._streak += 1
        self._streak_grew = now
        self._mark_change(now)
        if self._streak == 1:
            self._streak_began = now
            self._limit_to(self._lowered(before, now), now)
            excess = 1 - self._limit / before
            self._last_limit = self._last_limit or self._limit
            if self._limit < FALLEN * self._last_limit:
                self._begin_trial(now, self._responses.refused_share)
        self._next = now + max(self._probe_gap(self._rate or SLOWEST), min(excess * WINDOW, FIRST_PROBE))

    def _lowered(self, before: float, now: float) -> float:
        """Return the limit after a refusal: the rate that was accepted, and at least half of the rate before."""
        accepted = self._responses.accepted_rate(now)
        if before >= self._limit and accepted < 1.25 * self._limit:
            return min(max(self._limit, accepted), 1.1 * self._limit, before)
        accepted = max(accepted, before / 2)
        if now < self._trial_ended + WINDOW:  # then the rate of the trial was accepted
            accepted = max(accepted, before * (1 - self._responses.refused_share))
        return min(before, accepted)

    # Trial

    def _begin_trial(self, now: float, share_before: float, number: int = 1) -> None:
        self._trial = Trial(now + max(WINDOW, self._round_trip), share_before, number)
        self._rate = max(self._limit * TRIAL_RATE, SLOWEST)
        self._mark_change(now)

    def _learn_in_trial(self, trial: Trial, sent: float, refused: bool, now: float) -> None:
        if refused:
            self._lengthen_streak(sent, now)
        else:
            self._end_streak(now)
        trial.count(refused, now)
        if self._streak > 5:
            self._end_trial(min(self._limit, self._rate or SLOWEST), now)
        elif trial.is_over(now) and not trial.refuses_as_before:
            self._end_trial(self._limit, now)
        elif trial.is_over(now) and not refused:
            share = trial.refused / trial.counted
            if trial.number < TRIALS:  # what was accepted before may have been a burst
                # Nor is it less than an eighth: while all requests were refused, only single ones were sent.
                self._limit = max(self._responses.accepted_rate(now), self._limit / 8, SLOWEST)
                self._begin_trial(now, share, trial.number + 1)
                return
            self._tolerated = min(2 * share + 0.05, MOST_TOLERATED)
            self._tolerated_until = now + TOLERATED_SECONDS
            self._trial, self._limit, self._allowance = None, inf, ALLOWANCE
            self._mark_change(now)

    def _end_trial(self, limit: float, now: float) -> None:
        self._trial, self._since = None, now
        self._limit_to(limit, now)
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

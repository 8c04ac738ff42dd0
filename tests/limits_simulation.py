"""Simulate callers, the limiter and a server in virtual time: no sockets, no threads, no sleeping; seeded chance."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from math import inf
from typing import Any, Protocol

from opper_chat._call.pacing import Pace


class Server(Protocol):
    """What decides about a request."""

    def allows(self, now: float) -> bool:
        """Accept a request, or refuse it."""
        ...


class Unlimited:
    """Accept all requests."""

    def allows(self, now: float) -> bool:
        return True


class ConcurrencyLimit:
    """Work on `most` requests at a time, and refuse any more."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._busy = 0

    def allows(self, now: float) -> bool:
        allowed = self._busy < self.most
        self._busy += allowed
        return allowed

    def finished(self) -> None:
        self._busy -= 1


@dataclass(eq=False)
class Call:
    """A call of a caller, over all its attempts."""

    process: int
    deadline: float
    attempts: int = 0
    since: float | None = None
    """When it began to wait for the pace."""


@dataclass
class Answer:
    """A response. Times in virtual seconds."""

    sent: float
    came: float
    status: int
    process: int


@dataclass
class Simulation:
    """Callers of one or more processes, and the server that they share."""

    server: Server
    paces: list[Pace | None]
    """One for each process; None without the limiter."""
    callers: int = 50
    """Of each process. Each makes one call after another; a call is retried until it succeeds or fails."""
    latency: float = 0.02
    jitter: float = 0.2
    """The share by which a latency is longer or shorter, at random."""
    calls: float = inf
    max_retries: int = 100
    deadline: float = inf
    stray: float = 0.0
    """The share of refusals that have nothing to do with the rate."""
    errors: float = 0.0
    """The share of responses with status 503."""
    refuse: frozenset[int] = frozenset()
    """Numbers of the requests, from 1, that are refused."""
    quick_refusals: bool = False
    """Whether a refusal takes no more than a millisecond on the server."""
    retry_after: int = 0
    """Seconds that a refusal asks to wait; 0 for no header."""
    seed: int = 0
    changes: dict[float, float] = field(default_factory=dict)
    """The rate of the server from a time on."""

    now: float = 0.0
    sent: list[float] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    finished: list[float] = field(default_factory=list)
    """When calls succeeded."""
    failed: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._numbers, self._requests = count(), count(1)
        self._events: list[tuple[float, int, Callable[[Any], None], Any]] = []
        self._waiting: list[deque[Call]] = [deque() for _ in self.paces]
        self._wakes = [inf] * len(self.paces)
        self._left = self.calls
        self._headers = {"retry-after": str(self.retry_after)} if self.retry_after else {}

    def run(self, seconds: float = inf) -> Simulation:
        """Run until the calls are done, or so many seconds are over."""
        for process in range(len(self.paces)):
            for _ in range(self.callers):
                self._begin(process)
            self._send_waiting(process)
        changes = sorted(self.changes.items())
        while self._events and self._events[0][0] < seconds:
            self.now, _, handle, value = heapq.heappop(self._events)
            while changes and changes[0][0] <= self.now:
                self.server.rate = changes.pop(0)[1]  # type: ignore[attr-defined]
            handle(value)
        if seconds < inf:
            self.now = seconds
        return self

    def successes(self, since: float = 0.0, until: float = inf) -> float:
        """Return the calls a second that succeeded."""
        until = min(until, self.now)
        return sum(since <= time < until for time in self.finished) / (until - since)

    def refused(self, since: float = 0.0, until: float = inf) -> float:
        """Return the share of refusals among the responses to what was sent in this time."""
        statuses = [answer.status for answer in self.answers if since <= answer.sent < until]
        return statuses.count(429) / max(len(statuses), 1)

    def first_known(self) -> float:
        """Return when the first refusal came."""
        return min((answer.came for answer in self.answers if answer.status == 429), default=0.0)

    def _at(self, time: float, handle: Callable[[Any], None], value: object) -> None:
        heapq.heappush(self._events, (time, next(self._numbers), handle, value))

    def _begin(self, process: int) -> None:
        if self._left > 0:
            self._left -= 1
            self._waiting[process].append(Call(process, self.now + self.deadline))

    def _send_waiting(self, process: int) -> None:
        pace, waiting = self.paces[process], self._waiting[process]
        if pace is not None and self.max_retries < 100:
            self._end_patience(pace, waiting)
        while waiting:
            if waiting[0].deadline < self.now:
                waiting.popleft()
                self.failed.append(self.now)
                self._begin(process)
                continue
            if pace is not None and pace.due(self.now) > self.now:
                break
            call = waiting.popleft()
            if pace is not None:
                pace.record_request(self.now)
            self._send(call)
        if waiting and pace is not None:
            wake = pace.due(self.now) + self._chance.random() / 1000  # timers are late
            if self.max_retries < 100:
                ends = [pace.give_up_time(self._since(call), self.max_retries, self.now) for call in waiting]
                wake = max(min(wake, *ends), self.now + 0.001)
            if wake < self._wakes[process]:
                self._wakes[process] = wake
                self._at(wake, self._wake, process)

    def _send(self, call: Call) -> None:
        self.sent.append(self.now)
        took = self.latency * (1 + self.jitter * self._chance.uniform(-1, 1))
        self._at(self.now + took * 0.4, self._arrive, (call, self.now, took))

    def _end_patience(self, pace: Pace, waiting: deque[Call]) -> None:
        """Fail calls that have waited long enough while all is refused; send those that were not sent yet."""
        for call in [*waiting]:
            if pace.give_up_time(self._since(call), self.max_retries, self.now) <= self.now:
                waiting.remove(call)
                if call.attempts:
                    self._fail(call)
                else:
                    self._send(call)

    def _since(self, call: Call) -> float:
        if call.since is None:
            call.since = self.now
        return call.since

    def _fail(self, call: Call) -> None:
        self.failed.append(self.now)
        self._begin(call.process)

    def _wake(self, process: int) -> None:
        if self._wakes[process] <= self.now:
            self._wakes[process] = inf
        self._send_waiting(process)

    def _arrive(self, value: tuple[Call, float, float]) -> None:
        call, sent, took = value
        status = 200
        stray = next(self._requests) in self.refuse or self._chance.random() < self.stray
        if stray or not self.server.allows(self.now):
            status = 429
        elif self._chance.random() < self.errors:
            status = 503
        if status == 429 and self.quick_refusals:
            took = 0.4 * took + 0.001
        self._at(sent + took, self._answered, (call, sent, status))

    def _answered(self, value: tuple[Call, float, int]) -> None:
        call, sent, status = value
        if status != 429 and isinstance(self.server, ConcurrencyLimit):
            self.server.finished()
        self.answers.append(Answer(sent, self.now, status, call.process))
        pace = self.paces[call.process]
        if pace is not None:
            pace.record_response(sent, status, self._headers if status == 429 else {}, self.now)
        if status == 200:
            self.finished.append(self.now)
            self._begin(call.process)
        else:
            self._retry(call, self.retry_after if status == 429 else 0)
        self._send_waiting(call.process)

    def _retry(self, call: Call, wait: float) -> None:
        call.attempts += 1
        wait += self._chance.random() * min(8, 0.5 * 2 ** (min(call.attempts, 10) - 1))
        if call.attempts > self.max_retries or self.now + wait >= call.deadline:
            self._fail(call)
        else:
            self._at(self.now + wait, self._again, call)

    def _again(self, call: Call) -> None:
        self._waiting[call.process].append(call)
        self._send_waiting(call.process)

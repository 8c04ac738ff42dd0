# Made from wrapper/opper_chat/_async/pacer.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""The gates that the requests of a client go through, no faster than the server accepts them: one for each model.

Each request, retries too, takes a turn at the gate of its model. The turns of a gate are given out in the order in
which they were asked for, across threads and event loops.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from math import inf
from threading import Lock
from time import monotonic
from weakref import ref

from .._call.pacing import AllRefusedError, Pace
from .._concurrency.events import Event
from .._json.codec import is_mapping, is_sequence

MOST_MODELS = 100
"""Models of which it is remembered how fast the server accepts requests."""


class RateLimiters:
    """The rate limiter of each model at each base URL, because servers limit requests by model.

    Args:
        adaptive: whether requests are paced when the server answers too large a share of them with 429.
    """

    def __init__(self, *, adaptive: bool) -> None:
        self._without_limit = None if adaptive else Gate()
        self._by_model: OrderedDict[tuple[str, str], Gate] = OrderedDict()
        """The least recently used first."""
        self._lock = Lock()

    def for_model(self, base_url: str, model: object) -> Gate:
        """Return the rate limiter for requests to a model.

        Args:
            base_url: where it is served.
            model: the `model` of the request: a name, an object with a name, or a list of these, whose first counts.
        """
        if self._without_limit is not None:
            return self._without_limit
        key = base_url, _model_name(model)
        with self._lock:
            gate = self._by_model.get(key) or Gate(adaptive=True)
            self._by_model[key] = gate
            self._by_model.move_to_end(key)
            if len(self._by_model) > MOST_MODELS:
                self._by_model.popitem(last=False)
        return gate


def _model_name(model: object) -> str:
    if is_sequence(model):
        model = model[0] if model else None
    if is_mapping(model):
        model = model.get("name")
    return model if isinstance(model, str) else ""


class Gate:
    """Lets requests through.

    Args:
        adaptive: whether requests are paced when the server answers too large a share of them with 429.
    """

    def __init__(self, *, adaptive: bool = False) -> None:
        self._pace = Pace() if adaptive else None
        self._turning: OrderedDict[ref[Event], None] = OrderedDict()
        """Those that wait, by weak references: who was interrupted before it could stop waiting holds nobody up."""
        self._lock = Lock()
        """For the pace. Never awaited under, and never waited for in a finalizer."""

    @property
    def rate(self) -> float | None:
        """Requests a second that are let through now; None where they are not paced."""
        return self._pace.rate if self._pace else None

    def turn(self, seconds: float | None, since: float = inf, retries: int = 0) -> float:
        """Wait until a request may be sent, and return the time; `told` wants it.

        Args:
            seconds: how long at most, or None for ever.
            since: when the call began to wait for its turns.
            retries: how often the call is retried at most.

        Raises:
            AllRefusedError: the server has refused all requests since then, for as long as such a call waits.
            TimeoutError: its turn did not come in time; at once, where the server asked for a longer pause.
        """
        now = monotonic()
        deadline = inf if seconds is None else now + seconds
        if self._pace is None:
            return now
        with self._lock:
            due = self._pace.due(now)
            free = not self._turning and due <= now
            if free:
                self._pace.take(now)
        if free:
            return now
        self._wait(self._pace, deadline, since, retries)
        return monotonic()

    def told(self, sent: float, status_code: int, headers: Mapping[str, str]) -> None:
        """Learn from the head of an answer.

        Args:
            sent: what `turn` returned.
            status_code: the status of the answer.
            headers: its headers.
        """
        if self._pace is None:
            return
        with self._lock:
            now = monotonic()
            due = self._pace.due(now)
            self._pace.told(sent, status_code, headers, now)
            sooner = self._pace.due(now) < due
        if sooner:
            self._wake_next()

    def _wait(self, pace: Pace, deadline: float, since: float, retries: int) -> None:
        event = Event()
        entry = ref(event)
        try:
            self._turning[entry] = None
            if pace.due(monotonic()) <= monotonic():
                self._wake_next()  # the first is late: should its event loop be gone, it is to be the next one's turn
            while (seconds := self._next_look(entry, pace, deadline, since, retries)) is not None:
                event.wait(min(seconds, event.recheck_seconds))
        finally:
            self._turning.pop(entry, None)
            self._wake_next()

    def _next_look(
        self, entry: ref[Event], pace: Pace, deadline: float, since: float, retries: int
    ) -> float | None:
        """Take the turn and return None, or return for how long to wait before asking again."""
        with self._lock:
            now = monotonic()
            due = pace.due(now)
            if due > deadline:
                raise TimeoutError(pace.explain(now))
            is_first = self._first() is entry
            if is_first and due <= now:
                pace.take(now)
                self._turning.pop(entry, None)
                return None
            patience_ends = pace.patience_ends(since, retries, now)
            if patience_ends <= now:
                raise AllRefusedError
            return min(due if is_first else deadline, patience_ends) - now

    def _first(self) -> ref[Event] | None:
        """Return who waited longest and is still there."""
        while self._turning:
            try:
                first = next(iter(self._turning))
            except (RuntimeError, StopIteration):  # another thread has just stopped waiting
                continue
            if first() is not None:
                return first
            self._turning.pop(first, None)
        return None

    def _wake_next(self) -> None:
        """Wake the first of those that wait for their turn, from any thread and in finalizers too."""
        while (entry := self._first()) is not None:
            event = entry()
            if event is not None and event.set():
                return
            self._turning.pop(entry, None)  # its event loop is gone

"""Rate limiters: requests to a model are sent no faster than the server accepts them.

Each request, a retry too, waits for a permit of the rate limiter of its model. Permits are granted in the order in
which they were requested, across threads and event loops. `_call.pacing` decides the rate. The number of calls at a
time is limited by `_transport._async.limiter`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from math import inf
from threading import Lock
from time import monotonic
from weakref import ref

from .._call.pacing import AllRefusedError, Pace
from .._concurrency.events import AsyncEvent
from .._json.codec import is_mapping, is_sequence

MOST_MODELS = 100
"""The most models whose rate limiters are kept."""


class AsyncRateLimiters:
    """The rate limiter of each model at each base URL, because servers limit requests by model."""

    def __init__(self) -> None:
        self._by_model: OrderedDict[tuple[str, str], AsyncRateLimiter] = OrderedDict()
        """The least recently used first."""
        self._lock = Lock()

    def for_model(self, base_url: str, model: object) -> AsyncRateLimiter:
        """Return the rate limiter for requests to a model.

        Args:
            base_url: the base URL of the server.
            model: the `model` of the request: a name, an object with a name, or a list of these, whose first counts.
        """
        key = base_url, _model_name(model)
        with self._lock:
            limiter = self._by_model.get(key) or AsyncRateLimiter()
            self._by_model[key] = limiter
            self._by_model.move_to_end(key)
            if len(self._by_model) > MOST_MODELS:  # names can come from users, and would fill the memory
                self._by_model.popitem(last=False)
        return limiter


def _model_name(model: object) -> str:
    if is_sequence(model):
        model = model[0] if model else None
    if is_mapping(model):
        model = model.get("name")
    return model if isinstance(model, str) else ""


class AsyncRateLimiter:
    """Grants permits to send a request, as fast as the server accepts them.

    Every permit is granted at once, until the server has refused too large a share of the requests with status 429.
    """

    def __init__(self) -> None:
        self._pace = Pace()
        self._waiting: OrderedDict[ref[AsyncEvent], None] = OrderedDict()
        """The requests that wait, oldest first. By weak references: one that was interrupted before it could remove
        itself does not block the others."""
        self._lock = Lock()
        """For the pace. Nothing is awaited while it is held, and no finalizer acquires it."""

    @property
    def rate(self) -> float | None:
        """Requests per second, or None for no limit."""
        return self._pace.rate

    async def acquire(self, seconds: float | None, since: float = inf, retries: int = 0) -> float:
        """Wait for the permit to send one request, and return the time, for `record_response`.

        Args:
            seconds: how long to wait at most, or None for no limit.
            since: when the call first waited for a permit.
            retries: how often the call is retried at most.

        Raises:
            AllRefusedError: the server has refused all requests since then, for as long as such a call waits.
            TimeoutError: the permit was not granted in time. If the server asked for a longer pause, this is raised at
                once.
        """
        now = monotonic()
        deadline = inf if seconds is None else now + seconds
        with self._lock:
            due = self._pace.due(now)
            is_granted = not self._waiting and due <= now
            if is_granted:
                self._pace.record_request(now)
        if is_granted:
            return now
        await self._wait(deadline, since, retries)
        return monotonic()

    def record_response(self, sent: float, status_code: int, headers: Mapping[str, str]) -> None:
        """Adapt the rate to a response.

        Args:
            sent: what `acquire` returned for its request.
            status_code: the status of the response.
            headers: the headers of the response.
        """
        with self._lock:
            now = monotonic()
            due = self._pace.due(now)
            self._pace.record_response(sent, status_code, headers, now)
            is_earlier = self._pace.due(now) < due
        if is_earlier:
            self._wake_next()

    async def _wait(self, deadline: float, since: float, retries: int) -> None:
        event = AsyncEvent()
        entry = ref(event)
        try:
            self._waiting[entry] = None
            if self._pace.due(monotonic()) <= monotonic():
                self._wake_next()  # the oldest is late: if its event loop is closed, the permit is for the next one
            while (seconds := self._try(entry, deadline, since, retries)) is not None:
                await event.wait(min(seconds, event.recheck_seconds))
        finally:
            self._waiting.pop(entry, None)
            self._wake_next()

    def _try(self, entry: ref[AsyncEvent], deadline: float, since: float, retries: int) -> float | None:
        """Take the permit and return None, or return how long to wait before the next try."""
        pace = self._pace
        with self._lock:
            now = monotonic()
            due = pace.due(now)
            if due > deadline:
                raise TimeoutError(pace.explain(now))
            is_first = self._first() is entry
            if is_first and due <= now:
                pace.record_request(now)
                self._waiting.pop(entry, None)
                return None
            give_up_time = pace.give_up_time(since, retries, now)
            if give_up_time <= now:
                raise AllRefusedError
            return min(due if is_first else deadline, give_up_time) - now

    def _first(self) -> ref[AsyncEvent] | None:
        """Return the oldest request that still waits."""
        while self._waiting:
            try:
                first = next(iter(self._waiting))
            except (RuntimeError, StopIteration):  # another thread has just stopped waiting
                continue
            if first() is not None:
                return first
            self._waiting.pop(first, None)
        return None

    def _wake_next(self) -> None:
        """Wake the oldest request that waits, from any thread and in finalizers too."""
        while (entry := self._first()) is not None:
            event = entry()
            if event is not None and event.set():
                return
            self._waiting.pop(entry, None)  # its event loop is closed

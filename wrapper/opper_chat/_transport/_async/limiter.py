"""A limit on the number of calls, or of connections, at a time.

Permits are granted in the order in which they were requested, across threads and event loops. The rate of requests is
limited by `_async.rate_limiter`.
"""

from __future__ import annotations

from collections import OrderedDict
from math import inf
from threading import Lock
from time import monotonic
from weakref import ref

from ..._concurrency.events import AsyncEvent
from ..._http.leases import Permit

_WITHOUT_WAITING = (False,)


class AsyncConcurrencyLimiter:
    """Grants a limited number of permits at a time.

    No lock is held while anything is awaited, and no finalizer waits for one. A signal handler that raises an exception
    cannot leave the lock held.

    Args:
        limit: The most permits at a time, or None for no limit.
    """

    def __init__(self, limit: int | None) -> None:
        self._limit = inf if limit is None else limit
        self._granted: set[ref[Permit]] = set()
        self._waiting: OrderedDict[AsyncEvent, ref[Permit]] = OrderedDict()
        self._lock = Lock()

    @property
    def granted(self) -> int:
        """The number of granted permits."""
        return len(self._granted)

    @property
    def waiting(self) -> int:
        """The number of waiting callers."""
        return len(self._waiting)

    async def acquire(self, permit: Permit, seconds: float | None) -> None:
        """Wait until a permit is granted. Release the permit afterwards, also if this raises any exception.

        Args:
            permit: The permit. Before, store it where the code that ends the call finds it and releases it.
            seconds: The most seconds to wait, or None for no limit.

        Raises:
            TimeoutError: The permit was not granted in time.
        """
        permit.bind(self._granted, self._grant_free_permits)
        with self._lock:
            granted = len(self._granted) < self._limit and not self._waiting  # not before those that wait
            if granted:
                self._granted.add(permit.entry)
        if self._waiting:
            # Another thread may have released a permit while this one held the lock, and left granting it to this one.
            self._grant_free_permits()
        if not granted:
            await self._wait(permit.entry, seconds)

    async def _wait(self, entry: ref[Permit], seconds: float | None) -> None:
        deadline = inf if seconds is None else monotonic() + seconds
        event = AsyncEvent()
        self._waiting[event] = entry
        try:
            while True:
                self._grant_free_permits()
                if entry in self._granted:
                    return
                left = deadline - monotonic()
                if left <= 0:
                    raise TimeoutError
                if event not in self._waiting:  # the thread that was granting the permit was interrupted
                    self._waiting[event] = entry
                    self._waiting.move_to_end(event, last=False)
                    continue
                await event.wait(min(left, event.recheck_seconds))
        finally:
            self._waiting.pop(event, None)

    def _grant_free_permits(self) -> None:
        """Grant free permits to waiting callers, unless another thread does so, or an outer frame of this thread."""
        while self._waiting and len(self._granted) < self._limit:
            acquired: list[bool] = []
            try:
                # One call of C code, because a signal handler may raise an exception between two calls.
                acquired.extend(map(self._lock.acquire, _WITHOUT_WAITING))
                if True not in acquired:
                    return  # the thread with the lock checks again after releasing it
                self._grant_next()
            finally:
                if True in acquired:
                    self._lock.release()

    def _grant_next(self) -> None:
        try:
            event, entry = self._waiting.popitem(last=False)
        except KeyError:
            return  # the caller has stopped waiting
        self._granted.add(entry)
        if entry() is None or not event.set():  # the caller is garbage, or its event loop is closed
            self._granted.discard(entry)

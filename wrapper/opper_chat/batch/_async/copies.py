"""Deduplicate rows with equal bodies: one is sent, and the others get copies of its result.

The first row of the input is sent, and later ones wait. If an earlier row waited for a later one, an ordered batch
could never end: the result of the later row is not written before that of the earlier one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import Lock

from ..._concurrency.events import AsyncEvent
from .._errors import BatchError
from .._journal.journal import Journal
from .._request import BatchRequest, hash_request
from .._result import BatchResult, CopiedResult
from .engine import AnyResult, AsyncHandle

RECHECK_SECONDS = 1.0
"""Seconds after which a row that waits for another one looks whether the batch has failed."""


class AsyncCopies:
    """Sends each body once. Results are read from the journal, so memory does not grow with them.

    Args:
        journal: the journal, which is indexed.
        send: sends a request, and returns its result.
        hash_key: that of the settings.
    """

    def __init__(self, journal: Journal, send: AsyncHandle, hash_key: bytes) -> None:
        self._journal = journal
        self._hash_key = hash_key
        self._send = send
        self.is_failed: Callable[[], bool] = bool
        """Whether the batch has failed, so that the result of a row in flight may never be written."""
        self._in_flight: dict[str, list[AsyncEvent]] = {}
        """The rows that wait for the result of a body, by its hash."""
        self._first: set[str] = set()
        """The ids of rows that were taken, are the first with their body, and were not sent yet."""
        self._lock = Lock()
        """For the two above. Nothing is awaited while a thread has it."""

    def take(self, requests: Iterable[BatchRequest]) -> Iterator[BatchRequest]:
        """Yield requests, and remember which ones are the first with their body. One is taken at a time."""
        for request in requests:
            body_hash = hash_request(request, self._hash_key)
            with self._lock:
                if body_hash not in self._in_flight and self._journal.find_copy(body_hash) is None:
                    self._in_flight[body_hash] = []
                    self._first.add(request.custom_id)
            yield request

    async def handle(self, request: BatchRequest) -> AnyResult:
        """Return the result of a row. If its body is in flight already, this waits for that result."""
        body_hash = hash_request(request, self._hash_key)
        while True:
            event = AsyncEvent()
            with self._lock:
                if request.custom_id in self._first:
                    self._first.remove(request.custom_id)
                    break
                waiting = self._in_flight.get(body_hash)
                if waiting is None:
                    line = self._journal.find_copy(body_hash)
                    if line is not None:
                        return CopiedResult(request.custom_id, line)
                    self._in_flight[body_hash] = []
                    break
                waiting.append(event)
            await event.wait(RECHECK_SECONDS)
            if self.is_failed():
                raise BatchError("The batch has failed.")
        try:
            return await self._send(request)
        except BaseException:
            self._release(body_hash)
            raise

    async def emit(self, result: AnyResult) -> None:
        """Write a result, and wake the rows that wait for it."""
        self._journal.write(result)
        if isinstance(result, BatchResult):
            self._release(result.body_hash)

    def _release(self, body_hash: str) -> None:
        with self._lock:
            waiting = self._in_flight.pop(body_hash, [])
        for event in waiting:
            event.set()

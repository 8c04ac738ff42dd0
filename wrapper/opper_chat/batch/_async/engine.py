"""The engine of batches: requests go in, results come out, a bounded number of calls at a time. No files.

There is a worker, a task, for each call at a time, and none for a row. A worker takes the next row when the limits let
it, sends it, and emits the result. One worker at a time takes a row, so limits need only wait in one place.
"""

from __future__ import annotations

from decimal import Decimal
from math import inf
from threading import Lock
from time import monotonic
from typing import Protocol, TypeAlias

from ..._concurrency.events import AsyncEvent
from .._errors import UnknownCostError, UnknownUsageError
from .._limits import CostLimit, ErrorLimit, StopReason, TokenRate, TotalCost
from .._options import BatchSettings
from .._progress import BatchProgress
from .._request import BatchRequest, is_in_shard
from .._result import BatchResult, CopiedResult
from .._workers.async_workers import AsyncRows, AsyncWorkerPool, new_lock, next_row, row_iterator

AnyResult: TypeAlias = BatchResult | CopiedResult


class AsyncHandle(Protocol):
    """Sends a request, and returns the result."""

    async def __call__(self, request: BatchRequest, /) -> AnyResult: ...


class AsyncEmit(Protocol):
    """Takes a result."""

    async def __call__(self, result: AnyResult, /) -> None: ...


class AsyncOnEnd(Protocol):
    """Is called at the end."""

    async def __call__(self) -> None: ...


MIN_INTERVAL = 0.1
"""The minimum of the seconds between two calls of the progress callback while no row ends."""

ROWS_PER_WORKER = 8
"""With ``ordered``, how many rows for each worker may be started and not emitted."""

_END = object()


class AsyncEngine:
    """Works through requests.

    Create it in the event loop in which it runs.

    Args:
        settings: those of the batch.
        rows: the rows. Those of other shards are left out.
        handle: sends a request and returns the result. An exception ends the batch.
        emit: takes each result. An exception ends the batch.
        progress: the state at the start, with the total if it is known.
        earlier: what the rows of earlier runs cost.
    """

    def __init__(
        self,
        settings: BatchSettings,
        rows: AsyncRows[object],
        handle: AsyncHandle,
        emit: AsyncEmit,
        *,
        progress: BatchProgress | None = None,
        earlier: TotalCost = TotalCost(),  # noqa: B008  # it does not change
    ) -> None:
        self._settings = settings
        self._rows = row_iterator(rows)
        self._handle = handle
        self._emit = emit
        self._started_at = self._reported_at = monotonic()
        self._progress = BatchProgress() if progress is None else progress
        self._cost_limit = None if settings.max_cost is None else CostLimit(settings.max_cost, earlier)
        per_minute = settings.tokens_per_minute
        self._token_rate = None if per_minute is None else TokenRate(per_minute, self._started_at)
        self._error_limit = ErrorLimit(settings.max_errors, settings.max_consecutive_errors)
        self._take_lock = new_lock()
        """Held by the worker that takes a row."""
        self._emit_lock = new_lock()
        """Held while results are emitted in order."""
        self._state_lock = Lock()
        """For counts. Nothing is awaited while a thread has it."""
        self._report_lock = Lock()
        """Acquired while the progress callback runs, so that it is called once at a time."""
        self._changed = AsyncEvent()
        """Wakes the worker that takes a row."""
        self._is_waiting = False
        """Whether that worker may wait."""
        self._stopped: StopReason | None = None
        self._is_exhausted = False
        self._is_closed = False
        self._read = 0
        self._started = 0
        self._emitted = 0
        self._out_of_order: dict[int, AnyResult] = {}
        """Results that wait for those of earlier rows."""
        self._workers = AsyncWorkerPool()
        remaining = self._progress.remaining
        self._running = settings.concurrency if remaining is None else max(1, min(settings.concurrency, remaining))
        self.failure: BaseException | None = None
        """What ended the batch, or None."""
        self.on_end: AsyncOnEnd | None = None
        """Called when the last worker ends."""

    @property
    def progress(self) -> BatchProgress:
        """The state of the batch."""
        return self._progress._replace(
            seconds=monotonic() - self._started_at, stopped=self._stopped, limit=self._settings.limit(self._stopped)
        )

    def stop(self, reason: StopReason = "stop") -> None:
        """Start no further row. Those in flight are finished. This can be called from anywhere, twice too."""
        if not self._is_exhausted:
            self._stopped = reason
        self._is_exhausted = True
        self._changed.set()

    async def start(self) -> None:
        """Start the workers."""
        await self._workers.start(self._running, self._work)

    async def join(self) -> None:
        """Wait until all rows are finished.

        Raises:
            BaseException: what ended the batch early.
        """
        interval = None if self._settings.on_progress is None else max(self._settings.progress_interval, MIN_INTERVAL)
        while not await self._workers.join(interval):
            self._report_while_waiting()
        self._report_while_waiting(is_end=True)
        if self.failure is not None:
            raise self.failure

    async def close(self) -> None:
        """Stop without waiting for rows in flight. Their results are discarded."""
        self._is_exhausted = True
        self._is_closed = True  # a thread that still runs emits nothing
        self._changed.set()
        await self._workers.close()

    async def _work(self) -> None:
        try:
            while (taken := await self._take()) is not None:
                index, request = taken
                result = await self._handle(request)
                await self._finish(index, result)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # join() raises it
            self._fail(error)
        except KeyboardInterrupt as error:  # of the progress callback in a thread, or of a signal in an event loop
            self._fail(error)
            raise
        finally:
            with self._state_lock:
                self._running -= 1
                is_last = self._running == 0
            if is_last and self.on_end is not None:
                await self.on_end()

    def _fail(self, error: BaseException) -> None:
        with self._state_lock:
            if self.failure is None:
                self.failure = error
        self._is_exhausted = True
        self._changed.set()

    async def _take(self) -> tuple[int, BatchRequest] | None:
        """Return the next request and its index, when it may be started, or None if there is none."""
        async with self._take_lock:
            request = await self._next_request()
            if request is None:
                return None
            self._is_waiting = True  # before the look at the limits, so that no change after it is missed
            while (seconds := self._seconds_to_wait()) > 0:
                await self._changed.wait(min(seconds, self._changed.recheck_seconds))
            self._is_waiting = False
            if self._is_exhausted:
                return None
            with self._state_lock:
                index, self._started = self._started, self._started + 1
                self._progress = self._progress._replace(in_flight=self._progress.in_flight + 1)
            return index, request

    async def _next_request(self) -> BatchRequest | None:
        while not self._is_exhausted:
            row = await next_row(self._rows, _END)
            if row is _END:
                self._is_exhausted = True
                return None
            self._read += 1
            request = self._settings.reader.read(row, f"row-{self._read}")
            if is_in_shard(request.custom_id, self._settings.shard):
                return request
        return None

    def _seconds_to_wait(self) -> float:
        """Return how long the next row must wait; 0 if it may start, or if the batch is to stop."""
        with self._state_lock:
            in_flight = self._progress.in_flight
            must_wait = self._cost_limit.wait(in_flight) if self._cost_limit else False
            seconds = self._token_rate.wait(in_flight, monotonic()) if self._token_rate else 0.0
            is_full = (
                self._settings.ordered and self._started - self._emitted >= self._settings.concurrency * ROWS_PER_WORKER
            )
        if must_wait is None:
            self.stop("max_cost")
        if self._is_exhausted:
            return 0
        return inf if must_wait or is_full else seconds

    async def _finish(self, index: int, result: AnyResult) -> None:
        """Emit a result, and count it."""
        if self._settings.ordered:
            await self._emit_in_order(index, result)
        elif not self._is_closed:
            await self._emit(result)
        with self._state_lock:
            self._count(result)
        # An event is only set if a worker may wait: in an event loop, that is a call of a thread-safe function.
        if self._is_waiting:
            self._changed.set()
        self._report()

    async def _emit_in_order(self, index: int, result: AnyResult) -> None:
        async with self._emit_lock:
            self._out_of_order[index] = result
            while self._emitted in self._out_of_order and not self._is_closed:
                await self._emit(self._out_of_order.pop(self._emitted))
                self._emitted += 1

    def _count(self, result: AnyResult) -> None:
        progress, failed = self._progress, result.is_failed
        # A row without a completion, such as one with status 400, costs nothing. Its cost is not unknown.
        is_complete = isinstance(result, BatchResult) and bool(result.completions)
        cost, tokens = (result.cost, result.tokens) if is_complete else (Decimal(0), (0, 0))
        prompt, completion = tokens or (0, 0)
        self._progress = progress = progress._replace(
            in_flight=progress.in_flight - 1,
            succeeded=progress.succeeded + (not failed),
            failed=progress.failed + failed,
            prompt_tokens=progress.prompt_tokens + prompt,
            completion_tokens=progress.completion_tokens + completion,
            cost=None if cost is None or progress.cost is None else progress.cost + cost,
        )
        reached = self._error_limit.record(is_failed=failed)
        if reached is not None:
            self.stop(reached)
        if is_complete:
            self._record_usage(cost, tokens)

    def _record_usage(self, cost: Decimal | None, tokens: tuple[int, int] | None) -> None:
        if self._cost_limit is not None:
            if cost is None:
                hint = "Give the price of a million tokens: price=(prompt, completion)."
                raise UnknownCostError(f"max_cost: the server does not send the cost of a call. {hint}")
            self._cost_limit.record(cost)
        if self._token_rate is not None:
            if tokens is None:
                raise UnknownUsageError("tokens_per_minute: the server does not send the usage of a call.")
            self._token_rate.record(sum(tokens), monotonic())

    def _report_while_waiting(self, *, is_end: bool = False) -> None:
        """Call the progress callback. What it raises ends the batch, but not before the rows in flight are emitted."""
        try:
            self._report(is_end=is_end)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # join() raises it
            self._fail(error)

    def _report(self, *, is_end: bool = False) -> None:
        """Call the progress callback, if it is time."""
        if self._settings.on_progress is None:
            return
        with self._report_lock:
            notify, now = self._settings.on_progress, monotonic()
            if notify is None or not (is_end or now - self._reported_at >= self._settings.progress_interval):
                return
            self._reported_at = now
            try:
                notify(self.progress)
            except BaseException:
                self._settings = self._settings._replace(on_progress=None)  # not called again
                raise

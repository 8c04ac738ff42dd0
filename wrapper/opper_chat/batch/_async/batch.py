"""The results of a batch as an iterator, for programs. No files."""

from __future__ import annotations

from types import TracebackType
from typing import Self, Unpack, cast

from ..._async.client import AsyncOpper
from ..._async.requester import AsyncRequester
from ..._errors.api import InvalidArgumentError
from ..._errors.describe import describe
from .._options import BatchOptions, check_batch_options
from .._progress import BatchProgress
from .._request import BatchRequest
from .._result import BatchResult
from .._workers.async_workers import AsyncResultQueue, AsyncRows, is_rows
from .complete_request import complete_request
from .engine import AnyResult, AsyncEngine


class AsyncBatch:
    """The results of many requests, with a bounded number of calls at a time.

    Use it with ``async with``, and iterate over it once::

        async with AsyncBatch(client, requests, concurrency=64) as batch:
            async for result in batch:
                print(result.custom_id, result.error or result.text)

    Requests are read when a worker is free, so they can be without end. A failed row is a result with an
    ``error``. The end of the block cancels what is not finished.

    Args:
        client: the client that sends the requests. The batch does not close it.
        requests: bodies, lines of OpenAI's batch files, `BatchRequest`, or columns for a ``template``. An iterable,
            also an async one.
        options: those of `BatchOptions`.

    Raises:
        InvalidArgumentError: an argument is wrong; nothing was sent.
    """

    def __init__(self, client: AsyncOpper, requests: AsyncRows[object], **options: Unpack[BatchOptions]) -> None:
        self._settings = check_batch_options(options, "AsyncBatch()")
        self._requester = find_requester(client)
        if not is_rows(requests):
            hint = "run_batch() reads files."
            raise InvalidArgumentError("requests", "an iterable of requests", describe(requests), hint)
        self._requests = requests
        self._engine: AsyncEngine | None = None
        self._results: AsyncResultQueue[BatchResult] | None = None
        self._progress = BatchProgress()

    @property
    def progress(self) -> BatchProgress:
        """The state of the batch: rows, tokens, cost."""
        return self._progress if self._engine is None else self._engine.progress

    def stop(self) -> None:
        """Start no further row. The results of those in flight still come."""
        if self._engine is not None:
            self._engine.stop()

    async def __aenter__(self) -> Self:
        if self._engine is not None:
            raise RuntimeError(f"{type(self).__name__} can be used once. Create another one.")
        results = self._results = AsyncResultQueue[BatchResult](self._settings.concurrency)

        async def handle(request: BatchRequest) -> AnyResult:
            return await complete_request(self._requester, request, self._settings)

        async def emit(result: AnyResult) -> None:
            await results.put(cast("BatchResult", result))

        self._engine = AsyncEngine(self._settings, self._requests, handle, emit)
        self._engine.on_end = results.finish
        try:
            await self._engine.start()
        except BaseException:
            await self._engine.close()
            raise
        return self

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> BatchResult:
        """Return the next result.

        Raises:
            AuthenticationError: the key is wrong.
            BatchError: the batch cannot continue.
            StopAsyncIteration: there is none. `progress` has whether a limit stopped the batch.
        """
        if self._engine is None or self._results is None:
            cls = type(self).__name__
            raise RuntimeError(f"{cls} is a context manager: use it with a with statement before you iterate over it.")
        result = await self._results.get()
        if result is None:
            await self._engine.join()
            raise StopAsyncIteration
        return result

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._results is not None:
            self._results.close()
        if self._engine is not None:
            await self._engine.close()


def find_requester(client: object) -> AsyncRequester:
    """Return what sends the calls of a client.

    Raises:
        InvalidArgumentError: it is not a client of this kind.
    """
    if not isinstance(client, AsyncOpper):
        raise InvalidArgumentError("client", f"an {AsyncOpper.__name__}", describe(client))
    return client.chat.completions._requester  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # it is of this package

"""`ChatCompletions`: columns in, columns out, with the calls of a batch at the same time. No files, and no Ray.

An engine for tables creates one in each worker. Plain asyncio can use it too.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, Unpack, cast

from .._async.client import AsyncOpper
from .._config.environment import Secret, async_resolve_key, check_key, find_key
from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._json.codec import is_mapping
from .._json.scalars import json_scalar
from ..batch._async.batch import find_requester
from ..batch._async.complete_request import complete_request
from ..batch._async.engine import AnyResult, AsyncEngine
from ..batch._request import BatchRequest
from ..batch._result import BatchResult
from ._columns import Batch, read_body, result_schema, result_values
from ._options import ChatCompletionsOptions, check_chat_completions_options
from ._shared_limits import call_limits, count_results


class ChatCompletions:
    """Sends a request for each row of a batch of columns, and returns the results as columns.

    With Ray Data::

        dataset.map_batches(
            ChatCompletions,
            fn_constructor_kwargs={"template": "Translate: {text}", "id_column": "id"},
            batch_format="pyarrow",
            concurrency=2,
        )

    No exception is raised for a row: its ``error`` tells why it failed. If the key is wrong or missing, an exception is
    raised, which ends the job. The key comes from the environment of the worker, from a file there, or from a function.

    Args:
        options: those of `ChatCompletionsOptions`.

    Raises:
        InvalidArgumentError: an argument is wrong, or is a secret, which would be pickled.
        UnknownArgumentError: there is no argument of this name.
    """

    def __init__(self, **options: Unpack[ChatCompletionsOptions]) -> None:
        given = cast("dict[str, Any]", options)  # the same dict: what refuses a secret removes it
        self._settings = settings = check_chat_completions_options(given, f"{type(self).__name__}()")
        self._options = given
        self._key: Secret | None = None
        self._client = AsyncOpper(
            api_key=settings.api_key or self._reveal_key,
            max_connections=max(1000, settings.batch.concurrency),
            **settings.client,
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._permits = asyncio.Semaphore()

    def __reduce__(self) -> tuple[object, ...]:
        return _create, (type(self), self._options)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections. Workers of an engine need not call it."""
        await self._client.close()

    @staticmethod
    def schema() -> Any:
        """Return the ``pyarrow.Schema`` of the columns of results. It does not depend on the results.

        Raises:
            ImportError: pyarrow is not installed.
        """
        return result_schema()

    async def __call__(self, batch: Any) -> Any:
        """Send a request for each row, and return the columns of the results.

        Args:
            batch: a ``pyarrow.Table``, a ``pandas.DataFrame``, a dict of NumPy arrays, or a dict of lists.

        Returns:
            The columns of ``keep`` and those of `schema`, in the order of the rows: a dict of lists for a dict of
            lists, else a ``pyarrow.Table``. If ``limits`` ended the job, the rows that were not sent are left out.

        Raises:
            AuthenticationError: the key is wrong.
            MissingKeyError: there is none.
            InvalidArgumentError: there is no column of a name in ``id_column`` or ``keep``, or the key is malformed.
            OSError: ``key_file`` cannot be read.
            UnknownCostError: ``limits`` has a maximum cost, and the server does not send the cost.
        """
        results, failure = await self._complete_batch(batch)
        if failure is not None:
            raise failure
        return results

    async def _complete_batch(self, batch: Any) -> tuple[Any, Exception | None]:
        """Return the columns of the results, and what ended the batch early. The rows of the columns were paid."""
        settings, columns = self._settings, Batch(batch)
        if columns.names:  # an empty batch of Ray has none
            columns.require([settings.id_column], "id_column")
            columns.require(settings.keep, "keep")
        results: list[BatchResult] = []
        failure: Exception | None = None
        try:
            await self._complete_within_limits([self._read(row) for row in columns.rows], results)
        except Exception as error:  # noqa: BLE001  # the caller raises it
            failure = error
        return columns.with_results(results, settings.keep if columns.names else ()), failure

    async def complete(self, row: Mapping[str, object]) -> dict[str, object]:
        """Send the request of one row, and return the values of the columns of the result.

        The ``limits`` are not asked.

        Args:
            row: the values of the columns.

        Returns:
            The values of the columns of the result, by name.

        Raises:
            AuthenticationError: the key is wrong.
            MissingKeyError: there is none.
            InvalidArgumentError: the row is not a dict, or the key is malformed.
            OSError: ``key_file`` cannot be read.
        """
        if not is_mapping(row):
            raise InvalidArgumentError("row", "a dict of columns", describe(row))
        request = self._read({str(name): value for name, value in row.items()})
        await self._check_key()
        return result_values(await self._send_one(request))

    def _read(self, row: Mapping[str, object]) -> BatchRequest:
        """Return the request of a row."""
        reader, id_column = self._settings.batch.reader, self._settings.id_column
        custom_id = json_scalar(row.get(id_column))
        if isinstance(custom_id, int) and not isinstance(custom_id, bool):
            custom_id = str(custom_id)
        try:
            if custom_id is None:
                raise InvalidArgumentError(id_column, "the id of the row", "null")
            if self._settings.has_template:
                return reader.read({**row, id_column: custom_id}, "")
            return reader.read({id_column: custom_id, "body": read_body(row)}, "")
        except InvalidArgumentError as error:
            return BatchRequest(custom_id if isinstance(custom_id, str) else "", {"row": dict(row)}, error)

    async def _complete_within_limits(self, requests: Sequence[BatchRequest], results: list[BatchResult]) -> None:
        """Append the results of the rows that the limits allow, which are the first ones."""
        limits = self._settings.limits
        if limits is None:
            await self._send(requests, results)
            return
        while (start := len(results)) < len(requests):
            granted: int = await call_limits(limits.reserve, len(requests) - start)
            if not granted:
                return
            await self._send(requests[start : start + granted], results)
            await call_limits(limits.record, granted, count_results(results[start:]))

    async def _send(self, requests: Sequence[BatchRequest], results: list[BatchResult]) -> None:
        """Send requests, and append their results in order."""
        await self._check_key()
        settings = self._settings.batch

        async def emit(result: AnyResult) -> None:
            assert isinstance(result, BatchResult)  # noqa: S101  # nothing is deduplicated
            results.append(result)

        workers = min(settings.concurrency, max(1, len(requests)))
        engine = AsyncEngine(settings._replace(concurrency=workers), requests, self._send_one, emit)
        try:
            await engine.start()
            await engine.join()
        finally:
            await engine.close()

    async def _send_one(self, request: BatchRequest) -> BatchResult:
        loop, settings = asyncio.get_running_loop(), self._settings.batch
        if self._loop is not loop:  # a semaphore belongs to an event loop
            self._loop, self._permits = loop, asyncio.Semaphore(settings.concurrency)
        async with self._permits:  # of all batches of the worker; the deadline of a call begins after it
            return await complete_request(find_requester(self._client), request, settings)

    async def _check_key(self) -> None:
        """Read the key, so that one that is missing or malformed ends the job and is no failure of a row."""
        source, path = self._settings.api_key, self._settings.key_file
        if path is not None:
            self._key = _read_key(path)
        elif source is None:
            key = find_key(None)
            assert isinstance(key, Secret)  # noqa: S101  # it is a function only if one is passed
            self._key = key
        elif self._key is None:
            self._key = check_key(await async_resolve_key(source), "api_key")

    def _reveal_key(self) -> str:
        """Return the key to the client."""
        assert self._key is not None  # noqa: S101  # it is read before
        return self._key.reveal()


def _read_key(path: str | os.PathLike[str]) -> Secret:
    """Return the key in a file."""
    return check_key(Path(path).read_text("utf-8", "replace"), "key_file")


def _create(cls: type[ChatCompletions], options: Mapping[str, Any]) -> ChatCompletions:
    """Return an unpickled worker, whose key is that of its own environment."""
    return cls(**options)

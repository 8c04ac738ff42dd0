"""What runs on the machines of a cluster for `run_on_ray`: one reads requests, others send them and write results."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Unpack

from ..batch._input.rows import InputFormat, read_file
from ..batch._request import BatchRequest, RowReader
from ._chat_completions import ChatCompletions
from ._columns import Batch, import_pyarrow
from ._finished_rows import FinishedRows
from ._options import ChatCompletionsOptions
from ._part_files import part_path, read_part, write_part


class RequestBlocks:
    """Reads the requests of a file that are not finished.

    Args:
        path: the path of the file.
        file_format: its format.
        reader: makes requests of rows.
        finished: the rows to leave out.
        rows: how many to return at a time.
    """

    def __init__(
        self, *, path: Path, file_format: InputFormat, reader: RowReader, finished: FinishedRows, rows: int
    ) -> None:
        self._path = path
        self._format: InputFormat = file_format
        self._reader = reader
        self._finished = finished
        self._rows = rows

    def __call__(self, _: object) -> Iterator[Any]:
        """Yield tables of ids and requests."""
        pa = import_pyarrow()
        ids: list[str] = []
        requests: list[bytes] = []
        for row, default_id in read_file(self._path, self._format):
            request = self._reader.read(row, default_id)
            if request.custom_id in self._finished:
                continue
            ids.append(request.custom_id)
            requests.append(pickle.dumps(request))
            if len(ids) == self._rows:
                yield pa.table({"custom_id": ids, "request": requests})
                ids, requests = [], []
        schema = pa.schema([("custom_id", pa.string()), ("request", pa.binary())])
        yield pa.table({"custom_id": ids, "request": requests}, schema=schema)


class BatchWorker(ChatCompletions):
    """Sends the requests of a batch, writes a file of their results, and returns their counts.

    Args:
        folder: the folder of the files.
        options: those of `ChatCompletions`.
    """

    def __init__(self, *, folder: Path, **options: Unpack[ChatCompletionsOptions]) -> None:
        super().__init__(**options)
        self._folder = folder
        self._options["folder"] = folder

    async def __call__(self, batch: Any) -> Any:
        """Return a table of one row with counts."""
        columns = Batch(batch)
        path = part_path(self._folder, map(str, columns.column("custom_id")))
        table = read_part(path)  # of this batch, by a worker that died
        if table is None:
            table, failure = await self._complete_batch(batch)
            if table.num_rows:  # also if the job ends: they were paid
                await asyncio.to_thread(write_part, path, table)
            if failure is not None:
                raise failure
        return _counts(table)

    def _read(self, row: Mapping[str, object]) -> BatchRequest:
        content = row["request"]
        assert isinstance(content, bytes)  # noqa: S101  # for the type checker
        request: BatchRequest = pickle.loads(content)  # noqa: S301  # it is of `RequestBlocks`
        return request


def _counts(table: Any) -> Any:
    """Return a table of one row with the counts of the rows of a table of results."""
    failed = table.num_rows - table["error"].null_count
    costs = [
        None if cost is None else Decimal(repr(cost))
        for cost, text in zip(table["cost"].to_pylist(), table["text"].to_pylist(), strict=True)
        if cost is not None or text is not None
    ]
    known = [cost for cost in costs if cost is not None]
    tokens = {name: sum(filter(None, table[name].to_pylist())) for name in ("prompt_tokens", "completion_tokens")}
    counts = {
        "succeeded": table.num_rows - failed,
        "failed": failed,
        "cost": str(sum(known, Decimal(0))) if len(known) == len(costs) else None,
        **tokens,
    }
    pa = import_pyarrow()
    schema = pa.schema([(name, pa.string() if name == "cost" else pa.int64()) for name in counts])
    return pa.Table.from_pylist([counts], schema=schema)

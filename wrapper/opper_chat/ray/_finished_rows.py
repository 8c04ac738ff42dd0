"""The rows that an output has already: files of Parquet or of JSON lines, on this machine or in a store.

They are the only state of a job. A file that a dead worker did not finish is not a file of the output.
"""

from __future__ import annotations

import os
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from ..batch._errors import BatchFileError
from ..batch._input.source import is_path
from ._columns import Batch, import_pyarrow

HIDDEN = ("_", ".")
"""Files whose names begin with these are not data, for Ray, pyarrow, Spark and others."""


class FinishedRows:
    """The ids of rows that are finished. It is also a function that leaves them out of a batch.

    With Ray Data: ``dataset.map_batches(read_finished_rows("answers"), batch_format="pyarrow")``. It takes 8 bytes for
    a row. Of a million ids, two have the same hash in one case out of 40 million.

    Args:
        ids: the ids.
        id_column: the column of batches with the id of a row.
    """

    def __init__(self, ids: Iterable[str] = (), *, id_column: str = "custom_id") -> None:
        hashes = array("Q", map(_hash, ids))
        self._hashes = array("Q", sorted(hashes))
        self._id_column = id_column

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._hashes)

    def __contains__(self, custom_id: object) -> bool:
        """Return whether a row is finished."""
        hashed = _hash(str(custom_id))
        index = bisect_left(self._hashes, hashed)
        return index < len(self._hashes) and self._hashes[index] == hashed

    def __call__(self, batch: Any) -> Any:
        """Return a batch without the rows that are finished.

        Args:
            batch: a ``pyarrow.Table``, a ``pandas.DataFrame``, a dict of NumPy arrays, or a dict of lists.

        Returns:
            A dict of lists for a dict of lists, else a ``pyarrow.Table``.

        Raises:
            InvalidArgumentError: the batch has no column with ids.
        """
        columns = Batch(batch)
        if columns.names:
            columns.require([self._id_column], "id_column")
        ids = columns.column(self._id_column)
        return columns.select([custom_id is None or custom_id not in self for custom_id in ids])


class OutputRow(NamedTuple):
    """What is read of a row of an output."""

    custom_id: str
    body_hash: str
    cost: Decimal
    is_failed: bool


def read_finished_rows(output: str | os.PathLike[str], *, id_column: str = "custom_id") -> FinishedRows:
    """Return the rows that an output has, those that failed included.

    Args:
        output: a folder or a file, or its URL, such as ``s3://bucket/answers``: files of Parquet or JSON lines that
            `ChatCompletions`, `run_on_ray` or `run_batch` wrote. If it does not exist, no row is finished.
        id_column: the column of the input with the id of a row.

    Raises:
        BatchFileError: a file has no column ``custom_id``.
        InvalidArgumentError: it is not a path.
        ImportError: pyarrow is not installed.
    """
    return FinishedRows((row.custom_id for row in read_output(output)), id_column=id_column)


def read_output(output: object) -> Iterator[OutputRow]:
    """Yield the rows of an output, which is a path or a URL."""
    filesystem, paths = _list_files(output)
    for path in paths:
        read = _read_parquet if path.endswith(".parquet") else _read_lines
        yield from read(filesystem, path)


def _list_files(output: object) -> tuple[Any, list[str]]:
    """Return the file system of an output, and the paths of its files."""
    if not is_path(output) or not str(output):
        raise InvalidArgumentError("output", "the path of a folder or a file", describe(output))
    fs = import_pyarrow("pyarrow.fs")
    if "://" in str(output):
        filesystem, path = fs.FileSystem.from_uri(str(output))
    else:
        filesystem, path = fs.LocalFileSystem(), str(Path(output).absolute())
    info = filesystem.get_file_info(path)
    if info.is_file:
        return filesystem, [path]
    selector = fs.FileSelector(path, recursive=True, allow_not_found=True)
    found = [info for info in filesystem.get_file_info(selector) if info.is_file]
    return filesystem, sorted(
        info.path for info in found if not info.base_name.startswith(HIDDEN) and info.extension in ("parquet", "jsonl")
    )


def _read_parquet(filesystem: Any, path: str) -> Iterator[OutputRow]:
    pa, parquet = import_pyarrow(), import_pyarrow("pyarrow.parquet")
    try:
        with filesystem.open_input_file(path) as source, parquet.ParquetFile(source) as file:
            names = [name for name in ("custom_id", "body_hash", "cost", "error") if name in file.schema_arrow.names]
            if "custom_id" not in names:
                raise BatchFileError(path, "There is no column 'custom_id'. Name the folder of an output.")
            columns = [f"{name}.type" if name == "error" else name for name in names]
            for batch in file.iter_batches(columns=columns):
                for row in batch.to_pylist():
                    if row["custom_id"] is None:  # a row without an id can never be found again
                        continue
                    yield OutputRow(
                        str(row["custom_id"]),
                        row.get("body_hash") or "",
                        _read_cost(row.get("cost")),
                        row.get("error") is not None,
                    )
    except pa.ArrowInvalid:
        return  # its writer died


class _Extra(msgspec.Struct):
    body_hash: str | None = None
    cost: str | float | None = None
    error: object = None


class _Line(_Extra):
    """A line of `run_batch`, or a row that an engine has written as JSON."""

    custom_id: str | None = None
    opper: _Extra | None = None


_decode_line = msgspec.json.Decoder(_Line).decode


def _read_lines(filesystem: Any, path: str) -> Iterator[OutputRow]:
    with filesystem.open_input_stream(path) as file:
        pending = b""
        while chunk := file.read(1 << 20):
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:  # the last one, without its end, is not whole
                row = _read_line(line, path) if line.strip() else None
                if row is not None:
                    yield row


def _read_line(line: bytes, path: str) -> OutputRow | None:
    try:
        found = _decode_line(line)
        extra = found.opper or found
    except (msgspec.MsgspecError, ValueError):
        raise BatchFileError(path, "A line has no 'custom_id'. Name the output of a batch.") from None
    if found.custom_id is None:
        return None
    return OutputRow(found.custom_id, extra.body_hash or "", _read_cost(extra.cost), extra.error is not None)


def _read_cost(value: object) -> Decimal:
    """Return a cost, or 0 if it is not known. Tables of others have NaN for that."""
    try:
        cost = Decimal(str(value or 0))
    except InvalidOperation:
        return Decimal(0)
    return cost if cost.is_finite() and cost > 0 else Decimal(0)


def _hash(custom_id: str) -> int:
    # Not hash(): the object is pickled to other processes, in which that differs.
    return int.from_bytes(blake2b(custom_id.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")

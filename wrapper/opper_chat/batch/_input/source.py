"""What a run reads its rows from, twice: first to look at the ids, then to send.

What can be read only once, an iterator or stdin, is copied to a temporary file.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TypeGuard

from ..._errors.api import InvalidArgumentError
from ..._errors.describe import describe
from ..._json import codec as _json
from .._request import BatchRequest, InvalidRow
from .._workers.workers import is_rows
from .rows import InputFormat, NumberedRow, find_format, read_file, read_json_rows


class RowSource:
    """The rows of a run.

    Args:
        requests: a path, ``-`` for JSON lines on stdin, or an iterable of rows.
        input_format: the format of the file, or None to find it by its name.

    Raises:
        InvalidArgumentError: it is something else, or a row of an iterator is not JSON.
        OSError: it cannot be read.
    """

    def __init__(self, requests: object, input_format: object) -> None:
        self.path: Path | None = None
        self._spool: IO[bytes] | None = None
        self._rows: Iterable[object] = ()
        self._label = "row"
        if requests == "-":
            self._label = "line"
            self._copy(sys.stdin.buffer)
        elif is_path(requests):
            self.path = Path(requests)
            self._format: InputFormat = find_format(self.path, input_format)
            with self.path.open("rb"):  # so that a missing file is reported before the output is made
                pass
        elif is_rows(requests):
            self._rows = requests
            if isinstance(requests, Iterator):
                self._copy(map(_encode, self._rows))
        else:
            accepted = "a path, '-' for stdin, or an iterable of requests"
            raise InvalidArgumentError("requests", accepted, describe(requests))

    def __iter__(self) -> Iterator[NumberedRow]:
        if self.path is not None:
            return read_file(self.path, self._format)
        if self._spool is not None:
            self._spool.seek(0)
            return read_json_rows(self._spool, self._label)
        return ((row, f"row-{number}") for number, row in enumerate(self._rows, 1))

    def close(self) -> None:
        """Delete the temporary file."""
        if self._spool is not None:
            self._spool.close()

    def _copy(self, lines: Iterable[bytes]) -> None:
        self._spool = tempfile.TemporaryFile()  # noqa: SIM115  # close() closes it
        try:
            self._spool.writelines(lines)
        except BaseException:
            self._spool.close()
            raise


def is_path(value: object) -> TypeGuard[str | os.PathLike[str]]:
    """Return whether a value is a path."""
    return isinstance(value, str | os.PathLike)


def _encode(row: object) -> bytes:
    """Return a row of an iterator as a line."""
    if isinstance(row, BatchRequest):
        row = {"custom_id": row.custom_id, "body": row.body}
    if isinstance(row, InvalidRow):
        return row.content + b"\n"
    try:
        return _json.encode(row) + b"\n"
    except ValueError as error:
        raise InvalidArgumentError("requests", "rows of JSON values", f"{describe(row)} ({error})") from None

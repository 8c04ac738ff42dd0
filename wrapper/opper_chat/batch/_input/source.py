"""What a run reads its rows from, twice: first to look at the ids, then to send.

What can be read only once, an iterator, stdin or another pipe, is copied to a temporary file.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, TypeGuard, cast

import msgspec

from ..._errors.api import InvalidArgumentError
from ..._errors.describe import describe
from ..._json import codec as _json
from .._request import BatchRequest, InvalidRow
from .._workers.workers import is_rows
from .rows import InputFormat, NumberedRow, find_format, read_file, read_rows, read_value

_REQUEST = b"\0"
"""How the line of a `BatchRequest` begins in a temporary file. No JSON does."""


class RowSource:
    """The rows of a run.

    Args:
        requests: a path, ``-`` for stdin, or an iterable of rows.
        input_format: the format of the file, or None to find it by its name. Stdin and pipes are JSON lines then.

    Raises:
        InvalidArgumentError: it is something else, or a row of an iterator is not JSON.
        OSError: it cannot be read.
    """

    def __init__(self, requests: object, input_format: object) -> None:
        self.path: Path | None = None
        self._spool: IO[bytes] | None = None
        self._format: InputFormat = "jsonl"
        self._rows: Iterable[object] = ()
        self._name = ""
        if requests == "-":
            stdin: IO[bytes] | None = getattr(sys.stdin, "buffer", None)
            if stdin is None:
                raise InvalidArgumentError("requests", "a path, as there is no stdin", repr(requests))
            self._copy_file(stdin, "-", input_format)
        elif is_path(requests):
            self._open(Path(requests), input_format)
        elif is_rows(requests):
            self._rows = requests
            if isinstance(requests, Iterator):
                self._copy(lambda spool: spool.writelines(map(_encode, self._rows)))
        else:
            accepted = "a path, '-' for stdin, or an iterable of requests"
            raise InvalidArgumentError("requests", accepted, describe(requests))

    def __iter__(self) -> Iterator[NumberedRow]:
        if self.path is not None:
            return read_file(self.path, self._format)
        if self._spool is not None:
            self._spool.seek(0)
            return read_rows(self._spool, self._format, self._name) if self._name else _read_copies(self._spool)
        return ((row, f"row-{number}") for number, row in enumerate(self._rows, 1))

    def close(self) -> None:
        """Delete the temporary file."""
        if self._spool is not None:
            self._spool.close()

    def _open(self, path: Path, input_format: object) -> None:
        is_pipe = path.exists() and not path.is_file() and not path.is_dir()  # such as <(zcat requests.gz) in a shell
        if is_pipe or path == Path("/dev/stdin"):  # which is a file after `<`, of a name without a suffix
            with path.open("rb") as file:
                self._copy_file(file, str(path), input_format)
            return
        self.path = path
        self._format = find_format(path, input_format)
        with path.open("rb"):  # so that a missing file is reported before the output is made
            pass

    def _copy_file(self, file: IO[bytes], name: str, input_format: object) -> None:
        """Copy what can be read only once. It is JSON lines, unless another format is given."""
        self._name, self._format = name, find_format(Path(name), input_format or "jsonl")
        self._copy(lambda spool: shutil.copyfileobj(file, spool))

    def _copy(self, write: Callable[[IO[bytes]], object]) -> None:
        spool = self._spool = tempfile.TemporaryFile()  # noqa: SIM115  # close() closes it
        try:
            write(spool)
        except BaseException:
            spool.close()
            raise


def is_path(value: object) -> TypeGuard[str | os.PathLike[str]]:
    """Return whether a value is a path."""
    return isinstance(value, str | os.PathLike)


def _encode(row: object) -> bytes:
    """Return a row of an iterator as a line."""
    start = b""
    if isinstance(row, BatchRequest):
        start, row = _REQUEST, [row.custom_id, row.body]
    if isinstance(row, InvalidRow):
        return row.content + b"\n"
    try:
        content = _json.encode(row)
        if b"null" in content:  # which this codec makes of NaN too
            json.dumps(msgspec.to_builtins(row, str_keys=True), allow_nan=False)
        return start + content + b"\n"
    except ValueError as error:
        raise InvalidArgumentError("requests", "rows of JSON values", f"{describe(row)} ({error})") from None


def _read_copies(spool: IO[bytes]) -> Iterator[NumberedRow]:
    """Yield the rows of an iterator, which `_encode` has made lines of."""
    for number, line in enumerate(spool, 1):
        if line.startswith(_REQUEST):
            row: object = BatchRequest(*cast("tuple[Any, Any]", _json.decode(line[1:])))
        else:
            row = read_value(line.strip())
        yield row, f"row-{number}"

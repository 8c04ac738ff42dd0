"""Rows of files: JSON lines, CSV and Parquet, compressed with gzip or not.

Memory does not grow with the file. A row that cannot be read is an `InvalidRow`; a file that cannot be read raises.
"""

from __future__ import annotations

import csv
import gzip
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, Literal, TypeAlias, cast, get_args

from ..._errors.api import InvalidArgumentError
from ..._errors.describe import describe
from ..._json import codec as _json
from .._request import InvalidRow

InputFormat: TypeAlias = Literal["jsonl", "csv", "parquet"]
"""The format of an input file."""

NumberedRow: TypeAlias = tuple[object, str]
"""A row and the id that it has if it has none of its own."""

_GZIP = b"\x1f\x8b"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
"""How files begin that are compressed, and those in another encoding."""

PARQUET_ROWS = 256
"""The rows of a Parquet file that are in memory at a time."""

_SUFFIXES: dict[str, InputFormat] = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv", ".parquet": "parquet",
}  # fmt: skip


def find_format(path: Path, given: object) -> InputFormat:
    """Return the format of a file: the one that was given, or that of its suffix.

    Raises:
        InvalidArgumentError: it is not known.
    """
    if given is not None:
        for name in get_args(InputFormat):
            if given == name:
                return cast("InputFormat", name)
        raise InvalidArgumentError("input_format", "'jsonl', 'csv' or 'parquet'", describe(given))
    suffixes = [suffix for suffix in path.suffixes if suffix != ".gz"]
    found = _SUFFIXES.get(suffixes[-1].lower()) if suffixes else None
    if found is None:
        accepted = f"a file whose name ends with {', '.join(_SUFFIXES)}, or these with .gz"
        raise InvalidArgumentError("requests", accepted, repr(str(path)), "Or name the format: input_format='jsonl'.")
    return found


def read_file(path: Path, file_format: InputFormat) -> Iterator[NumberedRow]:
    """Yield the rows of a file.

    Raises:
        InvalidArgumentError: the file is not of the format, or pyarrow is not installed.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        yield from read_rows(file, file_format, str(path))


def read_rows(file: IO[bytes], file_format: InputFormat, name: str) -> Iterator[NumberedRow]:
    """Yield the rows of an open file, which can be compressed with gzip.

    Args:
        file: the file, at its beginning. It can seek.
        file_format: its format.
        name: its name, for messages.

    Raises:
        InvalidArgumentError: the file is not of the format, or pyarrow is not installed.
        OSError: the file cannot be read.
    """
    if file_format == "parquet":
        yield from _read_parquet(file, name)
        return
    start = file.read(2)
    file.seek(0)
    if start in _UTF16:  # which Windows PowerShell writes; each line of it would be a row that is not JSON
        raise InvalidArgumentError("requests", "a file in UTF-8", f"{name!r} in UTF-16")
    try:
        with cast("IO[bytes]", gzip.open(file, "rb")) if start == _GZIP else nullcontext(file) as content:
            yield from _read_csv(content, name) if file_format == "csv" else read_json_rows(content)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InvalidArgumentError("requests", "a whole gzip file", f"{name!r} ({error})") from None


def read_json_rows(file: Iterable[bytes]) -> Iterator[NumberedRow]:
    """Yield the values of JSON lines. Blank lines are skipped."""
    for number, line in enumerate(file, 1):
        content = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        content = content.strip()
        if content:
            yield read_value(content), f"line-{number}"


def read_value(content: bytes) -> object:
    """Return the value of a line, or an `InvalidRow`."""
    try:
        # Strict: text with replacement characters would be sent as if it were the original.
        return _json.decode_strictly(content)
    except _json.STRICT_ERRORS as error:
        received = f"{describe(content.decode('utf-8', 'replace'))}: {error}"
        return InvalidRow(content, InvalidArgumentError("row", "JSON", received))


def _read_csv(file: IO[bytes], name: str) -> Iterator[NumberedRow]:
    csv.field_size_limit(min(sys.maxsize, 0x7FFF_FFFF))
    text = TextIOWrapper(file, "utf-8-sig", newline="")
    try:
        reader = csv.DictReader(text, strict=True)
        names = reader.fieldnames or ()
        if len({*names}) < len(names):
            raise InvalidArgumentError("requests", "a CSV file with different columns", repr(name))
        for number, row in enumerate(reader, 1):
            yield _checked_columns(cast("dict[Any, Any]", row)), f"row-{number}"
    except (csv.Error, UnicodeDecodeError) as error:
        raise InvalidArgumentError("requests", "a CSV file in UTF-8", f"{name!r} ({error})") from None
    finally:
        text.detach()  # else it closes the file, which is read twice


def _checked_columns(row: dict[Any, Any]) -> object:
    """Return a row of a CSV file, unless it has more or fewer values than the header."""
    if None in row or None in row.values():
        problem = "more values than columns" if None in row else "fewer values than columns"
        content = ",".join(str(value) for value in row.values()).encode("utf-8", "replace")
        return InvalidRow(content, InvalidArgumentError("row", "a value for each column", problem))
    return row


def _read_parquet(source: IO[bytes], name: str) -> Iterator[NumberedRow]:
    try:
        arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")  # it has no types
    except ImportError:
        hint = "Install it with: pip install 'opper-chat[batch]'."
        raise InvalidArgumentError("requests", "a JSONL or CSV file, as pyarrow is missing", name, hint) from None
    number = 0
    try:
        with parquet.ParquetFile(source) as file:
            for batch in file.iter_batches(batch_size=PARQUET_ROWS):
                for row in batch.to_pylist():
                    number += 1
                    yield row, f"row-{number}"
    except arrow.ArrowInvalid as error:
        raise InvalidArgumentError("requests", "a Parquet file", f"{name!r} ({error})") from None

"""The journal of a batch: its output file and its errors file.

They are append-only. What is in one of them is done. There is no other state, so the only thing that a run can leave
to repair is a last line without its end.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Protocol, Self

import msgspec

from ..._errors.api import InvalidArgumentError
from ..._json import codec as _json
from ..._json.codec import is_object
from .._errors import BatchFileError
from .._limits import TotalCost
from .append_file import LINE_START, AppendFile
from .row_table import DONE, RowTable, hash_number


class RowResult(Protocol):
    """A result that can be written."""

    @property
    def is_failed(self) -> bool:
        """Whether the row failed."""
        ...

    def to_dict(self) -> dict[str, object]:
        """Return the result as a JSON object."""
        ...


class _Extra(msgspec.Struct):
    body_hash: str
    cost: str | None = None


class _Line(msgspec.Struct):
    """What is read of a line at the start."""

    custom_id: str
    opper: _Extra


_decoder = msgspec.json.Decoder(_Line)


class Journal:
    """The rows that are done, and the files to which others are appended. Use it as a context manager.

    Args:
        output: the file of rows that succeeded.
        errors: the file of rows that failed.
        retry_errors: whether the rows that failed are not done. Call `forget_errors` before others are written.
        indexed: whether to remember where the line of each body is, for `find_copy`.

    Attributes:
        rows: the rows that are done, by id.
        spent: what they cost.

    Raises:
        BatchFileError: another run uses a file, or it was not written by a batch.
        OSError: a file cannot be opened, read or written.
    """

    def __init__(self, output: Path, errors: Path, *, retry_errors: bool, indexed: bool) -> None:
        self.rows = RowTable()
        self.spent = TotalCost()
        self._bodies = RowTable("Q") if indexed else None
        """The offset of a line with the body, by hash: even in the output file, odd in the errors file."""
        self._lock = Lock()
        self._output = AppendFile(output)
        try:
            if self._output.is_same_file(errors):
                raise InvalidArgumentError("errors", "another file than the output", str(errors))
            self._errors = AppendFile(errors)
        except BaseException:
            self._output.close()
            raise
        try:
            self._read(self._output, is_errors=False)
            if retry_errors:
                self._read_cost_of_errors()
            else:
                self._read(self._errors, is_errors=True)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def is_own_file(self, path: Path) -> bool:
        """Return whether a path leads to one of the files."""
        return self._output.is_same_file(path) or self._errors.is_same_file(path)

    def forget_errors(self) -> None:
        """Remove all lines of the errors file."""
        self._errors.truncate(0)

    def write(self, result: RowResult) -> None:
        """Append the result of a row to the file where it belongs.

        Raises:
            OSError: it could not be written.
            ValueError: the journal is closed.
        """
        line = result.to_dict()
        content = _json.encode_received(line) + b"\n"
        is_failed = result.is_failed
        with self._lock:
            offset = (self._errors if is_failed else self._output).append(content)
            if self._bodies is not None:
                extra: Any = line["opper"]
                self._bodies.put(str(extra["body_hash"]), offset << 1 | is_failed, DONE)

    def find_copy(self, body_hash: str) -> dict[str, Any] | None:
        """Return a line whose request had a body, or None."""
        with self._lock:
            found = self._bodies.find(body_hash) if self._bodies is not None else None
        if found is None:
            return None
        location, _ = found
        line = _json.decode((self._errors if location & 1 else self._output).read_line(location >> 1))
        if not is_object(line):
            return None
        extra = line.get("opper")
        return line if is_object(extra) and extra.get("body_hash") == body_hash else None

    def close(self) -> None:
        """Flush the files to the disk and close them. Closing twice does nothing."""
        try:
            self._output.close()
        finally:
            self._errors.close()

    def _read(self, file: AppendFile, *, is_errors: bool) -> None:
        for number, offset, content in file.lines():
            line = _read_line(file, number, content)
            if self.rows.find(line.custom_id) is not None:
                raise BatchFileError(
                    str(file.path), f"Line {number} has the id {line.custom_id!r}, which is there before."
                )
            self.rows.put(line.custom_id, hash_number(line.opper.body_hash), DONE)
            self._add_cost(line)
            if self._bodies is not None:
                self._bodies.put(line.opper.body_hash, offset << 1 | is_errors, DONE)

    def _read_cost_of_errors(self) -> None:
        for number, _, content in self._errors.lines():
            self._add_cost(_read_line(self._errors, number, content))

    def _add_cost(self, line: _Line) -> None:
        cost = _cost(line)
        if cost:
            self.spent = TotalCost(self.spent.cost + cost, self.spent.rows + 1)


def default_errors_path(output: Path) -> Path:
    """Return the errors file of an output: with ``.errors`` before the suffix."""
    return output.with_name(f"{output.stem}.errors{output.suffix}")


def _read_line(file: AppendFile, number: int, content: bytes) -> _Line:
    problem = f"Line {number} was not written by a batch. Name another file, or move this one away."
    if not content.startswith(LINE_START):
        raise BatchFileError(str(file.path), problem)
    try:
        line = _decoder.decode(content)
        hash_number(line.opper.body_hash)
    except (msgspec.MsgspecError, ValueError):
        raise BatchFileError(str(file.path), problem) from None
    return line


def _cost(line: _Line) -> Decimal:
    try:
        cost = Decimal(line.opper.cost or 0)
    except InvalidOperation:
        return Decimal(0)
    return cost if cost.is_finite() and cost > 0 else Decimal(0)

"""The journal of a batch: its output file and its errors file.

They are append-only. What is in one of them is done. There is no other state, so the only thing that a run can leave
to repair is a last line without its end. When failed rows are sent again, the errors file is kept under another name,
since what is in it was paid.
"""

from __future__ import annotations

import re
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Literal, Protocol, Self

from ..._errors.api import InvalidArgumentError
from ..._json import codec as _json
from ..._json.codec import is_object
from .._errors import BatchFileError
from .._limits import TotalCost
from .._result import TokenPrice
from .append_file import AppendFile
from .lines import JournalLine, parse_line, read_lines
from .row_table import DONE, RowTable, hash_number

_RETRIED = ".retried-"
"""What names of files have before the number that `Journal.move_errors` gives them."""


class RowResult(Protocol):
    """A result that can be written."""

    @property
    def is_failed(self) -> bool:
        """Whether the row failed."""
        ...

    def to_dict(self) -> dict[str, object]:
        """Return the result as a JSON object."""
        ...


class Journal:
    """The rows that are done, and the files to which others are appended. Use it as a context manager.

    The files are locked at once, and read by `read`.

    Args:
        output: the file of rows that succeeded.
        errors: the file of rows that failed.
        indexed: whether to remember where the line of each body is, for `find_copy`.
        price: what tokens cost, for lines without a cost.

    Attributes:
        rows: the rows that are done, by id.
        spent: what they cost, with the failures in errors files of earlier runs.

    Raises:
        BatchFileError: another run uses a file.
        OSError: a file cannot be opened.
    """

    def __init__(self, output: Path, errors: Path, *, indexed: bool = False, price: TokenPrice | None = None) -> None:
        self.rows = RowTable()
        self.spent = TotalCost()
        self._price = price
        self._bodies = RowTable("Q") if indexed else None
        """The offset of a line with the body, by hash: even in the output file, odd in the errors file."""
        self._lock = Lock()
        self._is_retry = False
        """Whether the errors file has rows that are sent again, so that it must be moved before a line is written."""
        self._output = AppendFile(output)
        try:
            if self._output.is_same_file(errors):
                raise InvalidArgumentError("errors", "another file than the output", str(errors))
            self._errors = AppendFile(errors)
        except BaseException:
            self._output.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def find_own_file(self, path: Path) -> Literal["output", "errors"] | None:
        """Return to which of the files a path leads, or None."""
        if self._output.is_same_file(path):
            return "output"
        return "errors" if self._errors.is_same_file(path) else None

    def read(self, *, retry_errors: bool = False) -> None:
        """Read the rows that are done, and what they cost.

        Args:
            retry_errors: whether the rows that failed are not done.

        Raises:
            BatchFileError: a file was not written by a batch.
            OSError: a file cannot be read, or a last line without its end cannot be cut off.
        """
        self._read(self._output, is_errors=False)
        self._read(self._errors, is_errors=True, are_done=not retry_errors)
        self._is_retry = retry_errors and self._errors.size > 0
        for path in find_retried(self._errors.path):
            for line in read_lines(path):
                self._add_cost(line)

    def move_errors(self) -> None:
        """If its rows are sent again, give the errors file another name, and begin a new one.

        `write` does it too. Call this before a request is sent, so that none is paid for if it fails.

        Raises:
            OSError: it cannot be renamed.
        """
        if self._is_retry:
            with self._lock:
                self._move_errors()

    def _move_errors(self) -> None:
        if not self._is_retry:  # another thread has done it
            return
        path = self._errors.path
        number = 1 + max((_retried_number(path, retried) for retried in find_retried(path)), default=0)
        self._errors.move(path.with_name(f"{path.stem}{_RETRIED}{number}{path.suffix}"))
        self._errors = AppendFile(path)
        self._is_retry = False

    def write(self, result: RowResult) -> None:
        """Append the result of a row to the file where it belongs.

        Raises:
            OSError: it could not be written, or the errors file not be renamed.
            ValueError: the journal is closed.
        """
        line = result.to_dict()
        content = _json.encode_received(line) + b"\n"
        is_failed = result.is_failed
        with self._lock:
            self._move_errors()
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

    def _read(self, file: AppendFile, *, is_errors: bool, are_done: bool = True) -> None:
        for number, offset, content in file.lines():
            line = parse_line(content, file.path, number)
            self._add_cost(line)
            if not are_done:
                continue
            if self.rows.find(line.custom_id) is not None:
                raise BatchFileError(
                    str(file.path), f"Line {number} has the id {line.custom_id!r}, which is there before."
                )
            self.rows.put(line.custom_id, hash_number(line.opper.body_hash), DONE)
            if self._bodies is not None:
                self._bodies.put(line.opper.body_hash, offset << 1 | is_errors, DONE)

    def _add_cost(self, line: JournalLine) -> None:
        cost = line.cost(self._price)
        if cost:
            self.spent = TotalCost(self.spent.cost + cost, self.spent.rows + 1)


def default_errors_path(output: Path) -> Path:
    """Return the errors file of an output: with ``.errors`` before the suffix."""
    return output.with_name(f"{output.stem}.errors{output.suffix}")


def find_retried(errors: Path) -> list[Path]:
    """Return the errors files of earlier runs, which `Journal.move_errors` has named."""
    if not errors.parent.is_dir():  # where no batch has written errors
        return []
    return [path for path in errors.parent.iterdir() if _retried_number(errors, path)]


def _retried_number(errors: Path, path: Path) -> int:
    """Return the number of such a file, or 0 if it is another one."""
    pattern = rf"{re.escape(errors.stem + _RETRIED)}([0-9]{{1,9}}){re.escape(errors.suffix)}"
    found = re.fullmatch(pattern, path.name)
    return 0 if found is None else int(found[1])

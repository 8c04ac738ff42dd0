"""The lines of a journal: what is read of them at the start of a run, and to show the state of a batch. No locks."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path

import msgspec

from .._errors import BatchFileError
from .._result import TokenPrice
from .row_table import hash_number

LINE_START = b'{"id":"batch_req_'
"""How each line begins."""

TAIL_BYTES = 1_000_000
"""How much of the end of a file is read to find its last line."""


class LineError(msgspec.Struct):
    """Why a row failed."""

    type: str = "unknown"
    message: str = ""


class LineExtra(msgspec.Struct):
    """What a line has under ``opper``."""

    body_hash: str
    cost: str | None = None
    tokens: tuple[int, int] | None = None
    error: LineError | None = None


class JournalLine(msgspec.Struct):
    """A line of the output or of the errors file."""

    custom_id: str
    opper: LineExtra

    def cost(self, price: TokenPrice | None = None) -> Decimal | None:
        """Return what the row cost in US dollars: as the line says, else by a price; None if it is not known."""
        text, tokens = self.opper.cost, self.opper.tokens
        if text is None:
            return None if price is None or tokens is None else price.cost(*tokens)
        try:
            cost = Decimal(text)
        except InvalidOperation:
            return None
        return cost if cost.is_finite() and cost >= 0 else None


_decoder = msgspec.json.Decoder(JournalLine)


def parse_line(content: bytes, path: Path, number: int) -> JournalLine:
    """Return a line.

    Args:
        content: the line.
        path: the file that has it.
        number: the number of the line, from 1.

    Raises:
        BatchFileError: it was not written by a batch.
    """
    try:
        if not content.startswith(LINE_START):
            raise ValueError
        line = _decoder.decode(content)
        hash_number(line.opper.body_hash)
    except (msgspec.MsgspecError, ValueError):
        message = f"Line {number} was not written by a batch. Name another file, or move this one away."
        raise BatchFileError(str(path), message) from None
    return line


def read_lines(path: Path) -> Iterator[JournalLine]:
    """Yield the whole lines of a file; none if it is not there. A last line that is being written is left out.

    Raises:
        BatchFileError: a line was not written by a batch.
        OSError: the file cannot be read.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, content in enumerate(file, 1):
            if not content.endswith(b"\n"):
                return
            yield parse_line(content, path, number)


def read_last_line(path: Path) -> JournalLine | None:
    """Return the last whole line of a file, or None if it cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            *_, content, _ = file.read().split(b"\n")
        return _decoder.decode(content)
    except (OSError, ValueError, msgspec.MsgspecError):
        return None

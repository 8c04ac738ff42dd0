"""The state of a batch by its files. They are read without a lock, so that a batch that runs can be looked at too."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

import msgspec

from opper_chat.batch import BatchFileError

from ..console import Console
from ..errors import UsageError
from ..exit_codes import ExitCode
from ..output import write_json
from .files import output_files
from .numbers import format_cost

TAIL_BYTES = 1_000_000
"""How much of the end of a file is read to find its last line."""


class _Error(msgspec.Struct):
    type: str = "unknown"
    message: str = ""


class _Extra(msgspec.Struct):
    body_hash: str
    cost: str | None = None
    tokens: tuple[int, int] | None = None
    error: _Error | None = None


class Line(msgspec.Struct):
    """What is read of a line of the output or of the errors file."""

    custom_id: str
    opper: _Extra


_decoder = msgspec.json.Decoder(Line)


class Status(NamedTuple):
    """What the files of a batch contain."""

    succeeded: int
    failed: int
    errors: dict[str, int]
    """The failed rows by the class of their error."""
    cost: Decimal
    """US dollars, of the rows whose cost is known."""
    unknown_costs: int
    """The rows whose cost is not known."""
    prompt_tokens: int
    completion_tokens: int


def show_status(options: argparse.Namespace, console: Console) -> int:
    """Print what the files of a batch contain, and return the exit code: 7 if there are failed rows.

    Raises:
        UsageError: there is no output file.
        BatchFileError: a file was not written by a batch.
    """
    options.output = options.status_of
    output, errors = output_files(options)
    if not output.is_file():
        raise UsageError(f"{output}: There is no such file. Give the output file of a batch.")
    status = count_lines(line for path in (output, errors) for line in read_lines(path))
    if options.json:
        write_json(console, {**status._asdict(), "cost": f"{status.cost:f}"})
    else:
        console.write_line(describe_status(status))
    return ExitCode.STOPPED if status.failed else ExitCode.OK


def read_lines(path: Path) -> Iterator[Line]:
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
            try:
                yield _decoder.decode(content)
            except (msgspec.MsgspecError, ValueError):
                raise BatchFileError(str(path), f"Line {number} was not written by a batch.") from None


def find_last_error(path: Path) -> str | None:
    """Return the class and the message of the last failed row, or None if it cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            error = _decoder.decode(file.read().splitlines()[-1]).opper.error
    except (OSError, IndexError, msgspec.MsgspecError, ValueError):
        return None
    return None if error is None else f"{error.type}: {error.message}"


def count_lines(lines: Iterable[Line]) -> Status:
    """Return what lines contain."""
    succeeded = unknown_costs = prompt_tokens = completion_tokens = 0
    cost = Decimal(0)
    errors: Counter[str] = Counter()
    for line in lines:
        extra = line.opper
        if extra.error is None:
            succeeded += 1
        else:
            errors[extra.error.type] += 1
        known = _read_cost(extra.cost)
        if known is None:
            unknown_costs += 1
        else:
            cost += known
        prompt, completion = extra.tokens or (0, 0)
        prompt_tokens += prompt
        completion_tokens += completion
    return Status(
        succeeded=succeeded,
        failed=errors.total(),
        errors=dict(errors.most_common()),
        cost=cost,
        unknown_costs=unknown_costs,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
    )


def describe_status(status: Status) -> str:
    """Return the status as text, with a line for each class of errors."""
    lines = [f"{status.succeeded:,} rows succeeded, {status.failed:,} failed"]
    lines += (f"  {count:,} {name}" for name, count in status.errors.items())
    tokens = status.prompt_tokens + status.completion_tokens
    lines.append(f"{tokens:,} tokens: {status.prompt_tokens:,} of prompts, {status.completion_tokens:,} of completions")
    unknown = f" (not known: {status.unknown_costs:,} rows)" if status.unknown_costs else ""
    lines.append(f"cost: {format_cost(status.cost)}{unknown}")
    return "\n".join(lines)


def _read_cost(text: str | None) -> Decimal | None:
    try:
        cost = None if text is None else Decimal(text)
    except InvalidOperation:
        return None
    return cost if cost is not None and cost.is_finite() else None

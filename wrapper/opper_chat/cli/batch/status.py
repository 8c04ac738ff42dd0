"""The state of a batch by its files. They are read without a lock, so that a batch that runs can be looked at too."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from itertools import chain
from typing import NamedTuple

from opper_chat.batch._journal.journal import find_retried
from opper_chat.batch._journal.lines import JournalLine, read_lines

from ..console import Console
from ..errors import UsageError
from ..exit_codes import ExitCode
from ..output import write_json
from .progress_display import format_cost
from .settings import output_files


class Status(NamedTuple):
    """What the files of a batch contain."""

    succeeded: int
    failed: int
    errors: dict[str, int]
    """The failed rows by the class of their error."""
    retried: int
    """The failures in errors files of earlier runs. They are counted only here, and in cost and tokens."""
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
    retried = chain.from_iterable(map(read_lines, find_retried(errors)))
    status = count_lines(chain(read_lines(output), read_lines(errors)), retried)
    if options.json:
        write_json(console, {**status._asdict(), "cost": f"{status.cost:f}"})
    else:
        console.write_line(describe_status(status))
    return ExitCode.STOPPED if status.failed else ExitCode.OK


class _Usage:
    """The cost and the tokens of lines."""

    def __init__(self) -> None:
        self.cost = Decimal(0)
        self.unknown_costs = self.prompt_tokens = self.completion_tokens = 0

    def add(self, line: JournalLine) -> None:
        """Count a line."""
        cost = line.cost()
        self.cost += cost or 0
        self.unknown_costs += cost is None
        prompt, completion = line.opper.tokens or (0, 0)
        self.prompt_tokens += prompt
        self.completion_tokens += completion


def count_lines(lines: Iterable[JournalLine], retried: Iterable[JournalLine] = ()) -> Status:
    """Return what lines contain.

    Args:
        lines: those of the output and of the errors file.
        retried: the failures in errors files of earlier runs.
    """
    usage = _Usage()
    succeeded = count_retried = 0
    errors: Counter[str] = Counter()
    for line in lines:
        if line.opper.error is None:
            succeeded += 1
        else:
            errors[line.opper.error.type] += 1
        usage.add(line)
    for line in retried:
        count_retried += 1
        usage.add(line)
    return Status(
        succeeded=succeeded,
        failed=errors.total(),
        errors=dict(errors.most_common()),
        retried=count_retried,
        **vars(usage),
    )


def describe_status(status: Status) -> str:
    """Return the status as text, with a line for each class of errors."""
    lines = [f"{_count(status.succeeded, 'row')} succeeded, {status.failed:,} failed"]
    lines += (f"  {count:,} {name}" for name, count in status.errors.items())
    if status.retried:
        lines.append(
            f"{_count(status.retried, 'failure')} in errors files of earlier runs, which are in tokens and cost"
        )
    tokens = status.prompt_tokens + status.completion_tokens
    lines.append(f"{tokens:,} tokens: {status.prompt_tokens:,} of prompts, {status.completion_tokens:,} of completions")
    unknown = f" (not known: {_count(status.unknown_costs, 'row')})" if status.unknown_costs else ""
    lines.append(f"cost: {format_cost(status.cost)}{unknown}")
    return "\n".join(lines)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"

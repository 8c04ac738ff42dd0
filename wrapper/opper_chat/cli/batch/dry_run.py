"""Look at the input of a batch: count the rows, and validate those that would be sent. Sends nothing."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple

from opper_chat import InvalidArgumentError
from opper_chat._json.codec import is_mapping, is_sequence
from opper_chat._requests.prepare import prepare
from opper_chat.batch import BatchRequest
from opper_chat.batch._input.rows import NumberedRow
from opper_chat.batch._input.source import RowSource
from opper_chat.batch._journal.lines import JournalLine, read_lines
from opper_chat.batch._journal.row_table import DONE, SEEN, RowTable, hash_number
from opper_chat.batch._options import BatchSettings, check_batch_options
from opper_chat.batch._request import call_arguments, hash_request, is_in_shard

from ..config import load_config
from ..console import Console
from ..exit_codes import ExitCode
from ..output import write_json
from .settings import check_input, output_files, read_batch_options

SHOWN_PROBLEMS = 5
"""How many rows with a problem are described."""


class DryRun(NamedTuple):
    """What is in the input of a batch."""

    rows: int
    """The rows of this shard."""
    to_send: int
    """The rows that would be sent."""
    done: int
    """The rows that are in the output or the errors file."""
    repeated_ids: int
    """The rows with an id that another row has. The batch does not start with them."""
    changed: int
    """The rows that are done, and had another body. The batch does not start with them."""
    invalid: int
    """The rows that cannot be sent. They go to the errors file."""
    equal_bodies: int
    """The rows to send whose body is that of another one, which ``--dedupe`` does not send."""
    characters: int
    """The characters of the messages to send."""
    problems: tuple[str, ...]
    """The first rows with a problem, and what it is."""

    @property
    def exit_code(self) -> ExitCode:
        """2 if the batch would not start, 7 if rows cannot be sent."""
        if self.repeated_ids or self.changed:
            return ExitCode.USAGE
        return ExitCode.STOPPED if self.invalid else ExitCode.OK


def run_dry(options: argparse.Namespace, console: Console) -> int:
    """Print what is in the input, and return the exit code.

    Raises:
        UsageError: an option is wrong, or the input is not there.
        OpperError: a file cannot be used.
    """
    check_input(options)
    settings = check_batch_options(read_batch_options(options, load_config(options.config)), "batch")
    files = () if options.output is None else output_files(options)[: 1 if options.retry_errors else 2]
    source = RowSource(options.input, options.input_format)
    try:
        found = inspect_rows(source, settings, done_rows(chain.from_iterable(map(read_lines, files))))
    finally:
        source.close()
    if options.json:
        write_json(console, found._asdict())
    else:
        console.write_line(describe_dry_run(found))
    console.note("Nothing was sent.")
    return found.exit_code


def done_rows(lines: Iterable[JournalLine]) -> RowTable:
    """Return the rows that are in the files of a batch, each with the beginning of the hash of its body."""
    rows = RowTable()
    for line in lines:
        rows.put(line.custom_id, hash_number(line.opper.body_hash), DONE)
    return rows


def inspect_rows(source: Iterable[NumberedRow], settings: BatchSettings, rows: RowTable) -> DryRun:
    """Count the rows of an input, and validate those that would be sent.

    Args:
        source: the rows of the input.
        settings: the options of the batch.
        rows: the rows that are done. The others are added.
    """
    bodies = RowTable()
    counts: dict[str, int] = dict.fromkeys(DryRun._fields, 0)
    problems: list[str] = []
    for request in read_requests(source, settings):
        body_hash = hash_request(request, settings.hash_key)
        kind, problem = _classify(request, body_hash, settings, rows)
        counts["rows"] += 1
        counts[kind] += 1
        if kind == "to_send":
            counts["characters"] += count_characters(request.body.get("messages"))
            counts["equal_bodies"] += bodies.find(body_hash) is not None
            bodies.put(body_hash, 0, SEEN)
        if problem and len(problems) < SHOWN_PROBLEMS:
            problems.append(f"{request.custom_id}: {problem}")
    fields: dict[str, Any] = {**counts, "problems": tuple(problems)}
    return DryRun(**fields)


def read_requests(source: Iterable[NumberedRow], settings: BatchSettings) -> Iterator[BatchRequest]:
    """Yield the requests of the shard."""
    for row, default_id in source:
        request = settings.reader.read(row, default_id)
        if is_in_shard(request.custom_id, settings.shard):
            yield request


def count_characters(value: object) -> int:
    """Return the number of characters of all texts of messages."""
    if isinstance(value, str):
        return len(value)
    if is_mapping(value):
        return sum(count_characters(item) for name, item in value.items() if name not in ("role", "type"))
    return sum(map(count_characters, value)) if is_sequence(value) else 0


def describe_dry_run(found: DryRun) -> str:
    """Return what was found as text."""
    lines = [
        f"rows: {found.rows:,}; to send: {found.to_send:,}; done: {found.done:,}; cannot be sent: {found.invalid:,}",
        f"rows to send with the body of another one (--dedupe): {found.equal_bodies:,}",
        f"characters in the messages to send: {found.characters:,}",
    ]
    if found.repeated_ids:
        lines.append(f"The batch would not start. Rows with the id of another one: {found.repeated_ids:,}")
    if found.changed:
        lines.append(f"The batch would not start. Rows that were sent with another body: {found.changed:,}")
    return "\n".join([*lines, *found.problems])


def _classify(request: BatchRequest, body_hash: str, settings: BatchSettings, rows: RowTable) -> tuple[str, str | None]:
    """Return the count that a row belongs to, and what is wrong with it."""
    number, flags = rows.find(request.custom_id) or (0, 0)
    rows.put(request.custom_id, number, flags | SEEN)
    if flags & SEEN:
        return "repeated_ids", "Another row has this id."
    if flags & DONE:
        if number != hash_number(body_hash):
            return "changed", "The row was sent with another body."
        return "done", None
    error = request.error or _find_error(request, settings)
    return ("to_send", None) if error is None else ("invalid", str(error))


def _find_error(request: BatchRequest, settings: BatchSettings) -> InvalidArgumentError | None:
    """Return why the client refuses a request, or None."""
    arguments: dict[str, Any] = call_arguments(request.body)
    extra_body = arguments.pop("extra_body", None)
    if settings.response_format is not None and "response_format" in arguments:
        return InvalidArgumentError("response_format", "none in the row, as there is --schema", "one")
    try:
        prepare(arguments, stream=None, extra_body=extra_body)
    except InvalidArgumentError as error:
        return error
    return None

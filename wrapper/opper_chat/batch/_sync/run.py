# Made from wrapper/opper_chat/batch/_async/run.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""A batch from a file or an iterable to an output file, which can be resumed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple, Unpack

from ..._concurrency.loop import sleep
from ..._errors.api import InvalidArgumentError
from ..._errors.describe import describe
from ..._sync.client import Opper
from ..._validation.arguments import check_flags
from .._errors import BatchInputError
from .._input.check import check_rows
from .._input.rows import InputFormat
from .._input.source import RowSource, is_path
from .._interrupts import DeferredInterrupt, interrupt_at_once
from .._journal.journal import Journal, default_errors_path
from .._journal.row_table import DONE, SEEN
from .._options import BatchOptions, BatchSettings, check_batch_options
from .._progress import BatchProgress
from .._request import BatchRequest, is_in_shard
from .._workers.workers import call_in_thread
from .batch import find_requester
from .complete_request import complete_request
from .copies import Copies
from .engine import AnyResult, Engine


def run_batch(
    requests: str | os.PathLike[str] | Iterable[Mapping[str, object] | BatchRequest],
    *,
    output: str | os.PathLike[str],
    client: Opper | None = None,
    errors: str | os.PathLike[str] | None = None,
    input_format: InputFormat | None = None,
    retry_errors: bool = False,
    dedupe: bool = False,
    **options: Unpack[BatchOptions],
) -> BatchProgress:
    """Send all requests of a file, and write a line for each: to the output, or to the errors file if it failed.

    If it is interrupted, killed or stopped by a limit, call it again with the same arguments: rows that are in one of
    the files are not sent again. The first Ctrl-C finishes what is in flight, and then interrupts the program.

    Args:
        requests: a path (``.jsonl``, ``.csv``, ``.parquet``, also with ``.gz``), ``-`` for stdin, or an iterable. What
            can be read only once is copied to a temporary file first, because ids are checked before
            the first request. Rows are bodies, lines of OpenAI's batch files, or columns for a ``template``.
        output: the path of the output file. It is made with permissions for its owner only.
        client: the client. Default: a new one, with its key from the environment and ``adaptive_rate_limit``.
        errors: the path of the errors file. Default: that of the output, with ``.errors`` before the suffix.
        input_format: ``jsonl``, ``csv`` or ``parquet``. Default: by the name; ``jsonl`` for stdin and pipes.
        retry_errors: whether rows of the errors file are sent again.
        dedupe: whether rows with equal bodies are sent once.
        options: those of `BatchOptions`.

    Returns:
        The rows that succeeded, failed and were skipped, the tokens and the cost. ``stopped`` is the reason if a limit
        ended the batch before its input.

    Raises:
        InvalidArgumentError: an argument is wrong; nothing was sent.
        BatchInputError: an id is there twice, or a row changed after it was sent.
        BatchFileError: another run writes to the output, or it was not written by a batch.
        AuthenticationError: the key is wrong.
        MissingKeyError: there is none.
        UnknownCostError: ``max_cost`` is set and no cost is known.
        UnknownUsageError: the same for tokens.
        OSError: a file cannot be read or written.
    """
    settings = check_batch_options(options, "run_batch()")
    check_flags(retry_errors=retry_errors, dedupe=dedupe)
    output_path = _check_output(output, "output")
    errors_path = (
        default_errors_path(output_path) if errors is None else _check_output(errors, "errors")
    )
    files = RunFiles(
        requests, input_format, output_path, errors_path, retry_errors=retry_errors, dedupe=dedupe
    )
    if client is not None:
        return _run_files(client, settings, files)
    with Opper(
        adaptive_rate_limit=True, max_connections=max(1000, settings.concurrency)
    ) as own_client:
        return _run_files(own_client, settings, files)


class RunFiles(NamedTuple):
    """The files of a run, and what is done with them."""

    requests: object
    input_format: InputFormat | None
    output: Path
    errors: Path
    retry_errors: bool
    dedupe: bool


def _run_files(client: Opper, settings: BatchSettings, files: RunFiles) -> BatchProgress:
    find_requester(client)
    with interrupt_at_once():
        source = RowSource(files.requests, files.input_format)
    try:
        with Journal(
            files.output, files.errors, indexed=files.dedupe, price=settings.price
        ) as journal:
            if (
                source.path is not None
                and (argument := journal.find_own_file(source.path)) is not None
            ):
                raise InvalidArgumentError(
                    argument, "another file than the input", str(source.path)
                )
            call_in_thread(partial(journal.read, retry_errors=files.retry_errors))
            check = partial(check_rows, source, settings, journal.rows)
            # An iterable may be bound to this thread, as a cursor of a database is.
            progress = check() if source.path is None else call_in_thread(check)
            return _run(client, settings, source, journal, progress, dedupe=files.dedupe)
    finally:
        source.close()


def _run(
    client: Opper,
    settings: BatchSettings,
    source: RowSource,
    journal: Journal,
    progress: BatchProgress,
    *,
    dedupe: bool,
) -> BatchProgress:
    requester = find_requester(client)

    def handle(request: BatchRequest) -> AnyResult:
        journal.move_errors()
        return complete_request(requester, request, settings)

    def emit(result: AnyResult) -> None:
        journal.write(result)

    copies = Copies(journal, handle, settings.hash_key) if dedupe else None
    pending = _pending_rows(source, settings, journal)
    engine = Engine(
        settings,
        pending if copies is None else copies.take(pending),
        handle if copies is None else copies.handle,
        emit if copies is None else copies.emit,
        progress=progress,
        earlier=journal.spent,
    )
    if copies is not None:
        copies.is_failed = lambda: engine.failure is not None
    with DeferredInterrupt(partial(engine.stop, "interrupt")):
        try:
            engine.start()
            engine.join()
        finally:
            engine.close()
    sleep(0)  # where a deferred interrupt cancels this task
    return engine.progress


def _pending_rows(
    source: RowSource, settings: BatchSettings, journal: Journal
) -> Iterator[BatchRequest]:
    """Yield the requests that are not done.

    Raises:
        BatchInputError: there is a row that was not there when the rows were checked.
    """
    for row, default_id in source:
        request = settings.reader.read(row, default_id)
        if not is_in_shard(request.custom_id, settings.shard):
            continue
        number, flags = journal.rows.find(request.custom_id) or (0, 0)
        if not flags & SEEN:
            received, hint = (
                f"the new row {request.custom_id!r}",
                "Wait until the input is whole, and run this again.",
            )
            raise BatchInputError(
                "requests", "rows that do not change", received, hint, request.custom_id
            )
        if not flags & DONE:
            journal.rows.put(
                request.custom_id, number, flags | DONE
            )  # so that it is not there twice in any case
            yield request


def _check_output(path: object, argument: str) -> Path:
    if not is_path(path) or path in ("", "-"):
        raise InvalidArgumentError(argument, "the path of a file", describe(path))
    checked = Path(path)
    if checked.suffix in (".gz", ".parquet", ".csv"):
        raise InvalidArgumentError(argument, "the path of a file of JSON lines", repr(str(checked)))
    return checked

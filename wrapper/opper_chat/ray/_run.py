"""`run_on_ray`: the rows of a file on a cluster, by Ray Data. Results are files of Parquet in a folder.

Ray reads, distributes, and gives the rows of a dead worker to another one. The rules of rows, ids and finished rows are
those of `opper_chat.batch`. `_workers` has what runs on the cluster.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from decimal import Decimal
from importlib import import_module
from math import ceil
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple, Unpack, cast

from .._config.options import check_options
from .._errors.api import InvalidArgumentError, OpperError
from .._errors.describe import describe
from .._json.scalars import json_scalar
from .._validation.arguments import check_count
from ..batch._input.check import check_rows
from ..batch._input.rows import InputFormat, find_format
from ..batch._input.source import RowSource, is_path
from ..batch._journal.append_file import AppendFile
from ..batch._journal.row_table import DONE, RowTable, hash_number
from ..batch._options import Amount, BatchOptions, BatchSettings, OnProgress, check_batch_options
from ..batch._progress import BatchProgress
from ._finished_rows import FinishedRows, read_output
from ._options import WorkerOptions, check_chat_completions_options
from ._part_files import remove_unfinished
from ._shared_limits import SharedLimits
from ._workers import BatchWorker, RequestBlocks

BLOCK_BYTES = 1 << 20
"""The size of the blocks of the reader. Workers begin when the first one is full."""

FREE_CPUS = 2
"""The logical CPUs of a cluster that is started here, in addition to those of the workers."""

BLOCKS_PER_ACTOR = 4
"""The blocks that an actor works on at once, so that the slowest row of one does not idle it."""

_OF_THE_READER = ("template", "id_column", "defaults")
"""The options with which requests are read. Workers get whole requests."""


def run_on_ray(
    requests: str | os.PathLike[str],
    *,
    output: str | os.PathLike[str],
    actors: int = 2,
    concurrency: int = 64,
    rows_per_file: int = 256,
    num_cpus: float = 1,
    max_cost: Amount | None = None,
    max_errors: float | None = None,
    max_consecutive_errors: int | None = None,
    input_format: InputFormat | None = None,
    on_progress: OnProgress | None = None,
    progress_interval: float = 1.0,
    **options: Unpack[WorkerOptions],
) -> BatchProgress:
    """Send all requests of a file from the machines of a Ray cluster, and write their results as files of Parquet.

    If it is interrupted, killed or stopped by a limit, call it again with the same arguments: rows that are in the
    output are not sent again. Without a cluster, Ray is started on this machine, and stopped at the end.

    Args:
        requests: a path, as for `run_batch`. All machines must be able to read it.
        output: a folder to which all machines can write. It is made with permissions for its owner only.
        actors: the number of workers.
        concurrency: the number of calls at a time of each worker.
        rows_per_file: the number of rows in a file of the output. A file is written when all of its rows are finished.
        num_cpus: the CPUs that a worker reserves.
        max_cost: US dollars after which no row is started, those of earlier runs included.
        max_errors: the number of failed rows, or their share (a float below 1), above which no row is started.
        max_consecutive_errors: the number of rows that fail one after the other, as when a server is down, after which
            no row is started.
        input_format: ``jsonl``, ``csv`` or ``parquet``. Default: by the name of the file.
        on_progress: a function that is called with the `BatchProgress` when a file is written, at most every
            ``progress_interval`` seconds, and at the end.
        progress_interval: seconds between two calls of ``on_progress``.
        options: those of `WorkerOptions`.

    Returns:
        The rows that succeeded, failed and were skipped, the tokens and the cost. ``stopped`` tells whether a limit
        ended the job before its input.

    Raises:
        InvalidArgumentError: an argument is wrong; nothing was sent.
        BatchInputError: an id is there twice, or a row changed after it was sent; nothing was sent.
        BatchFileError: another run writes to the output, or it was not written by a batch.
        AuthenticationError: the key is wrong.
        MissingKeyError: there is none.
        UnknownCostError: ``max_cost`` is set and no cost is known.
        ImportError: Ray or pyarrow is not installed.
        OSError: a file cannot be read or written.
    """
    limits: dict[str, Any] = {
        "max_cost": max_cost,
        "max_errors": max_errors,
        "max_consecutive_errors": max_consecutive_errors,
    }
    given = cast("dict[str, Any]", options)  # the same dict: what refuses a secret removes it
    check_options(given, WorkerOptions.__annotations__, "run_on_ray()")
    check_chat_completions_options(given, "run_on_ray()")
    job = _Job(
        requests=_check_path(requests, "requests"),
        output=_check_path(output, "output"),
        actors=check_count(actors, "actors"),
        rows_per_file=check_count(rows_per_file, "rows_per_file"),
        num_cpus=_check_cpus(num_cpus),
        input_format=input_format,
        limits=limits,
        worker={
            **{name: value for name, value in given.items() if name not in _OF_THE_READER},
            "concurrency": check_count(concurrency, "concurrency"),
        },
        settings=check_batch_options(
            {
                **{name: value for name, value in given.items() if name in BatchOptions.__annotations__},
                "on_progress": on_progress,
                "progress_interval": progress_interval,
            },
            "run_on_ray()",
        ),
    )
    SharedLimits(**limits)  # which checks them before anything starts
    BatchWorker(folder=job.output, **job.worker)
    ray = import_ray()
    job.output.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = AppendFile(job.output / "_lock")
    try:
        remove_unfinished(job.output)  # only with the lock: they could be those of another run
        return _run(ray, job)
    finally:
        lock.close()


class _Job(NamedTuple):
    """The validated arguments."""

    requests: Path
    output: Path
    actors: int
    rows_per_file: int
    num_cpus: float
    input_format: InputFormat | None
    limits: dict[str, Any]
    worker: dict[str, Any]
    settings: BatchSettings


def _run(ray: Any, job: _Job) -> BatchProgress:
    finished, known, spent, paid = _read_finished(job.output)
    if job.requests.exists() and not job.requests.is_file():
        raise InvalidArgumentError("requests", "a file, which all machines can read", repr(str(job.requests)))
    source = RowSource(job.requests, job.input_format)
    progress = check_rows(source, job.settings, known)
    if not progress.remaining:
        _report(job, progress)
        return progress
    with _cluster(ray, ceil(job.actors * job.num_cpus)), _context(ray):
        limits = ray.remote(SharedLimits).options(num_cpus=0).remote(**job.limits, spent=spent, paid=paid)
        try:
            progress = _collect(job, _pipeline(ray, job, finished, limits), progress)
        except Exception as error:
            raise _find_cause(ray, error) from error
        end = ray.get(limits.progress.remote())
        return progress._replace(stopped=end.stopped, limit=end.limit)


def _pipeline(ray: Any, job: _Job, finished: FinishedRows, limits: Any) -> Any:
    """Return the data set of the counts of batches. Nothing runs before it is read."""
    blocks = RequestBlocks(
        path=job.requests,
        file_format=find_format(job.requests, job.input_format),
        reader=job.settings.reader,
        finished=finished,
        rows=job.rows_per_file,
    )
    strategy = ray.data.ActorPoolStrategy(
        size=job.actors,
        max_concurrent_calls_per_actor=BLOCKS_PER_ACTOR,
        max_tasks_in_flight_per_actor=BLOCKS_PER_ACTOR + 1,
    )
    return (
        ray.data.from_items([{"read": True}])
        .map_batches(blocks, batch_format="pyarrow")
        .repartition(target_num_rows_per_block=job.rows_per_file, strict=True)  # else the reader is part of an actor
        .map_batches(
            BatchWorker,
            fn_constructor_kwargs={"folder": job.output, **job.worker, "limits": limits},
            batch_format="pyarrow",
            compute=strategy,
            num_cpus=job.num_cpus,
        )
    )


def _collect(job: _Job, counts: Any, progress: BatchProgress) -> BatchProgress:
    """Run the job, and return the sums of the counts of its batches."""
    started = reported = monotonic()
    for row in counts.iter_rows():
        cost = None if row["cost"] is None else Decimal(row["cost"])
        now = monotonic()
        progress = progress._replace(
            succeeded=progress.succeeded + row["succeeded"],
            failed=progress.failed + row["failed"],
            prompt_tokens=progress.prompt_tokens + row["prompt_tokens"],
            completion_tokens=progress.completion_tokens + row["completion_tokens"],
            cost=None if cost is None or progress.cost is None else progress.cost + cost,
            seconds=now - started,
        )
        if now - reported >= job.settings.progress_interval:
            reported = now
            _report(job, progress)
    progress = progress._replace(seconds=monotonic() - started)
    _report(job, progress)
    return progress


def _report(job: _Job, progress: BatchProgress) -> None:
    if job.settings.on_progress is not None:
        job.settings.on_progress(progress)


def _read_finished(output: Path) -> tuple[FinishedRows, RowTable, Decimal, int]:
    """Return the rows of an output, for the workers and for the check of the input, and what they cost."""
    known, spent, paid = RowTable(), Decimal(0), 0

    def ids() -> Iterator[str]:
        nonlocal spent, paid
        for row in read_output(output):
            known.put(row.custom_id, hash_number(row.body_hash or "0"), DONE)
            spent, paid = spent + row.cost, paid + bool(row.cost)
            yield row.custom_id

    return FinishedRows(ids()), known, spent, paid


@contextmanager
def _cluster(ray: Any, cpus: int) -> Generator[None]:
    """Connect to a cluster, or start one here, unless the program has done it.

    Args:
        ray: Ray.
        cpus: those that workers reserve. A cluster that is started here has some for the reader too, which would
            otherwise never start.
    """
    if ray.is_initialized():
        yield
        return
    try:
        ray.init(include_dashboard=False, num_cpus=max(os.cpu_count() or 1, cpus + FREE_CPUS))
    except ValueError:  # there is a cluster, whose CPUs are its own
        ray.init()
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def _context(ray: Any) -> Generator[None]:
    """Set the options of Ray Data that the job needs, and restore them at the end."""
    context = ray.data.DataContext.get_current()
    options = {
        "target_max_block_size": BLOCK_BYTES,
        "enable_progress_bars": False,
        "raise_original_map_exception": True,
    }
    previous = {name: getattr(context, name) for name in options}
    try:
        for name, value in options.items():
            setattr(context, name, value)
        yield
    finally:
        for name, value in previous.items():
            setattr(context, name, value)


def _find_cause(ray: Any, error: BaseException) -> BaseException:
    """Return the error of a worker that ended a job, or the error itself."""
    found: BaseException | None = error
    while isinstance(found, ray.exceptions.RayTaskError):
        found = getattr(found, "cause", None)
    while found is not None and not isinstance(found, OpperError):
        found = found.__cause__
    return found or error


def import_ray() -> Any:
    """Return Ray, which has no types that are of use here.

    Raises:
        ImportError: it is not installed.
    """
    try:
        import_module("ray.data")
        return import_module("ray")
    except ImportError as error:
        raise ImportError("Ray is missing. Install it with: pip install 'opper-chat[ray]'.") from error


def _check_cpus(value: object) -> float:
    number = json_scalar(value)
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number < float("inf"):
        raise InvalidArgumentError("num_cpus", "a number of at least 0", describe(value))
    return number


def _check_path(path: object, argument: str) -> Path:
    if not is_path(path) or path in ("", "-"):
        raise InvalidArgumentError(argument, "a path that all machines can use", describe(path))
    return Path(path).absolute()

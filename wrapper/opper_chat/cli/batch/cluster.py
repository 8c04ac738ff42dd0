"""Run a batch on a Ray cluster: `opper_chat.ray` sends the rows, and the progress is shown."""

from __future__ import annotations

import argparse
import os
from typing import Any

from ..client import connection_arguments
from ..config import Config, load_config
from ..console import Console
from ..errors import UsageError
from ..exit_codes import ExitCode
from ..keys import find_key
from .progress_display import UPDATE_SECONDS, create_display, describe_progress, format_seconds
from .run import describe_stop_with_options
from .settings import check_input, read_batch_options

_OF_ONE_MACHINE = (
    "errors", "retry_errors", "dedupe", "ordered", "shard", "tokens_per_minute", "dry_run", "sample",
)  # fmt: skip
"""Options that a batch on a cluster does not have."""

_ADDRESS = "RAY_ADDRESS"
"""The variable of Ray with the address of a cluster."""


def run_on_cluster(options: argparse.Namespace, console: Console) -> int:
    """Run the batch, and return the exit code.

    Raises:
        UsageError: an option is wrong, the input is not there, or Ray is not installed. Nothing was sent.
        OpperError: the batch cannot start or go on.
    """
    _check_options(options)
    check_input(options)
    config = load_config(options.config)
    job: dict[str, Any] = {**read_batch_options(options, config), **_worker_options(options, config)}
    job.pop("ordered", None)  # False
    for name in ("actors", "rows_per_file", "input_format"):
        if getattr(options, name) is not None:
            job[name] = getattr(options, name)
    from ...ray import run_on_ray

    display = create_display(options.progress, options.progress_interval, console)
    try:
        progress = run_on_ray(
            options.input, output=options.output, on_progress=display.update, progress_interval=UPDATE_SECONDS, **job
        )
    except ImportError as error:
        raise UsageError(f"--ray: {error}") from None
    display.close(progress)
    failed = _count_failed(options.output)
    lines = [f"{describe_progress(progress)}, in {format_seconds(progress.seconds)}"]
    if progress.skipped:
        lines.append(f"{progress.skipped:,} rows were done before.")
    if failed:
        lines.append(f"{failed:,} rows of {options.output} have an error. They are not sent again.")
    if progress.stopped is not None:
        lines.append(describe_stop_with_options(progress))
    console.note("\n".join(lines))
    return ExitCode.STOPPED if failed or progress.stopped is not None else ExitCode.OK


def _check_options(options: argparse.Namespace) -> None:
    for name in _OF_ONE_MACHINE:
        if getattr(options, name) not in (None, False):
            raise UsageError(f"--{name.replace('_', '-')}: It cannot be used with --ray.")
    if options.input == "-":
        raise UsageError("-: With --ray, the input must be a file that all machines can read.")


def _worker_options(options: argparse.Namespace, config: Config) -> dict[str, Any]:
    """Return the options of the client of each worker.

    Raises:
        UsageError: there is no key that workers can find.
    """
    if options.key_file is not None:
        return {**connection_arguments(options, config, None), "key_file": os.path.abspath(options.key_file)}  # noqa: PTH100
    key = find_key(None, config)
    if not os.environ.get(_ADDRESS) and (key is None or "environment" not in key.source):
        found = "none" if key is None else key.source
        raise UsageError(
            "--ray: The workers read the key from OPPER_API_KEY in their environment, or from the file of --key-file "
            f"on each machine. Found here: {found}."
        )
    return connection_arguments(options, config, None)


def _count_failed(output: str) -> int:
    """Return how many rows of an output have an error, those of earlier runs included."""
    from ...ray._finished_rows import read_output

    return sum(row.is_failed for row in read_output(output))

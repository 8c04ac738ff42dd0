"""Run a batch on this machine: `opper_chat.batch` sends the rows, and the progress is shown."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import Any

from opper_chat import AsyncOpper
from opper_chat.batch import BatchProgress, async_run_batch
from opper_chat.batch._journal.lines import read_last_line
from opper_chat.batch._progress import describe_stop

from ..client import client_arguments
from ..config import load_config
from ..console import Console
from ..exit_codes import ExitCode
from ..signals import raise_on_termination
from .progress_display import UPDATE_SECONDS, create_display, describe_progress, format_seconds
from .sample import Sample, describe_estimate, take_sample
from .settings import check_input, output_files, read_batch_options


def run_local(options: argparse.Namespace, console: Console) -> int:
    """Run the batch, or a sample of its rows, and return the exit code.

    Raises:
        UsageError: an option is wrong, or the input is not there. Nothing was sent.
        OpperError: the batch cannot start or go on.
        KeyboardInterrupt: it was interrupted.
    """
    check_input(options)
    config = load_config(options.config)
    batch_options = read_batch_options(options, config)
    client = client_arguments(options, config)
    client["adaptive_rate_limit"] = True
    client["max_connections"] = max(1000, batch_options.get("concurrency", 0))
    run_options: dict[str, Any] = {
        "output": options.output,
        "errors": options.errors,
        "retry_errors": options.retry_errors,
        "dedupe": options.dedupe,
        "input_format": options.input_format,
    }
    sample: Sample | None = None
    if options.sample is not None:
        sample = take_sample(options, batch_options)
        run_options["input_format"] = None
    requests: Any = options.input if sample is None else sample.requests
    progress = _run(console, options, client, requests, {**batch_options, **run_options})
    if sample is not None:
        console.note(describe_estimate(progress, sample.remaining))
    _, errors = output_files(options)
    if progress.stopped is not None or (errors.is_file() and errors.stat().st_size):
        return ExitCode.STOPPED
    return ExitCode.OK


def _run(
    console: Console, options: argparse.Namespace, client: dict[str, Any], requests: Any, run_options: dict[str, Any]
) -> BatchProgress:
    """Run the batch, show its progress and a summary, and return its state at the end."""
    display = create_display(options.progress, options.progress_interval, console)
    last = BatchProgress()

    def update(progress: BatchProgress) -> None:
        nonlocal last
        last = progress
        display.update(progress)

    async def run() -> BatchProgress:
        async with AsyncOpper(**client) as opper:
            return await async_run_batch(
                requests, client=opper, on_progress=update, progress_interval=UPDATE_SECONDS, **run_options
            )

    try:
        with raise_on_termination():
            last = asyncio.run(run())
    except KeyboardInterrupt:
        display.close(last)
        # Unless the rows in flight were finished, `last` is only as new as the last call of `update`.
        is_whole = last.stopped is not None and not last.in_flight
        end = last if is_whole else BatchProgress(stopped="interrupt")
        console.note(_describe_end(end, output_files(options)[1]))
        raise
    except BaseException:
        display.close(last)
        raise
    display.close(last)
    console.note(_describe_end(last, output_files(options)[1]))
    return last


def _describe_end(progress: BatchProgress, errors: Path) -> str:
    """Return the summary of a batch, without the rows if its time is 0, which stands for a state that is not known."""
    lines: list[str] = []
    if progress.seconds:
        lines.append(f"{describe_progress(progress._replace(in_flight=0))}, in {format_seconds(progress.seconds)}")
    if progress.skipped:
        lines.append(f"Done before: {progress.skipped:,}.")
    if errors.is_file() and errors.stat().st_size:
        lines.append(f"Failed rows are in {errors}. To send them again, add --retry-errors.")
        last = read_last_line(errors) if progress.failed else None
        if last is not None and last.opper.error is not None:
            lines.append(f"The last failure: {last.opper.error.type}: {last.opper.error.message}")
    if progress.stopped is not None:
        lines.append(describe_stop_with_options(progress))
    return "\n".join(lines)


def describe_stop_with_options(progress: BatchProgress) -> str:
    """Return why a batch ended before its input, with the option of the command, and how to go on."""
    name, limit = (progress.stopped or "").replace("_", "-"), progress.limit
    value = f"{100 * limit:g}%" if isinstance(limit, float) else limit
    higher = " with a higher --max-cost" if progress.stopped == "max_cost" else ""
    return f"{describe_stop(progress, f'--{name} {value}')} To go on, run the same command{higher}."

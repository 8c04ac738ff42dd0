"""Send the first rows of a batch, and estimate from them what the others cost. Their results are those of the batch."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from itertools import chain
from typing import Any, NamedTuple

from opper_chat.batch import BatchProgress, BatchRequest
from opper_chat.batch._input.source import RowSource
from opper_chat.batch._journal.lines import read_lines
from opper_chat.batch._options import check_batch_options

from ..errors import UsageError
from .dry_run import done_rows, read_requests
from .progress_display import format_cost
from .settings import output_files


class Sample(NamedTuple):
    """The first rows that are not done."""

    requests: list[BatchRequest]
    remaining: int
    """The rows after them that are not done."""


def take_sample(options: argparse.Namespace, batch_options: Mapping[str, Any]) -> Sample:
    """Return the first rows that are not done.

    Args:
        options: those of the command. ``sample`` is the number of rows.
        batch_options: those of `BatchOptions`.

    Raises:
        UsageError: the number is not accepted.
        OpperError: a file cannot be used.
    """
    count: int = options.sample
    if count < 1:
        raise UsageError(f"--sample: expected a number of rows of at least 1, got {count}.")
    if options.retry_errors:
        raise UsageError("--sample: It is not accepted together with --retry-errors, which sends all failed rows.")
    settings = check_batch_options(batch_options, "batch")
    done = done_rows(chain.from_iterable(map(read_lines, output_files(options))))
    source = RowSource(options.input, options.input_format)
    requests: list[BatchRequest] = []
    remaining = 0
    try:
        for request in read_requests(source, settings):
            if done.find(request.custom_id) is not None:
                continue
            if len(requests) < count:
                requests.append(request)
            else:
                remaining += 1
    finally:
        source.close()
    return Sample(requests, remaining)


def describe_estimate(progress: BatchProgress, remaining: int) -> str:
    """Return what the remaining rows will use, if they are like the rows that were sent.

    Args:
        progress: the state after the sample.
        remaining: the rows that are not sent yet.
    """
    count = progress.succeeded
    if not count:
        return "No row of the sample succeeded, so there is no estimate."
    prompt = round(progress.prompt_tokens / count * remaining)
    completion = round(progress.completion_tokens / count * remaining)
    parts = [f"{prompt:,} tokens of prompts", f"{completion:,} tokens of completions"]
    if progress.cost is None:
        parts.append("cost not known")
    elif progress.cost:
        parts.append(format_cost(round(progress.cost / count * remaining, 4)))
    return f"Estimate for {remaining:,} more rows, from {count:,} rows: {', '.join(parts)}"

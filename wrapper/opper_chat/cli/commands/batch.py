"""``opper-chat batch``: send every row of a file; look at the input, or at the files of a batch."""

from __future__ import annotations

import argparse
import errno
from typing import Any

from ..client import import_client
from ..console import Console
from ..errors import CommandError, UsageError
from ..exit_codes import ExitCode
from ..options import add_client_options, add_common_options, add_label_options, add_schema_options
from ..parameters import add_parameters, load_parameters

STATUS = "status"
PROGRESS_KINDS = ("auto", "bar", "lines", "json", "none")
_NOT_OPENED = (errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR, errno.EROFS)
MAX_CONSECUTIVE_ERRORS = 20
"""The default of the command, so that a batch whose rows all fail ends early."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``batch``."""
    parser.usage = "%(prog)s INPUT -o OUTPUT [OPTION...]\n       %(prog)s status OUTPUT [--json]"
    parser.add_argument(
        "input", metavar="INPUT", help="a file of JSON lines, CSV or Parquet, also with .gz, or `-` for stdin"
    )
    parser.add_argument("status_of", metavar="OUTPUT", nargs="?", help="with `status`: the output of a batch")
    parser.add_argument("-o", "--output", metavar="FILE", help="the output file, which is also the state of the batch")
    parser.add_argument("--errors", metavar="FILE", help="the file of failed rows (default: OUTPUT with .errors)")
    _add_row_options(parser.add_argument_group("rows"))
    _add_limits(parser.add_argument_group("limits"))
    group = parser.add_argument_group("runs")
    group.add_argument("--retry-errors", action="store_true", help="send the rows of the errors file again")
    group.add_argument("--dedupe", action="store_true", help="send one of the rows with equal bodies")
    group.add_argument("--ordered", action="store_true", help="write the lines in the order of the input")
    group.add_argument("--shard", metavar="N/COUNT", help="send a part of the rows, such as 3/16")
    group.add_argument("--progress", choices=PROGRESS_KINDS, default="auto", help="how progress is shown")
    group.add_argument("--progress-interval", type=float, metavar="SECONDS", help="between two lines (default: 10)")
    only = group.add_mutually_exclusive_group()
    only.add_argument("--dry-run", action="store_true", help="count and check the rows, and send nothing")
    only.add_argument("--sample", type=int, metavar="N", help="send N rows, and estimate the cost of the others")
    group.add_argument("--json", action="store_true", help="print the result of status or --dry-run as JSON")
    group = parser.add_argument_group("clusters")
    group.add_argument("--ray", action="store_true", help="send the rows from a Ray cluster; OUTPUT is a folder")
    group.add_argument("--actors", type=int, metavar="N", help="with --ray: the number of workers (default: 2)")
    group.add_argument("--rows-per-file", type=int, metavar="N", help="with --ray: of a Parquet file (default: 256)")
    add_client_options(parser)
    add_common_options(parser)
    add_parameters(parser, load_parameters())


def _add_row_options(group: Any) -> None:
    group.add_argument("--input-format", choices=("jsonl", "csv", "parquet"), help="the format (default: by the name)")
    group.add_argument("--template", metavar="TEXT", help="the prompt with columns in braces, or @FILE (text or JSON)")
    group.add_argument("-s", "--system", metavar="TEXT", help="with --template: the instructions, or @FILE with them")
    group.add_argument("--id-column", metavar="NAME", help="the column with the id of a row (default: custom_id)")
    group.add_argument("-m", "--model", action="append", metavar="NAME", help="the model; again for a fallback")
    group.add_argument(
        "--other", nargs=2, action="append", metavar=("NAME", "VALUE"), help="a parameter without an option here"
    )
    add_schema_options(group)
    group.add_argument("--retries-on-invalid", type=int, metavar="N", help="how often to send such a row again")
    add_label_options(group)


def _add_limits(group: Any) -> None:
    group.add_argument("--concurrency", type=int, metavar="N", help="the number of calls at a time (default: 32)")
    group.add_argument("--max-cost", metavar="USD", help="the cost after which no row is started")
    group.add_argument("--price", metavar="IN,OUT", help="USD for a million tokens, if the server sends no cost")
    group.add_argument("--max-errors", metavar="N", help="stop if more rows fail than this number or share (5%%)")
    group.add_argument(
        "--max-consecutive-errors", type=int, metavar="N", default=MAX_CONSECUTIVE_ERRORS,
        help=f"stop if so many rows fail one after the other (default: {MAX_CONSECUTIVE_ERRORS}; 0: any number)",
    )  # fmt: skip
    group.add_argument(
        "--tokens-per-minute", type=float, metavar="N", help="the rate, by the usage that the server sends"
    )


def run(options: argparse.Namespace, console: Console) -> int:
    """Run the batch, or what was asked about it, and return the exit code.

    Raises:
        UsageError: an option is wrong. Nothing was sent.
        CommandError: a file cannot be read or written. If it cannot be opened, nothing was sent.
        OpperError: the batch cannot start or go on.
        KeyboardInterrupt: it was interrupted.
    """
    import_client()
    try:
        return _run(options, console)
    except OSError as error:
        code = ExitCode.USAGE if error.errno in _NOT_OPENED else ExitCode.UNEXPECTED
        raise CommandError(f"{error.filename or options.output}: {error.strerror or error}.", code) from None


def _run(options: argparse.Namespace, console: Console) -> int:
    if options.json and not (options.dry_run or options.input == STATUS):
        raise UsageError("--json: It needs --dry-run, or `status`. For the progress as JSON, give --progress json.")
    if options.input == STATUS and options.status_of is not None:
        from ..batch.status import show_status

        return show_status(options, console)
    if options.status_of is not None:
        raise UsageError(f"There are two inputs: {options.input} and {options.status_of}. Name the output with -o.")
    if options.dry_run and not options.ray:
        from ..batch.dry_run import run_dry

        return run_dry(options, console)
    if options.output is None:
        raise UsageError("-o is missing. Name the output file: opper-chat batch INPUT -o OUTPUT.")
    if options.ray:
        from ..batch.cluster import run_on_cluster

        return run_on_cluster(options, console)
    for name in ("actors", "rows_per_file"):
        if getattr(options, name) is not None:
            raise UsageError(f"--{name.replace('_', '-')}: It needs --ray.")
    from ..batch.run import run_local

    return run_local(options, console)

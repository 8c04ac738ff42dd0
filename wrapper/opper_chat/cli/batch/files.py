"""The files of a batch that the options name. Reads nothing."""

from __future__ import annotations

import argparse
from pathlib import Path

from opper_chat.batch._journal.journal import default_errors_path

from ..errors import UsageError


def check_input(options: argparse.Namespace) -> None:
    """Refuse an input that is not there, or that is the output.

    Raises:
        UsageError: there is no such file, or it is the same as the output.
    """
    name: str = options.input
    if name == "-":
        return
    path = Path(name)
    if path.is_dir() or not path.exists():
        reason = "It is a folder" if path.is_dir() else "There is no such file"
        raise UsageError(f"{name}: {reason}. Give a file of JSON lines, CSV or Parquet, or `-` for stdin.")
    for file in () if options.output is None else output_files(options):
        if file.exists() and file.samefile(path):
            raise UsageError(f"{file}: It is the input. Name another file than the input with -o and --errors.")


def output_files(options: argparse.Namespace) -> tuple[Path, Path]:
    """Return the output and the errors file: that of the option, or the default one of the output."""
    output = Path(options.output)
    return output, default_errors_path(output) if options.errors is None else Path(options.errors)

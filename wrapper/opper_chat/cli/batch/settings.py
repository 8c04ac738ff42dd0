"""The options and the files of a batch, from the options of the command, the configuration and the parameters."""

from __future__ import annotations

import argparse
import json
import os.path
from pathlib import Path
from typing import Any

from opper_chat.batch._journal.journal import default_errors_path

from ..config import Config
from ..errors import UsageError
from ..parameters import given_parameters, load_parameters
from ..paths import read_file
from ..request import add_labels, merge_parameters, read_response_format

_PLAIN = ("concurrency", "ordered", "max_cost", "tokens_per_minute", "retries_on_invalid")
"""Options that the library has under the same name and takes as they are."""


def read_batch_options(options: argparse.Namespace, config: Config) -> dict[str, Any]:
    """Return the `BatchOptions` of a command.

    Args:
        options: those of the command.
        config: the configuration, with the defaults of parameters.

    Raises:
        UsageError: an option is wrong. The library checks the values of those that it takes as they are.
    """
    parameters = merge_parameters(config, {}, options.model or [], given_parameters(options, load_parameters()))
    add_labels(parameters.known, options.tag, options.span)
    found: dict[str, Any] = {name: getattr(options, name) for name in _PLAIN}
    found["defaults"] = {**parameters.known, **parameters.extra_body}
    found["id_column"] = options.id_column
    found["template"] = _read_template(options)
    found["response_format"] = read_response_format(options)
    found["max_consecutive_errors"] = options.max_consecutive_errors or None
    if options.max_errors is not None:
        found["max_errors"] = _read_max_errors(options.max_errors)
    if options.price is not None:
        found["price"] = tuple(part.strip() for part in options.price.split(","))
    if options.shard is not None:
        found["shard"] = _read_shard(options.shard)
    return {name: value for name, value in found.items() if value is not None}


def _read_template(options: argparse.Namespace) -> Any:
    """Return the template: a text, or the JSON value of a file.

    Raises:
        UsageError: the file is not a template of a batch, or the text is the name of a file.
    """
    given: str | None = options.template
    system: str | None = options.system
    if given is None:
        if system is not None:
            raise UsageError("-s: It needs --template. Rows with messages have their own instructions.")
        return None
    template: Any = given
    if given.startswith("@"):
        if given.endswith(".toml"):
            raise UsageError(
                f"--template {given}: expected a file with a prompt or with JSON, got a template of `opper-chat ask`. "
                "Give the prompt itself, with columns in braces, and -s for the instructions."
            )
        template = read_file("--template", given[1:])
        if given.endswith(".json"):
            try:
                template = json.loads(template)
            except ValueError as error:
                raise UsageError(f"--template {given}: expected a file with JSON: {error}.") from None
    elif "{" not in given and os.path.isfile(given):  # noqa: PTH113  # no error for a name that is too long
        raise UsageError(
            f"--template {given}: expected a text with columns in braces, got the name of a file. "
            f"To read the template from it, write @{given}."
        )
    if system is None:
        return template
    if not isinstance(template, str):
        raise UsageError("-s: The template has messages of its own. Put the instructions there.")
    text = read_file("-s", system[1:]) if system.startswith("@") else system
    return [{"role": "system", "content": text}, {"role": "user", "content": template}]


def _read_max_errors(text: str) -> int | float:
    """Return a number of rows, or a share of them."""
    try:
        if text.endswith("%"):
            return float(text[:-1]) / 100
        return float(text) if "." in text else int(text)
    except ValueError:
        raise UsageError(
            f"--max-errors {text}: expected a number of rows, such as 10, or a share, such as 5%."
        ) from None


def _read_shard(text: str) -> tuple[int, int]:
    number, slash, count = text.partition("/")
    if not slash or not number.isdecimal() or not count.isdecimal():
        raise UsageError(f"--shard {text}: expected a number and the number of shards, such as 3/16.")
    return int(number), int(count)


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

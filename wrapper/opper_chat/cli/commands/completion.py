"""``opper-chat completion``: a script with which a shell completes commands, options and files, made by shtab."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import Any

from ..console import Console
from ..errors import UsageError
from ..exit_codes import ExitCode

SHELLS = ("bash", "zsh", "tcsh", "fish", "powershell")
"""Those of shtab. Its older versions have fewer."""
FILES = ("FILE", "SOURCE", "INPUT", "OUTPUT", "SCHEMA")
"""Values of options that are files, as they are named in the help."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``completion``."""
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))


def run(options: argparse.Namespace, console: Console) -> int:
    """Print the script, and return the exit code.

    Raises:
        UsageError: shtab is not installed, or does not know the shell.
    """
    try:
        shtab: Any = import_module("shtab")
    except ImportError:
        hint = "Install it with: pip install 'opper-chat[cli]'."
        raise UsageError(f"completion: The script needs the package shtab. {hint}") from None
    if options.shell not in shtab.SUPPORTED_SHELLS:
        known = ", ".join(shtab.SUPPORTED_SHELLS)
        raise UsageError(f"completion {options.shell}: This version of shtab has {known}. Install a newer one.")
    from ..main import build_parser

    parser = build_parser()
    _mark_files(parser, shtab.FILE)
    console.write(shtab.complete(parser, options.shell))
    return ExitCode.OK


def _mark_files(parser: argparse.ArgumentParser, kind: Any) -> None:
    """Let the values of options be completed as files where they are."""
    for action in parser._actions:  # noqa: SLF001  # argparse lists them nowhere else
        if action.metavar in FILES:
            vars(action)["complete"] = kind
        commands: Any = getattr(action.choices, "values", tuple)()  # those of subparsers are a dict
        for command in commands:
            _mark_files(command, kind)

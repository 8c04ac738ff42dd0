"""``opper-chat completion``: a script with which a shell completes commands, options, files and names, made by shtab.

The script runs ``opper-chat completion --names KIND`` for the names. That reads files, and asks no server.
"""

from __future__ import annotations

import argparse
import re
from contextlib import suppress
from importlib import import_module
from typing import Any

from ..config import load_config
from ..console import Console
from ..conversations import list_conversations
from ..errors import UsageError
from ..exit_codes import ExitCode
from ..main import PROGRAM
from ..request import as_list
from ..templates import list_templates, load_template

SHELLS = ("bash", "zsh", "tcsh", "fish", "powershell")
"""Those of shtab. Its older versions have fewer."""
FILES = ("FILE", "SOURCE", "INPUT", "OUTPUT", "SCHEMA")
"""Values of options that are files, as they are named in the help."""
_PLAIN_NAME = re.compile(r"[\w.:/@+-]+")
"""Names without a meaning for shells: the scripts expand them, so that ``$(...)`` would be run."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``completion``."""
    parser.add_argument("shell", metavar="SHELL", nargs="?", choices=SHELLS, help=", ".join(SHELLS))
    parser.add_argument("--names", choices=list(_NAMES), help="print the names that the script completes")


def run(options: argparse.Namespace, console: Console) -> int:
    """Print the script, or names, and return the exit code.

    Raises:
        UsageError: shtab is not installed, or does not know the shell.
    """
    if options.names is not None:
        with suppress(UsageError):  # an error would be shown in the middle of what the user types
            names = sorted(filter(_PLAIN_NAME.fullmatch, _NAMES[options.names]()))
            console.write("".join(f"{name}\n" for name in names))
        return ExitCode.OK
    if options.shell is None:
        raise UsageError(f"completion: The shell is missing. Give one of {', '.join(SHELLS)}.")
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
    _mark_values(parser, shtab)
    console.write(shtab.complete(parser, options.shell))
    return ExitCode.OK


def _mark_values(parser: argparse.ArgumentParser, shtab: Any) -> None:
    """Let the values of options be completed where they are files, or names that are known here."""
    for action in parser._actions:  # noqa: SLF001  # argparse lists them nowhere else
        kind = next((_OPTIONS[flag] for flag in action.option_strings if flag in _OPTIONS), None)
        if action.metavar in FILES:
            vars(action)["complete"] = shtab.FILE
        elif kind is not None and hasattr(shtab, "cmd"):  # older versions run no commands
            vars(action)["complete"] = shtab.cmd(f"{PROGRAM} completion --names {kind}")
        commands: Any = getattr(action.choices, "values", tuple)()  # those of subparsers are a dict
        for command in commands:
            _mark_values(command, shtab)


def _model_names() -> set[str]:
    """Return the names of models in the configuration and in templates."""
    config = load_config(None)
    found = [config.defaults.get("model"), list(config.models)]
    for name in _template_names():
        with suppress(UsageError):  # `templates list` shows the mistake
            found.append(load_template(name).parameters.get("model"))
    return {name for value in found for name in as_list(value)}


def _template_names() -> set[str]:
    return {path.stem for path in list_templates()}


def _conversation_names() -> set[str]:
    return {path.stem for path in list_conversations()}


_NAMES = {"models": _model_names, "templates": _template_names, "conversations": _conversation_names}
_OPTIONS = {"--model": "models", "-t": "templates", "--conversation": "conversations"}
"""The kinds of names, by the options that take one."""

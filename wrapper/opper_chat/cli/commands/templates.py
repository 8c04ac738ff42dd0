"""``opper-chat templates``: list, show and edit the templates of ``-t``."""

from __future__ import annotations

import argparse
import os
import shlex
import sys

from ..console import Console
from ..errors import CommandError, UsageError
from ..exit_codes import ExitCode
from ..templates import find_template, list_templates, load_template, template_path

NEW_TEMPLATE = """\
# {name}: opper-chat -t {name}
# {{input}} is the prompt with stdin. Other names in braces are variables: -p NAME=VALUE.
prompt = "{{input}}"
# system = "Be brief."
# model = "openai/gpt-4o-mini"
# temperature = 0

# [variables]
# language = "English"
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``templates``."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="list the templates with their variables")
    show = actions.add_parser("show", help="print a template")
    show.add_argument("name", metavar="NAME", help="its name, as listed, or the path of its file")
    edit = actions.add_parser("edit", help="open a template in VISUAL or EDITOR, also a new one")
    edit.add_argument("name", metavar="NAME", help="its name, or the path of its file")


def run(options: argparse.Namespace, console: Console) -> int:
    """Do what was asked, and return the exit code.

    Raises:
        UsageError: there is no such template, or it has a mistake.
        CommandError: a file cannot be read or written, or the editor fails.
    """
    if options.action == "list":
        return _list(console)
    if options.action == "show":
        path = find_template(options.name, f"show {options.name}")
        try:
            console.write(path.read_text("utf-8", errors="replace"))
        except OSError as error:
            raise CommandError(f"{path}: The file cannot be read: {error.strerror or error}.") from None
        console.end_line()
        return ExitCode.OK
    _edit(options.name, console)
    return ExitCode.OK


def _list(console: Console) -> int:
    """List the templates, and return 2 if one has a mistake."""
    code = ExitCode.OK
    for path in list_templates():
        try:
            template = load_template(str(path))
        except UsageError as error:
            console.error(str(error))
            code = ExitCode.USAGE
            continue
        variables = " ".join(f"{{{name}}}" for name in sorted(template.names))
        console.write_line(f"{path.stem}  {variables}".rstrip())
    return code


def _edit(name: str, console: Console) -> None:
    """Open a template in the editor, and check it afterwards."""
    import subprocess

    path = template_path(name, f"edit {name}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            path.write_text(NEW_TEMPLATE.format(name=shlex.quote(name)), "utf-8")
    except OSError as error:
        raise CommandError(f"{path}: The file cannot be written: {error.strerror or error}.") from None
    default = "notepad" if sys.platform == "win32" else "vi"
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or default
    try:
        done = subprocess.run([*shlex.split(editor, posix=os.name == "posix"), str(path)], check=False)  # noqa: S603
    except (OSError, ValueError) as error:
        raise CommandError(f"The editor {editor!r} cannot run: {error}. Set VISUAL or EDITOR.") from None
    if done.returncode:
        raise CommandError(f"The editor {editor!r} ended with exit code {done.returncode}.")
    load_template(str(path))
    console.note(f"Saved {path}.")

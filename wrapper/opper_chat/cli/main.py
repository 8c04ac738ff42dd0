"""The entry point: find the command in the arguments, load its module, run it, and return the exit code.

Only the module of that command is loaded. Neither ``--help`` nor ``--version`` loads any.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import sys
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from functools import partial
from importlib import import_module
from typing import NoReturn, Protocol, cast

from .console import Console
from .errors import UsageError
from .exit_codes import ExitCode, exit_code

PROGRAM = "opper-chat"
DEFAULT_COMMAND = "ask"
COMMANDS = {
    "ask": "Send a prompt, and print the completion. The command may be left out.",
    "chat": "Have a conversation in the terminal.",
    "batch": "Send every row of a file, and write a line for each. It can be interrupted and resumed.",
    "conversations": "List, show or remove saved conversations.",
    "templates": "List, show or edit templates.",
    "doctor": "Check the key, the address, TLS and one call.",
    "serve": "Run a local server that behaves as the API does.",
    "completion": "Print a script with which a shell completes commands and options.",
}
"""The commands by name, each with a line for the help. The module of a command is ``commands/NAME.py``."""

_EPILOG = """\
`opper-chat COMMAND --help` lists the options of a command. If the first argument is no command,
the arguments are those of `ask`: opper-chat "Why is the sky blue?"
"""


_COLLECTED_OBJECTS = 100_000
"""The number of new objects after which the garbage collector runs, in place of 700. The objects of imports live to the
end of the process. To collect among them, and once more at the end, takes a fifth of the time of a short command."""


class Command(Protocol):
    """The module of a command."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""

    def run(self, options: argparse.Namespace, console: Console) -> int:
        """Run the command, and return the exit code."""
        ...


class HelpRequest(Exception):  # noqa: N818  # it is no error
    """The user asks for the help of a command, which is the text."""


class Parser(argparse.ArgumentParser):
    """A parser that raises its errors, and its help, since argparse ignores that stdout cannot be written."""

    def print_help(self, file: object = None) -> NoReturn:  # noqa: ARG002  # argparse gives none
        """Raise a HelpRequest."""
        raise HelpRequest(self.format_help())

    def error(self, message: str) -> NoReturn:
        """Raise a UsageError."""
        raise UsageError(f"{_with_proposal(self, message)} See `{self.prog} --help`.")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: the arguments after the name of the program. Default: those of the process.

    Returns:
        The exit code, as `ExitCode` describes it.
    """
    if argv is None:  # a process of its own
        gc.set_threshold(_COLLECTED_OBJECTS)
        atexit.register(gc.freeze)
    console = Console()
    try:
        with warnings.catch_warnings():
            warnings.showwarning = partial(_show_warning, console)
            code = _run(list(sys.argv[1:] if argv is None else argv), console)
            console.flush()
    except BaseException as error:  # noqa: BLE001  # each becomes an exit code
        return _report(error, console)
    return code


def _run(arguments: list[str], console: Console) -> int:
    first = arguments[0] if arguments else ""
    if first == "--version":
        console.write_line(f"{PROGRAM} {find_version()}")
        return ExitCode.OK
    if first in ("-h", "--help"):
        console.write(_overview().format_help())
        return ExitCode.OK
    if console.stdout is None:
        raise UsageError("stdout is closed, so the result could not be written. Redirect it to a file.")
    name = first if first in COMMANDS else DEFAULT_COMMAND
    command = load_command(name)
    parser = Parser(prog=f"{PROGRAM} {name}", description=COMMANDS[name], allow_abbrev=False)
    command.add_arguments(parser)
    try:
        options = _parse(parser, arguments[1:] if first in COMMANDS else arguments)
    except HelpRequest as help_request:
        console.write(str(help_request))
        return ExitCode.OK
    console.quiet = bool(getattr(options, "quiet", False))
    # What tools and imported modules print is no part of the result. `console` has the stdout of the process.
    with redirect_stdout(console.stderr):
        return command.run(options, console)


def find_version() -> str:
    """Return the version of the package, from the name of its folder of metadata if that is where pip puts it.

    Importing importlib.metadata takes longer than the rest of the command.
    """
    from pathlib import Path

    found = [path.name for path in Path(__file__).parents[2].glob("opper_chat-*.dist-info")]
    if len(found) == 1:
        return found[0].removeprefix("opper_chat-").removesuffix(".dist-info")
    from importlib.metadata import version

    return version("opper-chat")


def load_command(name: str) -> Command:
    """Return the module of a command."""
    return cast("Command", import_module(f".commands.{name}", __package__))


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands, which loads their modules, for shell completion."""
    parser = _overview()
    commands = parser.add_subparsers(dest="command")
    for name, line in COMMANDS.items():
        load_command(name).add_arguments(commands.add_parser(name, help=line, description=line))
    return parser


def _overview() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    lines = "\n".join(f"  {name:<{width}}  {line}" for name, line in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        usage=f"{PROGRAM} [COMMAND] ...",
        description=f"Chat completions of Opper in a terminal or a pipe.\n\ncommands:\n{lines}",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    return parser


def _parse(parser: argparse.ArgumentParser, arguments: list[str]) -> argparse.Namespace:
    """Parse arguments, also those that have options between the parts of a prompt."""
    try:
        return parser.parse_intermixed_args(arguments)
    except TypeError:  # the command has commands of its own
        return parser.parse_args(arguments)


def _with_proposal(parser: argparse.ArgumentParser, message: str) -> str:
    """Return an error of argparse as a sentence, with the option that was probably meant."""
    sentence = f"{message[:1].upper()}{message[1:]}."
    unknown = message.removeprefix("unrecognized arguments: ").split()[0] if "unrecognized" in message else ""
    if unknown.startswith("--"):
        from difflib import get_close_matches

        known = [name for action in parser._actions for name in action.option_strings]  # noqa: SLF001
        near = get_close_matches(unknown.partition("=")[0], known, 1)
        return f"{sentence} Did you mean {near[0]}?" if near else sentence
    return sentence


def _show_warning(console: Console, message: Warning | str, *_where: object) -> None:
    console.note(f"Warning: {message}")


def _find_interrupt(error: BaseException) -> KeyboardInterrupt | None:
    """Return the interrupt that an error is, or comes from.

    Cleanup after it, such as argparse's or that of a display, may have raised others.
    """
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, KeyboardInterrupt):
        cause = cause.__context__  # Python lets these have no cycles
    return cause


def _report(error: BaseException, console: Console) -> int:
    """Write what ended the command to stderr, and return the exit code."""
    error = _find_interrupt(error) or error
    code = exit_code(error)
    if code in (ExitCode.INTERRUPTED, ExitCode.CLOSED_PIPE, ExitCode.HUNG_UP, ExitCode.TERMINATED):
        console.flush_messages()
        return code
    if code is ExitCode.UNEXPECTED and not hasattr(error, "exit_code"):
        from traceback import format_exception

        console.error("".join(format_exception(error)).rstrip())
        return code
    console.error("\n".join([str(error), *getattr(error, "__notes__", ())]))
    return code

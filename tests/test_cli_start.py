"""Starting the command: what it loads, its entry points, its help, and how it fails without the extra."""

import subprocess
import sys
from importlib.metadata import entry_points, version

import pytest
from command_runs import COMMAND, Command
from opper_chat.cli.main import COMMANDS, build_parser, load_command, main

HEAVY = {"attr", "attrs", "asyncio", "httpx", "httpx2", "httpcore", "msgspec", "opper_chat_api", "rich", "shtab", "ssl"}


def loaded(*arguments: str) -> set[str]:
    """Return the modules that the command loads in a process of its own."""
    code = (
        "import sys; from opper_chat.cli.main import main; before = sys.stdout; sys.stdout = sys.stderr; "
        f"code = main({list(arguments)!r}); print(*sys.modules, sep='\\n', file=before); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["ask", "--help"]], ids=" ".join)
def test_help_loads_no_library(arguments: list[str]) -> None:
    """Neither the HTTP library, nor rich, nor the models, nor a module of the package other than the command's."""
    modules = loaded(*arguments)
    assert {name.partition(".")[0] for name in modules} & HEAVY == set()
    own = {name for name in modules if name.startswith("opper_chat.")}
    assert {name for name in own if not name.startswith("opper_chat.cli")} == set()
    commands = {name.rpartition(".")[2] for name in own if name.startswith("opper_chat.cli.commands.")}
    assert commands == ({"ask"} if arguments[0] == "ask" else set())


def test_a_question_loads_what_it_needs(command: Command) -> None:
    """A streamed text needs neither asyncio, nor tools, schemas, or the names of the entities of HTML."""
    modules = loaded("hi")
    assert len(command.server.requests) == 1
    unused = {"asyncio", "click", "html", "opper_chat._schemas", "opper_chat._tools", "pydantic", "rich", "shtab"}
    assert modules & unused == set()


def test_the_package_and_the_script_are_the_same_command() -> None:
    """`python -m opper_chat`, and the entry point `opper-chat`."""
    done = subprocess.run([*COMMAND, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"opper-chat {version('opper-chat')}\n"
    (script,) = entry_points(group="console_scripts", name="opper-chat")
    assert script.load() is main


def test_every_command_has_help(command: Command) -> None:
    """A line in the overview, and a page of its own."""
    overview = command("--help")
    assert overview.code == 0
    for name, line in COMMANDS.items():
        assert f"  {name}" in overview.stdout
        assert line in overview.stdout
        page = command(name, "--help")
        assert page.code == 0, page.stderr
        assert page.stdout.startswith(f"usage: opper-chat {name} ")
        assert load_command(name).__doc__
    assert set(COMMANDS) <= set(
        build_parser().format_help().replace("{", " ").replace("}", " ").replace(",", " ").split()
    )


def test_the_first_word_decides(command: Command) -> None:
    """A command is run as such; all else is a prompt."""
    assert command("ask", "ask").stdout.rstrip().endswith("You said: ask")
    assert command("What is a chat?").stdout.rstrip().endswith("You said: What is a chat?")
    assert command("-m", "a/b", "hi").code == 0
    assert command("--version", "hi").stdout == f"opper-chat {version('opper-chat')}\n"


def test_no_abbreviation_is_accepted(command: Command) -> None:
    """A new parameter of the API must not change the meaning of an old command line."""
    run = command("--temperat", "1", "hi")
    assert run.code == 2
    assert "Did you mean --temperature?" in run.stderr


def test_a_closed_stdout_is_an_error(command: Command) -> None:
    """The result could not be written, so nothing is sent."""
    script = f"exec >&- ; '{sys.executable}' -m opper_chat hi"
    done = subprocess.run(
        ["sh", "-c", script], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    assert done.returncode == 2
    assert "stdout is closed" in done.stderr
    assert "Traceback" not in done.stderr
    assert not command.server.requests

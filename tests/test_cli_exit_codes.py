"""The exit codes of the command, one by one, and what is on stdout and stderr then."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import opper_chat
import opper_chat.batch as batch_module
import pytest
from command_runs import COMMAND, KEY, Command
from opper_chat import OpperError, RateLimitError
from opper_chat.cli.exit_codes import _CODES, ExitCode, exit_code
from opper_chat.testing import CUT, Pause, Reply, chunk
from terminals import XTERM, Terminal

TOOLS = '''
def get_weather(city: str) -> str:
    """Return the weather of a city."""
    return f"Sunny in {city}."
'''


def refused_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/v1"


ENDLESS = Reply.completion(tool_calls=[("get_weather", {"city": "Oslo"})])
HALF = Reply.sse([chunk("Hel"), chunk("lo"), CUT])

CASES: list[tuple[str, int, list[str], Callable[[], list[Reply]], str, str]] = [
    ("whole", 0, ["hi"], lambda: [Reply.completion("Hello")], "Hello\n", ""),
    ("whole, in one piece", 0, ["--no-stream", "hi"], lambda: [Reply.completion("Hello")], "Hello\n", ""),
    ("cut off at the limit", 0, ["hi"], lambda: [Reply.completion("Hel", finish_reason="length")], "Hel\n", "cut off"),
    ("unknown option", 2, ["--temprature", "1", "hi"], list, "", "Did you mean --temperature?"),
    ("wrong type", 2, ["--n", "two", "hi"], list, "", "whole number"),
    ("no prompt", 2, [], list, "", "The prompt is empty"),
    ("wrong tool", 2, ["-T", "exit_tools:get_wether", "hi"], list, "", "Did you mean 'get_weather'?"),
    ("wrong argument of the client", 2, ["--max-retries", "-1", "hi"], list, "", "max_retries"),
    ("wrong value by the contract", 2, ["--tool-choice", '{"type": 1}', "hi"], list, "", "tool_choice"),
    ("refused", 3, ["hi"], lambda: [Reply.json({"detail": "no"}, status=403)], "", "403"),
    ("an error in place of a stream", 3, ["hi"],
     lambda: [Reply.sse([{"type": "InternalError", "message": "upstream failed"}])], "", "upstream failed"),
    ("nobody listens", 4, ["--max-retries", "0", "--base-url", "REFUSED", "hi"], list, "", "no response"),
    ("no first token", 4, ["--max-retries", "0", "--first-token-timeout", "0.1", "hi"],
     lambda: [Reply.sse([Pause(30.0), chunk("late")])], "", "first_token"),
    ("deadline", 4, ["--deadline", "0.1", "--no-stream", "hi"], lambda: [Reply(delay=30.0)], "", "deadline"),
    ("cut", 5, ["hi"], lambda: [HALF], "Hello\n", ""),
    ("no end", 5, ["hi"], lambda: [Reply.sse([chunk("Hel"), chunk("lo")])], "Hello\n", "[DONE]"),
    ("an error in a stream", 5, ["hi"],
     lambda: [Reply.sse([chunk("Hel"), {"error": {"message": "upstream failed"}}])], "Hel\n", "upstream failed"),
    ("silence in a stream", 5, ["--idle-timeout", "0.1", "hi"],
     lambda: [Reply.sse([chunk("Hel"), Pause(30.0)])], "Hel\n", "idle"),
    ("not JSON", 5, ["--no-stream", "--max-retries", "0", "hi"], lambda: [Reply(body=b"<html>")], "", "not JSON"),
    ("no choices", 5, ["--no-stream", "hi"], lambda: [Reply.json({"id": "1", "choices": []})], "", "no choices"),
    ("cut, as JSON", 5, ["--json", "--max-retries", "0", "hi"],
     lambda: [Reply(headers={"content-length": "99", "content-type": "application/json"}, body=b'{"id"')], "", ""),
    ("cut, a code block", 5, ["-x", "hi"], lambda: [Reply.sse([chunk("```\nrm -rf /tmp"), CUT])], "", ""),
    ("misfit", 6, ["--schema", "name, age int", "hi"], lambda: [Reply.completion('{"name": "Al"}')],
     '{"name": "Al"}\n', "age: is missing"),
    ("cut off, with a schema", 6, ["--schema", "name", "hi"],
     lambda: [Reply.completion('{"name": "Al', finish_reason="length")], '{"name": "Al\n', "token limit"),
    ("refusal", 6, ["hi"], lambda: [Reply.completion(message={"refusal": "Rather not."})], "", "Rather not."),
    ("content filter", 6, ["hi"], lambda: [Reply.completion("He", finish_reason="content_filter")], "He\n", "filter"),
    ("no code block", 6, ["-x", "hi"], lambda: [Reply.completion("No code.")], "", "No code."),
    ("too many turns", 7, ["-T", "exit_tools:get_weather", "--max-turns", "2", "hi"], lambda: [ENDLESS] * 3, "",
     "max_turns"),
    ("too many tokens", 7, ["-T", "exit_tools:get_weather", "--max-total-tokens", "1", "hi"], lambda: [ENDLESS] * 3, "",
     "max_total_tokens"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "code", "arguments", "replies", "stdout", "stderr"), CASES, ids=[case[0] for case in CASES]
)
def test_each_exit_code(
    command: Command, name: str, code: int, arguments: list[str],
    replies: Callable[[], list[Reply]], stdout: str, stderr: str,
) -> None:  # fmt: skip
    """Code, the whole of stdout, and a part of stderr; and code 2 only if nothing was sent."""
    (command.home / "exit_tools.py").write_text(TOOLS)
    command.server.reply(*replies())
    arguments = [refused_port() if argument == "REFUSED" else argument for argument in arguments]
    run = command(*arguments)
    assert (run.code, run.stdout) == (code, stdout), run.stderr
    assert stderr in run.stderr
    assert "Traceback" not in run.stderr
    assert KEY not in run.stderr + run.stdout
    assert bool(run.stderr) == (code != 0 or bool(stderr))
    if code == 2:
        assert not command.server.requests


def test_a_missing_key_is_a_wrong_use(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """2, the places where a key is looked for, and no request."""
    monkeypatch.delenv("OPPER_API_KEY")
    run = command("hi")
    assert (run.code, run.stdout) == (ExitCode.USAGE, "")
    for place in ("OPPER_API_KEY", "--key-file", "key_command", "opper login"):
        assert place in run.stderr
    assert not command.server.requests


def test_an_unexpected_error_has_a_traceback(command: Command, tmp_path: Path) -> None:
    """1: a mistake in the class of a schema is not one of the command line."""
    (tmp_path / "wrong_result.py").write_text("def tool_of_mine() -> object:\n    'Return it.'\n    return object()\n")
    command.server.reply(Reply.completion(tool_calls=[("tool_of_mine", {})]))
    run = command("-T", "wrong_result:tool_of_mine", "hi")
    assert run.code == ExitCode.UNEXPECTED
    assert "tool_of_mine" in run.stderr


def test_a_full_disk_is_reported(command: Command) -> None:
    """1 and the reason, not 0: the result was not written."""
    with Path("/dev/full").open("wb") as full:
        run = command.run_process("hi", stdout=full)
    assert run.code == ExitCode.UNEXPECTED
    assert "No space left on device" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_closed_pipe_ends_the_command_quietly(command: Command) -> None:
    """141 and nothing on stderr, as soon as the reader has what it wants, although the stream has no end."""
    command.server.reply(Reply.sse(event for _ in range(10_000) for event in (chunk("word "), Pause(0.01))))
    process = command.process("hi")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.read(5) == b"word "
    process.stdout.close()
    assert process.wait(20) == ExitCode.CLOSED_PIPE
    assert process.stderr.read() == b""
    process.stderr.close()


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_closed_pipe_is_noticed_in_the_middle_of_a_text(command: Command, unbuffered: str) -> None:
    """Also with ``PYTHONUNBUFFERED``, whose stdout ignores the part of a text that the pipe did not take."""
    command.server.reply(Reply.completion("word " * 200_000))
    process = command.process("hi", "--json", env={**os.environ, "PYTHONUNBUFFERED": unbuffered})
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.read(5)
    process.stdout.close()
    assert process.wait(20) == ExitCode.CLOSED_PIPE
    assert process.stderr.read() == b""
    process.stderr.close()


def test_ctrl_c_keeps_what_was_written(command: Command) -> None:
    """130, the text so far on stdout at once, and no traceback."""
    command.server.reply(Reply.sse([chunk("Hel"), chunk("lo"), Pause(60.0)]))
    process = command.process("hi")
    assert process.stdout is not None
    assert process.stdout.read(5) == b"Hello"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (ExitCode.INTERRUPTED, b"\n", b"")


def test_ctrl_c_in_a_terminal(command: Command) -> None:
    """The same through a terminal, which sends the signal to the process itself."""
    command.server.reply(Reply.sse([chunk("Hello"), Pause(60.0)]))
    terminal = Terminal((*COMMAND, "hi"), XTERM)
    terminal.wait_for("Hello")
    terminal.type("\x03")
    assert terminal.end() == ExitCode.INTERRUPTED


INTERRUPT = "import os, signal, sys; interrupt = lambda *_: os.kill(os.getpid(), signal.SIGINT); "
RUN = "; from opper_chat.cli.main import main; code = main(['hi']); "


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
def test_ctrl_c_waits_until_the_client_is_loaded(command: Command) -> None:
    """An extension module can crash if it is interrupted while it is loaded."""
    find_spec = "lambda self, name, *_: interrupt() if name.endswith('_json.codec') else None"
    finder = f"type('Finder', (), {{'find_spec': {find_spec}}})()"
    program = f"{INTERRUPT} sys.meta_path.insert(0, {finder}) {RUN} print('opper_chat._sync.client' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}; sys.exit(code)"], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (ExitCode.INTERRUPTED, b"True\n", b"")
    assert not command.server.requests


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
def test_ctrl_c_among_the_arguments(command: Command) -> None:
    """argparse's cleanup raises an AttributeError then."""
    program = f"{INTERRUPT} import argparse; argparse.ArgumentParser.format_usage = interrupt {RUN} sys.exit(code)"
    done = subprocess.run([sys.executable, "-c", program], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (ExitCode.INTERRUPTED, b"")
    assert not command.server.requests


def test_every_error_of_the_package_has_a_code() -> None:
    """None of the exceptions falls through to the code of a mistake, except those of tools, which are mistakes."""
    errors = [getattr(module, name) for module in (opper_chat, batch_module) for name in dir(module)]
    classes = {error for error in errors if isinstance(error, type) and issubclass(error, OpperError)}
    without = {error.__name__ for error in classes if not any(parent.__name__ in _CODES for parent in error.__mro__)}
    assert without == {"OpperError", "ToolError", "ToolArgumentsError", "ToolRunError", "ToolFailedError"}
    names = {error.__name__ for error in classes}
    assert set(_CODES) <= names
    assert exit_code(RateLimitError("slow down", status_code=429)) == ExitCode.REFUSED


def test_errors_end_the_events_with_a_line(command: Command) -> None:
    """A reader of the lines sees the error without the exit code."""
    command.server.reply(HALF)
    run = command("--jsonl", "hi")
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert run.code == ExitCode.BROKEN_RESPONSE
    assert [line["delta"] for line in lines if line["type"] == "content.delta"] == ["Hel", "lo"]
    assert lines[-1]["type"] == "error"
    assert lines[-1]["error"]["exit_code"] == ExitCode.BROKEN_RESPONSE

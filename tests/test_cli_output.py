"""What `opper-chat ask` writes to pipes and terminals: text as it arrives, code blocks, JSON, events, and notes."""

import json
import os

import pytest
from command_runs import COMMAND, Command
from opper_chat.cli.console import Console, printable
from opper_chat.cli.output import last_code_block
from opper_chat.testing import CUT, Pause, Reply, chunk
from terminals import TIMEOUT, read_terminal, start_in_terminal

WEATHER = '''
from opper_chat import tool

def get_weather(city: str) -> str:
    """Return the weather of a city."""
    return f"Sunny in {city}."

@tool(name="get_time")
def clock() -> str:
    """Return the time."""
    return "12:00"

async def later() -> str:
    return ""

class Person:
    name: str
    age: int
'''
PERSON = '''
from attrs import define

@define
class Person:
    """A person."""

    name: str
    age: int
'''


def in_terminal(*arguments: str, typed: str = "", **environment: str) -> tuple[int, str]:
    """Run the command in a terminal of its own, type a text after the first question, and return what it shows."""
    process, terminal = start_in_terminal((*COMMAND, *arguments), environment)
    shown = b""
    while piece := read_terminal(terminal):
        shown += piece
        if typed and b"]ll: " in shown:
            os.write(terminal, typed.encode())
            typed = ""
    os.close(terminal)
    return process.wait(timeout=TIMEOUT), shown.decode().replace("\r\n", "\n")


def test_text_appears_in_a_pipe_as_it_comes(command: Command) -> None:
    """Each piece before the next one is sent, and nothing else on stdout."""
    command.server.reply(Reply.sse([chunk("Hel"), Pause(60.0), chunk("lo")]))
    process = command.process("hi")
    assert process.stdout is not None
    assert process.stdout.read(3) == b"Hel"
    process.kill()
    process.communicate(timeout=20)


def test_the_text_ends_with_one_line_end(command: Command) -> None:
    """One is added if the text has none. Text is written as it is: no escape, no color."""
    text = "# Title\n\x1b[31m**bold** Zoë 🎈"
    command.server.reply(Reply.completion(text), Reply.completion("done\n"))
    assert command("hi").stdout == f"{text}\n"
    assert command("hi").stdout == "done\n"


def test_a_terminal_gets_no_control_characters(command: Command) -> None:
    """A model cannot move the cursor, change the title or set the clipboard of who reads its text."""
    command.server.reply(Reply.completion("a\x1b]52;c;cm0=\x07b\x9bc\r\nd\te"))
    code, shown = in_terminal("hi", TERM="dumb")
    assert code == 0
    assert shown == "a␛]52;c;cm0=␇b\ufffdc\nd\te\n"
    assert printable("\x00\x7f") == "␀␡"


def test_any_text_can_be_written_in_any_encoding(command: Command) -> None:
    """What the encoding of stdout lacks becomes an escape, not an error."""
    command.server.reply(Reply.completion("Zoë ☃"))
    run = command.run_process("hi", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (run.code, run.stdout) == (0, "Zo\\xeb \\u2603\n")


def test_quiet_is_quiet(command: Command) -> None:
    """Nothing on stderr on success; errors are written in any case."""
    command.server.reply(Reply.completion("Hel", finish_reason="length"))
    assert command("-q", "-u", "--save", "hi").stderr == ""
    command.server.reply(Reply.json({}, status=404))
    assert command("-q", "hi").stderr != ""


def test_usage_is_a_line_on_stderr(command: Command) -> None:
    """Served model, tokens, the cost that the server sends, attempts, time and request id; not in stdout."""
    headers = {"x-opper-cost": "0.00012", "x-opper-served-model": "a/b-1", "x-request-id": "req-7"}
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    overloaded = Reply.json({}, status=503, headers={"retry-after": "0"})
    command.server.reply(overloaded, Reply.completion("Hello", headers=headers, usage=usage))
    run = command("-u", "hi")
    assert run.stdout == "Hello\n"
    for part in ("model: a/b-1", "tokens: 1 + 2 = 3", "cost: $0.00012", "attempts: 2", "request id: req-7", "time: "):
        assert part in run.stderr
    assert run.stderr.count("\n") == 1


def test_all_choices_are_written(command: Command) -> None:
    """With n=2 the second choice is not lost."""
    run = command("--n", "2", "hi")
    first, second = run.stdout.split("\n\n")
    assert first.strip()
    assert second.strip()
    assert len(json.loads(command("--n", "2", "--json", "hi").stdout)["choices"]) == 2


def test_json_is_the_completion(command: Command) -> None:
    """One line in a pipe, with whatever the server sent."""
    command.server.reply(Reply.json({"id": "1", "choices": [{"message": {"content": "Hi", "x": 1}}], "extra": [1]}))
    run = command("--json", "hi")
    assert run.stdout.count("\n") == 1
    body = json.loads(run.stdout)
    assert (body["extra"], body["choices"][0]["message"]["x"]) == ([1], 1)


def test_jsonl_has_the_events(command: Command) -> None:
    """Types and fields as in Python, without chunks, and the completion at the end."""
    run = command("--jsonl", "hi")
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    types = [line["type"] for line in lines]
    assert "chunk" not in types
    assert types[-3:] == ["content.done", "usage", "done"]
    text = "".join(line["delta"] for line in lines if line["type"] == "content.delta")
    assert lines[-1]["snapshot"]["choices"][0]["message"]["content"] == text
    assert lines[-3]["snapshot"] == text


def test_the_size_of_events_is_linear(command: Command) -> None:
    """No event repeats the text so far."""
    text = "word " * 2000
    command.server.reply(Reply.completion(text))
    assert len(command("--jsonl", "hi").stdout) < 60 * 10_000


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("A\n```sh\nls\n```\nB", "ls\n"),
        ("```\none\n```\n\n~~~python\ntwo\n~~~\n", "two\n"),
        ("````\n```\ninner\n```\n````", "```\ninner\n```\n"),
        ("1. Do\n   ```\n   ls\n     -l\n   ```", "ls\n  -l\n"),
        ("```\nopen", "open"),
        ("``` a`b\nno", None),
        ("```\n```", ""),
        ("none", None),
        ("", None),
        ("`code`", None),
        ("```\na\n``` not the end\n```", "a\n``` not the end\n"),
    ],
)
def test_the_last_code_block(text: str, block: str | None) -> None:
    """By the rules of CommonMark: longer fences, tildes, indentation, and one that is not closed."""
    assert last_code_block(text) == block


def test_x_prints_the_code_alone(command: Command) -> None:
    """Nothing before the whole text has arrived, since a part of a program must not run."""
    command.server.reply(Reply.completion("First:\n```\nrm x\n```\nThen:\n```sh\nls -l\n```\nDone."))
    assert command("-x", "hi").stdout == "ls -l\n"


def test_a_completion_without_text_has_a_note(command: Command) -> None:
    """Nothing passes silently for an empty text: the calls of tools, and no content at all."""
    command.server.reply(Reply.completion(tool_calls=[("f", {"a": 1})]), Reply.completion(None))
    definition = json.dumps([{"type": "function", "function": {"name": "f"}}])
    run = command("--tools", definition, "hi")
    assert (run.code, run.stdout) == (0, "")
    assert "calls tools that have no function here: f" in run.stderr
    run = command("hi")
    assert (run.code, run.stdout) == (0, "")
    assert "has no text" in run.stderr


@pytest.mark.parametrize(
    "schema",
    [
        "name, age int",
        "name: the full name\nage int: in years, whole",
        '{"type": "object", "properties": {"name": {}, "age": {"type": "integer"}}, "required": ["age"]}',
        "person.json",
        "cli_person:Person",
    ],
)
def test_schemas_of_all_forms_are_sent_and_checked(command: Command, schema: str) -> None:
    """Fields, JSON, a file with it, and a Python class."""
    (command.home / "person.json").write_text(
        '{"title": "Person", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}, '
        '"required": ["age"]}'
    )
    (command.home / "cli_person.py").write_text(PERSON)
    command.server.reply(Reply.completion('{"name": "Al", "age": 3}'))
    run = command("--schema", schema, "hi")
    assert (run.code, json.loads(run.stdout)) == (0, {"name": "Al", "age": 3})
    sent = command.server.last_request.body["response_format"]
    assert sent["type"] == "json_schema"
    assert list(sent["json_schema"]["schema"]["properties"]) == ["name", "age"]
    assert sent["json_schema"]["strict"] is (schema[0] not in "{p")
    command.server.reply(Reply.completion('{"name": "Al", "age": "three"}'))
    run = command("--schema", schema, "--no-strict", "hi")
    assert run.code == 6
    assert "age" in run.stderr
    assert command.server.last_request.body["response_format"]["json_schema"]["strict"] is False


def test_descriptions_and_lists_of_fields(command: Command) -> None:
    """The short form has descriptions, and lists."""
    run = command("--dry-run", "--schema", "name: the full name, tags str[]", "hi")
    schema = json.loads(run.stdout)["body"]["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["name"]["description"] == "the full name"
    assert schema["properties"]["tags"]["items"] == {"type": "string"}


def test_tools_run_in_the_loop(command: Command) -> None:
    """The calls are noted on stderr, their results are sent, and the text of the model is on stdout."""
    (command.home / "cli_weather.py").write_text(WEATHER)
    calls = Reply.completion("Let me see.", tool_calls=[("get_weather", {"city": "Oslo"}), ("get_time", {})])
    command.server.reply(calls, Reply.completion("Sunny."))
    run = command("-T", "cli_weather:get_weather", "-T", "cli_weather:clock", "--save", "-u", "hi")
    assert (run.code, run.stdout) == (0, "Let me see.\n\nSunny.\n")
    assert 'Calling get_weather({"city":"Oslo"})' in run.stderr.replace('": "', '":"')
    assert "requests: 2" in run.stderr
    first, second = command.server.requests
    assert [tool["function"]["name"] for tool in first.body["tools"]] == ["get_weather", "get_time"]
    assert [message["content"] for message in second.messages[-2:]] == ["Sunny in Oslo.", "12:00"]
    assert run.stderr.index("Calling get_weather") < run.stderr.index("requests: 2")
    (saved,) = (command.home / "conversations").iterdir()
    roles = [json.loads(line)["role"] for line in saved.read_text().splitlines()]
    assert roles == ["user", "assistant", "tool", "tool", "assistant"]
    refused = command("-T", "cli_weather:later", "hi")
    assert refused.code == 2
    assert "not async" in refused.stderr


def test_tools_without_a_stream_and_with_a_schema(command: Command) -> None:
    """With a schema, only the text of the last turn is the result."""
    (command.home / "cli_weather.py").write_text(WEATHER)
    for arguments in ([], ["--no-stream"]):
        calls = Reply.completion("Let me see.", tool_calls=[("get_weather", {"city": "Oslo"})])
        command.server.reply(calls, Reply.completion('{"weather": "sunny"}'))
        run = command("-T", "cli_weather:get_weather", "--schema", "weather", *arguments, "hi")
        assert (run.code, run.stdout) == (0, '{"weather": "sunny"}\n')
        assert "Calling get_weather" in run.stderr


def test_events_of_tools(command: Command) -> None:
    """The steps of the loop are among the events."""
    (command.home / "cli_weather.py").write_text(WEATHER)
    command.server.reply(Reply.completion(tool_calls=[("get_weather", {"city": "Oslo"})]), Reply.completion("Sunny."))
    lines = [json.loads(line) for line in command("-T", "cli_weather:get_weather", "--jsonl", "hi").stdout.splitlines()]
    result = next(line for line in lines if line["type"] == "tool.result")["execution"]
    assert (result["name"], result["outcome"], result["content"]) == ("get_weather", "succeeded", "Sunny in Oslo.")
    assert lines[-1]["type"] == "run.done"
    assert lines[-1]["run"]["turns"] == 2


@pytest.mark.parametrize(("typed", "calls"), [("y\nn\n", 1), ("what\nall\n", 2)])
def test_calls_are_approved_on_the_terminal(command: Command, typed: str, calls: int) -> None:
    """Yes, no and all; the model reads of a call that was denied."""
    (command.home / "cli_weather.py").write_text(WEATHER)
    turn = [("get_weather", {"city": "Oslo\x1b[2J\u202e"}), ("get_weather", {"city": "Rome"})]
    command.server.reply(Reply.completion(tool_calls=turn), Reply.completion("Done."))
    code, shown = in_terminal("-T", "cli_weather:get_weather", "--approve", "hi", typed=typed, TERM="dumb")
    assert code == 0, shown
    assert "Rome" in shown
    assert "\u202e" not in shown
    assert "\x1b" not in shown
    results = [message["content"] for message in command.server.last_request.messages if message["role"] == "tool"]
    assert sum(result.startswith("Sunny") for result in results) == calls
    assert all(result.startswith("Sunny") or "denied" in result for result in results)


def test_notes_come_after_the_text_of_their_turn(command: Command) -> None:
    """On a terminal that shows Markdown, which draws its last block again, a note must not be drawn over."""
    (command.home / "cli_weather.py").write_text(WEATHER)
    turn = Reply.completion("Let me *see*.", tool_calls=[("get_weather", {"city": "Oslo"})])
    command.server.reply(turn, Reply.completion("It is **sunny**."))
    code, shown = in_terminal("-T", "cli_weather:get_weather", "--approve", "hi", typed="y\n", TERM="xterm")
    assert code == 0, shown
    places = [shown.index(text) for text in ("see", "Call get_weather", "Calling get_weather", "sunny")]
    assert places == sorted(places)
    assert "\x1b[" not in shown[places[1] : shown.index("\n", places[2])]


def test_what_a_stopped_loop_has_used(command: Command) -> None:
    """The completions of a loop that a limit ended are paid, so their usage is shown too."""
    (command.home / "cli_weather.py").write_text(WEATHER)
    command.server.reply(*[Reply.completion(tool_calls=[("get_weather", {"city": "Oslo"})])] * 2)
    run = command("-T", "cli_weather:get_weather", "--max-turns", "2", "-u", "hi")
    assert run.code == 7
    assert "requests: 2" in run.stderr


def test_a_broken_last_turn_with_a_schema_is_on_stdout(command: Command) -> None:
    """Also where only the last turn is written."""
    (command.home / "cli_weather.py").write_text(WEATHER)
    turn = Reply.completion("Let me see.", tool_calls=[("get_weather", {"city": "Oslo"})])
    command.server.reply(turn, Reply.sse([chunk('{"weather": "su'), CUT]))
    run = command("-T", "cli_weather:get_weather", "--schema", "weather", "hi")
    assert (run.code, run.stdout) == (5, '{"weather": "su\n')


def test_a_conversation_that_cannot_be_saved(command: Command) -> None:
    """The completion is on stdout, the reason on stderr, and the code is not that of a request that was not sent."""
    (command.home / "conversations").write_text("a file in place of the folder")
    run = command("--save", "--conversation", "mine", "hi")
    assert run.code == 1
    assert run.stdout
    assert "cannot be saved" in run.stderr
    assert "Traceback" not in run.stderr


def test_no_warning_of_open_files_or_connections(command: Command) -> None:
    """Everything is closed, also after an error and with a terminal opened for questions."""
    command.server.reply(Reply.completion("Hello"), Reply.json({}, status=404))
    assert command.run_process("-q", "hi", env={**os.environ, "PYTHONWARNINGS": "always"}).stderr == ""
    failed = command.run_process("hi", env={**os.environ, "PYTHONWARNINGS": "always"})
    assert "Warning" not in failed.stderr


def test_approval_needs_a_terminal(command: Command) -> None:
    """2 before anything is sent, where nobody can be asked."""
    (command.home / "cli_weather.py").write_text(WEATHER)
    run = command.run_process("-T", "cli_weather:get_weather", "--approve", "hi", start_new_session=True)
    assert run.code == 2
    assert "no terminal" in run.stderr
    assert not command.server.requests


def test_colors_follow_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR counts before FORCE_COLOR, and a dumb terminal has neither."""

    def settings(**environment: str) -> tuple[bool, bool]:
        for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        console = Console()
        console.stdout_is_terminal = False
        return console.formats_output, console.uses_color

    assert settings() == (False, False)
    assert settings(FORCE_COLOR="1") == (True, True)
    assert settings(FORCE_COLOR="0") == (False, False)
    assert settings(FORCE_COLOR="1", NO_COLOR="1") == (True, False)
    assert settings(FORCE_COLOR="1", TERM="dumb") == (False, False)

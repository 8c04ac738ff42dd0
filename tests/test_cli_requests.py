"""What `opper-chat ask` sends: prompts, stdin, attachments, parameters, templates, configuration and keys."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command_runs import KEY, Command
from opper_chat.cli import parameters, standard_input
from opper_chat.cli.main import Parser
from opper_chat.cli.parameters import add_parameters, given_parameters, load_parameters
from opper_chat.messages import MAX_BYTES
from opper_chat.testing import LocalServer

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452")
PDF = b"%PDF-1.4 \xff"


def sent(command: Command, *arguments: str, **options: Any) -> dict[str, Any]:
    """Run the command, which succeeds, and return the body of its one request."""
    command.server.requests.clear()
    run = command(*arguments, **options)
    assert run.code == 0, run.stderr
    (request,) = command.server.requests
    return request.body


def content(body: dict[str, Any]) -> Any:
    return body["messages"][-1]["content"]


def test_words_are_joined_and_stdin_follows(command: Command) -> None:
    """The prompt, a blank line, and stdin without the line end at its end; options may be between the words."""
    assert content(sent(command, "Sum", "it", "-m", "a/b", "up", stdin=b"1\n2\n\n")) == "Sum it up\n\n1\n2"
    assert content(sent(command, "ask", "Sum it up")) == "Sum it up"
    assert content(sent(command, stdin="Sum it up, Zoë".encode())) == "Sum it up, Zoë"
    assert content(sent(command, "-", "Sum", stdin=b"\xef\xbb\xbf1")) == "Sum\n\n1"
    assert content(sent(command, "--", "-5 degrees?")) == "-5 degrees?"


def test_stdin_of_a_file_is_read(command: Command) -> None:
    """A redirected file needs no wait."""
    (command.home / "data.txt").write_text("1\n2\n")
    descriptor = os.open(command.home / "data.txt", os.O_RDONLY)
    assert content(sent(command, "Sum", stdin=descriptor)) == "Sum\n\n1\n2"


def test_a_silent_stdin_does_not_hang(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a prompt, the command waits a while for the first byte, says so, and goes on without stdin."""
    monkeypatch.setattr(standard_input, "SILENT_SECONDS", 0.2)
    monkeypatch.setattr(standard_input, "_NOTE_SECONDS", 0.05)
    read_end, write_end = os.pipe()
    run = command("Hello", stdin=read_end)
    os.close(write_end)
    assert run.code == 0
    assert content(command.server.requests[0].body) == "Hello"
    assert "Waiting 0.2 seconds for stdin" in run.stderr
    assert "is not a part of the prompt" in run.stderr


def test_a_late_stdin_is_waited_for(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the first byte is there, the command reads to the end, however long that takes."""
    monkeypatch.setattr(standard_input, "SILENT_SECONDS", 5.0)
    script = "import time, sys; time.sleep(0.2); print('one', flush=True); time.sleep(0.4); print('two')"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as producer:
        assert producer.stdout is not None
        body = sent(command, "Sum", stdin=os.dup(producer.stdout.fileno()))
    assert content(body) == "Sum\n\none\ntwo"


def test_stdin_that_is_no_text_is_refused(command: Command) -> None:
    """It names the option for what is no text, and sends nothing."""
    run = command("What is it?", stdin=PNG)
    assert run.code == 2
    assert "-a -" in run.stderr
    assert not command.server.requests


def test_attachments_are_parts_by_their_content(command: Command) -> None:
    """Images, PDFs, text and stdin, whatever the names of the files."""
    (command.home / "picture.dat").write_bytes(PNG)
    (command.home / "paper.pdf").write_bytes(PDF)
    (command.home / "notes.txt").write_text("one\n")
    body = sent(
        command, "What?", "-a", "picture.dat", "-a", "paper.pdf", "-a", "notes.txt", "-a", "https://e.org/a.png"
    )
    text, image, file, notes, url = content(body)
    assert text == {"type": "text", "text": "What?"}
    assert image["image_url"]["url"].startswith("data:image/png;base64,")
    assert file["file"]["filename"] == "paper.pdf"
    assert file["file"]["file_data"].startswith("data:application/pdf;base64,")
    assert notes == {"type": "text", "text": "notes.txt:\n\none\n"}
    assert url["image_url"]["url"] == "https://e.org/a.png"
    (only,) = content(sent(command, "-a", "-", stdin=PNG))
    assert only["type"] == "image_url"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-a", "missing.png", "hi"], "-a missing.png: The file cannot be read: No such file"),
        (["-a", "https://e.org/a.pdf", "hi"], "Only images can be sent as a URL"),
        (["-a", "empty.bin", "hi"], "empty"),
        (["-", "-a", "-", "hi"], "stdin can be given once"),
        (["-s", "@missing.txt", "hi"], "-s missing.txt: The file cannot be read"),
        (["-o", "model", "x", "hi"], "Use -m"),
        (["-o", "n", "two", "hi"], "-o n: expected a whole number"),
        (["-o", "store", "yes", "hi"], "-o store: expected true or false"),
        (["--response-format", "{", "hi"], "expected JSON text or @FILE"),
        (["--schema", "{", "hi"], "not JSON"),
        (["--schema", "name strng", "hi"], "Did you mean 'str'?"),
        (["--schema", "missing.json", "hi"], "cannot be read"),
        (["--schema", "os:missing", "hi"], "has no 'missing'"),
        (["--schema", "nowhere.at_all:Thing", "hi"], "There is no module 'nowhere'"),
        (["--schema", '{"type": "strin"}', "hi"], "valid JSON Schema"),
        (["--schema", "a", "--response-format", '{"type": "text"}', "hi"], "not accepted together"),
        (["--strict", "hi"], "need --schema"),
        (["-T", "os:sep", "hi"], "expected a function"),
        (["--approve", "hi"], "need a tool"),
        (["-p", "a=b", "hi"], "Give one with -t"),
        (["-t", "missing", "hi"], "There is no template"),
        (["-c", "hi"], "There is no conversation"),
        (["--conversation", "../etc", "hi"], "expected an id"),
        (["--conversation", "none", "hi"], "add --save"),
        (["--tag", "team", "hi"], "expected NAME=VALUE"),
        (["--config", "missing.toml", "hi"], "There is no such file"),
        (["--key-file", "missing", "hi"], "--key-file missing: The file cannot be read"),
        (["--jsonl", "--no-stream", "hi"], "--jsonl"),
        (["--json", "-x", "hi"], "not allowed with"),
        (["--json", "--idle-timeout", "1", "hi"], "--idle-timeout: It needs a stream"),
        (["--tag", "a=b", "--tags", "[1]", "hi"], "--tags to be a JSON object"),
        (["-T", "cli_exits:f", "hi"], "cannot be imported: SystemExit"),
        (["-s", "x", "   "], "The prompt is empty"),
    ],
)  # fmt: skip
def test_mistakes_are_refused_before_anything_is_sent(command: Command, arguments: list[str], message: str) -> None:
    """2, and a message that names the option, what was given and what is accepted."""
    (command.home / "empty.bin").touch()
    (command.home / "cli_exits.py").write_text("import sys\nsys.exit(0)\n")
    run = command(*arguments)
    assert (run.code, run.stdout) == (2, "")
    assert message in run.stderr
    assert not command.server.requests


def test_a_large_attachment_is_refused(command: Command) -> None:
    """Not more than the limit of the library is read."""
    with (command.home / "large.png").open("wb") as file:
        file.write(PNG)
        file.truncate(MAX_BYTES + 100)
    run = command("-a", "large.png", "hi")
    assert run.code == 2
    assert "MiB" in run.stderr or "bytes" in run.stderr


def test_parameters_have_flags(command: Command) -> None:
    """Each type of value, and parameters that the contract does not have."""
    body = sent(
        command, "hi", "--temperature", "0.5", "--max-completion-tokens", "7", "--no-store", "--stop", "END",
        "--reasoning-effort", "high", "--logit-bias", '{"5": -1}', "--modalities", '["text"]', "-o", "top_k", "5",
        "-o", "mode", "fast", "-o", "seed", "3", "--tag", "team=a=b", "--tags", '{"x": 1}', "--user", "5",
    )  # fmt: skip
    expected = {
        "temperature": 0.5, "max_completion_tokens": 7, "store": False, "stop": "END", "reasoning_effort": "high",
        "logit_bias": {"5": -1}, "modalities": ["text"], "top_k": 5, "mode": "fast", "seed": 3,
        "tags": {"x": 1, "team": "a=b"}, "user": "5", "stream": True,
    }  # fmt: skip
    assert {name: value for name, value in body.items() if name != "messages"} == expected


def test_a_parameter_of_several_types_takes_text_and_json(command: Command) -> None:
    """A text is text, also if it looks like a number; JSON starts with a bracket, a brace or a quotation mark."""
    assert sent(command, "hi", "--stop", "5")["stop"] == "5"
    assert sent(command, "hi", "--presence-penalty", "-0.5")["presence_penalty"] == -0.5
    assert sent(command, "hi", "--stop", '["a", "b"]')["stop"] == ["a", "b"]
    assert sent(command, "hi", "--stop", '"[end]"')["stop"] == "[end]"
    (command.home / "choice.json").write_text('{"type": "json_object"}')
    assert sent(command, "hi", "--response-format", "@choice.json")["response_format"] == {"type": "json_object"}


def test_every_parameter_of_the_contract_has_an_option() -> None:
    """The flag is its name with dashes, unless the command has an option of its own for it."""
    from opper_chat.cli.commands import ask
    from opper_chat_api.params import ChatCompletionRequestParam

    parser = Parser()
    ask.add_arguments(parser)
    names = {*ChatCompletionRequestParam.__annotations__, "stream"}
    assert set(load_parameters()) == names
    flags = set(parser._option_string_actions)
    assert {name for name in names if "--" + name.replace("_", "-") not in flags} == {"messages", "stream"}


def test_a_new_parameter_of_the_contract_arrives_by_itself(tmp_path: Path) -> None:
    """Its flag, type and description come from the file that is generated from the contract."""
    contract = json.loads(parameters._CONTRACT.read_bytes())
    properties = contract["components"]["schemas"]["ChatCompletionRequest"]["properties"]
    properties["top_k"] = {"type": ["integer", "null"], "description": "The number of tokens. More text, 100% of it."}
    properties["usage"] = {"type": "boolean", "description": "Named like an option of the command."}
    path = tmp_path / "contract.json"
    path.write_text(json.dumps(contract))
    parser = Parser(prog="test")
    parser.add_argument("--usage", action="store_true")
    parser.add_argument("-o", "--other", nargs=2, action="append")
    found = load_parameters(path)
    add_parameters(parser, found)
    options = parser.parse_args(["--top-k", "40", "-o", "usage", "true", "--usage"])
    assert given_parameters(options, found) == ({"top_k": 40, "usage": True}, {})
    assert "The number of tokens." in parser.format_help()


def test_models_fall_back_in_order(command: Command) -> None:
    """One name is sent as it is, several as a list, each with the options of its model."""
    assert sent(command, "hi", "-m", "a/b")["model"] == "a/b"
    assert sent(command, "hi", "-m", "a/b", "-m", "c/d")["model"] == ["a/b", "c/d"]
    (command.home / "config.toml").write_text('[models."c/d"]\ntemperature = 0\nextra_body = {top_k = 1}\n')
    body = sent(command, "hi", "-m", "a/b", "-m", "c/d")
    assert body["model"] == ["a/b", {"name": "c/d", "options": {"temperature": 0, "top_k": 1}}]
    assert "temperature" not in body


CONFIG = """
base_url = "{url}"
key_command = ["{python}", "-c", "print('sk-of-command-1')"]

[defaults]
model = "a/b"
system = "Be brief."
temperature = 0.5
max_completion_tokens = 100
deadline = 30
extra_body = {{ top_k = 1, top_a = 2 }}

[models."a/b"]
temperature = 0.25
extra_body = {{ top_k = 3 }}
"""


def test_the_configuration_has_defaults(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the model count before those of all, and options before both."""
    monkeypatch.delenv("OPPER_BASE_URL")
    text = CONFIG.format(url=command.server.base_url, python=sys.executable)
    (command.home / "config.toml").write_text(text)
    body = sent(command, "hi", "--max-completion-tokens", "5")
    assert body == {
        "model": "a/b", "temperature": 0.25, "max_completion_tokens": 5, "top_k": 3, "top_a": 2, "stream": True,
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}],
    }  # fmt: skip
    body = sent(command, "hi", "-s", "Be long.", "-m", "c/d", "-o", "top_k", "9")
    assert (body["model"], body["temperature"], body["top_k"]) == ("c/d", 0.5, 9)
    assert body["messages"][0]["content"] == "Be long."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[defaults]\ntemperatur = 1", "There is no key 'defaults.temperatur'. Did you mean 'temperature'?"),
        ("[default]\n", "There is no key 'default'. Did you mean 'defaults'?"),
        ("api_key = 'sk-1'", "There is no key 'api_key'"),
        ("[defaults]\ntimeout = 'ten'", "defaults.timeout: expected a number of seconds, got 'ten'"),
        ("[defaults]\nmodel = 5", "defaults.model: expected the name of a model, or a list of names, got 5"),
        ("[defaults]\nsystem = true", "defaults.system: expected a string, got True"),
        ("[defaults]\nmessages = []", "There is no key 'defaults.messages'"),
        ('[models."a/b"]\ntimeout = 1', "There is no key 'models.\"a/b\".timeout'"),
        ("models = 3", "models: expected a table, got 3"),
        ("key_command = []", "key_command: expected a command"),
        ("a = \n", "config.toml: The file is not TOML: Invalid value (at line 1, column 5)"),
        ("\n\xff", "line 2: The file is not UTF-8"),
    ],
)  # fmt: skip
def test_mistakes_in_the_configuration_name_the_file_and_the_key(command: Command, text: str, message: str) -> None:
    """The path, the key or the line, what is accepted, and what was probably meant."""
    (command.home / "config.toml").write_bytes(text.encode("latin-1"))
    run = command("hi")
    assert run.code == 2
    assert str(command.home / "config.toml") in run.stderr
    assert message in run.stderr
    assert not command.server.requests


def accepts(key: str, command: Command, *arguments: str) -> bool:
    """Return whether a server that accepts one key alone accepts that of the command."""
    with LocalServer(keys=[key]) as server:
        code = command("hi", "--base-url", server.base_url, *arguments).code
    assert code in (0, 3)
    return code == 0


def write_vendor_file(command: Command, **slot: str) -> Path:
    path = command.home / "vendor" / "config.json"
    path.parent.mkdir()
    keys = {"default": {"apiKey": "sk-other"}, "work": {"apiKey": "sk-of-vendor", **slot}}
    path.write_text(json.dumps({"version": 1, "defaultKey": "work", "keys": keys}))
    return path


def test_keys_are_looked_for_in_order(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file of the option, the command, the environment, and what the vendor's command has stored."""
    (command.home / "key.txt").write_text("sk-of-file\n")
    path = write_vendor_file(command)
    before = path.read_bytes(), path.stat().st_mtime_ns
    config = command.home / "config.toml"
    config.write_text(f"key_command = \"'{sys.executable}' -c 'print(\\\"sk-of-command\\\")'\"\n")
    assert accepts("sk-of-file", command, "--key-file", "key.txt")
    assert accepts("sk-of-command", command)
    config.unlink()
    assert accepts(KEY, command)
    assert not accepts("sk-other", command)
    monkeypatch.delenv("OPPER_API_KEY")
    assert accepts("sk-of-vendor", command)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_the_vendors_address_gets_the_path(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its base URL is a host. One that is set elsewhere counts before it."""
    write_vendor_file(command, baseUrl=command.server.base_url.removesuffix("/v2/openai") + "/")
    monkeypatch.delenv("OPPER_API_KEY")
    monkeypatch.delenv("OPPER_BASE_URL")
    sent(command, "hi")
    assert command.server.last_request.path == "/v2/openai/chat/completions"
    run = command("--dry-run", "--base-url", "https://example.com/v1", "hi")
    assert json.loads(run.stdout)["url"] == "https://example.com/v1/chat/completions"


@pytest.mark.parametrize(
    ("command_line", "message"),
    [
        (["{python}", "-c", "import sys; sys.exit(3)"], "The command failed with exit code 3"),
        (["{python}", "-c", "print('two words')"], "must print one key"),
        (["{python}", "-c", "pass"], "must print one key"),
        (["no-such-program-at-all"], "The command cannot run"),
    ],
)
def test_a_key_command_that_fails(command: Command, command_line: list[str], message: str) -> None:
    """2 with the reason, and without what it printed."""
    words = [word.format(python=sys.executable) for word in command_line]
    (command.home / "config.toml").write_text(f"key_command = {json.dumps(words)}\n")
    run = command("hi")
    assert run.code == 2
    assert message in run.stderr
    assert "two words" not in run.stderr


@pytest.mark.parametrize("text", ["", "[]", '{"keys": 3}', '{"version": 9}', "{"])
def test_an_unknown_vendor_file_is_named(command: Command, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """2 and what to do, no traceback."""
    write_vendor_file(command).write_text(text)
    monkeypatch.delenv("OPPER_API_KEY")
    run = command("hi")
    assert run.code == 2
    assert "vendor" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_dry_run_prints_the_request(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checked, on stdout as JSON, with where the key comes from and without the key; nothing is sent."""
    (command.home / "config.toml").write_text("key_command = 'no-such-program-at-all'\n")
    run = command("--dry-run", "hi", "-m", "a/b", "--schema", "name", "-o", "top_k", "3")
    request = json.loads(run.stdout)
    assert request["method"] == "POST"
    assert request["url"] == command.server.base_url + "/chat/completions"
    assert request["headers"]["authorization"] == "Bearer ..."
    assert request["body"]["messages"] == [{"role": "user", "content": "hi"}]
    assert (request["body"]["model"], request["body"]["top_k"], request["body"]["stream"]) == ("a/b", 3, True)
    schema = request["body"]["response_format"]["json_schema"]
    assert (schema["strict"], list(schema["schema"]["properties"])) == (True, ["name"])
    assert "key_command" in run.stderr
    (command.home / "config.toml").unlink()
    monkeypatch.delenv("OPPER_API_KEY")
    assert "There is no key" in command("--dry-run", "hi").stderr
    (command.home / "cli_dry.py").write_text('def f(x: int) -> int:\n    """Return it."""\n    return x\n')
    request = json.loads(command("--dry-run", "--save", "-T", "cli_dry:f", "--max-turns", "2", "hi").stdout)
    assert [tool["function"]["name"] for tool in request["body"]["tools"]] == ["f"]
    assert not (command.home / "conversations").exists()
    wrong = command("--dry-run", "hi", "--tool-choice", '{"type": 3}')
    assert wrong.code == 2
    assert "tool_choice" in wrong.stderr
    assert not command.server.requests


TEMPLATE = """
system = "You translate to {language}, {{politely}}."
prompt = "Translate: {input}"
model = "a/b"
temperature = 0

[variables]
language = "English"
"""


def test_templates_have_variables(command: Command) -> None:
    """Defaults, values of the command line, the prompt and stdin, and parameters."""
    folder = command.home / "templates"
    folder.mkdir()
    (folder / "translate.toml").write_text(TEMPLATE)
    body = sent(command, "-t", "translate", "Hej", stdin=b"du")
    assert [message["content"] for message in body["messages"]] == [
        "You translate to English, {politely}.",
        "Translate: Hej\n\ndu",
    ]
    assert (body["model"], body["temperature"]) == ("a/b", 0)
    body = sent(command, "-t", str(folder / "translate.toml"), "-p", "language={input}", "Hej", "--temperature", "1")
    assert body["messages"][0]["content"] == "You translate to {input}, {politely}."
    assert body["temperature"] == 1
    (folder / "plain.toml").write_text('prompt = "Tell a joke."')
    assert content(sent(command, "-t", "plain")) == "Tell a joke."
    assert content(sent(command, "-t", "plain", "About cats.")) == "Tell a joke.\n\nAbout cats."


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("prompt = 'To {place}'", ["hi"], "The variable 'place' has no value. Give it: -p place=VALUE"),
        ("prompt = 'To {place}'", ["-p", "plaec=x", "hi"], "Did you mean 'place'? It has: place."),
        ("prompt = 'To {place}'", ["-p", "place", "hi"], "expected NAME=VALUE"),
        ("prompt = 'Sum {input}'", [], "The template needs a text"),
        ("prompt = 'To {place.name}'", ["hi"], "the name of a variable and nothing else"),
        ("prompt = 'To {place'", ["hi"], "Write {{ and }} for braces"),
        ("prompt = 3", ["hi"], "prompt: expected a string, got 3"),
        ("promt = ''", ["hi"], "Did you mean 'prompt'?"),
        ("temperature = 1", ["hi"], "A template needs a prompt or system"),
        ("prompt = ''", ["hi"], "A template needs a prompt or system"),
        ("system = 'x'\n[variables]\na = 1", ["hi"], "variables.a: expected a string, got 1"),
    ],
)
def test_mistakes_in_a_template(command: Command, text: str, arguments: list[str], message: str) -> None:
    """2, with the file or the option; nothing is sent."""
    (command.home / "mine.toml").write_text(text)
    run = command("-t", "./mine.toml", *arguments)
    assert run.code == 2
    assert message in run.stderr
    assert not command.server.requests


def test_conversations_are_saved_and_continued(command: Command) -> None:
    """Private files of the package's own format, with the instructions and without a second copy of them."""
    (command.home / "config.toml").write_text('[defaults]\nsystem = "Be kind."\n')
    run = command("--save", "-s", "Be brief.", "One")
    folder = command.home / "conversations"
    (path,) = folder.iterdir()
    assert f"--conversation {path.stem}" in run.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    body = sent(command, "-c", "Two")
    assert [message["role"] for message in body["messages"]] == ["system", "user", "assistant", "user"]
    assert body["messages"][0]["content"] == "Be brief."
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    body = sent(command, "--conversation", path.stem, "Three")
    assert [message["content"] for message in body["messages"] if message["role"] == "user"] == ["One", "Two", "Three"]
    assert len(path.read_text().splitlines()) == 7
    assert len(list(folder.iterdir())) == 1
    assert KEY not in path.read_text()
    sent(command, "--save", "--conversation", "mine", "Alone")
    assert len((folder / "mine.jsonl").read_text().splitlines()) == 3
    refused = command("-c", "-s", "Be long.", "Two")
    assert refused.code == 2
    near = command("--conversation", "mina", "x")
    assert "Did you mean 'mine'?" in near.stderr

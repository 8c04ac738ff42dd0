"""``opper-chat doctor``, ``serve``, ``conversations``, ``templates`` and ``completion``."""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from command_runs import KEY, Command
from opper_chat.cli.main import COMMANDS, build_parser
from opper_chat.testing import LocalServer, Reply


@pytest.fixture
def command(server: LocalServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    monkeypatch.chdir(tmp_path)
    return Command(server, monkeypatch, tmp_path)


def test_doctor_checks_all(command: Command, server: LocalServer) -> None:
    """And sends one call. The key is not shown."""
    (command.home / "config.toml").write_text('[defaults]\nmodel = "one"\ntemperature = 0\n')
    server.always(Reply.completion("OK", headers={"x-opper-cost": "0.00002"}))
    code, stdout, stderr = command("doctor")
    assert (code, stderr) == (0, "")
    lines = dict(line.split(": ", 1) for line in stdout.splitlines())
    assert list(lines) == ["versions", "configuration", "key", "address", "TLS", "call"]
    assert lines["versions"].startswith("opper-chat ")
    assert lines["configuration"] == f"{command.home / 'config.toml'} (read)"
    assert lines["key"] == "from the environment variable OPPER_API_KEY"
    assert lines["address"] == f"{server.base_url}, from the environment variable OPPER_BASE_URL"
    assert "cost: $0.00002" in lines["call"]
    assert KEY not in stdout
    (request,) = server.requests
    assert (request.body["model"], request.body["temperature"]) == ("one", 0)


def test_doctor_sends_nothing_if_not_wanted(command: Command, server: LocalServer) -> None:
    """With --no-call. JSON has the same checks."""
    code, stdout, _ = command("doctor", "--no-call", "--json")
    assert (code, server.requests) == (0, [])
    checks = json.loads(stdout)
    assert [check["name"] for check in checks] == ["versions", "configuration", "key", "address", "TLS"]
    assert {check["exit_code"] for check in checks} == {0}


def test_doctor_finds_what_is_wrong(command: Command, server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code is that of the first check that fails. Others are made as far as they can be."""
    (command.home / "key").write_text("bad-key")
    code, stdout, _ = command("doctor", "--key-file", "key")
    assert code == 3
    assert "call: FAILED: 401" in stdout
    assert "bad-key" not in stdout
    monkeypatch.delenv("OPPER_API_KEY")
    code, stdout, _ = command("doctor")
    assert code == 2
    assert "key: FAILED: There is no API key." in stdout
    assert "TLS: none" in stdout
    monkeypatch.setenv("OPPER_API_KEY", KEY)
    code, stdout, _ = command("doctor", "--base-url", "ftp://x")
    assert code == 2
    assert "address: FAILED:" in stdout
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    code, stdout, _ = command("doctor", "--base-url", f"https://127.0.0.1:{port}", "--no-call")
    assert code == 4
    assert "TLS: FAILED:" in stdout
    code, stdout, _ = command("doctor", "--base-url", "https://a..b", "--no-call")
    assert code == 4
    assert "TLS: FAILED:" in stdout
    (command.home / "config.toml").write_text("[default]\n")
    code, stdout, _ = command("doctor")
    assert code == 2
    assert "configuration: FAILED:" in stdout
    assert len(server.requests) == 1


@contextmanager
def tls_server(context: ssl.SSLContext) -> Iterator[int]:
    """A server that ends each connection after the handshake; its port."""

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                connection, _ = listener.accept()
                with suppress(OSError), connection, context.wrap_socket(connection, server_side=True) as tls:
                    tls.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield listener.getsockname()[1]


def test_doctor_checks_certificates(command: Command, tls: ssl.SSLContext) -> None:
    """One that is accepted, and one for another host."""
    with tls_server(tls) as port:
        code, stdout, _ = command("doctor", "--no-call", "--base-url", f"https://localhost:{port}")
        assert code == 0, stdout
        assert "TLS: TLSv1.3, with a certificate until " in stdout
        code, stdout, _ = command("doctor", "--no-call", "--base-url", f"https://127.0.0.1:{port}")
        assert code == 4
        assert "TLS: FAILED: " in stdout
        assert "IP address mismatch" in stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")
def test_serve_runs_the_local_server(command: Command) -> None:
    """Until Ctrl-C."""
    with command.process("serve") as process:
        assert process.stdout is not None
        address = process.stdout.readline().decode().split()[1].removesuffix("/chat/completions")
        assert "Hello" in command("ask", "--base-url", address, "Hello").stdout
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0


@pytest.mark.parametrize("arguments", [("--host", "example.com"), ("--port", "70000"), ("--port", "no")])
def test_serve_refuses_wrong_addresses(arguments: tuple[str, str], command: Command) -> None:
    code, stdout, stderr = command("serve", *arguments)
    assert (code, stdout) == (2, "")
    assert arguments[1] in stderr


def test_conversations_are_listed_shown_and_removed(command: Command, server: LocalServer) -> None:
    server.always(Reply.completion("Hello."))
    assert command("conversations", "list") == (0, "", "")
    for name in ("a", "b"):
        command("ask", "-q", "--save", "--conversation", name, "-s", "Be brief.", f"Say {name}, " + 30 * "x ")
    code, stdout, _ = command("conversations", "list")
    assert code == 0
    assert [line.split()[0] for line in stdout.splitlines()] == ["b", "a"]
    assert "3 messages  Say b, x x" in stdout
    first = json.loads(command("conversations", "list", "--json").stdout.splitlines()[0])
    assert (first["id"], first["messages"]) == ("b", 3)
    code, stdout, _ = command("conversations", "show", "a")
    assert stdout.startswith("system:\nBe brief.\n\nuser:\nSay a, x")
    assert stdout.endswith("assistant:\nHello.\n")
    assert len(command("conversations", "show", "a", "--json").stdout.splitlines()) == 3
    code, _, stderr = command("conversations", "rm", "a", "c")
    assert code == 2
    assert "rm c: There is no conversation" in stderr
    code, _, stderr = command("conversations", "rm", "a", "b", "a")
    assert code == 0
    assert command("conversations", "list").stdout == ""


def test_messages_without_text_are_shown_by_their_type(command: Command) -> None:
    """Parts and tool calls. A file that is none is an error, and no traceback."""
    folder = command.home / "conversations"
    folder.mkdir()
    call = {"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    messages = [
        {
            "role": "user",
            "content": [{"type": "text", "text": "See"}, {"type": "image_url", "image_url": {"url": "x"}}],
        },
        {"role": "assistant", "content": None, "tool_calls": [call]},
    ]
    (folder / "a.jsonl").write_text("".join(f"{json.dumps(message)}\n" for message in messages))
    assert command("conversations", "show", "a").stdout == "user:\nSee\n[image_url]\n\nassistant:\n[calls look]\n"
    (folder / "b.jsonl").write_text("no JSON\n")
    code, _, stderr = command("conversations", "show", "b")
    assert code == 1
    assert "b.jsonl: The conversation cannot be read" in stderr
    code, stdout, stderr = command("conversations", "list")
    assert (code, len(stdout.splitlines())) == (0, 1)
    assert "b.jsonl" in stderr


@pytest.mark.parametrize("action", ["show", "rm"])
@pytest.mark.parametrize("name", ["../config", "a/b", "x" * 200, ""])
def test_ids_are_no_paths(action: str, name: str, command: Command) -> None:
    code, _, stderr = command("conversations", action, name)
    assert code == 2
    assert "expected an id" in stderr


def test_templates_are_listed_shown_and_edited(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the editor of the environment. A new one has an example, and what was written is checked."""
    editor = command.home / "editor.py"
    editor.write_text("import pathlib, sys; pathlib.Path(sys.argv[1]).write_text('prompt = \"Hi {name}\"')")
    monkeypatch.setenv("VISUAL", f"{sys.executable} -c ''")
    assert command("templates", "list") == (0, "", "")
    assert command("templates", "edit", "new").code == 0
    assert command("templates", "list").stdout == "new  {input}\n"
    assert 'prompt = "{input}"' in command("templates", "show", "new").stdout
    monkeypatch.setenv("VISUAL", f"{sys.executable} {editor}")
    assert command("templates", "edit", "new").code == 0
    assert command("templates", "list").stdout == "new  {name}\n"
    editor.write_text("import pathlib, sys; pathlib.Path(sys.argv[1]).write_text('prmpt = \"Hi\"')")
    code, _, stderr = command("templates", "edit", "new")
    assert code == 2
    assert "Did you mean 'prompt'?" in stderr
    code, stdout, stderr = command("templates", "list")
    assert (code, stdout) == (2, "")
    assert "new.toml" in stderr


@pytest.mark.parametrize("name", ["über uns", "work/a", "हिन्दी", "u\u0308ber", "x" * 100])
def test_names_of_templates(name: str, command: Command) -> None:
    """In any language, with spaces, and in subfolders, which are not listed."""
    assert command("templates", "show", name).code == 2
    path = command.home / "templates" / f"{name}.toml"
    path.parent.mkdir(parents=True)
    path.write_text('prompt = "Hello."\n')
    run = command("--dry-run", "-t", name, "hi")
    assert run.code == 0, run.stderr
    assert "Hello." in run.stdout
    assert command("templates", "show", name).stdout == 'prompt = "Hello."\n'
    (command.home / "templates" / "$(x).toml").write_text("wrong")
    listed = [] if "/" in name else [name]
    assert command("templates", "list") == (0, "".join(f"{each}\n" for each in listed), "")


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/x", "a//b", "a/", ".x", "a/.x", "a\\b", "C:x", "a\n", "ü" * 121, "a/" * 500]
)
def test_names_that_no_template_has(name: str, command: Command) -> None:
    """They lead out of the folder, or are none of a file on some system."""
    for arguments in (("-t", name, "hi"), ("templates", "show", name), ("templates", "edit", name)):
        code, stdout, stderr = command(*arguments)
        assert (code, stdout) == (2, "")
        assert "expected a name of letters" in stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("show", "nothing"), 2, "show nothing: There is no template"),
        (("edit", "../x"), 2, "edit ../x: expected a name"),
        (("edit", "x"), 1, "cannot run"),
        ((), 2, "required: ACTION"),
        (("remove",), 2, "invalid choice: 'remove'"),
    ],
)
def test_mistakes_with_templates(
    arguments: tuple[str, ...], code: int, message: str, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", "/no/such/editor")
    run = command("templates", *arguments)
    assert run.code == code
    assert message in run.stderr


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("opper-chat con", "conversations"),
        ("opper-chat batch --max-c", "--max-cost --max-consecutive-errors --max-completion-tokens"),
        ("opper-chat chat --reasoning-e", "--reasoning-effort"),
        ("opper-chat batch req", "requests.jsonl"),
        ("opper-chat conversations s", "show"),
        ("opper-chat ask -m open", "openai/gpt-4o openai/gpt-4o-mini openai/o3"),
        ("opper-chat batch --model anth", "anthropic/claude-opus-4"),
        ("opper-chat ask -t tran", "translate"),
        ("opper-chat chat --conversation ta", "talk"),
    ],
)
def test_bash_completes(words: str, expected: str, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands, options, those of parameters of the API too, files, and names, which no server is asked for."""
    pytest.importorskip("shtab")
    (command.home / "requests.jsonl").touch()
    (command.home / "config.toml").write_text(
        '[defaults]\nmodel = "openai/o3"\n[models."openai/gpt-4o"]\ntemperature = 0\n'
    )
    templates, conversations = command.home / "templates", command.home / "conversations"
    templates.mkdir()
    conversations.mkdir()
    (templates / "translate.toml").write_text(
        'prompt = "Translate."\nmodel = ["openai/gpt-4o-mini", "anthropic/claude-opus-4"]\n'
    )
    (templates / "wrong.toml").write_text("prompt = {")
    (conversations / "talk.jsonl").touch()
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    code, script, stderr = command("completion", "bash")
    assert (code, stderr) == (0, "")
    given = words.split()
    program = f"""{script}
    COMP_WORDS=({words}); COMP_CWORD={len(given) - 1}; COMP_LINE="{words}"; COMP_POINT={len(words)}
    $(complete -p opper-chat | sed 's/.*-F \\([^ ]*\\).*/\\1/') opper-chat {given[-1]} {given[-2]}
    echo "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert done.stderr == ""
    assert command.server.requests == []
    assert set(expected.split()) <= set(done.stdout.split())


def test_names_of_a_broken_configuration_are_none(command: Command) -> None:
    """Nothing is written between what the user types."""
    (command.home / "config.toml").write_text("[defaults")
    assert command("completion", "--names", "models") == (0, "", "")
    assert command("completion", "--names", "conversations") == (0, "", "")
    assert command("completion").code == 2


def test_names_that_a_shell_would_run_are_not_completed(command: Command) -> None:
    """The script of bash expands the names that it is given."""
    templates = command.home / "templates"
    templates.mkdir()
    for name in ("ok", "$(touch x)"):
        (templates / f"{name}.toml").write_text('prompt = "Hi"\nmodel = "$(touch y)"\n')
    assert command("completion", "--names", "templates") == (0, "ok\n", "")
    assert command("completion", "--names", "models") == (0, "", "")


def test_other_shells_have_scripts(command: Command) -> None:
    """All that shtab knows; others are refused."""
    shtab = pytest.importorskip("shtab")
    for shell in shtab.SUPPORTED_SHELLS:
        code, script, _ = command("completion", shell)
        assert code == 0
        assert "retry-errors" in script
    code, _, stderr = command("completion", "ksh")
    assert code == 2
    assert "invalid choice: 'ksh'" in stderr


def test_arguments_are_declared_without_heavy_modules() -> None:
    """So that the help of a command, and a wrong option, come at once."""
    program = """
import sys
from opper_chat.cli.main import build_parser
build_parser()
heavy = {"httpx", "httpx2", "rich", "msgspec", "attrs", "opper_chat_api", "asyncio", "shtab", "pyarrow", "ray"}
print(sorted(heavy & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "[]\n"


def test_every_command_has_help() -> None:
    """Of all commands in one parser, which shells complete."""
    help_text = build_parser().format_help()
    for name, line in COMMANDS.items():
        assert name in help_text
        assert line.endswith(".")

"""``opper-chat chat``: turns, commands and Ctrl-C in a terminal, and lines that are piped."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from batch_runs import texts
from command_runs import COMMAND, KEY, Command
from opper_chat.testing import CUT, LocalServer, Pause, ReceivedRequest, Reply, chunk
from terminals import XTERM, Terminal


@pytest.fixture
def command(server: LocalServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    return Command(server, monkeypatch, tmp_path)


def reply(request: ReceivedRequest) -> Reply:
    """Reply with the number of messages and the last text. A slow completion, or a broken one, for some texts."""
    text = str(request.messages[-1]["content"])
    if text == "slow":
        return Reply.sse([chunk("The begin"), chunk("ning"), Pause(60), chunk("never")])
    if text == "broken":
        return Reply.sse([chunk("Half"), CUT])
    return Reply.completion(f"{len(request.messages)}: {text}")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_a_conversation_in_a_terminal(
    command: Command, server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C stops a completion and keeps what arrived; commands change the conversation; Ctrl-D ends it."""
    server.always(reply)
    monkeypatch.chdir(tmp_path)
    arguments = ("chat", "-m", "one", "-s", "Be brief.", "--max-retries", "0", "--save", "--conversation", "talk")
    terminal = Terminal((*COMMAND, *arguments), XTERM)
    terminal.wait_for("/help lists the commands")
    terminal.type("hello\n")
    terminal.wait_for("2: hello")
    terminal.type("slow\n")
    terminal.wait_for("The beginning")
    terminal.type("\x03")
    terminal.wait_for("[interrupted]")
    terminal.type("go on\n")
    terminal.wait_for("6: go on")
    assert server.requests[-1].messages[-2] == {"role": "assistant", "content": "The beginning\n\n[interrupted]"}

    terminal.type("/undo\n")
    terminal.wait_for("Removed: go on")
    terminal.type("/model two\n")
    terminal.wait_for("Model: two")
    terminal.type("/retry\n")  # of the stopped turn, without its completion
    terminal.wait_for("The beginning")
    assert [message["content"] for message in server.requests[-1].messages] == [
        "Be brief.",
        "hello",
        "2: hello",
        "slow",
    ]
    assert server.requests[-1].body["model"] == "two"
    terminal.type("\x03")
    terminal.wait_for("[interrupted]")
    terminal.type("/undo\n")
    terminal.wait_for("Removed: slow")

    terminal.type("broken\n")
    terminal.wait_for("The conversation is as it was before.")
    terminal.type("/retry\n")
    terminal.wait_for("The conversation is as it was before.")
    assert len(server.requests[-1].messages) == 4
    terminal.type("//retry\n")
    terminal.wait_for("4: /retry")
    terminal.type("/modl\n")
    terminal.wait_for("There is no command /modl. Did you mean 'model'?")
    terminal.type("/save copy.jsonl\n")
    terminal.wait_for("Saved to copy.jsonl")
    terminal.wait_for("> ")  # a control character that comes before the prompt is not one of readline's
    terminal.type("half a line")
    terminal.wait_for("half a line")
    terminal.interrupt("Ctrl-D ends.")
    terminal.wait_for("> ")
    terminal.type("\x04")
    assert terminal.end() == 0

    assert len((tmp_path / "copy.jsonl").read_text().splitlines()) == 5
    saved = command.home / "conversations" / "talk.jsonl"
    messages = [json.loads(line) for line in saved.read_text().splitlines()]
    assert [message["content"] for message in messages] == ["Be brief.", "hello", "2: hello", "/retry", "4: /retry"]
    assert saved.stat().st_mode & 0o777 == 0o600
    assert KEY not in saved.read_text()


def test_piped_lines_are_turns(command: Command, server: LocalServer) -> None:
    """Without a prompt. stdout has the completions and nothing else."""
    server.always(reply)
    code, stdout, stderr = command("chat", "-q", "--seed", "4", stdin=b"one\n\n/model m\ntwo\r\n//x\n")
    assert (code, stdout, stderr) == (0, "1: one\n3: two\n5: /x\n", "")
    assert [request.body.get("model") for request in server.requests] == [None, "m", "m"]
    assert server.requests[0].body["seed"] == 4


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_leaves_the_terminal_and_the_conversation_in_order(
    command: Command, server: LocalServer, name: str, code: int
) -> None:
    """At the prompt, where readline has turned the echo off, and in a completion, whose beginning is saved."""
    server.always(reply)
    arguments = ("chat", "--save", "--conversation", "talk")
    for waits in (False, True):
        terminal = Terminal((*COMMAND, *arguments), XTERM)
        terminal.wait_for("> ")
        if waits:
            terminal.type("slow\n")
            terminal.wait_for("The beginning")
        else:
            _wait_until(lambda: not terminal.echoes)  # noqa: B023
            time.sleep(0.5)  # until readline waits: it sees a signal of the moment before with the next key only
        terminal.process.send_signal(getattr(signal, name))
        assert terminal.process.wait(20) == code
        assert terminal.echoes
        terminal.end()
    lines = (command.home / "conversations" / "talk.jsonl").read_text().splitlines()
    assert [json.loads(line)["content"] for line in lines] == ["slow", "The beginning\n\n[interrupted]"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_closing_the_terminal_saves_what_arrived(command: Command, server: LocalServer) -> None:
    """The end of the completion cannot be written there any more."""
    server.always(reply)
    terminal = Terminal((*COMMAND, "chat", "--save", "--conversation", "talk"), XTERM)
    terminal.wait_for("> ")
    terminal.type("slow\n")
    terminal.wait_for("The beginning")
    terminal.hang_up()
    assert terminal.process.wait(20) == 129
    lines = (command.home / "conversations" / "talk.jsonl").read_text().splitlines()
    assert [json.loads(line)["content"] for line in lines] == ["slow", "The beginning\n\n[interrupted]"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")
def test_a_signal_that_is_ignored_stays_so(command: Command, server: LocalServer) -> None:
    """As under nohup."""
    server.always(reply)
    script = f"trap '' HUP; exec '{sys.executable}' -m opper_chat chat"
    with subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"one\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"1: one\n"
        process.send_signal(signal.SIGHUP)
        assert process.communicate(b"two\n", timeout=20)[0] == b"3: two\n"
    assert process.returncode == 0


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_conversation_is_continued(command: Command, server: LocalServer) -> None:
    """The latest, or one by its id; by chat or by ask."""
    server.always(reply)
    assert command("ask", "--save", "--conversation", "a", "first").code == 0
    assert command("chat", "-c", stdin=b"second\n").stdout == "3: second\n"
    assert command("chat", "--conversation", "a", "-s", "No.", stdin=b"third\n").code == 2
    assert command("ask", "-c", "third").stdout == "5: third\n"
    code, stdout, stderr = command("chat", stdin=b"new\n/save\n/undo\n/undo\n/retry\n")
    assert (code, stdout) == (0, "1: new\n")
    assert "Saved. To continue: opper-chat chat --conversation " in stderr
    assert "Removed: new" in stderr
    assert "There is no turn to remove." in stderr
    assert "There is no message to send again." in stderr


def test_errors_of_piped_lines_end_the_command(command: Command, server: LocalServer) -> None:
    """With the exit code of the error, since nobody is there to send the line again."""
    server.always(reply)
    code, stdout, stderr = command("chat", "--max-retries", "0", stdin=b"one\nbroken\nthree\n")
    assert (code, stdout) == (5, "1: one\nHalf\n")
    assert texts(server) == ["one", "broken"]
    assert stderr.startswith("opper-chat: ")


def test_lines_that_are_no_text_are_refused(command: Command, server: LocalServer) -> None:
    """Before they are sent."""
    code, stdout, stderr = command("chat", stdin=b"caf\xe9\n")
    assert (code, stdout, server.requests) == (2, "", [])
    assert "stdin: expected text in utf-8" in stderr


def test_usage_is_noted(command: Command, server: LocalServer) -> None:
    """After each turn, on stderr."""
    code, _, stderr = command("chat", "-u", "-m", "m", stdin=b"one\ntwo\n")
    assert code == 0
    assert len(re.findall(r"tokens: \d+ \+ \d+ = \d+", stderr)) == 2

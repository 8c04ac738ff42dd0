"""The command where something around it is broken: the streams, the home folder, the working directory, its files."""

import json
import os
import pwd
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from command_runs import KEY, Command
from opper_chat.cli import standard_input
from opper_chat.testing import CUT, Reply, chunk

NOISY = '''
print("imported")


def repeat(word: str) -> str:
    """Return a word."""
    print("called")
    return word
'''


def closed_pipe() -> int:
    """Return the end of a pipe that nobody reads."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    return write_end


@pytest.mark.parametrize("form", [[], ["--json"], ["--jsonl"]], ids=["text", "json", "jsonl"])
def test_what_tools_print_is_not_in_the_result(command: Command, form: list[str]) -> None:
    """A tool and its module print to stderr."""
    (command.home / "noisy_tools.py").write_text(NOISY)
    command.server.reply(Reply.completion(tool_calls=[("repeat", {"word": "Oslo"})]), Reply.completion("Done."))
    run = command.run_process(*form, "-T", "noisy_tools:repeat", "hi", cwd=command.home)
    assert run.code == 0, run.stderr
    assert run.stderr.startswith("imported\ncalled\n")
    if form:
        assert [json.loads(line) for line in run.stdout.splitlines()]
    else:
        assert run.stdout == "Done.\n"


def test_files_that_a_tool_leaves_open_are_written(command: Command) -> None:
    """At the end of the process, as Python does it."""
    module = 'log = open("log.txt", "w")\nlog.write("imported\\n")\n' + NOISY
    (command.home / "noisy_tools.py").write_text(module)
    run = command.run_process("--dry-run", "-T", "noisy_tools:repeat", "hi", cwd=command.home)
    assert run.code == 0, run.stderr
    assert (command.home / "log.txt").read_text() == "imported\n"


@pytest.mark.parametrize("stderr", ["closed pipe", "full disk"])
def test_the_exit_code_does_not_depend_on_stderr(command: Command, stderr: str) -> None:
    """That of the interpreter would be 120."""
    for code, arguments in ((3, ["hi"]), (2, ["--unknown", "hi"])):
        command.server.reply(Reply.json({"detail": "no"}, status=403))
        descriptor = closed_pipe() if stderr == "closed pipe" else os.open("/dev/full", os.O_WRONLY)
        assert command.run_process(*arguments, stderr=descriptor).code == code
        os.close(descriptor)


@pytest.mark.parametrize("arguments", [["hi"], ["chat"], ["batch", "-", "-o", "out.jsonl", "-q"]])
def test_the_command_runs_in_any_thread(
    command: Command, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python sets handlers of signals in the main thread only."""
    monkeypatch.chdir(command.home)
    stdin = b"" if arguments == ["hi"] else b'{"messages": [{"role": "user", "content": "Hi"}]}\n'
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(command, *arguments, stdin=stdin).result(30)
    assert (run.code, len(command.server.requests)) == (0, 1), run.stderr


def test_help_that_cannot_be_written_is_an_error(command: Command) -> None:
    """argparse ignores it."""
    for arguments in (["ask", "--help"], ["conversations", "list", "--help"]):
        descriptor = closed_pipe()
        assert command.run_process(*arguments, stdout=descriptor).code == 141
        os.close(descriptor)
    with Path("/dev/full").open("wb") as full:
        run = command.run_process("ask", "--help", stdout=full)
    assert (run.code, run.stderr) == (1, "opper-chat: stdout cannot be written: No space left on device.\n")


def test_the_stdin_of_nohup_is_none(command: Command) -> None:
    """It gives /dev/null, opened for writing. Where stdin has to be read, that is an error."""
    run = command("hi", stdin=os.open(os.devnull, os.O_WRONLY))
    assert (run.code, run.stderr) == (0, "")
    with Path(os.devnull).open("wb") as unreadable:
        run = command.run_process("-", stdin=unreadable)
    assert (run.code, run.stderr) == (2, "opper-chat: stdin cannot be read: Bad file descriptor.\n")


def test_a_part_of_stdin_is_not_taken_for_the_whole(command: Command) -> None:
    """Here the end is missing, since reading fails."""
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    os.write(write_end, b"Summarize this: one, two,")
    run = command("hi", stdin=read_end)
    os.close(write_end)
    assert run.code == 2
    assert "stdin cannot be read: Resource temporarily unavailable" in run.stderr
    assert not command.server.requests


@pytest.mark.parametrize("arguments", [["-"], ["hi"], ["-a", "-", "hi"]], ids=" ".join)
def test_stdin_without_an_end_is_refused(
    command: Command, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """It would fill the memory."""
    monkeypatch.setattr(standard_input, "MAX_BYTES", 200_000)
    run = command(*arguments, stdin=os.open("/dev/zero", os.O_RDONLY))
    assert (run.code, run.stderr) == (2, "opper-chat: stdin: expected at most 200,000 bytes, got more.\n")
    assert not command.server.requests


def test_utf8_may_be_cut_anywhere(command: Command) -> None:
    """A character in two writes, and null characters."""
    read_end, write_end = os.pipe()
    with command.process(stdin=read_end) as process:
        os.close(read_end)
        for byte in "né\0e \N{GRINNING FACE}".encode():
            os.write(write_end, bytes([byte]))
        os.close(write_end)
        out, err = process.communicate(timeout=60)
    assert out.decode().endswith("You said: né\0e \N{GRINNING FACE}\n"), err


@pytest.mark.parametrize(
    "arguments",
    [["-a", "~nobody-here/x"], ["-s", "@~nobody-here/x"], ["--config", "~nobody-here/x"],
     ["--key-file", "~nobody-here/x"], ["-t", "~nobody-here/x.toml"]],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
def test_the_home_of_a_user_that_does_not_exist(command: Command, arguments: list[str]) -> None:
    """The name of the file is in the error, as that of any file that is not there."""
    run = command(*arguments, "hi")
    assert run.code == 2
    assert "~nobody-here/x" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_user_without_a_home(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some containers run under a number that no user has: questions work, and nothing can be saved."""

    def unknown(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("HOME", "OPPER_CHAT_HOME", "OPPER_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(command.home)
    assert command("hi").code == 0
    assert command("conversations", "list") == (0, "", "")
    assert command("templates", "list") == (0, "", "")
    run = command("--save", "hi")
    assert run.code == 1
    assert run.stdout.endswith("You said: hi\n")
    assert "cannot be saved" in run.stderr
    monkeypatch.delenv("OPPER_API_KEY")
    assert command("hi").code == 2
    assert not list(command.home.iterdir())


def test_a_working_directory_that_was_removed(command: Command) -> None:
    """A question needs none, and tools do."""
    folder = tempfile.mkdtemp()
    script = f'rmdir {folder} && exec "$0" -m opper_chat hi'
    for arguments, code in ("", 0), (" -T tools:get_weather", 2):
        Path(folder).mkdir(exist_ok=True)
        done = subprocess.run(
            ["sh", "-c", script + arguments, sys.executable],
            cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr


def test_conversations_that_are_no_files(command: Command) -> None:
    """A link to nothing is left out, and one with other content is shown as far as it is text."""
    folder = command.home / "conversations"
    folder.mkdir()
    (folder / "gone.jsonl").symlink_to(folder / "nothing")
    assert command("conversations", "list") == (0, "", "")
    for arguments in (["-c", "hi"], ["conversations", "show", "gone"], ["conversations", "rm", "gone"]):
        run = command(*arguments)
        assert run.code == 2
        assert "There is no conversation" in run.stderr
    (folder / "odd.jsonl").write_text('{"role": "user", "content": "a", "tool_calls": [{"type": 4}, 3]}\n')
    run = command("conversations", "show", "odd")
    assert (run.code, run.stdout) == (0, "user:\na\n[calls None]\n")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["-m", ""], "-m: expected the name of a model, got an empty text."),
        (["-t", "a" * 5000], "expected a name of letters"),
        (["-t", "../secret"], "expected a name of letters"),
        (["--response-format", "[" * 100_000], "expected JSON text or @FILE"),
        (["--max-tokens", "9" * 5000], "expected a whole number"),
        (["-o", "depth", "[" * 100_000], ""),
    ],
    ids=["no model", "long name", "path", "deep JSON", "long number", "deep other"],
)
def test_values_that_no_parser_takes(command: Command, arguments: list[str], error: str) -> None:
    """A clear error that does not repeat all of the value, and no request."""
    run = command(*arguments, "hi")
    assert error in run.stderr
    assert "Traceback" not in run.stderr
    if error:
        assert run.code == 2
        assert not command.server.requests


@pytest.mark.parametrize(
    ("arguments", "reply", "code", "name"),
    [
        ([], Reply(status=502, body=b"<html><body>Bad gateway</body></html>"), 3, "InternalServerError"),
        ([], Reply(body=b"<html><body>Log in</body></html>", headers={"content-type": "text/html"}), 5,
         "APIResponseValidationError"),
        ([], Reply.sse([chunk("Hel"), CUT]), 5, "APIConnectionError"),
        ([], Reply.json({"error": {"message": f"wrong key {KEY}"}}, status=401), 3, "AuthenticationError"),
        ([], Reply.completion(message={"refusal": "No."}), 6, "CommandError"),
        (["--schema", "name"], Reply.completion("no JSON"), 6, "InvalidCompletionError"),
    ],
    ids=["HTML, 502", "HTML, 200", "cut", "wrong key", "refusal", "misfit"],
)  # fmt: skip
def test_events_end_with_the_error(command: Command, arguments: list[str], reply: Reply, code: int, name: str) -> None:
    """Each failure after the request is the last line of ``--jsonl``, with the exit code."""
    command.server.reply(reply)
    run = command("--jsonl", "--max-retries", "0", *arguments, "hi")
    assert run.code == code
    last = json.loads(run.stdout.splitlines()[-1])
    assert last["type"] == "error"
    assert (last["error"]["class"], last["error"]["exit_code"]) == (name, code)
    assert last["error"]["message"] in run.stderr
    assert KEY not in run.stdout + run.stderr

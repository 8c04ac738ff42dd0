"""``opper-chat batch``: its options, dry run, sample, status and progress; signals and kills, in processes."""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from batch_runs import PRICED, Runner, error_reply, read, reply_by_text, row, rows, texts
from command_runs import KEY, Command
from opper_chat.testing import LocalServer, Reply
from terminals import read_terminal


class BatchCommand(Command):
    """Runs the command in a folder with an input and an output."""

    def __init__(self, server: LocalServer, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        super().__init__(server, monkeypatch, home)
        monkeypatch.chdir(home)
        self.files = Runner("sync", home, server.base_url)
        self.output = self.files.output

    def input(self, *given: object) -> str:
        """Write rows to a file, and return its name."""
        return str(self.files.input(given))

    def batch(self, name: str, *options: str) -> tuple[int, str]:
        """Run a batch to the output, and return the exit code and stderr. Nothing is on stdout."""
        code, stdout, stderr = self("batch", name, "-o", str(self.output), *options)
        assert stdout == ""
        assert KEY not in stderr
        return code, stderr


@pytest.fixture
def command(server: LocalServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> BatchCommand:
    return BatchCommand(server, monkeypatch, tmp_path)


def test_a_batch_runs_and_is_resumed(command: BatchCommand, server: LocalServer) -> None:
    """Failed rows are in a file of their own, and the exit code says that there are some."""
    server.always(reply_by_text({"r1": error_reply(400)}))
    name = command.input(*rows(4))
    code, stderr = command.batch(name)
    assert code == 7
    assert "4 of 4 rows, 1 failed" in stderr
    assert f"Failed rows are in {command.files.errors}" in stderr
    command.files.assert_once(["r0", "r1", "r2", "r3"])
    assert command.batch(name)[0] == 7, "failed rows are still there"
    assert len(server.requests) == 4
    server.always(None)
    code, stderr = command.batch(name, "--retry-errors")
    assert (code, command.files.failed()) == (0, [])
    assert "Done before: 3." in stderr


def test_parameters_come_from_options_and_the_configuration(command: BatchCommand, server: LocalServer) -> None:
    """Those of a row replace them. Tags and fallback models work as in ask."""
    (command.home / "config.toml").write_text("[defaults]\ntemperature = 0.5\nseed = 4\n")
    name = command.input(row("a"), row("b", temperature=1))
    code, stderr = command.batch(
        name, "-m", "one", "-m", "two", "--seed", "7", "--other", "top_k", "5", "--tag", "team=x", "--concurrency", "1"
    )
    assert code == 0, stderr
    first, second = (request.body for request in server.requests)
    assert (first["model"], first["seed"], first["top_k"], first["tags"]) == (["one", "two"], 7, 5, {"team": "x"})
    assert (first["temperature"], second["temperature"]) == (0.5, 1)


@pytest.mark.parametrize("kind", ["csv", "gzip", "stdin", "parquet"])
def test_inputs(kind: str, command: BatchCommand, server: LocalServer) -> None:
    """Of all formats, with a template and an id column."""
    server.always(lambda request: Reply.completion(str(request.messages[-1]["content"])))
    table = [{"n": str(number), "text": f"text {number}"} for number in range(3)]
    lines = "".join(f"{json.dumps(columns)}\n" for columns in table).encode()
    name, stdin = str(command.home / "table"), None
    if kind == "csv":
        Path(name).write_text("n,text\n" + "".join(f"{columns['n']},{columns['text']}\n" for columns in table))
    elif kind == "gzip":
        Path(name).write_bytes(gzip.compress(lines))
    elif kind == "parquet":
        import pyarrow as pa
        from pyarrow import parquet

        parquet.write_table(pa.Table.from_pylist(table), name)
    else:
        name, stdin = "-", lines
    template = ["--template", "Say {text}.", "-s", "Be brief, {n}.", "--id-column", "n"]
    file_format = [] if kind == "stdin" else ["--input-format", "jsonl" if kind == "gzip" else kind]
    code, _, stderr = command(
        "batch", name, "-o", str(command.output), *template, *file_format, "--ordered", stdin=stdin
    )
    assert code == 0, stderr
    found = read(command.output)
    assert [line["custom_id"] for line in found] == ["0", "1", "2"]
    assert found[2]["response"]["body"]["choices"][0]["message"]["content"] == "Say text 2."
    assert {str(request.messages[0]["content"]) for request in server.requests} == {f"Be brief, {n}." for n in range(3)}


def test_a_template_can_be_a_file(command: BatchCommand, server: LocalServer) -> None:
    """With the text of the prompt, or JSON with messages and parameters."""
    (command.home / "prompt.txt").write_text("Translate {text}")
    body = {"messages": [{"role": "user", "content": "Explain {text}"}], "temperature": 0}
    (command.home / "body.json").write_text(json.dumps(body))
    name = command.input({"text": "cat"})
    assert command.batch(name, "--template", "@prompt.txt")[0] == 0
    command.output.unlink()
    assert command.batch(name, "--template", "@body.json")[0] == 0
    assert texts(server) == ["Translate cat", "Explain cat"]
    assert server.requests[1].body["temperature"] == 0


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("prompt.txt", "got the name of a file. To read the template from it, write @prompt.txt."),
        ("@ask.toml", "got a template of `opper-chat ask`"),
        ("Translate it", "template: expected a text that names a column, got 'Translate it'."),
        ("x" * 5000, "template: expected a text that names a column, got 'xxx"),
    ],
)
def test_a_mistaken_template_is_refused(command: BatchCommand, server: LocalServer, template: str, reason: str) -> None:
    """The name of a file without @, a template of the command ask, and a text without columns."""
    (command.home / "prompt.txt").write_text("Translate {text}")
    (command.home / "ask.toml").write_text('prompt = "Translate {text}"')
    code, stderr = command.batch(command.input({"text": "cat"}), "--template", template)
    assert code == 2
    assert reason in stderr
    assert not server.requests


def test_completions_are_checked(command: BatchCommand, server: LocalServer) -> None:
    """Against fields, a JSON Schema or a class; one that does not fit is a failed row."""
    server.always(reply_by_text({"a": Reply.completion('{"age": 3}'), "b": Reply.completion("three")}))
    name = command.input(row("a"), row("b"))
    assert command.batch(name, "--schema", "age int")[0] == 7
    assert command.files.succeeded()[0]["opper"]["parsed"] == {"age": 3}
    assert command.files.failed()[0]["opper"]["error"]["type"] == "InvalidCompletionError"
    schema = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
    (command.home / "schema.json").write_text(json.dumps(schema))
    assert command.batch(name, "--schema", "schema.json", "--errors", "other.jsonl", "-o", "new.jsonl")[0] == 7
    assert len(read(command.home / "other.jsonl")) == 1


@pytest.mark.parametrize(
    ("options", "reason", "sent"),
    [
        (["--max-cost", "0.05"], "cost as much as --max-cost 0.05 allows", 5),
        (["--max-errors", "2"], "more rows failed than --max-errors 2 allows", 5),
        (["--max-errors", "10%"], "more rows failed than --max-errors 10% allows", 100),
        ([], "as many rows failed one after the other as --max-consecutive-errors 20 allows", 20),
    ],
    ids=["cost", "errors", "share", "consecutive errors, by default"],
)
def test_limits_stop_a_batch(
    options: list[str], reason: str, sent: int, command: BatchCommand, server: LocalServer
) -> None:
    """With exit code 7, and a note of which limit it was, its value, and what to do."""
    fails = {f"r{number}": error_reply(400) for number in range(400) if number % 3 or not options}
    replies = {} if options[:1] == ["--max-cost"] else fails
    server.always(lambda request: replies.get(texts(server)[-1]) or Reply.completion("Hi", **PRICED))
    code, stderr = command.batch(command.input(*rows(400)), *options, "--concurrency", "1")
    assert code == 7
    assert "The batch has stopped: " in stderr
    assert f"{reason}. Rows that are left: {400 - sent}." in stderr
    is_cost = "--max-cost" in options
    assert ("The last failure: BadRequestError: 400" in stderr) != is_cost
    assert f"To go on, run the same command{' with a higher --max-cost' if is_cost else ''}." in stderr
    assert len(server.requests) == sent


def test_a_limit_that_cannot_be_kept_ends_a_batch(command: BatchCommand, server: LocalServer) -> None:
    """The server sends no cost. With a price, the limit holds."""
    name = command.input(*rows(30))
    code, stderr = command.batch(name, "--max-cost", "1")
    assert code == 7
    assert "max_cost: the server does not send the cost" in stderr
    assert len(server.requests) == 1
    code, stderr = command.batch(name, "--max-cost", "1", "--price", "10, 20.5")
    assert (code, command.files.failed()) == (0, [])
    assert "30 of 30 rows" in stderr
    assert "$0.0" in stderr


def test_shards_and_equal_bodies(command: BatchCommand, server: LocalServer) -> None:
    """Each row is in one of the shards, and of equal ones one is sent."""
    name = command.input(*(row(f"r{number}", f"text {number % 4}") for number in range(40)))
    for number in (1, 2, 3):
        assert command("batch", name, "-o", f"part{number}.jsonl", "--shard", f"{number}/3", "--dedupe").code == 0
    lines = [line for number in (1, 2, 3) for line in read(command.home / f"part{number}.jsonl")]
    assert Counter(line["custom_id"] for line in lines) == Counter(f"r{number}" for number in range(40))
    assert len(server.requests) == 12


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["none.jsonl", "-o", "out.jsonl"], "none.jsonl: There is no such file."),
        ([".", "-o", "out.jsonl"], "It is a folder"),
        (["in.jsonl"], "-o is missing"),
        (["in.jsonl", "out.jsonl"], "There are two inputs"),
        (["in.jsonl", "-o", "in.jsonl"], "another file than the input"),
        (["in.jsonl", "-o", "out.csv"], "a file of JSON lines"),
        (["in.jsonl", "-o", "out.jsonl", "--max-errors", "many"], "--max-errors many: expected a number of rows"),
        (["in.jsonl", "-o", "out.jsonl", "--shard", "3"], "--shard 3: expected"),
        (["in.jsonl", "-o", "out.jsonl", "--shard", "4/3"], "shard: expected"),
        (["in.jsonl", "-o", "out.jsonl", "--price", "1"], "price: expected two amounts"),
        (["in.jsonl", "-o", "out.jsonl", "--max-cost", "much"], "max_cost: expected an amount"),
        (["in.jsonl", "-o", "out.jsonl", "--concurrency", "0"], "concurrency"),
        (["in.jsonl", "-o", "out.jsonl", "-s", "Be brief."], "-s: It needs --template"),
        (["in.jsonl", "-o", "out.jsonl", "--strict"], "They need --schema"),
        (["in.jsonl", "-o", "out.jsonl", "--template", "@none.txt"], "--template none.txt: The file cannot be read"),
        (["in.jsonl", "-o", "out.jsonl", "--sample", "0"], "--sample: expected a number of rows"),
        (["in.jsonl", "-o", "out.jsonl", "--sample", "1", "--dry-run"], "not allowed with"),
        (["in.jsonl", "-o", "out.jsonl", "--sample", "1", "--retry-errors"], "not accepted together"),
        (["in.jsonl", "-o", "out.jsonl", "--progress", "loud"], "invalid choice: 'loud'"),
        (["in.jsonl", "-o", "out.jsonl", "--concurency", "2"], "Did you mean --concurrency?"),
        (["twice.jsonl", "-o", "out.jsonl"], "'r0' twice"),
        (["in.jsonl", "-o", "none/out.jsonl"], "none/out.jsonl: No such file or directory."),
        (["in.jsonl", "-o", "in.jsonl/out.jsonl"], "Not a directory."),
        (["in.jsonl", "-o", "out.jsonl", "--json"], "--json: It needs --dry-run, or `status`."),
        (["status", "none.jsonl"], "none.jsonl: There is no such file."),
        (["status", "in.jsonl"], "was not written by a batch"),
        (["in.jsonl", "-o", "notes.txt"], "was not written by a batch"),
    ],
)
def test_mistakes_are_refused(options: list[str], message: str, command: BatchCommand, server: LocalServer) -> None:
    """Before anything is sent, with exit code 2."""
    command.input(*rows(3))
    command.files.input([row("r0"), row("r0")], "twice.jsonl")
    (command.home / "notes.txt").write_text("My notes\n")
    code, stdout, stderr = command("batch", *options)
    assert (code, stdout) == (2, ""), stderr
    assert message in stderr
    assert not server.requests
    assert (command.home / "notes.txt").read_text() == "My notes\n"


def test_a_wrong_key_ends_a_batch_at_once(command: BatchCommand, server: LocalServer) -> None:
    """It is no failure of a row."""
    (command.home / "key").write_text("bad-key")
    code, stderr = command.batch(command.input(*rows(50)), "--key-file", "key", "--concurrency", "1")
    assert code == 3
    assert "401" in stderr
    assert len(server.requests) == 1
    assert command.output.read_bytes() == command.files.errors.read_bytes() == b""


def test_a_dry_run_sends_nothing(command: BatchCommand, server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts rows, problems and characters; it needs no key and makes no files."""
    monkeypatch.delenv("OPPER_API_KEY")
    name = command.input(
        row("a", "four"), row("b", "four"), row("c", "123456"), "no JSON", row("a"),
        row("d", temperature="hot"),
    )  # fmt: skip
    code, stdout, _ = command("batch", name, "-o", "new.jsonl", "--dry-run")
    assert code == 2, "the batch would not start"
    assert "rows: 6; to send: 3; done: 0; cannot be sent: 2" in stdout
    assert "characters in the messages to send: 14" in stdout
    assert "a: Another row has this id." in stdout
    assert "d: temperature: expected a number" in stdout
    code, stdout, _ = command("batch", name, "--dry-run", "--json", "--shard", "1/1")
    found = json.loads(stdout)
    assert (found["rows"], found["equal_bodies"], found["repeated_ids"], found["invalid"]) == (6, 1, 1, 2)
    assert not server.requests
    assert not (command.home / "new.jsonl").exists()


def test_a_dry_run_knows_what_is_done(command: BatchCommand) -> None:
    """And which rows have changed."""
    assert command.batch(command.input(*rows(3)))[0] == 0
    name = command.input(row("r0"), row("r1", "other"), row("r2"), row("r3"))
    code, stdout, _ = command("batch", name, "-o", str(command.output), "--dry-run")
    assert code == 2
    assert "rows: 4; to send: 1; done: 2; cannot be sent: 0" in stdout
    assert "Rows that were sent with another body: 1" in stdout


def test_a_sample_estimates_the_rest_and_is_kept(command: BatchCommand, server: LocalServer) -> None:
    """Its rows are the first ones, and the batch does not send them again."""
    server.always(Reply.completion("Hi", **PRICED))
    name = command.input(*(row["body"] for row in rows(30)))
    code, stderr = command.batch(name, "--sample", "3")
    assert code == 0
    assert "Estimate for 27 more rows, from 3 rows:" in stderr
    assert "$0.27" in stderr
    assert sorted(texts(server)) == ["r0", "r1", "r2"]
    assert command.batch(name)[0] == 0
    assert len(server.requests) == 30
    command.files.assert_once(f"line-{number}" for number in range(1, 31))


def test_the_status_is_that_of_the_files(command: BatchCommand, server: LocalServer) -> None:
    """Also while a line is being written."""
    replies = {"r1": error_reply(400), "r2": error_reply(500)}
    server.always(lambda request: replies.get(texts(server)[-1]) or Reply.completion("Hi", **PRICED))
    command.batch(command.input(*rows(5)), "--max-retries", "0", "--concurrency", "1")
    with command.output.open("ab") as file:
        file.write(b'{"id":"batch_req_')
    code, stdout, stderr = command("batch", "status", str(command.output))
    assert (code, stderr) == (7, "")
    assert "3 rows succeeded, 2 failed" in stdout
    assert "1 BadRequestError" in stdout
    assert "cost: $0.03 (not known: 2 rows)" in stdout
    status = json.loads(command("batch", "status", str(command.output), "--json").stdout)
    assert (status["succeeded"], status["errors"]) == (3, {"BadRequestError": 1, "InternalServerError": 1})
    assert (status["cost"], status["unknown_costs"], status["retried"]) == ("0.03", 2, 0)
    command.batch(command.input(*rows(5)), "--max-retries", "0", "--retry-errors")
    again = command("batch", "status", str(command.output)).stdout
    assert "3 rows succeeded, 2 failed" in again
    assert "2 failures in errors files of earlier runs" in again
    assert "cost: $0.03 (not known: 4 rows)" in again
    elsewhere = command("batch", "status", str(command.output), "--errors", "missing/errors.jsonl")
    assert (elsewhere.code, elsewhere.stdout.splitlines()[0]) == (0, "3 rows succeeded, 0 failed")


def test_the_status_of_one_row(command: BatchCommand) -> None:
    """It is no plural."""
    command.batch(command.input(*rows(1)))
    assert command("batch", "status", str(command.output)).stdout.startswith("1 row succeeded, 0 failed\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no /dev/stdin")
def test_the_input_can_be_a_file_at_dev_stdin(command: BatchCommand) -> None:
    """Its name has no suffix, so that it is JSON lines, as a pipe there is."""
    with Path(command.input(*rows(3))).open("rb") as file:
        run = command.run_process("batch", "/dev/stdin", "-o", str(command.output), "-q", stdin=file)
    assert run == (0, "", "")
    command.files.assert_once(["r0", "r1", "r2"])


def test_progress_as_lines(command: BatchCommand, server: LocalServer) -> None:
    """In some seconds each; none with -q."""
    server.always(Reply.completion("Hi", delay=0.3, **PRICED))
    name = command.input(*rows(4))
    _, stderr = command.batch(name, "--concurrency", "2", "--progress-interval", "0")
    assert "2 of 4 rows, 2 in flight" in stderr
    assert "left" in stderr
    command.output.unlink()
    assert command.batch(name, "-q") == (0, "")


def test_progress_as_json(command: BatchCommand) -> None:
    """Lines on stdout, of which the last one is the end."""
    code, stdout, _ = command("batch", command.input(*rows(4)), "-o", str(command.output), "--progress", "json")
    assert code == 0
    last = json.loads(stdout.splitlines()[-1])
    assert (last["total"], last["succeeded"], last["failed"], last["remaining"]) == (4, 4, 0, 0)
    assert {"cost", "prompt_tokens", "rows_per_second", "seconds_left", "stopped"} <= last.keys()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")
def test_one_interrupt_ends_the_wait_for_stdin(command: BatchCommand, server: LocalServer) -> None:
    """Nothing is in flight that could be finished."""
    with command.process("batch", "-", "-o", str(command.output), stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(b"{" * 1_000_000)  # more than a pipe holds, so the end of this shows that it is read
        process.stdin.flush()
        time.sleep(0.5)  # it waits for more now
        process.send_signal(signal.SIGINT)
        code = process.wait(20)
        assert process.stderr is not None
        assert (code, b"Traceback" in process.stderr.read()) == (130, False)
    assert server.requests == []
    assert not command.output.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals and other signals")
def test_progress_as_a_bar_and_two_interrupts(command: BatchCommand, server: LocalServer) -> None:
    """In a terminal. The first Ctrl-C finishes what is in flight, and the second one stops: both end with 130."""
    server.always(Reply.completion("Hi", delay=2))  # longer than the display takes to change on a busy machine
    arguments = ("batch", command.input(*rows(1000)), "-o", str(command.output), "--concurrency", "3")
    with _in_terminal(command, *arguments) as (process, main_end):
        shown = _read_until(main_end, "of 1,000 rows, 3 in flight")
        assert "━" in shown
        process.send_signal(signal.SIGINT)
        shown = _read_until(main_end, "finishing what is in flight (Ctrl-C again stops at once)")
        shown += _read_until(main_end, "To go on, run the same command.")
    os.close(main_end)
    assert process.returncode == 130
    assert "it was interrupted" in shown
    assert len(command.files.succeeded()) == len(server.requests)
    server.always(Reply.completion("Hi", delay=60))
    sent = len(server.requests)
    process = command.process(*arguments)
    _wait_for_requests(server, sent + 3)
    process.send_signal(signal.SIGINT)
    time.sleep(0.4)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130, stderr
    assert b"Traceback" not in stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals and other signals")
def test_a_batch_that_is_terminated_ends_its_display(command: BatchCommand, server: LocalServer) -> None:
    """The cursor is shown again, and the rows that are done stay done."""
    server.always(Reply.completion("Hi", delay=60))
    server.reply(Reply.completion("Hi"))
    arguments = ("batch", command.input(*rows(10)), "-o", str(command.output), "--concurrency", "3")
    with _in_terminal(command, *arguments) as (process, main_end):
        shown = _read_until(main_end, "1 of 10 rows, 3 in flight")
        assert "\x1b[?25l" in shown
        process.send_signal(signal.SIGTERM)
        shown = _read_until(main_end, "To go on, run the same command.")
        assert process.wait(20) == 143
    os.close(main_end)
    assert "\x1b[?25h" in shown
    assert "Traceback" not in shown
    assert not re.search(r"rows.*, in \d+ s", shown), "the last state is not known"
    assert len(command.files.succeeded()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals and other signals")
def test_a_batch_whose_terminal_is_closed_is_hung_up(command: BatchCommand, server: LocalServer) -> None:
    """The display cannot be ended there any more, which is not why the batch ends."""
    server.always(Reply.completion("Hi", delay=60))
    server.reply(Reply.completion("Hi"))
    arguments = ("batch", command.input(*rows(10)), "-o", str(command.output), "--concurrency", "3")
    with _in_terminal(command, *arguments) as (process, main_end):
        _read_until(main_end, "1 of 10 rows, 3 in flight")
        os.close(main_end)
        process.send_signal(signal.SIGHUP)
        assert process.wait(20) == 129
    assert len(command.files.succeeded()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")
def test_a_killed_batch_goes_on(command: BatchCommand, server: LocalServer) -> None:
    """kill -9, and the same command: every row is there once, and at most the calls in flight were sent twice."""
    server.always(Reply.completion("Hi", delay=0.02))
    name = command.input(*rows(150))
    arguments = ("batch", name, "-o", str(command.output), "--concurrency", "4", "-q")
    process = command.process(*arguments)
    _wait_for_requests(server, 40)
    process.kill()
    process.communicate(timeout=10)
    assert process.returncode == -signal.SIGKILL
    assert command(*arguments) == (0, "", "")
    command.files.assert_once(f"r{number}" for number in range(150))
    assert len(server.requests) - 150 <= 4


def _wait_for_requests(server: LocalServer, count: int) -> None:
    deadline = time.monotonic() + 30
    while len(server.requests) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def _in_terminal(command: BatchCommand, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run the command with its messages in a terminal. Yield the process, and the end to read from."""
    pytest.importorskip("rich")
    main_end, terminal = os.openpty()
    with command.process(*arguments, stderr=terminal, env={**os.environ, "TERM": "xterm", "COLUMNS": "120"}) as process:
        os.close(terminal)
        yield process, main_end


def _read_until(terminal: int, text: str) -> str:
    """Read what is written to a terminal until a text comes, and return all of it."""
    content = ""
    deadline = time.monotonic() + 30
    while text not in content:
        assert time.monotonic() < deadline, content
        piece = read_terminal(terminal)
        assert piece, f"the command has ended: {content}"
        content += piece.decode("utf-8", "replace")
    return content

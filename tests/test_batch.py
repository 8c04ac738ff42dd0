"""Batches with files: each row is in the output or in the errors file once, whatever happens."""

import gc
import gzip
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from io import FileIO
from pathlib import Path
from threading import Thread
from typing import Any, Literal

import anyio
import pytest
from attrs import define
from batch_runs import PRICED, Runner, error_reply, read, reply_by_text, row, rows, texts
from opper_chat import (
    AsyncOpper,
    AuthenticationError,
    InvalidArgumentError,
    MissingKeyError,
    Opper,
    UnknownArgumentError,
)
from opper_chat.batch import (
    BatchError,
    BatchFileError,
    BatchInputError,
    BatchProgress,
    BatchRequest,
    UnknownCostError,
    UnknownUsageError,
    async_run_batch,
    run_batch,
)
from opper_chat.batch._journal import append_file
from opper_chat.testing import LocalServer, ReceivedRequest, Reply


@pytest.fixture(params=["sync", "async"])
def run(request: pytest.FixtureRequest, tmp_path: Path, server: LocalServer) -> Runner:
    return Runner(request.param, tmp_path, server.base_url)


def test_each_row_is_in_the_output_or_in_the_errors_file(run: Runner, server: LocalServer) -> None:
    """Also a line that is not JSON, a body that the client refuses, and one that the server refuses."""
    server.always(reply_by_text({"r7": error_reply(400)}))
    bad = ["{broken", {"custom_id": "bad-role", "messages": [{"role": "usr", "content": "x"}]}, [1, 2], ""]
    progress = run(run.input([*rows(20), *bad]), concurrency=4)
    run.assert_once([*(f"r{number}" for number in range(20)), "line-21", "bad-role", "line-23"])
    assert {line["custom_id"] for line in run.failed()} == {"r7", "line-21", "bad-role", "line-23"}
    assert (progress.total, progress.succeeded, progress.failed, progress.remaining) == (23, 19, 4, 0)
    assert progress.stopped is None
    assert len(server.requests) == 20


def test_a_line_has_the_form_of_openai(run: Runner, server: LocalServer) -> None:
    """With the body of the server unchanged, and the rest under one name."""
    body = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "odd": [None, 1e-7], "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Hé\n", "refusal": None}, "finish_reason": "stop"}
    ], "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}}  # fmt: skip
    headers = {"x-request-id": "req-1", "x-opper-cost": "0.00012", "x-opper-served-model": "served"}
    server.always(Reply.json(body, headers=headers))
    progress = run([row("a")])
    (line,) = run.succeeded()
    assert line["custom_id"] == "a"
    assert line["id"].startswith("batch_req_")
    assert line["response"] == {"status_code": 200, "request_id": "req-1", "body": body}
    assert line["error"] is None
    extra = line["opper"]
    assert (extra["attempts"], extra["cost"], extra["tokens"]) == (1, "0.00012", [3, 4])
    assert (extra["served_model"], extra["parsed"], extra["error"]) == ("served", None, None)
    assert extra["seconds"] >= 0
    assert (progress.cost, progress.prompt_tokens, progress.completion_tokens) == (Decimal("0.00012"), 3, 4)


def test_a_failure_has_its_response_or_its_error(run: Runner, server: LocalServer) -> None:
    """A status with its body and no error, as OpenAI has it; no response with an error."""
    server.always(reply_by_text({
        "status": error_reply(422, "Bad."),
        "html": Reply(502, {"content-type": "text/html"}, b"<h1>Bad gateway</h1>"),
        "cut": Reply.raw([b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"]),
        "not json": Reply(200, {"content-type": "text/html"}, b"<h1>Hello</h1>"),
    }))  # fmt: skip
    run([row("status"), row("html"), row("cut"), row("not json"), row("refused", stream=True)])
    lines = {line["custom_id"]: line for line in run.failed()}
    assert lines["status"]["error"] is None
    assert lines["status"]["response"]["status_code"] == 422
    assert lines["status"]["response"]["body"]["error"]["message"] == "Bad."
    assert lines["status"]["opper"]["error"]["type"] == "UnprocessableEntityError"
    assert lines["html"]["response"]["body"] == "<h1>Bad gateway</h1>"
    assert lines["cut"]["error"]["code"] == "APIConnectionError"
    assert lines["not json"]["error"]["code"] == "APIResponseValidationError"
    assert lines["not json"]["response"]["body"] == "<h1>Hello</h1>"
    assert lines["refused"]["response"] is None
    assert "stream" in lines["refused"]["error"]["message"]
    assert lines["refused"]["opper"]["attempts"] == 0


def test_a_row_is_retried_by_the_client(run: Runner, server: LocalServer) -> None:
    """As often as the client says; the line has the number of attempts."""
    server.reply(error_reply(503), error_reply(500))
    run([row("a")], client={"max_retries": 2})
    (line,) = run.succeeded()
    assert line["opper"]["attempts"] == 3


def test_parameters_that_the_contract_does_not_know_are_sent(run: Runner, server: LocalServer) -> None:
    """A body is what is sent, with the defaults where it has nothing of its own."""
    run([row("a", top_k=4, timeout=3, model="own"), row("b")], defaults={"model": "default", "seed": 1}, ordered=True)
    sent = {request.messages[0]["content"]: request.body for request in server.requests}
    assert {name: sent["a"][name] for name in ("top_k", "timeout", "model", "seed")} == {
        "top_k": 4, "timeout": 3, "model": "own", "seed": 1,
    }  # fmt: skip
    assert sent["b"]["model"] == "default"


def test_files_are_private(run: Runner) -> None:
    """Both, whatever the umask allows."""
    run([row("a"), {"custom_id": "b"}])
    for path in (run.output, run.errors):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_second_run_sends_only_what_is_not_done(run: Runner, server: LocalServer) -> None:
    """Neither what succeeded nor what failed is sent again; new rows are."""
    server.always(reply_by_text({"r3": error_reply(400)}))
    run(run.input(rows(6)))
    progress = run(run.input(rows(8)))
    assert (progress.total, progress.skipped, progress.succeeded) == (8, 6, 2)
    run.assert_once(f"r{number}" for number in range(8))
    assert len(server.requests) == 8


@pytest.mark.parametrize("fragment", [b"{", b'{"id":"batch_req_1","custom', b"\0\0\0", b'{"id":"batc\0\0'])
def test_a_torn_last_line_is_cut_off(run: Runner, fragment: bytes, server: LocalServer) -> None:
    """And its row sent again."""
    run(run.input(rows(3)))
    lines = run.output.read_bytes().splitlines(keepends=True)
    run.output.write_bytes(b"".join(lines[:2]) + fragment)
    run(run.input(rows(3)))
    run.assert_once(["r0", "r1", "r2"])
    assert run.output.read_bytes().startswith(b"".join(lines[:2]))
    assert len(server.requests) == 4


@pytest.mark.parametrize("content", [b"a note without an end", b'{"some": "json"}\n', b"\n", b'{"id":"batch_req_1"}\n'])
@pytest.mark.parametrize("name", ["out.jsonl", "out.errors.jsonl"])
def test_a_file_that_is_not_of_a_batch_is_left_alone(
    run: Runner, content: bytes, name: str, server: LocalServer
) -> None:
    """The error names it, nothing is sent, and the file is as it was."""
    path = run.folder / name
    path.write_bytes(content)
    with pytest.raises(BatchFileError, match=name) as caught:
        run([row("a")])
    assert caught.value.path == str(path)
    assert path.read_bytes() == content
    assert server.requests == []


def test_an_id_that_is_in_both_files_is_an_error(run: Runner) -> None:
    """A batch never writes that."""
    run([row("a")])
    run.errors.write_bytes(run.output.read_bytes())
    with pytest.raises(BatchFileError, match="'a', which is there before"):
        run([row("a")])


def test_a_row_that_changed_is_an_error(run: Runner, server: LocalServer) -> None:
    """It is neither skipped in silence nor sent. The order of properties is no change."""
    run([row("a"), row("b", seed=1, top_p=1)])
    run([row("a"), row("b", top_p=1, seed=1)])
    with pytest.raises(BatchInputError, match="'a'") as caught:
        run([row("a", "other"), row("c")])
    assert caught.value.custom_id == "a"
    with pytest.raises(BatchInputError):
        run([row("a")], defaults={"model": "m"})
    assert texts(server) == ["a", "b"] or texts(server) == ["b", "a"]


def test_another_response_format_is_a_change(run: Runner, server: LocalServer) -> None:
    """Otherwise rows would be skipped whose values have the old type."""
    server.always(Reply.completion('{"a": 1}'))
    number: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "integer"}}}
    run([row("a")], response_format=number)
    assert run([row("a")], response_format=dict(reversed(number.items()))).skipped == 1
    for other in (None, {**number, "required": ["a"]}):
        with pytest.raises(BatchInputError, match="'a'"):
            run([row("a")], response_format=other)
    assert run([row("a"), row("b", "a")], response_format=number, dedupe=True).succeeded == 1
    assert len(server.requests) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX has these files")
def test_an_output_that_cannot_be_read_again_is_refused(run: Runner, server: LocalServer, tmp_path: Path) -> None:
    """A device that never ends would fill the memory, and a pipe would block."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (Path("/dev/zero"), Path("/dev/null"), pipe):
        with pytest.raises(BatchFileError, match="a device or a pipe"):
            run([row("a")], output=path, errors=tmp_path / "errors.jsonl")
    assert server.requests == []


def test_an_id_that_is_there_twice_is_refused_before_the_first_request(run: Runner, server: LocalServer) -> None:
    """In a file, an iterable, an iterator, and of a number that a row was given."""
    for requests in (
        run.input([*rows(3), row("r1")]),
        [*rows(3), row("r1")],
        iter([*rows(3), row("r1")]),
        [row("row-2"), row("x")["body"]],
    ):
        with pytest.raises(BatchInputError, match="twice"):
            run(requests)
    assert server.requests == []
    assert run.output.read_bytes() == b""


def test_two_runs_cannot_write_to_one_file(run: Runner, server: LocalServer) -> None:
    """The second one is refused, by its output or by its errors file."""
    found: list[Exception] = []

    def reply(request: ReceivedRequest) -> Reply:
        other = run.folder / "other.jsonl"
        for options in ({}, {"output": other, "errors": run.errors}):
            try:
                Runner("sync", run.folder, run.base_url)([row("b")], **options)
            except BatchFileError as error:
                found.append(error)
        return Reply.completion("Hi")

    server.always(reply)
    run([row("a")])
    assert len(found) == 2
    assert "Another run" in str(found[0])
    run.assert_once(["a"])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows renames no open file")
def test_a_file_that_is_renamed_before_it_is_locked_is_not_used(tmp_path: Path) -> None:
    """Two outputs can have one errors file, which a run renames when it sends the rows again."""
    path = tmp_path / "errors.jsonl"
    for other in (None, b""):
        with FileIO(path, "ab+") as file:
            path.rename(tmp_path / "errors.retried-1.jsonl")
            if other is not None:
                path.write_bytes(other)
            with pytest.raises(BatchFileError, match="Another run has renamed this file"):
                append_file._lock_file(file, path)


def test_a_wrong_key_stops_at_once(run: Runner, server: LocalServer) -> None:
    """It is raised, and no row is written as failed."""
    with pytest.raises(AuthenticationError):
        run(run.input(rows(50)), client={"api_key": "bad-key-of-a-test"}, concurrency=4)
    assert len(server.requests) <= 8
    assert (run.succeeded(), run.failed()) == ([], [])
    assert run(run.input(rows(50))).succeeded == 50


def test_retry_errors_sends_failed_rows_again(run: Runner, server: LocalServer) -> None:
    """Those that succeed now leave the errors file."""
    server.always(reply_by_text({"r1": error_reply(500), "r2": error_reply(500)}))
    run(run.input(rows(4)))
    server.always(reply_by_text({"r2": error_reply(500)}))
    progress = run(run.input(rows(4)), retry_errors=True)
    assert (progress.skipped, progress.succeeded, progress.failed) == (2, 1, 1)
    assert [line["custom_id"] for line in run.failed()] == ["r2"]
    run.assert_once(["r0", "r1", "r2", "r3"])


def test_what_failed_rows_cost_is_not_forgotten(run: Runner, server: LocalServer) -> None:
    """Also if they are sent again and again: the errors file is kept under another name, and counts."""
    server.always(reply_by_text({name: Reply.completion("?", **PRICED) for name in ("r0", "r1")}))
    options: dict[str, Any] = {"response_format": {"type": "object"}, "retry_errors": True}
    for attempt in range(1, 4):
        assert run(rows(2), **options).failed == 2
        kept = [run.folder / f"out.errors.retried-{number}.jsonl" for number in range(1, attempt)]
        assert [len(read(path)) for path in kept] == [2] * (attempt - 1)
        assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in kept)
    assert len(run.failed()) == 2
    progress = run(rows(2), max_cost="0.06", **options)
    assert (progress.stopped, progress.finished, len(server.requests)) == ("max_cost", 0, 6)
    assert run(rows(2), max_cost="0.09", **options).failed == 2
    (run.folder / "out.errors.retried-9.jsonl").write_text("Notes of mine.\n")
    with pytest.raises(BatchFileError, match=r"out\.errors\.retried-9\.jsonl"):
        run(rows(2), **options)


def test_a_price_counts_for_earlier_runs_too(run: Runner, server: LocalServer) -> None:
    """Their lines have the tokens, if the server sent no cost."""
    usage = {"prompt_tokens": 600_000, "completion_tokens": 400_000, "total_tokens": 1_000_000}
    server.always(Reply.completion("Hi", usage=usage))
    assert run(rows(3)).cost is None
    progress = run(rows(5), max_cost=3, price=(1, 1))
    assert (progress.stopped, progress.finished, len(server.requests)) == ("max_cost", 0, 3)
    assert run(rows(5), max_cost=4, price=(1, 1)).succeeded == 1


def test_retry_errors_keeps_the_errors_if_the_input_is_refused(run: Runner, server: LocalServer) -> None:
    """They are forgotten when the rows can be sent, and not before."""
    server.always(reply_by_text({"r1": error_reply(500)}))
    run(rows(2))
    with pytest.raises(BatchInputError):
        run([*rows(2), row("r1")], retry_errors=True)
    assert [line["custom_id"] for line in run.failed()] == ["r1"]


def test_a_retry_that_sends_nothing_keeps_the_errors(run: Runner, server: LocalServer) -> None:
    """They are still what has to be sent again. A copy, for which nothing is sent, takes the place of its failure."""
    server.always(reply_by_text({name: Reply.completion("?", **PRICED) for name in ("r0", "r1")}))
    options: dict[str, Any] = {"response_format": {"type": "object"}, "retry_errors": True}
    assert run(rows(2), **options).failed == 2
    errors = run.errors.read_bytes()
    progress = run(rows(2), max_cost="0.02", **options)
    assert (progress.stopped, progress.finished, len(server.requests)) == ("max_cost", 0, 2)
    assert run.errors.read_bytes() == errors
    assert sorted(path.name for path in run.folder.glob("out*")) == ["out.errors.jsonl", "out.jsonl"]

    server.always(Reply.completion("{}"))
    same = row("same", "r0")
    assert run([same], response_format={"type": "object"}).succeeded == 1
    assert run([*rows(1), same], max_cost="0.03", dedupe=True, **options).succeeded == 1
    assert (len(server.requests), run.failed()) == (3, [])
    run.assert_once(["r0", "same"])
    assert (run.folder / "out.errors.retried-1.jsonl").read_bytes() == errors


def test_max_errors_stops_a_batch(run: Runner, server: LocalServer) -> None:
    """When more rows have failed, none is started; what is in flight is written."""
    server.always(error_reply(400))
    progress = run(run.input(rows(500)), max_errors=5, concurrency=2)
    assert (progress.stopped, progress.limit) == ("max_errors", 5)
    assert 6 <= progress.failed <= 8
    assert progress.stop_message == (
        f"The batch has stopped: more rows failed than max_errors=5 allows. Rows that are left: {progress.remaining}. "
        "To go on, run it again with the same arguments."
    )
    assert progress.remaining == 500 - progress.failed
    assert len(run.failed()) == progress.failed == len(server.requests)


def test_max_errors_can_be_a_share(run: Runner, server: LocalServer) -> None:
    """It counts from the hundredth row on."""
    server.always(reply_by_text({f"r{number}": error_reply(400) for number in range(0, 400, 2)}))
    progress = run(run.input(rows(400)), max_errors=0.4, concurrency=2)
    assert progress.stopped == "max_errors"
    assert 100 <= progress.finished <= 103
    assert run(run.input(rows(400)), max_errors=0.6, concurrency=8).stopped is None


def test_errors_one_after_the_other_stop_a_batch(run: Runner, server: LocalServer) -> None:
    """A row that succeeds between them sets the count back."""
    server.always(reply_by_text({f"r{number}": error_reply(400) for number in range(500) if number % 5 or number > 50}))
    progress = run(run.input(rows(500)), max_consecutive_errors=10, concurrency=1)
    assert (progress.stopped, progress.succeeded, progress.finished) == ("max_consecutive_errors", 11, 61)
    assert "one after the other as max_consecutive_errors=10 allows" in (progress.stop_message or "")


def test_max_cost_stops_a_batch(run: Runner, server: LocalServer) -> None:
    """Before it costs more, by the server's costs, those of earlier runs included."""
    server.always(Reply.completion("Hi", **PRICED))
    progress = run(run.input(rows(100)), max_cost="0.105", concurrency=8)
    assert (progress.stopped, progress.cost, len(server.requests)) == ("max_cost", Decimal("0.10"), 10)
    again = run(run.input(rows(100)), max_cost=0.105)
    assert (again.stopped, again.succeeded, again.skipped) == ("max_cost", 0, 10)
    assert again.stop_message is not None
    assert again.stop_message.endswith("run it again with a higher max_cost.")
    assert run(run.input(rows(100)), max_cost=0.2).succeeded == 10
    whole = run(run.input(rows(20)), max_cost=0.2)
    assert (whole.stopped, whole.limit, whole.stop_message) == (None, None, None)
    assert run(run.input(rows(100)), max_cost=Decimal(5)).stopped is None
    run.assert_once(f"r{number}" for number in range(100))


def test_max_cost_goes_by_the_price_if_the_server_sends_no_cost(run: Runner, server: LocalServer) -> None:
    """Of the tokens of prompts and completions."""
    server.always(Reply.completion("Hi", usage={"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}))
    progress = run(run.input(rows(50)), max_cost=1, price=(1000, "2000"), concurrency=1)
    assert (progress.stopped, progress.succeeded, progress.cost) == ("max_cost", 5, Decimal(1))
    assert run.succeeded()[0]["opper"]["cost"] == "0.2"


def test_max_cost_is_refused_if_no_cost_is_known(run: Runner, server: LocalServer) -> None:
    """After one call, whose result is written."""
    with pytest.raises(UnknownCostError, match="price=") as caught:
        run(run.input(rows(50)), max_cost=1, concurrency=8)
    assert isinstance(caught.value, BatchError)
    assert len(server.requests) == 1 == len(run.succeeded())


def test_tokens_per_minute_limits_the_rate(run: Runner, server: LocalServer) -> None:
    """By the usage that the server sends: 40 rows of 30 tokens at 500 a second, 5 seconds of which come at once."""
    server.always(Reply.completion("Hi", usage={"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}))
    started = time.monotonic()
    run(run.input(rows(40)), tokens_per_minute=30_000, concurrency=4)
    seconds = time.monotonic() - started
    assert 40 * 120 / 500 - 5 - 1.5 < seconds < 40 * 120 / 500 - 5 + 3


def test_tokens_per_minute_is_refused_without_usage(run: Runner, server: LocalServer) -> None:
    """After the first response without it, which is written."""
    body = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": []}
    server.always(Reply.json(body))
    with pytest.raises(UnknownUsageError):
        run(run.input(rows(50)), tokens_per_minute=1000, concurrency=1)
    assert len(server.requests) == 1 == len(run.succeeded())


def test_ordered_output_has_the_order_of_the_input(run: Runner, server: LocalServer) -> None:
    """Though later rows end earlier; and rows far ahead of a slow one wait."""
    seen: list[int] = []

    def reply(request: ReceivedRequest) -> Reply:
        number = int(str(request.messages[0]["content"])[1:])
        seen.append(number)
        return Reply.completion("Hi", delay=0.5 if number == 0 else 0.001 * (number % 7))

    server.always(reply)
    run(run.input(rows(100)), ordered=True, concurrency=4)
    assert [line["custom_id"] for line in run.succeeded()] == [f"r{number}" for number in range(100)]


def test_a_slow_row_does_not_fill_the_memory_of_an_ordered_batch(run: Runner, server: LocalServer) -> None:
    """No more rows than the window are finished before it ends."""
    server.always(reply_by_text({"r0": Reply.completion("Hi", delay=1)}))
    held: list[int] = []

    def look(progress: BatchProgress) -> None:
        if not run.output.stat().st_size:
            held.append(progress.finished)

    assert run(rows(200), ordered=True, concurrency=4, on_progress=look, progress_interval=0).succeeded == 200
    assert 4 < max(held) < 4 * 8


def test_dedupe_sends_equal_bodies_once(run: Runner, server: LocalServer) -> None:
    """Failures too; a copy says of which row it is, and costs nothing. A second run knows the bodies of the first."""
    server.always(reply_by_text({"bad": error_reply(400), "good": Reply.completion("Hi", delay=0.1, **PRICED)}))
    requests = [row(f"g{number}", "good") for number in range(20)] + [row(f"b{number}", "bad") for number in range(5)]
    progress = run(run.input(requests), dedupe=True, concurrency=8)
    assert sorted(texts(server)) == ["bad", "good"]
    assert (progress.succeeded, progress.failed, progress.cost) == (20, 5, Decimal("0.01"))
    run.assert_once(line["custom_id"] for line in requests)
    first, *copies = run.succeeded()
    assert {line["opper"]["copied_from"] for line in copies} == {first["custom_id"]}
    assert {json.dumps(line["response"]) for line in copies} == {json.dumps(first["response"])}
    assert {line["opper"]["cost"] for line in copies} == {"0"}
    assert len({line["id"] for line in run.succeeded()}) == 20
    run(run.input([*requests, row("more", "good")]), dedupe=True)
    assert len(server.requests) == 2


def test_an_ordered_batch_of_equal_bodies_ends(run: Runner, server: LocalServer) -> None:
    """A row waits only for earlier ones, in threads that begin in any order too."""
    server.always(lambda request: Reply.completion("Hi", delay=len(server.requests) % 4 / 1000))
    requests = [row(f"r{number}", text=f"text {number // 8}") for number in range(800)]
    thread = Thread(target=run, args=(requests,), kwargs={"ordered": True, "dedupe": True}, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert [line["custom_id"] for line in run.succeeded()] == [f"r{number}" for number in range(800)]
    assert len(server.requests) == 100


@pytest.mark.parametrize("count", [1, 3])
def test_shards_have_each_row_once(run: Runner, server: LocalServer, count: int) -> None:
    """In outputs of their own."""
    found: list[str] = []
    for number in range(1, count + 1):
        output = run.folder / f"{number}.jsonl"
        progress = run(run.input(rows(60)), output=output, shard=(number, count))
        found += [line["custom_id"] for line in read(output)]
        assert progress.total == len(read(output)) > 60 // count // 3
    assert sorted(found) == sorted(f"r{number}" for number in range(60))


@define
class City:
    """An answer."""

    name: str
    people: int


SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}, "people": {"type": "integer"}},
          "required": ["name", "people"], "additionalProperties": False}  # fmt: skip


@pytest.mark.parametrize("response_format", [City, SCHEMA, {"type": "json_schema", "json_schema": {
    "name": "city", "schema": SCHEMA}}])  # fmt: skip
def test_answers_are_checked_against_a_type_or_a_schema(run: Runner, server: LocalServer, response_format: Any) -> None:
    """One that does not fit is a failure, with what was answered and what is wrong with it."""
    good = Reply.completion('```json\n{"name": "Oslo", "people": 700000}\n```')
    server.always(reply_by_text({
        "good": good, "bad": Reply.completion('{"name": "Oslo"}'), "text": Reply.completion("Oslo"),
        "cut": Reply.completion('{"name', finish_reason="length"),
    }))  # fmt: skip
    run([row("good"), row("bad"), row("text"), row("cut")], response_format=response_format)
    (line,) = run.succeeded()
    assert line["opper"]["parsed"] == {"name": "Oslo", "people": 700000}
    assert server.requests[0].body["response_format"]["type"] == "json_schema"
    lines = {line["custom_id"]: line for line in run.failed()}
    assert lines["bad"]["response"]["body"]["choices"][0]["message"]["content"] == '{"name": "Oslo"}'
    assert lines["bad"]["error"]["code"] == "InvalidCompletionError"
    assert "people" in lines["bad"]["opper"]["error"]["problems"][0]
    assert lines["bad"]["opper"]["tokens"]
    assert lines["text"]["error"]["code"] == "InvalidCompletionError"
    assert lines["cut"]["error"]["code"] == "LengthFinishReasonError"


def test_a_value_that_is_no_object_is_taken_out_of_its_wrapper(run: Runner, server: LocalServer) -> None:
    """As in `parse()`."""
    server.always(Reply.completion('{"value": ["a", "b"]}'))
    run([row("a")], response_format=list[Literal["a", "b"]])
    assert run.succeeded()[0]["opper"]["parsed"] == ["a", "b"]


def test_an_answer_that_does_not_fit_is_asked_for_again(run: Runner, server: LocalServer) -> None:
    """As often as `retries_on_invalid` says; the tokens of all requests count."""
    usage = {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11}
    server.reply(Reply.completion("no", usage=usage), Reply.completion('{"name": "a", "people": 1}', usage=usage))
    progress = run([row("a")], response_format=City, retries_on_invalid=1)
    assert (progress.succeeded, progress.prompt_tokens, len(server.requests)) == (1, 20, 2)
    assert run.succeeded()[0]["opper"]["attempts"] == 2


def test_templates_make_messages_of_columns(run: Runner, server: LocalServer) -> None:
    """Of the columns that they name, with the id of its own column; braces are doubled."""
    requests = [
        {"key": 7, "text": "Hé", "tags": ["a"], "unused": None}, {"key": "k", "text": "b", "tags": {}},
        {"key": "missing", "text": "c"}, {"key": "null", "text": None, "tags": []},
    ]  # fmt: skip
    template = [{"role": "system", "content": "{{}} {tags}"}, {"role": "user", "content": [
        {"type": "text", "text": "Translate: {text}"}]}]  # fmt: skip
    run(requests, template=template, id_column="key", defaults={"model": "m"}, ordered=True)
    assert [line["custom_id"] for line in run.succeeded()] == ["7", "k"]
    assert [line["custom_id"] for line in run.failed()] == ["missing", "null"]
    assert "column 'tags'" in run.failed()[0]["error"]["message"]
    assert "null" in run.failed()[1]["error"]["message"]
    assert [
        {"role": "system", "content": '{} ["a"]'},
        {"role": "user", "content": [{"type": "text", "text": "Translate: Hé"}]},
    ] in [request.body["messages"] for request in server.requests]


@pytest.mark.parametrize("template", ["no column", "{a!r}", "{a:>3}", "{}", "{a", "a}", [], {}, 3])
def test_templates_with_anything_but_columns_are_refused(run: Runner, template: Any, server: LocalServer) -> None:
    """Such as formats, which could make a text of any length."""
    with pytest.raises(InvalidArgumentError, match="template"):
        run([{"a": "x"}], template=template)
    assert server.requests == []


def test_files_can_be_compressed_csv_or_parquet(run: Runner, server: LocalServer) -> None:
    """With the rows of each numbered; a wrong number of values is a failure of the row."""
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    zipped = run.folder / "a.jsonl.gz"
    zipped.write_bytes(gzip.compress(b"\xef\xbb\xbf" + b"\n".join(json.dumps(line).encode() for line in rows(3))))
    assert run(zipped, output=run.folder / "1.jsonl").succeeded == 3
    table = run.folder / "b.csv"
    table.write_text('text,n\n"a, b\nc",1\nd,2\ne\nf,1,2\n', "utf-8")
    progress = run(table, output=run.folder / "2.jsonl", template="Say {text} {n}", ordered=True)
    assert (progress.succeeded, progress.failed) == (2, 2)
    assert [line["custom_id"] for line in read(run.folder / "2.jsonl")] == ["row-1", "row-2"]
    columns = run.folder / "c.parquet"
    parquet.write_table(arrow.table({"text": [f"p{n}" for n in range(300)], "custom_id": list(range(300))}), columns)
    assert run(columns, output=run.folder / "3.jsonl", template="Say {text}").succeeded == 300
    assert {"r0", "Say a, b\nc 1", "Say p299"} <= set(texts(server))


@pytest.mark.parametrize(("name", "content"), [
    ("a.jsonl.gz", gzip.compress(b'{"messages": []}\n' * 100, mtime=0)[:-10]),
    ("a.parquet", b"PAR1 but no more"), ("a.csv", b"a,b\n\xff\xfe,2\n"), ("a.csv", b'a,b\n"open,2\n'),
    ("a.csv", b"a,a\n1,2\n"), ("a.xlsx", b""), ("a", b""),
])  # fmt: skip
def test_files_that_cannot_be_read_are_refused_before_the_first_request(
    run: Runner, name: str, content: bytes, server: LocalServer
) -> None:
    """With the path in the error."""
    pytest.importorskip("pyarrow")
    path = run.folder / name
    path.write_bytes(content)
    with pytest.raises(InvalidArgumentError, match=name):
        run(path, template="{a}")
    assert server.requests == []


def test_requests_can_come_from_an_iterator(run: Runner, server: LocalServer) -> None:
    """It is read to its end first."""

    def produce() -> Iterator[object]:
        yield row("a")
        yield BatchRequest("b", {"messages": [{"role": "user", "content": "b"}]})
        assert server.requests == []

    progress = run(produce())
    assert (progress.total, progress.succeeded) == (2, 2)
    run.assert_once(["a", "b"])


@pytest.mark.parametrize("container", [list, iter])
def test_requests_are_rows_like_others(run: Runner, server: LocalServer, container: Any) -> None:
    """In a list and in an iterator: with the defaults, and without the template."""
    requests = [BatchRequest(row["custom_id"], row["body"]) for row in rows(2)]
    messages = requests[0].body["messages"]
    odd: Any = [
        BatchRequest("own", {"messages": messages, "model": "own"}), BatchRequest("", requests[0].body),
        BatchRequest("stream", {"messages": messages, "stream": True}), BatchRequest(3, requests[0].body),  # type: ignore[arg-type]
        BatchRequest("list", [1]), BatchRequest("empty", {}),  # type: ignore[arg-type]
    ]  # fmt: skip
    options: dict[str, Any] = {"defaults": {"model": "m"}, "template": "{text}", "ordered": True}
    run(container([*requests, *odd]), **options)
    assert [line["custom_id"] for line in run.succeeded()] == ["r0", "r1", "own"]
    assert {line["custom_id"] for line in run.failed()} == {"row-4", "stream", "row-6", "list", "empty"}
    assert sorted(request.body["model"] for request in server.requests) == ["m", "m", "own"]
    assert run(container([*requests, *odd]), **options).skipped == 8


def test_an_id_with_half_of_a_surrogate_pair_is_refused(run: Runner, server: LocalServer) -> None:
    """It could not be found again in the output, and would be paid twice."""
    request = BatchRequest("a\ud800", {"messages": [{"role": "user", "content": "Hi"}]})
    assert run([request]).failed == run([request]).skipped == 1
    assert not server.requests


def test_a_client_that_is_closed_is_no_failure_of_a_row(run: Runner, server: LocalServer) -> None:
    """While the batch runs, or before."""
    opper = Opper(api_key="key", base_url=server.base_url, max_retries=0)

    def close(progress: BatchProgress) -> None:
        if progress.finished == 3:
            opper.close()

    for _ in range(2):
        with pytest.raises(BatchError, match=r"The client was closed\."):
            run_batch(rows(30), client=opper, output=run.output, on_progress=close, progress_interval=0, concurrency=1)
    assert (len(run.succeeded()), run.failed()) == (3, [])
    assert run(rows(30)).skipped == 3
    run.assert_once(f"r{number}" for number in range(30))


def test_a_value_without_json_has_one_hash(run: Runner) -> None:
    """In each process, whatever its repr is. The row fails, and is done."""

    def odd() -> Any:
        return [row("a", value=object()), row("b", value={"x", "y"}), row("c", value=b"bytes")]

    first = run(odd())
    again = run(odd())
    assert (first.failed, again.skipped) == (3, 3)


def test_nan_is_not_sent_as_null(run: Runner, server: LocalServer) -> None:
    """Of a list, an iterator or a column. Bytes are no text either."""
    requests = [row("a", temperature=float("nan")), row("b", odd=[float("inf")])]
    assert run(requests, output=run.folder / "list.jsonl").failed == 2
    with pytest.raises(InvalidArgumentError, match="rows of JSON values"):
        run(iter(requests))
    assert run(iter([row("a", stop=None)])).succeeded == 1
    assert run(iter([row("b", stop=None, odd={date(2020, 1, 1): 1})])).succeeded == 1
    with pytest.raises(InvalidArgumentError, match="rows of JSON values"):
        run(iter([row("c", odd={date(2020, 1, 1): float("nan")})]))
    columns = [{"text": value} for value in (float("nan"), float("-inf"), b"bytes")]
    assert run(columns, template="{text}", output=run.folder / "columns.jsonl").failed == 3
    assert len(server.requests) == 2


@pytest.mark.parametrize("argument", ["output", "errors"])
def test_the_input_is_not_written_to(run: Runner, argument: str) -> None:
    """Whatever is in it."""
    for requests in ([], rows(1)):
        path = run.input(requests)
        before = path.read_bytes()
        with pytest.raises(InvalidArgumentError, match=f"^{argument}: expected another file than the input"):
            run(path, **{argument: path})
        assert path.read_bytes() == before


def test_integers_of_numpy_are_ids(run: Runner) -> None:
    """As those of Python are, of rows with columns."""
    numpy = pytest.importorskip("numpy")
    run([{"custom_id": numpy.int64(7), "text": "Hi"}], template="{text}")
    run.assert_once(["7"])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
@pytest.mark.parametrize("input_format", [None, "jsonl", "csv"])
def test_requests_can_come_from_a_pipe(run: Runner, server: LocalServer, input_format: Any) -> None:
    """Which can be read once, and compressed too."""
    path = run.folder / "pipe"
    os.mkfifo(path)
    lines = b"text\nHi\nHo\n" if input_format == "csv" else b'{"text": "Hi"}\n{"text": "Ho"}\n'
    writer = Thread(target=path.write_bytes, args=(gzip.compress(lines),))
    writer.start()
    run(path, input_format=input_format, template="{text}")
    writer.join()
    assert sorted(texts(server)) == ["Hi", "Ho"]
    run.assert_once(["row-1", "row-2"] if input_format == "csv" else ["line-1", "line-2"])


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["in.jsonl", "in.csv"])
def test_utf_16_is_refused(run: Runner, server: LocalServer, name: str, encoding: str) -> None:
    """As a file, and not as rows of which each fails."""
    (run.folder / name).write_bytes(("\ufeff" + json.dumps(row("a")) + "\n").encode(encoding))
    with pytest.raises(InvalidArgumentError, match=rf"a file in UTF-8, got '.*{name}' in UTF-16"):
        run(run.folder / name)
    assert not server.requests


def test_progress_is_told(run: Runner) -> None:
    """With each row if no interval is set, and at the end; the counts never fall."""
    states: list[BatchProgress] = []
    progress = run(run.input(rows(10)), on_progress=states.append, progress_interval=0, concurrency=3)
    assert len(states) >= 11  # more if a row takes longer than the waits between two looks
    assert [state.finished for state in states] == sorted(state.finished for state in states)
    assert {state.total for state in states} == {10}
    assert states[-1][:8] == progress[:8]
    assert progress.rows_per_second > 0
    assert progress.seconds_left == 0


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("is_waiting", [False, True], ids=["after a row", "while no row ends"])
def test_what_the_callback_raises_ends_a_batch(
    run: Runner, server: LocalServer, caplog: pytest.LogCaptureFixture, error: type[BaseException], *, is_waiting: bool
) -> None:
    """Rows in flight are written before, since they are paid."""
    server.always(Reply.completion("Hi", delay=0.6 if is_waiting else 0.0))
    raised: list[BatchProgress] = []

    def notify(progress: BatchProgress) -> None:
        if raised or (not progress.finished if is_waiting else progress.finished >= 3):
            raised.append(progress)
            raise error

    with pytest.raises(error):
        run(rows(50), on_progress=notify, progress_interval=0, concurrency=2)
    assert len(raised) == 1
    signal.signal(signal.SIGINT, signal.default_int_handler)  # that of asyncio, which can be left, has the task
    gc.collect()
    assert "never retrieved" not in caplog.text
    if error is not KeyboardInterrupt:  # which stops an event loop at once
        assert len(run.succeeded()) == len(server.requests) <= 6
    server.always(None)
    assert run(rows(50)).succeeded >= 40
    run.assert_once(f"r{number}" for number in range(50))


def test_progress_comes_while_no_row_ends(run: Runner, server: LocalServer) -> None:
    """So that a program can show that it waits."""
    server.always(Reply.completion("Hi", delay=0.8))
    states: list[BatchProgress] = []
    run(run.input(rows(1)), on_progress=states.append, progress_interval=0.2)
    assert [state.in_flight for state in states[:3]] == [1, 1, 1]
    assert (states[-1].in_flight, states[-1].finished) == (0, 1)


@pytest.mark.parametrize(("option", "value"), [
    ("concurrency", 0), ("concurrency", 1.5), ("shard", (0, 2)), ("shard", (3, 2)), ("shard", "1/2"),
    ("max_cost", 0), ("max_cost", "much"), ("max_cost", True), ("price", 3), ("price", (1,)), ("price", (1, -1)),
    ("max_errors", -1), ("max_errors", 1.0), ("max_errors", "5%"), ("tokens_per_minute", 0),
    ("max_consecutive_errors", 0),
    ("on_progress", 3), ("progress_interval", -1), ("defaults", {"stream": True}), ("defaults", {"messages": []}),
    ("defaults", 3), ("ordered", 1), ("dedupe", 1), ("retry_errors", 1), ("strict", 1), ("response_format", 3),
    ("response_format", {"type": "object", "properties": 3}), ("response_format", {"type": "json_object"}),
    ("response_format", {"type": "json_schema"}), ("id_column", 3), ("output", ""), ("output", "-"),
    ("output", "a.jsonl.gz"), ("errors", 3), ("retries_on_invalid", -1), ("client", 3),
])  # fmt: skip
def test_a_wrong_option_is_named(tmp_path: Path, option: str, value: object) -> None:
    """And nothing is made."""
    options: Any = {"output": tmp_path / "out.jsonl", option: value}

    async def main() -> None:
        with pytest.raises(InvalidArgumentError, match=option):
            await async_run_batch([row("a")], **options)

    anyio.run(main)
    assert list(tmp_path.iterdir()) == []


def test_unknown_options_and_files_are_refused(run: Runner) -> None:
    """With a name that is near."""
    with pytest.raises(UnknownArgumentError, match="Did you mean 'max_cost'"):
        run([row("a")], max_costs=1)
    with pytest.raises(InvalidArgumentError, match="errors"):
        run([row("a")], errors=run.output)
    with pytest.raises(FileNotFoundError):
        run(run.folder / "none.jsonl", output=run.folder / "new.jsonl")
    assert not (run.folder / "new.jsonl").exists()
    for requests in (3, b"x", {"a": 1}):
        with pytest.raises(InvalidArgumentError, match="requests"):
            run(requests)


def test_a_key_that_the_server_repeats_is_not_written(run: Runner, server: LocalServer) -> None:
    """Neither from an error of JSON nor from one of text."""
    key = "op-secret-key-1234567890"
    server.always(reply_by_text({
        "json": error_reply(400, f"Bad key {key}."), "text": Reply(400, {}, f"Bad key {key}.".encode()),
    }))  # fmt: skip
    run([row("json"), row("text")], client={"api_key": key})
    assert len(run.failed()) == 2
    assert key not in run.errors.read_text("utf-8")


def test_batches_run_under_trio(tmp_path: Path, server: LocalServer) -> None:
    """The same files, in order."""

    async def main() -> BatchProgress:
        async with AsyncOpper(api_key="key", base_url=server.base_url) as client:
            return await async_run_batch(
                rows(30), output=tmp_path / "out.jsonl", client=client, concurrency=4, ordered=True, dedupe=True
            )

    assert anyio.run(main, backend="trio").succeeded == 30
    assert [line["custom_id"] for line in read(tmp_path / "out.jsonl")] == [f"r{number}" for number in range(30)]


def test_odd_rows_and_responses_are_written(run: Runner, server: LocalServer) -> None:
    """Half of a surrogate pair, names that are numbers, nesting, cycles, and integers of any length."""
    deep: Any = []
    for _ in range(10_000):
        deep = [deep]
    cycle: list[Any] = []
    cycle.append(cycle)
    big = b'{"id": "c", "object": "chat.completion", "created": 1, "model": "\\ud800", "choices": [], "big": %d}'
    server.always(reply_by_text({"big": Reply(200, {"content-type": "application/json"}, big % 10**40)}))
    requests = [
        row("big"), row("\ud800"), row("text", "\ud800"), row("keys", metadata={1: "a", "b": 2}), row("deep", x=deep),
        row("cycle", x=cycle), row("nan", x=float("nan")), row("bytes", x=b"x"),
    ]  # fmt: skip
    progress = run(requests)
    assert progress.finished == 8
    (line,) = [line for line in run.succeeded() if line["custom_id"] == "big"]
    assert float(line["response"]["body"]["big"]) == 1e40
    assert run(requests).skipped == 8
    run.assert_once(["big", "row-2", "text", "keys", "deep", "cycle", "nan", "bytes"])


def test_an_input_that_changes_meanwhile_is_an_error(run: Runner, server: LocalServer) -> None:
    """After the rows that were checked. A row that is repeated meanwhile is not sent twice."""
    path = run.input(rows(5))

    def reply(_: ReceivedRequest) -> Reply:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row("r0")) + "\n" + json.dumps(row("new")) + "\n")
        server.always(None)
        return Reply.completion("Hi")

    server.always(reply)
    with pytest.raises(BatchInputError, match="'new'"):
        run(path, concurrency=1)
    run.assert_once(f"r{number}" for number in range(5))


def test_a_failure_of_a_deduplicated_batch_ends_it(run: Runner, server: LocalServer) -> None:
    """Though rows wait for the result of another one, which is not written."""
    refused = Reply.json({"error": {"message": "Bad key."}}, status=401, delay=0.5)
    server.always(reply_by_text({"first": refused}))
    requests = [row("first"), *(row(f"same{number}", "same") for number in range(6))]
    with pytest.raises(AuthenticationError):
        run(requests, dedupe=True, ordered=True, concurrency=4)


def test_without_a_key_nothing_is_made(tmp_path: Path) -> None:
    """Neither the output nor the errors file."""
    with pytest.raises(MissingKeyError):
        anyio.run(lambda: async_run_batch(rows(1), output=tmp_path / "out.jsonl"))
    assert list(tmp_path.iterdir()) == []


def test_values_of_columns_are_texts(run: Runner, server: LocalServer) -> None:
    """Numbers of other libraries and dates too."""
    columns = {"a": Decimal("1.5"), "b": date(2026, 1, 2), "c": True, "d": 3}
    run([columns], template="{a} {b} {c} {d}")
    assert texts(server) == ["1.5 2026-01-02 true 3"]


FULL_DISK = """
import resource, signal, sys
from opper_chat.batch import run_batch
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    run_batch(sys.argv[1], output=sys.argv[2], concurrency=4)
except OSError as error:
    print(error.strerror)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such limit")
def test_a_full_disk_leaves_whole_lines(tmp_path: Path, server: LocalServer) -> None:
    """The error is the system's, and the next run goes on."""
    run = Runner("sync", tmp_path, server.base_url)
    path = run.input(rows(100))
    command = [sys.executable, "-c", FULL_DISK, str(path), str(run.output)]
    environment = {**os.environ, "OPPER_API_KEY": "key", "OPPER_BASE_URL": server.base_url}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "File too large", done.stderr
    assert 0 < len(run.succeeded()) < 100
    run(path)
    run.assert_once(f"r{number}" for number in range(100))


TORN_LINE = """
import fcntl, os, resource
from pathlib import Path
from opper_chat.batch._journal.append_file import AppendFile

handle = os.memfd_create("full", os.MFD_ALLOW_SEALING)
fcntl.fcntl(handle, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)  # so that what was written of a line cannot be removed
file = AppendFile(Path(f"/proc/self/fd/{handle}"))
file.append(b"first\\n")
for limit in (10, 1000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    try:
        file.append(b"second\\n")
    except OSError as error:
        print(type(error).__name__)
print(os.pread(handle, 100, 0).decode())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="sealed files are of Linux")
def test_nothing_follows_a_torn_line() -> None:
    """If what was written of a line cannot be removed: the next line would be part of it, and the file of no use."""
    done = subprocess.run([sys.executable, "-c", TORN_LINE], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "OSError\nPermissionError\nfirst\nseco\n", done.stderr

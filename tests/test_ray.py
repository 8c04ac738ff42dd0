"""`opper_chat.ray` without Ray: the class in plain Python, limits, secrets, and rows that are finished."""

import asyncio
import copy
import json
import logging
import pickle
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from batch_runs import PRICED, Runner, error_reply, reply_by_text, rows
from opper_chat import AuthenticationError, InvalidArgumentError, MissingKeyError
from opper_chat.batch import BatchFileError, BatchRequest, UnknownCostError
from opper_chat.ray import ChatCompletions, FinishedRows, SharedLimits, read_finished_rows, run_on_ray
from opper_chat.ray._finished_rows import read_output
from opper_chat.ray._workers import BatchWorker
from opper_chat.testing import LocalServer, Reply
from test_readme import ROOT, blocks

KEY = "sk-" + "sesame" * 3
RESULT_COLUMNS = ChatCompletions.schema().names


@pytest.fixture(autouse=True)
def _environment(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker's environment."""
    monkeypatch.setenv("OPPER_API_KEY", KEY)


def send(batch: Any, **options: Any) -> Any:
    """Send a batch by a worker of its own."""

    async def run() -> Any:
        async with ChatCompletions(**{"template": "{text}", "max_retries": 0, **options}) as completions:
            return await completions(batch)

    return asyncio.run(run())


def columns(*names: str) -> dict[str, list[str]]:
    """A batch of rows whose texts are their ids."""
    return {"custom_id": [*names], "text": [*names]}


# --- Columns in, columns out -------------------------------------------------------------------


def test_lists_come_back_as_lists(server: LocalServer) -> None:
    """With a completion or an error for each row, in order."""
    server.always(reply_by_text({"b": error_reply(400, "Poison."), "c": Reply.completion("Hi", delay=0.2, **PRICED)}))
    found = send(columns("c", "b", "a"))
    assert [*found] == RESULT_COLUMNS
    assert found["custom_id"] == ["c", "b", "a"]
    assert found["text"] == ["Hi", None, "a"]
    assert found["status"] == [200, 400, 200]
    assert found["attempts"] == [1, 1, 1]
    assert found["finish_reason"] == ["stop", None, "stop"]
    assert found["cost"] == [0.01, None, None]
    assert json.loads(found["completion"][2])["choices"][0]["message"]["content"] == "a"
    assert found["error"][0] is found["error"][2] is None
    error = found["error"][1]
    assert (error["type"], error["problems"]) == ("BadRequestError", None)
    assert "Poison." in error["message"]
    assert json.loads(error["body"])["error"]["message"] == "Poison."


@pytest.mark.parametrize("kind", ["table", "numpy"])
def test_tables_come_back_as_tables(kind: str, server: LocalServer) -> None:
    """Of pyarrow, also for arrays of NumPy."""
    server.always(reply_by_text({}))
    batch: Any = {"custom_id": np.array([7, 8]), "text": np.array(["a", "b"], object), "n": np.array([1.5, 2.5])}
    if kind == "table":
        batch = pa.table(batch)
    found = send(batch, keep=["n"])
    assert isinstance(found, pa.Table)
    assert found.column_names == ["n", *RESULT_COLUMNS]
    assert found.select(RESULT_COLUMNS).schema.equals(ChatCompletions.schema())
    assert found["custom_id"].to_pylist() == ["7", "8"]
    assert found["text"].to_pylist() == ["a", "b"]
    assert found["n"].to_pylist() == [1.5, 2.5]


def test_types_do_not_depend_on_the_results(server: LocalServer, tmp_path: Path) -> None:
    """So that files of batches without errors, and of batches with nothing else, are one data set."""
    server.always(reply_by_text({"bad": error_reply(400)}))
    for number, name in enumerate(["good", "bad"]):
        table = send(pa.table(columns(name)))
        assert table.schema.equals(ChatCompletions.schema())
        pq.write_table(table, tmp_path / f"{number}.parquet")
    assert pq.read_table(tmp_path).schema.equals(ChatCompletions.schema())
    assert send(pa.table(columns()).cast(pa.schema([("custom_id", pa.string()), ("text", pa.string())]))).num_rows == 0


def test_a_kept_column_has_its_type(server: LocalServer) -> None:
    """Also if all its values are null."""
    batch = pa.table({"custom_id": ["a"], "text": ["a"], "n": pa.array([None], pa.int8())})
    assert send(batch, keep=["n"]).schema.field("n").type == pa.int8()


def test_values_are_checked(server: LocalServer) -> None:
    """A completion that does not fit has its text, its problems, and no value."""
    server.always(reply_by_text({"good": Reply.completion('{"value": 3}'), "bad": Reply.completion('{"value": "x"}')}))
    found = send(columns("good", "bad"), response_format=int)
    assert found["parsed"] == ["3", None]
    assert found["text"] == ['{"value": 3}', '{"value": "x"}']
    assert found["error"][1]["type"] == "InvalidCompletionError"
    assert found["error"][1]["problems"]
    pa.Table.from_pydict(found, schema=ChatCompletions.schema())


def test_bodies_are_columns(server: LocalServer) -> None:
    """As JSON texts or nested columns, whose nulls Arrow has added; other columns are not sent."""
    messages = [{"role": "user", "content": "Hi", "name": None}]
    found = send(
        pa.table(
            {
                "custom_id": ["a", "b", "c", "d"],
                "body": [json.dumps({"messages": [{"role": "user", "content": "Hi"}], "top_k": 3}), None, "{", None],
                "messages": pa.array([None, messages, None, None]),
                "other": [1, 2, 3, 4],
            }
        ),
        template=None,
        defaults={"model": "m"},
        concurrency=1,
    )
    assert found["status"].to_pylist() == [200, 200, None, None]
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": False}
    assert [request.body for request in server.requests] == [{**body, "top_k": 3}, body]
    assert [error["type"] for error in found["error"].to_pylist()[2:]] == ["InvalidArgumentError"] * 2


def test_rows_that_cannot_be_sent_are_failures(server: LocalServer) -> None:
    """Without an id, with an id that is none, or with nothing for the template."""
    found = send({"custom_id": [None, "", 1.5, "d"], "text": ["a", "b", "c", None]})
    assert found["custom_id"] == [None, None, None, "d"]
    assert [error["type"] for error in found["error"]] == ["InvalidArgumentError"] * 4
    assert found["attempts"] == [0] * 4
    assert not server.requests


def test_texts_that_arrow_cannot_have_are_replaced(server: LocalServer) -> None:
    """Halves of surrogate pairs."""
    message = {"role": "assistant", "content": "\ud800 Hi"}
    choice = {"index": 0, "finish_reason": "\ud800", "message": message}
    completion = {"id": "1", "object": "chat.completion", "created": 1, "model": "\ud800", "choices": [choice]}
    content = json.dumps(completion).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(content)
    server.always(Reply.raw([head + content]))
    assert send(pa.table(columns("a")))["text"].to_pylist() == ["\ufffd Hi"]


def test_calls_at_a_time_are_bounded_over_all_batches(server: LocalServer) -> None:
    """An engine gives a worker several batches at once."""
    times: list[float] = []

    def reply(_: Any) -> Reply:
        times.append(time.monotonic())
        return Reply.completion("Hi", delay=0.1)

    async def run() -> None:
        async with ChatCompletions(template="{text}", concurrency=3) as completions:
            await asyncio.gather(*[completions(columns(*"abcd")) for _ in range(4)])

    server.always(reply)
    asyncio.run(run())
    assert len(times) == 16
    # A call takes more than 0.09 seconds, so of four that begin within them, not one has ended.
    assert all(later - earlier > 0.09 for earlier, later in zip(times, times[3:], strict=False))


def test_a_worker_is_used_in_several_event_loops(server: LocalServer) -> None:
    """And sends one row as well."""
    server.always(reply_by_text({}))
    completions = ChatCompletions(template="{text}")
    for name in "ab":
        assert asyncio.run(completions.complete({"custom_id": name, "text": name}))["text"] == name
    asyncio.run(completions.aclose())


# --- Keys --------------------------------------------------------------------------------------


def test_a_wrong_key_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends the job."""
    monkeypatch.setenv("OPPER_API_KEY", "bad-key")
    with pytest.raises(AuthenticationError):
        send(columns("a", "b"))


def test_a_missing_key_is_raised(monkeypatch: pytest.MonkeyPatch, server: LocalServer) -> None:
    """By the first batch and not before: a worker can be created where there is no key."""
    monkeypatch.delenv("OPPER_API_KEY")
    with pytest.raises(MissingKeyError):
        send(columns("a"))
    assert not server.requests


def test_a_key_from_a_file(tmp_path: Path, server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read again for each batch."""
    monkeypatch.delenv("OPPER_API_KEY")
    path = tmp_path / "key"
    path.write_text(f"{KEY}\n")

    async def run() -> None:
        async with ChatCompletions(template="{text}", key_file=path, max_retries=0) as completions:
            assert (await completions(columns("a")))["status"] == [200]
            path.write_text("bad-key")
            with pytest.raises(AuthenticationError):
                await completions(columns("a"))
            path.write_text("two words")
            with pytest.raises(InvalidArgumentError, match="key_file"):
                await completions(columns("a"))
            path.unlink()
            with pytest.raises(FileNotFoundError):
                await completions(columns("a"))

    asyncio.run(run())


def test_a_key_from_a_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """Async or not. What it raises is raised, and a value that is no key too."""
    monkeypatch.delenv("OPPER_API_KEY")

    async def key() -> str:
        return KEY

    for source in (lambda: KEY, key):
        assert send(columns("a"), api_key=source)["status"] == [200]
    with pytest.raises(ZeroDivisionError):
        send(columns("a"), api_key=lambda: str(1 / 0))
    with pytest.raises(InvalidArgumentError, match="api_key"):
        send(columns("a"), api_key=lambda: "two words")


SECRETS = {
    "api_key": KEY,
    "default_headers": {"X-Api-Key": KEY},
    "default_query": {"access_token": KEY},
    "token": KEY,
}


@pytest.mark.parametrize("argument", SECRETS)
def test_secrets_are_refused(argument: str) -> None:
    """Neither the error nor its traceback has the value."""
    with pytest.raises(InvalidArgumentError, match=argument) as raised:
        ChatCompletions(**{argument: SECRETS[argument]})
    assert KEY not in str(raised.value)
    frame = raised.tb.tb_next
    while frame is not None:
        assert KEY not in repr(frame.tb_frame.f_locals)
        frame = frame.tb_next


def test_a_pickle_has_no_key(server: LocalServer) -> None:
    """Also of a worker that has sent rows. The copy has the key of its own environment."""
    server.always(reply_by_text({}))
    completions = ChatCompletions(template="{text}", default_headers={"X-Team": "blue"})
    asyncio.run(completions(columns("a")))
    content = pickle.dumps(completions)
    asyncio.run(completions.aclose())
    assert KEY.encode() not in content
    assert len(content) < 500
    for other in (pickle.loads(content), copy.deepcopy(completions)):
        assert asyncio.run(other(columns("b")))["text"] == ["b"]
        asyncio.run(other.aclose())
    assert server.requests[-1].headers["x-team"] == "blue"


def test_no_key_in_logs(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """At any level, nor in the repr."""
    caplog.set_level(logging.DEBUG)
    send(columns("a"))
    assert KEY not in caplog.text
    assert KEY not in repr(ChatCompletions())


# --- Wrong arguments ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"concurency": 3}, "Did you mean 'concurrency'"),
        ({"concurrency": 0}, "concurrency"),
        ({"keep": "n"}, "keep"),
        ({"keep": ["text"]}, "Rename the column"),
        ({"limits": 3}, "limits"),
        ({"key_file": 3}, "key_file"),
        ({"key_file": "k", "api_key": str}, "key_file"),
        ({"max_retries": -1}, "max_retries"),
        ({"template": "no column"}, "template"),
        ({"base_url": "ftp://a"}, "base_url"),
        ({"max_cost": 3}, "max_cost"),
    ],
)
def test_wrong_arguments_are_refused(options: dict[str, Any], named: str) -> None:
    """When the worker is created."""
    with pytest.raises(InvalidArgumentError, match=named):
        ChatCompletions(**options)


@pytest.mark.parametrize(
    ("batch", "options", "named"),
    [
        ({"id": ["a"], "text": ["a"]}, {}, "id_column: expected one of the columns 'id', 'text', got 'custom_id'"),
        (columns("a"), {"keep": ["n"]}, "keep"),
        ({"custom_id": ["a"], "text": []}, {}, "same length"),
        ([1], {}, "batch"),
        ({"custom_id": np.zeros((2, 2)), "text": np.zeros(2)}, {}, "batch_format='pyarrow'"),
    ],
)
def test_wrong_batches_are_raised(batch: Any, options: dict[str, Any], named: str, server: LocalServer) -> None:
    """They are mistakes of the program, and end the job."""
    with pytest.raises(InvalidArgumentError, match=named):
        send(batch, **options)
    assert not server.requests


# --- Limits ------------------------------------------------------------------------------------


def test_the_cost_of_all_workers_is_limited(server: LocalServer) -> None:
    """Rows that were not sent are left out, and no worker sends more."""
    server.always(Reply.completion("Hi", **PRICED))
    limits = SharedLimits(max_cost="0.20")

    async def run() -> list[int]:
        async with (
            ChatCompletions(template="{text}", limits=limits) as one,
            ChatCompletions(template="{text}", limits=limits) as other,
        ):
            names = [f"r{number}" for number in range(16)]
            found = await asyncio.gather(*[worker(columns(*names)) for worker in (one, other) for _ in range(2)])
            return [len(batch["custom_id"]) for batch in found]

    counts = asyncio.run(run())
    assert sum(counts) == len(server.requests) == 20
    progress = limits.progress()
    assert (progress.succeeded, progress.cost, progress.stopped, progress.in_flight) == (
        20, Decimal("0.20"), "max_cost", 0,
    )  # fmt: skip


def test_errors_of_all_workers_are_limited(server: LocalServer) -> None:
    """No further batch is sent."""
    server.always(error_reply(500))
    limits = SharedLimits(max_errors=3)
    assert len(send(columns(*"abcd"), limits=limits)["custom_id"]) == 4
    assert send(columns(*"efgh"), limits=limits)["custom_id"] == []
    assert (limits.progress().failed, limits.progress().stopped, limits.progress().limit) == (4, "max_errors", 3)
    limits = SharedLimits(max_errors=9, max_consecutive_errors=2)
    send(columns(*"abcd"), limits=limits)
    assert (limits.progress().stopped, limits.progress().limit) == ("max_consecutive_errors", 2)


def test_a_cost_that_is_not_known_is_raised() -> None:
    """If there is a maximum cost and no price."""
    with pytest.raises(UnknownCostError):
        send(columns("a"), limits=SharedLimits(max_cost=1))
    assert SharedLimits().reserve(3) == 3


@pytest.mark.parametrize("error", [UnknownCostError, AuthenticationError])
def test_paid_rows_are_written_before_a_job_ends(error: type[Exception], tmp_path: Path, server: LocalServer) -> None:
    """What a worker has received is in the output if the cost is not known, or if the key is refused by then."""
    if error is AuthenticationError:
        server.reply(*[Reply.completion("Hi", **PRICED)] * 8, error_reply(401))
    limits = SharedLimits(max_cost=5, spent=Decimal("0.01"), paid=1)

    async def work(table: pa.Table) -> None:
        async with BatchWorker(folder=tmp_path, limits=limits, concurrency=1) as worker:
            await worker(table)

    requests = [BatchRequest(f"r{n}", {"messages": [{"role": "user", "content": "Hi"}]}) for n in range(10)]
    table = pa.table({"custom_id": [r.custom_id for r in requests], "request": [*map(pickle.dumps, requests)]})
    with pytest.raises(error):
        asyncio.run(work(table))
    assert len(read_finished_rows(tmp_path)) == (10 if error is UnknownCostError else 8)


def test_a_cost_that_is_no_number_counts_as_unknown(tmp_path: Path) -> None:
    """As pandas writes it where a cost is missing."""
    pq.write_table(pa.table({"custom_id": ["a", "b"], "cost": [float("nan"), 0.5]}), tmp_path / "a.parquet")
    line = {"custom_id": "c", "opper": {"cost": "NaN"}}
    (tmp_path / "b.jsonl").write_text(json.dumps(line) + "\n")
    assert sum(found.cost for found in read_output(tmp_path)) == Decimal("0.5")


def test_a_price_makes_the_cost(server: LocalServer) -> None:
    """Of the tokens that the server sends."""
    usage = {"prompt_tokens": 1_000_000, "completion_tokens": 500_000, "total_tokens": 1_500_000}
    server.always(Reply.completion("Hi", usage=usage))
    limits = SharedLimits(max_cost=10)
    found = send(columns("a"), limits=limits, price=(1, 2))
    assert (found["cost"], found["prompt_tokens"], found["completion_tokens"]) == ([2.0], [1_000_000], [500_000])
    assert limits.progress().cost == 2


def test_reserved_rows_of_a_dead_worker_count() -> None:
    """At the mean cost, so that they do not raise the cost above the maximum."""
    limits = SharedLimits(max_cost=10, spent=Decimal(5), paid=5)
    assert limits.reserve(3) == 3  # its worker dies
    assert limits.reserve(9) == 2
    assert limits.reserve(1) == 0
    assert limits.progress().stopped == "max_cost"


# --- Rows that are finished --------------------------------------------------------------------


def test_rows_of_an_output_are_left_out(tmp_path: Path, server: LocalServer) -> None:
    """Those of files that a dead worker left unfinished are not."""
    server.always(reply_by_text({"bad": error_reply(400)}))
    pq.write_table(send(pa.table(columns("a", "bad"))), tmp_path / "1.parquet")
    (tmp_path / "2.parquet").write_bytes((tmp_path / "1.parquet").read_bytes()[:-9])
    (tmp_path / "_3.parquet").write_bytes(b"PAR1")
    (tmp_path / "notes.txt").write_text("a")
    finished = read_finished_rows(tmp_path, id_column="id")
    assert len(finished) == 2
    assert "a" in finished
    assert "b" not in finished
    assert finished({"id": ["a", "b", "bad", None]}) == {"id": ["b", None]}
    assert len(read_finished_rows(f"file://{tmp_path}")) == 2
    table = pickle.loads(pickle.dumps(finished))(pa.table({"id": ["a", "b"], "n": [1, 2]}))
    assert table.to_pydict() == {"id": ["b"], "n": [2]}
    with pytest.raises(InvalidArgumentError, match="id_column"):
        finished({"custom_id": ["a"]})


def test_integers_are_ids(tmp_path: Path, server: LocalServer) -> None:
    """They are texts in the output."""
    pq.write_table(send(pa.table({"id": [1], "text": ["a"]}), id_column="id"), tmp_path / "1.parquet")
    finished = read_finished_rows(str(tmp_path), id_column="id")
    assert finished(pa.table({"id": [1, 2]})).to_pydict() == {"id": [2]}


def test_files_of_a_batch_are_an_output(tmp_path: Path, server: LocalServer) -> None:
    """Of JSON lines. A line that is not whole is not finished."""
    server.always(reply_by_text({"r1": error_reply(400)}))
    Runner("sync", tmp_path, server.base_url)(rows(3))
    with (tmp_path / "out.jsonl").open("ab") as file:
        file.write(b'{"id":"batch_req_1","custom_id":"torn","op')
    assert [name in read_finished_rows(tmp_path) for name in ("r0", "r1", "r2", "torn")] == [True, True, True, False]
    assert "r1" not in read_finished_rows(tmp_path / "out.jsonl")


def test_an_output_that_is_none(tmp_path: Path) -> None:
    """No folder has no rows, and other files are an error."""
    assert len(read_finished_rows(tmp_path / "none")) == 0
    assert len(FinishedRows()) == 0
    pq.write_table(pa.table({"n": [1]}), tmp_path / "1.parquet")
    with pytest.raises(BatchFileError, match="custom_id"):
        read_finished_rows(tmp_path)
    with pytest.raises(InvalidArgumentError, match="output"):
        read_finished_rows(3)  # type: ignore[arg-type]


# --- The package -------------------------------------------------------------------------------


def test_nothing_is_imported_for_lists() -> None:
    """Neither Ray nor pyarrow nor NumPy, on the way to a result."""
    code = (
        "import asyncio, sys\nfrom opper_chat.ray import ChatCompletions, SharedLimits\n"
        "async def main():\n    async with ChatCompletions(template='{text}', limits=SharedLimits()) as completions:\n"
        "        print(await completions({'custom_id': ['a'], 'text': ['a']}))\n"
        "asyncio.run(main())\nprint([name for name in ('ray', 'pyarrow', 'numpy', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "[]"


def test_run_on_ray_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If Ray is not installed."""
    monkeypatch.setitem(sys.modules, "ray", None)  # such an import is an ImportError
    (tmp_path / "in.jsonl").write_text(json.dumps(rows(1)[0]) + "\n")
    with pytest.raises(ImportError, match=r"pip install 'opper-chat\[ray\]'"):
        run_on_ray(tmp_path / "in.jsonl", output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"output": ""}, "output: expected a path"),
        ({"output": 3}, "output: expected a path"),
        ({"requests": "-"}, "requests: expected a path"),
        ({"actors": 0}, "actors"),
        ({"concurrency": 0}, "concurrency"),
        ({"rows_per_file": True}, "rows_per_file"),
        ({"num_cpus": -1}, "num_cpus"),
        ({"max_cost": 0}, "max_cost"),
        ({"max_errors": 1.5}, "max_errors"),
        ({"max_consecutive_errors": 0}, "max_consecutive_errors"),
        ({"on_progress": 3}, "on_progress"),
        ({"limits": SharedLimits()}, "limits"),
        ({"template": "no column"}, "template"),
        ({"api_key": KEY}, "api_key: expected a function"),
        ({"default_headers": {"Authorization": KEY}}, "Authorization"),
    ],
)
def test_wrong_arguments_of_run_on_ray_are_refused(options: dict[str, Any], named: str, tmp_path: Path) -> None:
    """Before Ray is imported. No error has a key."""
    given: dict[str, Any] = {"requests": tmp_path / "in.jsonl", "output": tmp_path / "out", **options}
    with pytest.raises(InvalidArgumentError, match=named) as raised:
        run_on_ray(given.pop("requests"), **given)
    assert KEY not in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_the_recipe_for_plain_python_runs(server: LocalServer) -> None:
    """That of the page."""
    (recipe,) = [block for block in blocks(ROOT / "docs" / "ray.md") if "asyncio.run(" in block]
    done = subprocess.run([sys.executable, "-W", "error", "-c", recipe], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert server.requests
    assert done.stdout.strip()

"""What a model is told of the results of tools, and what the developer is told of those that cannot be shown."""

import asyncio
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import json
import logging
import os
import pathlib
import pickle
import re
import subprocess
import sys
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Annotated, Any, NamedTuple, TypedDict

import attrs
import msgspec
import numpy
import pydantic
import pytest
from opper_chat import (
    AsyncOpper,
    InvalidArgumentError,
    ToolError,
    ToolFailedError,
    ToolResultError,
    ToolRun,
    tool,
    tool_result,
)
from opper_chat.testing import LocalServer
from tool_runs import WAYS, Way, call, gathered, play, roles, told


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return Way(request.param)


class Status(str, enum.Enum):  # noqa: UP042  # whose str() is its name since Python 3.11
    OPEN = "open"


class Level(enum.IntEnum):
    HIGH = 3


class Colour(enum.Enum):
    RED = (255, 0, 0)
    NAMED = Status.OPEN


class SafeText(str):  # noqa: SLOT000
    """As Django's and Jinja's."""


class Ratio(float):
    pass


class Host:
    """Has a text, and no other form."""

    def __str__(self) -> str:
        return "host-1"


class Stamp(datetime.datetime):
    pass


@dataclasses.dataclass
class Reading:
    value: object
    place: Host | str | None = None


@attrs.define
class Kept:
    status: Status
    values: object = None


class Row(msgspec.Struct, rename="camel"):
    row_id: uuid.UUID
    values: Any = None


class Record(pydantic.BaseModel):
    status: Status = Status.OPEN
    values: Any = None


class Pair(NamedTuple):
    one: object
    other: object


class Named(TypedDict):
    host: str


def squares() -> Iterator[int]:
    yield from (1, 4, 9)


FORMS: list[tuple[object, str]] = [
    (Status.OPEN, "open"), (Level.HIGH, "3"), (Colour.RED, "[255,0,0]"), (Colour.NAMED, "open"),
    ({"status": Status.OPEN}, '{"status":"open"}'), ({Status.OPEN: [Colour.NAMED]}, '{"open":["open"]}'),
    (SafeText("<b>"), "<b>"), ({SafeText("a"): SafeText("b")}, '{"a":"b"}'), (Ratio(0.5), "0.5"),
    (numpy.float64(12.5), "12.5"), (numpy.float32(0.5), "0.5"), (numpy.int64(7), "7"), (numpy.bool_(True), "true"),
    (numpy.str_("x"), "x"), (numpy.array([[1, 2], [3, 4]]), "[[1,2],[3,4]]"), (numpy.array(5), "5"),
    (numpy.datetime64("2026-01-02T03:04:05.000000006"), "2026-01-02T03:04:05.000000006"),
    ({"n": numpy.float64(1.5), "a": [numpy.int8(1)]}, '{"n":1.5,"a":[1]}'),
    (pathlib.PurePosixPath("/tmp/a"), "/tmp/a"), ([pathlib.PurePosixPath("a")], '["a"]'),
    (collections.deque([1, 2]), "[1,2]"), (squares(), "[1,4,9]"), ({"s": squares()}, '{"s":[1,4,9]}'),
    (range(3), "[0,1,2]"), ({"a": 1}.keys(), '["a"]'), ({"a": 1}.values(), "[1]"), ({"a": 1}.items(), '[["a",1]]'),
    (frozenset({1}), "[1]"), (map(str, [1]), '["1"]'), (Pair(1, Status.OPEN), '[1,"open"]'),
    (collections.OrderedDict(a=1), '{"a":1}'), (collections.Counter("aa"), '{"a":2}'),
    ({1: 2, None: 3, 1.5: 5}, '{"1":2,"null":3,"1.5":5}'), ({True: 1}, '{"true":1}'),
    ({datetime.date(2026, 1, 2): 1}, '{"2026-01-02":1}'),
    (datetime.datetime(2026, 1, 2, 3, tzinfo=datetime.UTC), '"2026-01-02T03:00:00Z"'),
    (Stamp(2026, 1, 2, 3), '"2026-01-02T03:00:00"'), (datetime.timedelta(days=1), '"P1D"'),
    (uuid.UUID(int=1), '"00000000-0000-0000-0000-000000000001"'), (decimal.Decimal("1.50"), '"1.50"'),
    (fractions.Fraction(1, 2), "0.5"), (b"ab", '"YWI="'), (bytearray(b"ab"), '"YWI="'), (2**70, str(2**70)),
    (Reading(numpy.int64(1)), '{"value":1,"place":null}'),
    (Kept(Status.OPEN, {"p": pathlib.PurePosixPath("a")}), '{"status":"open","values":{"p":"a"}}'),
    (Row(uuid.UUID(int=2), numpy.int64(3)), '{"rowId":"00000000-0000-0000-0000-000000000002","values":3}'),
    (Record(values=[1]), '{"status":"open","values":[1]}'),
    (Record(values=numpy.int64(3)), '{"status":"open","values":3}'),
    ([Record(), Kept(Status.OPEN)], '[{"status":"open","values":null},{"status":"open","values":null}]'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "content"), FORMS, ids=[f"{at}-{type(value).__name__}" for at, (value, _) in enumerate(FORMS)]
)
def test_what_a_result_is_written_as(value: object, content: str) -> None:
    """The value of an enum, the number of a scalar, a list of what can be iterated; at any depth."""
    assert tool_result("1", value)["content"] == content


def declared(function: Callable[[], object], server: LocalServer, way: Way) -> str:
    """What the model is told of the result of a function."""
    play(server, [call(function.__name__)], "Done.")
    (execution,) = way.run(server, [tool(function)]).calls
    assert (execution.outcome, execution.error) == ("succeeded", None)
    assert told(server)[-1][1] == execution.content
    return execution.content


def test_a_result_is_written_as_the_type_that_is_declared(way: Way, server: LocalServer) -> None:
    """A number where a number is declared, a text where a text is, inside of lists, dicts and classes too."""

    def mean_price() -> float:
        return numpy.float64(12.5)  # type: ignore[return-value]

    def price() -> float | None:
        return decimal.Decimal("1.50")  # type: ignore[return-value]

    def count() -> Annotated[int, "how many"]:
        return decimal.Decimal(3)  # type: ignore[return-value]

    def host() -> str:
        return Host()  # type: ignore[return-value]

    def hosts() -> dict[str, list[str]]:
        return {"all": [Host()]}  # type: ignore[list-item]

    def reading() -> Reading:
        return Reading(1, Host())

    def named() -> Named:
        return {"host": Host()}  # type: ignore[typeddict-item]

    def status() -> Status:
        return Status.OPEN

    def unknown() -> int | float:
        return decimal.Decimal("NaN")  # type: ignore[return-value]

    functions = [mean_price, price, count, host, hosts, reading, named, status, unknown]
    assert [declared(function, server, way) for function in functions] == [
        "12.5", "1.5", "3", "host-1", '{"all":["host-1"]}', '{"value":1,"place":"host-1"}', '{"host":"host-1"}', "open",
        "null",
    ]  # fmt: skip


def test_a_generator_is_part_of_its_tool(way: Way, server: LocalServer) -> None:
    """It is read where the tool runs: its values are the result, and what it raises is a failure of the tool."""

    @tool
    def values() -> Iterator[int]:
        yield 1
        yield 2

    @tool
    def breaks() -> Iterator[int]:
        yield 1
        raise KeyError("x")

    play(server, [call("values"), call("breaks")], "Done.")
    run = way.run(server, [values, breaks])
    assert [(execution.outcome, execution.result, execution.content) for execution in run.calls] == [
        ("succeeded", [1, 2], "[1,2]"), ("failed", None, "Error: the tool failed (KeyError)."),
    ]  # fmt: skip


def test_async_generators(server: LocalServer) -> None:
    """Lists for the async client; the sync client says that they are for that."""

    @tool
    async def values() -> AsyncIterator[int]:
        yield 1
        await asyncio.sleep(0)
        yield 2

    for name in ("async", "async-streamed"):
        play(server, [call("values")], "Done.")
        (execution,) = Way(name).run(server, [values]).calls
        assert (execution.result, execution.content) == ([1, 2], "[1,2]")
    play(server, [call("values")], "Done.")
    with pytest.raises(ToolResultError, match="AsyncOpper"):
        Way("sync").run(server, [values])


async def one_soon() -> int:
    return 1


async def ones_soon() -> AsyncIterator[int]:
    yield 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("declared", [str, dict[str, str], list[int], object, None])
@pytest.mark.parametrize("value", [one_soon, ones_soon])
@pytest.mark.parametrize("client", ["sync", "sync-streamed"])
def test_what_must_be_awaited_ends_a_run_of_the_sync_client(
    server: LocalServer, client: str, value: Callable[[], object], declared: Any
) -> None:
    """Whatever the declared type; nothing is left to be awaited, and the error names the client that awaits."""

    def soon() -> object:
        return value()

    soon.__annotations__["return"] = declared
    play(server, [call("soon")], "Never asked.")
    with pytest.raises(ToolResultError, match=r"^soon\(\): .*Use AsyncOpper\.") as raised:
        Way(client).run(server, [tool(soon)])
    assert raised.value.run is not None
    assert raised.value.run.calls[0].outcome == "failed"
    assert len(server.requests) == 1


@pytest.mark.parametrize("value", [one_soon, ones_soon])
def test_what_must_be_awaited_inside_of_a_result(way: Way, server: LocalServer, value: Callable[[], object]) -> None:
    """Is refused by every client, at its place."""
    inside = value()

    @tool
    def soon() -> dict[str, str]:
        return {"a": inside}  # type: ignore[dict-item]

    play(server, [call("soon")], "Never asked.")
    with pytest.raises(ToolResultError, match=r"^soon\(\)\.a: .*not what is inside of it"):
        way.run(server, [soon])
    if isinstance(inside, Coroutine):
        inside.close()


class Bracketed:
    def __repr__(self) -> str:
        return "<Bracketed Oslo>"


@pytest.mark.parametrize(
    "value",
    [len, one_soon, "".join, threading.Lock(), logging, functools.partial(len), re.match("a", "a")],
    ids=lambda value: type(value).__name__,
)
def test_the_default_text_of_an_object_is_no_result(way: Way, server: LocalServer, value: object) -> None:
    """Also where the tool is declared to return texts: it says where in memory the object is, or its class."""

    @tool
    def formless() -> dict[str, str]:
        return {"a": value}  # type: ignore[dict-item]

    play(server, [call("formless")], "Never asked.")
    with pytest.raises(ToolResultError, match=r"^formless\(\)\.a: expected a value that JSON can represent"):
        way.run(server, [formless])


def test_a_text_that_a_class_defines_is_a_result() -> None:
    """By `__str__` or `__repr__`, also in angle brackets."""

    @tool
    def named() -> list[str]:
        return [Bracketed(), re.compile("a"), 1j]  # type: ignore[list-item]

    with LocalServer() as server:
        play(server, [call("named")], "Done.")
        (execution,) = Way("sync").run(server, [named]).calls
    assert execution.content == """["<Bracketed Oslo>","re.compile('a')","1j"]"""


@pytest.mark.parametrize(
    ("error", "content", "level"),
    [
        (KeyError("secret"), "Error: the tool failed (KeyError).", "WARNING"),
        (ToolError("no such city"), "Error: no such city", "INFO"),
        (asyncio.CancelledError("secret"), "Error: the tool failed (RuntimeError).", "WARNING"),
    ],
)
def test_a_returned_exception_counts_as_raised(
    way: Way, server: LocalServer, error: BaseException, content: str, level: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The call has failed, `on_tool_error` decides, and the log has a line."""

    @tool
    def fails() -> object:
        return error

    @tool
    async def fails_soon() -> object:
        return error

    tools = [fails, fails_soon] if way.is_async else [fails]
    play(server, [call(name) for name in ("fails", "fails_soon")[: len(tools)]], "Done.")
    with caplog.at_level(logging.INFO, "opper_chat"):
        run = way.run(server, tools)
    assert [(execution.outcome, execution.content) for execution in run.calls] == [("failed", content)] * len(tools)
    assert [record.levelname for record in failures(caplog)] == [level] * len(tools)
    assert error in (run.calls[0].error, getattr(run.calls[0].error, "__cause__", None))
    assert "secret" not in caplog.text
    play(server, [call("fails")], "Never asked.")
    with pytest.raises(ToolFailedError):
        way.run(server, [fails], on_tool_error="raise")


def test_exceptions_inside_of_a_result(way: Way, server: LocalServer) -> None:
    """Are told as failures, whatever is declared: never by their message, which may not be meant for others."""

    @tool
    def some_fail() -> list[str]:
        return ["a", KeyError("secret"), ToolError("no such city")]  # type: ignore[list-item]

    play(server, [call("some_fail")], "Done.")
    (execution,) = way.run(server, [some_fail]).calls
    assert execution.outcome == "succeeded"
    assert execution.content == '["a","Error: the tool failed (KeyError).","Error: no such city"]'


class Connection:
    """Has no form at all."""


FORMLESS: list[tuple[Callable[[], object], str]] = [
    (Connection, "formless()"),
    (lambda: {"rows": [1, Connection()]}, "formless().rows[1]"),
    (lambda: [Reading(Connection)], "formless()[0].value"),
    (lambda: {(1, 2): 3}, "formless()"),
    (lambda: 1j, "formless()"),
    (lambda: [numpy.complex128(1j)], "formless()[0]"),
]


@pytest.mark.parametrize(("value", "place"), FORMLESS, ids=[place for _, place in FORMLESS])
@pytest.mark.parametrize("on_tool_error", ["report", "raise", lambda *_: "not asked"])
def test_a_result_without_a_form_is_an_error_of_the_program(
    way: Way, server: LocalServer, value: Callable[[], object], place: str, on_tool_error: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """The run ends with an error that names the place and has the run; the model is not told that the tool failed."""

    @tool
    def formless() -> object:
        return value()

    play(server, [call("formless")], "Never asked.")
    with caplog.at_level(logging.WARNING, "opper_chat"), pytest.raises(ToolResultError) as raised:
        way.run(server, [formless], on_tool_error=on_tool_error)
    error = raised.value
    assert isinstance(error, InvalidArgumentError)
    assert isinstance(error, TypeError)
    assert error.argument == place
    assert f"{place}: expected " in str(error)
    run = error.run
    assert isinstance(run, ToolRun)
    assert roles(run) == ["user", "assistant", "1.0"]
    (execution,) = run.calls
    assert (execution.outcome, execution.error) == ("failed", error)
    assert execution.content == "Error: the tool has run, and its result cannot be shown."
    assert len(server.requests) == 1
    (record,) = caplog.records
    assert record.getMessage() == "tool tool=formless call_id=1.0 error=ToolResultError"


def test_the_error_can_be_pickled() -> None:
    """With the place and what was given."""
    with pytest.raises(ToolResultError) as raised:
        tool_result("1", [1j])
    again = pickle.loads(pickle.dumps(raised.value))
    assert (type(again), again.argument, again.received, again.run) == (
        ToolResultError,
        "tool_result(value)[0]",
        "1j",
        None,
    )


def test_the_keys_of_a_result_are_strings_or_numbers() -> None:
    """The error says so in Python's words, and shows the key."""
    assert tool_result("1", {"a": 1, 2: 3, 0.5: 4})["content"] == '{"a":1,"2":3,"0.5":4}'
    with pytest.raises(ToolResultError) as raised:
        tool_result("1", {(1, 2): 3})
    assert raised.value.expected == "a dict with strings or numbers as keys"
    assert raised.value.received == "(1, 2)"


def test_a_result_that_contains_itself(way: Way, server: LocalServer) -> None:
    """An error of the program as well, and no RecursionError."""

    @tool
    def endless() -> list[Any]:
        found: list[Any] = []
        found.append(found)
        return found

    play(server, [call("endless")], "Never asked.")
    with pytest.raises(ToolResultError, match="contain itself"):
        way.run(server, [endless])


SECRET = "hunter2-at-db.example"


@tool
def broken(city: str) -> str:
    """Break, with what was given in the message."""
    raise ConnectionError(f"{SECRET} refuses {city}")


@tool
def unknown_city(city: str) -> str:
    raise ToolError(f"there is no {city}")


@tool
async def broken_soon(city: str) -> str:
    await asyncio.sleep(0)
    raise KeyError(city)


def failures(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """The lines of tools."""
    return [record for record in caplog.records if record.getMessage().startswith("tool ")]


def test_a_tool_that_raises_is_a_warning_in_the_log(
    way: Way, server: LocalServer, caplog: pytest.LogCaptureFixture
) -> None:
    """With its name and the class of the exception, and nothing of the arguments or the message."""
    names = ["broken", "broken_soon"] if way.is_async else ["broken"]
    play(server, [call(name, '{"city": "Visby"}') for name in names], "Sorry.")
    with caplog.at_level(logging.INFO, "opper_chat"):
        way.run(server, [broken, broken_soon] if way.is_async else [broken])
    records = failures(caplog)
    assert {record.levelname for record in records} == {"WARNING"}
    lines = sorted(record.getMessage() for record in records)
    errors = ["ConnectionError", "KeyError"]
    assert lines == [f"tool tool={name} call_id=1.{at} error={errors[at]}" for at, name in enumerate(names)]
    assert {vars(record)["opper_tool"] for record in records} == set(names)
    assert "Visby" not in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize("policy", ["raise", lambda call, error: "told otherwise"], ids=["raise", "function"])
def test_the_warning_does_not_depend_on_what_happens_then(
    way: Way, server: LocalServer, caplog: pytest.LogCaptureFixture, policy: Any
) -> None:
    play(server, [call("broken", '{"city": "Visby"}')], "Sorry.")
    try:
        way.run(server, [broken], on_tool_error=policy)
    except ToolFailedError:
        assert policy == "raise"
    assert [record.levelname for record in failures(caplog)] == ["WARNING"]


def test_what_the_model_does_wrong_is_no_warning(
    way: Way, server: LocalServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Arguments that do not fit, unknown tools, and what a tool says to the model: lines at INFO."""
    play(server, [call("broken", "{"), call("nope"), call("unknown_city", '{"city": "Visby"}')], "Sorry.")
    with caplog.at_level(logging.INFO, "opper_chat"):
        way.run(server, [broken, unknown_city])
    assert {record.levelname for record in failures(caplog)} == {"INFO"}
    errors = sorted(str(vars(record)["opper_error"]) for record in failures(caplog))
    assert errors == ["ToolArgumentsError", "ToolError", "ToolError"]
    assert "Visby" not in caplog.text


def test_at_debug_the_traceback_shows_where(way: Way, server: LocalServer, caplog: pytest.LogCaptureFixture) -> None:
    """The frames and the class, without the message."""
    play(server, [call("broken", '{"city": "Visby"}')], "Sorry.")
    with caplog.at_level(logging.DEBUG, "opper_chat"):
        way.run(server, [broken])
    (record,) = failures(caplog)
    text = record.getMessage()
    assert record.levelname == "WARNING"
    assert "in broken\n" in text
    assert text.endswith("ConnectionError")
    assert SECRET not in caplog.text
    assert "Visby" not in text
    assert vars(record)["opper_traceback"].startswith("  File ")


def test_with_content_the_whole_traceback_is_in_the_log(server: LocalServer) -> None:
    """Its message too, but for what looks like a key."""
    code = f"""
from opper_chat import Opper, tool
from opper_chat.testing import LocalServer
@tool
def broken(city: str) -> str:
    '''Break.'''
    raise ValueError("no " + city + " for key=sk-abcdefgh12345678")
with LocalServer() as server, Opper(api_key="local", base_url=server.base_url) as client:
    client.chat.completions.run_tools(messages={[{"role": "user", "content": "Hi"}]!r}, tools=[broken])
"""
    environment = {**os.environ, "OPPER_LOG": "info", "OPPER_LOG_CONTENT": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert " WARNING opper_chat: tool tool=broken " in done.stderr
    assert "error=ValueError reason=" in done.stderr
    assert "\nTraceback (most recent call last):\n" in done.stderr
    assert "ValueError: no Hi for" in done.stderr
    assert "sk-abcdefgh12345678" not in done.stderr


def test_nothing_is_left_of_a_tool_that_raises_in_a_task(server: LocalServer) -> None:
    """No task, and one line."""

    async def run() -> str:
        async with AsyncOpper(api_key="key", base_url=server.base_url) as client:
            messages: Any = [{"role": "user", "content": "Hi"}]
            done = await client.chat.completions.run_tools(messages=messages, tools=[broken_soon])
            return done.text

    play(server, [call("broken_soon", '{"city": "x"}')], "Sorry.")
    assert gathered(run()) == "Sorry."
    assert json.loads(server.requests[1].messages[1]["tool_calls"][0]["function"]["arguments"]) == {"city": "x"}  # type: ignore[index]

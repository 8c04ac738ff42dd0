"""Types that strict mode cannot describe, asked for with strict=False: in answers and in arguments of tools."""

import dataclasses
import enum
import json
from collections.abc import Callable
from typing import Any

import pydantic
import pytest
from flavours import HELLO, Flavour
from opper_chat import InvalidArgumentError, InvalidCompletionError, Opper, ToolArgumentsError, tool
from opper_chat.testing import LocalServer, Reply


class Kind(enum.StrEnum):
    """Keys of a dict."""

    FIRST = "first"


def completion(content: object = "ok", finish_reason: str = "stop", **message: object) -> Reply:
    """Return the reply that has this message."""
    said = {"role": "assistant", "content": content, **message}
    choice = {"index": 0, "message": said, "finish_reason": finish_reason}
    return Reply.json({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]})


def sent(server: LocalServer) -> Any:
    """Return the body of the last request."""
    return server.last_request.body


@dataclasses.dataclass
class Table:
    """A class with what strict mode cannot describe."""

    rows: dict[str, int]
    anything: Any
    pair: tuple[int, str] = (1, "x")


class Scores(pydantic.BaseModel):
    """The same as a model of pydantic, which holds itself."""

    scores: dict[str, float]
    pair: tuple[int, str] | None = None
    inner: "Scores | None" = None


OPEN_TYPES: list[tuple[Any, str, Any]] = [
    (dict[str, int], '{"a": 1}', {"a": 1}),
    (dict[int, list[bool]], '{"3": [true]}', {3: [True]}),
    (dict, '{"a": [null]}', {"a": [None]}),
    (dict[Kind, int], '{"first": 1}', {Kind.FIRST: 1}),
    (Any, '{"value": [1, "x"]}', [1, "x"]),
    (list, '{"value": [1, "x"]}', [1, "x"]),
    (set, '{"value": [1]}', {1}),
    (tuple[int, str], '{"value": [1, "x"]}', (1, "x")),
    (tuple[()], '{"value": []}', ()),
    (dict[str, Any] | None, '{"value": null}', None),
    (Table, '{"rows": {"a": 1}, "anything": {"b": 2}}', Table({"a": 1}, {"b": 2})),
    (Scores, '{"scores": {"a": 1}, "inner": {"scores": {}}}', Scores(scores={"a": 1}, inner=Scores(scores={}))),
    (list[dict[str, Table]], '{"value": [{"a": {"rows": {}, "anything": 0}}]}', [{"a": Table({}, 0)}]),
]


@pytest.mark.parametrize(("hint", "text", "value"), OPEN_TYPES, ids=str)
def test_types_that_strict_mode_cannot_describe_are_asked_for_without_it(
    server: LocalServer, flavour: Flavour, hint: Any, text: str, value: Any
) -> None:
    """A schema that accepts the answer, not marked as strict, and the value: parse(), stream(), run_tools()."""
    import jsonschema

    def stream(client: Any) -> Any:
        with client.chat.completions.stream(messages=HELLO, response_format=hint, strict=False) as events:
            return events.get_final_completion().parsed

    async def stream_async(client: Any) -> Any:
        async with client.chat.completions.stream(messages=HELLO, response_format=hint, strict=False) as events:
            return (await events.get_final_completion()).parsed

    def call(method: str) -> Callable[[Any], Any]:
        return lambda client: getattr(client.chat.completions, method)(
            messages=HELLO, response_format=hint, strict=False
        )

    for method in ("parse", "run_tools"):
        server.reply(completion(text))
        assert flavour(call(method), api_key="key", base_url=server.base_url).parsed == value
        schema = sent(server)["response_format"]["json_schema"]
        assert schema["strict"] is False
        jsonschema.Draft202012Validator.check_schema(schema["schema"])
        jsonschema.validate(json.loads(text), schema["schema"])
        assert schema["schema"]["type"] == "object"
    server.reply(completion(text))
    read = stream if flavour.kind == "sync" else stream_async
    assert flavour(read, api_key="key", base_url=server.base_url) == value


@pytest.mark.parametrize(
    ("hint", "text", "problem"),
    [
        (dict[str, int], '{"a": "x"}', "a: expected `int`, got `str`"),
        (dict[int, int], '{"x": 1}', "x: "),
        (tuple[int, str], '{"value": [1]}', "value: expected `array` of length 2, got 1"),
        (Table, '{"rows": {"a": {}}, "anything": 1}', "rows.a"),
        (Scores, '{"scores": {"a": "high"}}', "scores.a"),
    ],
)
def test_an_answer_is_checked_without_strict_mode_too(server: LocalServer, hint: Any, text: str, problem: str) -> None:
    """Each place that does not fit."""
    server.reply(completion(text))
    with Opper(api_key="key", base_url=server.base_url) as client, pytest.raises(InvalidCompletionError) as caught:
        client.chat.completions.parse(messages=HELLO, response_format=hint, strict=False)  # type: ignore[arg-type]
    assert problem in caught.value.problems[0]


def test_a_tool_that_is_not_strict_takes_any_type(server: LocalServer) -> None:
    """The schemas that the types have, and the arguments as values."""
    got: list[Any] = []

    @tool(strict=False)
    def save(record: dict[str, Any], rest: Any, items: list, pair: tuple[int, int], counts: dict[str, int]) -> str:  # type: ignore[type-arg]
        """Save a record."""
        got.extend([record, rest, items, pair, counts])
        return "saved"

    parameters = save.function.to_dict()["parameters"]
    assert parameters["properties"] == {
        "record": {"type": "object"},
        "rest": {},
        "items": {"type": "array", "items": {}},
        "pair": {"type": "array", "prefixItems": [{"type": "integer"}] * 2, "minItems": 2, "maxItems": 2},
        "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
    }
    given = {"record": {"a": [1]}, "rest": None, "items": [1, "x"], "pair": [1, 2], "counts": {"a": 1}}
    called = {"id": "a", "type": "function", "function": {"name": "save", "arguments": json.dumps(given)}}
    server.reply(completion(None, "tool_calls", tool_calls=[called]))
    server.reply(completion())
    with Opper(api_key="key", base_url=server.base_url) as client:
        run = client.chat.completions.run_tools(messages=HELLO, tools=[save])  # type: ignore[arg-type]
    assert run.calls[0].outcome == "succeeded"
    assert got == [{"a": [1]}, None, [1, "x"], (1, 2), {"a": 1}]
    assert sent(server)["tools"][0]["function"]["strict"] is False
    with pytest.raises(InvalidArgumentError, match=r"record: expected a type that strict mode.*strict=False"):
        tool(save.__wrapped__)


def test_arguments_are_read_as_any_type(server: LocalServer) -> None:
    """Nobody is asked for the type, so that strict mode has no say in it."""
    called = {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    server.reply(completion(None, "tool_calls", tool_calls=[called]))
    with Opper(api_key="key", base_url=server.base_url) as client:
        (call,) = client.chat.completions.create(messages=HELLO).tool_calls  # type: ignore[arg-type]
    assert call.arguments_as(dict[str, int]) == {"a": 1}
    with pytest.raises(ToolArgumentsError, match="a: expected `str`"):
        call.arguments_as(dict[str, str])

"""A function as a tool: what the model is told of it, and what a call gives it."""

from __future__ import annotations

import copy
import dataclasses
import datetime
import enum
import functools
import inspect
import json
import pickle
import types
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypedDict

import attrs
import msgspec
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from opper_chat import (
    APIResponseValidationError,
    ChatCompletion,
    CustomTool,
    InvalidArgumentError,
    Tool,
    ToolArgumentsError,
    ToolCall,
    ToolContext,
    ToolError,
    ToolResultError,
    custom_tool,
    tool,
    tool_result,
)
from opper_chat.testing import example
from opper_chat_api.models import CompletionUsage, CustomToolCall, FunctionToolCall, OtherToolCall
from tool_runs import call, custom


class Unit(enum.Enum):
    CELSIUS = "celsius"
    KELVIN = "kelvin"


@attrs.frozen
class Place:
    city: str
    country: str | None


@dataclasses.dataclass
class Trip:
    places: list[Place]


class Span(TypedDict):
    begin: datetime.date
    days: int


def google(city: str, days: int = 3) -> None:
    """The weather.

    What it will be like.

    Args:
        city: where, and
            more of it
        days (int): how long

    Returns:
        Nothing.
    """


def numpy(city: str, days: int = 3) -> None:
    """The weather.

    What it will be like.

    Parameters
    ----------
    city : str
        where, and
        more of it
    days : int, optional
        how long

    Returns
    -------
    None
    """


def sphinx(city: str, days: int = 3) -> None:
    """The weather.

    What it will be like.

    :param city: where, and
        more of it
    :param int days: how long
    :returns: nothing
    """


def annotated(city: Annotated[str, "where, and more of it"], days: Annotated[int, "how long"] = 3) -> None:
    """The weather.

    What it will be like.
    """


def parameters(of: Any) -> dict[str, Any]:
    """The schema of a tool's arguments."""
    schema: dict[str, Any] = of.function.parameters.to_dict()
    return schema


def read(of: Any, **arguments: Any) -> dict[str, Any]:
    """What the function is given."""
    given: dict[str, Any] = of._tool_function.read_arguments(ToolCall("1", of.function.name, json.dumps(arguments)))
    return given


@pytest.mark.parametrize("function", [google, numpy, sphinx, annotated])
def test_every_style_of_docstring_says_the_same(function: Callable[..., None]) -> None:
    """The text without its sections, and what is said of each parameter."""
    made = tool(function)
    assert made.function.name == function.__name__
    assert made.function.description == "The weather.\n\nWhat it will be like."
    properties = parameters(made)["properties"]
    assert properties["city"] == {"type": "string", "description": "where, and more of it"}
    assert properties["days"]["anyOf"][1] == {"type": "null"}
    assert "how long" in json.dumps(properties["days"])


def both(width: int, height: int) -> int:
    """Area.

    Parameters
    ----------
    width, height : int
        in metres
    """
    return width * height


def test_what_is_said_once_of_several() -> None:
    """The same text for each of them."""
    assert {item["description"] for item in parameters(tool(both))["properties"].values()} == {"in metres"}


def test_no_docstring_and_no_parameters() -> None:
    """No description, and an object without members."""

    def now() -> str:
        return "noon"

    assert tool(now).to_dict() == {
        "type": "function",
        "function": {
            "name": "now",
            "strict": True,
            "parameters": {"type": "object", "properties": {}, "required": [], "additionalProperties": False},
        },
    }


def everything(
    text: str, number: float, place: Place, trip: Trip, span: Span, unit: Unit, word: Literal["a", "b"],
    maybe: int | None, many: list[set[int]], when: datetime.datetime,
) -> None: ...  # fmt: skip


def test_arguments_are_of_the_types_of_the_function() -> None:
    """attrs, dataclasses, typed dicts, enums, Literals, sets, dates; nested; also where hints are texts."""
    made = tool(everything)
    schema = parameters(made)
    Draft202012Validator.check_schema(schema)
    assert schema["required"] == list(schema["properties"])
    value = {
        "text": "t", "number": 1, "place": {"city": "c", "country": None}, "maybe": None, "many": [[1, 1], []],
        "trip": {"places": [{"city": "c", "country": "d"}]}, "span": {"begin": "2026-01-02", "days": 3},
        "unit": "kelvin", "word": "b", "when": "2026-01-02T03:04:05Z",
    }  # fmt: skip
    Draft202012Validator(schema).validate(value)
    assert read(made, **value) == {
        "text": "t", "number": 1.0, "place": Place("c", None), "maybe": None, "many": [{1}, set()],
        "trip": Trip([Place("c", "d")]), "span": {"begin": datetime.date(2026, 1, 2), "days": 3},
        "unit": Unit.KELVIN, "word": "b", "when": datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC),
    }  # fmt: skip
    everything(**read(made, **example(schema)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "given"),
    [({"a": 1, "b": None, "c": None}, {"a": 1, "c": None}), ({"a": 1}, {"a": 1}),
     ({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 2, "c": 3})],
)  # fmt: skip
def test_null_is_the_default(arguments: dict[str, Any], given: dict[str, Any]) -> None:
    """Left out, unless null is a value of the parameter's own; so is what is not there at all."""

    def function(a: int, b: int = 7, c: int | None = 8) -> None: ...

    made = tool(function)
    assert parameters(made)["required"] == ["a", "b", "c"]
    assert "Default: 7." in json.dumps(parameters(made)["properties"]["b"])
    assert read(made, **arguments) == given


def test_a_tool_that_is_not_strict() -> None:
    """Only what has no default is required; what comes is checked all the same."""

    @tool(strict=False, name="other", description="Other.")
    def function(a: int, b: int = 7) -> None:
        """Not said."""

    assert parameters(function)["required"] == ["a"]
    assert (function.function.strict, function.function.name, function.function.description) == (
        False,
        "other",
        "Other.",
    )
    with pytest.raises(ToolArgumentsError, match="a: is missing"):
        read(function)


def stars(*rest: int) -> None: ...
def double(**rest: int) -> None: ...
def unhinted(city) -> None: ...  # type: ignore[no-untyped-def]
def positional(city: str, /) -> None: ...
def formless(city: dict[str, int]) -> None: ...
def unsure(city: Any) -> None: ...
def unknown(city: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (stars, ["stars.rest", "'*rest'"]), (double, ["double.rest", "'**rest'"]),
        (unhinted, ["unhinted.city", "type hint"]), (positional, ["positional.city", "positional-only"]),
        (formless, ["formless.city", "dict"]), (unsure, ["unsure.city", "Any"]), (unknown, ["unknown()", "'Nowhere'"]),
    ],
)  # fmt: skip
def test_what_a_schema_cannot_say_is_refused(function: Callable[..., None], words: list[str]) -> None:
    """At decoration, with the name of the parameter."""
    with pytest.raises(InvalidArgumentError) as raised:
        tool(function)
    for word in words:
        assert word in str(raised.value)


@pytest.mark.parametrize("name", ["two words", "", "x" * 65, "<lambda>"])
def test_a_name_that_no_tool_can_have(name: str) -> None:
    """Refused at decoration."""
    with pytest.raises(InvalidArgumentError, match="letters, digits"):
        tool(google, name=name)


def test_a_function_without_a_name_needs_one() -> None:
    """A lambda has none that a tool can have."""
    with pytest.raises(InvalidArgumentError, match="letters, digits"):
        tool(lambda: None)


def test_the_options_of_a_tool_are_not_ignored() -> None:
    """A tool has its definition, so that options would have no effect."""
    make: Any = tool
    made = tool(google)
    assert tool(made) is made
    for options in ({"name": "other"}, {"description": "Other."}, {"strict": False}, {"definition": made}):
        with pytest.raises(InvalidArgumentError, match=r"a tool, which has a definition already\. Pass its function"):
            make(made, **options)
    assert tool(made.__wrapped__, name="other").function.name == "other"


def test_a_classmethod_is_a_tool_in_the_right_order() -> None:
    """The error of the other order says which one it is."""
    made: Any = classmethod(add)
    with pytest.raises(InvalidArgumentError, match=r"got a classmethod\. Write @classmethod above @tool"):
        tool(made)


class Adder:
    """Adds to a number."""

    def __init__(self, start: int) -> None:
        self.start = start

    def __call__(self, number: int) -> int:
        return self.start + number

    @tool
    def method(self, number: int) -> int:
        """Add."""
        return self.start + number

    def plain(self, number: int) -> int:
        return self.start + number


class AsyncAdder(Adder):
    async def __call__(self, number: int) -> int:  # type: ignore[override]
        return self.start + number


def add(start: int, number: int) -> int:
    return start + number


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (tool(Adder(1)), "Adder"), (Adder(1).method, "method"), (tool(Adder(1).plain), "plain"),
        (tool(functools.partial(add, 1)), "add"), (tool(functools.partial(add, start=1)), "add"),
    ],
)  # fmt: skip
def test_what_else_can_be_called(made: Any, name: str) -> None:
    """Objects, methods and partial functions; what they are bound to the model does not see."""
    assert made.function.name == name
    assert list(parameters(made)["properties"]) == ["number"]
    assert made._tool_function.function(**read(made, number=2)) == made(number=2) == 3
    assert not made._tool_function.is_async


@pytest.mark.parametrize("made", [Adder, Place, functools.partial(Adder, start=1)])
@pytest.mark.parametrize("make", [tool, custom_tool])
def test_a_class_is_no_tool(make: Any, made: Any) -> None:
    """It would make objects that nobody asked for."""
    with pytest.raises(InvalidArgumentError, match=r"the class '\w+'\. Give an instance"):
        make(made)


@dataclasses.dataclass
class Opened:
    url: str

    def __post_init__(self) -> None:
        raise RuntimeError("db password=hunter2") if self.url else ValueError("no url")


@pytest.mark.parametrize(("url", "reason"), [("x", "opened: RuntimeError"), ("", "opened: no url")])
def test_what_a_parameter_raises(url: str, reason: str) -> None:
    """The text of a validator's exception says what does not fit; of any other the class is enough."""
    with pytest.raises(ToolArgumentsError) as raised:
        read(tool(takes_opened), opened={"url": url})
    assert raised.value.reason == reason


def takes_opened(opened: Opened) -> None: ...


def test_what_is_async() -> None:
    """Coroutine functions, and objects and partials of such."""

    async def function(number: int) -> int:
        return number

    for one in (tool(function), tool(AsyncAdder(1)), tool(functools.partial(function))):
        assert one._tool_function.is_async


def test_the_function_stays_what_it_was() -> None:
    """Called as before, with its name, its docstring and its identity; it pickles and copies as functions do."""
    made = tool(google)
    assert isinstance(made, Tool)
    assert (made.__name__, made.__doc__, made.__wrapped__) == ("google", google.__doc__, google)
    assert tool(made) is made
    assert made == made
    assert made != tool(google)
    assert len({made, tool(google)}) == 2
    assert copy.deepcopy(decorated) is pickle.loads(pickle.dumps(decorated)) is decorated
    assert decorated(2) == 4
    assert Adder(1).method(2) == Adder.method(Adder(1), 2) == 3


@tool
def decorated(number: int) -> int:
    return 2 * number


def test_a_definition_of_ones_own() -> None:
    """Sent as it is; the function gets what the model wrote, if its parameters have these names."""
    definition: Any = {
        "type": "function", "function": {"name": "sum", "parameters": {"type": "object", "x-more": True}}
    }  # fmt: skip
    made = tool(add, definition=definition)
    assert made.to_dict() == definition
    assert read(made, start="s", number=[1]) == {"start": "s", "number": [1]}
    with pytest.raises(ToolArgumentsError, match="start"):
        read(made, number=1)
    with pytest.raises(InvalidArgumentError, match="definition"):
        tool(add, definition={"type": "custom"})  # type: ignore[call-overload]


def test_a_custom_tool() -> None:
    """A text in, as the model wrote it."""

    @custom_tool(format={"type": "grammar", "grammar": {"definition": "a", "syntax": "regex"}})
    def run(code: str) -> int:
        """Run code."""
        return len(code)

    assert isinstance(run, CustomTool)
    assert run.to_dict()["custom"]["description"] == "Run code."
    assert run.to_dict()["custom"]["format"]["grammar"]["syntax"] == "regex"
    assert run("abc") == 3
    assert run._tool_function.read_arguments(ToolCall("1", "run", "", "x = 1", "custom")) == {"code": "x = 1"}
    with pytest.raises(InvalidArgumentError, match="one parameter"):
        custom_tool(add)
    with pytest.raises(InvalidArgumentError, match="one parameter"):
        custom_tool(decorated.__wrapped__)


def test_what_the_model_does_not_see() -> None:
    """The parameter that gets the context."""

    def function(number: int, context: ToolContext[str]) -> None: ...

    made = tool(function)
    assert list(parameters(made)["properties"]) == ["number"]
    assert made._tool_function.context == "context"


def test_a_context_can_be_optional() -> None:
    """Then the function can be called without one."""

    def function(number: int, context: ToolContext[str] | None = None) -> None: ...
    def annotated(number: int, context: Annotated[ToolContext | None, "of the run"] = None) -> None: ...

    for each in (function, annotated):
        made = tool(each)
        assert list(parameters(made)["properties"]) == ["number"]
        assert made._tool_function.context == "context"


def test_a_second_context_is_refused() -> None:
    """One parameter gets it, and the call would lack the other."""

    def function(first: ToolContext, second: ToolContext) -> None: ...

    with pytest.raises(InvalidArgumentError, match=r"function\.second: expected one parameter .* after 'first'"):
        tool(function)


def completion(*calls: Any) -> ChatCompletion:
    message = {"role": "assistant", "content": None, "tool_calls": list(calls)}
    return ChatCompletion.from_dict({"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]})


def test_the_calls_of_a_completion() -> None:
    """Their ids, names and texts, whatever their kind; none where there are none."""
    odd = {"id": "o", "type": "search", "query": "q"}
    found = completion(call("f", '{"a": 1}', "1"), custom("c", "text", "2"), odd).tool_calls
    assert found == [
        ToolCall("1", "f", '{"a": 1}'),
        ToolCall("2", "c", "", "text", "custom"),
        ToolCall("o", "", "", "", "search"),
    ]
    assert [type(one.model) for one in found] == [FunctionToolCall, CustomToolCall, OtherToolCall]
    assert found[0].parsed == {"a": 1}
    assert found[1].parsed == {}
    assert completion().tool_calls == []
    with pytest.raises(APIResponseValidationError, match="no choices"):
        _ = ChatCompletion.from_dict({"choices": []}).tool_calls


@pytest.mark.parametrize("text", ['{"a": ', "[1]", "3", "nonsense", "null"])
def test_arguments_that_are_no_object(text: str) -> None:
    """An error that names the call, with the text, and that pickles."""
    (found,) = completion(call("f", text, "1")).tool_calls
    with pytest.raises(ToolArgumentsError) as raised:
        _ = found.parsed
    assert "'f'" in str(raised.value)
    assert "'1'" in str(raised.value)
    again = pickle.loads(pickle.dumps(raised.value))
    assert (again.tool, again.call_id, again.arguments, str(again)) == ("f", "1", text, str(raised.value))


def test_arguments_as_a_type() -> None:
    """A value of it, or an error with the place."""
    (found,) = completion(call("f", '{"city": "c", "country": null}', "1")).tool_calls
    assert found.arguments_as(Place) == Place("c", None)
    with pytest.raises(ToolArgumentsError, match="places: is missing"):
        found.arguments_as(Trip)


class Told(pydantic.BaseModel):
    at: datetime.date


@dataclasses.dataclass
class Kept:
    told: Told
    usage: CompletionUsage | None = None
    model: Any = None


class Sent(msgspec.Struct, rename="camel"):
    it_is: Told


TOLD = Told(at=datetime.date(2026, 1, 2))
USED = CompletionUsage(1, 2, 3, additional_properties={"more": 4})


class Model:
    def model_dump(self, mode: str) -> dict[str, str]:
        return {"mode": mode}


@pytest.mark.parametrize(
    ("value", "content"),
    [
        ("text", "text"), ("", ""), (None, "null"), (1, "1"), ({"a": [1]}, '{"a":[1]}'), (Place("c", None),
        '{"city":"c","country":null}'), (Trip([Place("c", None)]), '{"places":[{"city":"c","country":null}]}'),
        (datetime.date(2026, 1, 2), '"2026-01-02"'), (Unit.KELVIN, "kelvin"), (b"ab", '"YWI="'), ({3}, "[3]"),
        (Model(), '{"mode":"json"}'), ([Model()], '[{"mode":"json"}]'),
        ({"m": TOLD}, '{"m":{"at":"2026-01-02"}}'), (Sent(TOLD), '{"itIs":{"at":"2026-01-02"}}'),
        (types.MappingProxyType({"m": [Kept(TOLD)]}), '{"m":[{"told":{"at":"2026-01-02"},"usage":null,"model":null}]}'),
        (Kept(TOLD, model={"a": Model()}), '{"told":{"at":"2026-01-02"},"usage":null,"model":{"a":{"mode":"json"}}}'),
        ({"u": USED}, json.dumps({"u": USED.to_dict()}, separators=(",", ":"))),
        (ToolError("no such city"), "Error: no such city"),
        (ValueError("postgres://u:secret@host"), "Error: the tool failed (ValueError)."),
        (ToolArgumentsError("f", "1", "a: is missing", ""), "Error: the arguments cannot be used: a: is missing"),
    ],
)  # fmt: skip
def test_the_message_that_answers_a_call(value: object, content: str) -> None:
    """A text as it is, JSON of anything else, and of an error what is meant for others."""
    (found,) = completion(call("f", "{}", "1")).tool_calls
    expected = {"role": "tool", "tool_call_id": "1", "content": content}
    assert found.model is not None
    assert tool_result(found, value) == tool_result(found.model, value) == tool_result("1", value) == expected


def test_a_result_that_json_has_no_form_for() -> None:
    """An error of this package, which is a TypeError as JSON's own is, and names the place."""
    with pytest.raises(ToolResultError, match="expected a value that JSON can represent") as raised:
        tool_result("1", {"a": [1, object()]})
    assert isinstance(raised.value, TypeError)
    assert raised.value.argument == "tool_result(value).a[1]"


def test_keys_of_a_result_that_are_the_same_in_json() -> None:
    """One of the values would be lost."""
    with pytest.raises(ToolResultError, match="keys differ in JSON") as raised:
        tool_result("1", {"a": {1: "one", "1": "other"}})
    assert raised.value.argument == "tool_result(value).a"

    class Found(msgspec.Struct):
        x: dict[Any, str]

    assert tool_result("1", Found({None: "one", 2: "two"}))["content"] == '{"x":{"null":"one","2":"two"}}'
    with pytest.raises(ToolResultError, match="keys differ in JSON"):
        tool_result("1", Found({1: "one", "1": "other"}))


@pytest.mark.parametrize("hint", [[int], {"a": int}, Literal[[1]]])  # type: ignore[valid-type]
def test_a_hint_without_a_hash_and_a_default(hint: Any) -> None:
    def function(x: Any = None) -> None: ...

    function.__annotations__["x"] = hint
    with pytest.raises(InvalidArgumentError, match=r"function\.x: expected"):
        tool(function)


SCALARS = st.sampled_from([int, str, bool, float, Unit, Place, Trip, list[int], Literal["a", "b"], datetime.date])


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(SCALARS, st.booleans()), max_size=4))
def test_what_fits_the_schema_fits_the_function(hints: list[tuple[Any, bool]]) -> None:
    """An example of the schema is read, and every argument has a type of its parameter's."""

    def function(**_: Any) -> None: ...

    made = [
        inspect.Parameter(
            f"p{at}", inspect.Parameter.KEYWORD_ONLY, annotation=hint, **({"default": 1} if optional else {})
        )
        for at, (hint, optional) in enumerate(hints)
    ]
    function.__signature__ = inspect.Signature(made)  # type: ignore[attr-defined]
    function.__annotations__ = {one.name: one.annotation for one in made}
    schema = parameters(tool(function))
    Draft202012Validator.check_schema(schema)
    value: Any = example(schema)
    assert set(read(tool(function), **value)) <= {one.name for one in made}
    nulls = {one.name: None for one in made if one.default == 1}
    Draft202012Validator(schema).validate({**value, **nulls})
    assert not set(read(tool(function), **{**value, **nulls})) & set(nulls)

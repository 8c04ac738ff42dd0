"""Types: the schemas they are sent as, the values that answers become, and what is refused. Nothing is sent here."""

import dataclasses
import datetime
import json
import re
import subprocess
import sys
import types
import uuid
from collections import namedtuple
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, NamedTuple, Self, TypedDict, TypeVar

import annotated_types
import attrs
import jsonschema
import msgspec
import pydantic
import pydantic.dataclasses
import pytest
import response_types as kinds
import typing_extensions
from hypothesis import given, settings
from hypothesis import strategies as st
from opper_chat import InvalidArgumentError
from opper_chat._errors.invalid_value import InvalidValueError
from opper_chat._schemas.response_schema import Field, convert, parameters_schema, response_schema
from opper_chat.testing import example
from pydantic import BaseModel
from response_types import VALUES
from strict import breaches
from typing_extensions import TypeAliasType


@pytest.mark.parametrize("name", VALUES)
def test_a_type_and_its_values(name: str) -> None:
    """A strict schema, which accepts the value's JSON, and the value itself out of that JSON."""
    hint, given, value = VALUES[name]
    answer = response_schema(hint)
    assert breaches(answer.schema) == []
    sent = {"value": given} if answer.is_wrapped else given
    jsonschema.Draft202012Validator.check_schema(answer.schema)
    jsonschema.validate(sent, answer.schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    assert answer.decode(json.dumps(sent)) == value
    assert type(answer.read(sent)) is type(value)
    assert answer.unwrap(sent) == given


# Strict mode has no form for an address, so that a text which is none fits the schema.
@pytest.mark.parametrize("name", [name for name in VALUES if name != "a pydantic model of other things"])
def test_what_fits_the_schema_is_a_value(name: str) -> None:
    """What the local server makes of the schema is read."""
    answer = response_schema(VALUES[name][0])
    answer.read(example(answer.schema))


def test_a_schema_in_full() -> None:
    """Descriptions from docstrings and notes, defaults in words, classes by reference, every member required."""
    assert response_schema(kinds.Marked).schema == {
        "type": "object",
        "description": "A mark.",
        "properties": {
            "name": {"type": "string", "description": "What is written on it."},
            "at": {"anyOf": [{"$ref": "#/$defs/Point"}, {"type": "null"}]},
            "tags": {"type": "array", "items": {"type": "string"}},
            "shout": {"type": "boolean", "description": "Default: false."},
        },
        "required": ["name", "at", "tags", "shout"],
        "additionalProperties": False,
        "$defs": {
            "Point": {
                "type": "object",
                "description": "A point on a plane.",
                "properties": {
                    "x": {"type": "number"},
                    "y": {"type": "number", "description": "Upwards. Default: 0.0."},
                },
                "required": ["x", "y"],
                "additionalProperties": False,
            }
        },
    }


@pytest.mark.parametrize(
    ("hint", "member", "description"),
    [
        (kinds.Person, "name", "As it is in the passport."),
        (kinds.Person, "age", "In years."),
        (kinds.Address, "street", "With the number."),
        (kinds.Address, "country", "As two letters."),
        (kinds.Further, "door", "Which one."),
        (kinds.Pair, "left", "The first."),
        (kinds.Pair, "right", "Default: 2."),
        (kinds.City, "cityName", "As its people call it."),
        (kinds.City, "population", "At the last count. Default: 1."),
        (kinds.Bounds, "two", "At most 5 characters."),
        (kinds.Bounds, "four", "Above nothing."),
        (kinds.Scalars, "data", 'Encoded as "base64".'),
        (kinds.Town, "name", "Of the town. At least 1 characters."),
    ],
)
def test_descriptions(hint: Any, member: str, description: str) -> None:
    """From every form of docstring, from below the field, from every kind of note, and bounds that have no keyword."""
    properties: Any = response_schema(hint).schema["properties"]
    assert properties[member]["description"] == description


def test_bounds_are_sent_and_checked() -> None:
    """Keywords where strict mode has them; a value outside does not fit, keyword or not."""
    properties: Any = response_schema(kinds.Bounds).schema["properties"]
    assert properties["one"] == {"type": "integer", "minimum": 1, "exclusiveMaximum": 10}
    assert properties["two"]["pattern"] == "^[a-z]+$"
    assert (properties["three"]["minItems"], properties["three"]["maxItems"]) == (1, 3)
    with pytest.raises(InvalidValueError) as caught:
        convert({"one": 10, "two": "abcdef", "three": [], "four": 0}, kinds.Bounds)
    assert [problem.partition(":")[0] for problem in caught.value.problems] == ["one", "two", "three", "four"]


class Later(NamedTuple):
    price: Annotated[Decimal, annotated_types.Gt(Decimal(0)), annotated_types.MultipleOf(2)]
    day: Annotated[datetime.date, annotated_types.Ge(datetime.date(2024, 1, 1))]
    wait: Annotated[datetime.timedelta, annotated_types.Le(datetime.timedelta(hours=1))]
    cost: Annotated[Decimal, pydantic.Field(gt=Decimal(0))]
    at: Annotated[datetime.datetime, msgspec.Meta(tz=True)]
    count: Annotated[int, annotated_types.Interval(ge=Decimal(1), lt=3.5)]
    odd: Annotated[int, annotated_types.Predicate(lambda number: 9 // number % 2 == 1)]
    code: Annotated[str, pydantic.Field(pattern=re.compile("^[a-z]$"))]


LATER = {
    "price": "2", "day": "2024-01-01", "wait": "PT1H", "cost": "0.1", "at": "2024-01-01T00:00:00Z", "count": 3,
    "odd": 3, "code": "a",
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "outside"),
    [
        ("price", "0"), ("price", "3"), ("price", "NaN"), ("day", "2023-12-31"), ("wait", "PT2H"), ("cost", "-1"),
        ("at", "2024-01-01T00:00:00"), ("count", 0), ("count", 4), ("odd", 2), ("odd", 0), ("code", "ab"),
    ],
)  # fmt: skip
def test_bounds_of_other_types(name: str, outside: object) -> None:
    """Compared with the value when the answer comes, and said in words."""
    assert convert(LATER, Later).price == 2
    with pytest.raises(InvalidValueError) as caught:
        convert({**LATER, name: outside}, Later)
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [name]
    properties: Any = response_schema(Later).schema["properties"]
    assert properties["day"]["description"] == "At least 2024-01-01."
    assert properties["price"]["description"] == "More than 0. A multiple of 2."


@pytest.mark.parametrize(
    "hint",
    [
        Annotated[Decimal, pydantic.Field(max_digits=3)],
        Annotated[datetime.date, annotated_types.Ge(datetime.datetime(2024, 1, 1))],
        Annotated[datetime.datetime, annotated_types.Timezone("Europe/Stockholm")],
        Annotated[list[int], annotated_types.Ge(3)],
        Annotated[int, annotated_types.Ge("a")],
        Annotated[str, pydantic.Field(pattern=re.compile("a", re.IGNORECASE))],
        Annotated[uuid.UUID, annotated_types.MaxLen(3)],
    ],
)
def test_bounds_that_are_not_checked_are_refused(hint: Any) -> None:
    """Before anything is sent; none is dropped."""
    with pytest.raises(
        InvalidArgumentError, match=r"constraints that can be checked \(.*(support|compare|must be|Can only)"
    ):
        response_schema(hint)


def test_a_recursive_root_is_no_reference() -> None:
    """The object itself at the root, which its definition repeats."""
    for hint in (kinds.Tree, kinds.Town):
        schema: Any = response_schema(hint).schema
        assert schema["type"] == "object"
        assert "$ref" not in schema
        assert list(schema["$defs"]) == [hint.__name__]


def test_two_classes_of_one_name() -> None:
    """A definition each."""
    one, two = (dataclasses.make_dataclass("Same", [(name, int)]) for name in "ab")
    both = dataclasses.make_dataclass("Both", [("one", one), ("two", two)])
    schema: Any = response_schema(both).schema
    assert list(schema["$defs"]) == ["Same", "Same_2"]
    assert convert({"one": {"a": 1}, "two": {"b": 2}}, both) == both(one(1), two(2))


def test_many_uses_of_a_class_are_one_definition() -> None:
    """A schema that grows with the classes and not with the ways through them."""
    cls: Any = int
    for number in range(40):
        cls = dataclasses.make_dataclass(f"Level{number}", [("left", cls), ("right", cls)])
    assert len(json.dumps(response_schema(cls).schema)) < 10_000


def test_defaults_stand_in_where_a_server_is_not_strict() -> None:
    """The class's own defaults for members that are missing; unknown members are nobody's."""
    assert convert('{"x": 1, "more": 2}', kinds.Point) == kinds.Point(1.0)
    assert convert({"name": "E", "age": 1}, kinds.Person) == kinds.Person("E", 1)
    assert convert(kinds.TOWN | {"neighbours": []}, kinds.Town) == kinds.A_TOWN


@attrs.define
class Even:
    number: int = attrs.field(converter=lambda number: number * 2)

    @number.validator
    def _check(self, _: object, number: int) -> None:
        if number > 100:
            raise AssertionError("too large")


@dataclasses.dataclass
class Ordered:
    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low is above high")


class Careful(msgspec.Struct):
    low: int

    def __post_init__(self) -> None:
        if not self.low:
            raise ZeroDivisionError("db password=hunter2")


class CarefulModel(BaseModel):
    low: int

    @pydantic.model_validator(mode="after")
    def _check(self) -> "CarefulModel":
        raise RuntimeError("db password=hunter2")


PROBLEMS: list[tuple[Any, object, list[str]]] = [
    (kinds.Point, "[", ["not JSON (Expecting value: line 1 column 2 (char 1))"]),
    (kinds.Point, "[]", ["expected `object`, got `array`"]),
    (kinds.Point, {}, ["x: is missing"]),
    (kinds.Point, {"x": "1", "y": None}, ["x: expected `float`, got `str`", "y: expected `float`, got `null`"]),
    (list[kinds.Pair], {"value": [{"left": 1}, {"left": True}, 3]},
     ["value[1].left: expected `int`, got `bool`", "value[2]: expected `object`, got `int`"]),
    (list[int], {"value": {}}, ["value: expected `array`, got `object`"]),
    (list[int], {}, ["value: is missing"]),
    (Literal["a", 1], {"value": True}, ['value: expected one of "a", 1']),
    (Literal["a"], {"value": ["a"]}, ['value: expected "a"']),
    (kinds.Colour, {"value": "blue"}, ['value: expected one of "red", null, 7']),
    (int | None, {"value": "x"}, ["value: expected `int | null`, got `str`"]),
    (kinds.Cat | kinds.Dog, {"value": {"kind": "bird"}}, ["value.kind: expected one of \"cat\", \"dog\", \"wolf\""]),
    (kinds.Cat | kinds.Dog, {"value": {"kind": "cat"}}, ["value.lives: is missing"]),
    (kinds.Narrow | kinds.Wide, {"value": {"a": 1, "b": "x"}}, ["value.b: expected `int`, got `str`"]),
    (kinds.Circle | kinds.Square, {"value": {"side": 1}}, ["value.type: expected one of \"Circle\", \"sq\""]),
    (kinds.Tree, {"value": 1, "left": {"value": 2, "left": {"value": ""}}},
     ["left.left.value: expected `int`, got `str`"]),
    (Even, {"number": 51}, ["too large"]),
    (list[Ordered], {"value": [{"low": 1, "high": 2}, {"low": 2, "high": 1}]}, ["value[1]: low is above high"]),
    (Careful, {"low": 0}, ["ZeroDivisionError"]),
    (CarefulModel, {"low": 0}, ["RuntimeError"]),
    (kinds.Person, {"name": "E", "age": -1}, ["'_age' must be >= 0: -1"]),
    (kinds.Town, kinds.TOWN | {"name": "a b"}, ["name: Value error, no spaces"]),
    (list[kinds.Town], {"value": [kinds.TOWN, {"name": 1}]},
     ["value[1].name: Input should be a valid string", "value[1].since: Field required"]),
]  # fmt: skip


@pytest.mark.parametrize(("hint", "given", "problems"), PROBLEMS)
def test_what_does_not_fit(hint: Any, given: object, problems: list[str]) -> None:
    """Every place by its path, in one kind of error, whatever found it."""
    with pytest.raises(InvalidValueError) as caught:
        convert(given, hint)
    assert caught.value.problems == problems


@pytest.mark.parametrize("hint", [int, Literal[1, "a"], kinds.Level, Literal[1] | None, kinds.Level | str])
def test_integers_that_are_written_with_a_point(hint: Any) -> None:
    """The integer, as the schema accepts it."""
    schema = response_schema(hint)
    jsonschema.validate({"value": 1.0}, schema.schema)
    assert schema.decode('{"value": 1.0}') == 1
    assert isinstance(schema.decode('{"value": 1.0}'), int)


def test_keys_that_are_the_same() -> None:
    """A problem; no value is dropped."""
    assert convert('{"1": "a", "2": "b"}', dict[int, str]) == {1: "a", 2: "b"}
    with pytest.raises(InvalidValueError, match="x: as a key: expected `int`, got `str`; 1: expected `str`, got `int`"):
        convert('{"x": "a", "1": 2}', dict[int, str])
    with pytest.raises(InvalidValueError, match="two of the keys are the same"):
        convert('{"1": "a", "1.0": "b"}', dict[int, str])


class _Struct(msgspec.Struct):
    x: int = 0


@dataclasses.dataclass(frozen=True)
class _Frozen:
    x: list[int] = dataclasses.field(default_factory=list)


@attrs.frozen
class _FrozenAttrs:
    x: list[int] = attrs.Factory(list)


@pytest.mark.parametrize("value", [_Struct(), _Frozen(), _FrozenAttrs()])
def test_an_instance_whose_hash_fails(value: object) -> None:
    """It is no type, and the error says so."""
    with pytest.raises(InvalidArgumentError, match="Pass the class, not an instance of it"):
        response_schema(value)


def test_json_that_is_too_deep() -> None:
    """The same error, however it is nested."""
    deep = '{"value":1,"left":' * 5000 + "null" + "}" * 5000
    with pytest.raises(InvalidValueError):
        convert(deep, kinds.Tree)


def test_a_long_list_of_problems_is_short() -> None:
    """Ten places and the number of the others."""
    with pytest.raises(InvalidValueError, match=r"and 90 more$"):
        convert({"value": ["x"] * 100}, list[int])


class Loose(NamedTuple):
    rows: list[dict[str, int]]


class Untyped(TypedDict):
    inner: "Nowhere"  # type: ignore[name-defined] # noqa: F821


@dataclasses.dataclass
class Holder:
    loose: Loose | None
    any: int = 0


@attrs.define
class Bare:
    x = attrs.field()


class FreeModel(BaseModel):
    inner: dict[str, int]


class AnyModel(BaseModel):
    rows: list[Any]


class TupleModel(BaseModel):
    pair: tuple[int, str]


class PointModel(BaseModel):
    x: float
    y: float


class CalledModel(BaseModel):
    call: Callable[[int], int]


class PathModel(BaseModel):
    zeroth: int = 0
    first: int = pydantic.Field(validation_alias=pydantic.AliasPath("rows", 0))


class ForeignModel(BaseModel):
    model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)
    space: types.SimpleNamespace
    rows: list[CalledModel] = []


class UnknownModel(BaseModel):
    x: int
    inner: "list[Nowhere]"  # type: ignore[name-defined] # noqa: F821


T = TypeVar("T")


@dataclasses.dataclass
class Growing(Generic[T]):
    more: "Growing[list[T]] | None" = None


@dataclasses.dataclass
class Linked:
    value: int
    next: Self | None = None
    others: list[Self] = dataclasses.field(default_factory=list)


class LinkedTuple(NamedTuple):
    value: int
    next: "typing_extensions.Self | None" = None  # type: ignore[misc]


@pytest.mark.parametrize("cls", [Linked, LinkedTuple])
def test_a_class_that_holds_its_own(cls: Any) -> None:
    """`Self` is the class."""
    assert convert({"value": 1, "next": {"value": 2, "next": None}}, cls) == cls(1, cls(2))
    assert breaches(response_schema(cls).schema) == []


class SubLinked(Linked):
    pass


@dataclasses.dataclass
class Priced:
    price: Decimal = pydantic.Field(gt=Decimal(0))  # noqa: RUF009
    count: int = pydantic.Field(default=2)


def test_fields_of_pydantic_in_a_dataclass() -> None:
    """Their bounds are checked and their defaults stand in: pydantic reads such a class."""
    assert convert({"price": "1.5"}, Priced) == Priced(Decimal("1.5"), 2)
    with pytest.raises(InvalidValueError, match=r"price: .*greater than 0"):
        convert({"price": "0", "count": 1}, Priced)


@dataclasses.dataclass
class Hamlet:
    kind: Literal["hamlet"]
    cows: int


def test_models_beside_other_classes() -> None:
    """Told apart by the same rules as all: a member with words, or the names of the members."""
    hamlet = {"kind": "hamlet", "howManyCows": 1, "cows": 3}
    for hint in (kinds.Village | Hamlet, kinds.Town | kinds.Village | Hamlet):
        answer = response_schema(list[hint])
        assert breaches(answer.schema) == []
        assert answer.read({"value": [kinds.VILLAGE, hamlet]}) == [kinds.A_VILLAGE, Hamlet("hamlet", 3)]
        with pytest.raises(InvalidValueError, match=r"value\[0\].kind: expected one of .*\"hamlet\""):
            answer.read({"value": [{"kind": "city"}]})
    assert convert({"value": kinds.TOWN}, kinds.Town | kinds.Point) == kinds.A_TOWN
    assert convert({"value": {"x": 1.5, "y": 0}}, kinds.Town | kinds.Point) == kinds.Point(1.5)


class Part(BaseModel):
    title: str
    default: int


class Whole(BaseModel):
    default: Part
    enum: list[Part] = pydantic.Field(title="Parts")


def another_whole() -> type[BaseModel]:
    """A model whose part has the same name as that of another."""

    class Part(BaseModel):
        weight: float

    class Whole(BaseModel):
        part: Part
        again: Part | None = None

    return Whole


def test_pydantic_models_of_one_name() -> None:
    """A definition each, and properties that are named as keywords are."""
    one, two = Whole, another_whole()
    both = dataclasses.make_dataclass("Both", [("one", one), ("two", two), ("parts", list[Part])])
    part = {"title": "x", "default": 1}
    value = {
        "one": {"default": part, "enum": [part]},
        "two": {"part": {"weight": 1.5}, "again": {"weight": 2}},
        "parts": [part],
    }
    for strict in (True, False):
        answer = response_schema(both, strict=strict)
        definitions: Any = answer.schema["$defs"]
        names = {name: set(each["properties"]) for name, each in definitions.items() if "Part" in name}
        assert names == {"Part": {"title", "default"}, "Part_2": {"weight"}, "Part_3": {"title", "default"}}
        jsonschema.Draft202012Validator.check_schema(answer.schema)
        jsonschema.validate(value, answer.schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**value, "two": {"part": part, "again": None}}, answer.schema)
        assert answer.read(value).two == two(part={"weight": 1.5}, again={"weight": 2})
    assert breaches(response_schema(both).schema) == []


def whole_of(**parts: type) -> type[BaseModel]:
    """A model whose parts are models of these names, each with a property of its type."""
    models = {name: pydantic.create_model(name, of=(hint, ...)) for name, hint in parts.items()}
    return pydantic.create_model("Outer", **{name.lower(): (model, ...) for name, model in models.items()})  # type: ignore[call-overload, no-any-return]


def test_pydantic_models_whose_names_end_in_numbers() -> None:
    """A name that is given to a second definition is not that of a third."""
    one, two = whole_of(Part=int), whole_of(Part=str, Part_2=float, Part_2_2=bool)
    both = dataclasses.make_dataclass("Both", [("one", one), ("two", two)])
    schema: Any = response_schema(both, strict=False).schema
    value = {"one": {"part": {"of": 1}}, "two": {"part": {"of": "x"}, "part_2": {"of": 1.5}, "part_2_2": {"of": True}}}
    jsonschema.validate(value, schema)
    for name, wrong in {"part": 1, "part_2": "x", "part_2_2": 1.5}.items():
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**value, "two": {**value["two"], name: {"of": wrong}}}, schema)


@dataclasses.dataclass
class Region:
    kind: Literal["region"]
    parts: "list[kinds.Town | kinds.Village | Region]"


def test_a_class_that_contains_itself_beside_models() -> None:
    """The union is built before the class is known, and its arms are told apart by their tags."""
    answer = response_schema(Region)
    assert breaches(answer.schema) == []
    inner = {"kind": "region", "parts": []}
    made = answer.read({"kind": "region", "parts": [kinds.VILLAGE, inner, kinds.TOWN]})
    assert made == Region("region", [kinds.A_VILLAGE, Region("region", []), kinds.A_TOWN])


@attrs.define
class Allocated:
    """A class with a ``__new__`` and a name of its own for an argument."""

    number: int = attrs.field(alias="count")
    """How many."""
    rest: list[int] = attrs.Factory(list)

    def __new__(cls, *_: Any, **__: Any) -> Self:
        return super().__new__(cls)


def test_fields_are_what_the_constructor_takes() -> None:
    """By the names of its arguments, also if the class has a ``__new__`` that takes anything."""
    schema: Any = response_schema(Allocated).schema
    assert schema["properties"] == {
        "count": {"type": "integer", "description": "How many."},
        "rest": {"type": "array", "items": {"type": "integer"}},
    }
    assert convert({"count": 2}, Allocated) == Allocated(count=2)


class InOnePart(BaseModel):
    count: int

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> Any:
        return {"allOf": [handler(core_schema)]}


def test_a_model_whose_schema_is_one_part() -> None:
    """The part itself, which is an object: pydantic before 2.9 writes references so."""
    for hint in (InOnePart, dataclasses.make_dataclass("Outer", [("inner", InOnePart)])):
        answer = response_schema(hint)
        assert breaches(answer.schema) == []
        assert not answer.is_wrapped
    assert convert({"count": 1}, InOnePart) == InOnePart(count=1)


def test_self_below_a_class() -> None:
    """`Self` is the class that was asked for."""
    made = convert({"value": 1, "next": {"value": 2, "next": None, "others": []}, "others": []}, SubLinked)
    assert type(made.next) is SubLinked


@pydantic.dataclasses.dataclass
class Checked(Generic[T]):
    about: T = pydantic.Field(alias="About")
    count: int = pydantic.Field(2, gt=0)


def test_dataclasses_of_pydantic() -> None:
    """Served by pydantic, with its aliases and bounds, alone and inside of others."""
    answer = response_schema(list[Checked[str]])
    made = answer.decode('{"value": [{"About": "x", "count": 3}]}')
    assert made == [Checked(About="x", count=3)]
    items: Any = answer.schema
    assert breaches(answer.schema) == []
    assert "About" in json.dumps(items)
    with pytest.raises(InvalidValueError, match="greater than 0"):
        convert({"About": "x", "count": 0}, Checked[str])


Circle = TypeAliasType("Circle", "Circle")
Arm = TypeAliasType("Arm", "Arm | int")
FIXED = "Use a NamedTuple, a list of one type, or pass strict=False."
ITEMS = "Name the type of the items, as in list[str], or pass strict=False."
FREE = "Use a list of objects with a name and a value, a class with the known names, or pass strict=False."
KNOWN = "Use an attrs class, a dataclass, a TypedDict, a NamedTuple, a msgspec Struct or a pydantic model."

REFUSED: list[tuple[Any, str, str]] = [
    (dict, "response_format", FREE),
    (dict[str, int], "response_format", FREE),
    (list[Mapping[str, int]], "response_format[]", FREE),
    (Holder, "response_format.loose.rows[]", FREE),
    (Any, "response_format", "Name a type, or pass strict=False."),
    (list[object], "response_format", ITEMS),
    (tuple[int, str], "response_format", FIXED),
    (tuple, "response_format", ITEMS),
    (list, "response_format", ITEMS),
    (list[set], "response_format[]", ITEMS),
    (kinds.Page, "response_format.items[]", "Give a type for ~T, as in Page[Item]."),
    ("Point", "response_format", "Give the class itself."),
    (complex, "response_format", KNOWN),
    (object(), "response_format", KNOWN),
    (types.SimpleNamespace, "response_format", KNOWN),
    (namedtuple("Plain", "a b"), "response_format", "its field 'a' has no type."),  # noqa: PYI024
    (Bare, "response_format", "its field 'x' has no type."),
    (Untyped, "response_format", "its hints name 'Nowhere', which its module does not have."),
    (Literal[b"x"], "response_format", ""),
    (str | bytes, "response_format", "keep one of them"),
    (list[int] | set[str], "response_format", "keep one of them"),
    (kinds.Point | Annotated[kinds.Point, "again"] | Mapping[str, int], "response_format", "keep one of them"),
    (kinds.Point | PointModel, "response_format", "keep one of them"),
    (kinds.Narrow | dataclasses.make_dataclass("Other", [("a", str)]), "response_format", "keep one of them"),
    (Annotated[bool, msgspec.Meta(ge=1)], "response_format", "Can only set `ge` on a numeric type"),
    (Annotated[kinds.Point, msgspec.Meta(min_length=1)], "response_format", ""),
    (Circle, "response_format", ""),
    (Arm, "response_format", ""),
    (FreeModel, "response_format.inner", FREE),
    (AnyModel, "response_format.rows", ITEMS),
    (list[TupleModel], "response_format[].pair", FIXED),
    (Growing[int], "response_format", "comes to an end"),
    (set[kinds.Point], "response_format[]", "@dataclass(frozen=True)"),
    (frozenset[kinds.Point | None], "response_format[]", "@dataclass(frozen=True)"),
    (set[frozenset[kinds.Town]], "response_format[][]", "hash"),
    (set[TypedDict("Typed", {"a": int})], "response_format[]", "hash"),  # type: ignore[misc]
    (set[list[int]], "response_format[]", "hash"),
    (CalledModel, "response_format.call", "CallableSchema"),
    (ForeignModel, "response_format.rows[].call", "CallableSchema"),
    (list[UnknownModel], "response_format[].inner", "Nowhere"),
    (CalledModel | kinds.Town, "response_format.call", "CallableSchema"),
    (list[PathModel], "response_format[].first", "an AliasPath"),
    (BaseModel, "response_format", "Give a subclass of BaseModel that has the fields."),
    (list[msgspec.Struct], "response_format[]", "Give a subclass of Struct that has the fields."),
]


@pytest.mark.parametrize(("hint", "path", "use"), REFUSED, ids=lambda value: str(value)[:7])
def test_what_strict_mode_has_no_form_for(hint: Any, path: str, use: str) -> None:
    """An error with the path to it, and what to use instead."""
    with pytest.raises(InvalidArgumentError) as caught:
        response_schema(hint)
    assert caught.value.argument == path
    assert use in str(caught.value)


PLAIN: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (int, st.integers(-(2**53), 2**53)),
    (str, st.text(st.characters(exclude_categories=["Cs"]))),
    (bool, st.booleans()),
    (float, st.floats(allow_nan=False, allow_infinity=False)),
    (Literal["a", 2], st.sampled_from(["a", 2])),
    (kinds.Word, st.sampled_from(kinds.Word)),
    (datetime.date, st.dates()),
]


@st.composite
def types_with_values(draw: st.DrawFn, depth: int = 3) -> tuple[Any, Any]:
    """A type of any nesting, and a strategy of its values."""
    kind = draw(st.sampled_from(["plain", "list", "optional", "class", "tuple"] if depth else ["plain"]))
    if kind == "plain":
        return draw(st.sampled_from(PLAIN))
    if kind in ("list", "optional"):
        hint, values = draw(types_with_values(depth - 1))
        return (list[hint], st.lists(values, max_size=3)) if kind == "list" else (hint | None, values | st.none())
    parts = draw(st.lists(types_with_values(depth - 1), max_size=3))
    fields = [(f"member{number}", hint) for number, (hint, _) in enumerate(parts)]
    cls: Any = NamedTuple("Drawn", fields) if kind == "tuple" else dataclasses.make_dataclass("Drawn", fields)
    return cls, st.builds(cls, *(values for _, values in parts))


def written(value: Any) -> Any:
    """The JSON that a value is written as."""
    if dataclasses.is_dataclass(value):
        return {field.name: written(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return {name: written(item) for name, item in value._asdict().items()}  # type: ignore[attr-defined]
    if isinstance(value, list):
        return [written(item) for item in value]
    return msgspec.to_builtins(value)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_type_and_any_value(data: st.DataObject) -> None:
    """A strict schema that accepts the value's JSON, and the value again."""
    hint, values = data.draw(types_with_values())
    value = data.draw(values)
    answer = response_schema(hint)
    assert breaches(answer.schema) == []
    sent = {"value": written(value)} if answer.is_wrapped else written(value)
    jsonschema.validate(sent, answer.schema)
    read = answer.decode(json.dumps(sent))
    assert read == value
    assert type(read) is type(value)


def test_the_arguments_of_a_function() -> None:
    """An object of them; those with a default may miss, and are left out."""
    fields = [Field("city", str, description="Which."), Field("days", Annotated[int, msgspec.Meta(ge=1)], 3)]
    answer = parameters_schema("get_weather", fields, "The weather.")
    assert answer.schema == {
        "type": "object",
        "description": "The weather.",
        "properties": {
            "city": {"type": "string", "description": "Which."},
            "days": {"type": "integer", "minimum": 1, "description": "Default: 3."},
        },
        "required": ["city", "days"],
        "additionalProperties": False,
    }
    assert answer.decode('{"city": "Umeå"}') == {"city": "Umeå"}
    assert answer.decode('{"city": "Umeå", "days": 2.0}') == {"city": "Umeå", "days": 2}
    with pytest.raises(InvalidArgumentError, match=r"get_weather\.at: .*dict"):
        parameters_schema("get_weather", [Field("at", dict)])


def test_a_default_that_is_a_set() -> None:
    """In one order, whatever the hashes of its items are."""
    fields = [
        Field("tags", set[str], default={"b", "a", "d", "c", "e"}), Field("mixed", set[str | int], default={"b", 1})
    ]  # fmt: skip
    properties: Any = parameters_schema("search", fields, strict=False).schema["properties"]
    assert properties["tags"]["default"] == ["a", "b", "c", "d", "e"]
    assert set(properties["mixed"]["default"]) == {"b", 1}


def test_types_are_read_once() -> None:
    """The same answer for the same type, and another for what is equal to Python and not to JSON."""
    assert response_schema(list[kinds.Point]) is response_schema(list[kinds.Point])
    assert response_schema(Literal[1]) is not response_schema(Literal[True])
    unhashable = Annotated[int, ["a note of somebody else's"]]
    assert response_schema(unhashable).decode('{"value": 1}') == 1
    assert response_schema(list[unhashable]).decode('{"value": [1]}') == [1]


def test_names_of_schemas() -> None:
    """Letters, digits, underscores and dashes, at most 64."""
    assert response_schema(kinds.Point).name == "Point"
    assert response_schema(kinds.Page[kinds.Point]).name == "Page_Point"
    assert response_schema(list[kinds.Point] | None).name == "list_Point_NoneType"
    assert response_schema(Literal["ü"]).name == "Literal"
    assert len(response_schema(dataclasses.make_dataclass("A" * 100, [])).name) == 64


PROGRAM = """
import dataclasses, sys
from opper_chat._schemas.response_schema import convert
@dataclasses.dataclass
class Point:
    "A point."
    x: int
assert convert('{"x": 1}', Point) == Point(1)
print(*sorted({name.partition(".")[0] for name in sys.modules} & {"pydantic", "pydantic_core", "openai"}))
"""


def test_pydantic_that_is_hardly_loaded() -> None:
    """Its package alone, as others import it: its modules are loaded when they are needed."""
    program = PROGRAM.replace("import dataclasses", "import pydantic, dataclasses")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("pydantic")


def test_pydantic_is_not_loaded() -> None:
    """Nothing of it, where no model of it is given."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""

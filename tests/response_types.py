"""Types of every kind that an answer can be of, each with a JSON value and the value of the type that it stands for."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import typing
import uuid
from collections.abc import Sequence
from dataclasses import KW_ONLY, InitVar, dataclass
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, NotRequired, TypedDict, TypeVar

import annotated_types
import attrs
import msgspec
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, RootModel, field_validator
from typing_extensions import Doc, ReadOnly, TypeAliasType

T = TypeVar("T")


@dataclass
class Point:
    """A point on a plane."""

    x: float
    y: Annotated[float, "Upwards."] = 0.0


@dataclass(frozen=True, slots=True)
class Marked:
    """A mark.

    Args:
        name: What is written on it.
    """

    name: str
    _: KW_ONLY
    at: Point | None = None
    tags: list[str] = dataclasses.field(default_factory=list)
    shout: InitVar[bool] = False
    length: int = dataclasses.field(init=False, default=0)

    def __post_init__(self, shout: bool) -> None:
        object.__setattr__(self, "length", len(self.name) * (2 if shout else 1))


@attrs.define
class Person:
    """Somebody.

    Attributes:
        name (str): As it is
            in the passport.
        _age: In years.
    """

    name: str
    _age: int = attrs.field(validator=attrs.validators.ge(0))
    pets: list[Cat | Dog] = attrs.field(factory=list)
    nick: str = attrs.field(default="", converter=str.strip, kw_only=True)


@dataclass
class Cat:
    kind: Literal["cat"]
    lives: int


@attrs.frozen
class Dog:
    kind: Literal["dog", "wolf"]
    tricks: list[str]


class Address(TypedDict):
    """Where to send it.

    Parameters
    ----------
    street : str
        With the number.
    """

    street: str
    zip: NotRequired[str]
    country: ReadOnly[Annotated[Literal["SE", "NO"], Doc("As two letters.")]]


class Further(Address, total=False):
    """The same, further.

    Attributes:
        door: Which one.
    """

    floor: int
    door: typing.Required[str]


class Pair(NamedTuple):
    """Two numbers.

    :param left: The first.
    """

    left: int
    right: int = 2


class City(msgspec.Struct, rename="camel", kw_only=True):
    city_name: str
    """ As its people call it. """
    founded: datetime.date | None = None
    population: Annotated[int, msgspec.Meta(ge=0, description="At the last count.")] = 1


class Circle(msgspec.Struct, tag=True):
    radius: float


class Square(msgspec.Struct, tag="sq"):
    side: float


class Tree(msgspec.Struct):
    value: int
    left: Tree | None = None
    right: Tree | None = None


@dataclass
class Page(Generic[T]):
    items: list[T]
    next: Page[T] | None = None


@dataclass
class CatPage(Page[Cat]):
    total: int = 0


class Colour(enum.Enum):
    RED = "red"
    NONE = None
    SEVEN = 7


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Word(enum.StrEnum):
    YES = "yes"
    NO = "no"


@dataclass
class Scalars:
    text: str
    whole: int
    number: float
    truth: bool
    nothing: None
    moment: datetime.datetime
    day: datetime.date
    hour: datetime.time
    span: datetime.timedelta
    id: uuid.UUID
    price: decimal.Decimal
    data: bytes


@dataclass
class Bounds:
    one: Annotated[int, annotated_types.Interval(ge=1, lt=10)]
    two: Annotated[str, msgspec.Meta(pattern="^[a-z]+$", max_length=5)]
    three: Annotated[list[int], annotated_types.Len(1, 3)]
    four: Annotated[float, Field(gt=0, description="Above nothing.")]


@dataclass
class Collections:
    many: tuple[int, ...]
    unique: set[str]
    frozen: frozenset[int]
    sequence: Sequence[Point]
    nested: list[list[Literal[1, 2]]]


@dataclass
class Narrow:
    a: int


@dataclass
class Wide:
    a: int
    b: int


UserId = NewType("UserId", int)
Names = TypeAliasType("Names", "list[str | Names]")


class Town(BaseModel):
    """A town of pydantic's."""

    model_config = ConfigDict(strict=True)
    name: str = Field(min_length=1, description="Of the town")
    mayor: str | None = None
    since: datetime.date
    neighbours: list[Town] = []
    kind: Literal["town"] = "town"

    @field_validator("name")
    @classmethod
    def _no_spaces(cls, name: str) -> str:
        if " " in name:
            raise ValueError("no spaces")
        return name


class Village(BaseModel):
    kind: Literal["village"]
    cows: int = Field(alias="howManyCows", ge=0)


class Link(BaseModel):
    url: HttpUrl
    words: set[str]
    level: Level = Level.LOW
    score: float | None = Field(None, description="From 0 to 1.", ge=0, le=1)


class Towns(RootModel[list[Village]]):
    pass


@dataclass
class Mixed:
    town: Town
    places: list[Village | Town]


MOMENT = datetime.datetime(2024, 5, 6, 7, 8, 9, tzinfo=datetime.UTC)
ID = uuid.UUID("12345678-1234-5678-1234-567812345678")
TOWN = {"name": "Å", "mayor": None, "since": "2001-02-03", "neighbours": [], "kind": "town"}
VILLAGE = {"kind": "village", "howManyCows": 3}
A_VILLAGE = Village(kind="village", howManyCows=3)
A_TOWN = Town(name="Å", since=datetime.date(2001, 2, 3))

VALUES: dict[str, tuple[Any, object, object]] = {
    "a dataclass": (Point, {"x": 1, "y": 2.5}, Point(1.0, 2.5)),
    "a dataclass with init-only fields": (
        Marked,
        {"name": "ab", "at": {"x": 0.5, "y": 0}, "tags": ["c"], "shout": True},
        Marked("ab", at=Point(0.5, 0.0), tags=["c"], shout=True),
    ),
    "an attrs class": (
        Person,
        {"name": "Eva", "age": 7, "pets": [{"kind": "cat", "lives": 9}, {"kind": "wolf", "tricks": []}], "nick": " E "},
        Person("Eva", 7, [Cat("cat", 9), Dog("wolf", [])], nick="E"),
    ),
    "a typed dict": (Address, {"street": "A 1", "zip": None, "country": "SE"}, {"street": "A 1", "country": "SE"}),
    "a typed dict of another": (
        Further,
        {"street": "A 1", "zip": "1", "country": "NO", "floor": None, "door": "b"},
        {"street": "A 1", "zip": "1", "country": "NO", "door": "b"},
    ),
    "a named tuple": (Pair, {"left": 1, "right": 3}, Pair(1, 3)),
    "a Struct": (
        City,
        {"cityName": "Umeå", "founded": "1622-01-01", "population": 3},
        City(city_name="Umeå", founded=datetime.date(1622, 1, 1), population=3),
    ),
    "Structs with tags": (Circle | Square, {"type": "sq", "side": 1.5}, Square(1.5)),
    "a recursive class": (
        Tree,
        {"value": 1, "left": {"value": 2, "left": None, "right": None}, "right": None},
        Tree(1, Tree(2)),
    ),
    "a generic class": (
        Page[Point],
        {"items": [], "next": {"items": [{"x": 1.0, "y": 1.0}], "next": None}},
        Page([], Page([Point(1.0, 1.0)])),
    ),
    "a class of a generic one": (
        CatPage,
        {"items": [{"kind": "cat", "lives": 1}], "next": None, "total": 1},
        CatPage([Cat("cat", 1)], None, 1),
    ),
    "a list": (list[Pair], [{"left": 1, "right": 2}], [Pair(1, 2)]),
    "a list of lists": (list[list[int]], [[1], []], [[1], []]),
    "None or a class": (Point | None, None, None),
    "a class or None": (typing.Optional[Point], {"x": 1.0, "y": 2.0}, Point(1.0, 2.0)),  # noqa: UP045
    "a union of scalars": (int | str | list[int] | None, [1, 2], [1, 2]),
    "a union of words and text": (Literal["a"] | Colour | str, "red", Colour.RED),  # noqa: PYI051
    "an int or a float": (int | float, 2, 2),
    "classes by their words": (Cat | Dog, {"kind": "dog", "tricks": ["sit"]}, Dog("dog", ["sit"])),
    "classes by their members": (Narrow | Wide, {"a": 1, "b": 2}, Wide(1, 2)),
    "a Literal": (Literal["a", 1, True, None], True, True),  # noqa: PYI061
    "a Literal of an enum": (Literal[Colour.RED], "red", Colour.RED),
    "an enum": (Colour, 7, Colour.SEVEN),
    "an enum of numbers": (Level, 2, Level.HIGH),
    "an enum of texts": (list[Word], ["no"], [Word.NO]),
    "scalars": (
        Scalars,
        {
            "text": "ü\u0000", "whole": 10**20, "number": 1e-3, "truth": False, "nothing": None,
            "moment": "2024-05-06T07:08:09Z", "day": "2024-02-29", "hour": "10:11:12Z", "span": "P1DT2H",
            "id": str(ID), "price": "1.50", "data": "aGk=",
        },
        Scalars(
            "ü\u0000", 10**20, 0.001, False, None, MOMENT, datetime.date(2024, 2, 29),
            datetime.time(10, 11, 12, tzinfo=datetime.UTC), datetime.timedelta(days=1, hours=2), ID,
            decimal.Decimal("1.50"), b"hi",
        ),
    ),
    "bounds": (Bounds, {"one": 9, "two": "abc", "three": [1], "four": 0.5}, Bounds(9, "abc", [1], 0.5)),
    "collections": (
        Collections,
        {"many": [1, 2], "unique": ["a"], "frozen": [3], "sequence": [{"x": 0.0, "y": 1.0}], "nested": [[1, 2], []]},
        Collections((1, 2), {"a"}, frozenset({3}), [Point(0.0, 1.0)], [[1, 2], []]),
    ),
    "a new type": (list[UserId], [5], [5]),
    "an alias that contains itself": (Names, ["a", ["b", []]], ["a", ["b", []]]),
    "a note": (Annotated[int, "How many."], 3, 3),
    "text": (str, "text", "text"),
    "a pydantic model": (Town, {**TOWN, "neighbours": [TOWN]}, A_TOWN.model_copy(update={"neighbours": [A_TOWN]})),
    "a pydantic model with an alias": (Village, VILLAGE, A_VILLAGE),
    "a pydantic model of other things": (
        Link,
        {"url": "https://example.org/", "words": ["a"], "level": 2, "score": 0.5},
        Link(url=HttpUrl("https://example.org/"), words={"a"}, level=Level.HIGH, score=0.5),
    ),
    "a pydantic root model": (Towns, [VILLAGE], Towns([A_VILLAGE])),
    "a list of pydantic models": (list[Town], [TOWN], [A_TOWN]),
    "a union of pydantic models": (Village | Town, TOWN, A_TOWN),
    "a pydantic model in a dataclass": (
        Mixed,
        {"town": TOWN, "places": [{"kind": "village", "howManyCows": 0}, TOWN]},
        Mixed(A_TOWN, [Village(kind="village", howManyCows=0), A_TOWN]),
    ),
}  # fmt: skip

"""JSON values ↔ values of a type: for each kind of type a shape that says its schema and reads its values. No I/O.

The schemas are those of strict mode, unless they are asked for without: every member is required, none is added, and
what a member may be besides is null.

Source: https://platform.openai.com/docs/guides/structured-outputs, "Supported schemas".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

import msgspec

from .._json.codec import is_array, is_object
from .constraints import check_bounds
from .misfits import InvalidValueError, Place, article, built, kind_of, misfit, sentences

Schema: TypeAlias = dict[str, object]


class Definitions:
    """What the ``$defs`` of a schema define, by name. What refers to itself is defined once.

    Args:
        strict: whether the schema is for strict mode.
    """

    def __init__(self, *, strict: bool = True) -> None:
        self.strict = strict
        self.schemas: dict[str, Schema] = {}
        self._names: dict[object, str] = {}

    def refer(self, key: object, name: str, schema: Callable[[Definitions], Schema]) -> Schema:
        """Return a reference to what the key stands for, which is defined now if it is not yet."""
        if key not in self._names:
            self._names[key] = name = self.unused(name)
            self.schemas[name] = {}
            self.schemas[name] = schema(self)
        return {"$ref": f"#/$defs/{self._names[key]}"}

    def unused(self, name: str) -> str:
        """Return the name, or one like it where it is taken."""
        number, found = 1, name
        while found in self.schemas:
            number += 1
            found = f"{name}_{number}"
        return found


class Shape(Protocol):
    """The JSON values of a type."""

    @property
    def kinds(self) -> Collection[str]:
        """The JSON types that they have."""
        ...

    def schema(self, definitions: Definitions) -> Schema:
        """Return their schema. What it refers to is added to the definitions."""
        ...

    def read(self, value: object) -> object:
        """Return the value of the type that a JSON value stands for.

        Raises:
            InvalidValueError: it stands for none.
        """
        ...


class Described(NamedTuple):
    """A shape that a member, an item or an arm says more about."""

    shape: Shape
    description: str

    @property
    def kinds(self) -> Collection[str]:
        return self.shape.kinds

    def schema(self, definitions: Definitions) -> Schema:
        schema = self.shape.schema(definitions)
        if "$ref" in schema and definitions.strict:  # beside which strict mode takes nothing
            schema = {"anyOf": [schema]}
        return {**schema, "description": sentences(self.description, schema.get("description"))}

    def read(self, value: object) -> object:
        return self.shape.read(value)


class Scalar(NamedTuple):
    """What msgspec reads: numbers, texts, dates and the like. `hint` has the bounds that it checks, `bounds` others."""

    hint: Any
    json_schema: Schema
    kind: str
    bounds: Mapping[str, Any] = {}

    @property
    def kinds(self) -> Collection[str]:
        return (self.kind,)

    def schema(self, definitions: Definitions) -> Schema:  # noqa: ARG002  # a shape
        return dict(self.json_schema)

    def read(self, value: object) -> object:
        if self.kind == "integer" and isinstance(value, float) and value.is_integer():
            value = int(value)  # to JSON 1.0 is a whole number
        try:
            made: object = msgspec.convert(value, self.hint)
        except (msgspec.MsgspecError, ValueError, OverflowError) as error:
            raise misfit(str(error)) from None
        check_bounds(made, self.bounds)
        return made


class Words:
    """Values that are listed: of a Literal or an enum.

    Args:
        values: what each JSON value stands for.
    """

    def __init__(self, values: Iterable[tuple[object, object]]) -> None:
        # By type as well: True is no 1, though Python says that they are equal.
        self.values = {(type(word), word): value for word, value in values}
        self.words = [word for _, word in self.values]
        self.kinds = list(dict.fromkeys(map(kind_of, self.words)))

    def schema(self, definitions: Definitions) -> Schema:  # noqa: ARG002  # a shape
        return {"type": self.kinds[0] if len(self.kinds) == 1 else list(self.kinds), "enum": list(self.words)}

    def read(self, value: object) -> object:
        try:
            return self.values[type(value), value]
        except (KeyError, TypeError):  # no such word, or what can be none
            words = ", ".join(msgspec.json.encode(word).decode() for word in self.words)
            raise misfit(f"expected {words}" if len(self.words) == 1 else f"expected one of {words}") from None


class Array(NamedTuple):
    """A list, or another collection that is written as one. `make` takes a list of the items."""

    item: Shape
    make: Callable[[list[object]], object]
    fewest: int = 0
    most: int | None = None

    @property
    def kinds(self) -> Collection[str]:
        return ("array",)

    def schema(self, definitions: Definitions) -> Schema:
        schema: Schema = {"type": "array", "items": self.item.schema(definitions)}
        if self.fewest:
            schema["minItems"] = self.fewest
        return schema if self.most is None else {**schema, "maxItems": self.most}

    def read(self, value: object) -> object:
        if not is_array(value):
            raise misfit(f"expected an array, got {article(value)}")
        if len(value) < self.fewest or (self.most is not None and len(value) > self.most):
            bound = f"at least {self.fewest}" if len(value) < self.fewest else f"at most {self.most}"
            raise misfit(f"expected {bound} items, got {len(value)}")
        items: list[object] = []
        places: list[Place] = []
        for index, item in enumerate(value):
            try:
                items.append(self.item.read(item))
            except InvalidValueError as error:
                places += error.at(index)
        if places:
            raise InvalidValueError(*places)
        return built(self.make, items)


class Member(NamedTuple):
    """A member of an object."""

    key: str
    """What the object's type calls it."""
    shape: Shape
    may_miss: bool = False
    """Whether there is a default for it, or it need not be there."""
    null_misses: bool = False
    """Whether null stands for its absence, which strict mode has no other form for."""

    def schema(self, definitions: Definitions) -> Schema:
        """Return what it may be."""
        if not self.null_misses or not definitions.strict or "null" in self.shape.kinds:
            return self.shape.schema(definitions)
        return Union([self.shape, NULL]).schema(definitions)


class Object(NamedTuple):
    """An object whose members are known, as are those that make an object of a class out of them.

    `make` takes the members by their keys, and may raise whatever it likes.
    """

    members: Mapping[str, Member]
    make: Callable[[dict[str, object]], object]
    description: str = ""

    @property
    def kinds(self) -> Collection[str]:
        return ("object",)

    def schema(self, definitions: Definitions) -> Schema:
        return {
            "type": "object",
            **({"description": self.description} if self.description else {}),
            "properties": {name: member.schema(definitions) for name, member in self.members.items()},
            "required": [name for name, member in self.members.items() if definitions.strict or not member.may_miss],
            **({"additionalProperties": False} if definitions.strict else {}),
        }

    def read(self, value: object) -> object:
        if not is_object(value):
            raise misfit(f"expected an object, got {article(value)}")
        made: dict[str, object] = {}
        places: list[Place] = []
        for name, member in self.members.items():
            if name not in value:
                if not member.may_miss:
                    places.append(((name,), "is missing"))
                continue
            item = value[name]
            if item is None and member.null_misses and "null" not in member.shape.kinds:
                continue
            try:
                made[member.key] = member.shape.read(item)
            except InvalidValueError as error:
                places += error.at(name)
        if places:
            raise InvalidValueError(*places)
        return built(self.make, made)


class Named:
    """A class or an alias, which a schema defines by name: it may contain itself.

    Attributes:
        shape: what it names; set when all of it is known.
    """

    def __init__(self, name: str, shape: Shape | None = None) -> None:
        self.name = name
        self.shape: Shape = shape or self

    @property
    def kinds(self) -> Collection[str]:
        return self.shape.kinds

    def schema(self, definitions: Definitions) -> Schema:
        return definitions.refer(self, self.name, self.shape.schema)

    def read(self, value: object) -> object:
        return self.shape.read(value)


class Union:
    """One of several. A value's JSON type says which; of objects their words, or the names of their members.

    Attributes:
        ambiguous: whether nothing tells two of the arms apart. Known when all of them are.
    """

    def __init__(self, arms: Iterable[Shape]) -> None:
        self._arms = list(arms)

    @property
    def arms(self) -> list[Shape]:
        """Those of unions among them too."""
        found: list[Shape] = []
        for arm in self._arms:
            inside = whole(arm)
            found += inside.arms if isinstance(inside, Union) else [arm]
        return found

    @property
    def kinds(self) -> Collection[str]:
        return [kind for arm in self.arms for kind in arm.kinds]

    def schema(self, definitions: Definitions) -> Schema:
        return {"anyOf": [arm.schema(definitions) for arm in self._arms]}

    @property
    def ambiguous(self) -> bool:
        objects = [members for arm in self.arms if (members := members_of(arm)) is not None]
        others = [arm for arm in self.arms if members_of(arm) is None and not isinstance(whole(arm), Words)]
        plain = [kind for arm in others for kind in arm.kinds]
        if len(plain) != len(set(plain)) or (objects and "object" in plain):
            return True
        return not tag_of(objects) and len({frozenset(members) for members in objects}) != len(objects)

    def read(self, value: object) -> object:
        kind = kind_of(value)
        if kind == "number" and isinstance(value, float) and value.is_integer() and kind not in self.kinds:
            kind = "integer"
        if kind == "integer" and kind not in self.kinds:
            kind = "number"
        arms = [arm for arm in self.arms if kind in arm.kinds]
        if not arms:
            raise misfit(f"expected {' or '.join(dict.fromkeys(self.kinds))}, got {article(value)}")
        if is_object(value) and len(arms) > 1:
            return self._object(value, arms).read(value)
        arms.sort(key=lambda arm: not isinstance(whole(arm), Words))
        for arm in arms[:-1]:
            try:
                return arm.read(value)
            except InvalidValueError:
                continue
        return arms[-1].read(value)

    def _object(self, value: dict[str, object], arms: list[Shape]) -> Shape:
        objects = [(members, arm) for arm in arms if (members := members_of(arm)) is not None]
        if tag := tag_of([members for members, _ in objects]):
            for members, arm in objects:
                try:
                    members[tag].shape.read(value.get(tag))
                except InvalidValueError:
                    continue
                return arm
            words = [word for members, _ in objects for word in words_of(members[tag].shape)]
            raise InvalidValueError(((tag,), f"expected one of {', '.join(map(repr, words))}"))
        # In strict mode an object has all of its members and no others.
        return min(objects, key=lambda each: len(each[0].keys() ^ value.keys()))[1]


def members_of(shape: Shape) -> Mapping[str, Member] | None:
    """Return the members of an object, or None where a shape is that of something else."""
    members: Mapping[str, Member] | None = getattr(whole(shape), "members", None)
    return members


def tag_of(objects: list[Mapping[str, Member]]) -> str | None:
    """Return the name of a member that has words of its own in each of the objects, or None."""
    for name in objects[0] if objects else ():
        words = [words_of(members[name].shape) if name in members else [] for members in objects]
        listed = [(type(word), word) for found in words for word in found]
        if all(words) and len(listed) == len(set(listed)):
            return name
    return None


def words_of(shape: Shape) -> list[object]:
    """Return the words that a shape lists, if it does."""
    found = whole(shape)
    return found.words if isinstance(found, Words) else []


def whole(shape: Shape) -> Shape:
    """Return the shape itself, without its name and what is said about it; of a circle of names, one of them."""
    met: set[int] = set()
    while isinstance(shape, Named | Described) and id(shape) not in met:
        met.add(id(shape))
        shape = shape.shape
    return shape


NULL = Scalar(None, {"type": "null"}, "null")

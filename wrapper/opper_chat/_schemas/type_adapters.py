"""Type adapters: each kind of type has one, which writes its JSON Schema and reads its JSON values. No I/O.

The schemas are plain JSON Schema, which the module `strict` makes fit strict mode. msgspec reads scalars, and checks
lengths and the JSON types of arrays and objects. It is not given whole classes: it stops at the first problem of a
value, and refuses unions of classes that have no tags of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, Protocol, TypeAlias

import msgspec

from .._errors.invalid_value import InvalidValueError, Problem
from .._json import codec as _json
from .checks import check, check_constraints, construct, invalid, join_sentences

JSONSchema: TypeAlias = dict[str, Any]

KINDS: dict[type, str] = {
    type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"
}  # fmt: skip


class Definitions:
    """The ``$defs`` of a schema, by name."""

    def __init__(self, *, strict: bool = True) -> None:
        self.strict = strict
        self.schemas: dict[str, JSONSchema] = {}
        self._names: dict[object, str] = {}

    def refer(self, key: object, name: str, schema: Callable[[Definitions], JSONSchema]) -> JSONSchema:
        """Return a reference to the definition of a key, which is added if there is none yet."""
        if key not in self._names:
            self._names[key] = reserved = self._reserve(name)
            self.schemas[reserved] = schema(self)  # which may refer to itself
        return {"$ref": f"#/$defs/{self._names[key]}"}

    def embed(self, schema: JSONSchema) -> JSONSchema:
        """Return a whole schema without its own definitions, which are added."""
        part = {name: value for name, value in schema.items() if name != "$defs"}
        added: dict[str, JSONSchema] = schema.get("$defs", {})
        if any(self.schemas.get(name, value) != value for name, value in added.items()):
            # References are the only strings of this form, at any depth, so they are renamed in the text.
            names = {name: self._reserve(name) for name in added}
            text = _json.encode([part, added]).decode()
            text = re.sub(r'(?<="#/\$defs/)[^"]+(?=")', lambda found: names.get(found[0], found[0]), text)
            decoded: Any = _json.decode(text)
            part, added = decoded[0], {names[name]: value for name, value in decoded[1].items()}
        self.schemas |= added
        return part

    def _reserve(self, name: str) -> str:
        """Add an empty definition under a name that has none yet, and return the name."""
        number, unused = 1, name
        while unused in self.schemas:
            number += 1
            unused = f"{name}_{number}"
        self.schemas[unused] = {}
        return unused


class Reader(Protocol):
    """Reads JSON values. `read` raises InvalidValueError if a value does not fit."""

    def read(self, value: object) -> object:
        """Return the Python value for a JSON value."""
        ...


class TypeAdapter(Reader, Protocol):
    """Describes and reads the JSON values of a type."""

    @property
    def kinds(self) -> Collection[str]:
        """The JSON types of the values."""
        ...

    def schema(self, definitions: Definitions) -> JSONSchema:
        """Return the JSON Schema. What it refers to is added to the definitions."""
        ...


def read_all(items: Iterable[tuple[str | int, Reader, object]], missing: Iterable[str] = ()) -> list[object]:
    """Return the Python values for the items of an array, or for the properties of an object.

    Args:
        items: the index or name, the type adapter and the JSON value of each.
        missing: names of required properties that the object does not have.

    Raises:
        InvalidValueError: some do not fit or are missing. The error lists the problems of all of them.
    """
    values: list[object] = []
    problems: list[Problem] = [((name,), "is missing") for name in missing]
    for step, adapter, value in items:
        try:
            values.append(adapter.read(value))
        except InvalidValueError as error:
            problems += error.at(step).located
    if problems:
        raise InvalidValueError(*problems)
    return values


class AnyAdapter(NamedTuple):
    """Any JSON value."""

    kinds: Collection[str] = tuple(KINDS.values())

    def schema(self, definitions: Definitions) -> JSONSchema:  # noqa: ARG002
        return {}

    def read(self, value: object) -> object:
        return value


class ScalarAdapter(NamedTuple):
    """A scalar that msgspec reads, such as a number, a string or a date, with the constraints that it checks."""

    hint: Any
    json_schema: JSONSchema
    constraints: Mapping[str, Any]
    """Those that msgspec does not check."""

    @property
    def kinds(self) -> Collection[str]:
        return (self.json_schema["type"],)

    def schema(self, definitions: Definitions) -> JSONSchema:  # noqa: ARG002
        return dict(self.json_schema)

    def read(self, value: object) -> object:
        found: object = check(_as_integer(value) if self.json_schema["type"] == "integer" else value, self.hint)
        if self.constraints:
            check_constraints(found, self.constraints)
        return found


class ChoiceAdapter:
    """The values of a Literal or an enum, as pairs of a JSON value and the Python value for it."""

    def __init__(self, values: Iterable[tuple[object, object]]) -> None:
        # By type too, because True == 1 in Python.
        self._values = {(type(choice), choice): value for choice, value in values}
        self.choices = [choice for _, choice in self._values]
        self.kinds = list(dict.fromkeys(map(kind_of, self.choices)))

    def schema(self, definitions: Definitions) -> JSONSchema:  # noqa: ARG002
        return {"type": self.kinds[0] if len(self.kinds) == 1 else list(self.kinds), "enum": list(self.choices)}

    def read(self, value: object) -> object:
        value = _as_integer(value)
        try:
            return self._values[type(value), value]
        except (KeyError, TypeError):
            raise invalid(expected_choice(self.choices)) from None


class ArrayAdapter(NamedTuple):
    """A list, or another collection that `make` makes of a list. The hint is a list with constraints of its length."""

    item: TypeAdapter
    make: Callable[[list[object]], object]
    hint: Any
    kinds: Collection[str] = ("array",)

    def schema(self, definitions: Definitions) -> JSONSchema:
        return {**msgspec.json.schema(self.hint), "items": self.item.schema(definitions)}

    def read(self, value: object) -> object:
        items: list[object] = check(value, self.hint)
        return construct(self.make, read_all((index, self.item, item) for index, item in enumerate(items)))


class TupleAdapter(NamedTuple):
    """A tuple with a type for each item."""

    items: tuple[TypeAdapter, ...]
    kinds: Collection[str] = ("array",)

    def schema(self, definitions: Definitions) -> JSONSchema:
        count = {"minItems": len(self.items), "maxItems": len(self.items)}
        items = [item.schema(definitions) for item in self.items]
        return {"type": "array", **({"prefixItems": items} if items else {}), **count}

    def read(self, value: object) -> object:
        # msgspec checks the number of items only: they are read below, so that the problems of all are reported.
        items: tuple[object, ...] = check(value, tuple.__class_getitem__((Any,) * len(self.items)))
        return tuple(read_all(zip(range(len(items)), self.items, items, strict=True)))


class _KeyReader(NamedTuple):
    """Reads a key. Its problems have the path of its value, so their texts say that they are of the key."""

    key: TypeAdapter

    def read(self, value: object) -> object:
        try:
            return self.key.read(value)
        except InvalidValueError as error:
            raise InvalidValueError(*((path, f"as a key: {text}") for path, text in error.located)) from None


class DictAdapter(NamedTuple):
    """A dict with any keys."""

    key: TypeAdapter
    value: TypeAdapter
    kinds: Collection[str] = ("object",)

    def schema(self, definitions: Definitions) -> JSONSchema:
        schema: JSONSchema = {"type": "object"}
        if "string" in self.key.kinds and (names := self.key.schema(definitions)) != {"type": "string"}:
            schema["propertyNames"] = names
        if values := self.value.schema(definitions):
            schema["additionalProperties"] = values
        return schema

    def read(self, value: object) -> object:
        properties: dict[str, object] = check(value, dict)
        keys = [(name, _KeyReader(self.key), self._key(name)) for name in properties]
        found = read_all([*keys, *((name, self.value, item) for name, item in properties.items())])
        read = dict(zip(found[: len(keys)], found[len(keys) :], strict=True))
        if len(read) != len(keys):  # such as "1" and "1.0" as integers
            raise invalid("two of the keys are the same")
        return read

    def _key(self, name: str) -> object:
        if "string" not in self.key.kinds:  # a JSON object has numbers as keys in the form of text
            with suppress(ValueError):
                return _json.decode(name)
        return name


class Property(NamedTuple):
    """A property of an object."""

    key: str
    """The name of the argument or key in Python."""
    adapter: TypeAdapter
    required: bool = True
    null_is_absent: bool = False
    """Whether null means that a property is absent. Strict mode requires every property."""

    def schema(self, definitions: Definitions) -> JSONSchema:
        schema = self.adapter.schema(definitions)
        if self.null_is_absent and definitions.strict and "null" not in self.adapter.kinds:
            # Strict mode requires every property, so null is the only way to leave one out.
            return {"anyOf": [schema, {"type": "null"}]}
        return schema


class ObjectAdapter(NamedTuple):
    """An object with known properties: a class, a TypedDict, or the arguments of a function."""

    properties: Mapping[str, Property]
    make: Callable[[dict[str, object]], object]
    """Makes the Python object of the values by `Property.key`. It may raise any exception."""
    description: str = ""
    kinds: Collection[str] = ("object",)

    def schema(self, definitions: Definitions) -> JSONSchema:
        return {
            "type": "object",
            **({"description": self.description} if self.description else {}),
            "properties": {name: each.schema(definitions) for name, each in self.properties.items()},
            "required": [name for name, each in self.properties.items() if each.required],
        }

    def read(self, value: object) -> object:
        given: dict[str, object] = check(value, dict)
        keys: list[str] = []
        items: list[tuple[str, TypeAdapter, object]] = []
        missing: list[str] = []
        for name, (key, adapter, required, null_is_absent) in self.properties.items():
            if name not in given:
                missing += [name] if required else []
            # In strict mode, the model writes null for what it leaves out, unless null is a value of the property.
            elif given[name] is not None or not null_is_absent or "null" in adapter.kinds:
                keys.append(key)
                items.append((name, adapter, given[name]))
        return construct(self.make, dict(zip(keys, read_all(items, missing), strict=True)))


class DescribedAdapter(NamedTuple):
    """Another adapter, with keywords that describe this use of it: ``description`` and ``default``."""

    adapter: TypeAdapter
    keywords: JSONSchema

    @property
    def kinds(self) -> Collection[str]:
        return self.adapter.kinds

    def schema(self, definitions: Definitions) -> JSONSchema:
        schema = self.adapter.schema(definitions)
        text = join_sentences(self.keywords.get("description"), schema.get("description"))
        return {**schema, **self.keywords, **({"description": text} if text else {})}

    def read(self, value: object) -> object:
        return self.adapter.read(value)


class ReferenceAdapter:
    """A class or an alias, which a schema defines by name because it may contain itself.

    Attributes:
        adapter: The adapter of the type; this one itself until that is known.
    """

    def __init__(self, name: str, adapter: TypeAdapter | None = None) -> None:
        self.name = name
        self.adapter: TypeAdapter = adapter or self

    @property
    def kinds(self) -> Collection[str]:
        # While a class is being built it can only be referred to by itself, and a class is an object.
        return ("object",) if self.adapter is self else self.adapter.kinds

    def schema(self, definitions: Definitions) -> JSONSchema:
        return definitions.refer(self, self.name, self.adapter.schema)

    def read(self, value: object) -> object:
        return self.adapter.read(value)


def resolve(adapter: TypeAdapter) -> TypeAdapter:
    """Return an adapter without its name and description."""
    return resolve(adapter.adapter) if isinstance(adapter, ReferenceAdapter | DescribedAdapter) else adapter


def kind_of(value: object) -> str:
    """Return the JSON type of a JSON value."""
    return KINDS.get(type(value), "object")


def _as_integer(value: object) -> object:
    """Return the integer for a number such as 1.0, which is one (JSON Schema Validation, section 6.1.1)."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def expected_choice(choices: list[object]) -> str:
    """Return the problem of a value that is none of these."""
    texts = ", ".join(msgspec.json.encode(choice).decode() for choice in choices)
    return f"expected {texts}" if len(choices) == 1 else f"expected one of {texts}"

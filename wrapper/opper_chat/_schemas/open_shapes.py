"""Type adapters of what strict mode cannot describe: any value, dicts with any keys, tuples of several types. No I/O.

They are used with ``strict=False`` alone, where the server takes any JSON Schema.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from .._json import codec as _json
from .._json.codec import is_array, is_object
from .misfits import InvalidValueError, Place, article, misfit
from .shapes import Definitions, Schema, Shape


class AnyValue(NamedTuple):
    """Any JSON value."""

    @property
    def kinds(self) -> Collection[str]:
        return ("null", "boolean", "integer", "number", "string", "array", "object")

    def schema(self, definitions: Definitions) -> Schema:  # noqa: ARG002  # a shape
        return {}

    def read(self, value: object) -> object:
        return value


ANY = AnyValue()


class Table(NamedTuple):
    """A dict with any keys."""

    key: Shape
    """Of the keys: strings, or what their strings are the JSON text of, such as integers."""
    value: Shape

    @property
    def kinds(self) -> Collection[str]:
        return ("object",)

    def schema(self, definitions: Definitions) -> Schema:
        schema: Schema = {"type": "object"}
        if "string" in self.key.kinds and (names := self.key.schema(definitions)) != {"type": "string"}:
            schema["propertyNames"] = names
        if values := self.value.schema(definitions):
            schema["additionalProperties"] = values
        return schema

    def read(self, value: object) -> object:
        if not is_object(value):
            raise misfit(f"expected an object, got {article(value)}")
        made: dict[object, object] = {}
        places: list[Place] = []
        for name, item in value.items():
            try:
                made[self._key(name)] = self.value.read(item)
            except InvalidValueError as error:
                places += error.at(name)
        if places:
            raise InvalidValueError(*places)
        return made

    def _key(self, name: str) -> object:
        if "string" in self.key.kinds:
            return self.key.read(name)
        try:
            number = _json.decode(name)
        except ValueError:
            number = name
        return self.key.read(number)


class FixedTuple(NamedTuple):
    """A tuple with a type for each of its items."""

    items: tuple[Shape, ...]

    @property
    def kinds(self) -> Collection[str]:
        return ("array",)

    def schema(self, definitions: Definitions) -> Schema:
        count = len(self.items)
        items: Schema = {"prefixItems": [item.schema(definitions) for item in self.items]} if self.items else {}
        return {"type": "array", **items, "minItems": count, "maxItems": count}

    def read(self, value: object) -> object:
        if not is_array(value):
            raise misfit(f"expected an array, got {article(value)}")
        if len(value) != len(self.items):
            raise misfit(f"expected {len(self.items)} items, got {len(value)}")
        made: list[object] = []
        places: list[Place] = []
        for index, (shape, item) in enumerate(zip(self.items, value, strict=True)):
            try:
                made.append(shape.read(item))
            except InvalidValueError as error:
                places += error.at(index)
        if places:
            raise InvalidValueError(*places)
        return tuple(made)

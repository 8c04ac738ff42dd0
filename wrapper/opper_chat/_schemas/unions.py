"""The type adapter of a union, which selects the arm that reads a JSON value. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Any, Union

from .._errors.invalid_value import InvalidValueError
from .._json.codec import is_object
from .checks import check
from .type_adapters import (
    KINDS,
    ChoiceAdapter,
    Definitions,
    JSONSchema,
    Property,
    TypeAdapter,
    expected_choice,
    kind_of,
    resolve,
)

_PYTHON_TYPES: dict[str, Any] = {kind: cls for cls, kind in KINDS.items()}


class UnionAdapter:
    """One of several types.

    The JSON type of a value selects the arm. Of several arms that are objects, a property with its own choices in each
    arm (the tag) selects one, or the names of the properties do.
    """

    def __init__(self, arms: Iterable[TypeAdapter]) -> None:
        self._arms = list(arms)

    @cached_property
    def arms(self) -> list[TypeAdapter]:
        """The arms, with those of nested unions. Known when the whole type is built."""
        resolved = [(arm, resolve(arm)) for arm in self._arms]
        return [each for arm, inner in resolved for each in (inner.arms if isinstance(inner, UnionAdapter) else [arm])]

    @cached_property
    def _arms_of_kind(self) -> dict[str, list[TypeAdapter]]:
        """The arms for each JSON type, those with choices first."""
        # Of `Literal["a"] | str`, "a" is the choice and not any string.
        arms = sorted(self.arms, key=lambda arm: not isinstance(resolve(arm), ChoiceAdapter))
        return {kind: [arm for arm in arms if kind in arm.kinds] for kind in self.kinds}

    @property
    def kinds(self) -> Collection[str]:
        return [kind for arm in self._arms for kind in arm.kinds]

    @property
    def is_ambiguous(self) -> bool:
        """Whether two of the arms have the same JSON."""
        objects = [properties for arm in self.arms if (properties := _properties_of(arm)) is not None]
        others = [
            arm for arm in self.arms if _properties_of(arm) is None and not isinstance(resolve(arm), ChoiceAdapter)
        ]
        kinds = [kind for arm in others for kind in arm.kinds]
        if len(kinds) != len(set(kinds)) or (objects and "object" in kinds):
            return True
        return not _tag_of(objects) and len({frozenset(properties) for properties in objects}) != len(objects)

    def schema(self, definitions: Definitions) -> JSONSchema:
        return {"anyOf": [arm.schema(definitions) for arm in self._arms]}

    def read(self, value: object) -> object:
        kind, known = kind_of(value), self._arms_of_kind
        if kind not in known:
            # JSON has one type of number: 1.0 is an integer where no arm is a float, and 1 is a float where none is an
            # integer.
            if isinstance(value, float) and value.is_integer():
                kind = "integer"
            elif kind == "integer":
                kind = "number"
        arms = known.get(kind)
        if not arms:  # msgspec names all types that are accepted
            return check(value, Union[tuple(_PYTHON_TYPES[kind] for kind in known)])  # noqa: UP007  # raises the error
        if is_object(value) and len(arms) > 1:
            return _select_object(value, arms).read(value)
        # The last arm is outside of the loop, so that its problem is reported if none fits.
        for arm in arms[:-1]:
            try:
                return arm.read(value)
            except InvalidValueError:
                continue
        return arms[-1].read(value)


def _properties_of(adapter: TypeAdapter) -> Mapping[str, Property] | None:
    """Return the properties of an object, or None for another type."""
    properties: Mapping[str, Property] | None = getattr(resolve(adapter), "properties", None)
    return properties


def _select_object(value: dict[str, object], arms: list[TypeAdapter]) -> TypeAdapter:
    objects = [(properties, arm) for arm in arms if (properties := _properties_of(arm)) is not None]
    tag = _tag_of([properties for properties, _ in objects])
    if not tag:  # the arm whose names differ least from those of the value
        return min(objects, key=lambda each: len(each[0].keys() ^ value.keys()))[1]
    for properties, arm in objects:
        try:
            properties[tag].adapter.read(value.get(tag))
        except InvalidValueError:
            continue
        return arm
    choices = [choice for properties, _ in objects for choice in _choices_of(properties[tag].adapter)]
    raise InvalidValueError(((tag,), expected_choice(choices)))


def _tag_of(objects: list[Mapping[str, Property]]) -> str:
    """Return the name of a property that has its own choices in each of the objects, or an empty text."""
    for name in objects[0] if objects else ():
        each = [_choices_of(properties[name].adapter) if name in properties else [] for properties in objects]
        # With the type, because True == 1 in Python and not in JSON.
        every = [(type(choice), choice) for choices in each for choice in choices]
        if all(each) and len(every) == len(set(every)):
            return name
    return ""


def _choices_of(adapter: TypeAdapter) -> list[object]:
    found = resolve(adapter)
    return found.choices if isinstance(found, ChoiceAdapter) else []

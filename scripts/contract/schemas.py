"""What a schema of OpenAPI 3.0 or 3.1 accepts, as a list of arms: one for each type or kind of object.

References, `allOf`, `oneOf`, `anyOf`, lists of types, `nullable` and `const` all become arms. So two documents that say
the same differently can be compared, and a value can be read by the arm that is meant. This does not validate: `if`,
`not` in general, `patternProperties` and `dependentSchemas` are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from .document import DocumentError, Json, get, parse_reference

Pointer: TypeAlias = tuple[str | int, ...]
Type: TypeAlias = Literal["any", "array", "boolean", "integer", "null", "number", "object", "string"]

BOUNDS = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "format", "pattern")
"""Keywords that are compared as they are."""

_TYPES: dict[str, Type] = {name: name for name in ("array", "boolean", "integer", "null", "number", "object", "string")}
_OWN = {
    "type", "enum", "const", "properties", "required", "items", "additionalProperties", "not",
    "exclusiveMinimum", "exclusiveMaximum", *BOUNDS,
}  # fmt: skip
_EMPTY: dict[str, Schema] = {}


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema in a document, and its place there. Several schemas that all apply are one `allOf`."""

    document: Json = field(repr=False)
    value: Json
    pointer: Pointer
    arms: dict[int, tuple[Json, list[Arm]]] = field(default_factory=dict, repr=False)
    """The arms of schemas of the document that are known, by the identity of the values, and the values."""

    def child(self, *parts: str | int) -> Schema:
        """Return the schema below this one at these keys."""
        return replace(self, value=get(self.value, parts), pointer=(*self.pointer, *parts))


@dataclass(frozen=True, slots=True)
class Arm:
    """One alternative of what a schema accepts."""

    type: Type
    pointer: Pointer
    """The place of the schema that has its keywords."""
    enum: tuple[Json, ...] | None = None
    """The values that are listed. A `const` is a list of one. None if no value is."""
    other_than: tuple[Json, ...] = ()
    """The values that are excluded: what marks the arm for unknown kinds."""
    properties: Mapping[str, Schema] = field(default_factory=lambda: _EMPTY)
    required: frozenset[str] = frozenset()
    items: Schema | None = None
    additional: Schema | None = None
    """The schema of the properties that have no name of their own, if the object is a map."""
    bounds: Mapping[str, Json] = field(default_factory=dict)
    description: str = ""

    @property
    def is_map(self) -> bool:
        """Whether the object has keys of the caller's choice, and no properties with names."""
        return self.type == "object" and not self.properties

    def kinds(self) -> dict[str, tuple[Json, ...]]:
        """Return the properties that say which kind of object this is, with the values that they have in it."""
        return {name: values for name, schema in self.properties.items() if (values := _fixed_values(schema))}

    def excluded_kinds(self) -> dict[str, tuple[Json, ...]]:
        """Return the properties that say that this is none of the other kinds, with the values of those."""
        return {
            name: arm.other_than
            for name, schema in self.properties.items()
            for arm in arms_of(schema)
            if arm.other_than
        }


def arms_of(schema: Schema) -> list[Arm]:
    """Return the arms of a schema. Empty if it accepts nothing.

    Raises:
        DocumentError: A reference leads nowhere or out of the document.
    """
    known = schema.arms.get(id(schema.value))
    if known is None:
        known = schema.arms[id(schema.value)] = schema.value, _find_arms(schema, frozenset())
    return known[1]


def _find_arms(schema: Schema, references: frozenset[str]) -> list[Arm]:
    value = schema.value
    if value is True:
        return [Arm("any", schema.pointer)]
    if not isinstance(value, dict):
        return []
    conjuncts: list[list[Arm]] = []
    if "$ref" in value:
        pointer = tuple(parse_reference(value["$ref"]))
        reference = str(value["$ref"])
        if reference in references:
            return []  # a union that has itself as an arm adds nothing
        target = replace(schema, value=get(schema.document, pointer), pointer=pointer)
        conjuncts.append(_find_arms(target, references | {reference}))
    conjuncts += [_find_arms(schema.child("allOf", index), references) for index in range(len(_list(value, "allOf")))]
    for keyword in ("oneOf", "anyOf"):
        if keyword in value:
            children = (schema.child(keyword, index) for index in range(len(_list(value, keyword))))
            conjuncts.append([arm for child in children for arm in _find_arms(child, references)])
    if value.keys() & _OWN or not conjuncts:
        conjuncts.append(list(_own_arms(schema)))
    arms = conjuncts[0]
    for others in conjuncts[1:]:
        arms = [merged for arm in arms for other in others if (merged := _merge(arm, other))]
    if value.get("nullable") is True and not any(arm.type in ("null", "any") for arm in arms):
        arms.append(Arm("null", schema.pointer))
    return arms


def _own_arms(schema: Schema) -> Iterator[Arm]:
    value, pointer = schema.value, schema.pointer
    given = value.get("type")
    given = given if isinstance(given, str | list) else _implied_types(value)
    description = str(value.get("description") or "")
    listed = _listed(value)
    excluded = value.get("not")
    excluded = excluded if isinstance(excluded, dict) else {}
    for name in [given] if isinstance(given, str) else given:
        if (kind := _TYPES.get(str(name), "any")) == "object":
            names = value.get("properties")
            names = names if isinstance(names, dict) else {}
            additional = value.get("additionalProperties")
            yield Arm(
                kind,
                pointer,
                properties={name: schema.child("properties", name) for name in names},
                required=frozenset(map(str, _list(value, "required"))),
                additional=schema.child("additionalProperties") if isinstance(additional, dict) else None,
                description=description,
            )
        elif kind == "array":
            items = schema.child("items") if "items" in value else None
            yield Arm(kind, pointer, items=items, bounds=_bounds(value), description=description)
        else:
            fitting = [one for one in listed or () if fits(type_of(one), kind)]
            if listed is None or fitting:
                other_than = tuple(_listed(excluded) or ())
                enum = None if listed is None or kind == "null" else tuple(fitting)
                bounds = _bounds(value) if kind != "null" else {}
                yield Arm(kind, pointer, enum, other_than, bounds=bounds, description=description)


def _list(value: dict[str, Json], keyword: str) -> list[Json]:
    given = value.get(keyword)
    return given if isinstance(given, list) else []


def _listed(value: dict[str, Json]) -> list[Json] | None:
    """Return the values that a schema lists, or None if it lists none."""
    if isinstance(value.get("enum"), list):
        return _list(value, "enum")
    return [value["const"]] if "const" in value else None


def _implied_types(value: dict[str, Json]) -> list[str]:
    listed = _listed(value)
    if listed is not None:
        return sorted({type_of(one) for one in listed})
    if value.keys() & {"properties", "required", "additionalProperties"}:
        return ["object"]
    return ["array"] if "items" in value else ["any"]


def _bounds(value: dict[str, Json]) -> dict[str, Json]:
    bounds = {keyword: value[keyword] for keyword in BOUNDS if keyword in value}
    for keyword, inclusive in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if value.get(keyword) is True and inclusive in bounds:  # as OpenAPI 3.0 writes it
            bounds[keyword] = bounds.pop(inclusive)
        elif keyword in value and not isinstance(value[keyword], bool):
            bounds[keyword] = value[keyword]
    return bounds


def _merge(one: Arm, other: Arm) -> Arm | None:
    """Return what both arms accept, or None if they have no type in common."""
    if one.type == "any":
        narrow: Type = other.type
    elif other.type == "any" or fits(one.type, other.type):
        narrow = one.type
    elif fits(other.type, one.type):
        narrow = other.type
    else:
        return None
    properties = dict(one.properties)
    for name, schema in other.properties.items():
        earlier = properties.get(name)
        properties[name] = schema if earlier is None else _both(earlier, schema)
    enum = one.enum if other.enum is None else other.enum
    if one.enum is not None and other.enum is not None:
        enum = tuple(value for value in one.enum if value in other.enum)
    return replace(
        one,
        type=narrow,
        pointer=_with_keywords(one, other),
        enum=enum,
        other_than=one.other_than + other.other_than,
        properties=properties,
        required=one.required | other.required,
        items=other.items or one.items,
        additional=other.additional or one.additional,
        bounds={**one.bounds, **other.bounds},
        description=one.description or other.description,
    )


def _with_keywords(one: Arm, other: Arm) -> Pointer:
    """Return the place where an edit of both belongs: that of the arm that has properties or values."""
    if one.properties or one.enum is not None:
        return one.pointer
    return other.pointer if other.properties or other.enum is not None else one.pointer


def _both(one: Schema, other: Schema) -> Schema:
    return replace(other, value={"allOf": [one.value, other.value]})


def _fixed_values(schema: Schema) -> tuple[Json, ...]:
    arms = arms_of(schema)
    if len(arms) == 1 and arms[0].enum is not None and len(arms[0].enum) == 1:
        return arms[0].enum
    return ()


def type_of(value: Json) -> Type:
    """Return the JSON type of a value. A number without a fraction is an integer."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "integer" if value.is_integer() else "number"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
    raise DocumentError(f"{type(value).__name__} is no JSON type")


def fits(given: Type, accepted: Type) -> bool:
    """Return whether every value of one type is one of another."""
    return accepted in ("any", given) or (given == "integer" and accepted == "number")

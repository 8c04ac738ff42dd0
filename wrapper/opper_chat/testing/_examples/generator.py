"""Generate an example value for a JSON Schema, always the same one. No I/O.

For each subschema, candidates are tried in an order, rich values before minimal ones. The first one that jsonschema
accepts is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeAlias

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from .._json import JsonObject, is_list, is_object
from .message_values import MessageValues, is_place
from .regex import matching_texts
from .scalars import number_values, string_values
from .schema_merge import merge_schemas

JSONSchema: TypeAlias = Any
"""A decoded schema: an object or a boolean. It may be invalid."""

_STEPS = 20_000
_TRIES = 60
_DEEPEST_OPTIONAL = 4
_MOST_ITEMS = 1_000


class NoExampleError(ValueError):
    """The schema is not valid, or no value was found that fits it."""

    __module__ = "opper_chat.testing"
    """The public module, for tracebacks."""


def example(schema: JSONSchema) -> object:
    """Return a value that fits a JSON Schema. Equal schemas get equal values.

    Args:
        schema: A decoded JSON Schema. References inside of it are followed. Others are not, and nothing is fetched.

    Returns:
        A JSON value that jsonschema accepts, formats included.

    Raises:
        NoExampleError: The schema is not valid, or no value was found that fits it.
    """
    return example_for_message(schema, "")


def example_for_message(schema: JSONSchema, message: str) -> object:
    """Return a value that fits a JSON Schema, made from the values in a message where they fit.

    Args:
        schema: A decoded JSON Schema.
        message: A text of the user, or an empty string.

    Returns:
        A JSON value that jsonschema accepts, formats included.

    Raises:
        NoExampleError: The schema is not valid, or no value was found that fits it.
    """
    try:
        validator_class = validator_for(schema, default=Draft202012Validator)
        validator_class.check_schema(schema)
        # The default registry would fetch references from the network.
        checker = validator_class.FORMAT_CHECKER
        validator = validator_class(schema, registry=Registry(), format_checker=checker)
        values = MessageValues.find(message)
        if values.places:
            values.exclude_places(_enum_values(schema))
        return _ExampleBuilder(schema, validator, values).first_valid(schema, ())
    except SchemaError as error:
        raise NoExampleError(f"The schema is not a JSON Schema: {error.message}.") from error
    except (Unresolvable, re.error) as error:
        raise NoExampleError(f"The schema cannot be followed: {error}.") from error
    except (RecursionError, TypeError, AttributeError, OverflowError) as error:
        # Some schemas pass the metaschema and are still invalid, such as one whose "$schema" is a list.
        raise NoExampleError(f"The schema cannot be followed: {error!r}.") from error


class _ExampleBuilder:
    def __init__(self, root: JSONSchema, validator: Validator, likely: MessageValues) -> None:
        resource = Resource.from_contents(root, default_specification=DRAFT202012)
        registry = Registry[Any]()
        self._resolver: Any = registry.resolver_with_root(resource)
        self._validator: Any = validator
        self._steps_left = _STEPS
        self._values = likely
        """The values of the message that are not used yet."""

    def first_valid(self, schema: JSONSchema, active: tuple[str, ...]) -> Any:
        """Return the first candidate that the schema accepts.

        Args:
            schema: The schema.
            active: The references that are being followed.
        """
        for value in self._valid_values(schema, active):
            return value
        raise NoExampleError("No value was found that fits the schema.")

    def _valid_values(self, schema: JSONSchema, active: tuple[str, ...]) -> Iterator[Any]:
        self._steps_left -= 1
        if self._steps_left < 0:
            raise NoExampleError("The schema is too large to find a value for.")
        validator = self._validator.evolve(schema=schema)
        for value in islice(self._candidates(schema, active), _TRIES):
            if validator.is_valid(value):
                self._values.remove(value)
                yield value

    def _candidates(self, schema: JSONSchema, active: tuple[str, ...]) -> Iterator[Any]:
        schema, active = self._resolved(schema, active)
        if not is_object(schema):
            yield from ("text",) if schema else ()
            return
        if "const" in schema:
            yield schema["const"]
            return
        if "enum" in schema:
            yield from sorted(schema["enum"], key=lambda value: not self._values.mentions(value))
            return
        if "format" not in schema:
            kinds = _types(schema)
            yield from self._values.texts.copy() if "string" in kinds else ()
            yield from self._values.numbers.copy() if {"integer", "number"} & set(kinds) else ()
        elif schema["format"] in ("date", "email", "idn-email"):
            yield from self._values.formatted.copy()
        yield from schema.get("examples", ())
        if "default" in schema:
            yield schema["default"]
        combined = self._combined(schema, active)
        if combined is not None:
            yield from _interleave(combined)
            return
        for kind in _types(schema):
            yield from self._of_type(kind, schema, active)

    def _combined(self, schema: JsonObject, active: tuple[str, ...]) -> list[Iterator[Any]] | None:
        """Return the candidates for each way to satisfy the combining keywords. None if the schema has none."""
        for key in ("oneOf", "anyOf"):
            if key in schema:
                rest = _without(schema, key)
                # Recursive arms come last, so that the recursion ends. The arms take turns, because `oneOf` may refuse
                # all candidates of one arm.
                arms = sorted(schema[key], key=lambda arm: self._is_recursive(arm, active))
                return [self._candidates(merge_schemas(rest, arm), active) for arm in arms]
        if "allOf" in schema:
            merged: JSONSchema = _without(schema, "allOf")
            for part in schema["allOf"]:
                whole, active = self._resolved(part, active)
                merged = merge_schemas(merged, whole)
            return [self._candidates(merged, active)]
        if "if" in schema:
            rest = _without(schema, "if", "then", "else")
            met = merge_schemas(merge_schemas(rest, schema["if"]), schema.get("then", True))
            unmet = merge_schemas(rest, schema.get("else", True))
            return [self._candidates(met, active), self._candidates(unmet, active)]
        return None

    def _resolved(self, schema: JSONSchema, active: tuple[str, ...]) -> tuple[JSONSchema, tuple[str, ...]]:
        """Follow the reference of a schema, and those that it leads to. A circle of references accepts nothing."""
        while is_object(schema) and "$ref" in schema:
            reference = schema["$ref"]
            if active.count(reference) > 1:
                return False, active
            active = (*active, reference)
            schema = merge_schemas(_without(schema, "$ref"), self._target(reference))
        return schema, active

    def _of_type(self, kind: str, schema: JSONSchema, active: tuple[str, ...]) -> Iterator[Any]:
        match kind:
            case "object":
                yield from self._objects(schema, active)
            case "array":
                yield from self._arrays(schema, active)
            case "string":
                yield from string_values(schema)
            case "integer" | "number":
                yield from number_values(schema, whole=kind == "integer")
            case "boolean":
                yield from (True, False)
            case _:
                yield None

    def _objects(self, schema: JSONSchema, active: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        known: JsonObject = schema.get("properties", {})
        required = list(schema.get("required", ()))
        fewest = schema.get("minProperties", 0)
        dependent: dict[str, list[str]] = schema.get("dependentRequired", {})
        deep = len(active) > _DEEPEST_OPTIONAL
        free = max(0, int(schema.get("maxProperties", len(known))) - len(required))
        optional = [] if deep else [name for name in known if name not in required][:free]
        values = self._values
        for chosen in (optional, []) if optional else ([],):
            self._values = values.copy()
            value: dict[str, Any] = {}
            wanted = [*(name for name in known if name in required or name in chosen), *required]
            place_arguments = sum(map(is_place, set(wanted)))
            while wanted:
                name = wanted.pop(0)
                if name in value:
                    continue
                self._values.sort_for(name, place_arguments)
                inner = self._property_schema(schema, name)
                if name not in required and self._is_recursive(inner, active):
                    continue
                try:
                    value[name] = self.first_valid(inner, (*active, ""))
                except NoExampleError:
                    if name in required or self._steps_left < 0:
                        raise
                wanted += dependent.get(name, ())
            open_map = not known and is_object(schema.get("additionalProperties"))
            least = max(fewest, 1) if open_map and not deep else fewest
            for name in islice(self._new_names(schema, active), _MOST_ITEMS):
                if len(value) >= least:
                    break
                inner = self._property_schema(schema, name)
                if name not in value and inner is not False:
                    value[name] = self.first_valid(inner, (*active, ""))
            yield value
        if not required and not fewest:
            yield {}

    def _property_schema(self, schema: JSONSchema, name: str) -> JSONSchema:
        found: JSONSchema = schema.get("properties", {}).get(name)
        for pattern, inner in schema.get("patternProperties", {}).items():
            if re.search(pattern, name):
                found = inner if found is None else merge_schemas(found, inner)
        return schema.get("additionalProperties", True) if found is None else found

    def _new_names(self, schema: JSONSchema, active: tuple[str, ...]) -> Iterator[str]:
        for pattern in schema.get("patternProperties", {}):
            yield from matching_texts(pattern)
        if "propertyNames" in schema:
            yield from self._valid_values(merge_schemas({"type": "string"}, schema["propertyNames"]), active)
        for number in range(1, _MOST_ITEMS):
            yield f"key{number}"

    def _arrays(self, schema: JSONSchema, active: tuple[str, ...]) -> Iterator[list[Any]]:
        fewest, most = schema.get("minItems", 0), schema.get("maxItems", _MOST_ITEMS)
        if fewest > _MOST_ITEMS:
            return
        first: list[JSONSchema] = list(schema.get("prefixItems", ()))
        items: JSONSchema = schema.get("items", True)
        if is_list(items):  # tuples in draft 7
            first, items = items, schema.get("additionalItems", True)
        leads_back = self._is_recursive(items, active)
        preferred = 0 if leads_back or len(active) > 2 * _DEEPEST_OPTIONAL else 1
        wanted = ["contains"] * (schema.get("minContains", 1) if "contains" in schema else 0)
        for count in dict.fromkeys((max(fewest, preferred), fewest)):
            plan = [schema[key] for key in wanted] + [items] * (count - len(wanted))
            plan = [*first, *plan[len(first) if not wanted else 0 :]]
            value: list[Any] = []
            for inner in plan[: int(most)]:
                for item in self._valid_values(inner, (*active, "")):
                    if not schema.get("uniqueItems") or item not in value:
                        value.append(item)
                        break
            yield value
        yield []

    def _is_recursive(self, schema: JSONSchema, active: tuple[str, ...]) -> bool:
        """Return whether a schema leads to a reference that is already being followed."""
        if not is_object(schema):
            return False
        if "$ref" in schema:
            return schema["$ref"] in active or (schema["$ref"] == "#" and bool(active))
        inner = [schema.get("items"), *schema.get("anyOf", ()), *schema.get("oneOf", ())]
        arms = [self._is_recursive(arm, active) for arm in inner if arm is not None]
        return any(arms)

    def _target(self, reference: str) -> JSONSchema:
        return self._resolver.lookup(reference).contents


def _enum_values(schema: JSONSchema) -> Iterator[str]:
    """Yield the strings in all enums of a schema."""
    waiting = [schema]
    while waiting:
        inner = waiting.pop()
        if is_object(inner):
            yield from (value for value in inner.get("enum", ()) if isinstance(value, str))
            waiting += inner.values()
        elif is_list(inner):
            waiting += inner


def _without(schema: JsonObject, *keys: str) -> JsonObject:
    return {key: value for key, value in schema.items() if key not in keys}


def _interleave(offers: list[Iterator[Any]]) -> Iterator[Any]:
    """Yield the first value of each iterator, then the second of each, and so on."""
    while offers:
        left: list[Iterator[Any]] = []
        for each in offers:
            for value in islice(each, 1):
                left.append(each)
                yield value
        offers = left


def _types(schema: JsonObject) -> list[str]:
    types = schema.get("type")
    if types is None:
        return [kind for kind, keywords in _TYPE_KEYWORDS.items() if not keywords.isdisjoint(schema)] or ["string"]
    named = [types] if isinstance(types, str) else list(types)
    return sorted(named, key=lambda kind: kind == "null")


_TYPE_KEYWORDS = {
    "object": {"properties", "required", "additionalProperties", "minProperties", "propertyNames",
               "patternProperties", "maxProperties", "dependentRequired"},
    "array": {"items", "prefixItems", "minItems", "maxItems", "contains", "uniqueItems"},
    "string": {"pattern", "format", "minLength", "maxLength"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
}  # fmt: skip
"""The keywords that imply the type of a schema without `type`."""

"""Checks of the contract before anything is generated from it: what the standards say, then what the schemas say.

OpenAPI's own schema and JSON Schema's meta-schema find what is of the wrong form; here are the messages for it, and the
checks that a schema cannot make: references to nothing, required properties that do not exist, values that do not fit
their type, unions whose discriminator leads nowhere, types that contain themselves. `generation.operations` checks
operations, `generation.names` names.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from openapi_spec_validator.schemas import schema_v31

from generation.names import check_names
from generation.operations import check_operations
from generation.schemas import LISTS, MAPS, ONE, SCHEMAS, Place, children, mapping, referred, resolve, roots, walk
from generation.source import Contract, Problem, join

TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")
KEYWORDS = {
    *ONE, *LISTS, *MAPS, "$ref", "$comment", "$schema", "$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "type",
    "format", "enum", "const", "title", "description", "default", "deprecated", "readOnly", "writeOnly", "example",
    "examples", "required", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength",
    "maxLength", "pattern", "minItems", "maxItems", "uniqueItems", "minContains", "maxContains", "minProperties",
    "maxProperties", "dependentRequired", "unevaluatedItems", "unevaluatedProperties", "contentMediaType",
    "contentEncoding", "contentSchema", "discriminator", "externalDocs", "xml",
}  # fmt: skip
"""Keywords of JSON Schema and OpenAPI 3.1."""
EXTENSIONS = ("x-when-absent", "x-source", "x-lazy")
"""Keywords of this project. Any other that begins with `x-` is accepted, unless it looks like one of these."""
UNIONS = ("allOf", "anyOf", "oneOf")
VALUES = ("items", "additionalProperties")
CIRCLE = "Remove one of the references, or make it a property of an object"
VALUE_KEYWORDS = ("type", "format", "enum", "const", "minimum", "maximum", "minLength", "maxLength", "pattern")
"""Keywords that say of a scalar whether it fits."""


def check_contract(contract: Contract) -> None:
    """Raise for every mistake that is found.

    Raises:
        ContractError: There are mistakes. If the document is not of the form of OpenAPI, these alone are listed.
    """
    document = contract.document
    problems = [*_check_document(document), *_check_schemas(document)]
    if problems:
        raise contract.error(*problems)
    places = [place for root in roots(document) for place in walk(root.value, root.pointer)]
    for place in places:
        problems += [*_check_schema(place), *_check_references(place, document), *_check_values(place)]
    if problems:
        raise contract.error(*problems)
    for place in places:
        problems += [*_check_required(place, document, places), *_check_discriminator(place, document)]
    problems += [*_check_circles(document), *check_operations(document), *check_names(document)]
    if problems:
        raise contract.error(*problems)


def suggest(name: object, known: Iterable[str]) -> str:
    """Return what to write in the place of a name: the nearest known one, or the list."""
    known = list(known)
    near = difflib.get_close_matches(str(name), known, 1)
    return f"Write {near[0]!r}" if near else f"Write one of {', '.join(sorted(known)[:30])}" if known else "Add it"


def _check_document(document: dict[str, Any]) -> Iterator[Problem]:
    version = str(document.get("openapi", ""))
    if not version.startswith("3.1"):
        yield Problem(
            "/openapi" if "openapi" in document else "", f"the version is {version!r}", "Write 'openapi: 3.1.0'"
        )
        return
    yield from _problems(Draft202012Validator(schema_v31).iter_errors(document), "")
    if not mapping(document.get("paths")):
        yield Problem("", "there are no paths", "Add 'paths' with POST /chat/completions")
    if not mapping(mapping(document.get("components")).get("schemas")):
        yield Problem("", "there are no components", "Add 'components' with 'schemas'")


def _check_schemas(document: dict[str, Any]) -> Iterator[Problem]:
    validator = Draft202012Validator(Draft202012Validator.META_SCHEMA)
    for pointer, schema in roots(document):
        yield from _problems(validator.iter_errors(schema), pointer)


def _problems(errors: Iterable[ValidationError], pointer: str) -> Iterator[Problem]:
    found: dict[str, Problem] = {}
    for outer in errors:
        error = best_match([outer]) or outer
        place = join(pointer, *error.absolute_path)
        key = error.absolute_path[-1] if error.absolute_path else ""
        value = error.instance
        shown = repr(value)[:80]
        if key == "type" and not isinstance(value, dict):
            problem = Problem(place, f"{shown} is not a type", suggest(value, TYPES))
        elif key in ("exclusiveMinimum", "exclusiveMaximum"):
            problem = Problem(place, f"{shown} is not a number", f"Write the limit itself: '{key}: 0'")
        elif error.validator == "type":
            kinds = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
            is_schema = kinds == ["object", "boolean"]
            expected = "object, as in {type: string}" if is_schema else " or ".join(map(str, kinds))
            problem = Problem(place, f"expected {expected}, found {shown}", f"Write a value of type {expected}")
        elif error.validator == "enum":
            problem = Problem(place, f"{shown} is not accepted", suggest(value, map(str, _list(error.validator_value))))
        elif error.validator == "required":
            missing = [name for name in _list(error.validator_value) if name not in mapping(value)]
            problem = Problem(place, f"{', '.join(map(repr, missing))} is missing", "Add it")
        elif error.validator in ("unevaluatedProperties", "additionalProperties"):
            problem = Problem(place, error.message.rstrip("."), "Correct the name, or begin it with 'x-'")
        else:
            problem = Problem(place, error.message.splitlines()[0][:200].rstrip("."), "See the OpenAPI 3.1 standard")
        # One place has one problem: what else is reported there follows from it.
        found.setdefault(place, problem)
    deepest = [place for place in found if not any(other.startswith(f"{place}/") for other in found)]
    yield from (found[place] for place in deepest)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _check_schema(place: Place) -> Iterator[Problem]:
    pointer, schema = place
    for key in schema:
        if key == "nullable":
            yield Problem(join(pointer, key), "'nullable' is of OpenAPI 3.0", "Write 'null' among the types")
        elif key not in KEYWORDS and not key.startswith("x-"):
            near = difflib.get_close_matches(key, KEYWORDS, 1, 0.75)
            write = f"Write {near[0]!r}" if near else "Correct the name, or begin it with 'x-'"
            yield Problem(join(pointer, key), f"{key!r} is not a keyword of JSON Schema", write)
        elif key not in EXTENSIONS and (near := difflib.get_close_matches(key, EXTENSIONS, 1, 0.75)):
            yield Problem(join(pointer, key), f"{key!r} has no meaning here", f"Write {near[0]!r}")
    for keys, child in children(schema):
        if isinstance(child, bool) and keys != ("additionalProperties",):
            wrong = f"no code is generated from the schema {str(child).lower()}"
            write = "Write '{}' for any value" if child else "Remove it"
            yield Problem(join(pointer, *keys), wrong, write)
    try:
        re.compile(str(schema.get("pattern", "")))
    except re.error as error:
        yield Problem(join(pointer, "pattern"), f"this is not a regular expression: {error}", "Correct it")
    if "allOf" in schema and len(schema["allOf"]) + ("properties" in schema) > 1:
        write = "Write all properties in one object"
        yield Problem(join(pointer, "allOf"), "the templates read no object that is composed of several", write)
    kinds = _kinds(schema)
    if "array" in kinds and "items" not in schema and "prefixItems" not in schema:
        yield Problem(pointer, "an array does not say what its items are", "Add 'items'")
    if "properties" in schema and kinds and "object" not in kinds:
        yield Problem(pointer, f"the type is {schema['type']!r}, and there are properties", "Write 'type: object'")
    if "items" in schema and kinds and "array" not in kinds:
        yield Problem(pointer, f"the type is {schema['type']!r}, and there are items", "Write 'type: array'")


def _kinds(schema: dict[str, Any]) -> list[str]:
    kinds = schema.get("type", [])
    return kinds if isinstance(kinds, list) else [kinds]


def _check_references(place: Place, document: dict[str, Any]) -> Iterator[Problem]:
    reference = place.value.get("$ref")
    if reference is None:
        return
    pointer = join(place.pointer, "$ref")
    names = mapping(mapping(document.get("components")).get("schemas"))
    if referred(place.value) is None:
        write = f"Write '{SCHEMAS}' and the name of a component"
        yield Problem(pointer, f"{reference!r} does not lead to a component of this file", write)
    elif referred(place.value) not in names:
        wrong = f"there is no component {referred(place.value)}"
        yield Problem(pointer, wrong, suggest(referred(place.value), names))
    elif resolve(document, place.value) is None:
        yield Problem(pointer, f"{reference!r} refers to itself", "Write what the component is")


def _check_values(place: Place) -> Iterator[Problem]:
    """Check that enum, const and default are of the type that is declared next to them."""
    pointer, schema = place
    kinds = _kinds(schema)
    by_type = Draft202012Validator({"type": kinds} if kinds else {})
    values = schema.get("enum", [])
    for index, value in enumerate(values):
        if not by_type.is_valid(value):
            write = f"Write {str(value)!r} in quotes" if kinds == ["string"] else f"Write a value of type {kinds[0]}"
            yield Problem(join(pointer, "enum", index), f"{value!r} is not of type {' or '.join(kinds)}", write)
        elif value in values[:index] and not isinstance(value, bool):
            yield Problem(join(pointer, "enum", index), f"{value!r} is there twice", "Remove one")
    types = {type(value) for value in values if value is not None}
    if (len(types) > 1 or types - {str, int}) and all(map(by_type.is_valid, values)):
        write = "Write 'anyOf' with an enum for each type, or 'type' alone"
        yield Problem(join(pointer, "enum"), "the values are not all texts, or all integers", write)
    if "enum" in schema and not values:
        yield Problem(join(pointer, "enum"), "the enum has no values", "Add them, or remove 'enum'")
    if "const" in schema and not by_type.is_valid(schema["const"]):
        wrong = f"{schema['const']!r} is not of type {' or '.join(kinds)}"
        yield Problem(join(pointer, "const"), wrong, f"Write a value of type {kinds[0]}")
    rules = {key: schema[key] for key in VALUE_KEYWORDS if key in schema}
    by_rules = Draft202012Validator(rules, format_checker=Draft202012Validator.FORMAT_CHECKER)
    if "default" in schema and not by_rules.is_valid(schema["default"]):
        wrong = f"the default {schema['default']!r} is not a value of this schema"
        yield Problem(join(pointer, "default"), wrong, "Write one that is")


def _check_required(place: Place, document: dict[str, Any], places: list[Place]) -> Iterator[Problem]:
    """Check that the required properties exist: in the schema, in what it is composed of, or in what it is part of."""
    required = place.value.get("required")
    if not required:
        return
    owners = [place.value]
    owners += [other.value for other in places if place.value in other.value.get("allOf", [])]
    named: set[str] = set()
    for owner in owners:
        named |= _properties(owner, document, set())
    is_map = "properties" not in place.value and "allOf" not in place.value and len(owners) == 1
    for index, name in enumerate(required):
        if name not in named and not (is_map and place.value.get("additionalProperties")):
            write = f"{suggest(name, named)}, or add the property"
            yield Problem(join(place.pointer, "required", index), f"{name!r} is not a property", write)


def _properties(schema: Any, document: dict[str, Any], seen: set[int]) -> set[str]:
    schema = mapping(resolve(document, schema))
    if id(schema) in seen:
        return set()
    seen.add(id(schema))
    named = set(mapping(schema.get("properties")))
    for key in ("allOf", "anyOf", "oneOf"):
        for arm in schema.get(key, []):
            named |= _properties(arm, document, seen)
    return named


def _check_discriminator(place: Place, document: dict[str, Any]) -> Iterator[Problem]:
    discriminator = place.value.get("discriminator")
    if discriminator is None:
        return
    pointer = join(place.pointer, "discriminator")
    arms = [arm for key in ("oneOf", "anyOf") for arm in place.value.get(key, [])]
    if not arms:
        yield Problem(pointer, "there is no union to discriminate", "Add 'oneOf', or remove 'discriminator'")
    name = mapping(discriminator).get("propertyName")
    for arm in arms:
        if _properties(arm, document, set()) and name not in _properties(arm, document, set()):
            wrong = f"{referred(arm) or 'an arm of the union'} has no property {name!r}"
            yield Problem(join(pointer, "propertyName"), wrong, "Write a property that every arm has")
    known = {referred(arm) for arm in arms} - {None}
    for value, target in mapping(mapping(discriminator).get("mapping")).items():
        if str(target).removeprefix(SCHEMAS) not in known:
            wrong = f"{target!r} is not an arm of the union"
            write = suggest(str(target).removeprefix(SCHEMAS), map(str, known)).replace("'", f"'{SCHEMAS}", 1)
            yield Problem(join(pointer, "mapping", value), wrong, write)


def _check_circles(document: dict[str, Any]) -> Iterator[Problem]:
    """Check that no component is composed of itself: as an arm, an item, or a value of a map.

    A property of an object may be an object of the same kind.
    """
    schemas: dict[str, Any] = document["components"]["schemas"]

    def parts(name: str) -> list[tuple[str, str]]:
        return list(_parts(schemas[name]))

    for name in schemas:
        waiting = [(target, [name, target], key) for key, target in parts(name)]
        seen: set[str] = set()
        while waiting:
            current, path, first = waiting.pop()
            if current == name:
                wrong = f"{name} contains itself: {' -> '.join(path)}"
                yield Problem(join("", "components", "schemas", name, first), wrong, CIRCLE)
                break
            if current not in seen and current in schemas:
                seen.add(current)
                waiting += [(target, [*path, target], first) for _, target in parts(current)]


def _parts(schema: Any) -> Iterator[tuple[str, str]]:
    """Return the components that a schema is composed of, each with the keyword that leads there."""
    for (key, *_), child in children(mapping(schema)):
        # An object with properties has a class, which its own values may refer to.
        if key in UNIONS or (key in VALUES and "properties" not in schema):
            target = referred(child)
            yield from [(str(key), target)] if target is not None else ((str(key), name) for _, name in _parts(child))

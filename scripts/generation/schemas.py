"""Walking through the schemas of a contract. The document is read as it is, right or wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from generation.source import join

SCHEMAS = "#/components/schemas/"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
ONE = ("items", "not", "additionalProperties", "contains", "propertyNames", "if", "then", "else")
"""Keywords whose value is a schema."""
LISTS = ("oneOf", "anyOf", "allOf", "prefixItems")
"""Keywords whose value is a list of schemas."""
MAPS = ("properties", "patternProperties", "$defs", "dependentSchemas")
"""Keywords whose value is an object of schemas."""


class Place(NamedTuple):
    """A value of the document, and its JSON pointer."""

    pointer: str
    value: Any


class Operation(NamedTuple):
    """An operation, with what its path says for all operations."""

    pointer: str
    path: str
    method: str
    value: dict[str, Any]
    parameters: list[Place]

    @property
    def bodies(self) -> dict[str, Place]:
        """The schema of each content type of the request."""
        return contents(Place(join(self.pointer, "requestBody"), self.value.get("requestBody")))


def children(schema: dict[str, Any]) -> Iterator[tuple[tuple[object, ...], Any]]:
    """Return the schemas directly below a schema, each with the keys that lead there."""
    for key, value in schema.items():
        if key in ONE:
            yield (key,), value
        elif key in LISTS and isinstance(value, list):
            yield from (((key, index), item) for index, item in enumerate(value))
        elif key in MAPS and isinstance(value, dict):
            yield from (((key, name), item) for name, item in value.items())


def walk(schema: Any, pointer: str) -> Iterator[Place]:
    """Return a schema, and the schemas below it. References are not followed."""
    if isinstance(schema, dict):
        yield Place(pointer, schema)
        for keys, child in children(schema):
            yield from walk(child, join(pointer, *keys))


def roots(document: dict[str, Any]) -> Iterator[Place]:
    """Return the outermost schemas: components, and those that stand in operations and other components."""
    components = mapping(document.get("components"))
    for name, schema in mapping(components.get("schemas")).items():
        yield Place(join("", "components", "schemas", name), schema)
    others: list[Place] = []
    for kind in ("parameters", "requestBodies", "responses", "headers"):
        found = mapping(components.get(kind)).items()
        others += [Place(join("", "components", kind, name), value) for name, value in found]
    for operation in operations(document):
        others += operation.parameters
        if "requestBody" in operation.value:
            others.append(Place(join(operation.pointer, "requestBody"), operation.value["requestBody"]))
        found = mapping(operation.value.get("responses")).items()
        others += [Place(join(operation.pointer, "responses", status), value) for status, value in found]
    for place in others:
        if isinstance(place.value, dict) and "schema" in place.value:
            yield Place(join(place.pointer, "schema"), place.value["schema"])
        yield from contents(place).values()


def contents(place: Place) -> dict[str, Place]:
    """Return the schema of each content type of a request or response."""
    found = mapping(mapping(place.value).get("content"))
    return {
        kind: Place(join(place.pointer, "content", kind, "schema"), media["schema"])
        for kind, media in found.items()
        if isinstance(media, dict) and "schema" in media
    }


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    """Return the operations, in the order of the file."""
    for path, item in mapping(document.get("paths")).items():
        shared = _parameters(join("", "paths", path), item)
        for method, value in mapping(item).items():
            if method in METHODS and isinstance(value, dict):
                pointer = join("", "paths", path, method)
                yield Operation(pointer, path, method, value, _parameters(pointer, value) + shared)


def _parameters(pointer: str, item: Any) -> list[Place]:
    listed = mapping(item).get("parameters")
    items = listed if isinstance(listed, list) else []
    return [Place(join(pointer, "parameters", index), parameter) for index, parameter in enumerate(items)]


def mapping(value: Any) -> dict[str, Any]:
    """Return an object, or an empty one in the place of anything else."""
    return value if isinstance(value, dict) else {}


def resolve(document: dict[str, Any], value: Any) -> Any:
    """Return what a reference refers to, through references of references, or None if there is no such thing."""
    seen: list[str] = []
    while isinstance(value, dict) and isinstance(value.get("$ref"), str):
        reference = value["$ref"]
        if reference in seen or not reference.startswith("#/"):
            return None
        seen.append(reference)
        value = document
        for part in reference[2:].split("/"):
            value = mapping(value).get(part.replace("~1", "/").replace("~0", "~"))
    return value


def referred(schema: Any) -> str | None:
    """Return the name of the component that a schema is a reference to."""
    reference = str(mapping(schema).get("$ref"))
    return reference.removeprefix(SCHEMAS) if reference.startswith(SCHEMAS) else None


def make_consts(document: dict[str, Any]) -> None:
    """Write a const for an enum of one value that distinguishes the objects of a union.

    OpenAI's published contract writes its unions so. Any other enum of one value stays open: a server may add to it.
    """
    for place in [place for root in roots(document) for place in walk(root.value, root.pointer)]:
        for key in ("oneOf", "anyOf"):
            arms = [arm for arm in _objects(document, place.value.get(key), set()) if not is_for_reading(arm)]
            if len(arms) < 2:
                continue
            for name in arms[0]["properties"]:
                values = [_only_value(document, arm["properties"].get(name)) for arm in arms]
                if None not in values and len({repr(value) for value in values}) == len(values):
                    for arm, value in zip(arms, values, strict=True):
                        arm["properties"][name] = _const(document, arm["properties"][name], value)


def is_for_reading(schema: dict[str, Any]) -> bool:
    """Return whether an object stands for the kinds of a union that the contract does not know."""
    return any("not" in mapping(item) for item in mapping(schema.get("properties")).values())


def _objects(document: dict[str, Any], arms: Any, seen: set[int]) -> Iterator[dict[str, Any]]:
    """Return the objects among the arms of a union, and among the arms of its arms."""
    for arm in arms if isinstance(arms, list) else ():
        schema = mapping(resolve(document, arm))
        if id(schema) in seen:
            continue
        seen.add(id(schema))
        if isinstance(schema.get("properties"), dict):
            yield schema
        for key in ("oneOf", "anyOf"):
            yield from _objects(document, schema.get(key), seen)


def _only_value(document: dict[str, Any], schema: Any) -> Any:
    schema = mapping(resolve(document, schema))
    values = schema.get("enum")
    return values[0] if isinstance(values, list) and len(values) == 1 else schema.get("const")


def _const(document: dict[str, Any], schema: dict[str, Any], value: object) -> dict[str, Any]:
    if "const" in schema:
        return schema
    whole = resolve(document, schema) | schema
    return {key: item for key, item in whole.items() if key not in ("$ref", "enum", "const")} | {"const": value}

"""The contract as those see it who use the generated client, for the comparison of two versions.

A property with `x-when-absent` is not required, and may have that value. An open list of values is one schema with
`x-open`, and not a union. So two versions that give the same models have no difference.
"""

from __future__ import annotations

from .document import Json
from .schemas import type_of

WHEN_ABSENT = "x-when-absent"
OPEN = "x-open"


def client_view(document: Json) -> Json:
    """Return a copy of a contract, or of a part of it, as users of the client see it."""
    if isinstance(document, list):
        return [client_view(item) for item in document]
    if not isinstance(document, dict):
        return document
    viewed = {
        key: item if key in ("const", "default", "enum", "example", "examples", WHEN_ABSENT) else client_view(item)
        for key, item in document.items()
    }
    viewed = _with_type(_with_open_values(viewed))
    properties = viewed.get("properties")
    if isinstance(properties, dict):
        lenient = {name for name, one in properties.items() if isinstance(one, dict) and WHEN_ABSENT in one}
        viewed["properties"] = {name: _as_read(one) if name in lenient else one for name, one in properties.items()}
        required = [name for name in viewed.get("required", ()) if name not in lenient]
        viewed.pop("required", None)
        if required:
            viewed["required"] = required
    return viewed


def _as_read(schema: dict[str, Json]) -> dict[str, Json]:
    """Return the schema of a property that models have though servers leave it out."""
    value = schema[WHEN_ABSENT]
    schema = {key: item for key, item in schema.items() if key != WHEN_ABSENT}
    if value is not None:
        return {**schema, "default": value}
    kinds = schema.get("type")
    if kinds is not None:
        listed = [kinds] if isinstance(kinds, str) else kinds
        return {**schema, "type": [*listed, *(["null"] if "null" not in listed else [])]}
    for union in ("oneOf", "anyOf"):
        if union in schema:
            return {**schema, union: [*(arm for arm in schema[union] if arm != {"type": "null"}), {"type": "null"}]}
    if "$ref" in schema:
        rest = {key: item for key, item in schema.items() if key != "$ref"}
        return {**rest, "oneOf": [{"$ref": schema["$ref"]}, {"type": "null"}]}
    return schema


def _with_open_values(schema: dict[str, Json]) -> dict[str, Json]:
    arms = schema.get("anyOf")
    if isinstance(arms, list) and len(arms) == 2 and all(isinstance(arm, dict) for arm in arms):
        listed, free = sorted(arms, key=lambda arm: "enum" not in arm)
        if "enum" in listed and free == {"type": listed.get("type")}:
            rest = {key: item for key, item in schema.items() if key != "anyOf"}
            return {**rest, **listed, OPEN: True}
    return schema


def _with_type(schema: dict[str, Json]) -> dict[str, Json]:
    """Return a schema that lists values with their type, which the values give."""
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    kinds = {type_of(value) for value in values} if isinstance(values, list) else set()
    if len(kinds) == 1 and "type" not in schema:
        return {**schema, "type": kinds.pop()}
    return schema

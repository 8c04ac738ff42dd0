"""Enums, as the generators take them.

In the contract an open enum is `anyOf` the documented values and any value of their type, which validators and other
tools understand. To the generators of this package that would be a union without a name: they get the enum alone, and
their templates and options make it open. The generator of the models keeps the values as a set, so they are the example
of the schema too, in the order of the contract.
"""

from __future__ import annotations

from typing import Any


def name_open_enums(schema: Any) -> Any:
    """Return a copy of a contract, or of a part of it, in which each open enum is an enum."""
    if isinstance(schema, list):
        return [name_open_enums(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if listed := _listed_values(schema.get("anyOf")):
        schema = {key: value for key, value in schema.items() if key != "anyOf"} | listed
    if isinstance(values := schema.get("enum"), list):
        return {**schema, "example": [value for value in values if value is not None]}
    return {key: name_open_enums(value) for key, value in schema.items()}


def _listed_values(arms: Any) -> dict[str, Any] | None:
    """Return the schema of the documented values, if a union is of these and any value of their type."""
    if not isinstance(arms, list) or len(arms) != 2 or not all(isinstance(arm, dict) for arm in arms):
        return None
    listed: dict[str, Any]
    listed, others = sorted(arms, key=lambda arm: "enum" not in arm)
    return listed if "enum" in listed and others == {"type": listed.get("type")} else None

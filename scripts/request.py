"""The contract's request: as a JSON Schema of its own, and rewritten for a generator of typed dicts.

`request_schema` is for whoever checks requests. `request_document` is an OpenAPI document with the schemas that a
request reaches, each named `...Param`. Three things differ from the contract: wherever an object may stand, its
generated model may stand too; the arms that only exist for reading (`Other...`) are gone, so that a checker finds a
misspelt kind; and `stream` is gone from the request, because the overloads of `create()` name it themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

SCHEMAS = "#/components/schemas/"
ANSWER = "ChatCompletionMessage"
"""The model of an answer's message, which goes back into a conversation as it is."""


def request_schema(contract: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the request, with all that it refers to, as one JSON Schema document."""
    schemas: dict[str, Any] = contract["components"]["schemas"]
    reached: dict[str, Any] = {}
    waiting = [_request_name(contract)]
    root = waiting[0]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached[name] = schemas[name]
            waiting.extend(_references(schemas[name]))
    return {
        "$comment": "Made from openapi.yaml: change that and run `nox -s generate`.",
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": f"{SCHEMAS}{root}",
        "components": {"schemas": dict(sorted(reached.items()))},
    }


def request_document(contract: dict[str, Any]) -> dict[str, Any]:
    """Return the document from which the typed dicts are made."""
    schemas: dict[str, Any] = contract["components"]["schemas"]
    request = _request_name(contract)
    rewritten: dict[str, Any] = {}
    waiting = [request]
    while waiting:
        name = waiting.pop()
        if f"{name}Param" not in rewritten:
            rewritten[f"{name}Param"] = _rewrite(schemas[name], schemas, waiting)
    del rewritten[f"{request}Param"]["properties"]["stream"]
    rewritten["ChatMessageParam"]["oneOf"].append(_model(ANSWER))
    return {
        "openapi": contract["openapi"],
        "info": contract["info"],
        "paths": {},
        "components": {"schemas": dict(sorted(rewritten.items()))},
    }


def _references(schema: Any) -> Iterator[str]:
    items = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    if isinstance(schema, dict) and "$ref" in schema:
        yield _name(schema)
    for item in items:
        yield from _references(item)


def _rewrite(schema: Any, schemas: dict[str, Any], waiting: list[str]) -> Any:
    if isinstance(schema, list):
        arms: list[Any] = []
        for item in schema:
            new = None if _is_for_reading(item, schemas) else _rewrite(item, schemas, waiting)
            # Arms of an arm stand beside it: one flat union, not a union of unions.
            arms.extend(new["anyOf"] if isinstance(new, dict) and set(new) == {"anyOf"} else [new])
        return [arm for arm in arms if arm is not None]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = _name(schema)
        waiting.append(name)
        reference = {"$ref": f"{SCHEMAS}{name}Param"}
        if schemas[name].get("type") != "object":
            return reference
        return {"anyOf": [reference, _model(name)]}
    copy = {key: _rewrite(value, schemas, waiting) for key, value in schema.items()}
    if copy.get("additionalProperties") is True and "properties" not in copy:
        # `true` would make a typed dict without keys, which accepts nothing.
        copy["additionalProperties"] = {}
    return copy


def _request_name(contract: dict[str, Any]) -> str:
    operation = contract["paths"]["/chat/completions"]["post"]
    return _name(operation["requestBody"]["content"]["application/json"]["schema"])


def _name(reference: dict[str, Any]) -> str:
    return str(reference["$ref"]).removeprefix(SCHEMAS)


def _model(name: str) -> dict[str, Any]:
    module = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    return {"customTypePath": f"opper_chat_api.models.{module}.{name}"}


def _is_for_reading(schema: Any, schemas: dict[str, Any]) -> bool:
    """Whether this arm of a union stands for the kinds that the contract does not know."""
    if not isinstance(schema, dict) or "$ref" not in schema:
        return False
    members = schemas[_name(schema)].get("properties", {})
    return any("not" in member for member in members.values())

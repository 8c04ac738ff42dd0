"""The contract's request: as a JSON Schema of its own, and rewritten for a generator of typed dicts.

`request_schema` is for whoever checks requests. `request_document` is an OpenAPI document with the schemas that a
request reaches, each named `...Param`. Six things differ from the contract: wherever an object may stand, its
generated model may stand too; the arms that only exist for reading (`Other...`) are there as models only, so that a
checker finds a misspelt kind; where a string is a date, a time or a UUID, Python's own value may stand; an enum accepts
any other value of its type, since servers add values, and a const does not; every optional parameter of the request
accepts None, which leaves it out; and `stream` is gone from the request, because the overloads of `create()` name it
themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from openapi_python_client.strings import ClassName, PythonIdentifier

SCHEMAS = "#/components/schemas/"
ANSWER = "ChatCompletionMessage"
"""The model of an answer's message, which goes back into a conversation as it is."""
CONVERSATION = "messages"
"""The member of a request that is the conversation."""
PARAMETERS_NAME = "ChatCompletionParametersParam"
PARAMETERS = "Everything that can be asked of the model in one call but for the conversation itself."
FORMS = ("response_format", "tools")
"""The members of a request that say by schemas what the answer is made of."""
SETTINGS_NAME = "ChatCompletionSettingsParam"
SETTINGS = "How the model answers: all parameters but for the conversation, and the schemas of answers and tools."
PREFIX = "field_"
"""What the generator of the models puts before a name that is none in Python."""
VALUES = {"uuid": "uuid.UUID", "date-time": "datetime.datetime", "date": "datetime.date"}
"""Formats of texts, and the types of Python's that are written as such texts."""


class ContractError(ValueError):
    """The contract says something that `create()` cannot be made from."""


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


def request_document(contract: dict[str, Any], taken: set[str]) -> dict[str, Any]:
    """Return the document from which the typed dicts are made.

    Args:
        contract: the contract.
        taken: the names of the arguments that `create()` has beside the parameters of the contract.

    Raises:
        ContractError: a parameter has one of those names, or nothing tells the objects of a union apart.
    """
    schemas: dict[str, Any] = contract["components"]["schemas"]
    request = _request_name(contract)
    for name in schemas[request]["properties"]:
        if name in taken - {"stream"}:
            raise ContractError(
                f"{request}.{name}: create() has an argument of this name, so it cannot be a parameter; "
                "leave it out of the contract and send it with extra_body"
            )
    rewritten: dict[str, Any] = {}
    waiting = [request]
    while waiting:
        name = waiting.pop()
        if f"{name}Param" not in rewritten:
            _check_unions(schemas[name], schemas, name)
            rewritten[f"{name}Param"] = _rewrite(schemas[name], schemas, waiting)
    parameters = rewritten[f"{request}Param"]["properties"]
    del parameters["stream"]
    for name in parameters.keys() - set(rewritten[f"{request}Param"]["required"]):
        parameters[name] = _or_null(parameters[name])
    rewritten |= _without_conversation(f"{request}Param", rewritten[f"{request}Param"])
    rewritten["ChatMessageParam"]["oneOf"].append(_model(ANSWER))
    return {
        "openapi": contract["openapi"],
        "info": contract["info"],
        "paths": {},
        "components": {"schemas": dict(sorted(rewritten.items()))},
    }


def _without_conversation(name: str, request: dict[str, Any]) -> dict[str, Any]:
    """Return the request in three: the settings, with the schemas beside them, with the conversation beside both.

    Whatever keeps the conversation by itself, or makes the schemas from types, takes the others alone.
    """
    members, required = dict(request["properties"]), request["required"]
    conversation = {"properties": {CONVERSATION: members.pop(CONVERSATION)}, "required": [CONVERSATION]}
    forms = {"properties": {form: members.pop(form) for form in FORMS}}
    assert required == [CONVERSATION], "what else is required has no part to be in"
    settings, parameters = ({"$ref": f"{SCHEMAS}{base}"} for base in (SETTINGS_NAME, PARAMETERS_NAME))
    return {
        SETTINGS_NAME: {"type": "object", "description": SETTINGS, "properties": members},
        PARAMETERS_NAME: {"description": PARAMETERS, "allOf": [settings, {"type": "object"} | forms]},
        name: {"description": request["description"], "allOf": [parameters, {"type": "object"} | conversation]},
    }


def _references(schema: Any) -> Iterator[str]:
    items = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    if _is_reference(schema):
        yield _name(schema)
    for item in items:
        yield from _references(item)


def _rewrite(schema: Any, schemas: dict[str, Any], waiting: list[str]) -> Any:
    if isinstance(schema, list):
        arms: list[Any] = []
        for item in schema:
            new = _model(_name(item)) if _is_for_reading(item, schemas) else _rewrite(item, schemas, waiting)
            # Arms of an arm stand beside it: one flat union, not a union of unions.
            arms.extend(new["anyOf"] if isinstance(new, dict) and set(new) == {"anyOf"} else [new])
        return [arm for arm in arms if arm is not None]
    if not isinstance(schema, dict):
        return schema
    if _is_reference(schema):
        name = _name(schema)
        waiting.append(name)
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        reference = {"$ref": f"{SCHEMAS}{name}Param"}
        if schemas[name].get("type") != "object":
            return reference | beside
        return {"anyOf": [reference, _model(name)]} | beside
    if alternatives := _alternatives(schema):
        about = {key: schema[key] for key in ("title", "description", "deprecated") if key in schema}
        return {"anyOf": alternatives} | about
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


def _is_reference(schema: Any) -> bool:
    # In a map of members, `$ref` would be the name of one.
    return isinstance(schema, dict) and isinstance(schema.get("$ref"), str)


def _model(name: str) -> dict[str, Any]:
    class_name = ClassName(name, PREFIX)
    return {"customTypePath": f"opper_chat_api.models.{PythonIdentifier(class_name, PREFIX)}.{class_name}"}


def _alternatives(schema: dict[str, Any]) -> list[Any]:
    """Return what may stand for a text that is a value of Python's, or for a value of an open enum."""
    kind, form, words = schema.get("type"), schema.get("format"), schema.get("enum")
    kinds = kind if isinstance(kind, list) else [kind]
    null = [{"type": "null"}] if "null" in kinds else []
    if isinstance(form, str) and form in VALUES and "string" in kinds:
        return [{"type": "string"}, {"customTypePath": VALUES[form]}, *null]
    if isinstance(words, list) and kind is not None:
        words = [word for word in words if word is not None]
        return [{"type": kinds[0], "enum": words}, *({"type": each} for each in kinds if each != "null"), *null]
    return []


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the same values and null. A union that has null already is written the same."""
    about = {key: schema[key] for key in ("title", "description", "deprecated") if key in schema}
    values = {key: value for key, value in schema.items() if key not in about}
    return {"anyOf": [values, {"type": "null"}]} | about if values else schema


def _check_unions(schema: Any, schemas: dict[str, Any], place: str) -> None:
    """Raise where a union has several objects and no const says which of them a value is."""
    if isinstance(schema, list):
        for index, item in enumerate(schema):
            _check_unions(item, schemas, f"{place}[{index}]")
    if not isinstance(schema, dict):
        return
    for key, value in schema.items():
        _check_unions(value, schemas, f"{place}.{key}")
    for key in ("oneOf", "anyOf"):
        if isinstance(schema.get(key), list):
            objects = dict(_objects(schema[key], schemas))
            if len(objects) > 1 and not _is_told_apart(list(objects.values())):
                raise ContractError(
                    f"{place}: nothing tells {', '.join(objects)} apart; "
                    "give each of them a member of the same name whose const is a word of its own"
                )


def _objects(arms: list[Any], schemas: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Find the objects among the arms of a union, and among the arms of its arms, that can be written."""
    for arm in arms:
        if not isinstance(arm, dict) or _is_for_reading(arm, schemas):
            continue
        name, schema = (_name(arm), schemas[_name(arm)]) if _is_reference(arm) else ("an object without a name", arm)
        if schema.get("type") == "object" or "properties" in schema:
            yield name, schema
        for key in ("oneOf", "anyOf"):
            yield from _objects(schema.get(key, []), schemas)


def _is_told_apart(objects: list[dict[str, Any]]) -> bool:
    members = [schema.get("properties", {}) for schema in objects]
    for name in members[0]:
        words = [each.get(name, {}).get("const") for each in members]
        if None not in words and len(set(words)) == len(words):
            return True
    return False


def _is_for_reading(schema: Any, schemas: dict[str, Any]) -> bool:
    """Whether this arm of a union stands for the kinds that the contract does not know."""
    if not _is_reference(schema):
        return False
    members = schemas[_name(schema)].get("properties", {})
    return any("not" in member for member in members.values())

"""The contract's requests: the one of chat completions as a JSON Schema, and all rewritten for typed dicts.

`request_schema` is for whoever checks requests of chat completions. `request_document` is an OpenAPI document with the
schemas that the bodies of all operations reach, each named `...Param`. These things differ from the contract: wherever
an object may stand, its generated model may stand too; the arms that only exist for reading (`Other...`) are there as
models only, so that a checker finds a misspelt kind; where a string is a date, a time or a UUID, Python's own value may
stand, where it is binary, a file, and any other format is text; an enum accepts any other value of its type, since
servers add values, and a const does not. In the request of chat completions every optional parameter accepts None,
which leaves it out, and `stream` is gone, because the overloads of `create()` name it themselves.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterator
from typing import Any

from generation.operations import CHAT
from generation.schemas import SCHEMAS, is_for_reading, mapping, operations, referred
from generation.source import ContractError, Problem, join

RESPONSE_MESSAGE = "ChatCompletionMessage"
"""The model of the message of a completion, which is sent back in a conversation unchanged."""
CONVERSATION = "messages"
"""The parameter that is the conversation."""
PARAMETERS_NAME = "ChatCompletionParametersParam"
PARAMETERS = "The parameters of one call, except the messages."
SCHEMA_PARAMETERS = ("response_format", "tools")
"""The parameters that describe the completion by schemas."""
SETTINGS_NAME = "ChatCompletionSettingsParam"
SETTINGS = "The parameters of one call, except the messages, and the schemas of completions and tools."
CONVERSATION_ITEM = "ChatMessage"
"""The component that is an item of the conversation."""
WRITTEN = {
    CONVERSATION: "every call",
    "model": "a client with a default model",
    "stream": "every stream",
    "tools": "run_tools()",
    "response_format": "parse()",
    "tool_choice": "run_tools()",
    "stream_options": "run_tools(stream=True)",
    "parent_span_id": "client.span()",
    "tags": "client.tags()",
}
"""Parameters that the wrapper writes itself, and what writes them."""
VALUES = {
    "uuid": "uuid.UUID",
    "date-time": "datetime.datetime",
    "date": "datetime.date",
    "binary": "opper_chat_api.types.File",
}
"""Formats of texts, and the types that are written as such texts."""


def request_schema(contract: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the request, with all that it refers to, as one JSON Schema document."""
    schemas: dict[str, Any] = contract["components"]["schemas"]
    reached: dict[str, Any] = {}
    waiting = [request_name(contract)]
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


def check_requests(contract: dict[str, Any], taken: set[str]) -> None:
    """Check what `create()` and the typed dicts are made from.

    Args:
        contract: the contract.
        taken: the names of the arguments that `create()` has in addition to the parameters of the contract.

    Raises:
        ContractError: a parameter has one of those names or cannot be an argument, one that the wrapper writes is not
            there, or nothing distinguishes the objects of a union.
    """
    request = request_name(contract)
    schemas: dict[str, Any] = contract["components"]["schemas"]
    problems = list(_check_request(request, schemas, taken))
    reached: set[str] = set()
    waiting = [request, *_bodies(contract)]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            problems += _check_unions(schemas[name], schemas, join("", "components", "schemas", name))
            waiting.extend(_references(schemas[name]))
    if CONVERSATION in schemas[request]["properties"] and CONVERSATION_ITEM not in reached:
        pointer = join("", "components", "schemas", request, "properties", CONVERSATION)
        write = f"Write an array whose items are '{SCHEMAS}{CONVERSATION_ITEM}'"
        problems.append(Problem(pointer, f"this is not a list of {CONVERSATION_ITEM}", write))
    if problems:
        raise ContractError(*problems)


def request_document(contract: dict[str, Any], modules: dict[str, str]) -> dict[str, Any]:
    """Return the document from which the typed dicts are made.

    Args:
        contract: the contract, which `check_requests` accepts.
        modules: the module of each generated model.
    """
    schemas: dict[str, Any] = contract["components"]["schemas"]
    request = request_name(contract)
    rewriter = _Rewriter(schemas, modules)
    waiting = rewriter.waiting
    waiting += [request, *_bodies(contract)]
    rewritten: dict[str, Any] = {}
    while waiting:
        name = waiting.pop()
        if f"{name}Param" not in rewritten:
            rewritten[f"{name}Param"] = rewriter.rewrite(schemas[name])
    parameters = rewritten[f"{request}Param"]["properties"]
    del parameters["stream"]
    for name in parameters.keys() - set(rewritten[f"{request}Param"]["required"]):
        parameters[name] = _or_null(parameters[name])
    rewritten |= _without_conversation(f"{request}Param", rewritten[f"{request}Param"])
    rewritten[f"{CONVERSATION_ITEM}Param"]["oneOf"].append(rewriter.model(RESPONSE_MESSAGE))
    return {
        "openapi": contract["openapi"],
        "info": contract["info"],
        "paths": {},
        "components": {"schemas": dict(sorted(rewritten.items()))},
    }


def request_name(contract: dict[str, Any]) -> str:
    """Return the name of the component that is the request of chat completions.

    Raises:
        ContractError: there is none.
    """
    pointer = join("", "paths", CHAT, "post", "requestBody", "content", "application/json", "schema")
    for operation in operations(contract):
        if operation.path == CHAT and operation.method == "post":
            place = operation.bodies.get("application/json")
            name = referred(place.value) if place else None
            if name is not None and "properties" in contract["components"]["schemas"][name]:
                return name
    raise ContractError(
        Problem(pointer, "the request of chat completions is not a component with properties", "Write '$ref' to one")
    )


def _bodies(contract: dict[str, Any]) -> Iterator[str]:
    """Return the components that are bodies of operations."""
    for operation in operations(contract):
        for place in operation.bodies.values():
            yield from _references(place.value)


def _check_request(request: str, schemas: dict[str, Any], taken: set[str]) -> Iterator[Problem]:
    pointer = join("", "components", "schemas", request)
    properties, required = schemas[request]["properties"], schemas[request].get("required", [])
    for name in properties:
        place = join(pointer, "properties", name)
        if name in taken - {"stream"}:
            write = "Leave it out of the contract, and send it with extra_body"
            yield Problem(place, f"create() has an argument of the name {name!r}, so it cannot be a parameter", write)
        elif not name.isidentifier() or keyword.iskeyword(name):
            write = "Leave it out of the contract, and send it with extra_body"
            yield Problem(place, f"{name!r} cannot be the name of an argument of create()", write)
    for name, writer in WRITTEN.items():
        if name not in properties:
            write = f"Put it back, or take it out of {writer} first, and of WRITTEN in scripts/request.py"
            yield Problem(join(pointer, "properties"), f"{name!r} is missing, which {writer} writes", write)
    if CONVERSATION not in required:
        yield Problem(pointer, f"{CONVERSATION!r} is not required, but create() requires it", "Add it to 'required'")
    for name in required:
        if name != CONVERSATION and name in properties:
            write = f"Write 'required: [{CONVERSATION}]', and let the server refuse a request without {name!r}"
            yield Problem(join(pointer, "required"), f"create() can be called without {name!r}", write)
    if "oneOf" not in mapping(schemas.get(CONVERSATION_ITEM)):
        write = f"Keep the component {CONVERSATION_ITEM} as the 'oneOf' of all messages"
        yield Problem("/components/schemas", f"{CONVERSATION_ITEM} is not a union of messages", write)
    if RESPONSE_MESSAGE not in schemas:
        write = f"Keep the component {RESPONSE_MESSAGE}, or change RESPONSE_MESSAGE in scripts/request.py"
        yield Problem("/components/schemas", f"there is no {RESPONSE_MESSAGE}, the message of a completion", write)


def _without_conversation(name: str, request: dict[str, Any]) -> dict[str, Any]:
    """Return the request in three: the settings, plus the schemas, plus the conversation.

    Whatever keeps the conversation by itself, or makes the schemas from types, takes the others alone.
    """
    properties = dict(request["properties"])
    conversation = {"properties": {CONVERSATION: properties.pop(CONVERSATION)}, "required": [CONVERSATION]}
    schema_parameters = {"properties": {form: properties.pop(form) for form in SCHEMA_PARAMETERS}}
    settings, parameters = ({"$ref": f"{SCHEMAS}{base}"} for base in (SETTINGS_NAME, PARAMETERS_NAME))
    return {
        SETTINGS_NAME: {"type": "object", "description": SETTINGS, "properties": properties},
        PARAMETERS_NAME: {"description": PARAMETERS, "allOf": [settings, {"type": "object"} | schema_parameters]},
        name: {"description": request.get("description", ""), "allOf": [parameters, {"type": "object"} | conversation]},
    }


def _references(schema: Any) -> Iterator[str]:
    items = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    if _is_reference(schema):
        yield _name(schema)
    for item in items:
        yield from _references(item)


class _Rewriter:
    """Schemas as the generator of typed dicts needs them.

    Attributes:
        waiting: the components that are referred to.
    """

    def __init__(self, schemas: dict[str, Any], modules: dict[str, str]) -> None:
        self._schemas = schemas
        self._modules = modules
        self.waiting: list[str] = []

    def rewrite(self, schema: Any) -> Any:
        if isinstance(schema, list):
            return self._rewrite_arms(schema)
        if not isinstance(schema, dict):
            return schema
        if _is_reference(schema):
            return self._rewrite_reference(schema)
        if alternatives := _alternatives(schema):
            about = {key: schema[key] for key in ("title", "description", "deprecated") if key in schema}
            return {"anyOf": alternatives} | about
        # The generator has types of its own for formats, such as timedelta, that nothing here writes.
        kept = {key: value for key, value in schema.items() if key != "format" or not isinstance(value, str)}
        copy = {key: self.rewrite(value) for key, value in kept.items()}
        if copy.get("additionalProperties") is True and "properties" not in copy:
            # `true` would make a typed dict without keys, which accepts nothing.
            copy["additionalProperties"] = {}
        return copy

    def model(self, name: str) -> dict[str, Any]:
        """Return a schema that stands for a generated model."""
        return {"customTypePath": f"opper_chat_api.models.{self._modules[name]}.{name}"}

    def _rewrite_arms(self, schema: list[Any]) -> list[Any]:
        arms: list[Any] = []
        for item in schema:
            new = self.model(_name(item)) if _is_for_reading(item, self._schemas) else self.rewrite(item)
            # Arms of an arm stand next to it: one flat union, not a union of unions.
            arms.extend(new["anyOf"] if isinstance(new, dict) and set(new) == {"anyOf"} else [new])
        return [arm for arm in arms if arm is not None]

    def _rewrite_reference(self, schema: dict[str, Any]) -> dict[str, Any]:
        name = _name(schema)
        self.waiting.append(name)
        siblings = {key: value for key, value in schema.items() if key != "$ref"}
        reference = {"$ref": f"{SCHEMAS}{name}Param"}
        if name not in self._modules or self._schemas[name].get("type") != "object":
            return reference | siblings
        return {"anyOf": [reference, self.model(name)]} | siblings


def _name(reference: dict[str, Any]) -> str:
    return str(reference["$ref"]).removeprefix(SCHEMAS)


def _is_reference(schema: Any) -> bool:
    # In a map of properties, `$ref` would be the name of one.
    return isinstance(schema, dict) and isinstance(schema.get("$ref"), str)


def _alternatives(schema: dict[str, Any]) -> list[Any]:
    """Return what may stand for a text that is a value of Python's, or for a value of an open enum."""
    kind, form, words = schema.get("type"), schema.get("format"), schema.get("enum")
    kinds = kind if isinstance(kind, list) else [kind]
    null = [{"type": "null"}] if "null" in kinds else []
    if isinstance(form, str) and form in VALUES and "string" in kinds:
        text = [] if form == "binary" else [{"type": "string"}]
        return [*text, {"customTypePath": VALUES[form]}, *null]
    if isinstance(words, list) and kind is not None:
        words = [word for word in words if word is not None]
        return [{"type": kinds[0], "enum": words}, *({"type": each} for each in kinds if each != "null"), *null]
    return []


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the same values and null. A union that has null already is written the same."""
    about = {key: schema[key] for key in ("title", "description", "deprecated") if key in schema}
    values = {key: value for key, value in schema.items() if key not in about}
    return {"anyOf": [values, {"type": "null"}]} | about if values else schema


def _check_unions(schema: Any, schemas: dict[str, Any], pointer: str) -> Iterator[Problem]:
    """Find the unions that have several objects, and no const that says which of them a value is."""
    if isinstance(schema, list):
        for index, item in enumerate(schema):
            yield from _check_unions(item, schemas, join(pointer, index))
    if not isinstance(schema, dict):
        return
    for key, value in schema.items():
        yield from _check_unions(value, schemas, join(pointer, key))
    for key in ("oneOf", "anyOf"):
        if isinstance(schema.get(key), list):
            objects = dict(_writable_objects(schema[key], schemas))
            if len(objects) > 1 and not _have_discriminator(list(objects.values())):
                yield Problem(
                    join(pointer, key),
                    f"nothing distinguishes {', '.join(objects)}",
                    "Give each of them a property of the same name whose const is a value of its own",
                )


def _writable_objects(arms: list[Any], schemas: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Find the objects among the arms of a union, and among the arms of its arms, that can be written."""
    for arm in arms:
        if not isinstance(arm, dict) or _is_for_reading(arm, schemas):
            continue
        name, schema = (_name(arm), schemas[_name(arm)]) if _is_reference(arm) else ("an object without a name", arm)
        if schema.get("type") == "object" or "properties" in schema:
            yield name, schema
        for key in ("oneOf", "anyOf"):
            yield from _writable_objects(schema.get(key, []), schemas)


def _have_discriminator(objects: list[dict[str, Any]]) -> bool:
    properties = [schema.get("properties", {}) for schema in objects]
    for name in properties[0]:
        values = [each.get(name, {}).get("const") for each in properties]
        if None not in values and len(set(values)) == len(values):
            return True
    return False


def _is_for_reading(schema: Any, schemas: dict[str, Any]) -> bool:
    """Whether this arm of a union stands for the kinds that the contract does not know."""
    return _is_reference(schema) and is_for_reading(schemas[_name(schema)])

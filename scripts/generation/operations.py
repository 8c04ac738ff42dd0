"""Checks of operations: what the generated functions can send and read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from generation.schemas import Operation, Place, contents, mapping, operations, referred, resolve, walk
from generation.source import Problem, escape, join

CHAT = "/chat/completions"
"""The path of the operation that the wrapper calls."""
STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
"""How parameters of each place are written."""
SENT = ("application/json", "multipart/form-data", "application/x-www-form-urlencoded", "application/octet-stream")
"""Content types of requests that the generated functions write."""
PATH_PARAMETER = re.compile(r"\{([^}]*)\}")


def check_operations(document: dict[str, Any]) -> Iterator[Problem]:
    """Find what is wrong with the operations, each by itself and compared with the others."""
    listed = list(operations(document))
    if not any(operation.path == CHAT and operation.method == "post" for operation in listed):
        yield Problem("/paths", f"there is no POST {CHAT}, which the wrapper calls", "Add it")
    for path, item in mapping(document.get("paths")).items():
        if "$ref" in mapping(item):
            yield Problem(join("", "paths", path, "$ref"), "a path is not read through a reference", "Write it here")
    names: dict[tuple[str, str], str] = {}
    yield from _check_security(document, "", document)
    for operation in listed:
        yield from _check_security(document, operation.pointer, operation.value)
        yield from _check_identifier(operation, names)
        yield from _check_parameters(operation, document)
        yield from _check_body(operation, document)
        if not operation.value.get("responses"):
            yield Problem(operation.pointer, "there are no responses", "Add 'responses'")
        for status, response in mapping(operation.value.get("responses")).items():
            place = Place(join(operation.pointer, "responses", status), resolve(document, response))
            if place.value is None:
                yield Problem(join(place.pointer, "$ref"), "this refers to nothing", "Write an existing response")
            for kind, schema in contents(place).items():
                if _is_json(kind):
                    yield from _check_binary(schema, document)


def _check_security(document: dict[str, Any], pointer: str, value: dict[str, Any]) -> Iterator[Problem]:
    schemes = mapping(mapping(document.get("components")).get("securitySchemes"))
    for index, requirement in enumerate(value.get("security", [])):
        for name in requirement:
            if name not in schemes:
                wrong = f"there is no security scheme {name!r}"
                yield Problem(join(pointer, "security", index, name), wrong, "Write one of components/securitySchemes")


def _check_identifier(operation: Operation, names: dict[tuple[str, str], str]) -> Iterator[Problem]:
    name = operation.value.get("operationId")
    if not name:
        yield Problem(operation.pointer, "there is no operationId", "Add one; it becomes the name of the module")
        return
    pointer = join(operation.pointer, "operationId")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        yield Problem(pointer, f"{name!r} is not a name in Python", "Write letters and digits, as in 'listModels'")
    tags = operation.value.get("tags") or ["default"]
    folded = re.sub(r"[^a-z0-9]", "", str(name).lower())
    for tag in tags:
        other = names.setdefault((str(tag), folded), operation.pointer)
        if other != operation.pointer:
            yield Problem(pointer, f"{name!r} is also the name of #{other}", "Give each operation a name of its own")


def _check_parameters(operation: Operation, document: dict[str, Any]) -> Iterator[Problem]:
    seen: set[tuple[str, str]] = set()
    for place in operation.parameters:
        parameter = resolve(document, place.value)
        if parameter is None:
            yield Problem(join(place.pointer, "$ref"), "this refers to nothing", "Write an existing parameter")
            continue
        name, where = str(parameter.get("name")), str(parameter.get("in"))
        is_own = place.pointer.startswith(f"{operation.pointer}/")
        if is_own and (where, name) in seen:
            yield Problem(place.pointer, f"the {where} parameter {name!r} is there twice", "Remove one")
        seen.add((where, name))
        yield from _check_parameter(place.pointer, name, where, parameter)
        if operation.path == CHAT and operation.method == "post" and parameter.get("required") is True:
            write = "Remove 'required', or write it in _requests/prepare and then change this check"
            wrong = f"create() does not send the {where} parameter {name!r}"
            yield Problem(join(place.pointer, "required"), wrong, write)
        if where == "header" and not _is_header_value(mapping(resolve(document, parameter.get("schema")))):
            wrong = f"a header is not written from the schema of {name!r}"
            yield Problem(join(place.pointer, "schema"), wrong, "Write one type of text, number or boolean, or an enum")
    in_path = PATH_PARAMETER.findall(operation.path)
    pointer = join("", "paths", operation.path)
    for name in in_path:
        if ("path", name) not in seen:
            yield Problem(pointer, f"the path parameter {name!r} is not described", "Add it to 'parameters'")
    for where, name in seen:
        if where == "path" and name not in in_path:
            yield Problem(pointer, f"the path has no {{{name}}}", "Add it to the path, or remove the parameter")
    if len(in_path) != len(set(in_path)):
        yield Problem(pointer, "a path parameter is there twice", "Give each a name of its own")


def _is_header_value(schema: dict[str, Any]) -> bool:
    is_scalar = schema.get("type") in ("string", "integer", "number", "boolean") and "const" not in schema
    return is_scalar and schema.get("format") not in ("date", "date-time", "binary")


def _check_parameter(pointer: str, name: str, where: str, parameter: dict[str, Any]) -> Iterator[Problem]:
    if "schema" not in parameter:
        yield Problem(pointer, f"the {where} parameter {name!r} has no schema", "Write 'schema'; 'content' is not sent")
    if where == "path" and parameter.get("required") is not True:
        yield Problem(pointer, f"the path parameter {name!r} is not required", "Add 'required: true'")
    style = STYLES.get(where)
    if parameter.get("style", style) != style:
        yield Problem(join(pointer, "style"), f"{parameter['style']!r} is not written", f"Write {style!r}")
    if "explode" in parameter and parameter["explode"] is not (style == "form"):
        yield Problem(join(pointer, "explode"), "only the default is written", "Remove 'explode'")
    if parameter.get("allowReserved"):
        yield Problem(join(pointer, "allowReserved"), "reserved characters are always encoded", "Remove it")


def _check_body(operation: Operation, document: dict[str, Any]) -> Iterator[Problem]:
    pointer = join(operation.pointer, "requestBody")
    body = operation.value.get("requestBody")
    if "$ref" in mapping(body):
        yield Problem(join(pointer, "$ref"), "a body is not read through a reference", "Write the body here")
        return
    for kind in mapping(mapping(body).get("content")):
        if kind not in SENT and not kind.endswith("+json"):
            write = f"Write one of {', '.join(SENT)}"
            yield Problem(join(pointer, "content", kind), f"a body of type {kind} is not written", write)
        elif kind not in operation.bodies:
            yield Problem(join(pointer, "content", kind), "the body has no schema", "Add 'schema'")
    for kind, place in operation.bodies.items():
        schema = mapping(resolve(document, place.value))
        if referred(place.value) is None and ("properties" in schema or schema.get("type") == "object"):
            write = f"Move it to components and write '$ref: #/components/schemas/{_class_name(operation)}'"
            yield Problem(place.pointer, "the body is an object without a name", write)
        if kind in SENT[1:3] and schema.get("type") != "object":
            yield Problem(place.pointer, f"a body of type {kind} has properties", "Write a component of type object")
        if _is_json(kind):
            yield from _check_binary(place, document)


def _class_name(operation: Operation) -> str:
    name = str(operation.value.get("operationId") or "body")
    return f"{name[:1].upper()}{name[1:]}Request"


def _is_json(kind: str) -> bool:
    return kind.split(";", maxsplit=1)[0].strip() == "application/json" or kind.endswith("+json")


def _check_binary(root: Place, document: dict[str, Any]) -> Iterator[Problem]:
    """Check that no JSON value is binary."""
    schemas: dict[str, Any] = document["components"]["schemas"]
    waiting, seen = [root], set[str]()
    while waiting:
        place = waiting.pop()
        for pointer, schema in walk(place.value, place.pointer):
            if schema.get("format") == "binary":
                write = "Write 'format: byte' for a text in base64, or send the file as multipart/form-data"
                yield Problem(join(pointer, "format"), "JSON has no binary values", write)
            name = referred(schema)
            if name in schemas and name not in seen:
                seen.add(name)
                waiting.append(Place(f"/components/schemas/{escape(name)}", schemas[name]))

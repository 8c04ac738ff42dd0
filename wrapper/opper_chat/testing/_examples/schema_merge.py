"""Merge two JSON Schemas into one that accepts what both accept, as far as their keywords can be merged.

If a keyword cannot be merged, the second schema's is kept. So values must be validated against both schemas.
"""

from typing import Any

from .._json import is_object

_LOWER_LIMITS = {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"}
_UPPER_LIMITS = {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"}
_SUBSCHEMAS = {"items", "additionalProperties", "propertyNames", "contains"}
_NAMED_SUBSCHEMAS = {"properties", "patternProperties", "$defs", "definitions", "dependentRequired"}
_COMBINING = {"oneOf", "anyOf", "$ref", "if"}


def merge_schemas(first: Any, second: Any) -> Any:
    """Return the merged schema. Booleans are schemas too."""
    if not is_object(first):
        return second if first else False
    if not is_object(second):
        return first if second else False
    merged: dict[str, Any] = dict(first)
    unmerged: list[Any] = []
    for key, value in second.items():
        if key not in merged or merged[key] == value:
            merged[key] = value
        elif key in _COMBINING:
            # A schema can have one union only. A second one goes into `allOf`.
            unmerged.append({key: value})
        else:
            merged[key] = _join(key, merged[key], value)
    if unmerged:
        merged["allOf"] = [*merged.get("allOf", ()), *unmerged]
    return merged


def _join(key: str, first: Any, second: Any) -> Any:
    if key in _LOWER_LIMITS:
        return max(first, second)
    if key in _UPPER_LIMITS:
        return min(first, second)
    if key in _SUBSCHEMAS:
        return merge_schemas(first, second)
    if key in _NAMED_SUBSCHEMAS:
        joined = dict(first)
        for name, value in second.items():
            joined[name] = merge_schemas(joined[name], value) if name in joined else value
        return joined
    if key == "required":
        return list(dict.fromkeys([*first, *second]))
    if key == "enum":
        return [value for value in first if value in second]
    if key == "allOf":
        return [*first, *second]
    if key == "type":
        return _common_types(first, second)
    return second


def _common_types(first: Any, second: Any) -> list[str]:
    these = [first] if isinstance(first, str) else list(first)
    those = [second] if isinstance(second, str) else list(second)
    common = [kind for kind in these if kind in those]
    if not common and {"integer", "number"} <= {*these, *those}:
        common = ["integer"]
    return common

"""Two JSON Schemas to one that accepts what both accept, as far as keywords can be joined.

Where they cannot, the second one's is kept: whoever uses the result checks it against both.
"""

from typing import Any

from .._json import is_object

_GREATER = {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"}
_SMALLER = {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"}
_NESTED = {"items", "additionalProperties", "propertyNames", "contains"}
_BY_NAME = {"properties", "patternProperties", "$defs", "definitions", "dependentRequired"}
_UNIONS = {"oneOf", "anyOf", "$ref", "if"}


def merge(first: Any, second: Any) -> Any:
    """Return a schema that stands for both. Booleans are schemas too."""
    if not is_object(first):
        return second if first else False
    if not is_object(second):
        return first if second else False
    merged: dict[str, Any] = dict(first)
    later: list[Any] = []
    for key, value in second.items():
        if key not in merged or merged[key] == value:
            merged[key] = value
        elif key in _UNIONS:
            # Two unions cannot stand side by side in one schema, but one of them in its `allOf`.
            later.append({key: value})
        else:
            merged[key] = _join(key, merged[key], value)
    if later:
        merged["allOf"] = [*merged.get("allOf", ()), *later]
    return merged


def _join(key: str, first: Any, second: Any) -> Any:
    if key in _GREATER:
        return max(first, second)
    if key in _SMALLER:
        return min(first, second)
    if key in _NESTED:
        return merge(first, second)
    if key in _BY_NAME:
        joined = dict(first)
        for name, value in second.items():
            joined[name] = merge(joined[name], value) if name in joined else value
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

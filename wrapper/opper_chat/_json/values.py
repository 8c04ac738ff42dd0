"""Decoded JSON values: copies of them, and which of them are empty. No I/O."""

from __future__ import annotations

from .codec import is_array, is_object
from .text_buffer import Text

_NUMBERS = frozenset({bool, int, float})
SCALARS = _NUMBERS | {str, type(None)}

DEEPEST = 50  # what nests deeper is kept as it came, shared and not merged: deep JSON must not exhaust the stack


def copied(value: object, depth: int = 0) -> object:
    """Return a JSON value whose objects and lists are not shared with the given one, texts joined."""
    if isinstance(value, Text):
        return value.joined()
    if depth < DEEPEST:
        depth += 1
        if is_object(value):
            return {n: v if v.__class__ in SCALARS else copied(v, depth) for n, v in value.items()}
        if is_array(value):
            return [item if item.__class__ in SCALARS else copied(item, depth) for item in value]
    return value


def is_empty(value: object) -> bool:
    """Whether a value carries nothing: null, an empty text, object or list."""
    if isinstance(value, Text):
        return value.empty
    return not value and value.__class__ not in _NUMBERS

"""Decoded JSON values: copy them, and tell which are empty. No I/O."""

from __future__ import annotations

from .codec import is_array, is_object
from .text_buffer import TextBuffer

_NUMBERS = frozenset({bool, int, float})
SCALARS = _NUMBERS | {str, type(None)}
"""The classes of the values that cannot be changed."""

MAX_DEPTH = 50
"""Objects and lists that are nested more deeply are shared and not copied or merged, so that they do not exhaust the
stack."""


def copy_json(value: object, depth: int = 0) -> object:
    """Return a JSON value that shares no object or list with the given one, with text buffers joined to strings."""
    if isinstance(value, TextBuffer):
        return value.joined()
    if depth < MAX_DEPTH:
        depth += 1
        if is_object(value):
            return {n: v if v.__class__ in SCALARS else copy_json(v, depth) for n, v in value.items()}
        if is_array(value):
            return [item if item.__class__ in SCALARS else copy_json(item, depth) for item in value]
    return value


def is_empty(value: object) -> bool:
    """Return whether a value carries nothing: null, or an empty text, object or list."""
    return not value and value.__class__ not in _NUMBERS

"""JSON text to values and back. No I/O, and no exception but ValueError.

msgspec does both; what it refuses and Python's own decoder reads (NaN, lone surrogates, a BOM) is read by that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeGuard

import msgspec

_encoder = msgspec.json.Encoder()


def decode(text: bytes | str) -> object:
    """Return the value of a JSON text.

    Raises:
        ValueError: it is not JSON, or is nested too deeply.
    """
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        pass
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None
    if isinstance(text, bytes):
        text = text.decode("utf-8-sig", "replace")
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


def encode(value: object) -> bytes:
    """Return the JSON text of a value.

    Raises:
        ValueError: it holds something that JSON has no form for.
    """
    try:
        return _encoder.encode(value)
    except (TypeError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        raise ValueError(str(error)) from None


def is_object(value: object) -> TypeGuard[dict[str, object]]:
    """Whether a decoded value is a JSON object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[object]]:
    """Whether a decoded value is a JSON array."""
    return isinstance(value, list)


def is_mapping(value: object) -> TypeGuard[Mapping[object, object]]:
    """Whether a value of a caller's can be written as a JSON object, if its names and members can."""
    return isinstance(value, (dict, Mapping))  # a dict, as nearly all are, is known at once


def is_sequence(value: object) -> TypeGuard[list[object] | tuple[object, ...]]:
    """Whether a value of a caller's can be written as a JSON array, if its items can."""
    return isinstance(value, (list, tuple))

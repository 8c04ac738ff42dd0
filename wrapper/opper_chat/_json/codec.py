"""JSON text to values and back. No I/O, and no exception but ValueError.

msgspec does both; what it refuses and Python's own decoder reads (NaN, surrogate halves, a BOM) is read by that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import TypeGuard

import msgspec

_encoder = msgspec.json.Encoder()

_HALF = re.compile("[\ud800-\udfff]")

decode_strictly: Callable[[bytes | str], object] = msgspec.json.decode
"""Returns the value of a JSON text of nearly all servers; raises one of STRICT_ERRORS for any other."""

STRICT_ERRORS = (msgspec.MsgspecError, ValueError, RecursionError)
"""Of these, MsgspecError is a ValueError in recent versions of msgspec alone."""


def decode(text: bytes | str) -> object:
    """Return the value of a JSON text. Surrogate halves without a partner become U+FFFD.

    Raises:
        ValueError: it is not JSON, or is nested too deeply.
    """
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError):
        pass
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None
    value = decode_with_surrogates(text)
    try:
        return replace_surrogates(value)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


def decode_with_surrogates(text: bytes | str) -> object:
    """Return the value of a JSON text, in whose texts surrogate halves are left as they are.

    Raises:
        ValueError: it is not JSON, or is nested too deeply.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8-sig", "replace")
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


def replace_surrogates(value: object) -> object:
    """Return a JSON value all of whose texts are Unicode; see `join_surrogates`.

    Raises:
        RecursionError: it is nested too deeply.
    """
    if isinstance(value, str):
        return join_surrogates(value)
    if is_object(value):
        return {join_surrogates(name): replace_surrogates(member) for name, member in value.items()}
    return [replace_surrogates(item) for item in value] if is_array(value) else value


def join_surrogates(text: str) -> str:
    """Return a text whose surrogate halves are joined where two make a pair, and replaced by U+FFFD where not."""
    if _HALF.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def encode(value: object) -> bytes:
    """Return the JSON text of a value.

    Raises:
        ValueError: it holds something that JSON cannot represent.
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

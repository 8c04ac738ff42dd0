"""Decode and encode JSON. No I/O, and no exception except ValueError.

msgspec does both. What it rejects and the decoder of the standard library accepts is read by that one: NaN, surrogate
halves and a byte order mark.
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
"""Return the value of a JSON text. Raises one of STRICT_ERRORS for what only `decode` accepts."""

STRICT_ERRORS = (msgspec.MsgspecError, ValueError, RecursionError)
"""MsgspecError is a ValueError only in recent versions of msgspec."""


def decode(text: bytes | str) -> object:
    """Return the value of a JSON text. Surrogate halves without a counterpart become U+FFFD.

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
    """Return the value of a JSON text, with the surrogate halves in its strings unchanged.

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
    """Return a JSON value with `join_surrogates` applied to all of its strings.

    Raises:
        RecursionError: it is nested too deeply.
    """
    if isinstance(value, str):
        return join_surrogates(value)
    if is_object(value):
        return {join_surrogates(name): replace_surrogates(item) for name, item in value.items()}
    return [replace_surrogates(item) for item in value] if is_array(value) else value


def join_surrogates(text: str) -> str:
    """Return a text with surrogate pairs joined to characters, and other surrogate halves replaced by U+FFFD."""
    if _HALF.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def encode(value: object) -> bytes:
    """Return the JSON text of a value.

    Raises:
        ValueError: JSON cannot represent the value.
    """
    try:
        return _encoder.encode(value)
    except (TypeError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        raise ValueError(str(error)) from None


def encode_received(value: object) -> bytes:
    """Return the JSON text of a value from a server, also of an integer or a text that msgspec does not encode."""
    try:
        return encode(value)
    except ValueError:
        return json.dumps(replace_surrogates(value), default=str, separators=(",", ":")).encode()


def is_object(value: object) -> TypeGuard[dict[str, object]]:
    """Return whether a decoded value is a JSON object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[object]]:
    """Return whether a decoded value is a JSON array."""
    return isinstance(value, list)


def is_mapping(value: object) -> TypeGuard[Mapping[object, object]]:
    """Return whether a value from a caller can be encoded as a JSON object, if its names and values can."""
    return isinstance(value, (dict, Mapping))  # the check for a dict is faster


def is_sequence(value: object) -> TypeGuard[list[object] | tuple[object, ...]]:
    """Return whether a value from a caller can be encoded as a JSON array, if its items can."""
    return isinstance(value, (list, tuple))

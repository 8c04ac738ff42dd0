"""Checks of values that hold no others: strings, numbers, booleans, None, dates, UUIDs and Literals. No I/O.

Has the names of types in errors as well.
"""

from __future__ import annotations

import datetime
import math
import types
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin, is_typeddict

from .._errors.describe import conversion_hint, json_scalar, meant, number_hint, words_of
from .._errors.invalid_value import UnexpectedValueError

FINITE = "a finite number"


def finite(value: float) -> float:
    """Return a number that JSON can represent."""
    # RFC 8259 section 6: JSON has no form for them, and an encoder would send null in their place.
    if not math.isfinite(value):
        raise UnexpectedValueError(FINITE, value)
    return value


SCALARS: dict[object, tuple[tuple[type, ...], str]] = {
    str: ((str,), "a string"),
    int: ((int,), "an integer"),
    float: ((int, float), "a number"),
    bool: ((bool,), "True or False"),
    type(None): ((type(None),), "None"),
}


TEXTS: dict[object, tuple[Callable[[Any], bool], Callable[[Any], str], str]] = {
    uuid.UUID: (lambda value: isinstance(value, uuid.UUID), str, "a UUID"),
    datetime.datetime: (
        lambda value: isinstance(value, datetime.datetime),
        datetime.datetime.isoformat,
        "a date and time",
    ),
    # A date and time is a date to Python; as a text it is not.
    datetime.date: (
        lambda value: isinstance(value, datetime.date) and not isinstance(value, datetime.datetime),
        datetime.date.isoformat,
        "a date",
    ),
}
"""Types of values that JSON has only texts for: what is one, how it is written, and its name."""


def text_check(fits: Callable[[Any], bool], text_of: Callable[[Any], str], accepted: str) -> Callable[[object], object]:
    """Return the check of values that are written as strings."""

    def check(value: object) -> object:
        if not fits(value):
            raise UnexpectedValueError(accepted, value)
        return text_of(value)

    return check


KINDS = {str: "string", int: "integer", float: "number"}
"""What a hint about a conversion calls a type."""


def scalar_check(kinds: tuple[type, ...], accepted: str) -> Callable[[object], object]:
    """Return the check of strings, numbers, booleans or None."""
    converted = KINDS.get(kinds[-1], "none")

    def check(value: object) -> object:
        scalar = value if value.__class__ in kinds else json_scalar(value)
        if not isinstance(scalar, kinds) or (isinstance(scalar, bool) and bool not in kinds):
            raise UnexpectedValueError(accepted, value, number_hint(value, kinds) or conversion_hint(value, converted))
        return finite(scalar) if isinstance(scalar, float) else scalar

    return check


def open_words(words: Sequence[object]) -> str:
    """Name the values of an enum, which is open: others of their type are accepted too."""
    kind = "a string" if isinstance(words[0], str) else "an integer"
    return f"{kind} (such as {', '.join(map(repr, words))})"


def literal_check(words: tuple[object, ...]) -> Callable[[object], object]:
    """Return the check of a Literal. One value is a const and closed. Several are an enum, which is open.

    An enum of one value has a hint of its own: the value or any string.
    """
    accepted = words_of(words) if len(words) == 1 else open_words(words)
    kinds = tuple({type(word) for word in words})

    def check(value: object) -> object:
        scalar = value if value.__class__ in kinds else json_scalar(value)
        # By type as well: True is no 1, though Python says that they are equal.
        if len(words) == 1:
            fits = type(scalar) in kinds and scalar == words[0]
        else:
            fits = isinstance(scalar, kinds) and not (isinstance(scalar, bool) and bool not in kinds)
        if not fits:
            raise UnexpectedValueError(accepted, value, meant(scalar, words) if len(words) == 1 else "")
        return scalar

    return check


def arm_name(arm: object, *, is_open: bool = False) -> str:
    """Name an arm of a union in an error; empty for models, which stand beside the object they write.

    Args:
        arm: the type.
        is_open: whether the union has other strings beside those of a Literal.
    """
    if arm in SCALARS:
        return SCALARS[arm][1]
    if arm in TEXTS:
        return TEXTS[arm][2]
    origin = get_origin(arm)
    if origin is Literal:
        words = get_args(arm)
        return open_words(words) if is_open or len(words) > 1 else words_of(words)
    if origin is Sequence:
        return list_name(get_args(arm)[0])
    return "a dict" if origin is Mapping or is_typeddict(arm) else ""


def list_name(item: object) -> str:
    """Name a list by what may be in it."""
    arms = get_args(item) if get_origin(item) in (Union, types.UnionType) else (item,)
    plurals: dict[object, str] = {str: "strings", int: "integers", float: "numbers"}
    names = [plurals.get(arm) or ("dicts" if is_typeddict(arm) else "") for arm in arms if arm not in TEXTS]
    found = [name for name in dict.fromkeys(names) if name]
    return f"a list of {' and '.join(found)}" if found else "a list"

"""Validate strings, numbers, booleans, None, dates, UUIDs and Literals, and name types in errors. No I/O."""

from __future__ import annotations

import datetime
import math
import types
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin, is_typeddict

from .._errors.describe import choices_of, conversion_hint, did_you_mean, number_hint
from .._errors.invalid_value import UnexpectedValueError
from .._json.scalars import json_scalar

FINITE = "a finite number"


def finite(value: float) -> float:
    """Return a number, or refuse infinity and NaN."""
    # JSON has neither (RFC 8259 section 6), and encoders send null instead.
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

TEXTS: dict[object, tuple[type, Callable[[Any], str], str]] = {
    uuid.UUID: (uuid.UUID, str, "a UUID"),
    datetime.datetime: (datetime.datetime, datetime.datetime.isoformat, "a date and time"),
    datetime.date: (datetime.date, datetime.date.isoformat, "a date"),
}
"""Types that JSON represents as strings: the type, the conversion to a string, and the name."""

KINDS = {str: "string", int: "integer", float: "number"}
"""The names of types in hints about a conversion."""


def text_check(cls: type, text_of: Callable[[Any], str], accepted: str) -> Callable[[object], object]:
    """Return the check for a type that JSON represents as a string."""

    def check(value: object) -> object:
        # In Python, a datetime is a date too.
        if not isinstance(value, cls) or (cls is datetime.date and isinstance(value, datetime.datetime)):
            raise UnexpectedValueError(accepted, value)
        return text_of(value)

    return check


def scalar_check(kinds: tuple[type, ...], accepted: str) -> Callable[[object], object]:
    """Return the check for strings, numbers, booleans or None."""
    converted = KINDS.get(kinds[-1], "none")

    def check(value: object) -> object:
        scalar = value if value.__class__ in kinds else json_scalar(value)
        # In Python, True is an integer. A server would read it as a boolean.
        if not isinstance(scalar, kinds) or (isinstance(scalar, bool) and bool not in kinds):
            raise UnexpectedValueError(accepted, value, number_hint(value, kinds) or conversion_hint(value, converted))
        return finite(scalar) if isinstance(scalar, float) else scalar

    return check


def enum_name(values: Sequence[object]) -> str:
    """Name an enum by its values. It is open: other values of their type are accepted too."""
    kind = "a string" if isinstance(values[0], str) else "an integer"
    return f"{kind} (such as {', '.join(map(repr, values))})"


def literal_check(values: tuple[object, ...]) -> Callable[[object], object]:
    """Return the check for a Literal. One value is a constant. Several are an enum, which is open.

    The contract writes an enum of one value as a union of the value and str.
    """
    accepted = choices_of(values) if len(values) == 1 else enum_name(values)
    kinds = tuple({type(one) for one in values})

    def check(value: object) -> object:
        scalar = value if value.__class__ in kinds else json_scalar(value)
        # The type is compared too, because True equals 1 in Python.
        if len(values) == 1:
            fits = type(scalar) in kinds and scalar == values[0]
        else:
            fits = isinstance(scalar, kinds) and not (isinstance(scalar, bool) and bool not in kinds)
        if not fits:
            raise UnexpectedValueError(accepted, value, did_you_mean(scalar, values) if len(values) == 1 else "")
        return scalar

    return check


def arm_name(arm: object, *, is_open: bool = False) -> str:
    """Name an arm of a union in an error. The name of a model is empty, since its typed dict is an arm too.

    An open union accepts strings other than those of a Literal.
    """
    if arm in SCALARS:
        return SCALARS[arm][1]
    if arm in TEXTS:
        return TEXTS[arm][2]
    origin = get_origin(arm)
    if origin is Literal:
        values = get_args(arm)
        return enum_name(values) if is_open or len(values) > 1 else choices_of(values)
    if origin is Sequence:
        return list_name(get_args(arm)[0])
    return "a dict" if origin is Mapping or is_typeddict(arm) else ""


def list_name(item: object) -> str:
    """Name a list by its items, such as ``a list of strings``."""
    arms = get_args(item) if get_origin(item) in (Union, types.UnionType) else (item,)
    plurals: dict[object, str] = {str: "strings", int: "integers", float: "numbers"}
    names = [plurals.get(arm) or ("dicts" if is_typeddict(arm) else "") for arm in arms if arm not in TEXTS]
    found = [name for name in dict.fromkeys(names) if name]
    return f"a list of {' and '.join(found)}" if found else "a list"

"""Checks of values that hold no others: strings, numbers, booleans, None, dates, UUIDs and Literals. No I/O."""

from __future__ import annotations

import datetime
import math
import uuid
from collections.abc import Callable
from typing import Any

from ._values import Misfit, json_scalar, meant, number_hint, words_of

FINITE = "a finite number"


def finite(value: float) -> float:
    """Return a number that JSON can represent."""
    # RFC 8259 section 6: JSON has no form for them, and an encoder would send null in their place.
    if not math.isfinite(value):
        raise Misfit(FINITE, value)
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
            raise Misfit(accepted, value)
        return text_of(value)

    return check


def scalar_check(kinds: tuple[type, ...], accepted: str) -> Callable[[object], object]:
    """Return the check of strings, numbers, booleans or None."""

    def check(value: object) -> object:
        scalar = value if value.__class__ in kinds else json_scalar(value)
        if not isinstance(scalar, kinds) or (isinstance(scalar, bool) and bool not in kinds):
            raise Misfit(accepted, value, number_hint(value, kinds))
        return finite(scalar) if isinstance(scalar, float) else scalar

    return check


def literal_check(words: tuple[object, ...]) -> Callable[[object], object]:
    """Return the check of a Literal. One value is a const and closed. Several are an enum, which is open.

    An enum of one value has a hint of its own: the value or any string.
    """
    accepted = words_of(words)
    kinds = tuple({type(word) for word in words})

    def check(value: object) -> object:
        scalar = value if value.__class__ in kinds else json_scalar(value)
        # By type as well: True is no 1, though Python says that they are equal.
        if len(words) == 1:
            fits = type(scalar) in kinds and scalar == words[0]
        else:
            fits = isinstance(scalar, kinds) and not (isinstance(scalar, bool) and bool not in kinds)
        if not fits:
            raise Misfit(accepted, value, meant(scalar, words) if len(words) == 1 else "")
        return scalar

    return check

"""Bounds beside a type: of msgspec.Meta, annotated_types or pydantic's Field. None is dropped. No I/O."""

from __future__ import annotations

import datetime
import decimal
import re
from collections.abc import Callable, Iterable, Mapping
from operator import ge, gt, le, lt
from typing import Any

import msgspec

from .._json.codec import is_array
from .misfits import built, misfit

KEYWORDS = {
    "ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf", "pattern": "pattern",
}  # fmt: skip
LENGTHS = {"min_length": "At least {} characters.", "max_length": "At most {} characters."}
"""Strict mode has no keywords for them: they are said in words, and checked when the answer comes."""

_LIMITS: dict[str, tuple[Callable[[Any, Any], bool], str]] = {
    "ge": (ge, "At least {}."), "gt": (gt, "More than {}."), "le": (le, "At most {}."), "lt": (lt, "Less than {}."),
    "multiple_of": (lambda value, step: not value % step, "A multiple of {}."),
}  # fmt: skip
_NUMBERS = (int, float, decimal.Decimal)
_ORDERED = (decimal.Decimal, datetime.datetime, datetime.date, datetime.time, datetime.timedelta)
_BY_MSGSPEC: dict[Any, tuple[type, ...]] = {int: (int,), float: (int, float)}
_OTHERS = ("tz", "max_digits", "decimal_places")


def bounds_of(notes: Iterable[Any]) -> dict[str, Any]:
    """Return the bounds in an Annotated by their names, whatever they are."""
    found: dict[str, Any] = {}
    for note in notes:
        inside = getattr(note, "metadata", None)  # where pydantic's Field keeps them
        found |= bounds_of(inside) if is_array(inside) else {}
        for name in (*KEYWORDS, *LENGTHS, *_OTHERS):
            value: Any = getattr(note, name, None)
            if type(note).__name__ == "Timezone" and name == "tz":
                value = {None: False, ...: True}.get(value, value)
            if name == "pattern" and getattr(value, "flags", None) == re.UNICODE:  # compiled, as pydantic has it too
                value = value.pattern
            if value is not None and not callable(value):
                found[name] = value
        if type(note).__name__ == "Predicate" and type(note).__module__ == "annotated_types":
            found["predicate"] = note.func
    return found


def is_checked(hint: Any, name: str, bound: object) -> bool:
    """Whether a bound is one of this type of scalars, and can be compared with its values."""
    if name == "predicate":
        return True
    if name in _LIMITS:
        if hint in _NUMBERS and isinstance(bound, _NUMBERS):
            return name != "multiple_of" or hint is not decimal.Decimal or not isinstance(bound, float)
        return hint in _ORDERED and type(bound) is hint and (name != "multiple_of" or hint is datetime.timedelta)
    if name in LENGTHS:
        return hint in (str, bytes) and isinstance(bound, int)
    if name == "tz":
        return hint in (datetime.datetime, datetime.time) and isinstance(bound, bool)
    return name == "pattern" and hint is str and isinstance(bound, str)


def apart(hint: Any, bounds: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the bounds of a scalar that msgspec checks, and those that are checked on the value."""
    own = {
        name: bound
        for name, bound in bounds.items()
        if name == "predicate" or (name in _LIMITS and not isinstance(bound, _BY_MSGSPEC.get(hint, ())))
    }
    return {name: bound for name, bound in bounds.items() if name not in own}, own


def words_of_bounds(bounds: Mapping[str, Any]) -> list[str]:
    """Return bounds in words, where strict mode has no keyword for them."""
    return [
        _LIMITS[name][1].format(msgspec.json.encode(bound).decode().strip('"'))
        for name, bound in bounds.items()
        if name in _LIMITS
    ]


def check_bounds(value: object, bounds: Mapping[str, Any]) -> None:
    """Check a value against bounds of its own type.

    Raises:
        InvalidValueError: it is outside of one.
    """
    for name, bound in bounds.items():
        if name == "predicate":
            if not built(bound, value):
                raise misfit("is not what is asked for")
            continue
        try:
            fits = _LIMITS[name][0](value, bound)
        except (TypeError, ArithmeticError):  # a moment with a zone and one without, or a number that is none
            fits = False
        if not fits:
            raise misfit(f"expected {words_of_bounds({name: bound})[0].lower().removesuffix('.')}")

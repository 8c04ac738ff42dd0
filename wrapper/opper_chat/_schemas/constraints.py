"""Read and check the constraints in an Annotated: of msgspec.Meta, annotated_types or pydantic's Field. No I/O.

msgspec checks those that it knows. This module checks the others on the value, and refuses what neither can check.
"""

from __future__ import annotations

import datetime
import decimal
import re
from collections.abc import Callable, Iterable, Mapping
from operator import ge, gt, le, lt
from typing import Annotated, Any

import msgspec

from .._json.codec import is_array
from .checks import construct, invalid

_COMPARISONS: dict[str, tuple[Callable[[Any, Any], bool], str]] = {
    "ge": (ge, "at least {}"), "gt": (gt, "more than {}"), "le": (le, "at most {}"), "lt": (lt, "less than {}"),
    "multiple_of": (lambda value, step: not value % step, "a multiple of {}"),
}  # fmt: skip
_OF_MSGSPEC = (*_COMPARISONS, "min_length", "max_length", "pattern", "tz")
_UNSUPPORTED = ("max_digits", "decimal_places")
_NUMBERS = (int, float, decimal.Decimal)
_MOMENTS = (datetime.datetime, datetime.date, datetime.time, datetime.timedelta)
# The bounds that msgspec compares by type. Others, such as those of decimals and dates, are compared here.
_COMPARED_BY_MSGSPEC: dict[Any, tuple[type, ...]] = {int: (int,), float: (int, float)}


class UnsupportedConstraintError(Exception):
    """A constraint that cannot be checked on values of the type. The text is the reason."""


def constraints_of(notes: Iterable[Any]) -> dict[str, Any]:
    """Return the constraints among the notes of an Annotated, by the names of annotated_types."""
    found: dict[str, Any] = {}
    for note in notes:
        inside = getattr(note, "metadata", None)  # of pydantic's Field
        found |= constraints_of(inside) if is_array(inside) else {}
        for name in (*_OF_MSGSPEC, *_UNSUPPORTED):
            value: Any = getattr(note, name, None)
            if type(note).__name__ == "Timezone" and name == "tz":  # None is naive, ... any zone
                value = {None: False, ...: True}.get(value, value)
            if name == "pattern" and getattr(value, "flags", None) == re.UNICODE:  # compiled, without flags of its own
                value = value.pattern
            if value is not None and not callable(value):
                found[name] = value
        if type(note).__name__ == "Predicate" and type(note).__module__ == "annotated_types":
            found["predicate"] = note.func
    return found


def constrain(hint: Any, constraints: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return the type with the constraints that msgspec checks, and the other constraints.

    Raises:
        UnsupportedConstraintError: One cannot be checked.
    """
    own: dict[str, Any] = {}
    for name, bound in constraints.items():
        if name in _UNSUPPORTED or (hint is list and name not in ("min_length", "max_length")):
            raise UnsupportedConstraintError(f"{name} is not supported here")
        if name == "predicate" or (
            name in _COMPARISONS
            and hint in (*_NUMBERS, *_MOMENTS)
            and not isinstance(bound, _COMPARED_BY_MSGSPEC.get(hint, ()))
        ):
            _check_comparable(hint, name, bound)
            own[name] = bound
    known = {name: bound for name, bound in constraints.items() if name not in own}
    try:
        constrained = Annotated[hint, msgspec.Meta(**known)] if known else hint
        msgspec.json.schema(constrained)
    except (TypeError, ValueError, re.error) as error:
        raise UnsupportedConstraintError(str(error)) from None
    return constrained, own


def _check_comparable(hint: Any, name: str, bound: Any) -> None:
    if name == "predicate":
        return
    is_number = hint in _NUMBERS and isinstance(bound, _NUMBERS)
    try:
        if not is_number and type(bound) is not hint:
            raise TypeError
        _COMPARISONS[name][0](hint(1) if is_number else bound, bound)
    except (TypeError, ArithmeticError):
        raise UnsupportedConstraintError(
            f"{name}={bound!r} cannot be compared with values of type {hint.__name__}"
        ) from None


def describe_constraints(constraints: Mapping[str, Any]) -> list[str]:
    """Return the constraints that JSON Schema has no keyword for, as texts."""
    return [
        _COMPARISONS[name][1].format(msgspec.json.encode(bound).decode().strip('"'))
        for name, bound in constraints.items()
        if name in _COMPARISONS
    ]


def check_constraints(value: object, constraints: Mapping[str, Any]) -> None:
    """Check a value against the constraints that msgspec does not check.

    Raises:
        InvalidValueError: The value does not meet one.
    """
    for name, bound in constraints.items():
        if name == "predicate":
            if not construct(bound, value):
                raise invalid("does not meet the predicate of its type")
            continue
        try:
            is_met = _COMPARISONS[name][0](value, bound)
        except (TypeError, ArithmeticError):  # a datetime with a zone and one without, or a NaN
            is_met = False
        if not is_met:
            raise invalid(f"expected {describe_constraints({name: bound})[0]}")

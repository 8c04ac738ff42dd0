"""Check JSON values with msgspec, with constraints that msgspec does not know, and with the caller's own code. No I/O.

Constraints are the notes of an Annotated by msgspec.Meta, annotated_types or pydantic's Field.
"""

from __future__ import annotations

import datetime
import decimal
import re
from collections.abc import Callable, Iterable, Mapping
from operator import ge, gt, le, lt
from typing import Annotated, Any

import msgspec

from .._errors.invalid_value import InvalidValueError
from .._json.codec import is_array

_COMPARISONS: dict[str, tuple[Callable[[Any, Any], bool], str]] = {
    "ge": (ge, "at least {}"), "gt": (gt, "more than {}"), "le": (le, "at most {}"), "lt": (lt, "less than {}"),
    "multiple_of": (lambda value, step: not value % step, "a multiple of {}"),
}  # fmt: skip
_LENGTHS = ("min_length", "max_length")
_UNSUPPORTED = ("max_digits", "decimal_places")
_NAMES = (*_COMPARISONS, *_LENGTHS, "pattern", "tz", *_UNSUPPORTED)
_NUMBERS = (int, float, decimal.Decimal)
_MOMENTS = (datetime.datetime, datetime.date, datetime.time, datetime.timedelta)
# The types of bounds that msgspec compares with values of a type. Others, as those of decimals, are compared here.
_COMPARED_BY_MSGSPEC: dict[Any, tuple[type, ...]] = {int: (int,), float: (int, float)}


class UnsupportedConstraintError(Exception):
    """A constraint that cannot be checked on values of the type. The text is the reason."""


def invalid(text: str) -> InvalidValueError:
    """Return the error for a problem with the value itself."""
    return InvalidValueError(((), text))


def check(value: object, hint: Any) -> Any:
    """Return what msgspec converts a JSON value to."""
    try:
        return msgspec.convert(value, hint)
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        text = str(error)
        raise invalid(text[:1].lower() + text[1:]) from None


def construct(make: Callable[[Any], object], value: object) -> object:
    """Call a class, validator or converter that the caller wrote. What it raises becomes an InvalidValueError."""
    try:
        return make(value)
    except Exception as error:
        raise invalid(exception_text(error)) from error


def exception_text(error: Exception) -> str:
    """Return the text of an exception of the caller's code, for an error message.

    Only the text of the exceptions that validators raise is shown. Another, such as one of a database, may be private.
    """
    text = str(error) if isinstance(error, ValueError | TypeError | AssertionError) else ""
    return text or type(error).__name__


def join_sentences(*texts: object) -> str:
    """Join texts about one thing, with a full stop between them. Values that are no texts are left out."""
    found = [text.strip() for text in texts if isinstance(text, str) and text.strip()]
    return " ".join([*(f"{text}." if text[-1].isalnum() else text for text in found[:-1]), *found[-1:]])


def constraints_of(notes: Iterable[Any]) -> dict[str, Any]:
    """Return the constraints among the notes of an Annotated, by the names of annotated_types."""
    found: dict[str, Any] = {}
    for note in notes:
        inside = getattr(note, "metadata", None)  # of pydantic's Field
        found |= constraints_of(inside) if is_array(inside) else {}
        for name in _NAMES:
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
    """Return the type with the constraints that msgspec checks, and those that `check_constraints` checks.

    Raises:
        UnsupportedConstraintError: neither can check one.
    """
    known = dict(constraints)
    own: dict[str, Any] = {}
    for name, bound in constraints.items():
        if name in _UNSUPPORTED or (hint is list and name not in _LENGTHS):
            raise UnsupportedConstraintError(f"{name} is not supported here")
        compared = name in _COMPARISONS and hint in (*_NUMBERS, *_MOMENTS)
        if compared and not isinstance(bound, _COMPARED_BY_MSGSPEC.get(hint, ())):
            _check_comparable(hint, name, bound)
            own[name] = known.pop(name)
        elif name == "predicate":
            own[name] = known.pop(name)
    try:
        # Meta refuses bounds that are wrong in themselves, and the schema those that do not fit the type.
        constrained = Annotated[hint, msgspec.Meta(**known)] if known else hint
        msgspec.json.schema(constrained)
    except (TypeError, ValueError, re.error) as error:
        raise UnsupportedConstraintError(str(error)) from None
    return constrained, own


def _check_comparable(hint: Any, name: str, bound: Any) -> None:
    is_number = hint in _NUMBERS and isinstance(bound, _NUMBERS)
    try:
        if not is_number and type(bound) is not hint:
            raise TypeError
        _COMPARISONS[name][0](hint(1) if is_number else bound, bound)
    except (TypeError, ArithmeticError):
        text = f"{name}={bound!r} cannot be compared with values of type {hint.__name__}"
        raise UnsupportedConstraintError(text) from None


def describe_constraints(constraints: Mapping[str, Any]) -> list[str]:
    """Return the constraints that JSON Schema has no keyword for, as texts."""
    return [
        _COMPARISONS[name][1].format(msgspec.json.encode(bound).decode().strip('"'))
        for name, bound in constraints.items()
        if name in _COMPARISONS
    ]


def check_constraints(value: object, constraints: Mapping[str, Any]) -> None:
    """Check a value against the constraints that msgspec does not check."""
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

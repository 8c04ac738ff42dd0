"""The JSON scalar of a Python value: of subclasses, of enums and of the numbers of other libraries. No I/O.

A request can have instances of subclasses, such as Django's ``SafeText`` (str) or ``numpy.float64`` (float), and
numbers of NumPy, `decimal` and `fractions`. msgspec refuses some of these, and encodes others as strings.
"""

from __future__ import annotations

import enum


def json_scalar(value: object) -> object:
    """Return the str, int, float or bool that is sent for a value, or the value itself if there is none.

    For instances of subclasses and values of enums it is their value. Numbers of other classes, such as
    ``numpy.int64``, `decimal.Decimal` and `fractions.Fraction`, are converted if no digits are lost.
    """
    if value is None or isinstance(value, bool):
        return value
    # Not str(value), int(value) or float(value): subclasses override them, as enums do.
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, enum.Enum):
        return json_scalar(value.value)
    return _number(value)


def text_value(value: object) -> object:
    """Return the string that is sent for a value, or the value itself if there is none."""
    if isinstance(value, str):
        return value
    return scalar if isinstance(scalar := json_scalar(value), str) else value


def _number(value: object) -> object:
    """Return the number or boolean that is sent for a value of another library, or the value itself."""
    cls = type(value)
    if cls.__module__ == "numpy" and cls.__name__ in ("bool", "bool_"):
        return bool(value)
    from decimal import Decimal
    from numbers import Integral, Rational, Real

    try:
        if isinstance(value, Integral):
            return int(value)
        if isinstance(value, Rational) and value.denominator == 1:
            return int(value.numerator)
        if isinstance(value, Decimal):
            # Nothing is lost if the shortest text of the float has the same digits.
            written = float(value)
            if Decimal(repr(written)) == value:
                return int(value) if value == value.to_integral_value() and abs(value) < 2**53 else written
        elif isinstance(value, Real):
            written = float(value)
            if written == value or written != written:  # noqa: PLR0124  # NaN is refused by the validation, with its path
                return written
    except (ArithmeticError, ValueError):
        pass
    return value

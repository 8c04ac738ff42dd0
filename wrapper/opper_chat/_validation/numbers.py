"""Validate options that are numbers: counts, retries and seconds. No I/O."""

from __future__ import annotations

import math

from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._json.scalars import json_scalar


def check_retries(value: object, argument: str = "max_retries") -> int:
    """Return a number of retries: an integer of at least 0.

    Raises:
        InvalidArgumentError: the value is not one.
    """
    number = json_scalar(value)
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise InvalidArgumentError(argument, "an integer of at least 0", describe(value))
    return number


def check_seconds(value: object, argument: str) -> float:
    """Return a number of seconds above 0.

    Raises:
        InvalidArgumentError: the value is not one.
    """
    number = json_scalar(value)
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number) or number <= 0:
        accepted, hint = "a number of seconds above 0 or None", ""
        if argument == "timeout":
            accepted = "a number of seconds above 0, an httpx.Timeout or None"
        elif type(value).__name__ == "Timeout":
            hint = "Only the argument timeout takes an httpx.Timeout."
        raise InvalidArgumentError(argument, accepted, describe(value), hint)
    return float(number)


def check_count(value: object, argument: str) -> int:
    """Return an integer above 0.

    Raises:
        InvalidArgumentError: the value is not one.
    """
    number = json_scalar(value)
    if isinstance(number, bool) or not isinstance(number, int) or number <= 0:
        raise InvalidArgumentError(argument, "an integer above 0", describe(value))
    return number

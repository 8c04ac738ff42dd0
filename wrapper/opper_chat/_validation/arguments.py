"""Validate arguments that are not of the contract: numbers, seconds, texts, flags and functions. No I/O.

Each check raises an InvalidArgumentError that names the argument, what it accepts and what was given.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from threading import TIMEOUT_MAX
from typing import Any

from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._json.scalars import json_scalar


def check_retries(value: object, argument: str = "max_retries") -> int:
    """Return a number of retries: an integer of at least 0."""
    return _check_integer(value, argument, 0, "an integer of at least 0")


def check_count(value: object, argument: str) -> int:
    """Return an integer above 0."""
    return _check_integer(value, argument, 1, "an integer above 0")


def _check_integer(value: object, argument: str, minimum: int, accepted: str) -> int:
    number = json_scalar(value)
    # In Python, True is the integer 1.
    if isinstance(number, bool) or not isinstance(number, int) or number < minimum:
        raise InvalidArgumentError(argument, accepted, describe(value))
    return number


def check_seconds(value: object, argument: str) -> float:
    """Return a number of seconds above 0."""
    number = json_scalar(value)
    if isinstance(number, int | float) and not isinstance(number, bool) and 0 < number <= TIMEOUT_MAX:
        return float(number)
    accepted, hint = "a number of seconds above 0 or None", ""
    if argument == "timeout":
        accepted = "a number of seconds above 0, an httpx.Timeout or None"
    elif type(value).__name__ == "Timeout":
        hint = "Only the argument timeout takes an httpx.Timeout."
    if isinstance(number, int | float) and number > TIMEOUT_MAX:
        # Sockets and locks raise an OverflowError for a longer wait.
        hint = f"The largest accepted value is {TIMEOUT_MAX:.0f}. Use None for no limit."
    raise InvalidArgumentError(argument, accepted, describe(value), hint)


def check_strings(**arguments: object) -> None:
    """Validate arguments that are strings or None."""
    for argument, value in arguments.items():
        if value is not None and not isinstance(value, str):
            raise InvalidArgumentError(argument, "a string or None", describe(value))


def check_flags(**arguments: object) -> None:
    """Validate arguments that are True or False."""
    for argument, value in arguments.items():
        if not isinstance(value, bool):
            raise InvalidArgumentError(argument, "True or False", describe(value))


def unwrap_partial(function: Callable[..., object]) -> Any:
    """Return the function that a `functools.partial` calls, or the function itself."""
    while isinstance(function, functools.partial):
        function = function.func
    return function


def function_name(function: Callable[..., object]) -> str:
    """Return the name of a function, or of the class of a callable object."""
    target = unwrap_partial(function)
    name = getattr(target, "__name__", None)
    return name if isinstance(name, str) else type(target).__name__


def is_coroutine_function(function: Callable[..., object]) -> bool:
    """Return whether a function, or the ``__call__`` of a callable object, is a coroutine function."""
    target = unwrap_partial(function)
    return inspect.iscoroutinefunction(target) or inspect.iscoroutinefunction(getattr(target, "__call__", None))  # noqa: B004

"""Inspect functions that callers give: their names, and whether what they return is to be awaited. No I/O."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any


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

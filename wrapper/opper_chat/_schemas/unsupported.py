"""Errors for types that have no type adapter: what was given, and what to use instead. No I/O."""

from __future__ import annotations

import typing
from typing import Any, TypeVar

from .._errors.api import InvalidArgumentError
from .._errors.describe import describe, is_list_or_set, is_unhashable, type_name
from .._json.codec import is_mapping
from .fields import fields_of
from .pydantic_models import is_pydantic_model
from .type_hints import UnknownHintError


def unsupported(path: str, expected: str, hint: Any, use: str = "") -> InvalidArgumentError:
    """Return the error for a type."""
    received = describe(hint) if is_list_or_set(hint) else type_name(hint)
    return InvalidArgumentError(path, expected, received, use)


def unknown_type(hint: Any, path: str) -> InvalidArgumentError:
    """Return the error for a type of an unknown kind, or for a value that is no type."""
    if is_instance(hint):
        use = f"Pass the class, not an instance of it: {type(hint).__name__}."
    elif is_list_or_set(hint):
        use = f"Did you mean {name}?" if (name := type_name(hint)) else "Name the type, as in list[str]."
    elif is_unhashable(hint):
        use = "Use a TypedDict, or another class with these fields." if is_mapping(hint) else ""
    elif isinstance(hint, TypeVar):
        use = f"Give a type for {hint}, as in Page[Item]."
    elif isinstance(hint, str | typing.ForwardRef):
        use = "Give the class itself."
    else:
        use = "Use an attrs class, a dataclass, a TypedDict, a NamedTuple, a msgspec Struct or a pydantic model."
        return unsupported(path, "a type that a JSON Schema can describe", hint, use)
    return unsupported(path, "a type", hint, use)


def is_instance(hint: object) -> bool:
    """Return whether a value is an instance of a class that has a type adapter."""
    if isinstance(hint, type):
        return False
    try:
        return is_pydantic_model(type(hint)) or fields_of(type(hint)) is not None
    except UnknownHintError:
        return True

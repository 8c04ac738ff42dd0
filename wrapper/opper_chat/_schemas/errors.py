"""Errors about types that a schema cannot describe: where they stand, and what to use instead. No I/O."""

from __future__ import annotations

import collections.abc
import typing
from collections.abc import Callable
from typing import Any, TypeVar, get_origin

from .._errors.api import InvalidArgumentError
from .._errors.describe import describe, is_list_or_set, is_unhashable, type_name
from .._json.codec import is_mapping
from .fields import fields_of
from .hints import UnknownHintError
from .pydantic import is_model

DICTS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
ARRAYS: dict[Any, Callable[[list[object]], object]] = {
    list: list, collections.abc.Sequence: list, collections.abc.MutableSequence: list,
    collections.abc.Collection: list, collections.abc.Iterable: list,
    set: set, collections.abc.MutableSet: set, collections.abc.Set: set, frozenset: frozenset,
}  # fmt: skip
"""Collections that JSON has arrays for, and what makes them of a list."""

ACCEPTED = "a type that a JSON Schema can describe"
STRICT = "a type that strict mode can describe"


def refused(path: str, accepted: str, hint: Any, use: str = "") -> InvalidArgumentError:
    return InvalidArgumentError(path, accepted, _shown(hint), use)


def unknown(hint: Any, path: str, *, strict: bool) -> InvalidArgumentError:
    """Return the error for a type that there is no shape for."""
    if is_instance(hint):
        return refused(path, "a type", hint, f"Pass the class, not an instance of it: {type(hint).__name__}.")
    if is_unhashable(hint):
        use = "Use a TypedDict, or another class with these fields." if is_mapping(hint) else ""
        if is_list_or_set(hint):
            use = f"Did you mean {name}?" if (name := type_name(hint)) else "Name the type, as in list[str]."
        return refused(path, "a type", hint, use)
    origin = get_origin(hint) or hint
    open_use = ""
    if strict and origin in DICTS:
        open_use = "Use a list of objects with a name and a value, a class with the known names"
    elif strict and origin is tuple:
        open_use = "Use a NamedTuple, a list of one type"
    elif strict and origin in ARRAYS:
        open_use = "Name the type of the items, as in list[str]"
    elif strict and (hint is Any or hint is object):
        open_use = "Name a type"
    if open_use:
        return refused(path, STRICT, hint, f"{open_use}, or pass strict=False.")
    if isinstance(hint, TypeVar):
        use = f"Give the type that {hint} stands for, as in Page[Item]."
    elif isinstance(hint, str | typing.ForwardRef):
        use = "Give the class itself."
    else:
        use = "Use an attrs class, a dataclass, a TypedDict, a NamedTuple, a msgspec Struct or a pydantic model."
    return refused(path, ACCEPTED, hint, use)


def is_instance(hint: object) -> bool:
    """Return whether a hint is no type but an instance of a class that can be asked for."""
    if isinstance(hint, type):
        return False
    try:
        return is_model(type(hint)) or fields_of(type(hint)) is not None
    except UnknownHintError:
        return True


def _shown(hint: Any) -> str:
    return describe(hint) if is_list_or_set(hint) else type_name(hint)

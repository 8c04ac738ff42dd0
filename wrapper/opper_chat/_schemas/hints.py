"""Type hints: what they name, what is noted beside them, and what stands for their variables. No I/O."""

from __future__ import annotations

import re
import sys
import types
import typing
from collections.abc import Mapping
from typing import Any, Generic, Literal, NotRequired, Protocol, Required, TypeVar, get_args, get_origin


class UnknownHintError(Exception):
    """A hint that cannot be understood. The text says why."""


def hints_of(cls: Any) -> dict[str, Any]:
    """Return the hints of a class or a function, resolved.

    Raises:
        UnknownHintError: one names what is not found.
    """
    try:
        # A class that is made inside of a function may still name itself.
        return typing.get_type_hints(cls, localns={cls.__name__: cls}, include_extras=True)
    except NameError as error:
        raise UnknownHintError(f"its hints name {error.name!r}, which its module does not have") from None
    except (TypeError, SyntaxError) as error:
        raise UnknownHintError(f"its hints cannot be read ({error})") from None


def alias_of(alias: Any) -> Any:
    """Return what an alias stands for, its texts resolved.

    Raises:
        UnknownHintError: it names what is not found.
    """

    def holder() -> None: ...

    holder.__annotations__ = {"value": alias.__value__}
    names = vars(sys.modules[alias.__module__]) if alias.__module__ in sys.modules else {}
    try:
        return typing.get_type_hints(holder, names, {alias.__name__: alias}, include_extras=True)["value"]
    except NameError as error:
        raise UnknownHintError(f"it names {error.name!r}, which its module does not have") from None


def substituted(hint: Any, variables: Mapping[Any, Any]) -> Any:
    """Return a hint with what stands for its type variables."""
    if isinstance(hint, TypeVar):
        return variables.get(hint, hint)
    parameters: tuple[Any, ...] = getattr(hint, "__parameters__", ()) if get_origin(hint) is not None else ()
    if not parameters or not variables:
        return hint
    return hint[tuple(variables.get(parameter, parameter) for parameter in parameters)]


def variables_of(hint: Any) -> dict[Any, Any]:
    """Return what the type variables of a generic class and of those above it stand for."""
    origin = get_origin(hint)
    bound: dict[Any, Any] = dict(zip(getattr(origin, "__parameters__", ()), get_args(hint), strict=False))
    for base in getattr(origin or hint, "__orig_bases__", ()):
        if get_origin(base) not in (None, Generic, Protocol):
            for variable, found in variables_of(base).items():
                bound.setdefault(variable, substituted(found, bound))
    return bound


def unwrapped(hint: Any) -> tuple[Any, list[Any]]:
    """Return the type inside of Annotated, NewType, Required and the like, and what Annotated notes."""
    notes: list[Any] = []
    while True:
        name = getattr(get_origin(hint), "__name__", getattr(get_origin(hint), "_name", ""))
        if hasattr(hint, "__metadata__"):
            notes = [*hint.__metadata__, *notes]
            hint = hint.__origin__
        elif hasattr(hint, "__supertype__"):
            hint = hint.__supertype__
        elif name in ("Required", "NotRequired", "ReadOnly", "Final"):
            hint = get_args(hint)[0]
        else:
            return hint, notes


def description_of(note: Any) -> str:
    """Return what a note in an Annotated says: a plain text, or one of msgspec's, pydantic's or typing's forms."""
    said = note if isinstance(note, str) else getattr(note, "description", None) or getattr(note, "documentation", None)
    return " ".join(said.split()) if isinstance(said, str) else ""


def qualifiers_of(hint: Any) -> list[object]:
    """Return whether a hint says that its member is required, or not, in whichever place it does."""
    origin = get_origin(hint)
    if origin in (Required, NotRequired):
        return [origin]
    name = getattr(origin, "__name__", getattr(origin, "_name", ""))
    inside = hint.__origin__ if hasattr(hint, "__metadata__") else get_args(hint)[0] if name == "ReadOnly" else None
    return [] if inside is None else qualifiers_of(inside)


def unhashable_in(hint: Any) -> Any:
    """Return what of a hint has values without a hash, which no set can hold, or None."""
    hint, _ = unwrapped(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (typing.Union, types.UnionType, tuple):
        return next((found for each in arguments if (found := unhashable_in(each)) is not None), None)
    cls = origin or hint
    return hint if isinstance(cls, type) and getattr(cls, "__hash__", None) is None else None


def name_of(hint: Any) -> str:
    """Return a name for a type in a schema: letters, digits, underscores and dashes, at most 64."""
    return _UNNAMED.sub("_", _words(hint)).strip("_")[:64] or "answer"


def _words(hint: Any) -> str:
    hint, _ = unwrapped(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    inside = [] if origin is Literal else [_words(argument) for argument in arguments if argument is not ...]
    own = [] if origin in (typing.Union, types.UnionType) else [getattr(origin or hint, "__name__", "")]
    return "_".join([*own, *inside])


_UNNAMED = re.compile(r"[^a-zA-Z0-9_-]+")

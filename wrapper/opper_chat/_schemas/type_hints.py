"""Resolve type hints, remove their qualifiers, and substitute their type variables. No I/O."""

from __future__ import annotations

import re
import sys
import types
import typing
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeVar, get_args, get_origin


class UnknownHintError(Exception):
    """A type hint that cannot be resolved. The text is the reason."""


class UnwrappedHint(NamedTuple):
    """A type hint in its parts: the type, the notes of Annotated, and whether it is Required or NotRequired."""

    hint: Any
    notes: list[Any]
    required: bool | None


def unwrap_hint(hint: Any) -> UnwrappedHint:
    """Take a type out of Annotated, NewType, Required, NotRequired, ReadOnly and Final."""
    notes: list[Any] = []
    required: bool | None = None
    while True:
        name = getattr(get_origin(hint), "__name__", getattr(get_origin(hint), "_name", ""))
        if hasattr(hint, "__metadata__"):
            notes = [*hint.__metadata__, *notes]
            hint = hint.__origin__
        elif hasattr(hint, "__supertype__"):
            hint = hint.__supertype__
        elif name in ("Required", "NotRequired", "ReadOnly", "Final"):
            required = name == "Required" if name in ("Required", "NotRequired") else required
            hint = get_args(hint)[0]
        else:
            return UnwrappedHint(hint, notes, required)


def resolve_hints(obj: Any, module: Mapping[str, Any] | None = None, own: Any = None) -> dict[str, Any]:
    """Return the type hints of a class or a function, or raise UnknownHintError.

    Args:
        obj: The class or the function.
        module: The names of its module, if Python cannot find the module.
        own: The value of its own name, if it is not the object.
    """
    names = {obj.__name__: own or obj}  # a class that is defined in a function may name itself
    try:
        return typing.get_type_hints(obj, dict(module) if module else None, names, include_extras=True)
    except NameError as error:
        raise UnknownHintError(f"its hints name {error.name!r}, which its module does not have") from None
    except (TypeError, SyntaxError) as error:
        raise UnknownHintError(f"its hints cannot be read ({error})") from None


def is_alias(hint: Any) -> bool:
    """Return whether a hint is made by a `type` statement or TypeAliasType."""
    return hasattr(get_origin(hint) or hint, "__value__")


def alias_value(alias: Any) -> Any:
    """Return the type of an alias, or raise UnknownHintError."""
    # `get_type_hints` resolves the hints of an object only, so the type becomes one of them.
    annotated = SimpleNamespace(__name__=alias.__name__, __annotations__={"value": alias.__value__})
    return resolve_hints(annotated, vars(sys.modules.get(alias.__module__, annotated)), alias)["value"]


def substitute(hint: Any, variables: Mapping[Any, Any]) -> Any:
    """Return a hint with its type variables replaced by types."""
    if isinstance(hint, TypeVar):
        return variables.get(hint, hint)
    parameters: tuple[Any, ...] = getattr(hint, "__parameters__", ()) if get_origin(hint) is not None else ()
    if not parameters or not variables:
        return hint
    return hint[tuple(variables.get(parameter, parameter) for parameter in parameters)]


def variables_of(hint: Any) -> dict[Any, Any]:
    """Return the types that the type variables of a generic class, and of those above it, stand for."""
    origin = get_origin(hint)
    found: dict[Any, Any] = dict(zip(getattr(origin, "__parameters__", ()), get_args(hint), strict=False))
    for base in getattr(origin or hint, "__orig_bases__", ()):
        if get_origin(base) not in (None, Generic, Protocol):
            for variable, each in variables_of(base).items():
                found.setdefault(variable, substitute(each, found))
    return found


def description_of(note: Any) -> str:
    """Return the description in a note of an Annotated: a text, msgspec.Meta, pydantic's Field or typing's Doc."""
    text = note if isinstance(note, str) else getattr(note, "description", None) or getattr(note, "documentation", None)
    return " ".join(text.split()) if isinstance(text, str) else ""


def is_union(hint: Any) -> bool:
    """Return whether a hint is a union, by ``|`` or by Union."""
    return get_origin(hint) in (typing.Union, types.UnionType)


def arms_of(hint: Any) -> tuple[Any, ...]:
    """Return the types in a union, or the type itself if it is none, without notes and qualifiers."""
    hint = unwrap_hint(hint).hint
    return tuple(unwrap_hint(arm).hint for arm in get_args(hint)) if is_union(hint) else (hint,)


def unhashable_in(hint: Any) -> Any:
    """Return the part of a hint whose values are not hashable, or None."""
    hint = unwrap_hint(hint).hint
    if is_union(hint) or get_origin(hint) is tuple:
        return next((found for each in get_args(hint) if (found := unhashable_in(each)) is not None), None)
    cls = get_origin(hint) or hint
    return hint if isinstance(cls, type) and getattr(cls, "__hash__", None) is None else None


def schema_name(hint: Any) -> str:
    """Return a name for the schema of a type: letters, digits, underscores and dashes, at most 64."""
    return re.sub(r"[^a-zA-Z0-9_-]+", "_", "_".join(_names_in(hint))).strip("_")[:64] or "answer"


def _names_in(hint: Any) -> list[str]:
    hint = unwrap_hint(hint).hint
    own = [] if is_union(hint) else [getattr(get_origin(hint) or hint, "__name__", "")]
    arguments = () if get_origin(hint) is Literal else get_args(hint)
    return [*own, *(name for argument in arguments if argument is not ... for name in _names_in(argument))]

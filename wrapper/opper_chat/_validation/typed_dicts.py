"""The properties of the typed dicts of the contract, each looked up once. `type_checks` validates their values."""

from __future__ import annotations

from functools import cache
from typing import NotRequired, get_args, get_origin, get_type_hints


@cache
def _marked_hints(cls: type) -> dict[str, object]:
    # `__required_keys__` is wrong in a module whose annotations are texts (PEP 563).
    return get_type_hints(cls, include_extras=True)


@cache
def property_hints(cls: type) -> dict[str, object]:
    """Return the type hints of the properties of a typed dict by name, in the order of the contract."""
    hints = _marked_hints(cls)
    return {name: get_args(hint)[0] if get_origin(hint) is NotRequired else hint for name, hint in hints.items()}


@cache
def required_properties(cls: type) -> tuple[str, ...]:
    """Return the names of the required properties of a typed dict."""
    return tuple(name for name, hint in _marked_hints(cls).items() if get_origin(hint) is not NotRequired)


@cache
def nullable_properties(cls: type) -> frozenset[str]:
    """Return the names of the properties of a typed dict that can be None."""
    hints = property_hints(cls)
    return frozenset(name for name, hint in hints.items() if hint is object or type(None) in get_args(hint))

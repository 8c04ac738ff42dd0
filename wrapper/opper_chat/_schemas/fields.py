"""Read the fields of a class: names, type hints, defaults and descriptions. No I/O.

Supports attrs classes, dataclasses, typed dicts, named tuples and msgspec Structs.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal, NamedTuple, get_origin

from .docstrings import documentation_of
from .type_hints import UnknownHintError, resolve_hints, substitute, unwrap_hint, variables_of

NO_DEFAULT: Any = object()
"""The default of a field that has none. None is a default."""
UNKNOWN_DEFAULT: Any = object()
"""The default of a field with a factory."""


class Field(NamedTuple):
    """A field of a class, or a parameter of a function."""

    name: str
    """The name in JSON."""
    hint: Any
    default: object = NO_DEFAULT
    description: str = ""
    key: str = ""
    """The name in Python, if it differs."""
    optional: bool = False
    """Whether the field may be absent, or null instead."""


class Fields(NamedTuple):
    """The fields of a class."""

    fields: list[Field]
    make: Callable[[dict[str, object]], object]
    """Makes an instance of the values by their names in Python."""
    description: str = ""


def fields_of(hint: Any) -> Fields | None:
    """Return the fields of a class or a generic class with its arguments, or None for a class of an unknown kind.

    Raises:
        UnknownHintError: a type hint of the class cannot be resolved.
    """
    cls: Any = get_origin(hint) or hint
    bases: tuple[type, ...] = getattr(cls, "__mro__", ())  # of a class alone
    is_typed_dict = dict in bases and hasattr(cls, "__required_keys__")
    is_named_tuple = tuple in bases and hasattr(cls, "_fields")
    others = ("__attrs_attrs__", "__dataclass_fields__", "__struct_fields__")
    if not bases or not (is_typed_dict or is_named_tuple or any(hasattr(cls, name) for name in others)):
        return None
    variables = variables_of(hint)
    hints = {name: substitute(each, variables) for name, each in resolve_hints(cls).items()}
    description, descriptions = documentation_of(cls)
    for attribute in getattr(cls, "__attrs_attrs__", ()):  # an argument may have another name than its attribute
        if (found := hints.get(attribute.name, attribute.type)) is not None:
            hints[attribute.alias] = found
        descriptions.setdefault(attribute.alias, descriptions.get(attribute.name, ""))
    fields, make = (_typed_dict if is_typed_dict else _constructor)(cls, hints)
    described = [each._replace(description=descriptions.get(each.key or each.name, "")) for each in fields]
    return Fields(described, make, description)


def _constructor(cls: Any, hints: Mapping[str, Any]) -> tuple[list[Field], Callable[[dict[str, object]], object]]:
    """Return the arguments of the constructor that attrs, dataclasses, msgspec and named tuples write.

    The tag of a Struct is a field, but no argument.
    """
    struct_names: tuple[str, ...] = getattr(cls, "__struct_fields__", ())
    names = dict(zip(struct_names, getattr(cls, "__struct_encode_fields__", struct_names), strict=True))
    tag: str | None = getattr(getattr(cls, "__struct_config__", None), "tag_field", None)
    fields = [] if tag is None else [Field(tag, Literal[cls.__struct_config__.tag], key=tag)]
    # A class may have a __new__ of its own, whose signature Python prefers.
    has_init = any(hasattr(cls, name) for name in ("__attrs_attrs__", "__dataclass_fields__"))
    # `partial` binds `self`, so that the signature has the arguments alone.
    constructor: Callable[..., object] = partial(cls.__init__, None) if has_init else cls
    for key, parameter in inspect.signature(constructor).parameters.items():
        if key not in hints:
            raise UnknownHintError(f"its field {key!r} has no type")
        hint = hints[key].type if isinstance(hints[key], dataclasses.InitVar) else hints[key]
        default: Any = NO_DEFAULT if parameter.default is parameter.empty else parameter.default
        if type(default).__module__ == "attr._make":  # attrs.NOTHING, for a factory
            default = UNKNOWN_DEFAULT
        fields.append(Field(names.get(key, key), hint, default, key=key))

    def make(values: dict[str, object]) -> object:
        values.pop(tag or "", None)
        instance: object = cls(**values)
        return instance

    return fields, make


def _typed_dict(cls: Any, hints: Mapping[str, Any]) -> tuple[list[Field], Callable[[dict[str, object]], object]]:
    # Where annotations are text, `__required_keys__` knows only `total`, and the hint itself the rest.
    required = {name: unwrap_hint(hint).required for name, hint in hints.items()}
    optional = {
        name for name, each in required.items() if not (name in cls.__required_keys__ if each is None else each)
    }
    return [Field(name, hint, optional=name in optional) for name, hint in hints.items()], dict

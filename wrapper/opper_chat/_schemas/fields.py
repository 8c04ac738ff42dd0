"""Classes → their fields: names, hints, defaults and what is written about them. No I/O.

Knows attrs classes, dataclasses, typed dicts, named tuples and msgspec Structs, and imports none of their libraries
before there is such a class.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NotRequired, cast, get_origin

from .docs import attribute_docs
from .hints import UnknownHintError, hints_of, qualifiers_of, substituted, variables_of


class NoDefault:
    """Stands for a default that there is none of, which is not None."""


NO_DEFAULT = NoDefault()
MADE = NoDefault()
"""Stands for a default that is made anew each time."""


class Field(NamedTuple):
    """A field of a class, or a parameter of a function."""

    name: str
    """In JSON."""
    hint: Any
    default: object = NO_DEFAULT
    description: str = ""
    key: str = ""
    """What its class calls it, where that is another name."""
    optional: bool = False
    """Whether it need not be there at all."""


class Fields(NamedTuple):
    """What a class is made of."""

    fields: list[Field]
    make: Callable[[dict[str, object]], object]
    description: str
    tag: tuple[str, str | int] | None = None
    """The name and the word of a member that tells it from other classes."""


def fields_of(hint: Any) -> Fields | None:
    """Return what a class is made of, or None where it is none of those that are known.

    Args:
        hint: the class, or a generic one with its arguments.

    Raises:
        UnknownHintError: its hints are not known.
    """
    cls: Any = get_origin(hint) or hint
    if not isinstance(cls, type):
        return None
    read = next((read for is_one, read in _KINDS if is_one(cls)), None)
    if read is None:
        return None
    variables = variables_of(hint)
    hints = {name: substituted(found, variables) for name, found in hints_of(cls).items()}
    description, about = documented(cls)
    found = read(cls, hints)
    return found._replace(
        fields=[field._replace(description=about.get(field.key or field.name, "")) for field in found.fields],
        description=description,
    )


def _called(
    cls: Callable[..., object], names: Mapping[str, str] | None = None
) -> Callable[[dict[str, object]], object]:
    """Return what calls a class with its fields, by the names that its arguments have."""

    def make(members: dict[str, object]) -> object:
        made: object = cls(**({names[name]: value for name, value in members.items()} if names else members))
        return made

    return make


def _struct(cls: Any, hints: Mapping[str, Any]) -> Fields:
    import msgspec

    fields: list[Field] = []
    for field in msgspec.structs.fields(cls):
        default = field.default
        if default is msgspec.NODEFAULT:
            default = NO_DEFAULT if field.default_factory is msgspec.NODEFAULT else MADE
        fields.append(Field(field.encode_name, hints[field.name], default, key=field.name))
    config = cls.__struct_config__
    tag = None if config.tag is None else (config.tag_field, config.tag)
    return Fields(fields, _called(cls), "", tag)


def _attrs(cls: Any, hints: Mapping[str, Any]) -> Fields:
    fields: list[Field] = []
    made_of: dict[str, str] = {}
    for attribute in cls.__attrs_attrs__:
        if attribute.init:
            default = attribute.default
            factory = type(default).__name__ == "Factory" and type(default).__module__ == "attr._make"
            if factory:
                default = MADE
            elif repr(default) == "NOTHING":
                default = NO_DEFAULT
            hint = hints.get(attribute.name, attribute.type)
            if hint is None:
                raise UnknownHintError(f"its attribute {attribute.name!r} has no type")
            fields.append(Field(attribute.alias, hint, default, key=attribute.name))
            made_of[attribute.name] = attribute.alias
    return Fields(fields, _called(cls, made_of), "")


def _dataclass(cls: Any, hints: Mapping[str, Any]) -> Fields:
    fields: list[Field] = []
    declared: Mapping[str, dataclasses.Field[Any]] = cls.__dataclass_fields__  # with those that are for init alone
    for name, field in declared.items():
        hint: Any = hints[name]
        if isinstance(hint, dataclasses.InitVar):
            hint = cast("Any", hint).type
        elif get_origin(hint) is typing.ClassVar or hint is typing.ClassVar or not field.init:
            continue
        default = field.default
        if default is dataclasses.MISSING:
            default = NO_DEFAULT if field.default_factory is dataclasses.MISSING else MADE
        fields.append(Field(name, hint, default))
    return Fields(fields, _called(cls), "")


def _named_tuple(cls: Any, hints: Mapping[str, Any]) -> Fields:
    if untyped := [name for name in cls._fields if name not in hints]:
        raise UnknownHintError(f"its field {untyped[0]!r} has no type")
    fields = [Field(name, hints[name], cls._field_defaults.get(name, NO_DEFAULT)) for name in cls._fields]
    return Fields(fields, _called(cls), "")


def _typed_dict(cls: Any, hints: Mapping[str, Any]) -> Fields:
    fields: list[Field] = []
    for name, hint in hints.items():
        # Where annotations are texts, `__required_keys__` knows of `total` alone.
        optional = name not in cls.__required_keys__
        for qualifier in qualifiers_of(hint):
            optional = qualifier is NotRequired
        fields.append(Field(name, hint, optional=optional))
    return Fields(fields, dict, "")


def _is_typed_dict(cls: Any) -> bool:
    return hasattr(cls, "__required_keys__") and issubclass(cls, dict)  # of typing, or of typing_extensions


def _is_named_tuple(cls: Any) -> bool:
    return hasattr(cls, "_fields") and issubclass(cls, tuple)


_KINDS: tuple[tuple[Callable[[type], bool], Callable[[Any, Mapping[str, Any]], Fields]], ...] = (
    (lambda cls: hasattr(cls, "__struct_config__"), _struct),
    (lambda cls: hasattr(cls, "__attrs_attrs__"), _attrs),
    (dataclasses.is_dataclass, _dataclass),
    (_is_typed_dict, _typed_dict),
    (_is_named_tuple, _named_tuple),
)


def documented(obj: Any) -> tuple[str, dict[str, str]]:
    """Return what the docstring of a class or a function says about it, and about each of its fields or parameters.

    Fields are described in a section of the docstring (Google's, numpy's or Sphinx's form), in that of a class above,
    or by a text that follows the field.
    """
    from docstring_parser import ParseError, parse

    about: dict[str, str] = {}
    description = ""
    for each in reversed(_lineage(obj)):
        text = each.__dict__.get("__doc__") if isinstance(each, type) else each.__doc__
        # Dataclasses and named tuples write a signature where their author wrote nothing.
        text = "" if not isinstance(text, str) or text.startswith(f"{each.__name__}(") else text
        about |= attribute_docs(each) if isinstance(each, type) else {}
        try:
            doc = parse(text)
        except ParseError:
            description = text.strip() if each is obj else ""
            continue
        about.update({p.arg_name: " ".join(p.description.split()) for p in doc.params if p.description})
        parts = [part.strip() for part in (doc.short_description, doc.long_description) if part]
        description = "\n\n".join(parts) if each is obj else ""
    return description, about


def _lineage(cls: Any) -> list[Any]:
    """Return a class and those above it that somebody wrote."""
    if not isinstance(cls, type):
        return [cls]
    found: list[type] = list(cls.__mro__[1:])
    for base in getattr(cls, "__orig_bases__", ()):  # typed dicts keep those above them nowhere else
        if isinstance(base, type) and base not in found:
            found += _lineage(base)
    return [cls, *(each for each in found if each.__module__.partition(".")[0] not in _LIBRARIES)]


_LIBRARIES = {"abc", "attr", "builtins", "collections", "msgspec", "pydantic", "typing", "typing_extensions"}

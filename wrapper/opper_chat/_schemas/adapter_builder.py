"""Build the type adapter of a Python type, or refuse the type. What an adapter reads is decided in `type_adapters`.

No I/O. A ``path`` leads from the argument to the type, for error messages, such as ``response_format.rows[]``.
"""

from __future__ import annotations

import collections.abc
import datetime
import decimal
import enum
import typing
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec

from .._errors.api import InvalidArgumentError
from .._errors.describe import describe, is_list_or_set, is_unhashable, type_name
from .._json.codec import is_mapping
from .checks import UnsupportedConstraintError, constrain, constraints_of, describe_constraints, join_sentences
from .fields import NO_DEFAULT, Field, fields_of
from .pydantic_models import is_pydantic_model, model_adapter
from .type_adapters import (
    AnyAdapter,
    ArrayAdapter,
    ChoiceAdapter,
    DescribedAdapter,
    DictAdapter,
    JSONSchema,
    ObjectAdapter,
    Property,
    ReferenceAdapter,
    ScalarAdapter,
    TupleAdapter,
    TypeAdapter,
    resolve,
)
from .type_hints import (
    UnknownHintError,
    alias_value,
    description_of,
    is_alias,
    is_union,
    schema_name,
    substitute,
    unhashable_in,
    unwrap_hint,
)
from .unions import UnionAdapter

_SCALARS = (
    str, int, float, bool, type(None), datetime.datetime, datetime.date, datetime.time, datetime.timedelta, uuid.UUID,
    decimal.Decimal, bytes,
)  # fmt: skip
_KEYWORDS: dict[Any, JSONSchema] = {  # where msgspec has none, or one that is not in JSON Schema
    datetime.datetime: {"format": "date-time"},
    datetime.time: {"format": "time"},
    decimal.Decimal: {"format": None, "pattern": r"^-?[0-9]+(\.[0-9]+)?$"},
}
_DICTS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
_ARRAYS: dict[Any, Callable[[list[object]], object]] = {
    list: list, collections.abc.Sequence: list, collections.abc.MutableSequence: list,
    collections.abc.Collection: list, collections.abc.Iterable: list, tuple: tuple,
    set: set, collections.abc.MutableSet: set, collections.abc.Set: set, frozenset: frozenset,
}  # fmt: skip


class AdapterBuilder:
    """Builds the type adapters of one type, or of the parameters of one function: one adapter for each class."""

    def __init__(self) -> None:
        self._references: dict[Any, TypeAdapter] = {}
        self._unions: list[tuple[UnionAdapter, str, Any]] = []
        self._self: Any = None
        """The class whose fields are being read, which `Self` means."""

    def check_unions(self) -> None:
        """Refuse ambiguous unions. Their arms may be recursive, so call this when all of them are built."""
        for union, path, hint in self._unions:
            if union.is_ambiguous:
                use = "Give each class a field with its own value, such as kind: Literal['cat'], or keep one of them."
                raise unsupported(path, "a union of types that JSON distinguishes", hint, use)

    def adapter(self, hint: Any, path: str) -> TypeAdapter:
        """Return the adapter of a type.

        Raises:
            InvalidArgumentError: no adapter can describe the type, or something in it. The error names the path to it.
        """
        hint, notes, _ = unwrap_hint(hint)
        if is_unhashable(hint) or _is_instance(hint):
            raise _unknown_type(hint, path)
        try:
            adapter = self._unwrapped(hint, constraints_of(notes), path)
        except UnsupportedConstraintError as error:
            use = "Remove it, and check it where the value is used."
            raise unsupported(path, f"constraints that can be checked ({error})", hint, use) from None
        except UnknownHintError as error:
            raise unsupported(path, "a type whose hints are known", hint, f"{error}.") from None
        descriptions = join_sentences(*map(description_of, notes))
        return DescribedAdapter(adapter, {"description": descriptions}) if descriptions else adapter

    def property(self, field: Field, path: str) -> Property:
        """Return a field of a class, or a parameter of a function, as a property."""
        adapter = self.adapter(field.hint, path)
        keywords: JSONSchema = {"description": field.description} if field.description else {}
        if isinstance(adapter, DescribedAdapter):
            adapter, keywords = adapter
        if (default := _json_of(field.default)) is not None:
            keywords = {**keywords, "default": default}
        adapter = DescribedAdapter(adapter, keywords) if keywords else adapter
        required = not field.optional and field.default is NO_DEFAULT
        return Property(field.key or field.name, adapter, required, field.optional)

    def _unwrapped(self, hint: Any, constraints: Mapping[str, Any], path: str) -> TypeAdapter:
        origin, arguments = get_origin(hint) or hint, get_args(hint)
        if hint in (*_SCALARS, None):
            return _scalar(hint, constraints)
        is_fixed_tuple = origin is tuple and (arguments or hint == tuple[()]) and arguments[1:] != (...,)
        if origin in _ARRAYS and not is_fixed_tuple:
            return self._array(hint, constraints, path)
        # None of the types below has constraints that anything checks. A constraint must not be dropped silently.
        if constraints:
            raise UnsupportedConstraintError(f"{next(iter(constraints))} is for numbers, strings and lists")
        if is_fixed_tuple:
            return TupleAdapter(tuple(self.adapter(item, f"{path}[{index}]") for index, item in enumerate(arguments)))
        if hint is Any or hint is object:
            return AnyAdapter()
        if origin in _DICTS:
            return self._dict(hint, path)
        if origin is Literal or (isinstance(hint, type) and issubclass(hint, enum.Enum)):
            return _choice(hint, path)
        if is_union(hint):
            return self._union(hint, path)
        if hint is typing.Self and self._self is not None:
            return self._class(self._self, path)
        return self._alias(hint, path) if is_alias(hint) else self._class(hint, path)

    def _array(self, hint: Any, constraints: Mapping[str, Any], path: str) -> TypeAdapter:
        make = _ARRAYS[get_origin(hint) or hint]
        constrained, _ = constrain(list, constraints)
        item = (get_args(hint) or (Any,))[0]
        if make in (set, frozenset) and (unhashable := unhashable_in(item)) is not None:
            use = "Use a list, or make it hashable, as @dataclass(frozen=True) does."
            raise unsupported(f"{path}[]", "a hashable type for the items of a set", unhashable, use)
        return ArrayAdapter(self.adapter(item, f"{path}[]"), make, constrained)

    def _dict(self, hint: Any, path: str) -> TypeAdapter:
        key, value = get_args(hint) or (str, Any)
        # The names of a JSON object are strings, but those of dict[int, str] are read as integers.
        keys = self.adapter(str if key is Any else key, path)
        if not {"string", "integer", "number"}.issuperset(keys.kinds):
            raise unsupported(path, "a dict whose keys are strings or numbers", hint)
        return DictAdapter(keys, self.adapter(value, f"{path}[]"))

    def _union(self, hint: Any, path: str) -> TypeAdapter:
        arguments = get_args(hint)
        if Any in arguments or object in arguments:
            return AnyAdapter()  # the other arms would make no difference
        models = tuple(arm for arm in arguments if is_pydantic_model(arm))
        others = [self.adapter(arm, path) for arm in arguments if arm not in models]
        # pydantic distinguishes its own models, unless there are other objects.
        if len(models) > 1 and not any("object" in arm.kinds for arm in others):
            union = UnionAdapter([*others, model_adapter(models, path)])
        else:
            union = UnionAdapter([self.adapter(arm, path) for arm in arguments])
        self._unions.append((union, path, hint))
        return union

    def _alias(self, hint: Any, path: str) -> TypeAdapter:
        if hint not in self._references:
            reference = self._references[hint] = ReferenceAdapter(schema_name(hint))
            origin = get_origin(hint) or hint
            variables = dict(zip(getattr(origin, "__type_params__", ()), get_args(hint), strict=False))
            reference.adapter = self.adapter(substitute(alias_value(origin), variables), path)
            resolve(reference)  # an alias of itself has no end
        return self._references[hint]

    def _class(self, hint: Any, path: str) -> TypeAdapter:
        if hint in self._references:
            return self._references[hint]
        if hint is msgspec.Struct:
            raise unsupported(path, "a class with fields", hint, "Give a subclass of Struct that has the fields.")
        if is_pydantic_model(hint):
            model = model_adapter((hint,), path)
            # A recursive model has its own definition already. A second one would be the same schema under another
            # name.
            is_recursive = "$ref" in model.json_schema
            self._references[hint] = model if is_recursive else ReferenceAdapter(schema_name(hint), model)
            return self._references[hint]
        fields = fields_of(hint)
        if fields is None:
            raise _unknown_type(hint, path)
        # Before the fields are read, because they may contain the class.
        reference = self._references[hint] = ReferenceAdapter(schema_name(hint))
        outer, self._self = self._self, hint
        properties = {field.name: self.property(field, f"{path}.{field.name}") for field in fields.fields}
        self._self = outer
        reference.adapter = ObjectAdapter(properties, fields.make, fields.description)
        return reference


def _scalar(hint: Any, constraints: Mapping[str, Any]) -> TypeAdapter:
    constrained, own = constrain(hint, constraints)
    schema = {**msgspec.json.schema(constrained), **_KEYWORDS.get(hint, {})}
    if sentences := [f"{text.capitalize()}." for text in describe_constraints(own)]:
        schema["description"] = join_sentences(*sentences)
    return ScalarAdapter(constrained, {name: value for name, value in schema.items() if value is not None}, own)


def _choice(hint: Any, path: str) -> TypeAdapter:
    values: tuple[Any, ...] = get_args(hint) or tuple(hint)
    pairs = [(value.value if isinstance(value, enum.Enum) else value, value) for value in values]
    if not pairs or not all(choice is None or isinstance(choice, str | int) for choice, _ in pairs):
        raise unsupported(path, "values that are strings, integers, booleans or None", hint)
    return ChoiceAdapter(pairs)


def _json_of(default: object, order: Literal["deterministic"] | None = "deterministic") -> object:
    """Return a default as a JSON value, or None if there is no default, or none that JSON can represent."""
    try:
        # Equal schemas have equal text, for the caches of servers; the order of a set differs between processes.
        return msgspec.json.decode(msgspec.json.encode(default, order=order))
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError):
        return None if order is None else _json_of(default, None)  # items of different types have no order


def unsupported(path: str, expected: str, hint: Any, use: str = "") -> InvalidArgumentError:
    """Return the error for a type that has no adapter."""
    received = describe(hint) if is_list_or_set(hint) else type_name(hint)
    return InvalidArgumentError(path, expected, received, use)


def _unknown_type(hint: Any, path: str) -> InvalidArgumentError:
    """Return the error for a type of an unknown kind, or for a value that is no type."""
    if _is_instance(hint):
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


def _is_instance(hint: object) -> bool:
    """Return whether a value is an instance of a class that has a type adapter."""
    try:
        return not isinstance(hint, type) and (is_pydantic_model(type(hint)) or fields_of(type(hint)) is not None)
    except UnknownHintError:
        return True

# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""What the models share: how a JSON value is read, how it is written, and what an open object is."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, KeysView, Mapping, MutableMapping
from reprlib import recursive_repr
from threading import Lock
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Generic,
    Literal,
    Self,
    TypeAlias,
    TypeVar,
    cast,
    overload,
)
from uuid import UUID

from attrs import define, fields

from .errors import DecodeError

T = TypeVar("T")
D = TypeVar("D")

JsonValue: TypeAlias = object
""" A JSON value of any form. It is an object to type checkers: look what it is before using it. """

if TYPE_CHECKING:
    OtherValue: TypeAlias = Literal["(any other value)"]
else:
    OtherValue = str
""" A text that is none of the constants in the same union. Type checkers have no such type, and use a literal of its own. """

NOTHING: frozenset[str] = frozenset()
""" No names of properties. """

Reader: TypeAlias = Callable[[Any], T]
""" A function that turns a JSON value into a T, or raises DecodeError. """


def _fields_of(model: Any) -> tuple[Any, ...]:
    found: tuple[Any, ...] = fields(model.__class__)
    return found


class OpenModel(Generic[T]):
    """A model of a JSON object, which may have more properties than the contract names.

    It also reads like that object: `dict(model)` equals `model.to_dict()`, and `model["name"]`, `model.get("name")` and
    `"name" in model` take the names of JSON properties. It is always true, whatever it holds.
    """

    __slots__ = ()

    _attributes: ClassVar[Mapping[str, str]] = {}
    """The attribute of each property that the class declares."""

    if TYPE_CHECKING:
        additional_properties: dict[str, T]

        @classmethod
        def from_dict(cls, src_dict: Mapping[str, Any]) -> Self: ...

        def to_dict(self) -> dict[str, Any]: ...

    # These two are the same as those of attrs, which compiles them for each class: a quarter of the time of an import.

    @recursive_repr()
    def __repr__(self) -> str:
        shown = [
            f"{field.name}={getattr(self, field.name)!r}"
            for field in _fields_of(self)
            if field.repr
        ]
        return f"{self.__class__.__qualname__.rpartition('>.')[2]}({', '.join(shown)})"

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        names = (field.name for field in _fields_of(self) if field.eq)
        return all(getattr(self, name) == getattr(other, name) for name in names)

    def to_json(self, *, indent: int | None = 2, **_options: object) -> str:
        """The JSON text of `to_dict()`. Options of the OpenAI SDK's method of this name are taken and mean nothing."""
        import json

        separators = (",", ":") if indent is None else None
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False, separators=separators)

    def model_dump(self, **_options: object) -> dict[str, Any]:
        """`to_dict()`, under pydantic's name for it, for what was made for models of pydantic, whatever the options."""
        return self.to_dict()

    def model_dump_json(self, *, indent: int | None = None, **_options: object) -> str:
        """`to_json()`, under pydantic's name for it."""
        return self.to_json(indent=indent)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> Any:
        """Let pydantic, which calls this, read the model from its JSON object and write it as `to_dict()` does."""
        from pydantic_core import core_schema

        def read(value: Any) -> Any:
            if isinstance(value, cls):
                return value
            try:
                return cls.from_dict(value)
            except DecodeError as error:
                raise ValueError(str(error)) from None

        def to_dict(model: OpenModel[Any]) -> dict[str, Any]:
            return model.to_dict()

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(to_dict)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _core_schema: object, _handler: object) -> dict[str, Any]:
        """The JSON Schema of any object: models are open."""
        return {"type": "object", "title": cls.__name__}

    @property
    def additional_keys(self) -> list[str]:
        """The names of the properties that the class does not declare."""
        return list(self.additional_properties)

    def keys(self) -> KeysView[str]:
        """Return the names of the properties that `to_dict()` returns, in the same order."""
        return self.to_dict().keys()

    @overload
    def get(self, key: str) -> T | None: ...

    @overload
    def get(self, key: str, default: D) -> T | D: ...

    def get(self, key: str, default: object = None) -> object:
        """Return the JSON value of a property, or the default if the object has none of this name."""
        return self[key] if key in self else default

    def __getitem__(self, key: str) -> T:
        """Return the JSON value of a property.

        A declared property that is absent or null reads as None, as its attribute does.

        Raises:
            KeyError: the class does not declare the property, and the object does not have it.
        """
        attribute = self._attributes.get(key)
        if attribute is None:
            return self.additional_properties[key]
        value = getattr(self, attribute)
        # A value that does not have the declared type is in `additional_properties`.
        rest: Mapping[str, Any] = self.additional_properties
        written: Any = rest.get(key) if value is None else write(value)
        return cast("T", written)

    def __setitem__(self, key: str, value: T) -> None:
        attribute = self._attributes.get(key)
        if attribute is None:
            self.additional_properties[key] = value
        else:
            setattr(self, attribute, value)

    def __delitem__(self, key: str) -> None:
        attribute = self._attributes.get(key)
        if attribute is None or key in self.additional_properties:
            del self.additional_properties[key]
        if attribute is not None:
            setattr(self, attribute, None)

    def __contains__(self, key: object) -> bool:
        return key in self.additional_properties or (
            key in self._attributes and key in self.to_dict()
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self.to_dict())


class Unread:
    """The JSON value of a lazy property that was not read yet."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value


_reading = Lock()
""" All threads that read a lazy property get the same object. """

unread: Any = Unread
""" The same to a type checker as what will be read. """


class _LazyField:
    """An attribute that decodes its JSON value when it is first read, and then keeps the result."""

    def __init__(self, slot: Any, rest: Any, name: str, reader: Reader[Any]) -> None:
        self._slot = slot
        self._rest = rest
        self._name = name
        self._reader = reader

    def __get__(self, model: Any, owner: type | None = None) -> Any:
        if model is None:
            return self
        held = self._slot.__get__(model, owner)
        if held.__class__ is not Unread:
            return held
        try:
            read = self._reader(held.value)
        except DecodeError:
            read = None
        with _reading:
            now = self._slot.__get__(model, owner)
            if now is not held:  # another thread has read it, or set another
                return now
            if read is None:
                self._rest.__get__(model, owner)[self._name] = held.value
            self._slot.__set__(model, read)
        return read

    def __set__(self, model: Any, value: Any) -> None:
        self._slot.__set__(model, value)

    def __delete__(self, model: Any) -> None:
        self._slot.__delete__(model)


class _Rest(_LazyField):
    """The properties that a class does not declare: which values do not fit is known once the lazy ones are read."""

    def __init__(self, slot: Any, lazy: list[_LazyField]) -> None:
        super().__init__(slot, slot, "", read_any)
        self._lazy = lazy

    def __get__(self, model: Any, owner: type | None = None) -> Any:
        if model is not None:
            for lazy in self._lazy:
                lazy.__get__(model, owner)
        return super().__get__(model, owner)


def make_lazy(model: type, properties: dict[str, tuple[str, Reader[Any]]]) -> None:
    """Have attributes of a model read on first access, each from the property of a name."""
    slot: Any = model.__dict__["additional_properties"]
    lazy: list[_LazyField] = []
    for attribute, (name, reader) in properties.items():
        lazy.append(_LazyField(model.__dict__[attribute], slot, name, reader))
        setattr(model, attribute, lazy[-1])
    setattr(model, "additional_properties", _Rest(slot, lazy))


def add_names(model: Any, names: Mapping[str, object]) -> None:
    """Let `typing.get_type_hints` read the annotations of a model's `__init__`, which name what is imported later."""
    known: dict[str, object] = model.__init__.__globals__
    for name, value in names.items():
        known.setdefault(name, value)


def read_any(value: object) -> object:
    return value


def read_str(value: object) -> str:
    if not isinstance(value, str):
        raise DecodeError(None, None, "str", value)
    return value


def read_int(value: object) -> int:
    # JSON has one kind of number: 12.0 is 12. True is none, though it is an int to Python.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise DecodeError(None, None, "int", value)
    return value


def read_float(value: object) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise DecodeError(None, None, "float", value)
    return value


def read_bool(value: object) -> bool:
    if not isinstance(value, bool):
        raise DecodeError(None, None, "bool", value)
    return value


def read_uuid(value: object) -> UUID:
    try:
        return UUID(read_str(value))
    except ValueError:
        raise DecodeError(None, None, "a UUID", value) from None


def read_date(value: object) -> datetime.date:
    try:
        return datetime.date.fromisoformat(read_str(value))
    except ValueError:
        raise DecodeError(None, None, "a date", value) from None


def read_datetime(value: object) -> datetime.datetime:
    # Reads every form of ISO 8601 and RFC 3339. Loaded by those whose contract has dates and times.
    from dateutil.parser import isoparse

    try:
        return isoparse(read_str(value))
    except ValueError:
        raise DecodeError(None, None, "a date and time", value) from None


def const_reader(const: T) -> Reader[T]:
    """Reads one value only."""

    def read(value: object) -> T:
        if value != const:
            raise DecodeError(None, None, repr(const), value)
        return const

    return read


_AS_THEY_ARE: dict[Reader[Any], frozenset[type]] = {
    read_str: frozenset({str}),
    read_int: frozenset({int}),
    read_float: frozenset({float, int}),
    read_bool: frozenset({bool}),
}
""" The types of values that these readers return unchanged. """


def list_reader(reader: Reader[T]) -> Reader[list[T]]:
    """Reads a list of what the reader reads."""
    unchanged = _AS_THEY_ARE.get(reader, frozenset())

    def read(value: object) -> list[T]:
        if not isinstance(value, list):
            raise DecodeError(None, None, "a list", value)
        if unchanged and unchanged.issuperset(map(type, value)):
            return value.copy()
        return [reader(item) for item in value]

    return read


def union_reader(*readers: Reader[T]) -> Reader[T]:
    """Reads with the first of the readers that the value fits."""

    def read(value: object) -> T:
        for reader in readers:
            try:
                return reader(value)
            except DecodeError:
                continue
        raise DecodeError(None, None, "one of the documented forms", value)

    return read


def keep_int(rest: dict[str, object], name: str, value: object) -> int | None:
    """Read a property that was taken out. One that does not fit is put back, and None is returned."""
    try:
        return read_int(value)
    except DecodeError:
        rest[name] = value
        return None


def keep_float(rest: dict[str, object], name: str, value: object) -> float | None:
    """Read a property that was taken out. One that does not fit is put back, and None is returned."""
    try:
        return read_float(value)
    except DecodeError:
        rest[name] = value
        return None


def take_other_value(rest: dict[str, object], name: str) -> OtherValue | None:
    """Take a discriminator of an unknown kind out. One that is no text is put back, and None is returned."""
    value = rest.pop(name, None)
    if isinstance(value, str):
        return cast("OtherValue", value)
    if value is not None:
        rest[name] = value
    return None


def take_required(rest: dict[str, object], name: str, model: str, reader: Reader[T]) -> T:
    """Take a property out and read it. One that is not there or does not fit raises DecodeError."""
    value = rest.pop(name, None)
    if value is None:
        raise DecodeError(model, name, "a value", None)
    try:
        return reader(value)
    except DecodeError as error:
        raise error.within(model, name) from None


def read_values(values: Mapping[str, Any], model: str, reader: Reader[T]) -> dict[str, T]:
    """Read the values of an object whose properties have any name."""
    read: dict[str, T] = {}
    for name, value in values.items():
        try:
            read[name] = reader(value)
        except DecodeError as error:
            raise error.within(model, name) from None
    return read


def write(value: Any) -> Any:
    """Return the JSON value of a property."""
    if isinstance(value, OpenModel):
        return value.to_dict()
    if isinstance(value, list):
        return [write(item) for item in value]
    if isinstance(value, dict):
        return {key: write(item) for key, item in value.items()}
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value


@define
class Response(Generic[T]):
    """A response: the status is a plain number, also one that no registry lists."""

    status_code: int
    content: bytes
    headers: MutableMapping[str, str]
    parsed: T | None


__all__ = ["DecodeError", "JsonValue", "OpenModel", "OtherValue", "Reader", "Response"]

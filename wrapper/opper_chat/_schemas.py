"""Python types → shapes: what a model is asked to answer, and how its answer is read. No I/O.

Takes attrs classes, dataclasses, typed dicts, named tuples, msgspec Structs, pydantic models, lists and sets of these,
None, unions, Literals, enums, dates, UUIDs, decimals, bytes and plain scalars, nested, generic and recursive. What
strict mode has no form for is refused before anything is sent, by its path.
"""

from __future__ import annotations

import collections.abc
import datetime
import decimal
import enum
import types
import typing
import uuid
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, get_args, get_origin

import msgspec

from . import _json
from ._bounds import KEYWORDS, LENGTHS, apart, bounds_of, is_checked, words_of_bounds
from ._checks import describe
from ._errors import InvalidArgumentError
from ._fields import MADE, NO_DEFAULT, Field, fields_of
from ._hints import UnknownHintError, alias_of, description_of, name_of, substituted, unhashable_in, unwrapped
from ._json import is_object
from ._misfits import InvalidValueError, misfit, sentences
from ._pydantic import is_model, model_shape
from ._shapes import (
    NULL,
    Array,
    Definitions,
    Described,
    Member,
    Named,
    Object,
    Scalar,
    Schema,
    Shape,
    Union,
    Words,
    whole,
)

if TYPE_CHECKING:
    from typing_extensions import TypeForm

__all__ = ["Answer", "Field", "InvalidValueError", "answer_of", "arguments_of", "convert", "schema_of"]

T = TypeVar("T")

VALUE = "value"
"""The member of the object that an answer is put into which is no object itself: strict mode wants one."""


class Answer(Generic[T]):
    """What a model is to answer, or the arguments that it is to give.

    Attributes:
        name: of the schema: letters, digits, underscores and dashes, at most 64.
        schema: the JSON Schema, for strict mode; an object. It is not to be changed.
        wrapped: whether the answer is put into an object with the member ``value``.
    """

    def __init__(self, shape: Shape, name: str) -> None:
        self._shape = whole(shape)
        self.name = name
        definitions = Definitions()
        self.schema: Schema = self._shape.schema(definitions)
        if "$ref" in self.schema:  # which may stand anywhere but here
            self.schema = dict(definitions.schemas[str(self.schema["$ref"]).rpartition("/")[2]])
        self.wrapped = self.schema.get("type") != "object"
        if self.wrapped:
            self._shape = Object({VALUE: Member(VALUE, shape)}, _unwrap)
            definitions = Definitions()
            self.schema = self._shape.schema(definitions)
        if definitions.schemas:
            self.schema["$defs"] = definitions.schemas

    def read(self, value: object) -> T:
        """Return the value of the type that a JSON value stands for.

        Raises:
            InvalidValueError: it stands for none.
        """
        try:
            return typing.cast("T", self._shape.read(value))
        except RecursionError:
            raise misfit("the JSON is nested too deeply") from None

    def decode(self, text: str | bytes) -> T:
        """Return the value of the type that a JSON text stands for.

        Raises:
            InvalidValueError: it is no JSON, or stands for none.
        """
        try:
            value = _json.decode(text)
        except ValueError as error:
            raise misfit(f"not JSON ({error})") from None
        return self.read(value)

    def inside(self, value: object) -> object:
        """Return what of a JSON value, whole or partial, is the answer and no wrapping of it."""
        if not self.wrapped:
            return value
        return value.get(VALUE) if is_object(value) else None


def _unwrap(members: dict[str, object]) -> object:
    return members[VALUE]


def answer_of(hint: Any, argument: str = "response_format") -> Answer[Any]:
    """Return what a model is to answer, so that the answer is of a type.

    Args:
        hint: the type.
        argument: what an error calls it.

    Raises:
        InvalidArgumentError: strict mode has no form for it, or for something in it, which the path says.
    """
    try:
        return _answer_of(hint, argument)
    except TypeError:  # something in an Annotated that cannot be hashed
        return _answer_of.__wrapped__(hint, argument)


@lru_cache(256)
def _answer_of(hint: Any, argument: str) -> Answer[Any]:
    try:
        return Answer(_Reading().shape_at(hint, argument), name_of(hint))
    except RecursionError:
        raise _refused(argument, _ENDING, hint) from None


def arguments_of(name: str, fields: Iterable[Field], description: str = "") -> Answer[dict[str, object]]:
    """Return the arguments of a function. Those that are not given and have a default are left out.

    Args:
        name: of the function.
        fields: its parameters.
        description: what it does.

    Raises:
        InvalidArgumentError: strict mode has no form for one of them, which the path says, after the name.
    """
    reading = _Reading()
    try:
        members = {field.name: reading.member(field, f"{name}.{field.name}") for field in fields}
        reading.check_unions()
        return Answer(Object(members, dict, description), name)
    except RecursionError:
        raise InvalidArgumentError(f"{name}()", _ENDING, "parameters without end") from None


def schema_of(hint: Any) -> Schema:
    """Return the JSON Schema of a type for strict mode: an object. It is not to be changed.

    Raises:
        InvalidArgumentError: as for `answer_of`.
    """
    return answer_of(hint).schema


def convert(given: object, hint: TypeForm[T]) -> T:
    """Return the value of a type that a JSON text, or a JSON value, stands for.

    Raises:
        InvalidArgumentError: as for `answer_of`.
        InvalidValueError: it stands for none. Says where.
    """
    answer: Answer[T] = answer_of(hint)
    return answer.decode(given) if isinstance(given, str | bytes) else answer.read(given)


_TEXTS: dict[Any, Schema] = {
    datetime.datetime: {"type": "string", "format": "date-time"},
    datetime.date: {"type": "string", "format": "date"},
    datetime.time: {"type": "string", "format": "time"},
    datetime.timedelta: {"type": "string", "format": "duration"},
    uuid.UUID: {"type": "string", "format": "uuid"},
    decimal.Decimal: {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"},
    bytes: {"type": "string", "description": "In base64."},
}
_SCALARS: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}
_ARRAYS: dict[Any, Callable[[list[object]], object]] = {
    list: list, collections.abc.Sequence: list, collections.abc.MutableSequence: list,
    collections.abc.Collection: list, collections.abc.Iterable: list,
    set: set, collections.abc.MutableSet: set, collections.abc.Set: set, frozenset: frozenset,
}  # fmt: skip
_OBJECTS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)

_ENDING = "a type that comes to an end, and does not hold ever larger ones"
ACCEPTED = "a type that a strict schema has a form for"


class _Reading:
    """One reading of a type, in which every class is met once."""

    def __init__(self) -> None:
        self._named: dict[Any, Shape] = {}
        self._unions: list[tuple[Union, str, Any]] = []
        self._own: Any = None
        """The class whose fields are being read, which `Self` is."""

    def shape_at(self, hint: Any, path: str) -> Shape:
        """Return the shape of a type that stands alone."""
        shape = self.shape(hint, path)
        self.check_unions()
        return shape

    def check_unions(self) -> None:
        """Refuse the unions whose arms nothing tells apart, which is known when all of them are read."""
        for union, path, hint in self._unions:
            try:
                ambiguous = union.ambiguous
            except RecursionError:
                raise _refused(path, "a union that is no arm of itself", hint) from None
            if ambiguous:
                use = "Give each class a member of its own words, such as kind: Literal['cat'], or keep one of them."
                raise _refused(path, "a union of types that JSON tells apart", hint, use)

    def shape(self, hint: Any, path: str) -> Shape:
        """Return the shape of a type."""
        hint, notes = unwrapped(hint)
        bounds = bounds_of(notes)
        shape = self._bare(hint, bounds, path)
        if bounds and not isinstance(shape, Scalar | Array):
            raise _refused(path, "bounds of numbers, texts and lists", hint)
        descriptions = [text for note in notes if (text := description_of(note))]
        return Described(shape, sentences(*descriptions)) if descriptions else shape

    def member(self, field: Field, path: str) -> Member:
        """Return a field as a member of an object."""
        shape = self.shape(field.hint, path)
        default = None if field.default in (None, NO_DEFAULT, MADE) else _written(field.default)
        said = [shape.description if isinstance(shape, Described) else field.description]
        said += [] if default is None else [f"Default: {default}."]
        shape = shape.shape if isinstance(shape, Described) else shape
        shape = Described(shape, text) if (text := sentences(*said)) else shape
        may_miss = field.optional or field.default is not NO_DEFAULT
        return Member(field.key or field.name, shape, may_miss, field.optional)

    def _bare(self, hint: Any, bounds: dict[str, Any], path: str) -> Shape:
        origin, arguments = get_origin(hint), get_args(hint)
        if hint is None or hint is type(None):
            return NULL
        if isinstance(hint, type) and (hint in _SCALARS or hint in _TEXTS):
            return _scalar(hint, bounds, path)
        if origin is Literal:
            return self._words(hint, arguments, path)
        if hint is typing.Self and self._own is not None:
            return self._class(self._own, path)
        if origin in (typing.Union, types.UnionType):
            return self._union(hint, arguments, path)
        if (arguments and origin in _ARRAYS) or (origin is tuple and len(arguments) == 2 and arguments[1] is ...):
            make = tuple if origin is tuple else _ARRAYS[origin]
            if wrong := [name for name, bound in bounds.items() if name not in LENGTHS or type(bound) is not int]:
                raise _refused(path, "bounds of its length", hint, f"Take {wrong[0]} away.")
            if make in (set, frozenset) and (within := unhashable_in(arguments[0])) is not None:
                use = "Use a list, or make it one that has a hash, as by @dataclass(frozen=True)."
                raise _refused(f"{path}[]", "a type whose values can be in a set", within, use)
            fewest, most = bounds.get("min_length", 0), bounds.get("max_length")
            return Array(self.shape(arguments[0], f"{path}[]"), make, fewest, most)
        if isinstance(hint, type) and issubclass(hint, enum.Enum):
            return self._words(hint, tuple(hint), path)
        if _is_alias(hint):
            return self._alias(hint, path)
        return self._class(hint, path)

    def _union(self, hint: Any, arguments: tuple[Any, ...], path: str) -> Shape:
        models = tuple(arm for arm in arguments if is_model(arm))
        arms = [self.shape(arm, path) for arm in arguments if arm not in models]
        # Pydantic tells its own apart, unless there are others to tell them from.
        if len(models) < 2 or any(isinstance(whole(arm), Object | Named | Union) for arm in arms):
            arms = [self.shape(arm, path) for arm in arguments]
        else:
            arms.append(model_shape(models, path))
        union = Union(arms)
        self._unions.append((union, path, hint))
        return union

    def _words(self, hint: Any, values: tuple[Any, ...], path: str) -> Shape:
        pairs = [(value.value if isinstance(value, enum.Enum) else value, value) for value in values]
        if not pairs or not all(word is None or isinstance(word, str | int) for word, _ in pairs):
            raise _refused(path, "words that are texts, whole numbers, booleans or None", hint)
        return Words(pairs)

    def _alias(self, hint: Any, path: str) -> Shape:
        if hint not in self._named:
            named = self._named[hint] = Named(name_of(hint))
            origin = get_origin(hint) or hint
            variables = dict(zip(getattr(origin, "__type_params__", ()), get_args(hint), strict=False))
            try:
                value = alias_of(origin)
            except UnknownHintError as error:
                raise _refused(path, "an alias whose hints are known", hint, f"{error}.") from None
            named.shape = self.shape(substituted(value, variables), path)
            if whole(named) is named:
                raise _refused(path, "an alias of something but itself", hint)
        return self._named[hint]

    def _class(self, hint: Any, path: str) -> Shape:
        if hint in self._named:
            return self._named[hint]
        if is_model(hint):
            model = self._named[hint] = model_shape((hint,), path)
            if not model.recursive:
                self._named[hint] = Named(name_of(hint), model)
            return self._named[hint]
        try:
            found = fields_of(hint)
        except UnknownHintError as error:
            raise _refused(path, "a class whose hints are known", hint, f"{error}.") from None
        if found is None:
            raise _unknown(hint, path)
        named = self._named[hint] = Named(name_of(hint))
        outside, self._own = self._own, hint
        members = {field.name: self.member(field, f"{path}.{field.name}") for field in found.fields}
        self._own = outside
        make = found.make
        if found.tag is not None:
            name, word = found.tag
            members = {name: Member(name, Words([(word, word)])), **members}
            make = _without(name, make)
        named.shape = Object(members, make, found.description)
        return named


def _is_alias(hint: Any) -> bool:
    """Whether a hint is made by a `type` statement, or by TypeAliasType."""
    return hasattr(get_origin(hint) or hint, "__value__")


def _without(name: str, make: Callable[[dict[str, object]], object]) -> Callable[[dict[str, object]], object]:
    return lambda members: make({key: value for key, value in members.items() if key != name})


def _scalar(hint: Any, bounds: dict[str, Any], path: str) -> Shape:
    kind = _SCALARS.get(hint, "string")
    if wrong := [name for name, bound in bounds.items() if not is_checked(hint, name, bound)]:
        use = f"Take {wrong[0]} away, and check it where the value is used."
        raise _refused(path, "bounds that its values can be compared with", hint, use)
    known, own = apart(hint, bounds)
    schema: Schema = dict(_TEXTS.get(hint) or {"type": kind})
    schema |= {keyword: known[name] for name, keyword in KEYWORDS.items() if name in known}
    words = [text.format(known[name]) for name, text in LENGTHS.items() if name in known] + words_of_bounds(own)
    if words:
        schema["description"] = sentences(schema.get("description"), *words)
    try:
        return Scalar(typing.Annotated[hint, msgspec.Meta(**known)] if known else hint, schema, kind, own)
    except (TypeError, ValueError) as error:
        raise _refused(path, f"bounds that can be met ({error})", hint) from None


def _written(value: object) -> str | None:
    """Return a default as JSON, or None where it has no such form."""
    try:
        return msgspec.json.encode(value).decode()
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError):
        return None


def _refused(path: str, accepted: str, hint: Any, use: str = "") -> InvalidArgumentError:
    return InvalidArgumentError(path, accepted, _shown(hint), use)


def _unknown(hint: Any, path: str) -> InvalidArgumentError:
    """Return the error for a type that there is no shape for."""
    origin = get_origin(hint) or hint
    if origin in _OBJECTS:
        use = "Use a list of objects with a name and a value, or a class with the names that there are."
    elif origin is tuple:
        use = "Use a NamedTuple, or a list of one type."
    elif origin in _ARRAYS:
        use = "Say what it holds, as in list[str]."
    elif hint is Any or hint is object:
        use = "Say what it is."
    elif isinstance(hint, TypeVar):
        use = f"Say what {hint} stands for, as in Page[Item]."
    elif isinstance(hint, str | typing.ForwardRef):
        use = "Give the class itself."
    else:
        use = "Use an attrs class, a dataclass, a TypedDict, a NamedTuple, a msgspec Struct or a pydantic model."
    return _refused(path, ACCEPTED, hint, use)


def _shown(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else describe(hint).replace("typing.", "")

"""Python types → shapes: what a model is asked to answer, and how its answer is read. No I/O.

Takes attrs classes, dataclasses, typed dicts, named tuples, msgspec Structs, pydantic models, lists and sets of these,
None, unions, Literals, enums, dates, UUIDs, decimals, bytes and plain scalars, nested, generic and recursive; without
strict mode also dicts, tuples and Any. What a schema cannot describe is refused before anything is sent, by its path.
"""

from __future__ import annotations

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

from .._errors.api import InvalidArgumentError
from .._errors.describe import is_unhashable
from .._json import codec as _json
from .._json.codec import is_object
from .constraints import KEYWORDS, LENGTHS, apart, bounds_of, is_checked, words_of_bounds
from .errors import ARRAYS, DICTS, is_instance, refused, unknown
from .fields import MADE, NO_DEFAULT, Field, fields_of
from .hints import UnknownHintError, alias_of, description_of, name_of, substituted, unhashable_in, unwrapped
from .misfits import InvalidValueError, misfit, sentences
from .open_shapes import ANY, FixedTuple, Table
from .pydantic import is_model, model_shape
from .shapes import (
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

    Args:
        shape: of the answer.
        name: of the schema: letters, digits, underscores and dashes, at most 64.
        strict: whether the schema is for strict mode.

    Attributes:
        name: of the schema.
        schema: the JSON Schema, an object. It is not to be changed.
        strict: whether it is for strict mode.
        wrapped: whether the answer is put into an object with the member ``value``.
    """

    def __init__(self, shape: Shape, name: str, *, strict: bool = True) -> None:
        self._shape = whole(shape)
        self.name = name
        self.strict = strict
        definitions = Definitions(strict=strict)
        self.schema: Schema = self._shape.schema(definitions)
        if "$ref" in self.schema:  # which may stand anywhere but here
            self.schema = dict(definitions.schemas[str(self.schema["$ref"]).rpartition("/")[2]])
        self.wrapped: bool = self.schema.get("type") != "object"
        if self.wrapped:
            self._shape = Object({VALUE: Member(VALUE, shape)}, _unwrap)
            definitions = Definitions(strict=strict)
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


def answer_of(hint: Any, argument: str = "response_format", *, strict: bool = True) -> Answer[Any]:
    """Return what a model is to answer, so that the answer is of a type.

    Args:
        hint: the type.
        argument: what an error calls it.
        strict: whether the schema is for strict mode, which cannot describe all types.

    Raises:
        InvalidArgumentError: a schema cannot describe the type, or something in it, which the path names.
    """
    try:
        return _answer_of(hint, argument, strict)
    except TypeError:  # an instance, or something in an Annotated, that cannot be hashed
        if is_instance(hint):
            raise unknown(hint, argument, strict=strict) from None
        return _answer_of.__wrapped__(hint, argument, strict)


@lru_cache(256)
def _answer_of(hint: Any, argument: str, strict: bool) -> Answer[Any]:
    try:
        return Answer(_Reading(strict=strict).shape_at(hint, argument), name_of(hint), strict=strict)
    except RecursionError:
        raise refused(argument, _ENDING, hint) from None


def arguments_of(
    name: str, fields: Iterable[Field], description: str = "", *, strict: bool = True
) -> Answer[dict[str, object]]:
    """Return the arguments of a function. Those that are not given and have a default are left out.

    Args:
        name: of the function.
        fields: its parameters.
        description: what it does.
        strict: whether the schema is for strict mode.

    Raises:
        InvalidArgumentError: a schema cannot describe one of them. The error has its path, after the name.
    """
    reading = _Reading(strict=strict)
    try:
        members = {field.name: reading.member(field, f"{name}.{field.name}") for field in fields}
        reading.check_unions()
        return Answer(Object(members, dict, description), name, strict=strict)
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
    answer: Answer[T] = answer_of(hint, strict=False)  # nobody is asked for it, so nothing need be strict
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

STRICT = "a type that strict mode can describe"

_ENDING = "a type that comes to an end, and does not hold ever larger ones"


class _Reading:
    """One reading of a type, in which every class is met once."""

    def __init__(self, *, strict: bool = True) -> None:
        self._strict = strict
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
                raise refused(path, "a union that is no arm of itself", hint) from None
            if ambiguous:
                use = "Give each class a field with its own value, such as kind: Literal['cat'], or keep one of them."
                raise refused(path, "a union of types that JSON tells apart", hint, use)

    def shape(self, hint: Any, path: str) -> Shape:
        """Return the shape of a type."""
        hint, notes = unwrapped(hint)
        if is_unhashable(hint):  # a list of types, or another value
            raise unknown(hint, path, strict=self._strict)
        bounds = bounds_of(notes)
        shape = self._bare(hint, bounds, path)
        if bounds and not isinstance(shape, Scalar | Array):
            raise refused(path, "bounds of numbers, strings and lists", hint)
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
        if (arguments and origin in ARRAYS) or (origin is tuple and len(arguments) == 2 and arguments[1] is ...):
            make = tuple if origin is tuple else ARRAYS[origin]
            if wrong := [name for name, bound in bounds.items() if name not in LENGTHS or type(bound) is not int]:
                raise refused(path, "bounds of its length", hint, f"Take {wrong[0]} away.")
            if make in (set, frozenset) and (within := unhashable_in(arguments[0])) is not None:
                use = "Use a list, or make it one that has a hash, as by @dataclass(frozen=True)."
                raise refused(f"{path}[]", "a type whose values can be in a set", within, use)
            fewest, most = bounds.get("min_length", 0), bounds.get("max_length")
            return Array(self.shape(arguments[0], f"{path}[]"), make, fewest, most)
        if not self._strict and (shape := self._open(hint, path)) is not None:
            return shape
        if isinstance(hint, type) and issubclass(hint, enum.Enum):
            return self._words(hint, tuple(hint), path)
        if _is_alias(hint):
            return self._alias(hint, path)
        return self._class(hint, path)

    def _open(self, hint: Any, path: str) -> Shape | None:
        """Return the shape of a type that strict mode cannot describe, or None if it is no such type."""
        cls, arguments = get_origin(hint) or hint, get_args(hint)
        if cls is Any or cls is object:
            return ANY
        if cls in DICTS:
            key, value = arguments or (str, Any)
            keys = self.shape(key, path) if key is not Any else self.shape(str, path)
            if not {"string", "integer", "number"}.issuperset(keys.kinds):
                raise refused(path, "a dict whose keys are strings or numbers", hint)
            return Table(keys, self.shape(value, f"{path}[]"))
        if cls is tuple and (arguments or hint == tuple[()]):
            return FixedTuple(tuple(self.shape(item, f"{path}[{index}]") for index, item in enumerate(arguments)))
        return Array(ANY, tuple if cls is tuple else ARRAYS[cls]) if cls is tuple or cls in ARRAYS else None

    def _union(self, hint: Any, arguments: tuple[Any, ...], path: str) -> Shape:
        if not self._strict and (Any in arguments or object in arguments):
            return ANY
        models = tuple(arm for arm in arguments if is_model(arm))
        arms = [self.shape(arm, path) for arm in arguments if arm not in models]
        # Pydantic tells its own apart, unless there are others to tell them from.
        if len(models) < 2 or any(isinstance(whole(arm), Object | Named | Union) for arm in arms):
            arms = [self.shape(arm, path) for arm in arguments]
        else:
            arms.append(model_shape(models, path, strict=self._strict))
        union = Union(arms)
        self._unions.append((union, path, hint))
        return union

    def _words(self, hint: Any, values: tuple[Any, ...], path: str) -> Shape:
        pairs = [(value.value if isinstance(value, enum.Enum) else value, value) for value in values]
        if not pairs or not all(word is None or isinstance(word, str | int) for word, _ in pairs):
            raise refused(path, "values that are strings, integers, booleans or None", hint)
        return Words(pairs)

    def _alias(self, hint: Any, path: str) -> Shape:
        if hint not in self._named:
            named = self._named[hint] = Named(name_of(hint))
            origin = get_origin(hint) or hint
            variables = dict(zip(getattr(origin, "__type_params__", ()), get_args(hint), strict=False))
            try:
                value = alias_of(origin)
            except UnknownHintError as error:
                raise refused(path, "an alias whose hints are known", hint, f"{error}.") from None
            named.shape = self.shape(substituted(value, variables), path)
            if whole(named) is named:
                raise refused(path, "an alias of something but itself", hint)
        return self._named[hint]

    def _class(self, hint: Any, path: str) -> Shape:
        if hint in self._named:
            return self._named[hint]
        if is_model(hint):
            model = self._named[hint] = model_shape((hint,), path, strict=self._strict)
            if not model.recursive:
                self._named[hint] = Named(name_of(hint), model)
            return self._named[hint]
        if hint is msgspec.Struct:
            raise refused(path, "a class with fields", hint, "Give a subclass of Struct that has the fields.")
        try:
            found = fields_of(hint)
        except UnknownHintError as error:
            raise refused(path, "a class whose hints are known", hint, f"{error}.") from None
        if found is None:
            raise unknown(hint, path, strict=self._strict)
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
        raise refused(path, "bounds that its values can be compared with", hint, use)
    known, own = apart(hint, bounds)
    schema: Schema = dict(_TEXTS.get(hint) or {"type": kind})
    schema |= {keyword: known[name] for name, keyword in KEYWORDS.items() if name in known}
    words = [text.format(known[name]) for name, text in LENGTHS.items() if name in known] + words_of_bounds(own)
    if words:
        schema["description"] = sentences(schema.get("description"), *words)
    try:
        return Scalar(typing.Annotated[hint, msgspec.Meta(**known)] if known else hint, schema, kind, own)
    except (TypeError, ValueError) as error:
        raise refused(path, f"bounds that can be met ({error})", hint) from None


def _written(value: object) -> str | None:
    """Return a default as JSON, or None where it has no such form."""
    try:
        return msgspec.json.encode(value).decode()
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError):
        return None

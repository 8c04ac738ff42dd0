"""Build the JSON Schema of a typed response or of the arguments of a tool, and read the JSON that fits it. No I/O.

Supports attrs classes, dataclasses, typed dicts, named tuples, msgspec Structs, pydantic models, lists and sets of
these, None, unions, Literals, enums, dates, UUIDs, decimals, bytes and plain scalars, nested, generic and recursive;
without strict mode also dicts, tuples and Any. What a schema cannot describe is refused before a request is sent, by an
InvalidArgumentError that names the path to it. JSON that does not fit is an InvalidValueError that lists all problems.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from .._errors.api import InvalidArgumentError
from .._errors.invalid_value import InvalidValueError
from .._json import codec as _json
from .._json.codec import is_object
from .adapter_builder import AdapterBuilder, unsupported
from .checks import invalid
from .fields import Field
from .strict import StrictConverter
from .type_adapters import Definitions, JSONSchema, ObjectAdapter, Property, TypeAdapter, resolve
from .type_hints import schema_name

if TYPE_CHECKING:
    from typing_extensions import TypeForm

__all__ = ["Field", "InvalidValueError", "ResponseSchema", "convert", "parameters_schema", "response_schema"]

T = TypeVar("T")

VALUE = "value"
"""The property for a value that is no object. A schema in strict mode is an object."""

_ENDLESS = "a type that comes to an end, and does not contain ever larger types"


class ResponseSchema(Generic[T]):
    """The JSON Schema of a type, and what reads the values of the type.

    Attributes:
        name: the name of the schema: letters, digits, underscores and dashes, at most 64.
        schema: the JSON Schema, an object. Do not change it.
        strict: whether the schema is for strict mode, which cannot describe every type.
        is_wrapped: whether the schema is an object with the property ``value``, because the type is no object.
    """

    def __init__(self, adapter: TypeAdapter, name: str, path: str, *, strict: bool = True) -> None:
        self.name = name
        self.strict = strict
        definitions = Definitions(strict=strict)
        schema: JSONSchema = resolve(adapter).schema(definitions)
        if "$ref" in schema:  # the root may be no reference
            schema = dict(definitions.schemas[schema["$ref"].rpartition("/")[2]])
        self.is_wrapped: bool = schema.get("type") != "object"
        self._adapter = adapter
        if self.is_wrapped:
            self._adapter = ObjectAdapter({VALUE: Property(VALUE, adapter)}, itemgetter(VALUE))
            schema = adapter.schema(definitions)
        found = definitions.schemas
        if strict:
            converter = StrictConverter(found)
            schema, found = converter.convert(schema, path), converter.definitions
        if self.is_wrapped:
            schema = {"type": "object", "properties": {VALUE: schema}, "required": [VALUE]}
            schema.update({"additionalProperties": False} if strict else {})
        schema.update({"$defs": found} if found else {})
        self.schema = schema

    def read(self, value: object) -> T:
        """Return the Python value for a JSON value."""
        try:
            return cast("T", self._adapter.read(value))
        except RecursionError:
            raise invalid("the JSON is nested too deeply") from None

    def decode(self, text: str | bytes) -> T:
        """Return the Python value for a JSON text."""
        try:
            value = _json.decode(text)
        except ValueError as error:
            raise invalid(f"not JSON ({error})") from None
        return self.read(value)

    def unwrap(self, value: object) -> object:
        """Return the JSON value of the type: that of the property ``value`` if it is wrapped. JSON may be partial."""
        if not self.is_wrapped:
            return value
        return value.get(VALUE) if is_object(value) else None


def response_schema(hint: Any, argument: str = "response_format", *, strict: bool = True) -> ResponseSchema[Any]:
    """Return the schema of a type, the same one for each call. The argument is what error messages call the type."""
    try:
        return _cached_schema(hint, argument, strict)
    except TypeError:  # an instance, or a note in an Annotated, is not hashable
        return _cached_schema.__wrapped__(hint, argument, strict)


@lru_cache(256)
def _cached_schema(hint: Any, argument: str, strict: bool) -> ResponseSchema[Any]:
    builder = AdapterBuilder()
    try:
        adapter = builder.adapter(hint, argument)
        builder.check_unions()
        return ResponseSchema(adapter, schema_name(hint), argument, strict=strict)
    except RecursionError:
        raise unsupported(argument, _ENDLESS, hint) from None


def parameters_schema(
    name: str, fields: Iterable[Field], description: str = "", *, strict: bool = True
) -> ResponseSchema[dict[str, object]]:
    """Return the schema of the parameters of a function. It reads arguments by parameter; absent ones are left out."""
    builder = AdapterBuilder()
    try:
        properties = {field.name: builder.property(field, f"{name}.{field.name}") for field in fields}
        builder.check_unions()
        return ResponseSchema(ObjectAdapter(properties, dict, description), name, name, strict=strict)
    except RecursionError:
        raise InvalidArgumentError(f"{name}()", _ENDLESS, "parameters without end") from None


def convert(value: object, hint: TypeForm[T]) -> T:
    """Return the value of a type for a JSON value, or for a JSON text."""
    schema: ResponseSchema[T] = response_schema(hint, strict=False)  # no request has this schema
    return schema.decode(value) if isinstance(value, str | bytes) else schema.read(value)

"""The response format of a batch: a Python type, or a JSON Schema, against which each completion is checked. No I/O.

A JSON Schema needs the package jsonschema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._errors.invalid_value import InvalidValueError
from .._json import codec as _json
from .._json.codec import is_mapping
from .._requests.argument_hints import is_type
from .._requests.response_format import ResponseFormat
from .._results.markdown_fences import without_fence

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


class JSONSchemaFormat(ResponseFormat[Any]):
    """A response format with a JSON Schema, against which completions are checked.

    Args:
        parameter: the ``response_format`` of the request, of type ``json_schema``.

    Raises:
        InvalidArgumentError: it has no valid schema, or jsonschema is not installed.
    """

    def __init__(self, parameter: Mapping[str, Any]) -> None:
        super().__init__(parameter)
        described = parameter.get("json_schema")
        schema = described.get("schema") if is_mapping(described) else None
        if not is_mapping(schema):
            accepted = "an object with json_schema.schema"
            raise InvalidArgumentError("response_format", accepted, describe(parameter))
        self._validator = _validator(schema)
        self.has_values = True

    def decode(self, text: str) -> Any:
        """Return the JSON value of a text.

        Raises:
            InvalidValueError: it is not JSON, or does not fit the schema.
        """
        try:
            value: Any = _json.decode(without_fence(text))
        except ValueError as error:
            raise InvalidValueError(((), f"not JSON ({error})")) from None
        problems = [(tuple(error.absolute_path), error.message) for error in self._validator.iter_errors(value)]
        if problems:
            raise InvalidValueError(*problems)
        return value


def _validator(schema: Mapping[Any, Any]) -> Validator:
    try:
        from jsonschema import Draft202012Validator, SchemaError
        from jsonschema.validators import validator_for
    except ImportError:
        hint = "Install it with: pip install 'opper-chat[batch]'."
        raise InvalidArgumentError("response_format", "a type, as jsonschema is missing", "a schema", hint) from None
    cls = validator_for(schema, default=Draft202012Validator)
    try:
        cls.check_schema(dict(schema))
    except SchemaError as error:
        raise InvalidArgumentError("response_format", "a valid JSON Schema", error.message) from None
    return cls(dict(schema))


def read_response_format(value: object, *, strict: bool) -> ResponseFormat[Any] | None:
    """Return the response format of a batch.

    Args:
        value: a Python type, a JSON Schema, a ``response_format`` of the API, one that was read before, or None.
        strict: whether the server has to follow the schema.

    Raises:
        InvalidArgumentError: it is something else, or a schema cannot describe the type.
    """
    if value is None:
        return None
    if isinstance(value, ResponseFormat):
        return value  # pyright: ignore[reportUnknownVariableType]
    if is_type(value):
        return ResponseFormat(value, strict=strict)
    if not is_mapping(value):
        raise InvalidArgumentError("response_format", "a type, a JSON Schema or a response_format", describe(value))
    given = cast("Mapping[str, Any]", value)
    if given.get("type") == "json_schema":
        return JSONSchemaFormat(given)
    if given.get("type") in ("text", "json_object"):
        raise InvalidArgumentError(
            "response_format", "a type or a JSON Schema", describe(value), "Put this one into the defaults."
        )
    name = given.get("title")
    is_name = isinstance(name, str) and name.isascii() and name.replace("_", "a").replace("-", "a").isalnum()
    json_schema = {"name": name[:64] if isinstance(name, str) and is_name else "answer", "schema": given}
    return JSONSchemaFormat({"type": "json_schema", "json_schema": {**json_schema, "strict": strict}})

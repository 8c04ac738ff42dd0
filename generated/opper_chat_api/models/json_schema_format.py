# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import define as _define
from attrs import field as _field

from ..errors import DecodeError
from ..types import (
    JsonValue,
    OpenModel,
)
from ..types import add_names as _add_names
from ..types import write as _write


@_define(repr=False, eq=False)
class JsonSchemaFormat(OpenModel[JsonValue]):
    """A schema, its name, and whether it is enforced."""

    name: str
    """ A name of letters, digits, underscores and dashes, up to 64 characters. """
    description: str | None = None
    """ The purpose of the format, for the model. """
    schema: JsonSchema | None = None
    """ The JSON Schema. If absent, any JSON object fits. """
    strict: bool | None = None
    """ Whether the completion must follow the schema exactly. False by default. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _attributes: ClassVar[Mapping[str, str]] = {
        "name": "name",
        "description": "description",
        "schema": "schema",
        "strict": "strict",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("JsonSchemaFormat", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _name_ = _rest.pop("name", None)
        if not isinstance(_name_, str):
            raise DecodeError("JsonSchemaFormat", "name", "str", _name_)

        _description_ = _rest.pop("description", None)
        if _description_ is not None and not isinstance(_description_, str):
            _rest["description"] = _description_
            _description_ = None

        _schema_ = _rest.pop("schema", None)
        if _schema_ is not None:
            try:
                _schema_ = JsonSchema.from_dict(_schema_)
            except DecodeError:
                _rest["schema"] = _schema_
                _schema_ = None

        _strict_ = _rest.pop("strict", None)
        if _strict_ is not None and not isinstance(_strict_, bool):
            _rest["strict"] = _strict_
            _strict_ = None

        return cls(
            _name_,
            _description_,
            _schema_,
            _strict_,
            additional_properties=_rest,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        _properties["name"] = self.name
        if self.description is not None:
            _properties["description"] = self.description
        if self.schema is not None:
            _properties["schema"] = _write(self.schema)
        if self.strict is not None:
            _properties["strict"] = self.strict
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


from ..models.json_schema import JsonSchema

_add_names(JsonSchemaFormat, globals())

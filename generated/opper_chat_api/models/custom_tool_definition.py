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
    Reader,
    union_reader,
)
from ..types import add_names as _add_names
from ..types import write as _write


@_define(repr=False, eq=False)
class CustomToolDefinition(OpenModel[JsonValue]):
    """The definition of a custom tool: what the model knows about it."""

    name: str
    """ The name of the tool. """
    description: str | None = None
    """ When and how to call it, for the model. """
    format: CustomGrammarFormat | CustomTextFormat | None = None
    """ The format of the input. Free text by default. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _attributes: ClassVar[Mapping[str, str]] = {
        "name": "name",
        "description": "description",
        "format": "format",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("CustomToolDefinition", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _name_ = _rest.pop("name", None)
        if not isinstance(_name_, str):
            raise DecodeError("CustomToolDefinition", "name", "str", _name_)

        _description_ = _rest.pop("description", None)
        if _description_ is not None and not isinstance(_description_, str):
            _rest["description"] = _description_
            _description_ = None

        _format__ = _rest.pop("format", None)
        if _format__ is not None:
            try:
                _format__ = _read_format_(_format__)
            except DecodeError:
                _rest["format"] = _format__
                _format__ = None

        return cls(
            _name_,
            _description_,
            _format__,
            additional_properties=_rest,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        _properties["name"] = self.name
        if self.description is not None:
            _properties["description"] = self.description
        if self.format is not None:
            _properties["format"] = _write(self.format)
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


from ..models.custom_grammar_format import CustomGrammarFormat
from ..models.custom_text_format import CustomTextFormat

_add_names(CustomToolDefinition, globals())
_read_format_: Reader[CustomGrammarFormat | CustomTextFormat] = union_reader(
    CustomTextFormat.from_dict, CustomGrammarFormat.from_dict
)

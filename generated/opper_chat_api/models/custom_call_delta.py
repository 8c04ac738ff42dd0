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
class CustomCallDelta(OpenModel[JsonValue]):
    """What the chunk adds to a call of a custom tool."""

    name: str | None = None
    """ The name of the tool. Most servers send it only in the first chunk of the call. """
    input: str | None = None
    """ The text to append to the input. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _attributes: ClassVar[Mapping[str, str]] = {
        "name": "name",
        "input": "input",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("CustomCallDelta", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _name_ = _rest.pop("name", None)
        if _name_ is not None and not isinstance(_name_, str):
            _rest["name"] = _name_
            _name_ = None

        _input__ = _rest.pop("input", None)
        if _input__ is not None and not isinstance(_input__, str):
            _rest["input"] = _input__
            _input__ = None

        return cls(
            _name_,
            _input__,
            additional_properties=_rest,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        if self.name is not None:
            _properties["name"] = self.name
        if self.input is not None:
            _properties["input"] = self.input
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


_add_names(CustomCallDelta, globals())

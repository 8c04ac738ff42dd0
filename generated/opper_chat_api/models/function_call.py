# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import define as _define
from attrs import field as _field

from ..errors import DecodeError
from ..types import NOTHING as _NOTHING
from ..types import (
    JsonValue,
    OpenModel,
)
from ..types import write as _write


@_define(repr=False, eq=False)
class FunctionCall(OpenModel[JsonValue]):
    """The function that the model calls, and its arguments."""

    name: str
    """ The name of the function. """
    arguments: str = ""
    """ The arguments, as JSON text that the model wrote. It can be invalid, or not fit the schema. Empty if
    the server sent none. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _absent: frozenset[str] = _field(
        default=_NOTHING, kw_only=True, alias="_absent", repr=False, eq=False
    )
    _attributes: ClassVar[Mapping[str, str]] = {
        "name": "name",
        "arguments": "arguments",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("FunctionCall", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _absent: list[str] = []
        _name_ = _rest.pop("name", None)
        if not isinstance(_name_, str):
            raise DecodeError("FunctionCall", "name", "str", _name_)

        _arguments_ = _rest.pop("arguments", None)
        if _arguments_ is not None and not isinstance(_arguments_, str):
            _rest["arguments"] = _arguments_
            _arguments_ = None
        if _arguments_ is None:
            _arguments_ = ""
            _absent.append("arguments")

        return cls(
            _name_,
            _arguments_,
            additional_properties=_rest,
            _absent=frozenset(_absent) if _absent else _NOTHING,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        _properties["name"] = self.name
        if "arguments" not in self._absent or self.arguments != "":
            _properties["arguments"] = self.arguments
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties

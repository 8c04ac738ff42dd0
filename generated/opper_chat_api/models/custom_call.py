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
class CustomCall(OpenModel[JsonValue]):
    """The custom tool that the model calls, and its input."""

    name: str
    """ The name of the tool. """
    input: str = ""
    """ The input that the model wrote. Empty if the server sent none. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _absent: frozenset[str] = _field(
        default=_NOTHING, kw_only=True, alias="_absent", repr=False, eq=False
    )
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
            raise DecodeError("CustomCall", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _absent: list[str] = []
        _name_ = _rest.pop("name", None)
        if not isinstance(_name_, str):
            raise DecodeError("CustomCall", "name", "str", _name_)

        _input__ = _rest.pop("input", None)
        if _input__ is not None and not isinstance(_input__, str):
            _rest["input"] = _input__
            _input__ = None
        if _input__ is None:
            _input__ = ""
            _absent.append("input")

        return cls(
            _name_,
            _input__,
            additional_properties=_rest,
            _absent=frozenset(_absent) if _absent else _NOTHING,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        _properties["name"] = self.name
        if "input" not in self._absent or self.input != "":
            _properties["input"] = self.input
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties

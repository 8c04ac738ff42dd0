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
    list_reader,
)
from ..types import add_names as _add_names
from ..types import take_required as _take_required
from ..types import write as _write


@_define(repr=False, eq=False)
class AllowedTools(OpenModel[JsonValue]):
    """The tools that can be called, and whether the model must call one."""

    mode: AllowedToolsMode
    """ Whether the model must call one of them. """
    tools: list[AllowedTool]
    """ The tools by type and name, as in `tool_choice`. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _attributes: ClassVar[Mapping[str, str]] = {
        "mode": "mode",
        "tools": "tools",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("AllowedTools", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _mode_ = _rest.pop("mode", None)
        if not isinstance(_mode_, str):
            raise DecodeError("AllowedTools", "mode", "str", _mode_)

        _tools_ = _take_required(_rest, "tools", "AllowedTools", _read_tools)

        return cls(
            _mode_,
            _tools_,
            additional_properties=_rest,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        _properties["mode"] = self.mode
        _properties["tools"] = _write(self.tools)
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


from ..models.allowed_tool import AllowedTool
from ..models.allowed_tools_mode import AllowedToolsMode

_add_names(AllowedTools, globals())
_read_tools: Reader[list[AllowedTool]] = list_reader(AllowedTool.from_dict)

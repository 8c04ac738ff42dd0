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
from ..types import keep_int as _keep_int
from ..types import write as _write


@_define(repr=False, eq=False)
class ToolCallDelta(OpenModel[JsonValue]):
    """What the chunk adds to a tool call."""

    index: int | None = None
    """ The position of the call among the tool calls of the message, from 0. """
    id: str | None = None
    """ The id of the call. Most servers send it only in the first chunk of the call. """
    type: ToolCallType | None = None
    """ The type of the tool. Most servers send it only in the first chunk of the call. """
    function: FunctionCallDelta | None = None
    """ What the chunk adds to the function call. """
    custom: CustomCallDelta | None = None
    """ What the chunk adds to the call of a custom tool. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _attributes: ClassVar[Mapping[str, str]] = {
        "index": "index",
        "id": "id",
        "type": "type",
        "function": "function",
        "custom": "custom",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("ToolCallDelta", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _index_ = _rest.pop("index", None)
        if type(_index_) is not int and _index_ is not None:
            _index_ = _keep_int(_rest, "index", _index_)

        _id_ = _rest.pop("id", None)
        if _id_ is not None and not isinstance(_id_, str):
            _rest["id"] = _id_
            _id_ = None

        _type__ = _rest.pop("type", None)
        if _type__ is not None and not isinstance(_type__, str):
            _rest["type"] = _type__
            _type__ = None

        _function_ = _rest.pop("function", None)
        if _function_ is not None:
            try:
                _function_ = FunctionCallDelta.from_dict(_function_)
            except DecodeError:
                _rest["function"] = _function_
                _function_ = None

        _custom_ = _rest.pop("custom", None)
        if _custom_ is not None:
            try:
                _custom_ = CustomCallDelta.from_dict(_custom_)
            except DecodeError:
                _rest["custom"] = _custom_
                _custom_ = None

        return cls(
            _index_,
            _id_,
            _type__,
            _function_,
            _custom_,
            additional_properties=_rest,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        if self.index is not None:
            _properties["index"] = self.index
        if self.id is not None:
            _properties["id"] = self.id
        if self.type is not None:
            _properties["type"] = self.type
        if self.function is not None:
            _properties["function"] = _write(self.function)
        if self.custom is not None:
            _properties["custom"] = _write(self.custom)
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


from ..models.custom_call_delta import CustomCallDelta
from ..models.function_call_delta import FunctionCallDelta
from ..models.tool_call_type import ToolCallType

_add_names(ToolCallDelta, globals())

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
from ..types import write as _write


@_define(repr=False, eq=False)
class ChoiceDelta(OpenModel[JsonValue]):
    """What the chunk adds to the message. Texts are appended to the earlier ones."""

    content: str | None = None
    """ The text to append to the content. """
    refusal: str | None = None
    """ The text to append to the refusal. """
    role: ReplyRole | None = None
    """ The role of the author. Most servers send it only in the first chunk. """
    function_call: FunctionCallDelta | None = None
    """ Deprecated in favor of `tool_calls`. What the chunk adds to the function call. """
    tool_calls: list[ToolCallDelta] | None = None
    """ What the chunk adds to the tool calls. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _attributes: ClassVar[Mapping[str, str]] = {
        "content": "content",
        "refusal": "refusal",
        "role": "role",
        "function_call": "function_call",
        "tool_calls": "tool_calls",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("ChoiceDelta", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _content_ = _rest.pop("content", None)
        if _content_ is not None and not isinstance(_content_, str):
            _rest["content"] = _content_
            _content_ = None

        _refusal_ = _rest.pop("refusal", None)
        if _refusal_ is not None and not isinstance(_refusal_, str):
            _rest["refusal"] = _refusal_
            _refusal_ = None

        _role_ = _rest.pop("role", None)
        if _role_ is not None and not isinstance(_role_, str):
            _rest["role"] = _role_
            _role_ = None

        _function_call_ = _rest.pop("function_call", None)
        if _function_call_ is not None:
            try:
                _function_call_ = FunctionCallDelta.from_dict(_function_call_)
            except DecodeError:
                _rest["function_call"] = _function_call_
                _function_call_ = None

        _tool_calls_ = _rest.pop("tool_calls", None)
        if _tool_calls_ is not None:
            try:
                _tool_calls_ = _read_tool_calls(_tool_calls_)
            except DecodeError:
                _rest["tool_calls"] = _tool_calls_
                _tool_calls_ = None

        return cls(
            _content_,
            _refusal_,
            _role_,
            _function_call_,
            _tool_calls_,
            additional_properties=_rest,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        if self.content is not None:
            _properties["content"] = self.content
        if self.refusal is not None:
            _properties["refusal"] = self.refusal
        if self.role is not None:
            _properties["role"] = self.role
        if self.function_call is not None:
            _properties["function_call"] = _write(self.function_call)
        if self.tool_calls is not None:
            _properties["tool_calls"] = _write(self.tool_calls)
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


from ..models.function_call_delta import FunctionCallDelta
from ..models.reply_role import ReplyRole
from ..models.tool_call_delta import ToolCallDelta

_add_names(ChoiceDelta, globals())
_read_tool_calls: Reader[list[ToolCallDelta]] = list_reader(ToolCallDelta.from_dict)

# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from attrs import define as _define
from attrs import field as _field

from ..errors import DecodeError
from ..types import NOTHING as _NOTHING
from ..types import (
    JsonValue,
    OpenModel,
    Reader,
    list_reader,
    read_str,
    union_reader,
)
from ..types import add_names as _add_names
from ..types import write as _write


@_define(repr=False, eq=False)
class AssistantMessage(OpenModel[JsonValue]):
    """An earlier message of the model."""

    role: Literal["assistant"] = "assistant"
    """ The role of the author. """
    content: list[OtherPart | RefusalPart | TextPart] | None | str = None
    """ A string or a list of parts. Can be null if the message calls tools. """
    name: str | None = None
    """ The name of the participant, to distinguish participants of the same role. """
    refusal: str | None = None
    """ The refusal of the model, if it refused to respond. """
    audio: AudioReference | None = None
    """ Refers to earlier audio output of the model. """
    function_call: FunctionCall | None = None
    """ Deprecated in favor of `tool_calls`. The function that the model called. """
    tool_calls: list[CustomToolCall | FunctionToolCall | OtherToolCall] | None = None
    """ The tool calls of the model. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _absent: frozenset[str] = _field(
        default=_NOTHING, kw_only=True, alias="_absent", repr=False, eq=False
    )
    _attributes: ClassVar[Mapping[str, str]] = {
        "role": "role",
        "content": "content",
        "name": "name",
        "refusal": "refusal",
        "audio": "audio",
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
            raise DecodeError("AssistantMessage", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _absent: list[str] = []
        _role_ = _rest.pop("role", None)
        if _role_ is None:
            _absent.append("role")
        elif _role_ != "assistant":
            raise DecodeError("AssistantMessage", "role", "'assistant'", _role_)
        _content_ = _rest.pop("content", None)
        if _content_ is not None:
            try:
                _content_ = _read_content(_content_)
            except DecodeError:
                _rest["content"] = _content_
                _content_ = None

        _name_ = _rest.pop("name", None)
        if _name_ is not None and not isinstance(_name_, str):
            _rest["name"] = _name_
            _name_ = None

        _refusal_ = _rest.pop("refusal", None)
        if _refusal_ is not None and not isinstance(_refusal_, str):
            _rest["refusal"] = _refusal_
            _refusal_ = None

        _audio_ = _rest.pop("audio", None)
        if _audio_ is not None:
            try:
                _audio_ = AudioReference.from_dict(_audio_)
            except DecodeError:
                _rest["audio"] = _audio_
                _audio_ = None

        _function_call_ = _rest.pop("function_call", None)
        if _function_call_ is not None:
            try:
                _function_call_ = FunctionCall.from_dict(_function_call_)
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
            "assistant",
            _content_,
            _name_,
            _refusal_,
            _audio_,
            _function_call_,
            _tool_calls_,
            additional_properties=_rest,
            _absent=frozenset(_absent) if _absent else _NOTHING,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        if "role" not in self._absent or self.role != "assistant":
            _properties["role"] = self.role
        if self.content is not None:
            _properties["content"] = _write(self.content)
        if self.name is not None:
            _properties["name"] = self.name
        if self.refusal is not None:
            _properties["refusal"] = self.refusal
        if self.audio is not None:
            _properties["audio"] = _write(self.audio)
        if self.function_call is not None:
            _properties["function_call"] = _write(self.function_call)
        if self.tool_calls is not None:
            _properties["tool_calls"] = _write(self.tool_calls)
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


from ..models.audio_reference import AudioReference
from ..models.custom_tool_call import CustomToolCall
from ..models.function_call import FunctionCall
from ..models.function_tool_call import FunctionToolCall
from ..models.other_part import OtherPart
from ..models.other_tool_call import OtherToolCall
from ..models.refusal_part import RefusalPart
from ..models.text_part import TextPart

_add_names(AssistantMessage, globals())
_read_content: Reader[list[OtherPart | RefusalPart | TextPart] | str] = union_reader(
    read_str,
    list_reader(union_reader(TextPart.from_dict, RefusalPart.from_dict, OtherPart.from_dict)),
)
_read_tool_calls: Reader[list[CustomToolCall | FunctionToolCall | OtherToolCall]] = list_reader(
    union_reader(FunctionToolCall.from_dict, CustomToolCall.from_dict, OtherToolCall.from_dict)
)

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
    Reader,
    list_reader,
    union_reader,
)
from ..types import add_names as _add_names
from ..types import write as _write


@_define(repr=False, eq=False)
class ChatCompletionMessage(OpenModel[JsonValue]):
    """A message of the model."""

    content: str | None = None
    """ The text of the message. """
    refusal: str | None = None
    """ The refusal of the model, if it refused to respond. """
    role: ReplyRole | None = None
    """ The role of the author, `assistant`. """
    annotations: list[Annotation] | None = None
    """ Annotations of the text, such as the pages that it cites. """
    audio: AudioReply | None = None
    """ The audio output, if `modalities` contains `audio`. """
    function_call: FunctionCall | None = None
    """ Deprecated in favor of `tool_calls`. The function that the model calls. """
    tool_calls: list[CustomToolCall | FunctionToolCall | OtherToolCall] | None = None
    """ The tool calls of the model. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _absent: frozenset[str] = _field(
        default=frozenset(["role"]), kw_only=True, alias="_absent", repr=False, eq=False
    )
    _attributes: ClassVar[Mapping[str, str]] = {
        "role": "role",
        "content": "content",
        "refusal": "refusal",
        "annotations": "annotations",
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
            raise DecodeError("ChatCompletionMessage", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _absent: list[str] = []
        _role_ = _rest.pop("role", None)
        if _role_ is not None and not isinstance(_role_, str):
            _rest["role"] = _role_
            _role_ = None
        if _role_ is None and ("role" not in src_dict or "role" in _rest):
            _absent.append("role")

        _content_ = _rest.pop("content", None)
        if _content_ is not None and not isinstance(_content_, str):
            _rest["content"] = _content_
            _content_ = None

        _refusal_ = _rest.pop("refusal", None)
        if _refusal_ is not None and not isinstance(_refusal_, str):
            _rest["refusal"] = _refusal_
            _refusal_ = None

        _annotations_ = _rest.pop("annotations", None)
        if _annotations_ is not None:
            try:
                _annotations_ = _read_annotations(_annotations_)
            except DecodeError:
                _rest["annotations"] = _annotations_
                _annotations_ = None

        _audio_ = _rest.pop("audio", None)
        if _audio_ is not None:
            try:
                _audio_ = AudioReply.from_dict(_audio_)
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
            _content_,
            _refusal_,
            _role_,
            _annotations_,
            _audio_,
            _function_call_,
            _tool_calls_,
            additional_properties=_rest,
            _absent=frozenset(_absent) if _absent else _NOTHING,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        if "role" not in self._absent or self.role is not None:
            _properties["role"] = self.role
        if self.content is not None:
            _properties["content"] = self.content
        if self.refusal is not None:
            _properties["refusal"] = self.refusal
        if self.annotations is not None:
            _properties["annotations"] = _write(self.annotations)
        if self.audio is not None:
            _properties["audio"] = _write(self.audio)
        if self.function_call is not None:
            _properties["function_call"] = _write(self.function_call)
        if self.tool_calls is not None:
            _properties["tool_calls"] = _write(self.tool_calls)
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


from ..models.annotation import Annotation
from ..models.audio_reply import AudioReply
from ..models.custom_tool_call import CustomToolCall
from ..models.function_call import FunctionCall
from ..models.function_tool_call import FunctionToolCall
from ..models.other_tool_call import OtherToolCall
from ..models.reply_role import ReplyRole

_add_names(ChatCompletionMessage, globals())
_read_annotations: Reader[list[Annotation]] = list_reader(Annotation.from_dict)
_read_tool_calls: Reader[list[CustomToolCall | FunctionToolCall | OtherToolCall]] = list_reader(
    union_reader(FunctionToolCall.from_dict, CustomToolCall.from_dict, OtherToolCall.from_dict)
)

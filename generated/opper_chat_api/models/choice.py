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
from ..types import add_names as _add_names
from ..types import keep_int as _keep_int
from ..types import write as _write


@_define(repr=False, eq=False)
class Choice(OpenModel[JsonValue]):
    """One of the choices of a completion."""

    message: ChatCompletionMessage = _field(factory=lambda: ChatCompletionMessage())
    """ The message of the model. Empty if a content filter withheld it. """
    finish_reason: FinishReason | None = None
    """ Why the model stopped. """
    index: int | None = None
    """ The position of this choice among the choices, from 0. """
    logprobs: ChoiceLogprobs | None = None
    """ The log probabilities of the output tokens, if `logprobs` was set. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _absent: frozenset[str] = _field(
        default=frozenset(["finish_reason", "index"]),
        kw_only=True,
        alias="_absent",
        repr=False,
        eq=False,
    )
    _attributes: ClassVar[Mapping[str, str]] = {
        "message": "message",
        "finish_reason": "finish_reason",
        "index": "index",
        "logprobs": "logprobs",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("Choice", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _absent: list[str] = []
        _message_ = _rest.pop("message", None)
        if _message_ is not None:
            try:
                _message_ = ChatCompletionMessage.from_dict(_message_)
            except DecodeError:
                _rest["message"] = _message_
                _message_ = None
        if _message_ is None:
            _message_ = ChatCompletionMessage()
            _absent.append("message")

        _finish_reason_ = _rest.pop("finish_reason", None)
        if _finish_reason_ is not None and not isinstance(_finish_reason_, str):
            _rest["finish_reason"] = _finish_reason_
            _finish_reason_ = None
        if _finish_reason_ is None and (
            "finish_reason" not in src_dict or "finish_reason" in _rest
        ):
            _absent.append("finish_reason")

        _index_ = _rest.pop("index", None)
        if type(_index_) is not int and _index_ is not None:
            _index_ = _keep_int(_rest, "index", _index_)
        if _index_ is None and ("index" not in src_dict or "index" in _rest):
            _absent.append("index")

        _logprobs_ = _rest.pop("logprobs", None)
        if _logprobs_ is not None:
            try:
                _logprobs_ = ChoiceLogprobs.from_dict(_logprobs_)
            except DecodeError:
                _rest["logprobs"] = _logprobs_
                _logprobs_ = None

        return cls(
            _message_,
            _finish_reason_,
            _index_,
            _logprobs_,
            additional_properties=_rest,
            _absent=frozenset(_absent) if _absent else _NOTHING,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        if "message" not in self._absent or self.message != ChatCompletionMessage():
            _properties["message"] = _write(self.message)
        if "finish_reason" not in self._absent or self.finish_reason is not None:
            _properties["finish_reason"] = self.finish_reason
        if "index" not in self._absent or self.index is not None:
            _properties["index"] = self.index
        if self.logprobs is not None:
            _properties["logprobs"] = _write(self.logprobs)
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


from ..models.chat_completion_message import ChatCompletionMessage
from ..models.choice_logprobs import ChoiceLogprobs
from ..models.finish_reason import FinishReason

_add_names(Choice, globals())

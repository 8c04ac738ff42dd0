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
from ..types import make_lazy as _make_lazy
from ..types import unread as _unread
from ..types import write as _write


@_define(repr=False, eq=False)
class ChoiceLogprobs(OpenModel[JsonValue]):
    """The log probabilities of the output tokens."""

    content: list[TokenLogprob] | None = None
    """ Those of the content, token by token. """
    refusal: list[TokenLogprob] | None = None
    """ Those of the refusal, token by token. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _attributes: ClassVar[Mapping[str, str]] = {
        "content": "content",
        "refusal": "refusal",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("ChoiceLogprobs", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _content_ = _rest.pop("content", None)
        if _content_ is not None:
            if isinstance(_content_, list):
                _content_ = _unread(_content_)
            else:
                _rest["content"] = _content_
                _content_ = None

        _refusal_ = _rest.pop("refusal", None)
        if _refusal_ is not None:
            if isinstance(_refusal_, list):
                _refusal_ = _unread(_refusal_)
            else:
                _rest["refusal"] = _refusal_
                _refusal_ = None

        return cls(
            _content_,
            _refusal_,
            additional_properties=_rest,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        if self.content is not None:
            _properties["content"] = _write(self.content)
        if self.refusal is not None:
            _properties["refusal"] = _write(self.refusal)
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


from ..models.token_logprob import TokenLogprob

_add_names(ChoiceLogprobs, globals())
_read_content: Reader[list[TokenLogprob]] = list_reader(TokenLogprob.from_dict)
_read_refusal: Reader[list[TokenLogprob]] = list_reader(TokenLogprob.from_dict)
_make_lazy(
    ChoiceLogprobs,
    {
        "content": ("content", _read_content),
        "refusal": ("refusal", _read_refusal),
    },
)

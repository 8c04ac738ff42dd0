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
class CompletionUsage(OpenModel[JsonValue]):
    """The token usage of a call. An object without one of the three counts is not a usage: readers keep it
    as JSON."""

    completion_tokens: int
    """ The tokens of the completion. """
    prompt_tokens: int
    """ The tokens of the request. """
    total_tokens: int
    """ The tokens of both. """
    completion_tokens_details: CompletionTokensDetails | None = None
    """ Details of the tokens of the completion. """
    prompt_tokens_details: PromptTokensDetails | None = None
    """ Details of the tokens of the request. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _attributes: ClassVar[Mapping[str, str]] = {
        "completion_tokens": "completion_tokens",
        "prompt_tokens": "prompt_tokens",
        "total_tokens": "total_tokens",
        "completion_tokens_details": "completion_tokens_details",
        "prompt_tokens_details": "prompt_tokens_details",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("CompletionUsage", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _completion_tokens_ = _rest.pop("completion_tokens", None)
        if type(_completion_tokens_) is not int:
            _completion_tokens_ = _keep_int(_rest, "completion_tokens", _completion_tokens_)
            if _completion_tokens_ is None:
                raise DecodeError(
                    "CompletionUsage", "completion_tokens", "int", _rest.get("completion_tokens")
                )

        _prompt_tokens_ = _rest.pop("prompt_tokens", None)
        if type(_prompt_tokens_) is not int:
            _prompt_tokens_ = _keep_int(_rest, "prompt_tokens", _prompt_tokens_)
            if _prompt_tokens_ is None:
                raise DecodeError(
                    "CompletionUsage", "prompt_tokens", "int", _rest.get("prompt_tokens")
                )

        _total_tokens_ = _rest.pop("total_tokens", None)
        if type(_total_tokens_) is not int:
            _total_tokens_ = _keep_int(_rest, "total_tokens", _total_tokens_)
            if _total_tokens_ is None:
                raise DecodeError(
                    "CompletionUsage", "total_tokens", "int", _rest.get("total_tokens")
                )

        _completion_tokens_details_ = _rest.pop("completion_tokens_details", None)
        if _completion_tokens_details_ is not None:
            try:
                _completion_tokens_details_ = CompletionTokensDetails.from_dict(
                    _completion_tokens_details_
                )
            except DecodeError:
                _rest["completion_tokens_details"] = _completion_tokens_details_
                _completion_tokens_details_ = None

        _prompt_tokens_details_ = _rest.pop("prompt_tokens_details", None)
        if _prompt_tokens_details_ is not None:
            try:
                _prompt_tokens_details_ = PromptTokensDetails.from_dict(_prompt_tokens_details_)
            except DecodeError:
                _rest["prompt_tokens_details"] = _prompt_tokens_details_
                _prompt_tokens_details_ = None

        return cls(
            _completion_tokens_,
            _prompt_tokens_,
            _total_tokens_,
            _completion_tokens_details_,
            _prompt_tokens_details_,
            additional_properties=_rest,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        _properties["completion_tokens"] = self.completion_tokens
        _properties["prompt_tokens"] = self.prompt_tokens
        _properties["total_tokens"] = self.total_tokens
        if self.completion_tokens_details is not None:
            _properties["completion_tokens_details"] = _write(self.completion_tokens_details)
        if self.prompt_tokens_details is not None:
            _properties["prompt_tokens_details"] = _write(self.prompt_tokens_details)
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


from ..models.completion_tokens_details import CompletionTokensDetails
from ..models.prompt_tokens_details import PromptTokensDetails

_add_names(CompletionUsage, globals())

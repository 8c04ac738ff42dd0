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
class CompletionTokensDetails(OpenModel[JsonValue]):
    """Details of the tokens of the completion."""

    accepted_prediction_tokens: int | None = None
    """ The tokens of the prediction that appear in the completion. """
    audio_tokens: int | None = None
    """ Audio tokens. """
    reasoning_tokens: int | None = None
    """ Reasoning tokens, which are billed although they are not shown. """
    rejected_prediction_tokens: int | None = None
    """ The tokens of the prediction that do not appear in the completion. They are billed too. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _attributes: ClassVar[Mapping[str, str]] = {
        "accepted_prediction_tokens": "accepted_prediction_tokens",
        "audio_tokens": "audio_tokens",
        "reasoning_tokens": "reasoning_tokens",
        "rejected_prediction_tokens": "rejected_prediction_tokens",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("CompletionTokensDetails", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _accepted_prediction_tokens_ = _rest.pop("accepted_prediction_tokens", None)
        if (
            type(_accepted_prediction_tokens_) is not int
            and _accepted_prediction_tokens_ is not None
        ):
            _accepted_prediction_tokens_ = _keep_int(
                _rest, "accepted_prediction_tokens", _accepted_prediction_tokens_
            )

        _audio_tokens_ = _rest.pop("audio_tokens", None)
        if type(_audio_tokens_) is not int and _audio_tokens_ is not None:
            _audio_tokens_ = _keep_int(_rest, "audio_tokens", _audio_tokens_)

        _reasoning_tokens_ = _rest.pop("reasoning_tokens", None)
        if type(_reasoning_tokens_) is not int and _reasoning_tokens_ is not None:
            _reasoning_tokens_ = _keep_int(_rest, "reasoning_tokens", _reasoning_tokens_)

        _rejected_prediction_tokens_ = _rest.pop("rejected_prediction_tokens", None)
        if (
            type(_rejected_prediction_tokens_) is not int
            and _rejected_prediction_tokens_ is not None
        ):
            _rejected_prediction_tokens_ = _keep_int(
                _rest, "rejected_prediction_tokens", _rejected_prediction_tokens_
            )

        return cls(
            _accepted_prediction_tokens_,
            _audio_tokens_,
            _reasoning_tokens_,
            _rejected_prediction_tokens_,
            additional_properties=_rest,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        if self.accepted_prediction_tokens is not None:
            _properties["accepted_prediction_tokens"] = self.accepted_prediction_tokens
        if self.audio_tokens is not None:
            _properties["audio_tokens"] = self.audio_tokens
        if self.reasoning_tokens is not None:
            _properties["reasoning_tokens"] = self.reasoning_tokens
        if self.rejected_prediction_tokens is not None:
            _properties["rejected_prediction_tokens"] = self.rejected_prediction_tokens
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


_add_names(CompletionTokensDetails, globals())

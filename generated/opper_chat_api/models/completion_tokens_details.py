# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _define
from attrs import field as _field

from ..errors import DecodeError
from ..types import (
    JsonValue,
    OpenModel,
)
from ..types import write as _write


@_define
class CompletionTokensDetails(OpenModel[JsonValue]):
    """What the answer's tokens were spent on."""

    accepted_prediction_tokens: int | None = None
    """ Tokens of the prediction that appear in the answer. """
    audio_tokens: int | None = None
    """ Tokens of sound. """
    reasoning_tokens: int | None = None
    """ Tokens spent on reasoning, which are paid for though they are not shown. """
    rejected_prediction_tokens: int | None = None
    """ Tokens of the prediction that do not appear in the answer; they are paid for too. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Members that this class does not declare, and values that do not fit the ones it does. """

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or lacks a required member.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("CompletionTokensDetails", None, "an object", src_dict)
        _rest: dict[str, object] = dict(src_dict)
        accepted_prediction_tokens = _rest.pop("accepted_prediction_tokens", None)
        if accepted_prediction_tokens is not None and not isinstance(
            accepted_prediction_tokens, int
        ):
            _rest["accepted_prediction_tokens"] = accepted_prediction_tokens
            accepted_prediction_tokens = None

        audio_tokens = _rest.pop("audio_tokens", None)
        if audio_tokens is not None and not isinstance(audio_tokens, int):
            _rest["audio_tokens"] = audio_tokens
            audio_tokens = None

        reasoning_tokens = _rest.pop("reasoning_tokens", None)
        if reasoning_tokens is not None and not isinstance(reasoning_tokens, int):
            _rest["reasoning_tokens"] = reasoning_tokens
            reasoning_tokens = None

        rejected_prediction_tokens = _rest.pop("rejected_prediction_tokens", None)
        if rejected_prediction_tokens is not None and not isinstance(
            rejected_prediction_tokens, int
        ):
            _rest["rejected_prediction_tokens"] = rejected_prediction_tokens
            rejected_prediction_tokens = None

        _model = cls(
            accepted_prediction_tokens=accepted_prediction_tokens,
            audio_tokens=audio_tokens,
            reasoning_tokens=reasoning_tokens,
            rejected_prediction_tokens=rejected_prediction_tokens,
            additional_properties=_rest,
        )
        return _model

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _members: dict[str, Any] = {}
        if self.accepted_prediction_tokens is not None:
            _members["accepted_prediction_tokens"] = self.accepted_prediction_tokens
        if self.audio_tokens is not None:
            _members["audio_tokens"] = self.audio_tokens
        if self.reasoning_tokens is not None:
            _members["reasoning_tokens"] = self.reasoning_tokens
        if self.rejected_prediction_tokens is not None:
            _members["rejected_prediction_tokens"] = self.rejected_prediction_tokens
        for name, value in self.additional_properties.items():
            _members.setdefault(name, _write(value))
        return _members

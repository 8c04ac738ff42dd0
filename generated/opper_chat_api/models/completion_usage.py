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
from ..types import take as _take
from ..types import write as _write


@_define
class CompletionUsage(OpenModel[JsonValue]):
    """What a call consumed, in tokens."""

    completion_tokens: int
    """ Tokens in the answer. """
    prompt_tokens: int
    """ Tokens in the conversation that was sent. """
    total_tokens: int
    """ Tokens in both. """
    completion_tokens_details: CompletionTokensDetails | None = None
    """ What the answer's tokens were spent on. """
    prompt_tokens_details: PromptTokensDetails | None = None
    """ What the conversation's tokens were. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Members that this class does not declare, and values that do not fit the ones it does. """

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or lacks a required member.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("CompletionUsage", None, "an object", src_dict)
        _rest: dict[str, object] = dict(src_dict)
        completion_tokens = _rest.pop("completion_tokens", None)
        if not isinstance(completion_tokens, int):
            raise DecodeError("CompletionUsage", "completion_tokens", "int", completion_tokens)

        prompt_tokens = _rest.pop("prompt_tokens", None)
        if not isinstance(prompt_tokens, int):
            raise DecodeError("CompletionUsage", "prompt_tokens", "int", prompt_tokens)

        total_tokens = _rest.pop("total_tokens", None)
        if not isinstance(total_tokens, int):
            raise DecodeError("CompletionUsage", "total_tokens", "int", total_tokens)

        completion_tokens_details = _take(
            _rest, "completion_tokens_details", CompletionTokensDetails.from_dict
        )

        prompt_tokens_details = _take(_rest, "prompt_tokens_details", PromptTokensDetails.from_dict)

        _model = cls(
            completion_tokens=completion_tokens,
            prompt_tokens=prompt_tokens,
            total_tokens=total_tokens,
            completion_tokens_details=completion_tokens_details,
            prompt_tokens_details=prompt_tokens_details,
            additional_properties=_rest,
        )
        return _model

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _members: dict[str, Any] = {}
        _members["completion_tokens"] = self.completion_tokens
        _members["prompt_tokens"] = self.prompt_tokens
        _members["total_tokens"] = self.total_tokens
        if self.completion_tokens_details is not None:
            _members["completion_tokens_details"] = _write(self.completion_tokens_details)
        if self.prompt_tokens_details is not None:
            _members["prompt_tokens_details"] = _write(self.prompt_tokens_details)
        for name, value in self.additional_properties.items():
            _members.setdefault(name, _write(value))
        return _members


from ..models.completion_tokens_details import CompletionTokensDetails
from ..models.prompt_tokens_details import PromptTokensDetails

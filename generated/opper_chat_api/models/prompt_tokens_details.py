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
class PromptTokensDetails(OpenModel[JsonValue]):
    """Details of the tokens of the request."""

    audio_tokens: int | None = None
    """ Audio tokens. """
    cached_tokens: int | None = None
    """ The tokens that were read from the prompt cache. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _attributes: ClassVar[Mapping[str, str]] = {
        "audio_tokens": "audio_tokens",
        "cached_tokens": "cached_tokens",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("PromptTokensDetails", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _audio_tokens_ = _rest.pop("audio_tokens", None)
        if type(_audio_tokens_) is not int and _audio_tokens_ is not None:
            _audio_tokens_ = _keep_int(_rest, "audio_tokens", _audio_tokens_)

        _cached_tokens_ = _rest.pop("cached_tokens", None)
        if type(_cached_tokens_) is not int and _cached_tokens_ is not None:
            _cached_tokens_ = _keep_int(_rest, "cached_tokens", _cached_tokens_)

        return cls(
            _audio_tokens_,
            _cached_tokens_,
            additional_properties=_rest,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        if self.audio_tokens is not None:
            _properties["audio_tokens"] = self.audio_tokens
        if self.cached_tokens is not None:
            _properties["cached_tokens"] = self.cached_tokens
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


_add_names(PromptTokensDetails, globals())

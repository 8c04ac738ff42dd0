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
from ..types import write as _write


@_define(repr=False, eq=False)
class StreamOptions(OpenModel[JsonValue]):
    """Options of a stream."""

    include_usage: bool | None = None
    """ Whether the stream ends with a chunk that has no choices and the usage of the whole call. """
    include_obfuscation: bool | None = None
    """ Whether chunks are padded, so that their length reveals nothing to an eavesdropper. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _attributes: ClassVar[Mapping[str, str]] = {
        "include_usage": "include_usage",
        "include_obfuscation": "include_obfuscation",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("StreamOptions", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _include_usage_ = _rest.pop("include_usage", None)
        if _include_usage_ is not None and not isinstance(_include_usage_, bool):
            _rest["include_usage"] = _include_usage_
            _include_usage_ = None

        _include_obfuscation_ = _rest.pop("include_obfuscation", None)
        if _include_obfuscation_ is not None and not isinstance(_include_obfuscation_, bool):
            _rest["include_obfuscation"] = _include_obfuscation_
            _include_obfuscation_ = None

        return cls(
            _include_usage_,
            _include_obfuscation_,
            additional_properties=_rest,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        if self.include_usage is not None:
            _properties["include_usage"] = self.include_usage
        if self.include_obfuscation is not None:
            _properties["include_obfuscation"] = self.include_obfuscation
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


_add_names(StreamOptions, globals())

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
from ..types import write as _write


@_define(repr=False, eq=False)
class AudioReference(OpenModel[JsonValue]):
    """Refers to earlier audio output of the model."""

    id: str
    """ The `audio.id` of the earlier completion. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _attributes: ClassVar[Mapping[str, str]] = {
        "id": "id",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("AudioReference", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _id_ = _rest.pop("id", None)
        if not isinstance(_id_, str):
            raise DecodeError("AudioReference", "id", "str", _id_)

        return cls(
            _id_,
            additional_properties=_rest,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        _properties["id"] = self.id
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties

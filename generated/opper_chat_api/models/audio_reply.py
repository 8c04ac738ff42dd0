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
from ..types import keep_int as _keep_int
from ..types import write as _write


@_define(repr=False, eq=False)
class AudioReply(OpenModel[JsonValue]):
    """Audio output of the model."""

    id: str
    """ The id of the audio, by which a later message can refer to it. """
    data: str
    """ The audio data in base64, in the requested encoding. """
    expires_at: int
    """ When the id expires, in seconds since 1970-01-01 UTC. """
    transcript: str
    """ The transcript of the audio. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _attributes: ClassVar[Mapping[str, str]] = {
        "id": "id",
        "data": "data",
        "expires_at": "expires_at",
        "transcript": "transcript",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("AudioReply", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _id_ = _rest.pop("id", None)
        if not isinstance(_id_, str):
            raise DecodeError("AudioReply", "id", "str", _id_)

        _data_ = _rest.pop("data", None)
        if not isinstance(_data_, str):
            raise DecodeError("AudioReply", "data", "str", _data_)

        _expires_at_ = _rest.pop("expires_at", None)
        if type(_expires_at_) is not int:
            _expires_at_ = _keep_int(_rest, "expires_at", _expires_at_)
            if _expires_at_ is None:
                raise DecodeError("AudioReply", "expires_at", "int", _rest.get("expires_at"))

        _transcript_ = _rest.pop("transcript", None)
        if not isinstance(_transcript_, str):
            raise DecodeError("AudioReply", "transcript", "str", _transcript_)

        return cls(
            _id_,
            _data_,
            _expires_at_,
            _transcript_,
            additional_properties=_rest,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        _properties["id"] = self.id
        _properties["data"] = self.data
        _properties["expires_at"] = self.expires_at
        _properties["transcript"] = self.transcript
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties

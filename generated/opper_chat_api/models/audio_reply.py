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
class AudioReply(OpenModel[JsonValue]):
    """The answer as sound."""

    id: str
    """ Names the sound, so that a later message can refer to it. """
    data: str
    """ The sound in base64, in the encoding that was asked for. """
    expires_at: int
    """ Until when the id can be referred to, in seconds since 1970-01-01 UTC. """
    transcript: str
    """ What is said. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Members that this class does not declare, and values that do not fit the ones it does. """

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or lacks a required member.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("AudioReply", None, "an object", src_dict)
        _rest: dict[str, object] = dict(src_dict)
        id = _rest.pop("id", None)
        if not isinstance(id, str):
            raise DecodeError("AudioReply", "id", "str", id)

        data = _rest.pop("data", None)
        if not isinstance(data, str):
            raise DecodeError("AudioReply", "data", "str", data)

        expires_at = _rest.pop("expires_at", None)
        if not isinstance(expires_at, int):
            raise DecodeError("AudioReply", "expires_at", "int", expires_at)

        transcript = _rest.pop("transcript", None)
        if not isinstance(transcript, str):
            raise DecodeError("AudioReply", "transcript", "str", transcript)

        _model = cls(
            id=id,
            data=data,
            expires_at=expires_at,
            transcript=transcript,
            additional_properties=_rest,
        )
        return _model

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _members: dict[str, Any] = {}
        _members["id"] = self.id
        _members["data"] = self.data
        _members["expires_at"] = self.expires_at
        _members["transcript"] = self.transcript
        for name, value in self.additional_properties.items():
            _members.setdefault(name, _write(value))
        return _members

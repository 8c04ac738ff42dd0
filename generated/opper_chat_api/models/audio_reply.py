# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _define
from attrs import field as _field

from ..errors import DecodeError
from ..types import NOTHING as _NOTHING
from ..types import (
    JsonValue,
    OpenModel,
)
from ..types import keep_int as _keep_int
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
    _absent: frozenset[str] = _field(
        default=_NOTHING, kw_only=True, alias="_absent", repr=False, eq=False
    )

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or lacks a required member.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("AudioReply", None, "an object", src_dict)
        _rest: dict[str, object] = dict(src_dict)
        _absent: list[str] = []
        _id_ = _rest.pop("id", None)
        if _id_ is not None and not isinstance(_id_, str):
            _rest["id"] = _id_
            _id_ = None
        if _id_ is None and ("id" not in src_dict or "id" in _rest):
            _absent.append("id")

        _data_ = _rest.pop("data", None)
        if _data_ is not None and not isinstance(_data_, str):
            _rest["data"] = _data_
            _data_ = None
        if _data_ is None and ("data" not in src_dict or "data" in _rest):
            _absent.append("data")

        _expires_at_ = _rest.pop("expires_at", None)
        if type(_expires_at_) is not int:
            _expires_at_ = _keep_int(_rest, "expires_at", _expires_at_)
            if _expires_at_ is None:
                raise DecodeError("AudioReply", "expires_at", "int", _rest.get("expires_at"))

        _transcript_ = _rest.pop("transcript", None)
        if _transcript_ is not None and not isinstance(_transcript_, str):
            _rest["transcript"] = _transcript_
            _transcript_ = None
        if _transcript_ is None and ("transcript" not in src_dict or "transcript" in _rest):
            _absent.append("transcript")

        return cls(
            id=_id_,
            data=_data_,
            expires_at=_expires_at_,
            transcript=_transcript_,
            additional_properties=_rest,
            _absent=frozenset(_absent) if _absent else _NOTHING,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _members: dict[str, Any] = {}
        if "id" not in self._absent or self.id is not None:
            _members["id"] = self.id
        if "data" not in self._absent or self.data is not None:
            _members["data"] = self.data
        _members["expires_at"] = self.expires_at
        if "transcript" not in self._absent or self.transcript is not None:
            _members["transcript"] = self.transcript
        for _name, _value in self.additional_properties.items():
            _members.setdefault(_name, _write(_value))
        return _members

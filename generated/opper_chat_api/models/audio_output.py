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
class AudioOutput(OpenModel[JsonValue]):
    """The voice and the encoding of audio output."""

    format: AudioOutputFormat
    """ The encoding of the audio. """
    voice: str
    """ The name of the voice. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _attributes: ClassVar[Mapping[str, str]] = {
        "format": "format",
        "voice": "voice",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("AudioOutput", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _format__ = _rest.pop("format", None)
        if not isinstance(_format__, str):
            raise DecodeError("AudioOutput", "format", "str", _format__)

        _voice_ = _rest.pop("voice", None)
        if not isinstance(_voice_, str):
            raise DecodeError("AudioOutput", "voice", "str", _voice_)

        return cls(
            _format__,
            _voice_,
            additional_properties=_rest,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        _properties["format"] = self.format
        _properties["voice"] = self.voice
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


from ..models.audio_output_format import AudioOutputFormat

_add_names(AudioOutput, globals())

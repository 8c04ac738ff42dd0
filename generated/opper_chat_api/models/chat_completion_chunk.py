# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import define as _define
from attrs import field as _field

from ..errors import DecodeError
from ..types import NOTHING as _NOTHING
from ..types import (
    JsonValue,
    OpenModel,
    Reader,
    list_reader,
)
from ..types import add_names as _add_names
from ..types import keep_int as _keep_int
from ..types import write as _write


@_define(repr=False, eq=False)
class ChatCompletionChunk(OpenModel[JsonValue]):
    """A chunk of a streamed completion. The documentation page does not describe streams."""

    id: str | None = None
    """ The id of the completion. Most servers send the same in every chunk. """
    choices: list[ChunkChoice] = _field(factory=list)
    """ The deltas of the choices. Empty in a chunk with something else, such as the usage. """
    created: int | None = None
    """ When the completion was created, in seconds since 1970-01-01 UTC. """
    model: str | None = None
    """ The model that writes the completion. """
    object: ChatCompletionChunkObject | None = None
    """ The type of the object, `chat.completion.chunk`. """
    service_tier: ServiceTier | None = None
    """ The service tier that is used. """
    system_fingerprint: str | None = None
    """ The configuration of the backend, for use with `seed`. """
    usage: CompletionUsage | None = None
    """ The token usage of the call. In the last chunk, if `stream_options.include_usage` was set. """
    obfuscation: str | None = None
    """ Padding that hides the length of the chunk. It has no meaning. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _absent: frozenset[str] = _field(
        default=frozenset(["id", "created", "model", "object"]),
        kw_only=True,
        alias="_absent",
        repr=False,
        eq=False,
    )
    _attributes: ClassVar[Mapping[str, str]] = {
        "id": "id",
        "choices": "choices",
        "created": "created",
        "model": "model",
        "object": "object",
        "service_tier": "service_tier",
        "system_fingerprint": "system_fingerprint",
        "usage": "usage",
        "obfuscation": "obfuscation",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("ChatCompletionChunk", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _absent: list[str] = []
        _id_ = _rest.pop("id", None)
        if _id_ is not None and not isinstance(_id_, str):
            _rest["id"] = _id_
            _id_ = None
        if _id_ is None and ("id" not in src_dict or "id" in _rest):
            _absent.append("id")

        _choices_ = _rest.pop("choices", None)
        if _choices_ is not None:
            try:
                _choices_ = _read_choices(_choices_)
            except DecodeError:
                _rest["choices"] = _choices_
                _choices_ = None
        if _choices_ is None:
            _choices_ = []
            _absent.append("choices")

        _created_ = _rest.pop("created", None)
        if type(_created_) is not int and _created_ is not None:
            _created_ = _keep_int(_rest, "created", _created_)
        if _created_ is None and ("created" not in src_dict or "created" in _rest):
            _absent.append("created")

        _model_ = _rest.pop("model", None)
        if _model_ is not None and not isinstance(_model_, str):
            _rest["model"] = _model_
            _model_ = None
        if _model_ is None and ("model" not in src_dict or "model" in _rest):
            _absent.append("model")

        _object__ = _rest.pop("object", None)
        if _object__ is not None and not isinstance(_object__, str):
            _rest["object"] = _object__
            _object__ = None
        if _object__ is None and ("object" not in src_dict or "object" in _rest):
            _absent.append("object")

        _service_tier_ = _rest.pop("service_tier", None)
        if _service_tier_ is not None and not isinstance(_service_tier_, str):
            _rest["service_tier"] = _service_tier_
            _service_tier_ = None

        _system_fingerprint_ = _rest.pop("system_fingerprint", None)
        if _system_fingerprint_ is not None and not isinstance(_system_fingerprint_, str):
            _rest["system_fingerprint"] = _system_fingerprint_
            _system_fingerprint_ = None

        _usage_ = _rest.pop("usage", None)
        if _usage_ is not None:
            try:
                _usage_ = CompletionUsage.from_dict(_usage_)
            except DecodeError:
                _rest["usage"] = _usage_
                _usage_ = None

        _obfuscation_ = _rest.pop("obfuscation", None)
        if _obfuscation_ is not None and not isinstance(_obfuscation_, str):
            _rest["obfuscation"] = _obfuscation_
            _obfuscation_ = None

        return cls(
            _id_,
            _choices_,
            _created_,
            _model_,
            _object__,
            _service_tier_,
            _system_fingerprint_,
            _usage_,
            _obfuscation_,
            additional_properties=_rest,
            _absent=frozenset(_absent) if _absent else _NOTHING,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        if "id" not in self._absent or self.id is not None:
            _properties["id"] = self.id
        if "choices" not in self._absent or self.choices != []:
            _properties["choices"] = _write(self.choices)
        if "created" not in self._absent or self.created is not None:
            _properties["created"] = self.created
        if "model" not in self._absent or self.model is not None:
            _properties["model"] = self.model
        if "object" not in self._absent or self.object is not None:
            _properties["object"] = self.object
        if self.service_tier is not None:
            _properties["service_tier"] = self.service_tier
        if self.system_fingerprint is not None:
            _properties["system_fingerprint"] = self.system_fingerprint
        if self.usage is not None:
            _properties["usage"] = _write(self.usage)
        if self.obfuscation is not None:
            _properties["obfuscation"] = self.obfuscation
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


from ..models.chat_completion_chunk_object import ChatCompletionChunkObject
from ..models.chunk_choice import ChunkChoice
from ..models.completion_usage import CompletionUsage
from ..models.service_tier import ServiceTier

_add_names(ChatCompletionChunk, globals())
_read_choices: Reader[list[ChunkChoice]] = list_reader(ChunkChoice.from_dict)

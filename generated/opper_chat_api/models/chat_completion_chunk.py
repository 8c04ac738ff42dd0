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
    Reader,
    list_reader,
)
from ..types import take as _take
from ..types import write as _write


@_define
class ChatCompletionChunk(OpenModel[JsonValue]):
    """A piece of a streamed answer. Nothing about a stream is on the documentation page."""

    id: str | None
    """ Names the completion; the same in every chunk of most servers. """
    created: int | None
    """ When the completion was made, in seconds since 1970-01-01 UTC. """
    model: str | None
    """ The model that answers. """
    object: ChatCompletionChunkObject | None
    """ The kind of object, `chat.completion.chunk`. """
    choices: list[ChunkChoice] = _field(factory=list)
    """ The pieces of the answers. Empty in a chunk that carries something else, such as usage. """
    service_tier: ServiceTier | None = None
    """ The class of processing that is used. """
    system_fingerprint: str | None = None
    """ Names the configuration of the backend, for use with `seed`. """
    usage: CompletionUsage | None = None
    """ What the call consumed. In the last chunk, where `stream_options.include_usage` asked for it. """
    obfuscation: str | None = None
    """ Padding that hides the length of the chunk. Means nothing. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Members that this class does not declare, and values that do not fit the ones it does. """
    _absent: frozenset[str] = _field(default=frozenset(), init=False, repr=False, eq=False)

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or lacks a required member.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("ChatCompletionChunk", None, "an object", src_dict)
        _rest: dict[str, object] = dict(src_dict)
        _absent: list[str] = []
        id = _rest.pop("id", None)
        if id is not None and not isinstance(id, str):
            _rest["id"] = id
            id = None
        if id is None:
            _absent.append("id")

        choices = _take(_rest, "choices", _read_choices)
        if choices is None:
            choices = []
            _absent.append("choices")

        created = _rest.pop("created", None)
        if created is not None and not isinstance(created, int):
            _rest["created"] = created
            created = None
        if created is None:
            _absent.append("created")

        model = _rest.pop("model", None)
        if model is not None and not isinstance(model, str):
            _rest["model"] = model
            model = None
        if model is None:
            _absent.append("model")

        object_ = _rest.pop("object", None)
        if object_ is not None and not isinstance(object_, str):
            _rest["object"] = object_
            object_ = None
        if object_ is None:
            _absent.append("object")

        service_tier = _rest.pop("service_tier", None)
        if service_tier is not None and not isinstance(service_tier, str):
            _rest["service_tier"] = service_tier
            service_tier = None

        system_fingerprint = _rest.pop("system_fingerprint", None)
        if system_fingerprint is not None and not isinstance(system_fingerprint, str):
            _rest["system_fingerprint"] = system_fingerprint
            system_fingerprint = None

        usage = _take(_rest, "usage", CompletionUsage.from_dict)

        obfuscation = _rest.pop("obfuscation", None)
        if obfuscation is not None and not isinstance(obfuscation, str):
            _rest["obfuscation"] = obfuscation
            obfuscation = None

        _model = cls(
            id=id,
            choices=choices,
            created=created,
            model=model,
            object=object_,
            service_tier=service_tier,
            system_fingerprint=system_fingerprint,
            usage=usage,
            obfuscation=obfuscation,
            additional_properties=_rest,
        )
        if _absent:
            _model._absent = frozenset(_absent)
        return _model

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _members: dict[str, Any] = {}
        if "id" not in self._absent or self.id is not None:
            _members["id"] = self.id
        if "choices" not in self._absent or self.choices != []:
            _members["choices"] = _write(self.choices)
        if "created" not in self._absent or self.created is not None:
            _members["created"] = self.created
        if "model" not in self._absent or self.model is not None:
            _members["model"] = self.model
        if "object" not in self._absent or self.object is not None:
            _members["object"] = self.object
        if self.service_tier is not None:
            _members["service_tier"] = self.service_tier
        if self.system_fingerprint is not None:
            _members["system_fingerprint"] = self.system_fingerprint
        if self.usage is not None:
            _members["usage"] = _write(self.usage)
        if self.obfuscation is not None:
            _members["obfuscation"] = self.obfuscation
        for name, value in self.additional_properties.items():
            _members.setdefault(name, _write(value))
        return _members


from ..models.chat_completion_chunk_object import ChatCompletionChunkObject
from ..models.chunk_choice import ChunkChoice
from ..models.completion_usage import CompletionUsage
from ..models.service_tier import ServiceTier

_read_choices: Reader[list[ChunkChoice]] = list_reader(ChunkChoice.from_dict)

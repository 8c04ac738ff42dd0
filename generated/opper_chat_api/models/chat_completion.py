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
from ..types import take_required as _take_required
from ..types import write as _write


@_define
class ChatCompletion(OpenModel[JsonValue]):
    """The answer. `id`, `created`, `model` and `object` are documented as always present; they may be null
    here because other servers of this API leave them out."""

    id: str | None
    """ Names this completion. """
    choices: list[Choice]
    """ The answers, as many as `n` asked for. """
    created: int | None
    """ When the completion was made, in seconds since 1970-01-01 UTC. """
    model: str | None
    """ The model that answered, which is not always the one that was asked. """
    object: ChatCompletionObject | None
    """ The kind of object, `chat.completion`. """
    service_tier: ServiceTier | None = None
    """ The class of processing that was used. """
    system_fingerprint: str | None = None
    """ Names the configuration of the backend, for use with `seed`. """
    usage: CompletionUsage | None = None
    """ What the call consumed. """
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
            raise DecodeError("ChatCompletion", None, "an object", src_dict)
        _rest: dict[str, object] = dict(src_dict)
        _absent: list[str] = []
        id = _rest.pop("id", None)
        if id is not None and not isinstance(id, str):
            _rest["id"] = id
            id = None
        if id is None:
            _absent.append("id")

        choices = _take_required(_rest, "choices", "ChatCompletion", _read_choices)

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

        _model = cls(
            id=id,
            choices=choices,
            created=created,
            model=model,
            object=object_,
            service_tier=service_tier,
            system_fingerprint=system_fingerprint,
            usage=usage,
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
        for name, value in self.additional_properties.items():
            _members.setdefault(name, _write(value))
        return _members


from ..models.chat_completion_object import ChatCompletionObject
from ..models.choice import Choice
from ..models.completion_usage import CompletionUsage
from ..models.service_tier import ServiceTier

_read_choices: Reader[list[Choice]] = list_reader(Choice.from_dict)

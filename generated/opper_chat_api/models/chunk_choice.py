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
from ..types import take as _take
from ..types import write as _write


@_define
class ChunkChoice(OpenModel[JsonValue]):
    """A piece of one of the answers."""

    index: int | None = None
    """ Which answer this continues, from 0. """
    delta: ChoiceDelta = _field(factory=lambda: ChoiceDelta())
    """ What this piece adds to the message. Texts are appended to what came before. """
    finish_reason: FinishReason | None = None
    """ Why the model stopped; null until it has. """
    logprobs: ChoiceLogprobs | None = None
    """ Log probabilities of the tokens in this piece, where they were asked for. """
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
            raise DecodeError("ChunkChoice", None, "an object", src_dict)
        _rest: dict[str, object] = dict(src_dict)
        _absent: list[str] = []
        index = _rest.pop("index", None)
        if index is not None and not isinstance(index, int):
            _rest["index"] = index
            index = None

        delta = _take(_rest, "delta", ChoiceDelta.from_dict)
        if delta is None:
            delta = ChoiceDelta()
            _absent.append("delta")

        finish_reason = _rest.pop("finish_reason", None)
        if finish_reason is not None and not isinstance(finish_reason, str):
            _rest["finish_reason"] = finish_reason
            finish_reason = None

        logprobs = _take(_rest, "logprobs", ChoiceLogprobs.from_dict)

        _model = cls(
            index=index,
            delta=delta,
            finish_reason=finish_reason,
            logprobs=logprobs,
            additional_properties=_rest,
        )
        if _absent:
            _model._absent = frozenset(_absent)
        return _model

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _members: dict[str, Any] = {}
        if self.index is not None:
            _members["index"] = self.index
        if "delta" not in self._absent or self.delta != ChoiceDelta():
            _members["delta"] = _write(self.delta)
        if self.finish_reason is not None:
            _members["finish_reason"] = self.finish_reason
        if self.logprobs is not None:
            _members["logprobs"] = _write(self.logprobs)
        for name, value in self.additional_properties.items():
            _members.setdefault(name, _write(value))
        return _members


from ..models.choice_delta import ChoiceDelta
from ..models.choice_logprobs import ChoiceLogprobs
from ..models.finish_reason import FinishReason

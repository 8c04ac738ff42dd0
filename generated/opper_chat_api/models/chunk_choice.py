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
)
from ..types import add_names as _add_names
from ..types import keep_int as _keep_int
from ..types import write as _write


@_define(repr=False, eq=False)
class ChunkChoice(OpenModel[JsonValue]):
    """A delta of one of the choices."""

    index: int | None = None
    """ The position of the choice among the choices, from 0. """
    delta: ChoiceDelta = _field(factory=lambda: ChoiceDelta())
    """ What the chunk adds to the message. """
    finish_reason: FinishReason | None = None
    """ Why the model stopped. Null until then. """
    logprobs: ChoiceLogprobs | None = None
    """ The log probabilities of the tokens in this chunk, if `logprobs` was set. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _absent: frozenset[str] = _field(
        default=frozenset(["index"]), kw_only=True, alias="_absent", repr=False, eq=False
    )
    _attributes: ClassVar[Mapping[str, str]] = {
        "index": "index",
        "delta": "delta",
        "finish_reason": "finish_reason",
        "logprobs": "logprobs",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("ChunkChoice", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _absent: list[str] = []
        _index_ = _rest.pop("index", None)
        if type(_index_) is not int and _index_ is not None:
            _index_ = _keep_int(_rest, "index", _index_)
        if _index_ is None and ("index" not in src_dict or "index" in _rest):
            _absent.append("index")

        _delta_ = _rest.pop("delta", None)
        if _delta_ is not None:
            try:
                _delta_ = ChoiceDelta.from_dict(_delta_)
            except DecodeError:
                _rest["delta"] = _delta_
                _delta_ = None
        if _delta_ is None:
            _delta_ = ChoiceDelta()
            _absent.append("delta")

        _finish_reason_ = _rest.pop("finish_reason", None)
        if _finish_reason_ is not None and not isinstance(_finish_reason_, str):
            _rest["finish_reason"] = _finish_reason_
            _finish_reason_ = None

        _logprobs_ = _rest.pop("logprobs", None)
        if _logprobs_ is not None:
            try:
                _logprobs_ = ChoiceLogprobs.from_dict(_logprobs_)
            except DecodeError:
                _rest["logprobs"] = _logprobs_
                _logprobs_ = None

        return cls(
            _index_,
            _delta_,
            _finish_reason_,
            _logprobs_,
            additional_properties=_rest,
            _absent=frozenset(_absent) if _absent else _NOTHING,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        if "index" not in self._absent or self.index is not None:
            _properties["index"] = self.index
        if "delta" not in self._absent or self.delta != ChoiceDelta():
            _properties["delta"] = _write(self.delta)
        if self.finish_reason is not None:
            _properties["finish_reason"] = self.finish_reason
        if self.logprobs is not None:
            _properties["logprobs"] = _write(self.logprobs)
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


from ..models.choice_delta import ChoiceDelta
from ..models.choice_logprobs import ChoiceLogprobs
from ..models.finish_reason import FinishReason

_add_names(ChunkChoice, globals())

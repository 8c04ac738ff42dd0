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
    read_int,
)
from ..types import add_names as _add_names
from ..types import keep_float as _keep_float
from ..types import write as _write


@_define(repr=False, eq=False)
class TokenLogprob(OpenModel[JsonValue]):
    """The log probability of one token, and of the most likely tokens at its position."""

    token: str
    """ The token, as text. """
    logprob: float
    """ The natural logarithm of its probability; -9999 if it is not among the 20 most likely tokens. """
    bytes: list[int] | None = None
    """ The token, as UTF-8 bytes, which can be a part of a character. """
    top_logprobs: list[TopLogprob] = _field(factory=list)
    """ The most likely tokens at this position, as many as `top_logprobs` in the request. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _absent: frozenset[str] = _field(
        default=_NOTHING, kw_only=True, alias="_absent", repr=False, eq=False
    )
    _attributes: ClassVar[Mapping[str, str]] = {
        "token": "token",
        "logprob": "logprob",
        "top_logprobs": "top_logprobs",
        "bytes": "bytes",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("TokenLogprob", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _absent: list[str] = []
        _token_ = _rest.pop("token", None)
        if not isinstance(_token_, str):
            raise DecodeError("TokenLogprob", "token", "str", _token_)

        _logprob_ = _rest.pop("logprob", None)
        if type(_logprob_) is not float:
            _logprob_ = _keep_float(_rest, "logprob", _logprob_)
            if _logprob_ is None:
                raise DecodeError("TokenLogprob", "logprob", "float", _rest.get("logprob"))

        _top_logprobs_ = _rest.pop("top_logprobs", None)
        if _top_logprobs_ is not None:
            try:
                _top_logprobs_ = _read_top_logprobs(_top_logprobs_)
            except DecodeError:
                _rest["top_logprobs"] = _top_logprobs_
                _top_logprobs_ = None
        if _top_logprobs_ is None:
            _top_logprobs_ = []
            _absent.append("top_logprobs")

        _bytes__ = _rest.pop("bytes", None)
        if _bytes__ is not None:
            try:
                _bytes__ = _read_bytes_(_bytes__)
            except DecodeError:
                _rest["bytes"] = _bytes__
                _bytes__ = None

        return cls(
            _token_,
            _logprob_,
            _bytes__,
            _top_logprobs_,
            additional_properties=_rest,
            _absent=frozenset(_absent) if _absent else _NOTHING,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        _properties["token"] = self.token
        _properties["logprob"] = self.logprob
        if "top_logprobs" not in self._absent or self.top_logprobs != []:
            _properties["top_logprobs"] = _write(self.top_logprobs)
        if self.bytes is not None:
            _properties["bytes"] = _write(self.bytes)
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


from ..models.top_logprob import TopLogprob

_add_names(TokenLogprob, globals())
_read_top_logprobs: Reader[list[TopLogprob]] = list_reader(TopLogprob.from_dict)
_read_bytes_: Reader[list[int]] = list_reader(read_int)

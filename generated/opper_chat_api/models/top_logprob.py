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
class TopLogprob(OpenModel[JsonValue]):
    """A likely token and its log probability."""

    token: str | None = None
    """ The token, as text. """
    bytes: list[int] | None = None
    """ The token, as UTF-8 bytes, which can be a part of a character. """
    logprob: float | None = None
    """ The natural logarithm of its probability. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _absent: frozenset[str] = _field(
        default=frozenset(["token", "logprob"]), kw_only=True, alias="_absent", repr=False, eq=False
    )
    _attributes: ClassVar[Mapping[str, str]] = {
        "token": "token",
        "logprob": "logprob",
        "bytes": "bytes",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("TopLogprob", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _absent: list[str] = []
        _token_ = _rest.pop("token", None)
        if _token_ is not None and not isinstance(_token_, str):
            _rest["token"] = _token_
            _token_ = None
        if _token_ is None and ("token" not in src_dict or "token" in _rest):
            _absent.append("token")

        _logprob_ = _rest.pop("logprob", None)
        if type(_logprob_) is not float and _logprob_ is not None:
            _logprob_ = _keep_float(_rest, "logprob", _logprob_)
        if _logprob_ is None and ("logprob" not in src_dict or "logprob" in _rest):
            _absent.append("logprob")

        _bytes__ = _rest.pop("bytes", None)
        if _bytes__ is not None:
            try:
                _bytes__ = _read_bytes_(_bytes__)
            except DecodeError:
                _rest["bytes"] = _bytes__
                _bytes__ = None

        return cls(
            _token_,
            _bytes__,
            _logprob_,
            additional_properties=_rest,
            _absent=frozenset(_absent) if _absent else _NOTHING,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        if "token" not in self._absent or self.token is not None:
            _properties["token"] = self.token
        if "logprob" not in self._absent or self.logprob is not None:
            _properties["logprob"] = self.logprob
        if self.bytes is not None:
            _properties["bytes"] = _write(self.bytes)
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


_add_names(TopLogprob, globals())
_read_bytes_: Reader[list[int]] = list_reader(read_int)

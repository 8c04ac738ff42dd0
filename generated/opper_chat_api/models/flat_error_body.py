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
    Reader,
    list_reader,
    read_any,
    union_reader,
)
from ..types import take as _take
from ..types import write as _write


@_define
class FlatErrorBody(OpenModel[JsonValue]):
    """What went wrong, as the v2 service says it."""

    type: str
    """ The name of the error, such as `NotFoundError`. """
    message: str
    """ What went wrong, for a person to read. """
    detail: JsonValue | list[ValidationErrorEntry] | None = None
    """ More about it: for an invalid body, a list of `ValidationErrorEntry`; otherwise anything. """
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
            raise DecodeError("FlatErrorBody", None, "an object", src_dict)
        _rest: dict[str, object] = dict(src_dict)
        _absent: list[str] = []
        _type__ = _rest.pop("type", None)
        if _type__ is not None and not isinstance(_type__, str):
            _rest["type"] = _type__
            _type__ = None
        if _type__ is None and ("type" not in src_dict or "type" in _rest):
            _absent.append("type")

        _message_ = _rest.pop("message", None)
        if _message_ is not None and not isinstance(_message_, str):
            _rest["message"] = _message_
            _message_ = None
        if _message_ is None and ("message" not in src_dict or "message" in _rest):
            _absent.append("message")

        _detail_ = _take(_rest, "detail", _read_detail)

        return cls(
            type=_type__,
            message=_message_,
            detail=_detail_,
            additional_properties=_rest,
            _absent=frozenset(_absent) if _absent else _NOTHING,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _members: dict[str, Any] = {}
        if "type" not in self._absent or self.type is not None:
            _members["type"] = self.type
        if "message" not in self._absent or self.message is not None:
            _members["message"] = self.message
        if self.detail is not None:
            _members["detail"] = _write(self.detail)
        for _name, _value in self.additional_properties.items():
            _members.setdefault(_name, _write(_value))
        return _members


from ..models.validation_error_entry import ValidationErrorEntry

_read_detail: Reader[object | list[ValidationErrorEntry]] = union_reader(
    list_reader(ValidationErrorEntry.from_dict), read_any
)

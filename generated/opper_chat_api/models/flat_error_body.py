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
    read_any,
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
    detail: object | None = None
    """ More about it - for an invalid body, a list of `{loc, msg, type, input}`; otherwise anything. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Members that this class does not declare, and values that do not fit the ones it does. """

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or lacks a required member.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("FlatErrorBody", None, "an object", src_dict)
        _rest: dict[str, object] = dict(src_dict)
        type_ = _rest.pop("type", None)
        if not isinstance(type_, str):
            raise DecodeError("FlatErrorBody", "type", "str", type_)

        message = _rest.pop("message", None)
        if not isinstance(message, str):
            raise DecodeError("FlatErrorBody", "message", "str", message)

        detail = _take(_rest, "detail", read_any)

        _model = cls(
            type=type_,
            message=message,
            detail=detail,
            additional_properties=_rest,
        )
        return _model

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _members: dict[str, Any] = {}
        _members["type"] = self.type
        _members["message"] = self.message
        if self.detail is not None:
            _members["detail"] = self.detail
        for name, value in self.additional_properties.items():
            _members.setdefault(name, _write(value))
        return _members

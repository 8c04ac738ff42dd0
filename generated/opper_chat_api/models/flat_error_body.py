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
    read_any,
    union_reader,
)
from ..types import add_names as _add_names
from ..types import write as _write


@_define(repr=False, eq=False)
class FlatErrorBody(OpenModel[JsonValue]):
    """An error in the format of the v2 service. Servers made with FastAPI send only `detail`."""

    type: str | None = None
    """ The name of the error, such as `NotFoundError`. """
    message: str | None = None
    """ The error message, for people. """
    detail: JsonValue | list[ValidationErrorEntry] | None = None
    """ Details: for an invalid body, a list of `ValidationErrorEntry`; otherwise any JSON value. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _absent: frozenset[str] = _field(
        default=frozenset(["detail"]), kw_only=True, alias="_absent", repr=False, eq=False
    )
    _attributes: ClassVar[Mapping[str, str]] = {
        "detail": "detail",
        "type": "type",
        "message": "message",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("FlatErrorBody", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _absent: list[str] = []
        _detail_ = _rest.pop("detail", None)
        if _detail_ is not None:
            try:
                _detail_ = _read_detail(_detail_)
            except DecodeError:
                _rest["detail"] = _detail_
                _detail_ = None
        if _detail_ is None and ("detail" not in src_dict or "detail" in _rest):
            _absent.append("detail")

        _type__ = _rest.pop("type", None)
        if _type__ is not None and not isinstance(_type__, str):
            _rest["type"] = _type__
            _type__ = None

        _message_ = _rest.pop("message", None)
        if _message_ is not None and not isinstance(_message_, str):
            _rest["message"] = _message_
            _message_ = None

        return cls(
            _type__,
            _message_,
            _detail_,
            additional_properties=_rest,
            _absent=frozenset(_absent) if _absent else _NOTHING,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        if "detail" not in self._absent or self.detail is not None:
            _properties["detail"] = _write(self.detail)
        if self.type is not None:
            _properties["type"] = self.type
        if self.message is not None:
            _properties["message"] = self.message
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


from ..models.validation_error_entry import ValidationErrorEntry

_add_names(FlatErrorBody, globals())
_read_detail: Reader[object | list[ValidationErrorEntry]] = union_reader(
    list_reader(ValidationErrorEntry.from_dict), read_any
)

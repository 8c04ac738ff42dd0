# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from attrs import define as _define
from attrs import field as _field

from ..errors import DecodeError
from ..types import (
    JsonValue,
    OpenModel,
    Reader,
    read_any,
    read_int,
    read_str,
    union_reader,
)
from ..types import add_names as _add_names
from ..types import write as _write


@_define(repr=False, eq=False)
class ErrorObject(OpenModel[JsonValue]):
    """The error."""

    message: str
    """ The error message, for people. """
    code: int | str | None = None
    """ The name of the error, or a number. """
    details: JsonValue | None = None
    """ Details of the error: any JSON value. """
    type: str | None = None
    """ The type of the error, if another server of this API sends it. """
    param: str | None = None
    """ The parameter that the error is about, if another server of this API sends it. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _attributes: ClassVar[Mapping[str, str]] = {
        "message": "message",
        "code": "code",
        "details": "details",
        "type": "type",
        "param": "param",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("ErrorObject", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _message_ = _rest.pop("message", None)
        if not isinstance(_message_, str):
            raise DecodeError("ErrorObject", "message", "str", _message_)

        _code_ = _rest.pop("code", None)
        if _code_ is not None:
            try:
                _code_ = _read_code(_code_)
            except DecodeError:
                _rest["code"] = _code_
                _code_ = None

        _details_ = _rest.pop("details", None)
        if _details_ is not None:
            try:
                _details_ = read_any(_details_)
            except DecodeError:
                _rest["details"] = _details_
                _details_ = None

        _type__ = _rest.pop("type", None)
        if _type__ is not None and not isinstance(_type__, str):
            _rest["type"] = _type__
            _type__ = None

        _param_ = _rest.pop("param", None)
        if _param_ is not None and not isinstance(_param_, str):
            _rest["param"] = _param_
            _param_ = None

        return cls(
            _message_,
            _code_,
            _details_,
            _type__,
            _param_,
            additional_properties=_rest,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        _properties["message"] = self.message
        if self.code is not None:
            _properties["code"] = _write(self.code)
        if self.details is not None:
            _properties["details"] = self.details
        if self.type is not None:
            _properties["type"] = self.type
        if self.param is not None:
            _properties["param"] = self.param
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


_add_names(ErrorObject, globals())
_read_code: Reader[int | str] = union_reader(read_str, read_int)

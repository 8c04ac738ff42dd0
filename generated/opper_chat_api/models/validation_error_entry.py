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
    list_reader,
    read_any,
    read_int,
    read_str,
    union_reader,
)
from ..types import add_names as _add_names
from ..types import take_required as _take_required
from ..types import write as _write


@_define(repr=False, eq=False)
class ValidationErrorEntry(OpenModel[JsonValue]):
    """A problem with a body, and the path to it."""

    loc: list[int | str]
    """ The path to the value: names of properties and indexes of items. """
    msg: str
    """ The problem, for people. """
    type: str
    """ The name of the problem. """
    input: JsonValue | None = None
    """ The value that was sent. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _attributes: ClassVar[Mapping[str, str]] = {
        "loc": "loc",
        "msg": "msg",
        "type": "type",
        "input": "input",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("ValidationErrorEntry", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _loc_ = _take_required(_rest, "loc", "ValidationErrorEntry", _read_loc)

        _msg_ = _rest.pop("msg", None)
        if not isinstance(_msg_, str):
            raise DecodeError("ValidationErrorEntry", "msg", "str", _msg_)

        _type__ = _rest.pop("type", None)
        if not isinstance(_type__, str):
            raise DecodeError("ValidationErrorEntry", "type", "str", _type__)

        _input__ = _rest.pop("input", None)
        if _input__ is not None:
            try:
                _input__ = read_any(_input__)
            except DecodeError:
                _rest["input"] = _input__
                _input__ = None

        return cls(
            _loc_,
            _msg_,
            _type__,
            _input__,
            additional_properties=_rest,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        _properties["loc"] = _write(self.loc)
        _properties["msg"] = self.msg
        _properties["type"] = self.type
        if self.input is not None:
            _properties["input"] = self.input
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


_add_names(ValidationErrorEntry, globals())
_read_loc: Reader[list[int | str]] = list_reader(union_reader(read_str, read_int))

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
    OtherValue,
)
from ..types import add_names as _add_names
from ..types import take_other_value as _take_other_value
from ..types import write as _write


@_define(repr=False, eq=False)
class OtherToolCall(OpenModel[JsonValue]):
    """A call of a type that this contract does not list. Its properties are kept unchanged."""

    id: str | None = None
    """ The id of the call. """
    type: OtherValue | None = _field(default=None, kw_only=True)
    """ Any other value. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _attributes: ClassVar[Mapping[str, str]] = {
        "type": "type",
        "id": "id",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("OtherToolCall", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _type__ = _take_other_value(_rest, "type")
        _id_ = _rest.pop("id", None)
        if _id_ is not None and not isinstance(_id_, str):
            _rest["id"] = _id_
            _id_ = None

        return cls(
            _id_,
            type=_type__,
            additional_properties=_rest,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        if self.type is not None:
            _properties["type"] = self.type
        if self.id is not None:
            _properties["id"] = self.id
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


_add_names(OtherToolCall, globals())

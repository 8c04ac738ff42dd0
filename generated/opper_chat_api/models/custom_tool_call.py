# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from attrs import define as _define
from attrs import field as _field

from ..errors import DecodeError
from ..types import NOTHING as _NOTHING
from ..types import (
    JsonValue,
    OpenModel,
)
from ..types import add_names as _add_names
from ..types import take_required as _take_required
from ..types import write as _write


@_define(repr=False, eq=False)
class CustomToolCall(OpenModel[JsonValue]):
    """A call of a custom tool."""

    custom: CustomCall
    """ The custom tool and its input. """
    id: str = ""
    """ The id of the call, for the tool message with its result. Empty if the server sent none. """
    type: Literal["custom"] = "custom"
    """ The type of the tool. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _absent: frozenset[str] = _field(
        default=_NOTHING, kw_only=True, alias="_absent", repr=False, eq=False
    )
    _attributes: ClassVar[Mapping[str, str]] = {
        "id": "id",
        "type": "type",
        "custom": "custom",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("CustomToolCall", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _absent: list[str] = []
        _type__ = _rest.pop("type", None)
        if _type__ is None:
            _absent.append("type")
        elif _type__ != "custom":
            raise DecodeError("CustomToolCall", "type", "'custom'", _type__)
        _id_ = _rest.pop("id", None)
        if _id_ is not None and not isinstance(_id_, str):
            _rest["id"] = _id_
            _id_ = None
        if _id_ is None:
            _id_ = ""
            _absent.append("id")

        _custom_ = _take_required(_rest, "custom", "CustomToolCall", CustomCall.from_dict)

        return cls(
            _custom_,
            _id_,
            "custom",
            additional_properties=_rest,
            _absent=frozenset(_absent) if _absent else _NOTHING,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        if "id" not in self._absent or self.id != "":
            _properties["id"] = self.id
        if "type" not in self._absent or self.type != "custom":
            _properties["type"] = self.type
        _properties["custom"] = _write(self.custom)
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


from ..models.custom_call import CustomCall

_add_names(CustomToolCall, globals())

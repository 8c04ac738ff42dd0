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
    Reader,
    list_reader,
    read_str,
    union_reader,
)
from ..types import add_names as _add_names
from ..types import take_required as _take_required
from ..types import write as _write


@_define(repr=False, eq=False)
class SystemMessage(OpenModel[JsonValue]):
    """Instructions that the model follows regardless of the user's messages."""

    content: list[TextPart] | str
    """ The instructions, as a string or as text parts. """
    role: Literal["system"] = "system"
    """ The role of the author. """
    name: str | None = None
    """ The name of the participant, to distinguish participants of the same role. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _absent: frozenset[str] = _field(
        default=_NOTHING, kw_only=True, alias="_absent", repr=False, eq=False
    )
    _attributes: ClassVar[Mapping[str, str]] = {
        "role": "role",
        "content": "content",
        "name": "name",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("SystemMessage", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _absent: list[str] = []
        _role_ = _rest.pop("role", None)
        if _role_ is None:
            _absent.append("role")
        elif _role_ != "system":
            raise DecodeError("SystemMessage", "role", "'system'", _role_)
        _content_ = _take_required(_rest, "content", "SystemMessage", _read_content)

        _name_ = _rest.pop("name", None)
        if _name_ is not None and not isinstance(_name_, str):
            _rest["name"] = _name_
            _name_ = None

        return cls(
            _content_,
            "system",
            _name_,
            additional_properties=_rest,
            _absent=frozenset(_absent) if _absent else _NOTHING,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        if "role" not in self._absent or self.role != "system":
            _properties["role"] = self.role
        _properties["content"] = _write(self.content)
        if self.name is not None:
            _properties["name"] = self.name
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


from ..models.text_part import TextPart

_add_names(SystemMessage, globals())
_read_content: Reader[list[TextPart] | str] = union_reader(
    read_str, list_reader(TextPart.from_dict)
)

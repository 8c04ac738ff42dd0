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
from ..types import write as _write


@_define(repr=False, eq=False)
class FunctionMessage(OpenModel[JsonValue]):
    """The result of a function call. Deprecated in favor of the tool message."""

    content: str | None
    """ The result of the call. """
    name: str
    """ The name of the function that was called. """
    role: Literal["function"] = "function"
    """ The role of the author. """
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
            raise DecodeError("FunctionMessage", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _absent: list[str] = []
        _role_ = _rest.pop("role", None)
        if _role_ is None:
            _absent.append("role")
        elif _role_ != "function":
            raise DecodeError("FunctionMessage", "role", "'function'", _role_)
        _content_ = _rest.pop("content", None)
        if _content_ is not None and not isinstance(_content_, str):
            _rest["content"] = _content_
            _content_ = None
        if _content_ is None and ("content" not in src_dict or "content" in _rest):
            _absent.append("content")

        _name_ = _rest.pop("name", None)
        if not isinstance(_name_, str):
            raise DecodeError("FunctionMessage", "name", "str", _name_)

        return cls(
            _content_,
            _name_,
            "function",
            additional_properties=_rest,
            _absent=frozenset(_absent) if _absent else _NOTHING,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        if "role" not in self._absent or self.role != "function":
            _properties["role"] = self.role
        if "content" not in self._absent or self.content is not None:
            _properties["content"] = self.content
        _properties["name"] = self.name
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


_add_names(FunctionMessage, globals())

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
)
from ..types import write as _write


@_define
class CustomCall(OpenModel[JsonValue]):
    """The custom tool that the model asks to call, and with what."""

    name: str
    """ The name of the tool. """
    input: str = ""
    """ The text that the model wrote for it. Empty where a server gives none. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Members that this class does not declare, and values that do not fit the ones it does. """
    _absent: frozenset[str] = _field(default=frozenset(), init=False, repr=False, eq=False)

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or lacks a required member.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("CustomCall", None, "an object", src_dict)
        _rest: dict[str, object] = dict(src_dict)
        _absent: list[str] = []
        name = _rest.pop("name", None)
        if not isinstance(name, str):
            raise DecodeError("CustomCall", "name", "str", name)

        input_ = _rest.pop("input", None)
        if input_ is not None and not isinstance(input_, str):
            _rest["input"] = input_
            input_ = None
        if input_ is None:
            input_ = ""
            _absent.append("input")

        _model = cls(
            name=name,
            input=input_,
            additional_properties=_rest,
        )
        if _absent:
            _model._absent = frozenset(_absent)
        return _model

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _members: dict[str, Any] = {}
        _members["name"] = self.name
        if "input" not in self._absent or self.input != "":
            _members["input"] = self.input
        for name, value in self.additional_properties.items():
            _members.setdefault(name, _write(value))
        return _members

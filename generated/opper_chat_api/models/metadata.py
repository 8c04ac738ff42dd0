# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import define as _define
from attrs import field as _field

from ..errors import DecodeError
from ..types import (
    OpenModel,
    read_str,
)
from ..types import read_values as _read_values
from ..types import write as _write


@_define(repr=False, eq=False)
class Metadata(OpenModel[str]):
    """Up to 16 labels. A key has up to 64 characters, a value up to 512."""

    additional_properties: dict[str, str] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("Metadata", None, "an object", src_dict)
        return cls(additional_properties=_read_values(src_dict, "Metadata", read_str))

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties

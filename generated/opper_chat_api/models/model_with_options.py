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
)
from ..types import add_names as _add_names
from ..types import write as _write


@_define(repr=False, eq=False)
class ModelWithOptions(OpenModel[JsonValue]):
    """A model with its own options and headers."""

    name: str
    """ The model in the form `provider/model`. """
    options: ModelOptions | None = None
    """ Parameters for this model only. """
    extra_headers: ModelHeaders | None = None
    """ HTTP headers for the provider of this model only. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _attributes: ClassVar[Mapping[str, str]] = {
        "name": "name",
        "options": "options",
        "extra_headers": "extra_headers",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("ModelWithOptions", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _name_ = _rest.pop("name", None)
        if not isinstance(_name_, str):
            raise DecodeError("ModelWithOptions", "name", "str", _name_)

        _options_ = _rest.pop("options", None)
        if _options_ is not None:
            try:
                _options_ = ModelOptions.from_dict(_options_)
            except DecodeError:
                _rest["options"] = _options_
                _options_ = None

        _extra_headers_ = _rest.pop("extra_headers", None)
        if _extra_headers_ is not None:
            try:
                _extra_headers_ = ModelHeaders.from_dict(_extra_headers_)
            except DecodeError:
                _rest["extra_headers"] = _extra_headers_
                _extra_headers_ = None

        return cls(
            _name_,
            _options_,
            _extra_headers_,
            additional_properties=_rest,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        _properties["name"] = self.name
        if self.options is not None:
            _properties["options"] = _write(self.options)
        if self.extra_headers is not None:
            _properties["extra_headers"] = _write(self.extra_headers)
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


from ..models.model_headers import ModelHeaders
from ..models.model_options import ModelOptions

_add_names(ModelWithOptions, globals())

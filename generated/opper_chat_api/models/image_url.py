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
class ImageUrl(OpenModel[JsonValue]):
    """The URL of an image, and its level of detail."""

    url: str
    """ The URL of the image, or the image itself as a `data` URL in base64. """
    detail: ImageDetail | None = None
    """ The level of detail. `auto` by default. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _attributes: ClassVar[Mapping[str, str]] = {
        "url": "url",
        "detail": "detail",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("ImageUrl", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _url_ = _rest.pop("url", None)
        if not isinstance(_url_, str):
            raise DecodeError("ImageUrl", "url", "str", _url_)

        _detail_ = _rest.pop("detail", None)
        if _detail_ is not None and not isinstance(_detail_, str):
            _rest["detail"] = _detail_
            _detail_ = None

        return cls(
            _url_,
            _detail_,
            additional_properties=_rest,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        _properties["url"] = self.url
        if self.detail is not None:
            _properties["detail"] = self.detail
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


from ..models.image_detail import ImageDetail

_add_names(ImageUrl, globals())

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
from ..types import keep_int as _keep_int
from ..types import write as _write


@_define(repr=False, eq=False)
class UrlCitation(OpenModel[JsonValue]):
    """A web page, and the part of the text that cites it."""

    end_index: int
    """ The end of that part, in characters from the start of the text. """
    start_index: int
    """ The start of that part, in characters from the start of the text. """
    title: str
    """ The title of the page. """
    url: str
    """ The URL of the page. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _attributes: ClassVar[Mapping[str, str]] = {
        "end_index": "end_index",
        "start_index": "start_index",
        "title": "title",
        "url": "url",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("UrlCitation", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _end_index_ = _rest.pop("end_index", None)
        if type(_end_index_) is not int:
            _end_index_ = _keep_int(_rest, "end_index", _end_index_)
            if _end_index_ is None:
                raise DecodeError("UrlCitation", "end_index", "int", _rest.get("end_index"))

        _start_index_ = _rest.pop("start_index", None)
        if type(_start_index_) is not int:
            _start_index_ = _keep_int(_rest, "start_index", _start_index_)
            if _start_index_ is None:
                raise DecodeError("UrlCitation", "start_index", "int", _rest.get("start_index"))

        _title_ = _rest.pop("title", None)
        if not isinstance(_title_, str):
            raise DecodeError("UrlCitation", "title", "str", _title_)

        _url_ = _rest.pop("url", None)
        if not isinstance(_url_, str):
            raise DecodeError("UrlCitation", "url", "str", _url_)

        return cls(
            _end_index_,
            _start_index_,
            _title_,
            _url_,
            additional_properties=_rest,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        _properties["end_index"] = self.end_index
        _properties["start_index"] = self.start_index
        _properties["title"] = self.title
        _properties["url"] = self.url
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties

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
class UrlCitation(OpenModel[JsonValue]):
    """A page on the web, and the stretch of the text that rests on it."""

    end_index: int
    """ Where the stretch ends, in characters from the start of the text. """
    start_index: int
    """ Where the stretch begins, in characters from the start of the text. """
    title: str
    """ The title of the page. """
    url: str
    """ The address of the page. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Members that this class does not declare, and values that do not fit the ones it does. """

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or lacks a required member.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("UrlCitation", None, "an object", src_dict)
        _rest: dict[str, object] = dict(src_dict)
        end_index = _rest.pop("end_index", None)
        if not isinstance(end_index, int):
            raise DecodeError("UrlCitation", "end_index", "int", end_index)

        start_index = _rest.pop("start_index", None)
        if not isinstance(start_index, int):
            raise DecodeError("UrlCitation", "start_index", "int", start_index)

        title = _rest.pop("title", None)
        if not isinstance(title, str):
            raise DecodeError("UrlCitation", "title", "str", title)

        url = _rest.pop("url", None)
        if not isinstance(url, str):
            raise DecodeError("UrlCitation", "url", "str", url)

        _model = cls(
            end_index=end_index,
            start_index=start_index,
            title=title,
            url=url,
            additional_properties=_rest,
        )
        return _model

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _members: dict[str, Any] = {}
        _members["end_index"] = self.end_index
        _members["start_index"] = self.start_index
        _members["title"] = self.title
        _members["url"] = self.url
        for name, value in self.additional_properties.items():
            _members.setdefault(name, _write(value))
        return _members

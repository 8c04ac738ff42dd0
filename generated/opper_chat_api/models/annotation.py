# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

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
class Annotation(OpenModel[JsonValue]):
    """An annotation of a part of the text."""

    type: AnnotationType | None = None
    """ The type of the annotation. """
    url_citation: UrlCitation | None = None
    """ The page that the text cites. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _absent: frozenset[str] = _field(
        default=frozenset(["type", "url_citation"]),
        kw_only=True,
        alias="_absent",
        repr=False,
        eq=False,
    )
    _attributes: ClassVar[Mapping[str, str]] = {
        "type": "type",
        "url_citation": "url_citation",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("Annotation", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _absent: list[str] = []
        _type__ = _rest.pop("type", None)
        if _type__ is not None and not isinstance(_type__, str):
            _rest["type"] = _type__
            _type__ = None
        if _type__ is None and ("type" not in src_dict or "type" in _rest):
            _absent.append("type")

        _url_citation_ = _rest.pop("url_citation", None)
        if _url_citation_ is not None:
            try:
                _url_citation_ = UrlCitation.from_dict(_url_citation_)
            except DecodeError:
                _rest["url_citation"] = _url_citation_
                _url_citation_ = None
        if _url_citation_ is None and ("url_citation" not in src_dict or "url_citation" in _rest):
            _absent.append("url_citation")

        return cls(
            _type__,
            _url_citation_,
            additional_properties=_rest,
            _absent=frozenset(_absent) if _absent else _NOTHING,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        if "type" not in self._absent or self.type is not None:
            _properties["type"] = self.type
        if "url_citation" not in self._absent or self.url_citation is not None:
            _properties["url_citation"] = _write(self.url_citation)
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


from ..models.annotation_type import AnnotationType
from ..models.url_citation import UrlCitation

_add_names(Annotation, globals())

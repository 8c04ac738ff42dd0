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
class WebSearchOptions(OpenModel[JsonValue]):
    """Lets the model search the web. Options of the search."""

    search_context_size: SearchContextSize | None = None
    """ How much of the search results the model reads. `medium` by default. """
    user_location: UserLocation | None = None
    """ The location of the user, for the search. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _attributes: ClassVar[Mapping[str, str]] = {
        "search_context_size": "search_context_size",
        "user_location": "user_location",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("WebSearchOptions", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _search_context_size_ = _rest.pop("search_context_size", None)
        if _search_context_size_ is not None and not isinstance(_search_context_size_, str):
            _rest["search_context_size"] = _search_context_size_
            _search_context_size_ = None

        _user_location_ = _rest.pop("user_location", None)
        if _user_location_ is not None:
            try:
                _user_location_ = UserLocation.from_dict(_user_location_)
            except DecodeError:
                _rest["user_location"] = _user_location_
                _user_location_ = None

        return cls(
            _search_context_size_,
            _user_location_,
            additional_properties=_rest,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        if self.search_context_size is not None:
            _properties["search_context_size"] = self.search_context_size
        if self.user_location is not None:
            _properties["user_location"] = _write(self.user_location)
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


from ..models.search_context_size import SearchContextSize
from ..models.user_location import UserLocation

_add_names(WebSearchOptions, globals())

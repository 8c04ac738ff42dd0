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
class ApproximateLocation(OpenModel[JsonValue]):
    """An approximate location."""

    city: str | None = None
    """ The city, in free text. """
    country: str | None = None
    """ The country, as a two-letter code of ISO 3166-1. """
    region: str | None = None
    """ The region, in free text. """
    timezone: str | None = None
    """ The time zone, as an IANA name such as `Europe/Stockholm`. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _attributes: ClassVar[Mapping[str, str]] = {
        "city": "city",
        "country": "country",
        "region": "region",
        "timezone": "timezone",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("ApproximateLocation", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _city_ = _rest.pop("city", None)
        if _city_ is not None and not isinstance(_city_, str):
            _rest["city"] = _city_
            _city_ = None

        _country_ = _rest.pop("country", None)
        if _country_ is not None and not isinstance(_country_, str):
            _rest["country"] = _country_
            _country_ = None

        _region_ = _rest.pop("region", None)
        if _region_ is not None and not isinstance(_region_, str):
            _rest["region"] = _region_
            _region_ = None

        _timezone_ = _rest.pop("timezone", None)
        if _timezone_ is not None and not isinstance(_timezone_, str):
            _rest["timezone"] = _timezone_
            _timezone_ = None

        return cls(
            _city_,
            _country_,
            _region_,
            _timezone_,
            additional_properties=_rest,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        if self.city is not None:
            _properties["city"] = self.city
        if self.country is not None:
            _properties["country"] = self.country
        if self.region is not None:
            _properties["region"] = self.region
        if self.timezone is not None:
            _properties["timezone"] = self.timezone
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


_add_names(ApproximateLocation, globals())

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
class ApproximateLocation(OpenModel[JsonValue]):
    """A rough place."""

    city: str | None = None
    """ The city, in free text. """
    country: str | None = None
    """ The country as two letters of ISO 3166-1. """
    region: str | None = None
    """ The region, in free text. """
    timezone: str | None = None
    """ The time zone as an IANA name, such as `Europe/Stockholm`. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Members that this class does not declare, and values that do not fit the ones it does. """

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or lacks a required member.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("ApproximateLocation", None, "an object", src_dict)
        _rest: dict[str, object] = dict(src_dict)
        city = _rest.pop("city", None)
        if city is not None and not isinstance(city, str):
            _rest["city"] = city
            city = None

        country = _rest.pop("country", None)
        if country is not None and not isinstance(country, str):
            _rest["country"] = country
            country = None

        region = _rest.pop("region", None)
        if region is not None and not isinstance(region, str):
            _rest["region"] = region
            region = None

        timezone = _rest.pop("timezone", None)
        if timezone is not None and not isinstance(timezone, str):
            _rest["timezone"] = timezone
            timezone = None

        _model = cls(
            city=city,
            country=country,
            region=region,
            timezone=timezone,
            additional_properties=_rest,
        )
        return _model

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _members: dict[str, Any] = {}
        if self.city is not None:
            _members["city"] = self.city
        if self.country is not None:
            _members["country"] = self.country
        if self.region is not None:
            _members["region"] = self.region
        if self.timezone is not None:
            _members["timezone"] = self.timezone
        for name, value in self.additional_properties.items():
            _members.setdefault(name, _write(value))
        return _members

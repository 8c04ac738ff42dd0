# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from attrs import define as _define
from attrs import field as _field

from ..errors import DecodeError
from ..types import NOTHING as _NOTHING
from ..types import (
    JsonValue,
    OpenModel,
)
from ..types import add_names as _add_names
from ..types import take_required as _take_required
from ..types import write as _write


@_define(repr=False, eq=False)
class CustomGrammarFormat(OpenModel[JsonValue]):
    """Text that matches a grammar."""

    grammar: Grammar
    """ The grammar that the input must match. """
    type: Literal["grammar"] = "grammar"
    """ The type of the format. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _absent: frozenset[str] = _field(
        default=_NOTHING, kw_only=True, alias="_absent", repr=False, eq=False
    )
    _attributes: ClassVar[Mapping[str, str]] = {
        "type": "type",
        "grammar": "grammar",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("CustomGrammarFormat", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _absent: list[str] = []
        _type__ = _rest.pop("type", None)
        if _type__ is None:
            _absent.append("type")
        elif _type__ != "grammar":
            raise DecodeError("CustomGrammarFormat", "type", "'grammar'", _type__)
        _grammar_ = _take_required(_rest, "grammar", "CustomGrammarFormat", Grammar.from_dict)

        return cls(
            _grammar_,
            "grammar",
            additional_properties=_rest,
            _absent=frozenset(_absent) if _absent else _NOTHING,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        if "type" not in self._absent or self.type != "grammar":
            _properties["type"] = self.type
        _properties["grammar"] = _write(self.grammar)
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


from ..models.grammar import Grammar

_add_names(CustomGrammarFormat, globals())

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
class FileSource(OpenModel[JsonValue]):
    """A file, as its content or as the id of an upload."""

    file_data: str | None = None
    """ The content in base64. """
    file_id: str | None = None
    """ The id of a file that was uploaded earlier. """
    filename: str | None = None
    """ The name that the model sees. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Properties that this class does not declare, and values that do not fit those that it does. """
    _attributes: ClassVar[Mapping[str, str]] = {
        "file_data": "file_data",
        "file_id": "file_id",
        "filename": "filename",
    }

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or has no value of a required property.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("FileSource", None, "an object", src_dict)
        _rest: dict[str, Any] = dict(src_dict)
        _file_data_ = _rest.pop("file_data", None)
        if _file_data_ is not None and not isinstance(_file_data_, str):
            _rest["file_data"] = _file_data_
            _file_data_ = None

        _file_id_ = _rest.pop("file_id", None)
        if _file_id_ is not None and not isinstance(_file_id_, str):
            _rest["file_id"] = _file_id_
            _file_id_ = None

        _filename_ = _rest.pop("filename", None)
        if _filename_ is not None and not isinstance(_filename_, str):
            _rest["filename"] = _filename_
            _filename_ = None

        return cls(
            _file_data_,
            _file_id_,
            _filename_,
            additional_properties=_rest,
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _properties: dict[str, Any] = {}
        if self.file_data is not None:
            _properties["file_data"] = self.file_data
        if self.file_id is not None:
            _properties["file_id"] = self.file_id
        if self.filename is not None:
            _properties["filename"] = self.filename
        for _name, _value in self.additional_properties.items():
            _properties.setdefault(_name, _write(_value))
        return _properties


_add_names(FileSource, globals())

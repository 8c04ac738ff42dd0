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
class FileSource(OpenModel[JsonValue]):
    """A file by its content or by the id of an upload."""

    file_data: str | None = None
    """ The content in base64. """
    file_id: str | None = None
    """ The id of a file uploaded earlier. """
    filename: str | None = None
    """ The name that the model sees. """
    additional_properties: dict[str, JsonValue] = _field(factory=dict, kw_only=True)
    """ Members that this class does not declare, and values that do not fit the ones it does. """

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read a JSON object.

        Raises:
            DecodeError: it is not one, or lacks a required member.
        """
        if not isinstance(src_dict, (dict, Mapping)):
            raise DecodeError("FileSource", None, "an object", src_dict)
        _rest: dict[str, object] = dict(src_dict)
        file_data = _rest.pop("file_data", None)
        if file_data is not None and not isinstance(file_data, str):
            _rest["file_data"] = file_data
            file_data = None

        file_id = _rest.pop("file_id", None)
        if file_id is not None and not isinstance(file_id, str):
            _rest["file_id"] = file_id
            file_id = None

        filename = _rest.pop("filename", None)
        if filename is not None and not isinstance(filename, str):
            _rest["filename"] = filename
            filename = None

        _model = cls(
            file_data=file_data,
            file_id=file_id,
            filename=filename,
            additional_properties=_rest,
        )
        return _model

    def to_dict(self) -> dict[str, Any]:
        """The JSON object again: None is left out, and so is what was not there when this was read."""
        _members: dict[str, Any] = {}
        if self.file_data is not None:
            _members["file_data"] = self.file_data
        if self.file_id is not None:
            _members["file_id"] = self.file_id
        if self.filename is not None:
            _members["filename"] = self.filename
        for name, value in self.additional_properties.items():
            _members.setdefault(name, _write(value))
        return _members

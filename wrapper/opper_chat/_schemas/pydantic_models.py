"""Type adapters of pydantic models: pydantic's schema, and its validation. No I/O.

This module does not import pydantic. If there is a model, its author has imported pydantic.
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from .._errors.api import InvalidArgumentError
from .._errors.invalid_value import InvalidValueError
from .._json import codec as _json
from .._json.codec import is_array, is_object
from .errors import exception_text, invalid
from .strict import merge_single_part
from .type_adapters import AnyAdapter, ChoiceAdapter, Definitions, Property, Schema


def is_pydantic_model(hint: Any) -> bool:
    """Return whether a type is a model or dataclass of pydantic 2, or a dataclass with pydantic's fields."""
    base = getattr(sys.modules.get("pydantic"), "BaseModel", None)
    cls = typing.get_origin(hint) or hint
    if base is None or not isinstance(cls, type):
        return False
    if hasattr(cls, "__is_pydantic_dataclass__") or (issubclass(cls, base) and hasattr(cls, "model_json_schema")):
        return True
    field: Any = getattr(sys.modules.get("pydantic.fields"), "FieldInfo", ())
    declared: dict[str, Any] = getattr(cls, "__dataclass_fields__", {})
    return any(isinstance(each.default, field) for each in declared.values())


class ModelAdapter(NamedTuple):
    """A model, or a union of models."""

    adapter: Any
    json_schema: Schema
    kinds: Collection[str]
    properties: Mapping[str, Property] | None = None
    """The properties of one model that is an object. Their adapters do no more than tell it from other classes."""

    def schema(self, definitions: Definitions) -> Schema:
        return definitions.embed(self.json_schema)

    def read(self, value: object) -> object:
        try:
            # As JSON text, because a strict model accepts a date as text in JSON alone.
            return self.adapter.validate_json(_json.encode(value))
        except sys.modules["pydantic"].ValidationError as error:
            problems = error.errors(include_url=False)
            raise InvalidValueError(*((tuple(each["loc"]), str(each["msg"])) for each in problems)) from error
        except Exception as error:  # validators may raise any exception
            raise invalid(exception_text(error)) from error


def model_adapter(models: tuple[Any, ...], path: str) -> ModelAdapter:
    """Return the adapter of a model, or of a union of models.

    Args:
        models: The models.
        path: The path to them, for error messages.

    Raises:
        InvalidArgumentError: One of them has no fields, or pydantic has no JSON Schema for it.
    """
    adapters: list[tuple[Any, Schema]] = []
    pydantic = sys.modules["pydantic"]
    for model in models:  # each, because pydantic leaves out an arm of a union that it has no schema for
        if model in (pydantic.BaseModel, pydantic.RootModel):
            name = model.__name__
            use = f"Give a subclass of {name} that has the fields."
            raise InvalidArgumentError(path, "a class with fields", name, use)
        try:
            getattr(model, "model_rebuild", lambda: None)()  # its error names what is undefined
            adapters.append(_adapter_and_schema(model))
            if _target(adapters[-1][1], "BaseModel").get("properties") == {}:
                raise TypeError("A field has the type BaseModel, which has no fields: give a subclass")
        except Exception as error:  # a model may write its own schema
            text = str(error).partition("\n")[0].rstrip(".")
            received = getattr(model, "__name__", repr(model))
            expected = "a model that pydantic has a JSON Schema for"
            raise InvalidArgumentError(path, expected, received, f"{text}.") from error
    adapter, schema = adapters[0] if len(models) == 1 else _adapter_and_schema(typing.Union[models])  # noqa: UP007
    kind = schema.get("type")
    kinds = (kind,) if isinstance(kind, str) else ("object",)
    return ModelAdapter(adapter, schema, kinds, _properties(schema) if len(models) == 1 else None)


def _adapter_and_schema(hint: Any) -> tuple[Any, Schema]:
    adapter = sys.modules["pydantic"].TypeAdapter(hint)
    schema: Schema = adapter.json_schema()
    return adapter, merge_single_part(schema)


def _properties(schema: Schema) -> Mapping[str, Property] | None:
    reference = schema.get("$ref")
    properties = (_target(schema, reference) if isinstance(reference, str) else schema).get("properties")
    if not is_object(properties):
        return None
    return {name: Property(name, _choices(part, schema)) for name, part in properties.items()}


def _choices(part: object, root: Schema) -> ChoiceAdapter | AnyAdapter:
    found = part if is_object(part) else {}
    if isinstance(reference := found.get("$ref"), str):
        found = _target(root, reference)
    choices = [found["const"]] if "const" in found else found.get("enum")
    return ChoiceAdapter((choice, choice) for choice in choices) if is_array(choices) and choices else AnyAdapter()


def _target(root: Schema, reference: str) -> Schema:
    definitions = root.get("$defs")
    found = definitions.get(reference.rpartition("/")[2]) if is_object(definitions) else None
    return found if is_object(found) else {}

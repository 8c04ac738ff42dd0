"""Type adapters of pydantic models: pydantic's schema, and its validation. No I/O.

This module does not import pydantic. If there is a model, its author has imported pydantic.
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from .._errors.api import InvalidArgumentError
from .._errors.invalid_value import InvalidValueError
from .._json import codec as _json
from .._json.codec import is_object
from .checks import exception_text, invalid
from .strict import merge_single_part
from .type_adapters import AnyAdapter, ChoiceAdapter, Definitions, JSONSchema, Property


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
    json_schema: JSONSchema
    kinds: Collection[str]
    properties: Mapping[str, Property] | None = None
    """The properties of one model that is an object. Their adapters do no more than tell it from other classes."""

    def schema(self, definitions: Definitions) -> JSONSchema:
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

    Raises:
        InvalidArgumentError: one of them has no fields, or pydantic has no JSON Schema for it. The error names the path
            to the innermost type that has none.
    """
    fields = [field for model in models for field in _fields(model, path, set())]
    for hint, field, inside in fields:
        _check_field(hint, field, inside)
    try:
        # Each, because pydantic leaves out an arm of a union that it has no schema for.
        adapters = [_adapter_and_schema(model) for model in models]
        adapter, schema = adapters[0] if len(models) == 1 else _adapter_and_schema(typing.Union[models])  # noqa: UP007
    except Exception as error:  # a model may write its own schema
        problem = error
        for hint, _, inside in fields:
            # The type of a field may need what its model allows.
            config = None if is_pydantic_model(hint) else {"arbitrary_types_allowed": True}
            try:
                _adapter_and_schema(hint, config)
            except Exception as inner:  # noqa: BLE001
                path, problem = inside, inner
        text = str(problem).partition("\n")[0].rstrip(".")
        expected = "a type that pydantic has a JSON Schema for"
        raise InvalidArgumentError(path, expected, "one without", f"{text}.") from error
    kind = schema.get("type")
    kinds = (kind,) if isinstance(kind, str) else ("object",)
    return ModelAdapter(adapter, schema, kinds, _properties(schema) if len(models) == 1 else None)


def _adapter_and_schema(hint: Any, config: Any = None) -> tuple[Any, JSONSchema]:
    adapter = sys.modules["pydantic"].TypeAdapter(hint, config=config)
    return adapter, merge_single_part(adapter.json_schema())


def _fields(hint: Any, path: str, seen: set[int], field: Any = None) -> Iterator[tuple[Any, Any, str]]:
    """Yield a type and the types of the fields in it, each with pydantic's field and its path, the outer ones first."""
    yield hint, field, path
    if id(hint) in seen:
        return
    seen.add(id(hint))
    cls = typing.get_origin(hint) or hint
    if is_pydantic_model(hint):
        config: Any = getattr(cls, "model_config", None) or getattr(cls, "__pydantic_config__", None) or {}
        # Where values can be given by name, an alias is not the only name of a field, and needs no check.
        by_name = config.get("populate_by_name") or config.get("validate_by_name")
        declared: Any = getattr(cls, "__pydantic_fields__", None) or getattr(cls, "model_fields", {})
        for name, each in declared.items():
            yield from _fields(each.annotation, f"{path}.{name}", seen, None if by_name else each)
        return
    inside = f"{path}[]" if isinstance(cls, type) and issubclass(cls, Collection) else path
    for argument in typing.get_args(hint):
        if isinstance(argument, type) or typing.get_origin(argument):  # no value of a Literal, nor a note
            yield from _fields(argument, inside, seen)


def _check_field(hint: Any, field: Any, path: str) -> None:
    """Refuse what pydantic writes a wrong schema for: a base class without fields, a field read from inside another."""
    pydantic = sys.modules["pydantic"]
    if hint in (pydantic.BaseModel, pydantic.RootModel):
        use = f"Give a subclass of {hint.__name__} that has the fields."
        raise InvalidArgumentError(path, "a class with fields", hint.__name__, use)
    alias = getattr(field, "validation_alias", None)
    if all(isinstance(choice, pydantic.AliasPath) for choice in getattr(alias, "choices", [alias])):
        raise InvalidArgumentError(path, "a field with one name as its alias", "an AliasPath")


def _properties(root: JSONSchema) -> Mapping[str, Property] | None:
    def target(schema: Any) -> JSONSchema:
        if not is_object(schema) or "$ref" not in schema:
            return schema if is_object(schema) else {}
        found = root.get("$defs", {}).get(str(schema["$ref"]).rpartition("/")[2])
        return found if is_object(found) else {}

    def choices(schema: JSONSchema) -> ChoiceAdapter | AnyAdapter:
        found = [schema["const"]] if "const" in schema else schema.get("enum")
        return ChoiceAdapter((choice, choice) for choice in found) if found else AnyAdapter()

    properties = target(root).get("properties")
    if not is_object(properties):
        return None
    return {name: Property(name, choices(target(part))) for name, part in properties.items()}

"""Models of pydantic as shapes: its schema made strict, its own validation. No I/O; loads nothing of pydantic's.

Whoever has given a model has imported pydantic; it is looked for among the modules that are loaded.
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from .._errors.api import InvalidArgumentError
from .._json import codec as _json
from .._json.codec import is_array, is_object
from .misfits import InvalidValueError, kind_of, misfit, refusal, sentences
from .shapes import NULL, Definitions, Member, Schema, Words

_KEPT = {
    "type", "enum", "description", "format", "pattern", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum",
    "multipleOf", "minItems", "maxItems",
}  # fmt: skip
_FORMATS = {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
_IN_WORDS = {"default": "Default: {}.", "minLength": "At least {} characters.", "maxLength": "At most {} characters."}
"""What strict mode has no keyword for is said in words. pydantic checks it when the answer comes."""


def is_model(hint: Any) -> bool:
    """Whether a type is a model or a dataclass of pydantic's, of version 2 or later, or has fields of pydantic's."""
    base = getattr(sys.modules.get("pydantic"), "BaseModel", None)
    cls = typing.get_origin(hint) or hint
    if base is None or not isinstance(cls, type):
        return False
    if hasattr(cls, "__is_pydantic_dataclass__") or (issubclass(cls, base) and hasattr(cls, "model_json_schema")):
        return True
    field: Any = getattr(sys.modules.get("pydantic.fields"), "FieldInfo", ())
    declared: dict[str, Any] = getattr(cls, "__dataclass_fields__", {})
    return any(isinstance(each.default, field) for each in declared.values())


class Model(NamedTuple):
    """A model, or a union of models."""

    adapter: Any
    json_schema: Schema
    path: str
    kinds: Collection[str]
    members: Mapping[str, Member] | None = None
    """Of one model that is an object, to tell it from other classes."""

    def schema(self, definitions: Definitions) -> Schema:
        if not definitions.strict:
            return _own_schema(self.json_schema, self.json_schema, definitions)
        return _Strict(self.json_schema, definitions).of(self.json_schema, self.path)

    @property
    def recursive(self) -> bool:
        """Whether it contains itself, so that its schema is a reference."""
        return "$ref" in self.json_schema

    def read(self, value: object) -> object:
        try:
            # As JSON: from Python's values a strict model takes no text for a date.
            return self.adapter.validate_json(_json.encode(value))
        except sys.modules["pydantic"].ValidationError as error:
            said = error.errors(include_url=False)
            raise InvalidValueError(*((tuple(place["loc"]), str(place["msg"])) for place in said)) from error
        except Exception as error:  # validators are a caller's own, and raise what they like
            raise misfit(refusal(error)) from error


def model_shape(hints: tuple[Any, ...], path: str, *, strict: bool = True) -> Model:
    """Return the shape of a model, or of a union of several.

    Args:
        hints: the models.
        path: to them, for error messages.
        strict: whether the schema is for strict mode.

    Raises:
        InvalidArgumentError: a schema cannot describe something in it, which the path names.
    """
    pydantic = sys.modules["pydantic"]
    try:
        adapter = pydantic.TypeAdapter(typing.Union[hints])  # noqa: UP007  # of a tuple
        schema: Schema = adapter.json_schema()
        for hint in hints if len(hints) > 1 else ():  # of a union pydantic leaves out what it cannot say
            pydantic.TypeAdapter(hint).json_schema()
    except Exception as error:
        where, said = next((culprit for hint in hints if (culprit := _culprit(hint, path, set()))), (path, error))
        text = str(said).partition("\n")[0]
        raise _refused(where, "what pydantic has no JSON schema for", f"{text.rstrip('.')}.") from error
    for hint in hints:
        _check_fields(hint, path, set())
    kind = schema.get("type")
    kinds = (kind,) if isinstance(kind, str) else ("object",)
    found = Model(adapter, schema, path, kinds, _members(schema) if len(hints) == 1 else None)
    found.schema(Definitions(strict=strict))
    return found


def _members(schema: Schema) -> Mapping[str, Member] | None:
    """Return the members of an object, as far as they tell it from others: by their names and their words."""
    reference = schema.get("$ref")
    properties = (_target(schema, reference) if isinstance(reference, str) else schema).get("properties")
    if not is_object(properties):
        return None
    return {name: Member(name, _words(part, schema) or NULL) for name, part in properties.items()}


def _words(part: object, root: Schema) -> Words | None:
    found = part if is_object(part) else {}
    if isinstance(reference := found.get("$ref"), str):
        found = _target(root, reference)
    words = [found["const"]] if "const" in found else found.get("enum")
    return Words([(word, word) for word in words]) if is_array(words) and words else None


def _fields(hint: Any, path: str) -> Iterator[tuple[Any, Any, str]]:
    """Yield the fields of a model, or what else a hint holds: pydantic's note of a field, its hint and its path."""
    cls = typing.get_origin(hint) or hint
    if is_model(hint):
        for name, info in getattr(cls, "__pydantic_fields__", {}).items():
            yield info, info.annotation, f"{path}.{name}"
        return
    several = isinstance(cls, type) and issubclass(cls, Collection)
    for argument in typing.get_args(hint):
        if argument is not ... and not isinstance(argument, list):
            yield None, argument, f"{path}[]" if several else path


def _culprit(hint: Any, path: str, met: set[int]) -> tuple[str, Exception] | None:
    """Return where in a type that has no schema the innermost is that has none, and what pydantic says of it."""
    if id(hint) in met:
        return None
    met.add(id(hint))
    pydantic = sys.modules["pydantic"]
    try:
        # A hint of a field may need what its model allows.
        config = None if is_model(hint) else pydantic.ConfigDict(arbitrary_types_allowed=True)
        pydantic.TypeAdapter(hint, config=config).json_schema()
    except Exception as error:  # noqa: BLE001  # also of whoever wrote a schema of a type
        for _, inside, where in _fields(hint, path):
            if found := _culprit(inside, where, met):
                return found
        return path, error
    return None


def _check_fields(hint: Any, path: str, met: set[int]) -> None:
    """Refuse what pydantic's schema says nothing of: a base class without fields, a field read from inside another."""
    if id(hint) in met:
        return
    met.add(id(hint))
    if hint in _base_classes():
        use = f"Give a subclass of {hint.__name__} that has the fields."
        raise InvalidArgumentError(path, "a model with fields", f"the class {hint.__name__}", use)
    cls = typing.get_origin(hint) or hint
    config: Any = getattr(cls, "model_config", None) or getattr(cls, "__pydantic_config__", None) or {}
    by_name = config.get("populate_by_name") or config.get("validate_by_name")
    for info, inside, where in _fields(hint, path):
        alias = getattr(info, "validation_alias", None)
        choices = getattr(alias, "choices", [alias])
        if not by_name and not any(choice is None or isinstance(choice, str) for choice in choices):
            raise _refused(where, "a path as its alias", "Give it an alias that is one name.")
        _check_fields(inside, where, met)


def _base_classes() -> list[Any]:
    """Return the classes of pydantic's that models are made of, and that are no models themselves."""
    names = ("BaseModel", "RootModel")
    return [getattr(sys.modules["pydantic"], name, None) for name in names]


_DATA = ("const", "default", "enum", "examples")


def _own_schema(part: Schema, root: Schema, definitions: Definitions) -> Schema:
    """Return a part of pydantic's schema as it is, without titles, its references to the definitions of the whole."""

    def walk(value: object) -> object:
        if is_object(value):
            return _own_schema(value, root, definitions)
        return [walk(item) for item in value] if is_array(value) else value

    made: Schema = {}
    for name, value in part.items():
        if name == "$ref" and isinstance(value, str):
            refer = partial(_own_schema, _target(root, value), root)
            made |= definitions.refer((id(root), value), value.rpartition("/")[2], refer)
        elif not ((name == "title" and isinstance(value, str)) or (name == "$defs" and part is root)):
            made[name] = value if name in _DATA else walk(value)
    return made


def _target(root: Schema, reference: str) -> Schema:
    definitions = root.get("$defs")
    found = definitions.get(reference.rpartition("/")[2]) if is_object(definitions) else None
    return found if is_object(found) else {}


class _Strict:
    """Makes the parts of one schema strict."""

    def __init__(self, root: Schema, definitions: Definitions) -> None:
        self._root = root
        self._definitions = definitions

    def of(self, schema: Schema, path: str) -> Schema:
        """Return a part of the schema as strict mode has it."""
        if is_array(arms := schema.get("allOf")) and len(arms) == 1 and is_object(arms[0]):
            schema = {**arms[0], **{name: value for name, value in schema.items() if name != "allOf"}}
        made = {name: value for name, value in schema.items() if name in _KEPT}
        if made.get("format") not in _FORMATS:
            made.pop("format", None)
        more = [
            text.format(_json.encode(schema[name]).decode())
            for name, text in _IN_WORDS.items()
            if schema.get(name) is not None
        ]
        if more:
            made["description"] = sentences(made.get("description"), *more)
        arms = schema.get("anyOf", schema.get("oneOf"))
        if "const" in schema:
            made["enum"] = [schema["const"]]
        if is_array(words := made.get("enum")) and "type" not in made:
            kinds = list(dict.fromkeys(map(kind_of, words)))
            made["type"] = kinds[0] if len(kinds) == 1 else kinds
        if isinstance(reference := schema.get("$ref"), str):
            referred = self._refer(reference, path)
            return {**made, "anyOf": [referred]} if made else referred
        if is_array(arms):
            return {**made, "anyOf": [self.of(arm, path) for arm in arms if is_object(arm)]}
        kind = schema.get("type")
        if kind == "object":
            return {**made, **self._object(schema, path)}
        if kind == "array":
            items = schema.get("items")
            if not is_object(items) or "prefixItems" in schema:
                raise _refused(
                    path,
                    "an array of unknown items or a fixed tuple",
                    "Use a list of a type, a model, or pass strict=False.",
                )
            return {**made, "items": self.of(items, f"{path}[]")}
        if "type" not in made:
            raise _refused(path, "a value of any type", "Name a type, or pass strict=False.")
        return made

    def _object(self, schema: Schema, path: str) -> Schema:
        properties = schema.get("properties")
        if not is_object(properties):
            use = "Use a list of models with a name and a value, a model with the known names, or pass strict=False."
            raise _refused(path, "a dict with any names", use)
        made = {name: self.of(part if is_object(part) else {}, f"{path}.{name}") for name, part in properties.items()}
        return {"properties": made, "required": list(made), "additionalProperties": False}

    def _refer(self, reference: str, path: str) -> Schema:
        found = _target(self._root, reference)
        name = reference.rpartition("/")[2]
        return self._definitions.refer(
            (id(self._root), reference), name, lambda inner: _Strict(self._root, inner).of(found, path)
        )


def _refused(path: str, given: str, use: str) -> InvalidArgumentError:
    return InvalidArgumentError(path, "a type that strict mode can describe", given, use)

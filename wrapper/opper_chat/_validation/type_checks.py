"""Validate arguments against the typed dicts of the contract, and return them as JSON values.

This module knows nothing of chat. It compiles a check from each type hint, once, when the hint is first used. So a
parameter that is added to the contract is validated without a change here.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Literal, TypeAlias, Union, get_args, get_origin, is_typeddict

from .._errors.describe import (
    SupportsToDict,
    alternatives,
    choices_of,
    conversion_hint,
    did_you_mean,
    is_model,
    number_hint,
)
from .._errors.invalid_value import UnexpectedValueError
from .._json.codec import is_mapping, is_sequence
from .._json.scalars import json_scalar
from .scalar_checks import (
    FINITE,
    KINDS,
    SCALARS,
    TEXTS,
    arm_name,
    finite,
    list_name,
    literal_check,
    scalar_check,
    text_check,
)
from .typed_dicts import nullable_properties, property_hints, required_properties

Check: TypeAlias = Callable[[object], object]
"""A function that returns the JSON value for a value, or raises UnexpectedValueError."""

KEYS = "a dict with strings as keys"


class PropertyChecks(dict[str, Check]):
    """The checks of the properties of a typed dict by name, those that were used. A call uses few of them.

    Args:
        cls: the typed dict.
    """

    def __init__(self, cls: type) -> None:
        super().__init__()
        self._hints = property_hints(cls)

    def compile(self, name: str) -> Check | None:
        """Return the check of a property that is not here yet, or None if the typed dict does not declare it."""
        if name not in self._hints:
            return None
        check = self[name] = compile_check(self._hints[name])
        return check


@cache
def property_checks(cls: type) -> PropertyChecks:
    """Return the checks of the properties of a typed dict."""
    return PropertyChecks(cls)


@cache
def compile_check(hint: object) -> Check:
    """Return the check for a type hint."""
    if hint is object:
        return check_json
    if hint in SCALARS:
        return scalar_check(*SCALARS[hint])
    if hint in TEXTS:
        return text_check(*TEXTS[hint])
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return literal_check(arguments)
    if origin in (Union, types.UnionType):
        return _UnionCheck(arguments)
    if origin is Sequence:
        return _sequence_check(_item_check(arguments[0]), list_name(arguments[0]))
    if origin is Mapping:
        return _mapping_check(compile_check(arguments[1]))
    if is_typeddict(hint) and isinstance(hint, type):
        return _object_check(hint)
    raise TypeError(f"no check for the hint {hint!r}")


@cache
def _item_check(hint: object) -> Check:
    """Return the check for the items of a list. The contract does not list all kinds of items."""
    if get_origin(hint) in (Union, types.UnionType):
        return _UnionCheck(get_args(hint), is_item=True)
    return compile_check(hint)


def check_json(value: object) -> object:
    """Return the JSON value for a value of any type, as built-in types."""
    cls = value.__class__
    if cls is str or cls is int or cls is bool or value is None:
        return value
    if isinstance(value, float):
        return finite(float.__float__(value))
    if is_mapping(value):
        return {name: _check_at(name, check_json, item) for name, item in _items(value)}
    if is_sequence(value):
        return [_check_at(index, check_json, item) for index, item in enumerate(value)]
    if is_model(value):
        return check_json(value.to_dict())
    if (scalar := json_scalar(value)) is not value:
        return check_json(scalar)
    raise UnexpectedValueError("a value that JSON can represent", value, conversion_hint(value))


def check_object(cls: type, value: Mapping[Any, object], optional: str = "") -> dict[str, object]:
    """Validate a mapping against a typed dict. Undeclared keys are kept if JSON can represent their values.

    Args:
        cls: the typed dict.
        value: the mapping.
        optional: a required key that may be absent.
    """
    checks = property_checks(cls)
    written: dict[str, object] = {}
    for name, item in value.items():
        if name.__class__ is not str:
            name = _key(name)  # noqa: PLW2901
        check = checks.get(name) or checks.compile(name)
        if check is None:
            check = check_json
        elif item is None and name not in nullable_properties(cls) and name not in required_properties(cls):
            # Messages of responses and dumps of models have many nulls that a request must not have.
            continue
        try:  # not by `_check_at`, which would cost a call for every property of every message
            written[name] = check(item)
        except UnexpectedValueError as error:
            raise error.at(name) from None
    for name in required_properties(cls):
        if name not in written and name != optional:
            from difflib import get_close_matches

            near = get_close_matches(name, [key for key in written if key not in property_hints(cls)], 1)
            hint = f"Is {near[0]!r} meant to be {name!r}?" if near else ""
            raise UnexpectedValueError(f"a dict with the key {name!r}", value, hint)
    return written


def _items(value: Mapping[Any, object]) -> Iterator[tuple[str, object]]:
    for name, item in value.items():
        yield (name if name.__class__ is str else _key(name)), item


def _key(name: object) -> str:
    """Return the string for a key of a subclass of str, or of an enum."""
    key = json_scalar(name)
    if not isinstance(key, str):
        raise UnexpectedValueError(KEYS, name)
    return key


def _check_at(step: str | int, check: Check, value: object) -> object:
    try:
        return check(value)
    except UnexpectedValueError as error:
        raise error.at(step) from None


def _sequence_check(check_item: Check, accepted: str) -> Check:
    def check(value: object) -> object:
        if not is_sequence(value):
            raise UnexpectedValueError(accepted, value, conversion_hint(value, "list"))
        written: list[object] = []
        for index, item in enumerate(value):
            try:
                written.append(check_item(item))
            except UnexpectedValueError as error:
                raise error.at(index) from None
        return written

    return check


def _mapping_check(check_item: Check) -> Check:
    def check(value: object) -> object:
        if is_model(value):
            value = value.to_dict()
        if not is_mapping(value):
            raise UnexpectedValueError("a dict", value, conversion_hint(value, "dict"))
        # The keys of logit_bias are token ids: integers in Python, strings in JSON.
        named = {
            str(key) if type(key := json_scalar(name)) is int else _key(name): item for name, item in value.items()
        }
        if len(named) != len(value):  # such as 5 and "5"
            raise UnexpectedValueError("a dict whose keys differ in JSON", value)
        return {name: _check_at(name, check_item, item) for name, item in named.items()}

    return check


def _object_check(cls: type) -> Check:
    def check(value: object) -> object:
        if not is_mapping(value):
            raise UnexpectedValueError("a dict", value, conversion_hint(value, "dict"))
        return check_object(cls, value)

    return check


class _UnionCheck:
    """Checks a value against the arm of a union that has its type; among typed dicts, the discriminator decides.

    A dict with an unknown discriminator is accepted unchanged, unless it is a misspelling of a known one.
    """

    def __init__(self, arms: tuple[object, ...], *, is_item: bool = False) -> None:
        self.classes = {arm.__name__: arm for arm in arms if isinstance(arm, type) and is_typeddict(arm)}
        self.tag, self.tagged = _discriminator(tuple(self.classes.values()))
        self.is_tagged_item = is_item and bool(self.tagged)
        self.is_named_by_key = all(kind in property_hints(cls) for kind, cls in self.tagged.items())
        """Whether each kind has a key of its own name, so that the discriminator is not needed."""
        literals, sequences, mappings = (
            [arm for arm in arms if get_origin(arm) is origin] for origin in (Literal, Sequence, Mapping)
        )
        self.sequence = compile_check(sequences[0]) if sequences else None
        self.mapping = compile_check(mappings[0]) if mappings else None
        self.scalar_types = [arm for arm in arms if arm in SCALARS]
        self.scalars = [compile_check(arm) for arm in arms if arm in SCALARS or arm in TEXTS or arm in literals]
        self.takes_text = str in arms
        # The values of an enum are named as examples of strings.
        is_enum = any(isinstance(value, str) for arm in literals for value in get_args(arm))
        names = [arm_name(arm, is_open=self.takes_text) for arm in arms if not (is_enum and arm is str)]
        self.accepted = alternatives(dict.fromkeys(filter(None, names)))
        self.item_tag: str = getattr(_item_check(get_args(sequences[0])[0]), "tag", "") if sequences else ""
        kinds = {kind for arm, kind in KINDS.items() if arm in arms}
        kinds |= {"list"} if self.sequence else set()
        kinds |= {"dict"} if self.mapping or self.classes else set()
        self.kinds = kinds or {"none"}
        """The kinds of values that the hints for a conversion name."""
        plain = {*self.classes.values(), *SCALARS, *TEXTS}
        self.models = {arm.__name__ for arm in arms if isinstance(arm, type) and arm not in plain}
        self.takes_bare_kinds = not self.models.isdisjoint(("OtherTool", "NamedFunctionToolChoice"))
        """Whether a dict of an unknown kind can have no other key, as the built-in tools of servers have none."""

    def __call__(self, value: object) -> object:
        if self.takes_text and value.__class__ is str:
            return value
        if self.models and value.__class__ is not dict and is_model(value):
            return self.check_model(value)
        if self.mapping is not None and is_mapping(value):
            return self.mapping(value)
        if self.classes and is_mapping(value):
            return self.check_mapping(value)
        if self.sequence is not None and is_sequence(value):
            return self.sequence(value)
        scalar = json_scalar(value)
        for check in self.scalars:
            try:
                return check(scalar)
            except UnexpectedValueError:
                continue
        if float in self.scalar_types and isinstance(scalar, float):
            # It is a number, so the problem is that it is not finite.
            raise UnexpectedValueError(self.accepted.replace(SCALARS[float][1], FINITE), value)
        raise UnexpectedValueError(self.accepted, value, self.hint(value, scalar))

    def hint(self, value: object, scalar: object) -> str:
        """Return a hint about a value that fits no arm."""
        if is_mapping(value) and (self.item_tag in value or self._accepts([value])):
            return "Put it in a list."
        if not isinstance(scalar, str):
            return number_hint(value, self.scalar_types) or conversion_hint(value, *self.kinds)
        meant_values: list[object] = []
        if self.is_tagged_item:  # a kind whose content is one string, such as a text part
            meant_values = [{self.tag: kind, kind: scalar} for kind in self.tagged]
        elif len(self.classes) == 1:
            (cls,) = self.classes.values()
            tag = {self.tag: next(iter(self.tagged))} if self.tag else {}
            meant_values = [{**tag, name: scalar} for name in required_properties(cls) if name not in tag]
        elif self.sequence is not None:
            meant_values = [[scalar]]
        for meant_value in meant_values:
            if self._accepts(meant_value):
                written = repr(meant_value)
                return f"Did you mean {written if len(scalar) <= 80 else written.replace(repr(scalar), '...')}?"
        return ""

    def _accepts(self, value: object) -> bool:
        try:
            self(value)
        except UnexpectedValueError:
            return False
        return True

    def check_mapping(self, value: Mapping[Any, object]) -> object:
        """Validate a dict against the typed dict of its discriminator."""
        kind = value.get(self.tag) if self.tag else None
        if kind.__class__ is not str:
            kind = json_scalar(kind)  # of a member of an enum
        if isinstance(kind, str) and kind in self.tagged:
            return check_object(self.tagged[kind], value)
        if self.tag not in value and self.is_named_by_key:
            own = [cls for name, cls in self.tagged.items() if name in value]
            if len(own) == 1:
                return check_object(own[0], value, optional=self.tag)
        kinds = tuple(self.tagged)
        hint = did_you_mean(kind, kinds)
        if self.tagged and isinstance(kind, str) and kind and not hint:
            if len(value) > 1 or self.takes_bare_kinds:
                return check_json(value)
            hint = f"Another {self.tag!r} is accepted only if the dict has further keys."
        if len(self.classes) == 1 and not (self.tagged and hint):
            return check_object(next(iter(self.classes.values())), value)
        if self.tag in value:
            raise UnexpectedValueError(choices_of(kinds), kind, hint).at(self.tag)
        raise UnexpectedValueError(f"a dict with the key {self.tag!r}: {choices_of(kinds)}", value)

    def check_model(self, model: SupportsToDict) -> object:
        """Validate the JSON object of a model. Models of responses have no typed dict, and are only checked as JSON."""
        if getattr(type(model), "is_checked", False):
            return model.to_dict()
        names = [cls.__name__ for cls in type(model).__mro__]
        written = model.to_dict()
        if self.models.isdisjoint(names):
            if self.is_tagged_item and isinstance(written.get(self.tag), str):
                return self.check_mapping(written)  # a part or tool that the contract has elsewhere
            names = sorted(self.models)
            choice = f"the model {names[0]}" if len(names) == 1 else f"one of the models {', '.join(names)}"
            raise UnexpectedValueError(f"{self.accepted}, or {choice}", model)
        for name in names:
            if cls := self.classes.get(f"{name}Param"):
                return check_object(cls, written)
        if self.mapping is not None:
            return self.mapping(written)
        return check_json(written)


def _discriminator(classes: tuple[type, ...]) -> tuple[str, dict[str, type]]:
    """Return the key that has another value in each typed dict, and the typed dicts by that value."""
    for name in property_hints(classes[0]) if classes else ():
        hints = [property_hints(cls).get(name) for cls in classes]
        if all(get_origin(hint) is Literal and len(get_args(hint)) == 1 for hint in hints):
            return name, {get_args(hint)[0]: cls for hint, cls in zip(hints, classes, strict=True)}
    if len(classes) > 1:
        raise TypeError(f"no property distinguishes {', '.join(cls.__name__ for cls in classes)}")
    return "", {}

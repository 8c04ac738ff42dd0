"""Type hints → checks: whether a value is what a typed dict says, and the JSON value that it stands for.

Knows nothing of chat: whatever the typed dicts of the contract say is what is checked, so that a parameter
added to the contract is checked by regeneration alone. Each hint is compiled once, when it is first met.
"""

from __future__ import annotations

import datetime
import math
import types
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import (
    Any,
    Literal,
    NotRequired,
    Protocol,
    TypeAlias,
    TypeGuard,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from ._json import is_mapping, is_sequence

Check: TypeAlias = Callable[[object], object]
"""Takes a value, returns the JSON value that it stands for, or raises Misfit."""

FINITE = "a finite number"
NAMES = "an object whose member names are texts"


class SupportsToDict(Protocol):
    """A model: an object that writes itself as a JSON object."""

    def to_dict(self) -> dict[str, Any]: ...


class Misfit(Exception):  # noqa: N818  # not an error of its own: whoever checks makes one of it
    """A value is not what its hint says. Gathers the path to the value on its way up."""

    def __init__(self, accepted: str, value: object, hint: str = "") -> None:
        super().__init__(accepted)
        self.accepted = accepted
        self.given = describe(value)
        self.hint = hint
        self.path: list[str | int] = []

    def at(self, *steps: str | int) -> Misfit:
        """Say where the value stands, from the outside in."""
        self.path[:0] = steps
        return self

    @property
    def argument(self) -> str:
        """The path as a person would write it: ``messages[0].content[1].type``."""
        text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return text.removeprefix(".")


def describe(value: object) -> str:
    """Name a value in an error: its repr, cut to a readable length."""
    if is_mapping(value):
        return f"an object with the members {', '.join(map(repr, list(value)[:8]))}" if value else "an empty object"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:60]}... ({len(text)} characters)"


@cache
def members(cls: type) -> dict[str, Check]:
    """Return the checks of a typed dict's members, by name, in the order of the contract."""
    return {name: compile_check(hint) for name, hint in get_type_hints(cls).items()}


@cache
def required(cls: type) -> tuple[str, ...]:
    """Return the names of the members that a typed dict must have."""
    # `__required_keys__` is wrong where annotations are texts, as they are in a module that postpones them.
    hints = get_type_hints(cls, include_extras=True)
    return tuple(name for name, hint in hints.items() if get_origin(hint) is not NotRequired)


@cache
def nullable(cls: type) -> frozenset[str]:
    """Return the names of the members of a typed dict that may be None."""
    hints = get_type_hints(cls)
    return frozenset(name for name, hint in hints.items() if hint is object or type(None) in get_args(hint))


@cache
def compile_check(hint: object) -> Check:
    """Return the check that a type hint stands for."""
    if hint is object:
        return check_json
    if hint in _SCALARS:
        return _scalar_check(*_SCALARS[hint])
    if hint in _TEXTS:
        return _text_check(*_TEXTS[hint])
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return _literal_check(arguments)
    if origin in (Union, types.UnionType):
        return _UnionCheck(arguments)
    if origin is Sequence:
        return _sequence_check(compile_check(arguments[0]))
    if origin is Mapping:
        return _mapping_check(compile_check(arguments[1]))
    if is_typeddict(hint) and isinstance(hint, type):
        return _object_check(hint)
    raise TypeError(f"no check for the hint {hint!r}")


def check_json(value: object) -> object:
    """Check a value of any JSON form."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return _finite(value)
    if is_mapping(value):
        return {name: _inside(name, check_json, item) for name, item in _items(value)}
    if is_sequence(value):
        return [_inside(index, check_json, item) for index, item in enumerate(value)]
    if _is_model(value):
        return check_json(value.to_dict())
    raise Misfit("a value that JSON has a form for", value)


def check_object(cls: type, value: Mapping[Any, object]) -> dict[str, object]:
    """Check a mapping against a typed dict. Members that it does not declare are checked to be JSON and kept."""
    checks = members(cls)
    written: dict[str, object] = {}
    for name, item in value.items():
        if not isinstance(name, str):
            raise Misfit(NAMES, name)
        check = checks.get(name)
        if check is None:
            check = check_json
        elif item is None and name not in nullable(cls) and name not in required(cls):
            # What was an answer's message or came out of a dump is full of nulls that a request must not have.
            continue
        try:  # as `_inside` has it; this is the way of every message
            written[name] = check(item)
        except Misfit as misfit:
            raise misfit.at(name) from None
    for name in required(cls):
        if name not in written:
            from difflib import get_close_matches

            near = get_close_matches(name, [key for key in written if key not in checks], 1)
            hint = f"Is {near[0]!r} meant to be {name!r}?" if near else ""
            raise Misfit(f"an object with the member {name!r}", value, hint)
    return written


def _items(value: Mapping[Any, object]) -> Iterator[tuple[str, object]]:
    for name, item in value.items():
        if not isinstance(name, str):
            raise Misfit(NAMES, name)
        yield name, item


def _inside(step: str | int, check: Check, value: object) -> object:
    try:
        return check(value)
    except Misfit as misfit:
        raise misfit.at(step) from None


def _finite(value: float) -> float:
    # RFC 8259 section 6: JSON has no form for them, and an encoder would send null in their place.
    if not math.isfinite(value):
        raise Misfit(FINITE, value)
    return value


_SCALARS: dict[object, tuple[tuple[type, ...], str]] = {
    str: ((str,), "a text"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    bool: ((bool,), "True or False"),
    type(None): ((type(None),), "None"),
}


_TEXTS: dict[object, tuple[Callable[[Any], bool], Callable[[Any], str], str]] = {
    uuid.UUID: (lambda value: isinstance(value, uuid.UUID), str, "a UUID"),
    datetime.datetime: (
        lambda value: isinstance(value, datetime.datetime),
        datetime.datetime.isoformat,
        "a date and time",
    ),
    # A date and time is a date to Python; as a text it is not.
    datetime.date: (
        lambda value: isinstance(value, datetime.date) and not isinstance(value, datetime.datetime),
        datetime.date.isoformat,
        "a date",
    ),
}
"""Types of values that JSON has only texts for: what is one, how it is written, and its name."""


def _text_check(fits: Callable[[Any], bool], text_of: Callable[[Any], str], accepted: str) -> Check:
    def check(value: object) -> object:
        if not fits(value):
            raise Misfit(accepted, value)
        return text_of(value)

    return check


def _scalar_check(kinds: tuple[type, ...], accepted: str) -> Check:
    def check(value: object) -> object:
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise Misfit(accepted, value)
        return _finite(value) if isinstance(value, float) else value

    return check


def _literal_check(words: tuple[object, ...]) -> Check:
    """One word is a const and closed. Several are an enum, which is open: servers add words.

    An enum of one word has a hint of its own: the word or any text.
    """
    accepted = words_of(words)
    kinds = tuple({type(word) for word in words})

    def check(value: object) -> object:
        # By type as well: True is no 1, though Python says that they are equal.
        if len(words) == 1:
            fits = type(value) in kinds and value == words[0]
        else:
            fits = isinstance(value, kinds) and not (isinstance(value, bool) and bool not in kinds)
        if not fits:
            raise Misfit(accepted, value)
        return value

    return check


def words_of(words: Sequence[object]) -> str:
    """Join words as alternatives."""
    return repr(words[0]) if len(words) == 1 else f"one of {', '.join(map(repr, words))}"


def _sequence_check(check_item: Check) -> Check:
    def check(value: object) -> object:
        if not is_sequence(value):
            raise Misfit("a list", value)
        written: list[object] = []
        for index, item in enumerate(value):
            try:
                written.append(check_item(item))
            except Misfit as misfit:
                raise misfit.at(index) from None
        return written

    return check


def _mapping_check(check_item: Check) -> Check:
    def check(value: object) -> object:
        if _is_model(value):
            value = value.to_dict()
        if not is_mapping(value):
            raise Misfit("an object", value)
        # Ids of tokens are numbers, and as the names of members texts.
        named = {str(name) if type(name) is int else name: item for name, item in value.items()}
        return {name: _inside(name, check_item, item) for name, item in _items(named)}

    return check


def _object_check(cls: type) -> Check:
    def check(value: object) -> object:
        if not is_mapping(value):
            raise Misfit("an object", value)
        return check_object(cls, value)

    return check


def _is_model(value: object) -> TypeGuard[SupportsToDict]:
    return hasattr(type(value), "from_dict") and hasattr(type(value), "to_dict")


class _UnionCheck:
    """Chooses the arm of a union by the kind of the value, and among objects by their discriminator."""

    def __init__(self, arms: tuple[object, ...]) -> None:
        self.classes = {arm.__name__: arm for arm in arms if isinstance(arm, type) and is_typeddict(arm)}
        self.tag, self.tagged = _discriminator(tuple(self.classes.values()))
        self.sequence = next((compile_check(arm) for arm in arms if get_origin(arm) is Sequence), None)
        self.mapping = next((compile_check(arm) for arm in arms if get_origin(arm) is Mapping), None)
        self.scalars = [
            compile_check(arm) for arm in arms if arm in _SCALARS or arm in _TEXTS or get_origin(arm) is Literal
        ]
        self.accepted = " or ".join(dict.fromkeys(text for arm in arms if (text := _name(arm))))
        self.accepts_numbers = float in arms
        self.takes_text = str in arms
        plain = {*self.classes.values(), *_SCALARS, *_TEXTS}
        self.models = {arm.__name__ for arm in arms if isinstance(arm, type) and arm not in plain}

    def __call__(self, value: object) -> object:
        if self.takes_text and value.__class__ is str:
            return value
        if self.models and value.__class__ is not dict and _is_model(value):
            return self.check_model(value)
        if self.mapping is not None and is_mapping(value):
            return self.mapping(value)
        if self.classes and is_mapping(value):
            return self.check_mapping(value)
        if self.sequence is not None and is_sequence(value):
            return self.sequence(value)
        for scalar in self.scalars:
            try:
                return scalar(value)
            except Misfit:
                continue
        if self.accepts_numbers and isinstance(value, float):
            # A number, so what is wrong with it is that it is not finite.
            raise Misfit(self.accepted.replace(_SCALARS[float][1], FINITE), value)
        raise Misfit(self.accepted, value)

    def check_mapping(self, value: Mapping[object, object]) -> object:
        """Check an object against the typed dict that its discriminator names."""
        if len(self.classes) == 1:
            return check_object(next(iter(self.classes.values())), value)
        word = value.get(self.tag)
        if isinstance(word, str) and word in self.tagged:
            return check_object(self.tagged[word], value)
        accepted = words_of(tuple(self.tagged))
        if self.tag in value:
            raise Misfit(accepted, word).at(self.tag)
        raise Misfit(f"an object with the member {self.tag!r}: {accepted}", value)

    def check_model(self, model: SupportsToDict) -> object:
        """Check what a model writes against its typed dict. An answer's has none: it goes back as it came."""
        names = [cls.__name__ for cls in type(model).__mro__]
        if self.models.isdisjoint(names):
            raise Misfit(f"{self.accepted}, or one of the models {', '.join(sorted(self.models))}", model)
        written = model.to_dict()
        for name in names:
            if twin := self.classes.get(f"{name}Param"):
                return check_object(twin, written)
        return written if self.mapping is None else self.mapping(written)


def _discriminator(classes: tuple[type, ...]) -> tuple[str, dict[str, type]]:
    """Find the member that has a word of its own in each of the typed dicts, and the typed dict of each word."""
    for name in get_type_hints(classes[0]) if len(classes) > 1 else ():
        hints = [get_type_hints(cls).get(name) for cls in classes]
        if all(get_origin(hint) is Literal and len(get_args(hint)) == 1 for hint in hints):
            return name, {get_args(hint)[0]: cls for hint, cls in zip(hints, classes, strict=True)}
    if len(classes) > 1:
        raise TypeError(f"nothing tells {', '.join(cls.__name__ for cls in classes)} apart")
    return "", {}


def _name(arm: object) -> str:
    """Name an arm of a union in an error; empty for models, which stand beside the object they write."""
    if arm in _SCALARS:
        return _SCALARS[arm][1]
    if arm in _TEXTS:
        return _TEXTS[arm][2]
    origin = get_origin(arm)
    if origin is Literal:
        return words_of(get_args(arm))
    if origin is Sequence:
        return "a list"
    return "an object" if origin is Mapping or is_typeddict(arm) else ""

"""Describe values in error messages, and suggest what was meant or how to convert a value. No I/O.

Does not decide what is accepted: `_validation` and `_schemas` do.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Collection, Iterable, Sequence
from inspect import iscoroutinefunction, isroutine
from typing import Any, Protocol, SupportsFloat, TypeGuard, cast

from .._json.codec import is_mapping, is_sequence
from .._json.scalars import json_scalar

_SHOWN_KEYS = 8


class SupportsToDict(Protocol):
    """An object that returns itself as a JSON object, as generated models do."""

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        ...


def is_model(value: object) -> TypeGuard[SupportsToDict]:
    """Return whether a value is a generated model."""
    return hasattr(type(value), "from_dict") and hasattr(type(value), "to_dict")


_KIND_NAMES: dict[object, str] = {
    str: "a string", int: "an integer", float: "a number", bool: "a boolean", bytes: "bytes", type(None): "None",
}  # fmt: skip


def instance_of(value: object) -> str:
    """Name the type of a value that is not shown: ``a string``, ``a Fraction``, ``the class Client``."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = type(value).__name__
    return _KIND_NAMES.get(type(value), f"{'an' if name[:1].lower() in 'aeio' else 'a'} {name}")


def describe(value: object) -> str:
    """Return the text for a value in an error message: its repr, cut to a readable length."""
    if is_mapping(value):
        return _described_keys(list(value)) if value else "an empty dict"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isroutine(value):
        kind = "coroutine function" if iscoroutinefunction(value) else "function"
        return f"the {kind} {getattr(value, '__name__', repr(value))}()"
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  # the repr of a caller's class can raise any exception
        return instance_of(value)
    if text[:1] in _DISPLAYS and not isinstance(value, _BUILT_IN):
        return instance_of(value)  # its repr looks like that of a built-in type, as that of UserList does
    return text if len(text) <= 80 else f"{text[:60]}... ({len(text)} characters)"


_DISPLAYS = ("[", "(", "{", "'", '"')
_BUILT_IN = (str, bytes, bytearray, list, tuple, set, frozenset)


def _described_keys(keys: list[object]) -> str:
    shown = ", ".join(map(repr, keys[:_SHOWN_KEYS]))
    return f"a dict with the key{'' if len(keys) == 1 else 's'} {shown}{', ...' if len(keys) > _SHOWN_KEYS else ''}"


def alternatives(texts: Iterable[str]) -> str:
    """Join what is accepted: ``a string, a list or None``."""
    # "True or False" counts as two.
    *first, last = [word for text in texts for word in (text.split(" or ") if text == "True or False" else [text])]
    return f"{', '.join(first)} or {last}" if first else last


def choices_of(values: Sequence[object]) -> str:
    """Join values that are accepted: ``one of 'a', 'b'``."""
    return repr(values[0]) if len(values) == 1 else f"one of {', '.join(map(repr, values))}"


def did_you_mean(value: object, choices: Sequence[object]) -> str:
    """Return the question whether a similar choice was meant, or an empty text if none is similar."""
    near = nearest(value, choices) if isinstance(value, str) else None
    return f"Did you mean {near!r}?" if near else ""


def nearest(name: str, choices: Iterable[object]) -> str | None:
    """Return the choice that a name is a misspelling of, or None.

    It is one if only case and punctuation differ, or at most one character; two in choices of 6 and more characters.
    With more, ``video_url`` would match ``image_url``.
    """
    plain = _letters(name)
    for choice in choices:
        if isinstance(choice, str):
            letters = _letters(choice)
            if plain == letters or _distance(plain, letters) <= (2 if len(letters) >= 6 else 1):
                return choice
    return None


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name[:100].lower()))


def _distance(first: str, second: str) -> int:
    """Return the Levenshtein distance of two strings."""
    # Only the latest row of the table of distances is kept.
    row = list(range(len(second) + 1))
    for line, letter in enumerate(first, 1):
        above, row[0] = row[0], line
        for column, other in enumerate(second, 1):
            above, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, above + (letter != other))
    return row[-1]


def is_unhashable(value: object) -> bool:
    """Return whether a value has no hash, so that it is not a type."""
    return getattr(type(value), "__hash__", None) is None


def is_list_or_set(value: object) -> TypeGuard[list[object] | set[object]]:
    """Return whether a value is a list or a set."""
    return isinstance(value, list | set)


def type_name(hint: object) -> str:
    """Return the source text of a type. For a list or set of types, it is the generic type that was probably meant.

    It is empty for a list or set of other values.
    """
    if is_list_or_set(hint):
        names = [type_name(item) if _is_hint(item) else "" for item in hint]
        return f"{type(hint).__name__}[{' | '.join(names)}]" if names and all(names) else ""
    if isinstance(hint, type) and not hasattr(hint, "__args__"):
        return hint.__name__
    return describe(hint).replace("typing.", "")


def _is_hint(value: object) -> bool:
    return isinstance(value, type | list | set) or hasattr(value, "__origin__") or hasattr(value, "__args__")


def decorate_hint(function: object) -> str:
    """Return the sentence about how to make a tool from a callable."""
    name = getattr(function, "__name__", None)
    if name == "<lambda>":
        return "Make it a function with type hints and the decorator @tool."
    if name is None:
        return "Make it a tool with tool(...)."
    return f"Make it a tool with the decorator @tool, or with tool({name})."


_CONVERSIONS = (
    ("tolist", "list", "Convert it with .tolist()."),
    ("model_dump", "dict", "Convert it with .model_dump(mode='json')."),
    ("model_dump_json", "string", "Convert it with .model_dump_json()."),
    ("isoformat", "string", "Convert it with .isoformat()."),
    ("__dataclass_fields__", "dict", "Convert it with dataclasses.asdict()."),
    ("__dataclass_fields__", "string", "Convert it with json.dumps(dataclasses.asdict(...))."),
    ("__attrs_attrs__", "dict", "Convert it with attrs.asdict()."),
    ("__attrs_attrs__", "string", "Convert it with json.dumps(attrs.asdict(...))."),
    ("decode", "string", "Decode it to a string, or encode it in base64."),
    ("hex", "string", "Convert it with str()."),
    ("__fspath__", "string", "Convert it with str()."),
    ("casefold", "string", "Convert it with str()."),
    ("__iter__", "list", "Convert it to a list."),
)
"""An attribute of a class, the kind of value that its instances can be converted to, and how."""


def conversion_hint(value: object, *kinds: str) -> str:
    """Return the sentence about how to convert a value to an accepted one, or an empty text.

    Args:
        value: the value.
        kinds: what is accepted: ``string``, ``number``, ``integer``, ``list``, ``dict``. Without any, it is every value
            that JSON can represent.
    """
    if is_mapping(value) or is_sequence(value):
        return "Convert it with json.dumps()." if is_mapping(value) and "string" in kinds else ""
    if value is None or isinstance(value, str | int | float | type):
        return ""
    if not kinds and (hint := number_hint(value, (float,))):
        return hint
    cls = type(value)
    return next((hint for name, kind, hint in _CONVERSIONS if (kind in kinds or not kinds) and hasattr(cls, name)), "")


def number_hint(value: object, accepted: Collection[object]) -> str:
    """Return the sentence about how to convert a number of another library, or an empty text.

    Args:
        value: the value.
        accepted: the types that are accepted.
    """
    from numbers import Number

    scalar = json_scalar(value)
    is_number = isinstance(value, Number) or isinstance(scalar, bool)
    if not is_number or isinstance(value, int | float | enum.Enum) or not hasattr(type(value), "__float__"):
        return ""
    target = next((kind for kind in (float, int, bool, str) if kind in accepted), None)
    if target is not float or scalar is not value:
        return f"Convert it with {target.__name__}()." if target else ""
    try:
        is_finite = math.isfinite(float(cast("SupportsFloat", value)))
    except (ArithmeticError, ValueError):
        is_finite = False
    return f"It cannot be sent without losing digits. Convert it with {'float() or ' if is_finite else ''}str()."

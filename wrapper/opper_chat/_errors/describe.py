"""Python values that stand for JSON values, and how error messages name values. No I/O.

A request can hold instances of subclasses, such as Django's ``SafeText`` (str) or ``numpy.float64`` (float), and
numbers of other libraries. `json_scalar` returns the str, int, float or bool that is sent for one of them.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Collection, Iterable, Sequence
from inspect import iscoroutinefunction, isroutine
from typing import Any, Protocol, SupportsFloat, TypeGuard, cast

from .._json.codec import is_mapping, is_sequence

_SHOWN_KEYS = 8


class SupportsToDict(Protocol):
    """A model: an object that writes itself as a JSON object."""

    def to_dict(self) -> dict[str, Any]: ...


def is_model(value: object) -> TypeGuard[SupportsToDict]:
    """Return whether a value is a generated model."""
    return hasattr(type(value), "from_dict") and hasattr(type(value), "to_dict")


def json_scalar(value: object) -> object:
    """Return the str, int, float or bool that is sent for a value, or the value itself if there is none.

    Instances of subclasses and members of enums stand for their value. Numbers of other classes, such as
    ``numpy.int64``, `decimal.Decimal` and `fractions.Fraction`, are converted where nothing is lost.
    """
    if value is None or isinstance(value, bool):
        return value
    # Not str(value), int(value) or float(value): a subclass may say something else, as enums do.
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, enum.Enum):
        return json_scalar(value.value)
    return _number(value)


def text_value(value: object) -> object:
    """Return the string that is sent for a value, or the value itself if there is none."""
    if isinstance(value, str):
        return value
    return scalar if isinstance(scalar := json_scalar(value), str) else value


def _number(value: object) -> object:
    """Return the number or boolean that is sent for a value of another library, or the value itself."""
    cls = type(value)
    if cls.__module__ == "numpy" and cls.__name__ in ("bool", "bool_"):
        return bool(value)
    from decimal import Decimal
    from numbers import Integral, Rational, Real

    try:
        if isinstance(value, Integral):
            return int(value)
        if isinstance(value, Rational) and value.denominator == 1:
            return int(value.numerator)
        if isinstance(value, Decimal):
            # Lossless if the shortest text of the float has the same digits. Exponents that large have no float.
            written = float(value)
            if Decimal(repr(written)) == value:
                return int(value) if value == value.to_integral_value() and abs(value) < 2**53 else written
        elif isinstance(value, Real):
            written = float(value)
            if written == value or written != written:  # noqa: PLR0124  # NaN is refused where it stands
                return written
    except (ArithmeticError, ValueError):
        pass
    return value


_KIND_NAMES: dict[object, str] = {
    str: "a string", int: "an integer", float: "a number", bool: "a boolean", bytes: "bytes", type(None): "None",
}  # fmt: skip


def instance_of(value: object) -> str:
    """Name the kind of a value that is not shown: ``a string``, ``a Fraction``, ``the class Client``."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = type(value).__name__
    return _KIND_NAMES.get(type(value), f"{'an' if name[:1].lower() in 'aeio' else 'a'} {name}")


def describe(value: object) -> str:
    """Name a value in an error message: its repr, cut to a readable length."""
    if is_mapping(value):
        return _described_keys(list(value)) if value else "an empty dict"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isroutine(value):
        kind = "coroutine function" if iscoroutinefunction(value) else "function"
        return f"the {kind} {getattr(value, '__name__', repr(value))}()"
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  # the classes of callers raise what they like
        return instance_of(value)
    if text[:1] in _DISPLAYS and not isinstance(value, _BUILT_IN):
        return instance_of(value)  # the text alone would show a list, as that of a UserList does
    return text if len(text) <= 80 else f"{text[:60]}... ({len(text)} characters)"


_DISPLAYS = ("[", "(", "{", "'", '"')
_BUILT_IN = (str, bytes, bytearray, list, tuple, set, frozenset)


def _described_keys(keys: list[object]) -> str:
    shown = ", ".join(map(repr, keys[:_SHOWN_KEYS]))
    return f"a dict with the key{'' if len(keys) == 1 else 's'} {shown}{', ...' if len(keys) > _SHOWN_KEYS else ''}"


def alternatives(texts: Iterable[str]) -> str:
    """Join what is accepted: ``a string, a list or None``."""
    # "True or False" are two, too.
    *first, last = [word for text in texts for word in (text.split(" or ") if text == "True or False" else [text])]
    return f"{', '.join(first)} or {last}" if first else last


def words_of(words: Sequence[object]) -> str:
    """Join words as alternatives."""
    return repr(words[0]) if len(words) == 1 else f"one of {', '.join(map(repr, words))}"


def meant(value: object, words: Sequence[object]) -> str:
    """Return the question whether one of the words was meant; empty if none is nearly the value."""
    near = nearest(value, words) if isinstance(value, str) else None
    return f"Did you mean {near!r}?" if near else ""


def nearest(name: str, words: Iterable[object]) -> str | None:
    """Return the word that a name is a misspelling of, or None.

    It is one if only case and punctuation differ, or at most one character, in words of 6 and more two. More would
    take ``video_url`` for ``image_url``.
    """
    plain = _letters(name)
    for word in words:
        if isinstance(word, str):
            letters = _letters(word)
            if plain == letters or _distance(plain, letters) <= (2 if len(letters) >= 6 else 1):
                return word
    return None


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name[:100].lower()))


def _distance(first: str, second: str) -> int:
    """Return how many characters must be added, removed or replaced to get from one string to the other."""
    row = list(range(len(second) + 1))
    for place, letter in enumerate(first, 1):
        above, row[0] = row[0], place
        for column, other in enumerate(second, 1):
            above, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, above + (letter != other))
    return row[-1]


def is_unhashable(value: object) -> bool:
    """Whether a value cannot be a type, since types have a hash."""
    return getattr(type(value), "__hash__", None) is None


def is_list_or_set(value: object) -> TypeGuard[list[object] | set[object]]:
    """Whether a value is a list or a set, whatever is in it."""
    return isinstance(value, list | set)


def type_name(hint: object) -> str:
    """Return a type as it is written in a program; of a list or set of types, the type that it probably means.

    Empty for a list or set of something else.
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
    """Return the sentence that says how to make a tool of something that can be called."""
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
"""A method or attribute of a class, the kind of value that its instances can be converted to, and how."""


def conversion_hint(value: object, *kinds: str) -> str:
    """Return the sentence that says how to convert a value to what is accepted; empty if there is none.

    Args:
        value: what was given.
        kinds: what is accepted: ``string``, ``number``, ``integer``, ``list``, ``dict``. Whatever JSON can represent
            unless given.
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
    """Return the sentence that says how to convert another library's number; empty if it is not a number.

    Args:
        value: what was given.
        accepted: the types that are accepted where it stands.
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

"""Compare two JSON values, and list the paths at which they differ. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import islice, zip_longest
from typing import Any, TypeGuard

_MAX_SHOWN = 100
_CONTEXT = 20


class Missing(Enum):
    """The type of `MISSING`."""

    MISSING = "nothing"

    def __repr__(self) -> str:
        return self.value


MISSING = Missing.MISSING


@dataclass(frozen=True, slots=True)
class Difference:
    """A path at which the value is not the expected one."""

    path: str
    expected: object
    got: object

    def __str__(self) -> str:
        expected, got = self.expected, self.got
        if isinstance(expected, str) and isinstance(got, str):
            expected, got = _cut_to_difference(expected, got)
        return f"{self.path or 'the body'}: expected {_short_repr(expected)}, got {_short_repr(got)}"


def differences(expected: object, got: object, *, partly: bool = False) -> Iterator[Difference]:
    """Yield the differences between a value and the expected one, in order.

    Args:
        expected: the expected JSON value. Objects in it are compared with `==`.
        got: the JSON value to compare.
        partly: whether `got` may have further properties at the top level.
    """
    pending: list[tuple[str, object, object]] = [("", expected, got)]
    while pending:
        path, one, other = pending.pop()
        one = _to_json(one)
        if _is_object(one) and _is_object(other):
            extra = [] if partly and not path else [name for name in other if name not in one]
            inside = [
                (f"{path}.{name}" if path else str(name), one.get(name, MISSING), other.get(name, MISSING))
                for name in [*one, *extra]
            ]
        elif _is_array(one) and _is_array(other):
            pairs = zip_longest(one, other, fillvalue=MISSING)
            inside = [(f"{path}[{index}]", *pair) for index, pair in enumerate(pairs)]
        else:
            if not _same(one, other):
                yield Difference(path, one, other)
            continue
        # A stack instead of recursion, which deep JSON would exceed. Reversed, so that the first is the next.
        pending.extend(reversed(inside))


def format_differences(found: Iterator[Difference], limit: int = 5) -> str:
    """Return the differences as indented lines, at most `limit` of them, and the number of the others."""
    lines = [f"\n  {difference}" for difference in islice(found, limit)]
    more = sum(1 for _ in found)
    return "".join([*lines, f"\n  and {more} more" if more else ""])


def _same(expected: object, got: object) -> bool:
    if isinstance(expected, bool | int | float) and isinstance(got, bool | int | float):
        # In Python, True equals 1. In JSON it does not.
        return expected == got and isinstance(expected, bool) == isinstance(got, bool)
    return bool(expected == got)


def _to_json(value: object) -> object:
    """Return the JSON of a generated model, and any other value as it is."""
    to_dict = getattr(value, "to_dict", None)
    return to_dict() if callable(to_dict) else value


def _is_object(value: object) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(value, Mapping)


def _is_array(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, list | tuple)


def _cut_to_difference(expected: str, got: str) -> tuple[str, str]:
    """Return two long strings from shortly before their first difference."""
    if max(len(expected), len(got)) <= _MAX_SHOWN:
        return expected, got
    same = next((at for at, pair in enumerate(zip_longest(expected, got)) if pair[0] != pair[1]), 0)
    start = max(0, same - _CONTEXT)
    before = "…" if start else ""
    return before + expected[start:], before + got[start:]


def _short_repr(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"

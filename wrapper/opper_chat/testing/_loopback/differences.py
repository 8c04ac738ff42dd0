"""Where two JSON values differ: the paths, and what is at each. Values only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import islice, zip_longest
from typing import Any, TypeGuard

_SHOWN = 100
_BEFORE = 20


class Nothing(Enum):
    """What is where nothing is."""

    NOTHING = "nothing"

    def __repr__(self) -> str:
        return self.value


NOTHING = Nothing.NOTHING


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where something else is than was expected."""

    path: str
    expected: object
    got: object

    def __str__(self) -> str:
        expected, got = self.expected, self.got
        if isinstance(expected, str) and isinstance(got, str):
            expected, got = _where_they_part(expected, got)
        return f"{self.path or 'the body'}: expected {_shown(expected)}, got {_shown(got)}"


def differences(expected: object, got: object, *, partly: bool = False) -> Iterator[Difference]:
    """Yield the places where `got` is not what was expected, in order.

    Args:
        expected: the value, or objects that know by `==` what they equal.
        got: what came: JSON.
        partly: whether `got` may have further members, at the top.
    """
    places: list[tuple[str, object, object]] = [("", expected, got)]
    while places:
        path, one, other = places.pop()
        one = _as_sent(one)
        if _is_object(one) and _is_object(other):
            extra = [] if partly and not path else [name for name in other if name not in one]
            inside = [
                (f"{path}.{name}" if path else str(name), one.get(name, NOTHING), other.get(name, NOTHING))
                for name in [*one, *extra]
            ]
        elif _is_array(one) and _is_array(other):
            pairs = zip_longest(one, other, fillvalue=NOTHING)
            inside = [(f"{path}[{index}]", *pair) for index, pair in enumerate(pairs)]
        else:
            if not _same(one, other):
                yield Difference(path, one, other)
            continue
        places.extend(reversed(inside))


def listed(found: Iterator[Difference], limit: int = 5) -> str:
    """Return the differences as indented lines, no more than so many."""
    lines = [f"\n  {difference}" for difference in islice(found, limit)]
    more = sum(1 for _ in found)
    return "".join([*lines, f"\n  and {more} more" if more else ""])


def _same(expected: object, got: object) -> bool:
    if isinstance(expected, bool | int | float) and isinstance(got, bool | int | float):
        # To Python True is 1; in JSON it is not.
        return expected == got and isinstance(expected, bool) == isinstance(got, bool)
    return bool(expected == got)


def _as_sent(value: object) -> object:
    """A generated model as the JSON that it is sent as."""
    to_dict = getattr(value, "to_dict", None)
    return to_dict() if callable(to_dict) else value


def _is_object(value: object) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(value, Mapping)


def _is_array(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, list | tuple)


def _where_they_part(expected: str, got: str) -> tuple[str, str]:
    """Two texts, cut so that the place where they part is seen."""
    if max(len(expected), len(got)) <= _SHOWN:
        return expected, got
    alike = next((at for at, pair in enumerate(zip_longest(expected, got)) if pair[0] != pair[1]), 0)
    start = max(0, alike - _BEFORE)
    before = "…" if start else ""
    return before + expected[start:], before + got[start:]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"

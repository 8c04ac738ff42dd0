"""The error for a value that is nested too deeply or contains itself, with the path to it. No I/O."""

from __future__ import annotations

from collections.abc import Iterator

from .._json.codec import is_mapping, is_sequence
from .describe import is_model
from .invalid_value import UnexpectedValueError

_SHOWN_STEPS = 4
"""The number of steps of the path to a value that is nested too deeply. They are enough to find it."""

_DEEP = 50
"""The number of levels that is given in the error if it is exceeded. The limit depends on the caller's stack."""


def nesting_error(value: object) -> UnexpectedValueError:
    """Return the error for a value whose validation exceeded the recursion limit of Python."""
    levels: list[tuple[object, Iterator[tuple[str | int, object]]]] = [(value, _items(value))]
    outer = {id(value)}
    path: list[str | int] = []
    deepest: list[str | int] = []
    while levels:
        step = next(levels[-1][1], None)
        if step is None:
            outer.discard(id(levels.pop()[0]))
            if path:
                path.pop()
            continue
        name, item = step
        if id(item) in outer:
            circle = _Described("one that does")
            return UnexpectedValueError("a value that does not contain itself", circle).at(*path, name)
        if len(levels) > len(deepest):
            deepest = [*path, name]
        if is_mapping(item) or is_sequence(item) or is_model(item):
            levels.append((item, _items(item)))
            outer.add(id(item))
            path.append(name)
    given = f"one with {len(deepest)} levels" if len(deepest) > _DEEP else "one that is too deep"
    return UnexpectedValueError("a value with less nesting", _Described(given)).at(*deepest[:_SHOWN_STEPS])


class _Described:
    """A value whose repr is a text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _items(value: object) -> Iterator[tuple[str | int, object]]:
    if is_model(value):
        try:
            value = value.to_dict()
        except RecursionError:
            return
    if is_mapping(value):
        for name, item in value.items():
            yield str(name), item
    elif is_sequence(value):
        yield from enumerate(value)

"""Errors about values that do not fit a type: an argument, the JSON that a model wrote, the result of a tool. No I/O.

An argument is checked up to its first problem, and the error shows the value. What a model wrote is checked as a whole,
and the error shows no value: it may be private.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self, TypeAlias

from .describe import describe

_SHOWN = 10

JSONPath: TypeAlias = tuple[str | int, ...]
"""Names of properties and indexes of items, from the outside in."""

Problem: TypeAlias = tuple[JSONPath, str]
"""The path to a value, and what is wrong with it."""


class InvalidValueError(ValueError):
    """A value does not fit its type. The text names the first ten problems.

    Args:
        located: the problems with their paths.
    """

    def __init__(self, *located: Problem) -> None:
        self.located: list[Problem] = list(located)
        super().__init__(self.located)

    @property
    def problems(self) -> list[str]:
        """A text for each problem, such as ``rows[2].name: is missing``."""
        return [f"{format_path(path)}: {text}" if path else text for path, text in self.located]

    def at(self, *steps: str | int) -> Self:
        """Put steps before the paths of all problems: those from an outer value to this one."""
        self.located = [((*steps, *path), text) for path, text in self.located]
        return self

    def __str__(self) -> str:
        more = len(self.located) - _SHOWN
        return "; ".join(self.problems[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")


class UnexpectedValueError(InvalidValueError):
    """An argument, or a value in it, is not what is expected there.

    Args:
        expected: what is expected, such as ``a string``.
        value: the value.
        hint: a sentence about what to do instead.
    """

    def __init__(self, expected: str, value: object, hint: str = "") -> None:
        super().__init__(((), f"expected {expected}"))
        self.expected = expected
        self.value = value
        self.hint = hint

    @property
    def path(self) -> JSONPath:
        """The path from the argument to the value."""
        return self.located[0][0]

    @property
    def argument(self) -> str:
        """The same as a text: ``messages[0].content[1].type``."""
        return format_path(self.path)

    @property
    def received(self) -> str:
        """The value as text, cut to a readable length."""
        return describe(self.value)


def format_path(path: Iterable[str | int]) -> str:
    """Return a path as a Python developer writes it: ``rows[2].name``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")

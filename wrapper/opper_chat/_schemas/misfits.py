"""What is said of JSON values that are none of their type, and whatever else is said in words. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

_SHOWN = 10

Place: TypeAlias = tuple[tuple[str | int, ...], str]
"""The path to a value, and what is wrong with it."""


class InvalidValueError(ValueError):
    """A JSON value is none of its type. Says every place that does not fit, and nothing of what was given there.

    Attributes:
        problems: a text for each place, with its path as a person would write it: ``rows[2].name: is missing``.
    """

    def __init__(self, *places: Place) -> None:
        self.places = list(places)
        super().__init__(self.places)

    @property
    def problems(self) -> list[str]:
        return [f"{path}: {text}" if (path := path_of(steps)) else text for steps, text in self.places]

    def at(self, step: str | int) -> list[Place]:
        """Return the places as they are seen from outside."""
        return [((step, *steps), text) for steps, text in self.places]

    def __str__(self) -> str:
        more = len(self.places) - _SHOWN
        return "; ".join(self.problems[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def path_of(steps: Iterable[str | int]) -> str:
    """Return a path as a person would write it: ``rows[2].name``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


def misfit(text: str) -> InvalidValueError:
    """Return the error for a value that itself does not fit."""
    return InvalidValueError(((), text))


def built(make: Callable[[Any], object], value: object) -> object:
    """Return what a class, or what else the caller wrote, makes of a value that fits so far.

    Raises:
        InvalidValueError: it refuses it, by any exception.
    """
    try:
        return make(value)
    except Exception as error:  # validators and converters are a caller's own, and raise what they like
        raise misfit(refusal(error)) from error


def refusal(error: Exception) -> str:
    """Return what an exception of a caller's says of a value.

    The text of a validator's own exceptions says what does not fit; that of any other may not be meant for others.
    """
    said = str(error) if isinstance(error, ValueError | TypeError | AssertionError) else ""
    return said or type(error).__name__


_KINDS: dict[type, str] = {
    type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"
}  # fmt: skip


def sentences(*texts: object) -> str:
    """Join what is said in several places about one thing."""
    said = [text.strip() for text in texts if isinstance(text, str) and text.strip()]
    return " ".join([*(f"{text}." if text[-1].isalnum() else text for text in said[:-1]), *said[-1:]])


def kind_of(value: object) -> str:
    """Return the JSON type of a JSON value."""
    return _KINDS.get(type(value), "object")


def article(value: object) -> str:
    """Name the JSON type of a value in a sentence."""
    kind = kind_of(value)
    return {"null": "null"}.get(kind, f"{'an' if kind[0] in 'aio' else 'a'} {kind}")

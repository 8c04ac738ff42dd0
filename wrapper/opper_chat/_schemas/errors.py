"""The error for JSON values that do not fit a type, and the texts of its problems. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from .._errors.paths import Path, format_path

_SHOWN = 10

Problem: TypeAlias = tuple[Path, str]
"""The path to a value, and what is wrong with it."""


class InvalidValueError(ValueError):
    """A JSON value does not fit its type.

    The text names every problem, but never the value: it may be private.

    Args:
        located: the problems with their paths.
    """

    def __init__(self, *located: Problem) -> None:
        self.located = list(located)
        super().__init__(self.located)

    @property
    def problems(self) -> list[str]:
        """A text for each problem, such as ``rows[2].name: is missing``."""
        return [f"{format_path(path)}: {text}" if path else text for path, text in self.located]

    def at(self, step: str | int) -> list[Problem]:
        """Return the problems with their paths from the object or array that holds the value."""
        return [((step, *path), text) for path, text in self.located]

    def __str__(self) -> str:
        more = len(self.located) - _SHOWN
        return "; ".join(self.problems[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def invalid(text: str) -> InvalidValueError:
    """Return the error for a problem with the value itself."""
    return InvalidValueError(((), text))


def check(value: object, hint: Any) -> Any:
    """Return what msgspec converts a JSON value to.

    Raises:
        InvalidValueError: The value does not fit.
    """
    try:
        return msgspec.convert(value, hint)
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        text = str(error)
        raise invalid(text[:1].lower() + text[1:]) from None


def construct(make: Callable[[Any], object], value: object) -> object:
    """Call a class, validator or converter that the caller wrote.

    Raises:
        InvalidValueError: It raised an exception of any kind.
    """
    try:
        return make(value)
    except Exception as error:
        raise invalid(exception_text(error)) from error


def exception_text(error: Exception) -> str:
    """Return what an exception of the caller's code tells about a value.

    Only the text of the exceptions that validators raise is shown. Another, such as one of a database, may be private.
    """
    text = str(error) if isinstance(error, ValueError | TypeError | AssertionError) else ""
    return text or type(error).__name__


def join_sentences(*texts: object) -> str:
    """Join texts about one thing, with a full stop between them. Values that are no texts are left out."""
    found = [text.strip() for text in texts if isinstance(text, str) and text.strip()]
    return " ".join([*(f"{text}." if text[-1].isalnum() else text for text in found[:-1]), *found[-1:]])

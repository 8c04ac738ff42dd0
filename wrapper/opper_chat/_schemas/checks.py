"""Checks of JSON values by msgspec and by the caller's own code, and the texts of their problems. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from .._errors.invalid_value import InvalidValueError


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
    """Return the text of an exception of the caller's code, for an error message.

    Only the text of the exceptions that validators raise is shown. Another, such as one of a database, may be private.
    """
    text = str(error) if isinstance(error, ValueError | TypeError | AssertionError) else ""
    return text or type(error).__name__


def join_sentences(*texts: object) -> str:
    """Join texts about one thing, with a full stop between them. Values that are no texts are left out."""
    found = [text.strip() for text in texts if isinstance(text, str) and text.strip()]
    return " ".join([*(f"{text}." if text[-1].isalnum() else text for text in found[:-1]), *found[-1:]])

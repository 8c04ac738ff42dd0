"""Read values that servers send in another form than the contract's: indexes, texts, finish reasons. No I/O."""

from __future__ import annotations

from collections.abc import Mapping

from . import codec as _json

UNCUT_REASONS = ("stop", "tool_calls", "function_call")
"""Finish reasons that say that nothing was cut off. Servers use many names for the others."""

_NULL_TEXTS = frozenset({"", "null", "none", "undefined"})


def whole_number(value: object) -> int | None:
    """Return an index as an integer, even if it was sent as ``1.0`` or ``"1"``. None for any other value."""
    if type(value) is int:
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10 else None


def scalar_text(value: object) -> str | None:
    """Return a content that is a number or a boolean as JSON text. None for any other value."""
    return _json.encode(value).decode() if isinstance(value, int | float) else None


def is_filtered(choice: Mapping[str, object]) -> bool:
    """Return whether an object without a message is a choice: a content filter leaves only the finish reason.

    An object that has its text elsewhere belongs to another kind of completion.
    """
    return is_finish_reason(choice.get("finish_reason")) and "text" not in choice and "delta" not in choice


def may_continue(choice: Mapping[str, object]) -> bool:
    """Return whether a choice may continue although its first output came with a finish reason.

    Some servers send ``stop`` with every chunk.
    """
    reason = choice.get("finish_reason")
    return is_finish_reason(reason) and reason not in ("tool_calls", "function_call") and "message" not in choice


def is_finish_reason(value: object) -> bool:
    """Return whether a value is a finish reason. Some servers send null as a string."""
    return value.lower() not in _NULL_TEXTS if isinstance(value, str) else bool(value)

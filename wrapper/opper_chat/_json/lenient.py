"""Values that servers write in another form than the contract's: indexes, texts and finish reasons. No I/O."""

from __future__ import annotations

from collections.abc import Mapping

from . import codec as _json

UNCUT_REASONS = ("stop", "tool_calls", "function_call")
"""Finish reasons that say that nothing was cut off. Servers have many words for the others."""

_NULL_TEXTS = frozenset({"", "null", "none", "undefined"})


def whole_number(value: object) -> int | None:
    """Return an index as an integer, also where a server writes it as ``1.0`` or ``"1"``; None for anything else."""
    if type(value) is int:
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10 else None


def scalar_text(value: object) -> str | None:
    """Return a content that is a number or a boolean as JSON text; None for anything else."""
    return _json.encode(value).decode() if isinstance(value, int | float) else None


def is_filtered(choice: Mapping[str, object]) -> bool:
    """Return whether an object without a message is a choice: content filters leave nothing but the finish reason.

    What has its text elsewhere is another kind of completion.
    """
    return is_finish_reason(choice.get("finish_reason")) and "text" not in choice and "delta" not in choice


def may_continue(choice: Mapping[str, object]) -> bool:
    """Return whether the first output of a stream's choice, which brings a finish reason, may not be the last.

    There are servers that say ``stop`` with every chunk.
    """
    reason = choice.get("finish_reason")
    return is_finish_reason(reason) and reason not in ("tool_calls", "function_call") and "message" not in choice


def is_finish_reason(value: object) -> bool:
    """Return whether a value says why a choice ended. Some servers write null as a string."""
    return value.lower() not in _NULL_TEXTS if isinstance(value, str) else bool(value)

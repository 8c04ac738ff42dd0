"""Numbers for people: costs and durations. No I/O."""

from __future__ import annotations

from decimal import Decimal


def format_cost(cost: Decimal) -> str:
    """Return US dollars as text, such as ``$0.0125``."""
    return f"${cost.normalize():f}"


def format_seconds(seconds: float) -> str:
    """Return a duration as text, such as ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"

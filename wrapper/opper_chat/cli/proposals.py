"""What the user probably meant by a name that does not exist."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return the question whether a similar name was meant, with a space after it, or an empty text."""
    from difflib import get_close_matches

    near = get_close_matches(name, list(names), 1)
    return f"Did you mean {near[0]!r}? " if near else ""

"""Paths to values in nested JSON: ``messages[0].content[1].type``. No I/O."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Names of properties and indexes of items, from the outside in."""


def format_path(path: Iterable[str | int]) -> str:
    """Return a path as a Python developer writes it: ``rows[2].name``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")

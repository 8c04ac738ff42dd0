# Made from wrapper/opper_chat/_async/text_stream.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""An iterator over the text of a stream or of a tool loop, delta by delta."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol


class NextText(Protocol):
    """Returns the next text, or None at the end."""

    def __call__(self) -> str | None: ...


class TextStream:
    """Iterates over texts until a function returns None.

    It is not an async generator: asyncio closes one that was left early in another task, and trio warns of it.

    Args:
        next_text: returns the next text, or None at the end.
    """

    def __init__(self, next_text: NextText) -> None:
        self._next_text = next_text

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        text = self._next_text()
        if text is None:
            raise StopIteration
        return text

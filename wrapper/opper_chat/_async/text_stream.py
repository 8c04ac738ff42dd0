"""An iterator over the text of a stream or of a tool loop, delta by delta."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol


class NextText(Protocol):
    """Returns the next text, or None at the end."""

    async def __call__(self) -> str | None: ...


class AsyncTextStream:
    """Iterates over texts until a function returns None.

    It is not an async generator: asyncio closes one that was left early in another task, and trio warns of it.

    Args:
        next_text: returns the next text, or None at the end.
    """

    def __init__(self, next_text: NextText) -> None:
        self._next_text = next_text

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        text = await self._next_text()
        if text is None:
            raise StopAsyncIteration
        return text

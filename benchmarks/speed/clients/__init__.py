"""One module for each client, with the same two classes: `Sync` and `Async`, which are created with a URL.

Each has the code that a user of that client would write, and reads the text of each response.
"""

from __future__ import annotations

from time import perf_counter, process_time
from typing import Any, NamedTuple, Protocol

MODEL = "gpt-4o-mini"
MESSAGES: Any = [
    {"role": "system", "content": "You are a helpful assistant."},
    {"role": "user", "content": "Name a colour of the rainbow."},
]
BODY: dict[str, Any] = {"model": MODEL, "messages": MESSAGES}


class Moment(NamedTuple):
    """A time in seconds, as CPU time of the process and as wall-clock time."""

    cpu: float
    wall: float


def now() -> Moment:
    return Moment(process_time(), perf_counter())


class SyncClient(Protocol):
    """What is measured of a client."""

    def call(self) -> int:
        """Make a plain call; return the length of its text."""
        ...

    def stream(self) -> int:
        """Read a stream to its end; return how many chunks it had."""
        ...

    def first(self) -> Moment:
        """Return the moment when the first chunk of a stream was there; read it to its end."""
        ...

    def close(self) -> None:
        """Close the client."""
        ...


class AsyncClient(Protocol):
    """The same to be awaited."""

    async def call(self) -> int: ...
    async def stream(self) -> int: ...
    async def first(self) -> Moment: ...
    async def close(self) -> None: ...

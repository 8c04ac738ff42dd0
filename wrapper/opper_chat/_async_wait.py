"""What waiting means to the async shells: bounded, cancellable, and cleaned up when nobody waits any more.

Its twin `_wait` has the same names for the sync shells. By anyio, which httpx brings, so asyncio and trio are alike.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import httpx

from ._wait import interrupt

__all__ = ["drop", "interrupt", "time_limit"]


@asynccontextmanager
async def time_limit(
    seconds: float,
    response: httpx.Response | None = None,  # noqa: ARG001  # the twin works on its socket
) -> AsyncGenerator[None]:
    """Bound what is awaited inside.

    Raises:
        TimeoutError: it took longer.
    """
    with anyio.fail_after(max(seconds, 0)):
        yield


def drop(response: httpx.Response, dropped: list[httpx.Response]) -> None:
    """Give up a response in a finalizer, where nothing can be awaited.

    The server sees its connection end at once; the pool gets the place back when the client awaits next.
    """
    interrupt(response)
    dropped.append(response)

"""Time limits of the async client.

`timeouts` has the same names for the sync client.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Any, Self

from sniffio import current_async_library

from .._config.environment import AsyncKeySource
from .leases import ConnectionLease


def fail_after(seconds: float | None) -> AbstractAsyncContextManager[object]:
    """Bound what is awaited inside, where seconds are given.

    Raises:
        TimeoutError: it took longer.
    """
    bound = None if seconds is None else max(seconds, 0)
    return asyncio.timeout(bound) if current_async_library() == "asyncio" else _fail_after(bound)


@asynccontextmanager
async def _fail_after(seconds: float | None) -> AsyncGenerator[None]:
    import anyio

    with anyio.fail_after(seconds):
        yield


def time_limit(
    seconds: float,
    lease: ConnectionLease | None = None,  # noqa: ARG001  # the sync one shuts it down
) -> AbstractAsyncContextManager[object]:
    """Bound what is awaited inside.

    Raises:
        TimeoutError: it took longer.
    """
    return fail_after(seconds)


class SendLimit:
    """Bounds the sending of a request, up to the headers of its answer. What is raised when the time is up is dropped.

    Args:
        seconds: how long it may take, or None for no limit.
        lease: that of the request; without one, nothing can be interrupted by the sync counterpart.
    """

    def __init__(
        self,
        seconds: float | None,
        lease: ConnectionLease | None = None,  # noqa: ARG002  # the sync one uses it
    ) -> None:
        self._bound = None if seconds is None else fail_after(seconds)
        self.expired = False
        """Whether the time was up."""
        self.extensions: dict[str, Any] = {}
        """For the request. The twin has some."""

    async def __aenter__(self) -> Self:
        if self._bound is not None:
            await self._bound.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if self._bound is None:
            return False
        try:
            return bool(await self._bound.__aexit__(kind, error, traceback))
        except TimeoutError as late:
            self.expired = late is not error
            if not self.expired:
                raise
            return True


async def resolve_key(source: AsyncKeySource) -> str:
    """Return what a source of keys gives."""
    key = source()
    return key if isinstance(key, str) else await key

"""Cleanup of the async client: responses and clients that are given up, also in finalizers.

`cleanup` has the same names for the sync client.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol, TypeVar

from .._concurrency.async_loop import current_loop
from .._errors.api import APIError
from .leases import ConnectionLease
from .library import failures, httpx


class AnyReader(Protocol):
    """What reads a response.

    Attributes:
        lease: The lease of its connection.
    """

    lease: ConnectionLease

    async def aclose(self) -> None:
        """Free the connection."""
        ...


Reader = TypeVar("Reader", bound=AnyReader)


def is_interruptible(lease: ConnectionLease) -> bool:  # noqa: ARG001  # the sync one looks for its socket
    """Return True: whatever is awaited can be bounded."""
    return True


def abandon_client(client: httpx.AsyncClient) -> None:
    """Give up a client in a finalizer, where nothing can be awaited: its connections are closed with their loop."""


async def finish_generators(pieces: AsyncIterator[bytes]) -> None:
    """End the generators that a body was read from, after its response was closed.

    A generator in the middle of its work ends when it is asked to go on without the connection. What is left in the
    garbage instead is closed by asyncio in a task of its own, and complained of by trio.
    """
    try:
        while await anext(pieces, b""):
            pass  # what had come already
    # A RuntimeError says that another task reads from them, which it has begun while this one was closing.
    except failures("HTTPError", "StreamError", also=(RuntimeError, APIError)):
        pass


def abandon_response(reader: Reader, dropped: list[Reader]) -> None:
    """Give up a response in a finalizer, where nothing can be awaited.

    The server sees its connection end at once, and the pool serves the next call; what is left of the connection is
    cleared away when the client awaits next.
    """
    reader.lease.shutdown()
    dropped.append(reader)
    reader.lease.release()  # httpx's own pool has the connection back when the response is closed


def is_of_current_loop(lease: ConnectionLease) -> bool:
    """Whether a connection belongs to this event loop, in which alone it can be closed."""
    return lease.loop is None or lease.loop == current_loop()


def is_loop_open(lease: ConnectionLease) -> bool:
    """Whether the event loop of a connection is still there."""
    return isinstance(lease.loop, asyncio.AbstractEventLoop) and not lease.loop.is_closed()

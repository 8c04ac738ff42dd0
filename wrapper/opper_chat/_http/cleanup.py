"""Free the connections of responses and clients that nobody closes, also in finalizers.

The names of the async client begin with `Async` or `async_`. A finalizer cannot await anything.
"""

from __future__ import annotations

from _thread import start_new_thread
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any, Protocol

from .._errors.api import APIError
from .leases import ConnectionLease
from .library import httpx, library_exceptions


class Reader(Protocol):
    """The reader of a response of the sync client.

    Attributes:
        lease: the lease of its connection.
    """

    lease: ConnectionLease

    def close(self) -> None:
        """Free the connection."""
        ...


class AsyncReader(Protocol):
    """The reader of a response of the async client.

    Attributes:
        lease: the lease of its connection.
    """

    lease: ConnectionLease


def async_abandon_client(client: httpx.AsyncClient) -> None:
    """Do nothing in the finalizer of a client: its connections are closed with their event loop."""


def abandon_client(client: httpx.Client) -> None:
    """Close a client in a finalizer."""
    client.close()


async def async_finish_generators(chunks: AsyncIterator[bytes]) -> None:
    """Run the generators of a body to their end, after its response was closed.

    A generator that is garbage-collected before its end is closed by asyncio in another task, and trio warns of it.
    """
    try:
        while await anext(chunks, b""):
            pass  # chunks that were already received
    # A RuntimeError means that another task is reading.
    except library_exceptions("HTTPError", "StreamError", also=(RuntimeError, APIError)):
        pass


def finish_generators(chunks: Iterator[bytes]) -> None:
    """Do nothing: a generator ends with its last reference."""


def async_abandon_response(reader: AsyncReader, abandoned: list[Any]) -> None:
    """Free the connection of a response in a finalizer.

    The connection is shut down at once, and the pool serves the next call. The client closes the rest of it when it
    awaits next.

    Args:
        reader: the reader of the response.
        abandoned: the list to which the reader is added, for the client.
    """
    reader.lease.shutdown()
    abandoned.append(reader)
    reader.lease.release()  # httpx's own pool has the connection back when the response is closed


def abandon_response(reader: Reader, abandoned: list[Any]) -> None:  # noqa: ARG001  # the async one fills it
    """Free the connection of a response in a finalizer.

    A finalizer can run at any line, also where the HTTP library holds the lock of its own pool. Another thread closes
    the response then.
    """
    if reader.lease.is_of_pool:
        reader.close()
        return
    reader.lease.shutdown()
    with suppress(RuntimeError):  # no thread can be started
        start_new_thread(_close, (reader,))


def _close(reader: Reader) -> None:
    with suppress(Exception):  # no caller can handle it
        reader.close()

"""Cleanup of the sync client: responses and clients that are given up, also in finalizers.

`async_cleanup` has the same names for the async client.
"""

from __future__ import annotations

from _thread import start_new_thread
from collections.abc import Iterator
from contextlib import suppress
from typing import Protocol, TypeVar

from .leases import ConnectionLease
from .library import httpx


class AnyReader(Protocol):
    """What reads a response.

    Attributes:
        lease: The lease of its connection.
    """

    lease: ConnectionLease

    def close(self) -> None:
        """Free the connection."""
        ...


Reader = TypeVar("Reader", bound=AnyReader)


def is_interruptible(lease: ConnectionLease) -> bool:
    """Whether a read of a response can be bounded."""
    return lease.is_attached


def abandon_client(client: httpx.Client) -> None:
    """Close a client in a finalizer."""
    client.close()


def finish_generators(pieces: Iterator[bytes]) -> None:
    """Do nothing: a generator ends with its last reference."""


def abandon_response(reader: Reader, dropped: list[Reader]) -> None:  # noqa: ARG001  # the async one fills it
    """Give up a response in a finalizer.

    A finalizer may run at any line, also where the HTTP library holds the lock of its own pool: there another thread
    has to wait for it.
    """
    if reader.lease.is_of_pool:
        reader.close()
        return
    reader.lease.shutdown()
    with suppress(RuntimeError):  # there are no more threads
        start_new_thread(_close, (reader,))


def _close(reader: AnyReader) -> None:
    with suppress(Exception):  # nobody is there to be told
        reader.close()


def is_of_current_loop(lease: ConnectionLease) -> bool:  # noqa: ARG001  # the async one asks for its event loop
    """Return True: a response can be closed from any thread."""
    return True


def is_loop_open(lease: ConnectionLease) -> bool:  # noqa: ARG001
    """Return True."""
    return True

# Made from wrapper/opper_chat/_transport/_async/pool.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""The connections of a client: each a transport of its own, lent to one call at a time and taken back only if sound.

httpx's own pool searches all its connections for every request, and a call that is cancelled at the wrong moment can
leave one of its places taken for good. Here a connection whose call did not end well is thrown away whole.
"""

from __future__ import annotations

import os
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from time import monotonic
from typing import NamedTuple, Protocol, TypeAlias

from ..._concurrency.permits import Permit
from ..._http.library import Library
from ..._http.sent import SentRequest
from ..._http.wait import (
    GRIP,
    LEAVE,
    LOOP,
    WATCH,
    at_end_of_loop,
    forget_loop,
    grip_of,
    has_ended,
    undisturbed,
    where,
)
from .limiter import Limiter
from .reply import Reply

Origin: TypeAlias = tuple[str, str, int | None, Hashable]
"""Scheme, host and port that a connection leads to, and the event loop that it belongs to."""


class Lender(Protocol):
    """One connection, made when it is needed."""

    def handle_request(self, request: SentRequest) -> Reply:
        """Send a request, and return the answer with its body still to be read."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


class _Idle(NamedTuple):
    """A connection that nobody uses."""

    since: float
    lease: list[Lender]
    """The connection, until somebody takes it out, which one caller alone can. What is interrupted or cancelled while
    it gives a connection back cannot know whether another call has it already."""
    network_stream: object
    """What its bytes come from, as the answer before said it."""


class Pool:
    """Connections to lend.

    Args:
        library: whose errors it raises.
        connect: makes one connection, for a scheme, a host and a port (None for that of the scheme).
        limit: how many connections there may be.
        keep: seconds after which a connection that nobody uses is closed.
    """

    def __init__(
        self,
        library: Library,
        connect: Callable[[str, str, int | None], Lender],
        limit: int,
        keep: float,
    ) -> None:
        self._library = library
        self._connect = connect
        self._limit = limit
        self._keep = keep
        self._closed = False
        self._inherited: list[object] = []
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._limiter = Limiter(self._limit)
        self._idle: defaultdict[Origin, deque[_Idle]] = defaultdict(deque)
        self._guards: dict[Hashable, object] = {}

    def handle_request(self, request: SentRequest) -> Reply:
        """Send a request over a connection that nobody else uses.

        Raises:
            PoolTimeout: all connections stayed in use for longer than the request's timeout for the pool.
            TransportError: as the connection raises it.
        """
        if self._process != os.getpid():
            self._part_from_parent()
        permit = self._limiter.permit()
        connection: Lender | None = None
        try:
            self._admit(permit, request)
            address = request.address
            origin = (address.scheme, address.host, address.port, where())
            connection, network_stream = self._grasp(origin)
            if network_stream is not None and WATCH in request.extensions:
                request.extensions[WATCH](network_stream)
            reply = connection.handle_request(request)
            reply.body = lent = _LentStream(reply, self, connection, origin, permit)
            reply.extensions.update({LEAVE: permit.release, GRIP: lent.grip, LOOP: origin[3]})
        except BaseException:
            permit.release()
            if connection is not None:
                undisturbed(connection.close)
            raise
        return reply

    def _admit(self, permit: Permit, request: SentRequest) -> None:
        try:
            self._limiter.acquire(permit, request.extensions.get("timeout", {}).get("pool"))
        except TimeoutError:
            raise self._library.PoolTimeout(
                "all connections are in use", request=request.in_library()
            ) from None

    def _grasp(self, origin: Origin) -> tuple[Lender, object]:
        idle = self._idle.get(origin)
        while idle:
            try:
                # The one that was used last is the least likely to have been closed by the server. Another thread may
                # take it between a look and a grasp.
                one = idle.pop()
                return one.lease.pop(), one.network_stream
            except IndexError:
                continue
        return self._connect(*origin[:3]), None

    def take_back(self, lease: list[Lender], origin: Origin, network_stream: object) -> None:
        """Keep a connection for the next call, and close those that have waited for one too long."""
        now = monotonic()
        idle = self._idle[origin]
        idle.append(_Idle(now, lease, network_stream))
        loop = origin[3]
        if loop not in self._guards:
            self._forget_ended_loops()
            self._guards[loop] = None
            self._guards[loop] = at_end_of_loop(partial(self._leave, loop))
        while idle and idle[0].since < now - self._keep:
            try:
                old = idle.popleft()
            except IndexError:
                return  # another thread took it
            undisturbed(partial(_close, old.lease))

    def close(self) -> None:
        """Close the connections that are not in use; one that is in use is closed when it comes back.

        Those of another event loop are closed when that loop ends: nothing can be awaited on its behalf.
        """
        self._closed = True
        self._forget_ended_loops()
        loop = where()
        self._close_idle(loop)
        forget_loop(self._guards.pop(loop, None))

    @property
    def closed(self) -> bool:
        """Whether connections that come back are closed."""
        return self._closed

    def _leave(self, loop: Hashable) -> None:
        self._close_idle(loop)
        self._guards.pop(loop, None)

    def _close_idle(self, loop: Hashable) -> None:
        for origin in [origin for origin in list(self._idle) if origin[3] == loop]:
            for idle in self._idle.pop(origin, ()):
                undisturbed(partial(_close, idle.lease))

    def _forget_ended_loops(self) -> None:
        """Let go of what belongs to an event loop that was closed without a word; its sockets close with it."""
        for loop in [loop for loop in list(self._guards) if has_ended(loop)]:
            self._guards.pop(loop, None)
            for origin in [origin for origin in list(self._idle) if origin[3] == loop]:
                self._idle.pop(origin, None)

    def _part_from_parent(self) -> None:
        """Begin anew in a forked child: two processes that read from one socket would take each other's answers.

        Closing a copy of a socket leaves the parent's open. What belongs to an event loop of the parent's is left
        alone for ever, since whatever is done to it there may reach the parent.
        """
        idle = self._idle
        self._inherited.append((self._limiter, self._guards, idle))
        self._begin()
        for origin, connections in idle.items():
            for one in connections if origin[3] == where() else ():
                undisturbed(partial(_close, one.lease))


def _close(lease: list[Lender]) -> None:
    """Close a connection, unless somebody else has taken it."""
    try:
        connection = lease.pop()
    except IndexError:
        return
    connection.close()


class _LentStream:
    """A body that gives its connection back when it was read to its end, and throws it away when it was not."""

    def __init__(
        self,
        reply: Reply,
        pool: Pool,
        connection: Lender,
        origin: Origin,
        permit: Permit,
    ) -> None:
        self._stream = reply.body
        self._network_stream = reply.extensions.get("network_stream")
        self.grip = grip_of(reply)
        self._pool = pool
        self._lease = [connection]
        self._origin = origin
        self._permit = permit
        self._whole = False
        self._returned = False

    def __iter__(self) -> Iterator[bytes]:
        for part in self._stream:
            yield part
        self._whole = True

    def close(self) -> None:
        if self._returned:
            self._permit.release()  # a signal handler may have raised before it was
            return
        self._returned = True
        try:
            # Whoever bounds the reading may still be about to shut the socket down: not once it is another call's.
            sound = self.grip is None or self.grip.let_go()
            if self._whole and sound and self._permit.is_granted and not self._pool.closed:
                self._stream.close()
                self._pool.take_back(self._lease, self._origin, self._network_stream)
                return
        except BaseException:
            self._permit.release()
            undisturbed(partial(_close, self._lease))
            raise
        finally:
            self._permit.release()
        undisturbed(partial(_close, self._lease))

"""What waiting means to the sync shells: bounded, interruptible, and cleaned up when nobody waits any more.

Its twin `_async_wait` has the same names for the async shells.
"""

from __future__ import annotations

import os
import threading
import time
from _thread import start_new_thread
from collections.abc import Callable, Generator, Hashable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar

from .._concurrency.deadlines import Deadlines
from .._concurrency.watchdog import Socket, Watch, shut_down, watchdog
from .._config.environment import AsyncKeySource
from .._errors.api import InvalidArgumentError
from .._errors.describe import instance_of

if TYPE_CHECKING:
    from .._transport._async.reply import AnyAsyncReply
    from .._transport._sync.borrowed import BorrowedClient
    from .._transport._sync.reply import AnyReply
    from .._transport._sync.sender import Sender

    EitherReply: TypeAlias = AnyReply | AnyAsyncReply

LEAVE = "opper_chat.leave"
"""The extension of a response that makes room for the next call; it can be called where nothing can be awaited."""

AHEAD = "opper_chat.ahead"
"""The extension of a response that is the body as it is taken out of its framing, ahead of who reads it."""

LOOP = "opper_chat.loop"
"""The extension of a response that is the event loop which it belongs to."""

WATCH = "opper_chat.watch"
"""The extension of a request that is called with the stream of bytes of a connection that is used again."""


GRIP = "opper_chat.grip"
"""The extension of a response that is its hold on the socket of a connection that it will give back."""


class Grip:
    """A socket for as long as it is one response's to shut down: afterwards it may be another's."""

    def __init__(self, sock: Socket) -> None:
        self._sock = sock
        self._lock = threading.Lock()
        self._held = True
        self._shut = False
        self._process = os.getpid()

    def shutdown(self, how: int) -> None:
        """Shut the socket down, unless it was let go."""
        with self._lock:
            if self._held and self._process == os.getpid():  # a forked child's copy is its parent's connection
                self._shut = True
                self._sock.shutdown(how)

    def let_go(self) -> bool:
        """Let the socket go; return whether it can be used again."""
        with self._lock:
            self._held = False
            return not self._shut


class _LooseGrip:
    """The same for a connection of the caller's own client, which gives it back unseen as soon as a body has ended."""

    def __init__(self, sock: Socket, response: EitherReply) -> None:
        self._sock = sock
        self._response = response
        self._process = os.getpid()

    def shutdown(self, how: int) -> None:
        if not self._response.is_closed and self._process == os.getpid():
            self._sock.shutdown(how)


def _socket(http_version: str, extensions: Mapping[str, Any]) -> Socket | None:
    """Return the socket that a response is read from; None where there is none, or others read from it too."""
    if http_version == "HTTP/2":
        return None
    # https://www.encode.io/httpcore/extensions/#network_stream
    network = extensions.get("network_stream")
    sock: Socket | None = None if network is None else network.get_extra_info("socket")
    return sock


def grip_of(response: EitherReply) -> Grip | None:
    """Return a hold on the socket of a response that is lent, or None where it cannot be shut down."""
    sock = _socket(response.http_version, response.extensions)
    return None if sock is None else Grip(sock)


def socket_of(response: EitherReply) -> Socket | None:
    """Return what stands for the socket of a response, or None where it cannot be shut down."""
    if GRIP in response.extensions:
        grip: Grip | None = response.extensions[GRIP]
        return grip
    sock = _socket(response.http_version, response.extensions)
    return None if sock is None else _LooseGrip(sock, response)


@contextmanager
def time_limit(seconds: float, response: AnyReply | None = None) -> Generator[None]:
    """Bound the reads of a response that are made inside; without one, nothing is bounded.

    Raises:
        TimeoutError: they took longer. The connection is of no more use then.
    """
    sock = None if response is None else socket_of(response)
    if sock is None:
        yield
        return
    watch = Watch(sock)
    watchdog.arm(watch, max(seconds, 0))
    try:
        yield
    finally:
        if watchdog.disarm(watch):
            raise TimeoutError


Answer = TypeVar("Answer")
Accept: TypeAlias = Callable[["AnyReply", Deadlines], Answer]
"""Makes of a response what a call is to return."""


class SendLimit:
    """Bounds the sending of a request, up to the headers of its answer. What is raised when the time is up is dropped.

    Every step of it is bounded by the library, and a server that sends its headers byte by byte makes ever more
    steps. The socket is told by the library's extension ``trace`` as soon as there is one, or by the pool where a
    connection is used again. https://www.encode.io/httpcore/extensions/#trace

    Args:
        seconds: how long it may take, or None for no limit.
    """

    def __init__(self, seconds: float | None) -> None:
        self._due = None if seconds is None else time.monotonic() + seconds
        self._watch: Watch | None = None
        self.expired = False
        """Whether the time was up."""
        self.extensions: dict[str, Any] = {}
        """For the request."""
        if seconds is not None:
            self.extensions = {"trace": self._trace, WATCH: self._guard}

    def _trace(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete", "connect_unix_socket.complete")):
            self._guard(info["return_value"])

    def _guard(self, network_stream: Any) -> None:
        sock: Socket | None = network_stream.get_extra_info("socket")
        tls = network_stream.get_extra_info("ssl_object")
        if sock is None or self._due is None or (tls is not None and tls.selected_alpn_protocol() == "h2"):
            return  # others may read from it too
        if self._watch is not None:
            watchdog.disarm(self._watch)  # TLS has put a socket of its own around it
            if self._watch.fired:
                shut_down(sock)
                return
        self._watch = Watch(sock)
        watchdog.arm(self._watch, max(self._due - time.monotonic(), 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        self.expired = self._watch is not None and watchdog.disarm(self._watch)
        return self.expired and isinstance(error, Exception)


def sleep(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


def made_key(source: AsyncKeySource) -> str:
    """Return what a source of keys gives.

    Raises:
        InvalidArgumentError: it is to be awaited, which is for the async client.
    """
    key = source()
    if not isinstance(key, str):
        if callable(close := getattr(key, "close", None)):
            close()  # a coroutine that is never awaited
        raise InvalidArgumentError(
            "api_key", "a function that returns a string", f"one that returns {instance_of(key)}"
        )
    return key


def at_end_of_loop(work: Callable[[], None]) -> object:  # noqa: ARG001  # the twin does it
    """Do nothing: there is no loop that ends."""
    return None


def free(response: AnyReply, pieces: Iterator[bytes] | None) -> None:  # noqa: ARG001  # the twin has to end them
    """Close a response. The generators that its body was read from end with it."""
    response.close()


def abandon(client: Sender | BorrowedClient) -> None:
    """Close a client in a finalizer."""
    client.close()


def forget_loop(waiting: object) -> None:
    """Do nothing."""


def can_interrupt(response: AnyReply) -> bool:
    """Whether a read of a response can be bounded."""
    return socket_of(response) is not None


def interrupt(response: EitherReply) -> bool:
    """End a read that another thread is in; return whether there is a socket by which to do it."""
    sock = socket_of(response)
    if sock is not None:
        shut_down(sock)
    return sock is not None


def drop(
    response: AnyReply,
    pieces: object,
    dropped: list[tuple[AnyReply, object]],  # noqa: ARG001  # the twin fills it
) -> None:
    """Give up a response in a finalizer.

    A finalizer may run at any line, also where the HTTP library holds the lock of its own pool: there another thread
    has to wait for it.
    """
    if LEAVE in response.extensions:
        response.close()
        return
    interrupt(response)
    with suppress(RuntimeError):  # there are no more threads
        start_new_thread(_close, (response, pieces))


def _close(response: AnyReply, pieces: object) -> None:  # noqa: ARG001  # the generators end with this thread
    with suppress(Exception):  # nobody is there to be told
        response.close()


def is_here(response: AnyReply) -> bool:  # noqa: ARG001  # the twin asks for its event loop
    """Return True: a response can be closed from any thread."""
    return True


def is_anywhere(response: AnyReply) -> bool:  # noqa: ARG001
    """Return True."""
    return True


def has_ended(loop: object) -> bool:  # noqa: ARG001  # the twin asks it
    """Return False: there is none."""
    return False


def undisturbed(work: Callable[[], None]) -> None:
    """Do some work. What is not awaited cannot be cancelled."""
    work()


def where() -> Hashable:
    """Return None: a connection can be used from any thread."""
    return None

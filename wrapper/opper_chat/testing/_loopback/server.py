"""The life of a server on loopback: its socket, its thread, its end. What it answers is not known here."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from .._replies.reply import ReceivedRequest
from .assertions import find_sent, last_sent

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from .event_loop import Loop

_OWN = __name__.partition(".")[0]


class App(Protocol):
    """An ASGI application that writes down what it receives."""

    @property
    def requests(self) -> list[ReceivedRequest]: ...

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


@contextmanager
def extra(what: str) -> Generator[None, None, None]:
    """Say what to install where a library of the extra `testing` is missing.

    Raises:
        ImportError: one is.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == _OWN:
            raise
        raise ImportError(f"{what} needs {error.name!r}: pip install 'opper-chat[testing]'") from error


class LoopbackServer:
    """A server in a thread of its own that only this machine can reach, and what it was sent.

    Use it as a context manager, or call `start()` and `close()`.
    """

    def __init__(self, app: App, host: str, port: int) -> None:
        from . import event_loop

        self._address = loopback(host), port
        self._served = app
        self._new_loop = event_loop.Loop
        self._loop: Loop | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Listen, and return at once.

        Does nothing when it is running. A closed server starts anew, on the same port.

        Raises:
            OSError: the port is taken.
        """
        if self._thread is None:
            listener = _listen(*self._address)
            self._address = self._address[0], listener.getsockname()[1]
            self._loop = self._new_loop(listener, self._served)
            name = f"local server on port {self.port}"
            self._thread = threading.Thread(target=self._loop.run, name=name, daemon=True)
            self._thread.start()
        return self

    def close(self) -> None:
        """Cut every connection, free the port, and wait for the thread to end. May be repeated."""
        if self._loop is not None and self._thread is not None:
            self._loop.stop()
            self._thread.join()
            self._loop = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def port(self) -> int:
        """The port it listens on. 0 where any was asked for and the server was not started yet."""
        return self._address[1]

    @property
    def origin(self) -> str:
        """The address without a path, to which `/v3/compat` may be appended."""
        host = self._address[0]
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def requests(self) -> list[ReceivedRequest]:
        """What was received so far, oldest first. It may be cleared."""
        return self._served.requests

    @property
    def last_request(self) -> ReceivedRequest:
        """What was received last.

        Raises:
            AssertionError: nothing was.
        """
        __tracebackhide__ = True
        return last_sent(self.requests)

    def assert_sent(self, **members: object) -> ReceivedRequest:
        """Assert that a request was sent whose body has these members, and return the first such.

        A request may have others beside them. Values are compared as JSON, generated models by what they are sent
        as; an object with an `==` of its own, such as `unittest.mock.ANY` or `pytest.approx(0.5)`, is asked.

        Args:
            members: members of the body, such as `model="openai/gpt-4o"` or `messages=[...]`. None at all asks for
                any request.

        Raises:
            AssertionError: there was none. It names the request that comes nearest and each place where it differs.
        """
        __tracebackhide__ = True
        return find_sent(self.requests, members)


def loopback(host: str) -> str:
    address = "127.0.0.1" if host == "localhost" else host
    try:
        if ipaddress.ip_address(address).is_loopback:
            return address
    except ValueError:
        pass  # a name: which address it stands for is not this machine's to say
    raise ValueError(f"host must be a loopback address such as 127.0.0.1, not {host!r}")


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends what it has at once, without Nagle's wait of 40 ms, only where a socket names its protocol.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # On POSIX: a port whose last connections are still fading may be taken again.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # Clients may connect from here on; they wait for the loop.
        listener.listen(256)
    except BaseException:
        listener.close()
        raise
    return listener

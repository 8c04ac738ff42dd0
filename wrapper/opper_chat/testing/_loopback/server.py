"""Start and stop a server on loopback in a thread of its own. The ASGI application decides what it sends."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from .assertions import find_request, last_request_of
from .received_request import ReceivedRequest

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from .event_loop import ServerLoop

_PACKAGE = __name__.partition(".")[0]


class Application(Protocol):
    """An ASGI application that records the requests that it receives."""

    @property
    def requests(self) -> list[ReceivedRequest]:
        """The requests that were received so far."""
        ...

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


@contextmanager
def explain_missing_extra(what: str) -> Generator[None, None, None]:
    """Raise an error that names the package to install if a library of the extra `testing` is missing.

    Args:
        what: The feature that needs the extra.

    Raises:
        ImportError: A library is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == _PACKAGE:
            raise
        raise ImportError(f"{what} needs {error.name!r}: pip install 'opper-chat[testing]'") from error


class LoopbackServer:
    """A server on loopback, in a thread of its own, and the requests that it received.

    Use it as a context manager, or call `start()` and `close()`.
    """

    def __init__(self, app: Application, host: str, port: int) -> None:
        from . import event_loop

        self._address = check_loopback(host), port
        self._application = app
        self._loop_class = event_loop.ServerLoop
        self._loop: ServerLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Start to listen.

        Does nothing if the server is running. A closed server starts again on the same port.

        Returns:
            The server itself.

        Raises:
            OSError: The port is in use.
        """
        if self._thread is None:
            listener = _listen(*self._address)
            self._address = self._address[0], listener.getsockname()[1]
            self._loop = self._loop_class(listener, self._application)
            name = f"local server on port {self.port}"
            self._thread = threading.Thread(target=self._loop.run, name=name, daemon=True)
            self._thread.start()
        return self

    def close(self) -> None:
        """Close every connection, free the port, and wait for the thread to end. You can call it again."""
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
        """The port. 0 until the server has started, if it was created with port 0."""
        return self._address[1]

    @property
    def origin(self) -> str:
        """The address without a path, to which `/v3/compat` may be appended."""
        host = self._address[0]
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def requests(self) -> list[ReceivedRequest]:
        """The requests that were received so far, oldest first. You can clear the list."""
        return self._application.requests

    @property
    def last_request(self) -> ReceivedRequest:
        """The request that was received last.

        Raises:
            AssertionError: No request was received.
        """
        __tracebackhide__ = True
        return last_request_of(self.requests)

    def assert_sent(self, **properties: object) -> ReceivedRequest:
        """Assert that a request was sent whose body has these properties.

        The body may have other properties too. Values are compared as JSON, and generated models as the JSON that
        they are sent as. Objects with their own `==`, such as `unittest.mock.ANY` or `pytest.approx(0.5)`, can be
        used anywhere.

        Args:
            properties: Properties of the body, such as `model="openai/gpt-4o"` or `messages=[...]`. Without any, every
                request matches.

        Returns:
            The first request that matches.

        Raises:
            AssertionError: No request matches. The message has the differences from the nearest one.
        """
        __tracebackhide__ = True
        return find_request(self.requests, properties)


def check_loopback(host: str) -> str:
    """Return the address of a host.

    Raises:
        ValueError: It is not `localhost`, and not an IP address of the loopback interface.
    """
    address = "127.0.0.1" if host == "localhost" else host
    try:
        if ipaddress.ip_address(address).is_loopback:
            return address
    except ValueError:
        pass  # a host name, which may resolve to any address
    raise ValueError(f"host must be a loopback address such as 127.0.0.1, not {host!r}")


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only if the socket names its protocol. Without it, Nagle's algorithm waits for 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # On POSIX, allow a port that has connections in TIME_WAIT.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # From here on clients can connect. They wait until the event loop runs.
        listener.listen(256)
    except BaseException:
        listener.close()
        raise
    return listener

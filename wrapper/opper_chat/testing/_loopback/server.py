"""Serve an ASGI application on loopback, and look at the requests that it received."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from .background_server import BackgroundServer
from .differences import differences, format_differences
from .received_request import ReceivedRequest

if TYPE_CHECKING:
    import socket

    from starlette.types import Receive, Scope, Send

_PACKAGE = __name__.partition(".")[0]

_MAX_COUNTED = 100
"""How many differences of a request are counted to find the nearest one."""


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
        raise ImportError(
            f"{what} needs the package {error.name!r}. Install it with: pip install 'opper-chat[testing]'"
        ) from error


class LoopbackServer(BackgroundServer):
    """A server of an ASGI application on loopback, in a thread of its own, and the requests that it received.

    Use it as a context manager, or call `start()` and `close()`.
    """

    def __init__(self, app: Application, host: str, port: int) -> None:
        from .http_server import HTTPServer

        super().__init__(host, port, "local server")
        self._application = app
        self._server = HTTPServer(app)

    async def _open(self, listener: socket.socket) -> None:
        await self._server.open(listener)

    async def _close(self) -> None:
        await self._server.close()

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
        if not self.requests:
            raise AssertionError("No request was received.")
        return self.requests[-1]

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
        _ = self.last_request  # raises if there is none
        return _find_request(self.requests, properties)


def _find_request(requests: Sequence[ReceivedRequest], properties: Mapping[str, object]) -> ReceivedRequest:
    """Return the first request whose body has these properties, or raise the differences from the nearest."""
    __tracebackhide__ = True
    distances: list[int] = []
    for request in requests:
        found = differences(properties, request.body, partly=True)
        distance = sum(1 for _ in islice(found, _MAX_COUNTED))
        if not distance:
            return request
        distances.append(distance)
    # If several are as near, a test most likely means the last.
    number = min(range(len(distances)), key=lambda index: (distances[index], -index))
    many = len(requests) > 1
    which = f"The nearest of {len(requests)} requests, requests[{number}]," if many else "The only request"
    found = differences(properties, requests[number].body, partly=True)
    raise AssertionError(f"No request has these properties. {which} differs:{format_differences(found)}")

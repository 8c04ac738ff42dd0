"""The life of the local server: its socket, its thread, its end. What it answers is not known here."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Self
from uuid import UUID

from ._rules import Rules
from ._script import ReceivedRequest, Scripted

if TYPE_CHECKING:
    from ._loop import Loop

_OWN = __name__.partition(".")[0]


class LocalServer:
    """A server of the endpoint on loopback, in a thread of its own.

    Use it as a context manager, or call `start()` and `close()`. It answers POST at
    `/chat/completions`, `/v2/openai/chat/completions` and, with errors nested as version 3 has them,
    `/v3/compat/chat/completions`. Equal requests get equal answers, apart from the counted ids.

    Args:
        host: a loopback address, or `localhost` for 127.0.0.1.
        port: the port, or 0 for any free one.
        keys: the API keys that are accepted. By default every key that does not start with `bad`.
        models: the models that exist; the first answers requests that name none. By default every
            name without `unknown` in it exists. Of a list in a request the first that exists answers.
        spans: the ids that `parent_span_id` may have. By default every UUID but the nil one.

    Raises:
        ImportError: the extra `testing` is not installed.
        ValueError: `host` is not on loopback, or one of `spans` is not a UUID.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        keys: Iterable[str] | None = None,
        models: Iterable[str] | None = None,
        spans: Iterable[str | UUID] | None = None,
    ) -> None:
        try:
            from . import _loop
            from ._app import LocalApp
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] == _OWN:
                raise
            raise ImportError(f"the local server needs {error.name!r}: pip install 'opper-chat[testing]'") from error
        self._address = _loopback(host), port
        self._app = LocalApp(Rules(keys, models, spans))
        self._new_loop = _loop.Loop
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
            self._loop = self._new_loop(listener, self._app)
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
    def base_url(self) -> str:
        """The address for a client: `http://127.0.0.1:PORT/v2/openai`."""
        return f"{self.origin}/v2/openai"

    @property
    def origin(self) -> str:
        """The address without a path, to which `/v3/compat` may be appended."""
        host = self._address[0]
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def requests(self) -> list[ReceivedRequest]:
        """What was received so far, oldest first. It may be cleared."""
        return self._app.requests

    def reply(self, *replies: Scripted) -> None:
        """Queue what the next requests get, one each, in place of the usual answers.

        A reply goes to whatever request comes next, of any path, method, key or body.

        Args:
            replies: each a `Reply`, or a function that makes one of the `ReceivedRequest`.
        """
        self._app.script.extend(replies)


def _loopback(host: str) -> str:
    address = "127.0.0.1" if host == "localhost" else host
    try:
        if ipaddress.ip_address(address).is_loopback:
            return address
    except ValueError:
        pass  # a name: which address it stands for is not this machine's to say
    raise ValueError(f"host must be a loopback address such as 127.0.0.1, not {host!r}")


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
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

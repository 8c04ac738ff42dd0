"""Where requests and answers end in a stream of bytes (RFC 9112), which stays as it is. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

import h11

from .._replies.reply import ReceivedRequest, received_request

_MORE = 65536
"""No head is longer."""


class Passing(NamedTuple):
    """A request on its way."""

    request: ReceivedRequest
    raw: bytes
    """Its bytes. The address of one that was sent to a proxy has become a path, as its server expects it."""


class RequestReader:
    """Takes what a client sends and finds the requests in it."""

    def __init__(self) -> None:
        self._start(b"")

    def _start(self, rest: bytes) -> None:
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MORE)
        self._raw = [rest]
        self._head: h11.Request | None = None
        self._body: list[bytes] = []
        if rest:  # for h11, no bytes are the end of them
            self._http.receive_data(rest)

    def feed(self, data: bytes) -> Iterator[Passing]:
        """Take more bytes, and yield the requests that they complete.

        Raises:
            h11.RemoteProtocolError: it is not HTTP.
        """
        self._raw.append(data)
        self._http.receive_data(data)
        while (event := self._http.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            if isinstance(event, h11.Request):
                self._head = event
            elif isinstance(event, h11.Data):
                self._body.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage) and self._head is not None:
                raw, rest = b"".join(self._raw), self._http.trailing_data[0]
                yield _passing(self._head, b"".join(self._body), raw[: len(raw) - len(rest)])
                self._start(rest)


def _passing(head: h11.Request, content: bytes, raw: bytes) -> Passing:
    target = head.target
    if target.startswith(b"http://"):
        target = b"/" + target[7:].partition(b"/")[2]
        raw = raw.replace(head.target, target, 1)
    path, _, query = target.partition(b"?")
    method = head.method.decode("ascii")
    return Passing(received_request(method, unquote(path.decode("ascii")), query, head.headers, content), raw)


class AnswerReader:
    """Takes what a server answers to one request and finds its end.

    Attributes:
        whole: whether it has come, and the connection can be used again.
    """

    def __init__(self, method: str) -> None:
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MORE)
        self._http.send(h11.Request(method=method, target="/", headers=[("host", "server")]))
        self._http.send(h11.EndOfMessage())
        self._readable = True
        self.whole = False

    def feed(self, data: bytes) -> None:
        """Take more bytes. What is not HTTP ends with its connection."""
        if not self._readable:
            return
        try:
            self._http.receive_data(data)
            while self._http.next_event() not in (h11.NEED_DATA, h11.PAUSED):
                pass
            self.whole = self._http.their_state is h11.DONE
        except h11.RemoteProtocolError:
            self._readable = self.whole = False

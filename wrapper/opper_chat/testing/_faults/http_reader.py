"""Find the ends of requests and responses in streams of bytes (RFC 9112). No I/O, and the bytes stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

import h11

from .._loopback.received_request import ReceivedRequest, received_request

_MAX_HEAD_SIZE = 65536
"""The most bytes of a start line and headers."""


class RawRequest(NamedTuple):
    """A request and its bytes."""

    request: ReceivedRequest
    raw: bytes
    """The bytes. The absolute URL of a request to a proxy is replaced by its path, as servers expect it."""


class RequestReader:
    """Find the requests in the bytes from a client."""

    def __init__(self) -> None:
        self._start(b"")

    def _start(self, rest: bytes) -> None:
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD_SIZE)
        self._raw = [rest]
        self._head: h11.Request | None = None
        self._body: list[bytes] = []
        if rest:  # to h11, empty bytes are the end of the stream
            self._http.receive_data(rest)

    def feed(self, data: bytes) -> Iterator[RawRequest]:
        """Add bytes, and yield the requests that they complete.

        Raises:
            h11.RemoteProtocolError: The bytes are not HTTP.
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
                yield _raw_request(self._head, b"".join(self._body), raw[: len(raw) - len(rest)])
                self._start(rest)


def _raw_request(head: h11.Request, content: bytes, raw: bytes) -> RawRequest:
    target = head.target
    if target.startswith(b"http://"):
        target = b"/" + target[7:].partition(b"/")[2]
        raw = raw.replace(head.target, target, 1)
    path, _, query = target.partition(b"?")
    method = head.method.decode("ascii")
    return RawRequest(received_request(method, unquote(path.decode("ascii")), query, head.headers, content), raw)


class ResponseReader:
    """Find the end of the response to one request.

    Attributes:
        is_complete: Whether the response is complete and the connection can be reused.
    """

    def __init__(self, method: str) -> None:
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_SIZE)
        self._http.send(h11.Request(method=method, target="/", headers=[("host", "server")]))
        self._http.send(h11.EndOfMessage())
        self._readable = True
        self.is_complete = False

    def feed(self, data: bytes) -> None:
        """Add bytes. A response that is not HTTP ends with its connection."""
        if not self._readable:
            return
        try:
            self._http.receive_data(data)
            while self._http.next_event() not in (h11.NEED_DATA, h11.PAUSED):
                pass
            self.is_complete = self._http.their_state is h11.DONE
        except h11.RemoteProtocolError:
            self._readable = self.is_complete = False

"""Heads of HTTP/1.1 messages: a request's written, an answer's read, by RFC 9112 and RFC 9110. No I/O.

A head is a few lines, and one look at each is enough: a general parser of the protocol takes longer over the two of a
call than everything else that is done to send it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

MOST_DIGITS = 20
"""Of a length."""

Headers = list[tuple[bytes, bytes]]

_TOKEN = rb"[-!#$%&'*+.^_`|~0-9A-Za-z]++"
_NAME = re.compile(_TOKEN)
_VALUE = re.compile(rb"[^\x00\r\n]*")
# One look at all lines takes a third of one at each.
_HEAD = re.compile(
    _TOKEN + rb" [!-~]++ HTTP/1\.1\r\n(?:" + _TOKEN + rb": (?:(?![ \t])[^\x00\r\n]++(?<![ \t]))?+\r\n)*+\r\n"
)
_TELLING = re.compile(rb"(?i)\n(content-length|transfer-encoding|connection): ([^\r\n]*)")
_WITHOUT_BODY = frozenset({204, 304})
_TOLD = frozenset({b"content-length", b"transfer-encoding", b"connection"})
_REQUEST_LINE = re.compile(_TOKEN + rb" [!-~]+")
_STATUS = re.compile(rb"HTTP/(1\.[01]) ([1-9][0-9]{2})(?: ([^\x00\r]*))?")
_VERSION = re.compile(rb"HTTP/(?!1\.[01] )[0-9]\.[0-9] ")
_FIELD = re.compile(rb"^(" + _TOKEN + rb"):([^\x00\r\n]*)$", re.MULTILINE)
# Lines may end in LF alone (RFC 9112 section 2.2). That it begins with a fixed byte makes the search fast.
_END = re.compile(rb"\n\r?\n")
_FOLD = re.compile(rb"\n[ \t]+")
_TRAILER_LINE = re.compile(_TOKEN + rb":[^\x00\r\n]*")
_FOLDED_LINE = re.compile(rb"[ \t][^\x00\r\n]*")


class HeadError(Exception):
    """The bytes are no head of an answer. The words are for a person, and none of them are the server's."""


class HeadTooLongError(HeadError):
    """The head has more bytes than are read."""


class WrittenError(Exception):
    """There is no head for this request. The words are for a person, and none of them are of a value."""


class WrittenHead(NamedTuple):
    """The head of a request.

    Attributes:
        data: its bytes.
        closes: whether it asks the server to close the connection.
    """

    data: bytes
    closes: bool


def write_head(method: str, target: bytes, headers: Iterable[tuple[bytes, bytes]], length: int) -> WrittenHead:
    """Return the head of a request whose body is so many bytes long.

    Raises:
        WrittenError: a part of it has no form in HTTP, or it says of the body what is not so: a server that believed it
            would take the rest for another request.
    """
    asked = b"%b %b" % (method.encode("ascii", "replace"), target)
    pairs = list(headers)
    head = b"%b HTTP/1.1\r\n%b\r\n" % (asked, b"".join([b"%b: %b\r\n" % pair for pair in pairs]))
    if not _HEAD.fullmatch(head) or head.count(b"\n") != len(pairs) + 2:
        raise WrittenError(_illegal(pairs) if _REQUEST_LINE.fullmatch(asked) else "illegal request line")
    closes, told = False, not length
    for name, value in _TELLING.findall(head):
        lower = name.lower()
        if lower == b"content-length":
            if value != b"%d" % length:
                raise WrittenError("the header content-length says another length than that of the body")
            told = True
        elif lower == b"transfer-encoding":
            raise WrittenError("the header transfer-encoding is not for a body whose length is known")
        else:
            closes = closes or _has_close(value)
    if not told:
        raise WrittenError("the header content-length is missing")
    return WrittenHead(head, closes)


def _illegal(headers: Headers) -> str:
    """Say which of some headers HTTP has no form for."""
    for name, value in headers:
        if not _NAME.fullmatch(name):
            return "illegal header name"
        if not _VALUE.fullmatch(value) or value != value.strip(b" \t"):
            return f"illegal header value of {name.decode('ascii')!r}"
    return "illegal headers"


class AnswerHead(NamedTuple):
    """The head of an answer.

    Attributes:
        status_code: such as 200.
        http_version: such as ``1.1``.
        reason: what the server says of the status.
        headers: as they came, in their order.
        chunked: whether the body is in chunks.
        length: of the body, or None where that is not said.
        lasting: whether another request may be sent over the connection, once the body is read.
    """

    status_code: int
    http_version: bytes
    reason: bytes
    headers: Headers
    chunked: bool
    length: int | None
    lasting: bool


class HeadReader:
    """Turns the first bytes of an answer, cut anywhere, into its head.

    Args:
        max_bytes: how long a head may be, or None for any length.
    """

    def __init__(self, max_bytes: int | None = None) -> None:
        self._max_bytes = max_bytes
        self._data = bytearray()
        self._seen = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self._data += data

    def read(self) -> AnswerHead | None:
        """Return the next head, or None where more bytes are needed.

        Raises:
            HeadError: there is none.
            HeadTooLongError: it is longer than `max_bytes`.
        """
        end = _END.search(self._data, self._seen)
        if self._max_bytes is not None and (len(self._data) if end is None else end.end()) > self._max_bytes:
            raise HeadTooLongError("the head of the response is too long")
        if end is None:
            self._seen = max(len(self._data) - 3, 0)
            return None
        lines = bytes(self._data[: end.start()])
        strict = lines.endswith(b"\r") and end.end() - end.start() == 3
        del self._data[: end.end()]
        self._seen = 0
        return _read(lines.removesuffix(b"\r"), strict=strict)

    def take_rest(self) -> bytes:
        """Return what came behind the head."""
        return bytes(self._data)


def _read(data: bytes, *, strict: bool) -> AnswerHead:
    text = data.replace(b"\r\n", b"\n")
    first, _, block = text.partition(b"\n")
    status = _STATUS.fullmatch(first)
    if status is None:
        if _VERSION.match(first):
            raise HeadError("the HTTP version of the response is neither 1.0 nor 1.1")
        raise HeadError("illegal status line")
    # A line that ends in LF alone is read, but a server on the way may have read another message there.
    strict = strict and len(data) - len(text) == text.count(b"\n")
    if b"\n " in block or b"\n\t" in block:
        block = _FOLD.sub(b" ", block)  # a value over several lines (RFC 9112 section 5.2)
    headers: Headers = [(name, value.strip(b" \t")) for name, value in _FIELD.findall(block)]
    if len(headers) != (block.count(b"\n") + 1 if block else 0):
        raise HeadError("illegal header line")
    lengths: set[bytes] = set()
    codings: list[bytes] = []
    closes = status[1] < b"1.1"
    for name, value in headers:
        lower = name.lower()
        if lower not in _TOLD:
            continue
        if lower == b"content-length":
            lengths.update(one.strip(b" \t") for one in value.split(b","))
        elif lower == b"transfer-encoding":
            codings.append(value.lower())
        else:
            closes = closes or _has_close(value)
    if codings and codings != [b"chunked"]:
        raise HeadError("only the transfer coding 'chunked' is supported")
    code = int(status[2])
    length = _length(lengths) if lengths else None
    lasting = strict and not closes and has_certain_end(code, chunked=bool(codings), length=length)
    return AnswerHead(code, status[1], status[3] or b"", headers, bool(codings), length, lasting)


def has_body(status_code: int) -> bool:
    """Return whether a response of this status to a POST has a body (RFC 9112 section 6.3, rule 1)."""
    return status_code >= 200 and status_code not in _WITHOUT_BODY


def has_certain_end(status_code: int, *, chunked: bool, length: int | None) -> bool:
    """Return whether the headers of a response to a POST contradict neither each other nor the status about its body.

    Otherwise the server, or one on the way, may send bytes that belong to no response, and no request may follow.

    Args:
        status_code: The status code of the response.
        chunked: Whether the response has a Transfer-Encoding.
        length: The value of its Content-Length, in bytes, or None if it has none.
    """
    if chunked and length is not None:
        return False  # one of two servers may have used the other framing (RFC 9112 section 6.3, rule 3)
    return not (chunked or length) or has_body(status_code)


def is_field_line(line: bytes, *, first: bool) -> bool:
    """Return whether a line of a trailer section is a field, or continues the one before it (RFC 9112 section 5).

    Args:
        line: The line without its CRLF.
        first: Whether no field precedes it.
    """
    if _TRAILER_LINE.fullmatch(line):
        return True
    return not first and _FOLDED_LINE.fullmatch(line) is not None


def _length(said: set[bytes]) -> int:
    if len(said) > 1:
        raise HeadError("conflicting Content-Length headers")
    digits = said.pop()
    if not digits.isdigit() or len(digits) > MOST_DIGITS:
        raise HeadError("bad Content-Length")
    return int(digits)


def _has_close(value: bytes) -> bool:
    lower = value.lower()
    return b"close" in lower and b"close" in [option.strip(b" \t") for option in lower.split(b",")]

"""Serialize request headers and parse response headers: HTTP/1.1 by RFC 9112 and RFC 9110. No I/O.

"Headers" here are the first line of a message and its header fields. One regular expression matches all lines, because
a general parser such as h11 takes longer for the headers of a call than the rest of sending it. Bodies are in
`message_body`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from .._http.library import httpx

MAX_LENGTH_DIGITS = 20
"""Digits of a ``Content-Length``. More than these would not fit into the integers of other programs."""

HeaderFields = list[tuple[bytes, bytes]]

_TOKEN = rb"[-!#$%&'*+.^_`|~0-9A-Za-z]++"
_NAME = re.compile(_TOKEN)
_VALUE = re.compile(rb"[^\x00\r\n]*")
# One expression for all lines takes a third of the time of one per line. Only single characters have possessive
# quantifiers: those of groups match too much in Python 3.11.0 to 3.11.4.
_REQUEST_HEADERS = re.compile(
    _TOKEN + rb" [!-~]++ HTTP/1\.1\r\n(?:" + _TOKEN + rb": (?:[^ \t\x00\r\n][^\x00\r\n]*+(?<![ \t]))?\r\n)*\r\n"
)
_FRAMING_FIELDS = re.compile(rb"(?i)\n(content-length|transfer-encoding|connection): ([^\r\n]*)")
_WITHOUT_BODY = frozenset({204, 304})
_FRAMING_NAMES = frozenset({b"content-length", b"transfer-encoding", b"connection"})
_REQUEST_LINE = re.compile(_TOKEN + rb" [!-~]+")
_STATUS = re.compile(rb"HTTP/(1\.[01]) ([1-9][0-9]{2})(?: ([^\x00\r]*))?")
_VERSION = re.compile(rb"HTTP/(?!1\.[01] )[0-9]\.[0-9] ")
_FIELD = re.compile(rb"^(" + _TOKEN + rb"):([^\x00\r\n]*)$", re.MULTILINE)
# Lines may end in LF alone (RFC 9112 section 2.2). That it begins with a fixed byte makes the search fast.
_END = re.compile(rb"\n\r?\n")
_FOLD = re.compile(rb"\n[ \t]+")
_TRAILER_LINE = re.compile(_TOKEN + rb":[^\x00\r\n]*")
_FOLDED_LINE = re.compile(rb"[ \t][^\x00\r\n]*")


class HeaderLimits(NamedTuple):
    """The largest response headers that a connection reads. Each field is a number, or None for no limit."""

    max_header_bytes: int | None = None
    """Bytes of the status line and the headers."""

    max_informational_responses: int | None = None
    """Responses with a 1xx status before the final one (RFC 9110 section 15.2)."""


class HeaderLimitError(httpx.RemoteProtocolError):
    """The headers of a response exceed a limit.

    Attributes:
        limit: The field of `HeaderLimits`.
        maximum: Its value.
    """

    def __init__(self, limit: str, maximum: int) -> None:
        super().__init__(f"the headers of the response exceed the limit {limit}={maximum:,}")
        self.limit = limit
        self.maximum = maximum


class HeaderError(Exception):
    """The bytes are not the headers of a response. The message contains nothing that the server sent."""


class RequestHeaderError(Exception):
    """The request cannot be serialized. The message contains no header value."""


class RequestHead(NamedTuple):
    """The request line and the headers of a request.

    Attributes:
        data: The bytes.
        closes: Whether they ask the server to close the connection.
    """

    data: bytes
    closes: bool


def serialize_request_headers(
    method: str, target: bytes, headers: Iterable[tuple[bytes, bytes]], length: int
) -> RequestHead:
    """Return the bytes of request headers.

    Args:
        method: Such as ``POST``.
        target: The request target: path and query.
        headers: The header fields.
        length: Bytes of the body.

    Raises:
        RequestHeaderError: A part is not valid in HTTP, or a header contradicts the length of the body. A server that
            believes such a header reads the rest of the body as another request (request smuggling).
    """
    request_line = b"%b %b" % (method.encode("ascii", "replace"), target)
    pairs = list(headers)
    serialized = b"%b HTTP/1.1\r\n%b\r\n" % (request_line, b"".join([b"%b: %b\r\n" % pair for pair in pairs]))
    if not _REQUEST_HEADERS.fullmatch(serialized) or serialized.count(b"\n") != len(pairs) + 2:
        raise RequestHeaderError(
            _describe_illegal_header(pairs) if _REQUEST_LINE.fullmatch(request_line) else "illegal request line"
        )
    closes, has_length = False, not length
    for name, value in _FRAMING_FIELDS.findall(serialized):
        lower = name.lower()
        if lower == b"content-length":
            if value != b"%d" % length:
                raise RequestHeaderError("the header content-length differs from the length of the body")
            has_length = True
        elif lower == b"transfer-encoding":
            raise RequestHeaderError("the header transfer-encoding is not allowed for a body of known length")
        else:
            closes = closes or _has_close_option(value)
    if not has_length:
        raise RequestHeaderError("the header content-length is missing")
    return RequestHead(serialized, closes)


def _describe_illegal_header(fields: HeaderFields) -> str:
    """Return which header cannot be serialized."""
    for name, value in fields:
        if not _NAME.fullmatch(name):
            return "illegal header name"
        if not _VALUE.fullmatch(value) or value != value.strip(b" \t"):
            return f"illegal header value of {name.decode('ascii')!r}"
    return "illegal headers"


class ResponseHead(NamedTuple):
    """The status line and the headers of a response (RFC 9112 section 4).

    Attributes:
        status_code: Such as 200.
        http_version: Such as ``1.1``.
        reason: The reason phrase.
        fields: The header fields as received, in their order.
        chunked: Whether the body has the transfer coding ``chunked``.
        length: The ``Content-Length`` in bytes, or None if there is none.
        keep_alive: Whether another request may be sent over the connection after the body is read.
    """

    status_code: int
    http_version: bytes
    reason: bytes
    fields: HeaderFields
    chunked: bool
    length: int | None
    keep_alive: bool


class ResponseHeaderParser:
    """Parses response headers from bytes that are split anywhere.

    Args:
        max_bytes: The limit for the headers of one response, in bytes, or None for no limit.
    """

    def __init__(self, max_bytes: int | None = None) -> None:
        self._max_bytes = max_bytes
        self._data = bytearray()
        self._seen = 0

    def feed(self, data: bytes) -> None:
        """Add the next bytes."""
        self._data += data

    def next_headers(self) -> ResponseHead | None:
        """Return the headers of the next response, or None if more bytes are needed.

        Raises:
            HeaderError: The bytes are not the headers of a response.
            HeaderLimitError: The headers are longer than `max_bytes`.
        """
        end = _END.search(self._data, self._seen)
        if self._max_bytes is not None and (len(self._data) if end is None else end.end()) > self._max_bytes:
            raise HeaderLimitError("max_header_bytes", self._max_bytes)
        if end is None:
            self._seen = max(len(self._data) - 3, 0)
            return None
        lines = bytes(self._data[: end.start()])
        strict = lines.endswith(b"\r") and end.end() - end.start() == 3
        del self._data[: end.end()]
        self._seen = 0
        return _parse(lines.removesuffix(b"\r"), strict=strict)

    def trailing_data(self) -> bytes:
        """Return the bytes after the headers that were returned last."""
        return bytes(self._data)


def _parse(data: bytes, *, strict: bool) -> ResponseHead:
    text = data.replace(b"\r\n", b"\n")
    first, _, block = text.partition(b"\n")
    status = _STATUS.fullmatch(first)
    if status is None:
        if _VERSION.match(first):
            raise HeaderError("the HTTP version of the response is neither 1.0 nor 1.1")
        raise HeaderError("illegal status line")
    # A line may end in LF alone (RFC 9112 section 2.2), but an intermediary may have read another message.
    strict = strict and len(data) - len(text) == text.count(b"\n")
    if b"\n " in block or b"\n\t" in block:
        block = _FOLD.sub(b" ", block)  # a value over several lines (RFC 9112 section 5.2)
    fields: HeaderFields = [(name, value.strip(b" \t")) for name, value in _FIELD.findall(block)]
    if len(fields) != (block.count(b"\n") + 1 if block else 0):
        raise HeaderError("illegal header line")
    lengths: set[bytes] = set()
    codings: list[bytes] = []
    closes = status[1] < b"1.1"
    for name, value in fields:
        lower = name.lower()
        if lower not in _FRAMING_NAMES:
            continue
        if lower == b"content-length":
            lengths.update(one.strip(b" \t") for one in value.split(b","))
        elif lower == b"transfer-encoding":
            codings.append(value.lower())
        else:
            closes = closes or _has_close_option(value)
    if codings and codings != [b"chunked"]:
        raise HeaderError("only the transfer coding 'chunked' is supported")
    code = int(status[2])
    length = _parse_content_length(lengths) if lengths else None
    keep_alive = strict and not closes and has_certain_end(code, chunked=bool(codings), length=length)
    return ResponseHead(code, status[1], status[3] or b"", fields, bool(codings), length, keep_alive)


def has_body(status_code: int) -> bool:
    """Return whether a response has a body (RFC 9112 section 6.3, rule 1). Not for HEAD and CONNECT."""
    return status_code >= 200 and status_code not in _WITHOUT_BODY


def has_certain_end(status_code: int, *, chunked: bool, length: int | None) -> bool:
    """Return whether the headers of a response agree with each other and with the status on where the body ends.

    If they do not, the server or an intermediary may send bytes that belong to no response, and no other request may be
    sent over the connection. Not for HEAD and CONNECT.

    Args:
        status_code: The status code of the response.
        chunked: Whether the response has a Transfer-Encoding.
        length: The value of its Content-Length, in bytes, or None if it has none.
    """
    if chunked and length is not None:
        return False  # an intermediary may have used the other header (RFC 9112 section 6.3, rule 3)
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


def _parse_content_length(values: set[bytes]) -> int:
    if len(values) > 1:
        raise HeaderError("conflicting Content-Length headers")
    digits = values.pop()
    if not digits.isdigit() or len(digits) > MAX_LENGTH_DIGITS:
        raise HeaderError("bad Content-Length")
    return int(digits)


def _has_close_option(value: bytes) -> bool:
    lower = value.lower()
    return b"close" in lower and b"close" in [option.strip(b" \t") for option in lower.split(b",")]

"""Find the body of an HTTP/1.1 response in the bytes of its connection: RFC 9112 sections 6 and 7. No I/O.

All HTTP chunks that are received at once are returned as one `bytes`. General parsers such as h11 return an event for
each, which is half of the cost of a streamed token. Content codings such as gzip are not decoded here.
"""

from __future__ import annotations

import re
from typing import Protocol

from .message_headers import is_field_line

MISSING_CLOSE_NOTIFY = (
    "the TLS connection ended without a close_notify alert, or its context ignores that by "
    "ssl.OP_IGNORE_UNEXPECTED_EOF, so the response body may be incomplete"
)

MAX_LINE_BYTES = 16384
"""Bytes of a line with a chunk size and its extensions, or of a trailer field."""

MAX_TRAILER_BYTES = 65536
"""Bytes of the trailer section."""

_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})([ \t]*)(;[^\x00\r\n]*)?\r\n")

_TOKEN = rb"[-!#$%&'*+.^_`|~0-9A-Za-z]++"
_QUOTED = rb'"[^"\\\x00-\x08\x0a-\x1f\x7f]*+(?:\\[\t -~\x80-\xff][^"\\\x00-\x08\x0a-\x1f\x7f]*+)*"'
_EXTENSIONS = re.compile(rb"(?:[ \t]*+;[ \t]*+%s(?:[ \t]*+=[ \t]*+(?:%s|%s))?)+" % (_TOKEN, _TOKEN, _QUOTED))
"""Chunk extensions by the grammar of section 7.1.1. Other ones are ignored, but the connection is not used again.

Only single characters have possessive quantifiers: those of groups match too much in Python 3.11.0 to 3.11.4.
"""

_HEX_PREFIX_LETTERS = frozenset({b"x", b"X"})
"""Letters that Python accepts after a leading zero ("0x10"). In HTTP, a size cannot contain them."""


class BodyError(Exception):
    """The bytes do not have the form that the headers announce, or the body is incomplete."""


class BodyParser(Protocol):
    """Parses one body.

    Attributes:
        ended: Whether the body is complete.
        trailing_data: The bytes after its end.
        error: The error behind the bytes that were returned last. Raise it after these bytes are used.
        strict: Whether the bytes follow the grammar. If not, an intermediary may have parsed them differently, and no
            other request may be sent over the connection.
    """

    ended: bool
    trailing_data: bytes
    error: BodyError | None
    strict: bool

    def feed(self, data: bytes) -> bytes:
        """Add the next bytes, and return the decoded body bytes in them.

        Raises:
            BodyError: The bytes do not have the form that the headers announce.
        """
        ...

    def feed_eof(self, *, unexpected_eof: bool = False) -> None:
        """Signal the end of the connection.

        Args:
            unexpected_eof: Whether TLS did not confirm the end, so that an attacker may have caused it.

        Raises:
            BodyError: The body is incomplete, or may be.
        """
        ...


class ContentLengthParser:
    """Parses a body whose length is known from ``Content-Length`` (section 6.2), or that is empty."""

    strict = True

    def __init__(self, size: int) -> None:
        self._size = size
        self._remaining = size
        self.ended = not size
        self.trailing_data = b""
        self.error: BodyError | None = None

    def feed(self, data: bytes) -> bytes:
        """Add the next bytes, and return the decoded body bytes in them."""
        if self.ended:
            self.trailing_data += data
            return b""
        left = self._remaining
        self._remaining = max(left - len(data), 0)
        self.ended = not self._remaining
        if len(data) > left:
            data, self.trailing_data = data[:left], data[left:]
        return data

    def feed_eof(self, *, unexpected_eof: bool = False) -> None:  # noqa: ARG002  # the length decides
        """Signal the end of the connection."""
        if not self.ended:
            raise BodyError(
                "peer closed connection without sending complete message body "
                f"(received {self._size - self._remaining} bytes, expected {self._size})"
            )


class CloseDelimitedParser:
    """Parses a body that ends with its connection (section 6.3, rule 8). Only TLS can tell whether it is complete."""

    trailing_data = b""
    strict = True
    error: BodyError | None = None

    def __init__(self) -> None:
        self.ended = False

    def feed(self, data: bytes) -> bytes:
        """Return the bytes, all of which belong to the body."""
        return data

    def feed_eof(self, *, unexpected_eof: bool = False) -> None:
        """Signal the end of the connection, which ends the body if TLS confirms it (section 9.8)."""
        if unexpected_eof:
            raise BodyError(MISSING_CLOSE_NOTIFY)
        self.ended = True


class ChunkedParser:
    """Parses a body in HTTP chunks (section 7.1). Ignores chunk extensions and trailer fields."""

    def __init__(self) -> None:
        self.ended = False
        self.trailing_data: bytes = b""
        self.strict = True
        self.error: BodyError | None = None
        self._remaining = 0
        """Bytes of the current chunk that are still to come, with its line end."""
        self._incomplete_line: bytes = b""
        """The beginning of an incomplete line."""
        self._searched = 0
        """Bytes of `_incomplete_line` in which no line end begins."""
        self._trailer = 0
        """Bytes of the trailer section plus 1, or 0 before the last chunk."""

    def feed(self, data: bytes) -> bytes:
        """Add the next bytes, and return the decoded body bytes in them."""
        self._searched = self._searched if self._incomplete_line else 0
        if self._incomplete_line:
            data = self._incomplete_line + data
            self._incomplete_line = b""
        fragments: list[bytes] = []
        at, before, total = 0, -1, len(data)
        try:
            while before < at < total and not self.ended:
                before = at
                if self._remaining:
                    at = self._parse_chunk(data, at, fragments)
                elif self._trailer:
                    at = self._parse_trailer_line(data, at)
                else:
                    at = _parse_whole_chunks(data, at, fragments)
                    if at < total:
                        at = self._parse_chunk_size(data, at)
        except BodyError as error:
            if not fragments:
                raise
            self.error = error
        if self.ended:
            self.trailing_data = data[at:]
        elif not self._remaining:
            self._incomplete_line = data[at:]
        return fragments[0] if len(fragments) == 1 else b"".join(fragments)

    def feed_eof(self, *, unexpected_eof: bool = False) -> None:  # noqa: ARG002  # the length decides
        """Signal the end of the connection."""
        if not self.ended:
            raise BodyError("peer closed connection without sending complete message body (incomplete chunked read)")

    def _parse_chunk(self, data: bytes, at: int, fragments: list[bytes]) -> int:
        """Parse the received part of a chunk and its line end, and return the index behind it."""
        left = self._remaining
        end = min(at + left, len(data))
        self._remaining = left - (end - at)
        if left > 2:
            fragments.append(data[at : min(at + left - 2, end)])
        # The line end may be split between two reads.
        seen = data[max(at, at + left - 2) : end]
        if seen != b"\r\n"[2 - left if left < 2 else 0 :][: len(seen)]:
            raise BodyError("malformed chunk footer")
        return end

    def _parse_chunk_size(self, data: bytes, at: int) -> int:
        """Parse a line with a chunk size, and return the index behind it, or `at` if the line is incomplete."""
        end = self._next_line(data, at)
        if end < 0:
            return at
        found = _CHUNK_LINE.fullmatch(data, at, end)
        if found is None:
            raise BodyError("illegal chunk header")
        if (found[2] or found[3]) and not _EXTENSIONS.fullmatch(data, found.end(1), end - 2):
            self.strict = False  # such as spaces without an extension, with which old servers pad the size
        size = int(found[1], 16)
        if size:
            self._remaining = size + 2
        else:
            self._trailer = 1
        return end

    def _parse_trailer_line(self, data: bytes, at: int) -> int:
        """Parse a line of the trailer section, and return the index behind it, or `at` if the line is incomplete."""
        end = self._next_line(data, at)
        if end < 0:
            return at
        if end - at == 2:
            self.ended = True
        elif not is_field_line(data[at : end - 2], first=self._trailer == 1):
            raise BodyError("illegal trailer line")
        self._trailer += end - at
        if self._trailer > MAX_TRAILER_BYTES:
            raise BodyError("the trailer of a chunked body is too long")
        return end

    def _next_line(self, data: bytes, at: int) -> int:
        """Return the index behind the line that begins at `at`, or -1 if the line is incomplete."""
        end = data.find(b"\r\n", at or self._searched)
        if (len(data) if end < 0 else end) - at > MAX_LINE_BYTES:
            raise BodyError("a line of a chunked body is too long")
        if end < 0:
            self._searched = max(len(data) - at - 1, 0)  # the last byte may be the CR of the line end
            return -1
        return end + 2


def _parse_whole_chunks(data: bytes, at: int, fragments: list[bytes]) -> int:
    """Parse complete chunks without extensions, as nearly all are, and return the index behind them."""
    total = len(data)
    while at < total:
        line = data.find(b"\r\n", at, at + 18)
        digits = data[at:line] if line > at else b""
        if not digits.isalnum() or digits[1:2] in _HEX_PREFIX_LETTERS:
            return at
        try:
            end = line + 2 + int(digits, 16)
        except ValueError:
            return at
        if end == line + 2 or end + 2 > total or not data.startswith(b"\r\n", end):
            return at
        fragments.append(data[line + 2 : end])
        at = end + 2
    return at

"""Decode the body of an HTTP/1.1 response from the bytes of its connection: RFC 9112 sections 6 and 7. No I/O.

All chunks that are received at once are returned as one piece. General parsers make an event of each chunk, which is
half of the cost of a streamed token.
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
"""Bytes of the line before a chunk, with its extensions, or of a line of a trailer."""

MAX_TRAILER_BYTES = 65536
"""Bytes of all lines behind the last chunk."""

_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})([ \t]*)(;[^\x00\r\n]*)?\r\n")

_TOKEN = rb"[-!#$%&'*+.^_`|~0-9A-Za-z]++"
_QUOTED = rb'"[^"\\\x00-\x08\x0a-\x1f\x7f]*+(?:\\[\t -~\x80-\xff][^"\\\x00-\x08\x0a-\x1f\x7f]*+)*"'
_EXTENSIONS = re.compile(rb"(?:[ \t]*+;[ \t]*+%s(?:[ \t]*+=[ \t]*+(?:%s|%s))?)+" % (_TOKEN, _TOKEN, _QUOTED))
"""Chunk extensions by the grammar of section 7.1.1. Others are skipped, but the connection is not used again.

Only single characters have possessive quantifiers: those of groups match too much in Python 3.11.0 to 3.11.4.
"""

_HEX_PREFIX_LETTERS = frozenset({b"x", b"X"})
"""What Python takes behind a first zero for the mark of a hexadecimal number. Elsewhere the zero is all of it."""


class BodyError(Exception):
    """The bytes are not framed as the headers say, or the body is cut off."""


class BodyParser(Protocol):
    """A body that is being read.

    Attributes:
        ended: whether it is complete.
        trailing_data: the bytes after its end.
        error: what is wrong after the bytes that were returned last, to be raised after those.
        strict: Whether the framing follows the grammar. If not, another server may have read it otherwise, and no
            request may follow on the connection.
    """

    ended: bool
    trailing_data: bytes
    error: BodyError | None
    strict: bool

    def feed(self, data: bytes) -> bytes:
        """Add the next bytes, and return the decoded body bytes in them.

        Raises:
            BodyError: they are not framed as they should be.
        """
        ...

    def feed_eof(self, *, unexpected_eof: bool = False) -> None:
        """Signal the end of the connection.

        Args:
            unexpected_eof: Whether TLS says nothing of the end, so that anybody on the way may have made it.

        Raises:
            BodyError: The body is not whole, or nobody can tell.
        """
        ...


class ContentLengthParser:
    """A body whose length is known: ``Content-Length``, or nothing at all (section 6.2)."""

    strict = True

    def __init__(self, size: int) -> None:
        self._size = size
        self._left = size
        self.ended = not size
        self.trailing_data = b""
        self.error: BodyError | None = None

    def feed(self, data: bytes) -> bytes:
        """Add the next bytes, and return the decoded body bytes in them."""
        if self.ended:
            self.trailing_data += data
            return b""
        left = self._left
        self._left = max(left - len(data), 0)
        self.ended = not self._left
        if len(data) > left:
            data, self.trailing_data = data[:left], data[left:]
        return data

    def feed_eof(self, *, unexpected_eof: bool = False) -> None:  # noqa: ARG002  # its own framing tells its end
        """Signal the end of the connection."""
        if not self.ended:
            raise BodyError(
                "peer closed connection without sending complete message body "
                f"(received {self._size - self._left} bytes, expected {self._size})"
            )


class CloseDelimitedParser:
    """A body that ends with its connection (section 6.3, rule 8): only TLS can tell whether it is whole."""

    trailing_data = b""
    strict = True
    error: BodyError | None = None

    def __init__(self) -> None:
        self.ended = False

    def feed(self, data: bytes) -> bytes:
        """Return the bytes, all of which belong to the body."""
        return data

    def feed_eof(self, *, unexpected_eof: bool = False) -> None:
        """Signal the end of the connection, which is that of the body unless it was cut off (section 9.8)."""
        if unexpected_eof:
            raise BodyError(MISSING_CLOSE_NOTIFY)
        self.ended = True


class ChunkedParser:
    """A body in chunks, each with its length before it (section 7.1). Extensions and trailer fields are not kept."""

    def __init__(self) -> None:
        self.ended = False
        self.trailing_data: bytes = b""
        self.strict = True
        self.error: BodyError | None = None
        self._left = 0
        """Bytes of the chunk still to come, its line end included."""
        self._held: bytes = b""
        """The beginning of a line."""
        self._searched = 0
        """Bytes of it in which no line end begins."""
        self._trailer = 0
        """Bytes of the trailer, counted from 1 where it has begun."""

    def feed(self, data: bytes) -> bytes:
        """Add the next bytes, and return the decoded body bytes in them."""
        self._searched = self._searched if self._held else 0
        if self._held:
            data = self._held + data
            self._held = b""
        fragments: list[bytes] = []
        at, before, total = 0, -1, len(data)
        try:
            while before < at < total and not self.ended:
                before = at
                if self._left:
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
        elif not self._left:
            self._held = data[at:]
        return fragments[0] if len(fragments) == 1 else b"".join(fragments)

    def feed_eof(self, *, unexpected_eof: bool = False) -> None:  # noqa: ARG002  # its own framing tells its end
        """Signal the end of the connection."""
        if not self.ended:
            raise BodyError("peer closed connection without sending complete message body (incomplete chunked read)")

    def _parse_chunk(self, data: bytes, at: int, fragments: list[bytes]) -> int:
        """Take what there is of a chunk and its line end; return where it ends."""
        left = self._left
        end = min(at + left, len(data))
        self._left = left - (end - at)
        if left > 2:
            fragments.append(data[at : min(at + left - 2, end)])
        # Of the two bytes of the line end either may come later.
        seen = data[max(at, at + left - 2) : end]
        if seen != b"\r\n"[2 - left if left < 2 else 0 :][: len(seen)]:
            raise BodyError("malformed chunk footer")
        return end

    def _parse_chunk_size(self, data: bytes, at: int) -> int:
        """Take the line before a chunk; return where it ends, or `at` where it has not come."""
        end = self._next_line(data, at)
        if end < 0:
            return at
        found = _CHUNK_LINE.fullmatch(data, at, end)
        if found is None:
            raise BodyError("illegal chunk header")
        if (found[2] or found[3]) and not _EXTENSIONS.fullmatch(data, found.end(1), end - 2):
            self.strict = False  # such as white space without an extension, which old servers pad the size with
        size = int(found[1], 16)
        if size:
            self._left = size + 2
        else:
            self._trailer = 1
        return end

    def _parse_trailer_line(self, data: bytes, at: int) -> int:
        """Take a line behind the last chunk, the empty one of which is the end; return where it ends, or `at`."""
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
        """Return where the line ends that begins here, or -1 where its end has not come."""
        end = data.find(b"\r\n", at or self._searched)
        if (len(data) if end < 0 else end) - at > MAX_LINE_BYTES:
            raise BodyError("a line of a chunked body is too long")
        if end < 0:
            self._searched = max(len(data) - at - 1, 0)  # the last byte may be the first of the line end
            return -1
        return end + 2


def _parse_whole_chunks(data: bytes, at: int, fragments: list[bytes]) -> int:
    """Take the chunks that are there as a whole, as nearly all are; return where they end."""
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

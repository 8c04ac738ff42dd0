"""Remove secrets from texts, bytes, JSON and API errors: the key, and the password of a proxy. No I/O.

A server can repeat a key in an error or a header, in upper or lower case, with characters escaped as in JSON, HTML or
URLs, and escaped again. Other encodings, such as Base64, are not searched for.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from .._json.codec import is_array, is_object
from .api import APIError
from .bodies import read_error_body

REMOVED = "[removed]"
"""The text that replaces a secret."""

SHORTEST_SECRET = 8
"""The minimum length of a secret that is removed. A shorter one can be a part of ordinary words."""

MAX_ESCAPES = 4
"""The number of times that a text is unescaped. It bounds the time of a search."""

_ESCAPE = re.compile(
    r"%[0-9a-f]{2}"  # RFC 3986 section 2.1
    r"|\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|\\u[0-9a-f]{4}|\\x[0-9a-f]{2}|\\[\"'/\\]"  # RFC 8259 section 7
    r"|&\#0*[0-9]{1,7};?|&\#x0*[0-9a-f]{1,6};?|&[a-z][a-z0-9]{1,30};",  # HTML section 13.5
    re.IGNORECASE,
)


def spellings_of(secret: str) -> tuple[str, ...]:
    """Return the spellings of a secret to search for, in lower case.

    Returns:
        The secret, the secret with all that looks like an escape unescaped, and the UTF-8 bytes of both read as
        Latin-1; nothing if the secret is too short.
    """
    if len(secret) < SHORTEST_SECRET:
        return ()
    spellings = [secret, *(text for text, _ in _decoded(secret))]
    spellings += [spelling.encode("utf-8", "surrogatepass").decode("latin-1") for spelling in spellings]
    return tuple(dict.fromkeys(spelling.lower() for spelling in spellings if len(spelling) >= SHORTEST_SECRET))


def redact(text: str, spellings: Iterable[str]) -> str:
    """Return a text without a secret, given by its spellings from `spellings_of`."""
    spans = sorted(_spans(text, tuple(spellings)))
    if not spans:
        return text
    parts: list[str] = []
    end = 0
    for start, stop in spans:
        if start >= end:
            parts += [text[end:start], REMOVED]
        end = max(end, stop)
    return "".join([*parts, text[end:]])


def redact_bytes(data: bytes, spellings: Iterable[str]) -> bytes:
    """Return bytes without a secret, given by its spellings from `spellings_of`; the same object if it is not there."""
    if not (b"%" in data or b"&" in data or b"\\" in data):
        lowered = data.lower()
        if not any([spelling.encode("latin-1", "replace") in lowered for spelling in spellings]):  # noqa: C419  # faster than a generator
            return data
    text = data.decode("latin-1")  # a character for each byte
    shown = redact(text, spellings)
    return data if shown is text else shown.encode("latin-1")


def _spans(text: str, spellings: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Yield the start and the end of each occurrence of a secret in a text, escaped or not."""
    yield from _found(text, spellings)
    levels: list[_Positions] = []
    for decoded, positions in _decoded(text):
        levels.append(positions)
        for span in _found(decoded, spellings):
            start, stop = span
            for level in reversed(levels):
                start, stop = level.original(start), level.original(stop)
            yield start, stop


def _found(text: str, spellings: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    lowered = text.lower()
    for spelling in spellings:
        if spelling in lowered:
            for found in re.finditer(re.escape(spelling), text, re.IGNORECASE):
                yield found.span()


class _Positions:
    """Maps positions in an unescaped text to positions in the original text."""

    def __init__(self) -> None:
        # The positions after each escape, in the unescaped text and in the original one.
        self._decoded = [0]
        self._original = [0]

    def add(self, decoded: int, original: int) -> None:
        """Add the positions after an escape."""
        self._decoded.append(decoded)
        self._original.append(original)

    def original(self, position: int) -> int:
        """Return the position in the original text."""
        index = bisect_right(self._decoded, position) - 1
        return self._original[index] + position - self._decoded[index]


def _decoded(text: str) -> Iterator[tuple[str, _Positions]]:
    """Yield a text unescaped once, twice and so on, as long as it has escapes."""
    for _ in range(MAX_ESCAPES):
        parts: list[str] = []
        positions = _Positions()
        size = end = 0
        for found in _ESCAPE.finditer(text):
            character = _character(found[0])
            size += found.start() - end + len(character)
            parts += [text[end : found.start()], character]
            end = found.end()
            positions.add(size, end)
        if not end:
            return
        text = "".join([*parts, text[end:]])
        yield text, positions


def _character(escape: str) -> str:
    """Return the character of an escape."""
    if escape[0] == "%":
        return chr(int(escape[1:], 16))
    if escape[0] == "&":
        from html import unescape

        if escape[1] != "#":
            return unescape(escape)
        digits = escape[2:].rstrip(";").lower()
        mark = "x" if digits[0] == "x" else ""
        return unescape(f"&#{mark}{digits.lstrip('x').lstrip('0') or '0'};")
    if len(escape) == 2:
        return escape[1]
    if len(escape) > 6:
        return chr(0x10000 + (int(escape[2:6], 16) - 0xD800 << 10) + int(escape[8:], 16) - 0xDC00)
    code = escape[2:]
    return chr(int(code, 16))


def redact_json(value: object, spellings: Iterable[str]) -> object:
    """Return a JSON value without a secret in its strings and names; the same object if it is not there."""
    try:
        if isinstance(value, str):
            shown = redact(value, spellings)
            return value if shown == value else shown
        if is_array(value):
            items = [redact_json(item, spellings) for item in value]
            return value if all(new is old for new, old in zip(items, value, strict=True)) else items
        if is_object(value):
            properties = {redact(name, spellings): redact_json(item, spellings) for name, item in value.items()}
            return value if all(properties.get(name) is item for name, item in value.items()) else properties
    except RecursionError:
        return None  # too deep to search
    return value


def redact_error(error: APIError, spellings: Sequence[str]) -> None:
    """Remove a secret from an error, in place. Some servers repeat the key that they refuse.

    Args:
        error: the error.
        spellings: the spellings of the secret, from `spellings_of`.
    """
    body, raw_body = redact_json(error.body, spellings), redact_bytes(error.raw_body, spellings)
    message = redact(error.message, spellings)
    if body is error.body and raw_body == error.raw_body and message == error.message:
        cause = str(error.__cause__)
        if redact(cause, spellings) == cause:
            return
    if body is not error.body and raw_body == error.raw_body:
        raw_body = json.dumps(body).encode()  # the raw body has the secret with escapes
    error.message, error.raw_body, error.body = message, raw_body, body
    error.args = (message,)
    fields = read_error_body(error.body)
    error.type, error.detail, error.code, error.param = fields.type, fields.detail, fields.code, fields.param
    # The exceptions that it was raised from, and the variables of the frames of its traceback, can hold the secret too.
    error.__cause__ = error.__context__ = error.__traceback__ = None

"""Removal of secrets from texts that are shown: the key, and the password of a proxy. No I/O.

A server may repeat a key in an error or a header, in other capitals, with any of its characters escaped as JSON, HTML
and URLs allow, and escaped again. Other encodings, such as Base64, are not looked for.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from .._json.codec import is_array, is_object

REMOVED = "[removed]"
"""Stands where a secret was."""

SHORTEST_SECRET = 8
"""The fewest characters of a secret that is removed: a shorter one cannot be told from ordinary words."""

MAX_ESCAPES = 4
"""How many times over a text may be escaped. It is decoded so often, which bounds the time."""

_ESCAPE = re.compile(
    r"%[0-9a-f]{2}"  # RFC 3986 section 2.1
    r"|\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|\\u[0-9a-f]{4}|\\x[0-9a-f]{2}|\\[\"'/\\]"  # RFC 8259 section 7
    r"|&\#0*[0-9]{1,7};?|&\#x0*[0-9a-f]{1,6};?|&[a-z][a-z0-9]{1,30};",  # HTML section 13.5
    re.IGNORECASE,
)


def spellings(secret: str) -> tuple[str, ...]:
    """Return the texts, in lower case, to search for in a text and in what its escapes stand for.

    Returns:
        The secret, also as what looks like escapes in it would be decoded, and each as the bytes of its UTF-8 are read
        one by one; none if the secret is too short.
    """
    if len(secret) < SHORTEST_SECRET:
        return ()
    forms = [secret, *(text for text, _ in _decoded(secret))]
    forms += [form.encode("utf-8", "surrogatepass").decode("latin-1") for form in forms]
    return tuple(dict.fromkeys(form.lower() for form in forms if len(form) >= SHORTEST_SECRET))


def redact(text: str, forms: Iterable[str]) -> str:
    """Return a text without a secret, of which the forms are those of `spellings`."""
    spans = sorted(_spans(text, tuple(forms)))
    if not spans:
        return text
    parts: list[str] = []
    end = 0
    for start, stop in spans:
        if start >= end:
            parts += [text[end:start], REMOVED]
        end = max(end, stop)
    return "".join([*parts, text[end:]])


def redact_bytes(data: bytes, forms: Iterable[str]) -> bytes:
    """Return bytes without a secret, of which the forms are those of `spellings`; the same object if there is none."""
    if not (b"%" in data or b"&" in data or b"\\" in data):
        lowered = data.lower()
        if not any([form.encode("latin-1", "replace") in lowered for form in forms]):  # noqa: C419  # a list is made faster
            return data
    text = data.decode("latin-1")  # which has a character for each byte
    shown = redact(text, forms)
    return data if shown is text else shown.encode("latin-1")


def _spans(text: str, forms: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Yield where a secret begins and ends in a text, however often its characters are escaped."""
    yield from _found(text, forms)
    levels: list[_Places] = []
    for decoded, places in _decoded(text):
        levels.append(places)
        for span in _found(decoded, forms):
            start, stop = span
            for level in reversed(levels):
                start, stop = level.original(start), level.original(stop)
            yield start, stop


def _found(text: str, forms: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    lowered = text.lower()
    for form in forms:
        if form in lowered:
            for found in re.finditer(re.escape(form), text, re.IGNORECASE):
                yield found.span()


class _Places:
    """Where the characters of a decoded text are in the text that it was decoded from."""

    def __init__(self) -> None:
        # For each escape, the places behind it in the decoded text and in the original one.
        self._decoded = [0]
        self._original = [0]

    def add(self, decoded: int, original: int) -> None:
        """Take the places behind an escape."""
        self._decoded.append(decoded)
        self._original.append(original)

    def original(self, place: int) -> int:
        """Return the place between two characters of the original text that a place in the decoded one stands for."""
        index = bisect_right(self._decoded, place) - 1
        return self._original[index] + place - self._decoded[index]


def _decoded(text: str) -> Iterator[tuple[str, _Places]]:
    """Yield a text with its escapes decoded once, twice and so on, for as long as there are some."""
    for _ in range(MAX_ESCAPES):
        parts: list[str] = []
        places = _Places()
        size = end = 0
        for found in _ESCAPE.finditer(text):
            character = _character(found[0])
            size += found.start() - end + len(character)
            parts += [text[end : found.start()], character]
            end = found.end()
            places.add(size, end)
        if not end:
            return
        text = "".join([*parts, text[end:]])
        yield text, places


def _character(escape: str) -> str:
    """Return what an escape stands for."""
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


def redact_json(value: object, forms: Iterable[str]) -> object:
    """Return a JSON value without a secret in its texts and names; the same object if there is none."""
    try:
        if isinstance(value, str):
            shown = redact(value, forms)
            return value if shown == value else shown
        if is_array(value):
            items = [redact_json(item, forms) for item in value]
            return value if all(new is old for new, old in zip(items, value, strict=True)) else items
        if is_object(value):
            members = {redact(name, forms): redact_json(member, forms) for name, member in value.items()}
            return value if all(members.get(name) is member for name, member in value.items()) else members
    except RecursionError:
        return None  # too deep to be looked through
    return value

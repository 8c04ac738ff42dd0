"""Texts of servers for one line of an error or a log: without control characters, and cut to a length. No I/O."""

from __future__ import annotations

import re
from codecs import lookup

LONGEST_TEXT = 2000
"""The maximum number of characters of the text of an error, and of a line of the log."""

LONGEST_EXCERPT = 500
"""The maximum number of characters of a body that the text of an error shows."""

_SEARCHED_BYTES = 8192
"""The number of bytes at the start of a body that an excerpt comes from."""

_SPACE = re.compile(r"\s+")

_CHARSET = re.compile(r"charset=[\"']?([\w.:-]+)", re.IGNORECASE)


def one_line(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return a text on one line, cut to a length, with escapes for control and bidirectional characters."""
    text = text[: longest + 1]  # first, since the search takes time in proportion
    if not text.isprintable():
        text = _SPACE.sub(" ", text).strip()
        text = "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def decode_text(content: bytes, content_type: str) -> str:
    """Decode a body by the charset of its content type, or as UTF-8 if it names none that is known."""
    parameter = _CHARSET.search(content_type)
    charset = parameter[1] if parameter else "utf-8"
    try:
        lookup(charset)
        return content.decode(charset, "replace")
    except (LookupError, ValueError):  # an unknown charset, or a codec that is not for text
        return content.decode("utf-8", "replace")


def excerpt(content: bytes, content_type: str) -> str:
    """Return the start of a body for the text of an error: of HTML the visible text, of binary data nothing."""
    text = decode_text(content[:_SEARCHED_BYTES], content_type)
    if "html" in content_type.lower() or text.lstrip().lower().startswith(("<!doctype html", "<html")):
        from .html_text import text_of_html  # loads the names of all HTML entities

        text = text_of_html(text)
    if text.count("\ufffd") * 4 > len(text):
        return ""
    return one_line(text.strip(), LONGEST_EXCERPT)

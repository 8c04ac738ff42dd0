"""Texts of others, made fit for one line of an error or a log: without control characters, and not too long. No I/O."""

from __future__ import annotations

import re
from codecs import lookup
from html import unescape

LONGEST_TEXT = 2000
"""The most characters of an error's text, and of a line of the log."""

LONGEST_EXCERPT = 500
"""The most characters of a body that an error's text shows."""

_LOOKED_AT = 8192
"""The bytes of a body that are looked at for an excerpt."""

_SPACE = re.compile(r"\s+")

_CHARSET = re.compile(r"charset=[\"']?([\w.:-]+)", re.IGNORECASE)

_MARKUP = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?P<end>/?)(?P<name>[a-z][a-z0-9]*)[^<>]*>?|<[!?][^<>]*>?", re.DOTALL | re.IGNORECASE
)


def one_line(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return a text on one line, cut to a length, with escapes for what terminals obey or show the wrong way round."""
    text = text[: longest + 1]  # before the search, which takes time
    if not text.isprintable():
        text = _SPACE.sub(" ", text).strip()
        text = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def decode_text(content: bytes, content_type: str) -> str:
    """Return a body as text, in the charset that its content type names, else in UTF-8."""
    named = _CHARSET.search(content_type)
    charset = named[1] if named else "utf-8"
    try:
        lookup(charset)
        return content.decode(charset, "replace")
    except (LookupError, ValueError):  # no charset of this name, or one that is not of text
        return content.decode("utf-8", "replace")


def excerpt(content: bytes, content_type: str) -> str:
    """Return the beginning of a body for an error's text; of HTML the text; nothing if the body is not text."""
    text = decode_text(content[:_LOOKED_AT], content_type)
    if "html" in content_type.lower() or text.lstrip().lower().startswith(("<!doctype html", "<html")):
        text = _text_of_html(text)
    if text.count("\ufffd") * 4 > len(text):
        return ""
    return one_line(text.strip(), LONGEST_EXCERPT)


def _text_of_html(document: str) -> str:
    """Return the visible text of a page, and its title."""
    texts: list[str] = []
    hidden = ""
    position = 0
    for markup in _MARKUP.finditer(document):
        if not hidden:
            texts.append(document[position : markup.start()])
        position = markup.end()
        name = (markup["name"] or "").lower()
        if hidden and markup["end"] and name == hidden:
            hidden = ""
        elif not hidden and not markup["end"] and name in ("script", "style"):
            hidden = name
    if not hidden:
        texts.append(document[position:])
    return _SPACE.sub(" ", unescape(" ".join(texts)))

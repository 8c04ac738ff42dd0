"""The visible text of an HTML document, such as the error page of a proxy. It is no parser. No I/O."""

from __future__ import annotations

import re
from html import unescape

_MARKUP = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?P<end>/?)(?P<name>[a-z][a-z0-9]*)[^<>]*>?|<[!?][^<>]*>?", re.DOTALL | re.IGNORECASE
)


def text_of_html(document: str) -> str:
    """Return the title and the visible text of an HTML document."""
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
    return " ".join(unescape(" ".join(texts)).split())

"""Remove the Markdown fence that models write around JSON if no schema constrains them. No I/O."""

from __future__ import annotations

import re

_FENCE = re.compile(r"\s*(?P<fence>`{3,}|~{3,})(?P<inside>.*?)(?P=fence)\s*", re.DOTALL)
_INFO = r"[A-Za-z][\w.+-]*(?:[ \t]+[A-Za-z][^\r\n]*(?=[\r\n])|(?=\s*[\n\r\[{\"]))"
"""The info string of a fence: a language that JSON may follow, or a language and attributes up to the line end."""
_OPENING = re.compile(rf"\s*(?:`{{3,}}|~{{3,}})[ \t]*(?:{_INFO})?[ \t]*(?=[\n\r\[{{\"])")
_LANGUAGE = re.compile(rf"[ \t]*{_INFO}")
_MARKS = ("`", "~")


def without_fence(text: str) -> str:
    """Return the text inside a fence that encloses the whole text, else the text itself.

    No JSON text begins with a fence, so this cannot change one.
    """
    if not text.lstrip().startswith(_MARKS) or (found := _FENCE.fullmatch(text)) is None:
        return text
    inside = found["inside"]
    language = _LANGUAGE.match(inside)
    return inside[language.end() :] if language else inside


def fence_start(text: str) -> int | None:
    """Return where the JSON in an unfinished text begins, after its opening fence. None if that is unfinished."""
    start = text[:100].lstrip()
    if not start.startswith(_MARKS):
        return 0
    opening = _OPENING.match(text, 0, 200)
    return opening.end() if opening else None

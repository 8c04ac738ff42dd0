"""Answers inside a Markdown fence, as models write them that were not held to a schema. No I/O."""

from __future__ import annotations

import re

_FENCE = re.compile(r"\s*(?P<fence>`{3,}|~{3,})(?P<inside>.*?)(?P=fence)\s*", re.DOTALL)
_INFO = r"[A-Za-z][\w.+-]*(?:[ \t]+[A-Za-z][^\r\n]*(?=[\r\n])|(?=\s*[\n\r\[{\"]))"
"""The info string of a fence: a language, which JSON may follow, or a language and attributes up to the line's end."""
_OPENING = re.compile(rf"\s*(?:`{{3,}}|~{{3,}})[ \t]*(?:{_INFO})?[ \t]*(?=[\n\r\[{{\"])")
_LANGUAGE = re.compile(rf"[ \t]*{_INFO}")
_MARKS = ("`", "~")


def without_fence(text: str) -> str:
    """Return what is inside of a fence around the whole of a text, else the text itself.

    No JSON text begins with a fence, so that nothing else can be meant.
    """
    if not text.lstrip().startswith(_MARKS) or (found := _FENCE.fullmatch(text)) is None:
        return text
    inside = found["inside"]
    language = _LANGUAGE.match(inside)
    return inside[language.end() :] if language else inside


def fence_start(text: str) -> int | None:
    """Return where the JSON of an unfinished answer begins: behind a fence that opens it; None while it may go on."""
    start = text[:100].lstrip()
    if not start.startswith(_MARKS):
        return 0
    opening = _OPENING.match(text, 0, 200)
    return opening.end() if opening else None

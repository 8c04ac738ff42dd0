"""The content of a message, which servers send as a text or as a list of parts. No I/O, no HTTP library."""

from __future__ import annotations

from ._json import is_array, is_object
from ._partial_json import is_empty

_TEXT_PARTS = (None, "text", "output_text")


def split_parts(parts: list[object]) -> tuple[str, list[object]]:
    """Return the text of a content that is a list of parts, and what else is in the parts."""
    texts: list[str] = []
    others: list[object] = []
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
        elif is_object(part) and part.get("type") in _TEXT_PARTS and isinstance(part.get("text"), str):
            texts.append(str(part["text"]))
            if not {name for name, value in part.items() if value is not None} <= {"type", "text", "index"}:
                others.append({name: value for name, value in part.items() if name != "text"})
        elif not is_empty(part):
            others.append(part)
    return "".join(texts), others


def split_content(content: object) -> tuple[str, list[object]]:
    """Return the text of a content in either form, and what else is in its parts."""
    return split_parts(content) if is_array(content) else (content if isinstance(content, str) else "", [])

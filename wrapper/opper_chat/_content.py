"""The content of a message, which servers send as a text or as a list of parts. No I/O, no HTTP library."""

from __future__ import annotations

from ._json import is_array, is_object
from ._partial_json import is_empty

OTHER_PARTS = "content_parts"
"""The member of a message that holds the parts of its content that are not text, where the content came as parts."""

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


def put_together(message: dict[str, object]) -> None:
    """Make one content again of a text and the other parts that were beside it in a stream.

    A server takes back what it sends: parts, thoughts first, and no member that it does not know.
    """
    parts, text = message.get(OTHER_PARTS), message.get("content")
    if not is_array(parts) or not isinstance(text, str | None):
        return
    del message[OTHER_PARTS]
    content = list(parts)
    for place, part in enumerate(parts):
        if is_object(part) and part.get("type") in _TEXT_PARTS and "text" not in part:
            content[place] = {**part, "text": text or ""}  # it was taken from there
            break
    else:
        if text:
            content.append({"type": "text", "text": text})
    message["content"] = content


class OfAnyType:
    """What is said of an answer, where it may be a value of a type."""

    __slots__ = ()

    @property
    def parsed(self) -> object:
        """The value; None where no type was asked for."""
        return None

"""The content of a message, which servers send as text or as a list of parts. No I/O, no HTTP library."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

from .._json.codec import is_array, is_object
from .._json.lenient import scalar_text
from .._json.values import is_empty

if TYPE_CHECKING:
    from opper_chat_api.models.chat_completion_message import ChatCompletionMessage
    from opper_chat_api.models.choice_delta import ChoiceDelta

OTHER_PARTS = "content_parts"
"""The property of a streamed message for the parts of its content that are not text."""

_TEXT_PARTS = (None, "text", "output_text")


def split_parts(parts: list[object]) -> tuple[str, list[object]]:
    """Return the text of a list of parts, and the parts that are not or not only text."""
    texts: list[str] = []
    others: list[object] = []
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
        elif is_text_part(part):
            texts.append(str(part["text"]))
            if not {name for name, value in part.items() if value is not None} <= {"type", "text", "index"}:
                others.append({name: value for name, value in part.items() if name != "text"})
        elif not is_empty(part):
            others.append(part)
    return "".join(texts), others


def is_text_part(part: object) -> TypeGuard[dict[str, object]]:
    """Return whether a part of a content is an object whose text belongs to the text of the message."""
    return is_object(part) and part.get("type") in _TEXT_PARTS and isinstance(part.get("text"), str)


def split_content(content: object) -> tuple[str, list[object]]:
    """Return the text of a content in any form, and the parts that are not or not only text."""
    if isinstance(content, str):
        return content, []
    return split_parts(content) if is_array(content) else (scalar_text(content) or "", [])


def text_of(message: ChatCompletionMessage | ChoiceDelta) -> str:
    """Return the text of a message or a delta, even if the server sent it as a list of parts or as a number."""
    if message.content is not None:
        return message.content
    return split_content(message.additional_properties.get("content"))[0]


def restore_parts(message: dict[str, object]) -> None:
    """Return the list of parts that a stream had, so that a server accepts the message that it sent.

    A streamed message has its text in ``content`` and the other parts in ``content_parts``, a property that servers do
    not know.
    """
    parts, text = message.get(OTHER_PARTS), message.get("content")
    if not is_array(parts) or not isinstance(text, str | None):
        return
    del message[OTHER_PARTS]
    content = list(parts)
    for position, part in enumerate(parts):
        if is_object(part) and part.get("type") in _TEXT_PARTS and "text" not in part:
            content[position] = {**part, "text": text or ""}  # the text comes from here
            break
    else:
        if text:
            content.append({"type": "text", "text": text})
    message["content"] = content


class Unparsed:
    """A base for events of the content, which have a value only if ``response_format`` is a Python type."""

    __slots__ = ()

    @property
    def parsed(self) -> object:
        """None. The events of a stream with a Python type as ``response_format`` have the value here."""
        return None

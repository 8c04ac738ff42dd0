"""The content of a message, which servers send as a text or as a list of parts. No I/O, no HTTP library."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

from .._json.codec import is_array, is_object
from .._json.lenient import scalar_text
from .._json.values import is_empty

if TYPE_CHECKING:
    from opper_chat_api.models.chat_completion_message import ChatCompletionMessage
    from opper_chat_api.models.choice_delta import ChoiceDelta

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
        elif is_text_part(part):
            texts.append(str(part["text"]))
            if not {name for name, value in part.items() if value is not None} <= {"type", "text", "index"}:
                others.append({name: value for name, value in part.items() if name != "text"})
        elif not is_empty(part):
            others.append(part)
    return "".join(texts), others


def is_text_part(part: object) -> TypeGuard[dict[str, object]]:
    """Return whether a part of a content is an object whose text is text of the message."""
    return is_object(part) and part.get("type") in _TEXT_PARTS and isinstance(part.get("text"), str)


def split_content(content: object) -> tuple[str, list[object]]:
    """Return the text of a content in whichever form it comes, and what else is in its parts."""
    if is_array(content):
        return split_parts(content)
    return content if isinstance(content, str) else scalar_text(content) or "", []


def text_of(message: ChatCompletionMessage | ChoiceDelta) -> str:
    """Return the text of a message or a delta, whose content some servers send as a list of parts, or as a number."""
    if message.content is not None:
        return message.content
    return split_content(message.additional_properties.get("content"))[0]


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

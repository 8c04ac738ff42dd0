"""The tokens of texts, as the local server counts them. Not those of a real tokenizer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .._json import JsonObject, is_list, is_object

# A token: a word of up to a dozen characters or a sign, with the space before it.
_TOKEN = re.compile(r"\s*(?:\w{1,12}|[^\w\s])|\s+")


def tokenize(text: str) -> tuple[str, ...]:
    """Split a text into tokens. Joined, they are the text."""
    return tuple(_TOKEN.findall(text))


def message_text(message: JsonObject) -> str:
    """Return the text of a message: its content, or the text of its content parts."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts: Iterable[Any] = content if is_list(content) else ()
    texts = [part.get("text") for part in parts if is_object(part)]
    return " ".join([text for text in texts if isinstance(text, str)])

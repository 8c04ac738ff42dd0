"""Read what a choice in a chunk adds to its message: a delta, a whole message, or both. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._json.codec import is_array, is_object
from .._json.text_buffer import TextBuffer
from .._json.values import is_empty
from .merge import KEEP_FIRST, merge_value

THINKING_TYPES = ("thinking", "reasoning", "reasoning_text")


def message_delta(item: dict[str, Any], is_first: bool, current: Callable[[str], object]) -> dict[str, Any]:
    """Return what a choice in a chunk adds to its message.

    Some servers close a stream with the whole message. If a choice has both, the message repeats the text of the
    deltas, unless the first delta is empty. What is repeated must not be added twice.

    Args:
        item: the choice as JSON.
        is_first: whether nothing of the message has come before.
        current: returns a property of the message so far as JSON.
    """
    delta, message = item.get("delta"), item.get("message")
    if is_object(delta) and not is_object(message):
        return delta
    if not is_object(message):
        return {}
    if is_object(delta) and any(value for name, value in delta.items() if name != "role" or not is_first):
        return delta
    if is_first or not (is_object(delta) or item.get("finish_reason")):
        return message
    return {name: value for name, value in message.items() if not value or not _same(value, current(name))}


def _same(one: object, other: object) -> bool:
    """Return whether two properties are equal, except for the indexes that list items have in a stream."""
    try:
        return _without_indexes(one) == _without_indexes(other)
    except RecursionError:  # the values are nested too deeply to be compared
        return False


def _without_indexes(value: object) -> object:
    if not is_array(value):
        return value
    return [{n: v for n, v in item.items() if n != "index"} if is_object(item) else item for item in value]


def continue_thought(thought: object, more: object) -> bool:
    """Add a part of a content to the part before it, if both are one thought.

    Some servers send a thought token by token, each token as a part. A plain completion has it as one part.

    Returns:
        Whether the part was added.
    """
    if not is_object(thought) or not is_object(more) or more.get("type") not in THINKING_TYPES:
        return False
    name = next((name for name in ("thinking", "reasoning", "text") if thought.keys() == {"type", name}), "")
    if thought["type"] != more["type"] or thought.keys() != more.keys() or not name:
        return False
    current, added = thought[name], more[name]
    if is_array(current) and is_array(added) and len(current) == len(added) == 1:
        # A list with one text part, as in `{"type": "thinking", "thinking": [{"type": "text", "text": ...}]}`.
        (thought,), (more,) = current, added
        name = "text"
        if not (is_object(thought) and is_object(more) and thought.keys() == more.keys() == {"type", name}):
            return False
        if thought["type"] != more["type"]:
            return False
        current, added = thought[name], more[name]
    if not isinstance(current, (str, TextBuffer)) or not isinstance(added, str):
        return False
    thought[name] = merge_value(name, current, added)
    return True


def has_output(value: object) -> bool:
    """Return whether a property of a delta carries more than ids and types."""
    if is_object(value):
        return any(has_output(item) for name, item in value.items() if name not in KEEP_FIRST or name == "name")
    if is_array(value):
        return any(map(has_output, value))
    return not is_empty(value) and value.__class__ is not int

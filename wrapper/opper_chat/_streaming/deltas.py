"""What a choice in a chunk adds to its message, whether it comes as a delta, as a whole message, or as both. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._json.codec import is_array, is_object
from .._json.text_buffer import Text
from .._json.values import is_empty
from .._results.content import split_parts
from .merge import FIRST_SAID, merged

_THINKING_PARTS = ("thinking", "reasoning", "reasoning_text")


def piece_of(item: dict[str, Any], first: bool, said: Callable[[str], object]) -> dict[str, Any]:
    """Return what a choice in a chunk adds to the message: its delta, or the message of a completion sent whole.

    Where a choice has both, the message says again what the deltas have said, unless the first delta says nothing.
    A server that closes a stream with the whole message must not have what it said added twice.

    Args:
        item: the choice.
        first: whether nothing was said before.
        said: returns a member of the message so far, as JSON.
    """
    delta, message = item.get("delta"), item.get("message")
    if is_object(delta) and not is_object(message):
        return delta
    if not is_object(message):
        return {}
    if is_object(delta) and any(piece for name, piece in delta.items() if name != "role" or not first):
        return delta
    if first or not (is_object(delta) or item.get("finish_reason")):
        return message
    return {name: piece for name, piece in message.items() if not piece or not _alike(piece, said(name))}


def _alike(one: object, other: object) -> bool:
    """Whether two members of a message are the same, but for indexes of their items, such as a stream has."""
    try:
        return _without_indexes(one) == _without_indexes(other)
    except RecursionError:  # from comparing what nests too deeply
        return False


def _without_indexes(member: object) -> object:
    if not is_array(member):
        return member
    return [{n: v for n, v in item.items() if n != "index"} if is_object(item) else item for item in member]


def reasoning_of(delta: dict[str, Any], parts: list[object]) -> str:
    """Return the reasoning in a delta, the parts of whose content are given.

    Servers that have two names for it send the same text under both: the first that says something counts.
    """
    for name in ("reasoning_content", "reasoning"):
        text = delta.get(name)
        if isinstance(text, str) and text:
            return text
    texts: list[str] = []
    for part in parts:
        if is_object(part) and part.get("type") in _THINKING_PARTS:
            thought = next((part[name] for name in ("thinking", "reasoning", "text") if part.get(name)), "")
            texts.append(split_parts(thought if is_array(thought) else [thought])[0])
    return "".join(texts)


def continue_thought(thought: object, more: object) -> bool:
    """Add a part of a content to the one before it, and return whether both are one thought that comes in pieces.

    Servers send a thought token by token in parts of their own, and a plain answer has it in one.
    """
    if not is_object(thought) or not is_object(more) or more.get("type") not in _THINKING_PARTS:
        return False
    name = next((name for name in ("thinking", "reasoning", "text") if thought.keys() == {"type", name}), "")
    if thought["type"] != more["type"] or thought.keys() != more.keys() or not name:
        return False
    said, added = thought[name], more[name]
    if is_array(said) and is_array(added) and len(said) == len(added) == 1:
        (thought,), (more,) = said, added
        name = "text"
        if not (is_object(thought) and is_object(more) and thought.keys() == more.keys() == {"type", name}):
            return False
        if thought["type"] != more["type"]:
            return False
        said, added = thought[name], more[name]
    if not isinstance(said, (str, Text)) or not isinstance(added, str):
        return False
    thought[name] = merged(name, said, added)
    return True


def says_something(piece: object) -> bool:
    """Whether a piece carries more than the names of what it belongs to."""
    if is_object(piece):
        return any(says_something(value) for name, value in piece.items() if name not in FIRST_SAID or name == "name")
    if is_array(piece):
        return any(map(says_something, piece))
    return not is_empty(piece) and piece.__class__ is not int

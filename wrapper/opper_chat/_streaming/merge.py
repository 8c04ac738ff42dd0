"""How the deltas of a JSON object merge into one. No I/O."""

from __future__ import annotations

from typing import cast

from .._json.codec import is_array, is_object
from .._json.lenient import whole_number
from .._json.text_buffer import SETTLED_AT, Text
from .._json.values import DEEPEST, copied, is_empty

FIRST_SAID = frozenset({"id", "type", "role", "name", "object", "model", "format"})
"""Members that name or classify what a piece belongs to. Servers repeat them, so that they are never concatenated:
the first word that is not empty stays, because what a thing is does not change while it is sent."""

LAST_SAID = frozenset({
    "status", "state", "phase", "channel", "recipient", "finish_reason", "native_finish_reason", "stop_reason",
    "signature", "thought_signature", "service_tier", "system_fingerprint", "provider", "language", "encoding",
    "mime_type", "media_type", "url", "severity", "action",
})  # fmt: skip
"""Members that say how things stand, or that are always sent whole, such as a signature: the last word that is not
empty stays. Every other string carries text and is concatenated."""

_SENT_WHOLE = frozenset({"arguments", "input"})  # where they are objects rather than text, a later one replaces them


class _Items(list[object]):
    """A list some of whose items have an ``index``, with the latest item of each at hand."""

    __slots__ = ("latest",)

    def __init__(self, items: list[object]) -> None:
        super().__init__(items)
        self.latest = {_index(item): item for item in items if is_object(item)}


def merge(into: dict[str, object], piece: dict[str, object], depth: int = 0) -> None:
    """Add a piece of an object to what came before it. The piece is neither kept nor changed.

    Strings are concatenated unless they name something (`FIRST_SAID`, `LAST_SAID`), objects are merged member by
    member, of numbers and booleans the last wins. Of lists, items with an ``index`` are merged with the earlier item
    that has it, and others are appended. Null and the empty never replace anything; where two pieces are of different
    kinds, the first stays unless it is empty or a number.
    """
    for name, value in piece.items():
        if value is not None:
            into[name] = merged(name, into.get(name), value, depth)


def merged(name: str, have: object, value: object, depth: int = 0) -> object:
    """Return what a member becomes when a piece of it comes, by the rules of `merge`."""
    if have is None:
        return copied(value, depth)
    if is_empty(value):
        return have
    if isinstance(value, str):
        if isinstance(have, Text):
            have.append(value)
            if have.tell() >= SETTLED_AT:
                have.settle()
            return have
        if isinstance(have, str):
            if name in FIRST_SAID:
                return have or value
            return value if name in LAST_SAID else Text.of(have, value)
    elif is_object(value) and is_object(have) and depth < DEEPEST:
        if name in _SENT_WHOLE:
            return copied(value, depth)
        merge(have, value, depth + 1)
        return have
    elif is_array(value) and is_array(have) and depth < DEEPEST:
        return _merged_lists(have, value, depth)
    return copied(value, depth) if isinstance(have, (int, float)) or is_empty(have) else have


def replaced(have: object, value: object, depth: int = 0) -> object:
    """Return what a member of the completion itself becomes, where strings are words and not pieces of a text.

    Objects are merged recursively, a list that begins with the one before it replaces it, because servers resend the
    whole of it, any other list is appended, and of all else the last wins. The empty never replaces anything.
    """
    if have is None:
        return copied(value, depth)
    if is_empty(value):
        return have
    if depth < DEEPEST:
        if is_object(have) and is_object(value):
            for name, member in value.items():
                if member is not None:
                    have[name] = replaced(have.get(name), member, depth + 1)
            return have
        if is_array(have) and is_array(value) and not _begins_with(value, have):
            have.extend(copied(item, depth + 1) for item in value)
            return have
    return copied(value, depth)


def _merged_lists(have: list[object], value: list[object], depth: int) -> list[object]:
    items = have if isinstance(have, _Items) else _Items(have)
    for item in value:
        if is_object(item) and (index := _index(item)) is not None:
            latest = items.latest.get(index)
            if latest is not None and not any(_differ(latest, item, name) for name in ("id", "type")):
                merge(latest, item, depth + 1)
                continue
            fresh = cast("dict[str, object]", copied(item, depth + 1))
            items.latest[index] = fresh
            items.append(fresh)
        else:
            items.append(copied(item, depth + 1))
    return items


def _index(item: dict[str, object]) -> int | None:
    return whole_number(item.get("index"))


def _differ(one: dict[str, object], other: dict[str, object], name: str) -> bool:
    """Whether both say a member and say it differently: then they are two things, whatever their index."""
    return bool(one.get(name) and other.get(name) and one[name] != other[name])


def _begins_with(value: list[object], start: list[object]) -> bool:
    try:
        return value[: len(start)] == start
    except RecursionError:  # from comparing what nests too deeply
        return False

"""Merge the deltas of a JSON object into one object. No I/O."""

from __future__ import annotations

from typing import cast

from .._json.codec import is_array, is_object
from .._json.lenient import whole_number
from .._json.text_buffer import COMPACT_SIZE, TextBuffer
from .._json.values import MAX_DEPTH, copy_json, is_empty

KEEP_FIRST = frozenset({"id", "type", "role", "name", "object", "model", "format"})
"""Properties that name or classify an object. Servers repeat them in every delta: the first non-empty text stays."""

KEEP_LAST = frozenset({
    "status", "state", "phase", "channel", "recipient", "finish_reason", "native_finish_reason", "stop_reason",
    "signature", "thought_signature", "service_tier", "system_fingerprint", "provider", "language", "encoding",
    "mime_type", "media_type", "url", "severity", "action",
})  # fmt: skip
"""Properties that tell a state, or that servers always send whole, such as a signature: the last non-empty text stays.
The texts of all other properties are concatenated."""

_REPLACED_OBJECTS = frozenset({"arguments", "input"})
"""Properties that some servers send as objects instead of JSON text: a later object replaces an earlier one."""


class _IndexedList(list[object]):
    """A list whose items may have an ``index``, with the latest item of each index."""

    __slots__ = ("latest",)

    def __init__(self, items: list[object]) -> None:
        super().__init__(items)
        self.latest = {_index(item): item for item in items if is_object(item)}


def merge_object(target: dict[str, object], delta: dict[str, object], depth: int = 0) -> None:
    """Add a delta to an object. The delta is neither kept nor changed.

    Texts are concatenated, except those in `KEEP_FIRST` and `KEEP_LAST`. Objects are merged property by property. The
    last number or boolean stays. Of a list, items with an ``index`` are merged with the earlier item of that index, and
    other items are appended. Null and empty values replace nothing. A value of another kind replaces only a number or
    an empty value.
    """
    for name, value in delta.items():
        if value is not None:
            target[name] = merge_value(name, target.get(name), value, depth)


def merge_value(name: str, current: object, value: object, depth: int = 0) -> object:
    """Return what a property becomes when a delta of it comes, by the rules of `merge_object`.

    ``current`` is changed and returned if it is an object, a list or a text buffer.
    """
    if current is None:
        return copy_json(value, depth)
    if is_empty(value):
        return current
    if isinstance(value, str):
        if isinstance(current, TextBuffer):
            current.append(value)
            if current.tell() >= COMPACT_SIZE:
                current.compact()
            return current
        # A string that is not yet a buffer: it becomes one with its second delta.
        if isinstance(current, str):
            if name in KEEP_FIRST:
                return current or value
            return value if name in KEEP_LAST else TextBuffer.of(current, value)
    elif is_object(value) and is_object(current) and depth < MAX_DEPTH:
        if name in _REPLACED_OBJECTS:
            return copy_json(value, depth)
        merge_object(current, value, depth + 1)
        return current
    elif is_array(value) and is_array(current) and depth < MAX_DEPTH:
        return _merge_list(current, value, depth)
    return copy_json(value, depth) if isinstance(current, (int, float)) or is_empty(current) else current


def update_value(current: object, value: object, depth: int = 0) -> object:
    """Return what a property of the completion itself becomes. Its texts are complete and not parts of a longer text.

    Objects are updated recursively. A list that begins with the current one replaces it, because some servers send the
    whole list again; any other list is appended. Any other value replaces the current one, unless it is empty.
    """
    if current is None:
        return copy_json(value, depth)
    if is_empty(value):
        return current
    if depth < MAX_DEPTH:
        if is_object(current) and is_object(value):
            for name, item in value.items():
                if item is not None:
                    current[name] = update_value(current.get(name), item, depth + 1)
            return current
        if is_array(current) and is_array(value) and not _begins_with(value, current):
            current.extend(copy_json(item, depth + 1) for item in value)
            return current
    return copy_json(value, depth)


def _merge_list(current: list[object], value: list[object], depth: int) -> list[object]:
    # The index of the latest items is kept with the list. To search the list for each delta would take quadratic time.
    items = current if isinstance(current, _IndexedList) else _IndexedList(current)
    for item in value:
        if is_object(item) and (index := _index(item)) is not None:
            latest = items.latest.get(index)
            if latest is not None and not any(_conflict(latest, item, name) for name in ("id", "type")):
                merge_object(latest, item, depth + 1)
                continue
            added = cast("dict[str, object]", copy_json(item, depth + 1))
            items.latest[index] = added
            items.append(added)
        else:
            items.append(copy_json(item, depth + 1))
    return items


def _index(item: dict[str, object]) -> int | None:
    return whole_number(item.get("index"))


def _conflict(one: dict[str, object], other: dict[str, object], name: str) -> bool:
    """Return whether both have a property and it differs: then they are two items, with equal or different indexes."""
    return bool(one.get(name) and other.get(name) and one[name] != other[name])


def _begins_with(value: list[object], start: list[object]) -> bool:
    try:
        return value[: len(start)] == start
    except RecursionError:  # the values are nested too deeply to be compared
        return False

"""JSON that comes in pieces: how the pieces of an object merge, and what an unfinished text says so far. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO
from json import loads
from typing import cast

from ._json import is_array, is_object

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

_DEEPEST = 50  # what nests deeper is kept as it came, shared and not merged: deep JSON must not exhaust the stack


_NUMBERS = frozenset({bool, int, float})
_SCALARS = _NUMBERS | {str, type(None)}


class Text(StringIO):
    """A text in pieces: a string grown piece by piece costs the square of its length, a list of pieces their heads."""

    __slots__ = ()

    append = StringIO.write  # not a method around it: this is called for every token

    @classmethod
    def of(cls, *pieces: str) -> Text:
        """Return a text that begins with these pieces."""
        text = cls()
        for piece in pieces:
            text.write(piece)  # what is given to the constructor would be overwritten by what follows
        return text

    def joined(self) -> str:
        """Return the text so far."""
        return self.getvalue()


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
            return have
        if isinstance(have, str):
            if name in FIRST_SAID:
                return have or value
            return value if name in LAST_SAID else Text.of(have, value)
    elif is_object(value) and is_object(have) and depth < _DEEPEST:
        if name in _SENT_WHOLE:
            return copied(value, depth)
        merge(have, value, depth + 1)
        return have
    elif is_array(value) and is_array(have) and depth < _DEEPEST:
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
    if depth < _DEEPEST:
        if is_object(have) and is_object(value):
            for name, member in value.items():
                if member is not None:
                    have[name] = replaced(have.get(name), member, depth + 1)
            return have
        if is_array(have) and is_array(value) and not _begins_with(value, have):
            have.extend(copied(item, depth + 1) for item in value)
            return have
    return copied(value, depth)


def copied(value: object, depth: int = 0) -> object:
    """Return a JSON value whose objects and lists are not shared with the given one, texts joined."""
    if isinstance(value, Text):
        return value.joined()
    if depth < _DEEPEST:
        depth += 1
        if is_object(value):
            return {n: v if v.__class__ in _SCALARS else copied(v, depth) for n, v in value.items()}
        if is_array(value):
            return [item if item.__class__ in _SCALARS else copied(item, depth) for item in value]
    return value


def is_empty(value: object) -> bool:
    """Whether a value carries nothing: null, an empty text, object or list."""
    if isinstance(value, Text):
        return not value.tell()
    return not value and value.__class__ not in _NUMBERS


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
    index = item.get("index")
    return index if type(index) is int else None


def _differ(one: dict[str, object], other: dict[str, object], name: str) -> bool:
    """Whether both say a member and say it differently: then they are two things, whatever their index."""
    return bool(one.get(name) and other.get(name) and one[name] != other[name])


def _begins_with(value: list[object], start: list[object]) -> bool:
    try:
        return value[: len(start)] == start
    except RecursionError:  # from comparing what nests too deeply
        return False


_SPACE = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(r'[^"\\]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\]*)*')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_NUMBER_RUN = re.compile(r"[-+.0-9eE]+")
_LITERALS: dict[str, tuple[str, object]] = {"t": ("true", True), "f": ("false", False), "n": ("null", None)}


def partial_json(text: str) -> object:
    r"""Return the value that an unfinished JSON text is certain to have so far, or None where nothing is certain yet.

    An unfinished string ends where the text does, without half an escape or half a surrogate pair; open objects and
    lists are closed; an unfinished number, literal or name is left out (``12`` may become ``123``). What follows the
    first place that is no JSON is ignored. Takes time in proportion to the text, any nesting, and never raises.
    """
    root: list[object] = []
    stack: list[list[object] | dict[str, object]] = [root]
    expected = "value"
    opened = False  # the token before this one opened the innermost container
    name = ""
    for kind, value in _tokens(text):
        inside = stack[-1]
        if kind == ("}" if isinstance(inside, dict) else "]") and (opened or expected == "comma"):
            stack.pop()
            expected = "comma"
        elif expected == "value" and kind in {"string", "cut", "scalar", "{", "["}:
            if isinstance(inside, dict):
                inside[name] = value
            else:
                inside.append(value)
            expected = "comma"
            if is_object(value) or is_array(value):
                stack.append(value)
                expected = "name" if kind == "{" else "value"
        elif expected == "comma" and kind == ",":
            expected = "name" if isinstance(inside, dict) else "value"
        elif expected == "name" and kind == "string":
            name = str(value)
            expected = "colon"
        elif expected == "colon" and kind == ":":
            expected = "value"
        else:
            break
        opened = kind in {"{", "["}
        if stack == [root] and root:
            break
    return root[0] if root else None


def _tokens(text: str) -> Iterator[tuple[str, object]]:
    """Yield the tokens of a JSON text up to the first that is not sure to be one: their kinds and values."""
    at = 0
    while (at := _end(_SPACE, text, at)) < len(text):
        char = text[at]
        at += 1
        if char in "}],:":
            yield char, None
        elif char == "{":
            yield char, {}
        elif char == "[":
            yield char, []
        elif char == '"':
            end = _end(_STRING, text, at)
            whole = text[end : end + 1] == '"'
            raw = text[at:end]
            value: str = loads(f'"{raw}"', strict=False) if "\\" in raw else raw
            if not whole:
                yield "cut", value[:-1] if "\ud800" <= value[-1:] <= "\udbff" else value
                return
            yield "string", value
            at = end + 1
        elif char in _LITERALS:
            word, literal = _LITERALS[char]
            if not text.startswith(word, at - 1):
                return
            yield "scalar", literal
            at += len(word) - 1
        else:
            end = _end(_NUMBER_RUN, text, at - 1)
            number = _NUMBER.fullmatch(text, at - 1, end)
            if number is None or end == len(text):
                return
            try:
                yield "scalar", (float if number[1] or number[2] else int)(number[0])
            except ValueError:  # more digits than Python reads
                return
            at = end


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at

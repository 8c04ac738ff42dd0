"""JSON that comes in pieces: how the pieces of an object merge, and what an unfinished text says so far. No I/O."""

from __future__ import annotations

import re
from copy import copy
from io import StringIO
from json import loads
from typing import cast

from .codec import is_array, is_object
from .lenient import whole_number

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
SCALARS = _NUMBERS | {str, type(None)}


SETTLED_AT = 65536
"""Characters of a text that are put aside at once, by whoever counts them."""


class Text(StringIO):
    """A text in pieces: a string grown piece by piece costs the square of its length, a list of pieces their heads.

    A buffer has four bytes for each character, and grows by being copied as a whole: see `settle`.
    """

    __slots__ = ("_settled",)

    append = StringIO.write  # not a method around it: this is called for every token

    def __init__(self) -> None:
        super().__init__()
        self._settled: list[str] = []

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self).of, (self.joined(),))

    def settle(self) -> None:
        """Put what came so far aside, where it is as long as it is. To be called now and then."""
        if self.tell():
            self._settled.append(self.getvalue())
            super().__init__()  # anew: a buffer that was cut back has four bytes for each character

    @property
    def empty(self) -> bool:
        """Whether nothing came."""
        return not (self.tell() or self._settled)

    @classmethod
    def of(cls, *pieces: str) -> Text:
        """Return a text that begins with these pieces."""
        text = cls()
        for piece in pieces:
            text.write(piece)  # what is given to the constructor would be overwritten by what follows
        return text

    def joined(self) -> str:
        """Return the text so far."""
        latest = self.getvalue()
        return "".join([*self._settled, latest]) if self._settled else latest


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
            return {n: v if v.__class__ in SCALARS else copied(v, depth) for n, v in value.items()}
        if is_array(value):
            return [item if item.__class__ in SCALARS else copied(item, depth) for item in value]
    return value


def is_empty(value: object) -> bool:
    """Whether a value carries nothing: null, an empty text, object or list."""
    if isinstance(value, Text):
        return value.empty
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
    return whole_number(item.get("index"))


def _differ(one: dict[str, object], other: dict[str, object], name: str) -> bool:
    """Whether both say a member and say it differently: then they are two things, whatever their index."""
    return bool(one.get(name) and other.get(name) and one[name] != other[name])


def _begins_with(value: list[object], start: list[object]) -> bool:
    try:
        return value[: len(start)] == start
    except RecursionError:  # from comparing what nests too deeply
        return False


def partial_json(text: str) -> object:
    r"""Return the value that an unfinished JSON text is certain to have so far, or None where nothing is certain yet.

    An unfinished string ends where the text does, without half an escape or half a surrogate pair; open objects and
    lists are closed; an unfinished number, literal or name is left out (``12`` may become ``123``). What follows the
    first place that is no JSON is ignored. Takes time in proportion to the text, any nesting, and never raises.
    """
    reader = PartialReader()
    reader.feed(text)
    return reader.value()


_SPACE = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(r'[^"\\]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\]*)*')
_ESCAPE_BEGINS = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_NUMBER_RUN = re.compile(r"[-+.0-9eE]+")
_LONGEST_NUMBER = 5000  # Python reads fewer digits, and a longer run is not to be scanned again for every piece
_LITERALS: dict[str, tuple[str, object]] = {"t": ("true", True), "f": ("false", False), "n": ("null", None)}


class PartialReader:
    """Reads a JSON text that comes in pieces, each of them once, and says what it is certain to say so far.

    Attributes:
        length: how many characters were read.
    """

    __slots__ = ("_expected", "_name", "_names", "_opened", "_over", "_pending", "_stack", "_string", "length")

    def __init__(self) -> None:
        self.length = 0
        self._stack: list[list[object] | dict[str, object]] = [[]]
        """A list for the root, and the containers that are open."""
        self._names: list[str] = []
        """By which names the open containers are members of those around them; any for an item of a list."""
        self._name = ""
        self._expected = "value"
        self._opened = False
        """Whether the token before opened the innermost container."""
        self._string: Text | None = None
        """The string that is open."""
        self._pending = ""
        """The beginning of a token that may go on."""
        self._over = False

    def feed(self, piece: str) -> None:
        """Read a piece."""
        self.length += len(piece)
        text, self._pending = self._pending + piece, ""
        at = 0
        while not self._over and at < len(text):
            at = self._read_token(text, at) if self._string is None else self._read_string(self._string, text, at)

    def value(self) -> object:
        """Return what the text is certain to say so far, or None. What is finished in it is not copied."""
        copies = [copy(container) for container in self._stack]
        for outside, name, inside in zip(copies, self._names, copies[1:], strict=False):
            if isinstance(outside, dict):
                outside[name] = inside
            else:
                outside[-1] = inside
        if self._string is not None and self._expected == "value":
            self._put(copies[-1], self._string.joined())
        root = cast("list[object]", copies[0])
        return root[0] if root else None

    def _read_string(self, string: Text, text: str, at: int) -> int:
        end = _end(_STRING, text, at)
        raw, rest = text[at:end], text[end:]
        value: str = loads(f'"{raw}"', strict=False) if "\\" in raw else raw
        if rest[:1] == '"':
            string.append(value)
            self._string = None
            self._take("string", string.joined())
            return end + 1
        self._over = bool(rest) and not _ESCAPE_BEGINS.fullmatch(rest)
        if "\ud800" <= value[-1:] <= "\udbff":  # half a pair, written as itself or as an escape: the other may come
            value, rest = value[:-1], raw[-1 if raw[-1] == value[-1] else -6 :] + rest
        string.append(value)
        self._pending = rest
        return len(text)

    def _read_token(self, text: str, at: int) -> int:
        at = _end(_SPACE, text, at)
        char = text[at : at + 1]
        if char in _STRUCTURE:  # nothing at all among it
            if char:
                self._take(char, {} if char == "{" else [] if char == "[" else None)
        elif char == '"':
            self._over = self._expected not in ("value", "name")
            self._string = Text()
        elif char in _LITERALS:
            word, literal = _LITERALS[char]
            if text.startswith(word, at):
                self._take("scalar", literal)
                return at + len(word)
            self._pending = text[at:]
            self._over = not word.startswith(self._pending)
            return len(text)
        else:
            return self._read_number(text, at)
        return at + 1

    def _read_number(self, text: str, at: int) -> int:
        end = _end(_NUMBER_RUN, text, at)
        if at < end == len(text):
            self._pending = text[at:]
            self._over = end - at > _LONGEST_NUMBER
            return end
        number = _NUMBER.fullmatch(text, at, end)
        try:
            self._over = number is None
            if number is not None:
                self._take("scalar", (float if number[1] or number[2] else int)(number[0]))
        except ValueError:  # more digits than Python reads
            self._over = True
        return end

    def _take(self, kind: str, value: object) -> None:
        """Put a token where it belongs. One that belongs nowhere is the end of what is certain."""
        inside = self._stack[-1]
        if kind == ("}" if isinstance(inside, dict) else "]") and (self._opened or self._expected == "comma"):
            self._stack.pop()
            self._names.pop()
            self._expected = "comma"
        elif self._expected == "value" and kind in {"string", "scalar", "{", "["}:
            self._put(inside, value)
            self._expected = "comma"
            if is_object(value) or is_array(value):
                self._stack.append(value)
                self._names.append(self._name)
                self._expected = "name" if kind == "{" else "value"
        elif self._expected == "comma" and kind == ",":
            self._expected = "name" if isinstance(inside, dict) else "value"
        elif self._expected == "name" and kind == "string":
            self._name = str(value)
            self._expected = "colon"
        elif self._expected == "colon" and kind == ":":
            self._expected = "value"
        else:
            self._over = True
        self._opened = kind in {"{", "["}
        if len(self._stack) == 1 and self._stack[0]:
            self._over = True  # what follows the whole is none of it

    def _put(self, inside: list[object] | dict[str, object], value: object) -> None:
        if isinstance(inside, dict):
            inside[self._name] = value
        else:
            inside.append(value)


_STRUCTURE = "{}[],:"


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at

"""Unfinished JSON texts: what they are certain to say so far. No I/O."""

from __future__ import annotations

import re
from copy import copy
from json import loads
from typing import cast

from .._json.codec import is_array, is_object
from .._json.text_buffer import TextBuffer


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
        self._string: TextBuffer | None = None
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

    def _read_string(self, string: TextBuffer, text: str, at: int) -> int:
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
            self._string = TextBuffer()
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

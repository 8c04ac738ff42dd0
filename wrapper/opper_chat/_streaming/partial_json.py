"""Read unfinished JSON text, fragment by fragment, in linear time. No I/O."""

from __future__ import annotations

import re
from copy import copy
from json import loads
from typing import cast

from .._json.codec import is_array, is_object
from .._json.text_buffer import TextBuffer


def partial_json(text: str) -> object:
    r"""Return what is certain of the value of an unfinished JSON text, or None if nothing is certain yet.

    An unfinished string ends where the text ends, without half an escape or half a surrogate pair. Open objects and
    lists are closed. An unfinished number, literal or name is left out, because ``12`` may become ``123``. What
    follows the first invalid character is ignored. Takes time in proportion to the text, however deeply it is nested,
    and raises no error.
    """
    reader = PartialJSONReader()
    reader.feed(text)
    return reader.value()


_SPACE = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(r'[^"\\]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\]*)*')
_ESCAPE_BEGINS = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_NUMBER_RUN = re.compile(r"[-+.0-9eE]+")
_MAX_NUMBER_LENGTH = 5000  # Python converts fewer digits, and a long number would be scanned again for each fragment
_LITERALS: dict[str, tuple[str, object]] = {"t": ("true", True), "f": ("false", False), "n": ("null", None)}


class PartialJSONReader:
    """Reads JSON text in fragments, each of them once, and returns the value so far.

    Attributes:
        length: the number of characters that were read.
    """

    __slots__ = ("_ended", "_expected", "_name", "_names", "_opened", "_pending", "_stack", "_string", "length")

    def __init__(self) -> None:
        self.length = 0
        self._stack: list[list[object] | dict[str, object]] = [[]]
        """A list with the root, and the open containers."""
        self._names: list[str] = []
        """The names of the open containers in the containers around them. Meaningless for a list item."""
        self._name = ""
        self._expected = "value"
        self._opened = False
        """Whether the latest token opened the innermost container."""
        self._string: TextBuffer | None = None
        """The open string."""
        self._pending = ""
        """The beginning of an unfinished token."""
        self._ended = False
        """Whether the value is complete or the text is invalid."""

    def feed(self, fragment: str) -> None:
        """Read a fragment."""
        self.length += len(fragment)
        text, self._pending = self._pending + fragment, ""
        at = 0
        while not self._ended and at < len(text):
            at = self._read_token(text, at) if self._string is None else self._read_string(self._string, text, at)

    def value(self) -> object:
        """Return the value so far, or None if nothing is certain yet. Its finished parts are not copied."""
        # Only the open containers can still change, so only they are copied.
        copies = [copy(container) for container in self._stack]
        for outer, name, inner in zip(copies, self._names, copies[1:], strict=False):
            if isinstance(outer, dict):
                outer[name] = inner
            else:
                outer[-1] = inner
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
        self._ended = bool(rest) and not _ESCAPE_BEGINS.fullmatch(rest)
        if "\ud800" <= value[-1:] <= "\udbff":  # half a pair, as a character or as an escape
            value, rest = value[:-1], raw[-1 if raw[-1] == value[-1] else -6 :] + rest
        string.append(value)
        self._pending = rest
        return len(text)

    def _read_token(self, text: str, at: int) -> int:
        at = _end(_SPACE, text, at)
        char = text[at : at + 1]
        if char in _STRUCTURE:  # or empty, at the end of the text
            if char:
                self._take(char, {} if char == "{" else [] if char == "[" else None)
        elif char == '"':
            self._ended = self._expected not in ("value", "name")
            self._string = TextBuffer()
        elif char in _LITERALS:
            word, literal = _LITERALS[char]
            if text.startswith(word, at):
                self._take("scalar", literal)
                return at + len(word)
            self._pending = text[at:]
            self._ended = not word.startswith(self._pending)
            return len(text)
        else:
            return self._read_number(text, at)
        return at + 1

    def _read_number(self, text: str, at: int) -> int:
        end = _end(_NUMBER_RUN, text, at)
        if at < end == len(text):
            self._pending = text[at:]
            self._ended = end - at > _MAX_NUMBER_LENGTH
            return end
        number = _NUMBER.fullmatch(text, at, end)
        try:
            self._ended = number is None
            if number is not None:
                self._take("scalar", (float if number[1] or number[2] else int)(number[0]))
        except ValueError:  # more digits than Python converts
            self._ended = True
        return end

    def _take(self, kind: str, value: object) -> None:
        """Add a token to the value. A token that is not allowed here ends the value."""
        container = self._stack[-1]
        if kind == ("}" if isinstance(container, dict) else "]") and (self._opened or self._expected == "comma"):
            self._stack.pop()
            self._names.pop()
            self._expected = "comma"
        elif self._expected == "value" and kind in {"string", "scalar", "{", "["}:
            self._put(container, value)
            self._expected = "comma"
            if is_object(value) or is_array(value):
                self._stack.append(value)
                self._names.append(self._name)
                self._expected = "name" if kind == "{" else "value"
        elif self._expected == "comma" and kind == ",":
            self._expected = "name" if isinstance(container, dict) else "value"
        elif self._expected == "name" and kind == "string":
            self._name = str(value)
            self._expected = "colon"
        elif self._expected == "colon" and kind == ":":
            self._expected = "value"
        else:
            self._ended = True
        self._opened = kind in {"{", "["}
        if len(self._stack) == 1 and self._stack[0]:
            self._ended = True  # the value is complete

    def _put(self, container: list[object] | dict[str, object], value: object) -> None:
        if isinstance(container, dict):
            container[self._name] = value
        else:
            container.append(value)


_STRUCTURE = "{}[],:"


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at

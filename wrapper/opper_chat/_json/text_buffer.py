"""A text that grows by appending, in time and memory in proportion to its length. No I/O."""

from __future__ import annotations

from io import StringIO

COMPACT_SIZE = 65536
"""The number of characters in a buffer after which the code that appends to it calls `TextBuffer.compact`."""


class TextBuffer(StringIO):
    """A text in fragments.

    A ``str`` that grows fragment by fragment costs the square of its length, and a list of fragments their object
    headers. The buffer of a StringIO has four bytes for each character and is copied as a whole when it grows: call
    `compact` from time to time.
    """

    __slots__ = ("_compacted", "_compacted_length")

    append = StringIO.write  # not a method that calls it: this runs for every token

    def __init__(self) -> None:
        super().__init__()
        self._compacted: list[str] = []
        self._compacted_length = 0

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self).of, (self.joined(),))

    def __bool__(self) -> bool:
        return self.length > 0

    @property
    def length(self) -> int:
        """The number of characters."""
        return self._compacted_length + self.tell()

    def compact(self) -> None:
        """Move the buffered characters to a string, which takes no more memory than it needs."""
        if size := self.tell():
            self._compacted.append(self.getvalue())
            self._compacted_length += size
            super().__init__()  # a buffer that was truncated would keep four bytes for each character

    @classmethod
    def of(cls, *fragments: str) -> TextBuffer:
        """Return a buffer that begins with these fragments."""
        buffer = cls()
        for fragment in fragments:
            buffer.write(fragment)  # later writes would overwrite what is given to the constructor of a StringIO
        return buffer

    def joined(self) -> str:
        """Return the whole text."""
        latest = self.getvalue()
        return "".join([*self._compacted, latest]) if self._compacted else latest


def joined_text(value: object) -> str:
    """Return a text that is a buffer or a string; empty for any other value."""
    if isinstance(value, TextBuffer):
        return value.joined()
    return value if isinstance(value, str) else ""


def text_length(value: object) -> int:
    """Return the number of characters of a text that is a buffer or a string; 0 for any other value."""
    if isinstance(value, TextBuffer):
        return value.length
    return len(value) if isinstance(value, str) else 0

"""A text that grows by appending, in linear time and memory. No I/O."""

from __future__ import annotations

from io import StringIO

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

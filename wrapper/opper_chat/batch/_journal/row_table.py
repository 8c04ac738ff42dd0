"""A table from the ids of rows to a number and flags. It has about 20 bytes for each row.

A dict has about 100. Ids are kept as 64-bit hashes: of a million ids, two have the same hash in one case out of
40 million. No I/O.
"""

from __future__ import annotations

from array import array
from typing import Literal

DONE = 1
"""A flag: the row is in the output file or the errors file."""
SEEN = 2
"""A flag: the row is in the input."""

_PARTS = 256
"""The table grows part by part, so that growth needs little memory."""
_MAX_LOAD = 0.7
_MASK = (1 << 64) - 1


class RowTable:
    """A hash table with open addressing.

    Args:
        numbers: ``I`` for numbers of 32 bits, or ``Q`` for 64 bits.
    """

    def __init__(self, numbers: Literal["I", "Q"] = "I") -> None:
        self._parts = [_Part(numbers) for _ in range(_PARTS)]

    def __len__(self) -> int:
        """Return the number of rows."""
        return sum(part.used for part in self._parts)

    def find(self, key: str) -> tuple[int, int] | None:
        """Return the number and the flags of a row, or None if it is not there."""
        # hash() differs between processes, which is right here: nobody can make ids that collide, and the table is
        # never written to a file. 0 is the key of a free slot.
        hashed = hash(key) & _MASK or 1
        part = self._parts[hashed % _PARTS]
        slot = part.slot(hashed)
        return (part.numbers[slot], part.flags[slot]) if part.keys[slot] else None

    def put(self, key: str, number: int, flags: int) -> None:
        """Add a row, or replace its number and flags."""
        hashed = hash(key) & _MASK or 1
        part = self._parts[hashed % _PARTS]
        slot = part.slot(hashed)
        if not part.keys[slot]:
            if part.used >= len(part.keys) * _MAX_LOAD:
                part.grow()
                slot = part.slot(hashed)
            part.used += 1
        part.keys[slot], part.numbers[slot], part.flags[slot] = hashed, number, flags


def hash_number(body_hash: str) -> int:
    """Return the number of a body in a table for 32 bits: the beginning of its hash.

    Raises:
        ValueError: it is not hexadecimal.
    """
    return int(body_hash[:8], 16)


class _Part:
    """A part of the table. A key of 0 marks a free slot."""

    def __init__(self, numbers: Literal["I", "Q"]) -> None:
        self.used = 0
        self.keys = array("Q", bytes(8 * 8))
        self.numbers = array(numbers, bytes(8 * array(numbers).itemsize))
        self.flags = bytearray(8)

    def slot(self, hashed: int) -> int:
        """Return the slot that has a key, or the free one where it belongs."""
        keys, size = self.keys, len(self.keys)
        slot = hashed // _PARTS % size
        while keys[slot] not in (0, hashed):
            slot = slot + 1 if slot + 1 < size else 0
        return slot

    def grow(self) -> None:
        """Make the part half as large again."""
        keys, numbers, flags = self.keys, self.numbers, self.flags
        size = len(keys) + len(keys) // 2  # twice the size would waste up to half of the memory
        self.keys = array("Q", bytes(8 * size))
        self.numbers = array(numbers.typecode, bytes(numbers.itemsize * size))
        self.flags = bytearray(size)
        for key, number, flag in zip(keys, numbers, flags, strict=True):
            if key:
                slot = self.slot(key)
                self.keys[slot], self.numbers[slot], self.flags[slot] = key, number, flag

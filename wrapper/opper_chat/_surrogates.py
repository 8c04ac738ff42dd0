r"""Surrogate halves that a stream sends in two chunks. No I/O.

JSON escapes a character beyond U+FFFF as two halves, such as ``\ud83d\ude00`` (RFC 8259 section 7). Servers that cut
their texts by UTF-16 units, or between the tokens of one character, send the halves in two chunks. A half alone is no
Unicode text: it can be neither printed nor written as UTF-8.
"""

from __future__ import annotations

from typing import TypeAlias

from ._json import is_array, is_object, join_halves, without_halves
from ._lenient_values import is_finish_reason, whole_number
from ._partial_json import merge

_REPLACEMENT = "\ufffd"

_Path: TypeAlias = tuple[str | int, ...]


class HalvesJoiner:
    """Joins the halves of a stream's texts.

    A high half at the end of a text is held back until the next piece of the same text comes. The texts of a delta are
    told apart by their names and by the indexes of what they belong to. Halves without a partner become U+FFFD.
    """

    __slots__ = ("_brought", "_held")

    def __init__(self) -> None:
        self._held: dict[_Path, str] = {}
        self._brought: set[_Path] = set()
        """The texts that the latest chunk continues."""

    @property
    def pending(self) -> bool:
        """Whether a half is held back."""
        return bool(self._held)

    def joined(self, chunk: dict[str, object]) -> dict[str, object]:
        """Return the JSON object of a chunk with what was held back before, and without what is held back now."""
        self._brought.clear()
        try:
            made = {name: without_halves(member) for name, member in chunk.items() if name != "choices"}
            choices = chunk.get("choices")
            if is_array(choices):
                made["choices"] = [self._choice(choice, place) for place, choice in enumerate(choices)]
        except RecursionError:
            return chunk  # too deep to be looked through
        return made

    def rest(self) -> dict[str, object] | None:
        """Return what is held back as the JSON object of a last chunk, or None where nothing is."""
        deltas: dict[str | int, dict[str, object]] = {}
        for path in self._held:
            _replace(path, deltas.setdefault(path[0], {}))
        self._held.clear()
        return {"choices": [{"index": index, "delta": delta} for index, delta in deltas.items()]} if deltas else None

    def _choice(self, choice: object, place: int) -> object:
        if not is_object(choice):
            return without_halves(choice)
        index = _key(choice, place)
        made = {name: without_halves(member) for name, member in choice.items() if name != "delta"}
        made["delta"] = delta = self._joined(choice.get("delta"), (index,))
        if is_finish_reason(choice.get("finish_reason")):
            # Nothing more is to come of texts that this chunk does not continue.
            for path in [path for path in self._held if path[0] == index and path not in self._brought]:
                made["delta"] = delta = delta if is_object(delta) else {}
                _replace(path, delta)
                del self._held[path]
        return made

    def _joined(self, value: object, path: _Path) -> object:
        if isinstance(value, str):
            return self._piece(value, path) if value else value
        if is_object(value):
            return {join_halves(name): self._joined(member, (*path, name)) for name, member in value.items()}
        if is_array(value):
            return [self._joined(item, (*path, _key(item, place))) for place, item in enumerate(value)]
        return value

    def _piece(self, text: str, path: _Path) -> str:
        text = self._held.pop(path, "") + text
        self._brought.add(path)
        if "\ud800" <= text[-1] <= "\udbff":
            self._held[path] = text[-1]
            text = text[:-1]
        return join_halves(text)


def _key(item: object, place: int) -> int:
    """Return what tells an item of a list from the others."""
    index = whole_number(item.get("index")) if is_object(item) else None
    return place if index is None else index


def _replace(path: _Path, delta: dict[str, object]) -> None:
    """Add U+FFFD to a delta, in place of a half that has no partner."""
    piece: object = _REPLACEMENT
    for name in reversed(path[1:]):
        item = {"index": name, **piece} if is_object(piece) else piece
        piece = {name: piece} if isinstance(name, str) else [item]
    if is_object(piece):
        merge(delta, piece)

r"""Surrogate halves that a stream sends in two chunks. No I/O.

JSON escapes a character beyond U+FFFF as two halves, such as ``\ud83d\ude00`` (RFC 8259 section 7). Servers that cut
their texts by UTF-16 units, or between the tokens of one character, send the halves in two chunks. A half alone is no
Unicode text: it can be neither printed nor written as UTF-8.
"""

from __future__ import annotations

from typing import TypeAlias

from .._json.codec import is_array, is_object, join_halves, without_halves
from .._json.lenient import is_finish_reason, whole_number
from .._json.values import copy_json
from .._results.content import is_text_part
from .merge import merge_object

_REPLACEMENT = "\ufffd"

_Path: TypeAlias = tuple[str | int, ...]

_ENVELOPE = frozenset({"id", "object", "created", "model"})

_CONTENT = ("content",)


class HalvesJoiner:
    """Joins the halves of a stream's texts.

    A high half at the end of a text is held back until the next piece of the same text comes. The texts of a delta are
    told apart by their names and by the indexes of what they belong to. Halves without a partner become U+FFFD.
    """

    __slots__ = ("_brought", "_envelope", "_held")

    def __init__(self) -> None:
        self._held: dict[_Path, str] = {}
        self._brought: set[_Path] = set()
        """The texts that the latest chunk continues."""
        self._envelope: dict[str, object] = {}
        """What the latest chunk says beside its choices that every chunk says."""

    @property
    def pending(self) -> bool:
        """Whether a half is held back."""
        return bool(self._held)

    def joined(self, chunk: dict[str, object]) -> dict[str, object]:
        """Return the JSON object of a chunk with what was held back before, and without what is held back now."""
        self._brought.clear()
        try:
            made = {name: without_halves(member) for name, member in chunk.items() if name != "choices"}
            self._envelope = {name: member for name, member in made.items() if name in _ENVELOPE}
            choices = chunk.get("choices")
            if is_array(choices):
                made["choices"] = [self._choice(choice, place) for place, choice in enumerate(choices)]
        except RecursionError:
            return chunk  # too deep to be looked through
        return made

    def rest(self) -> dict[str, object]:
        """Return what is held back as the JSON object of a last chunk, like the chunks before it."""
        deltas: dict[str | int, dict[str, object]] = {}
        for path in self._held:
            _add_replacement(path, deltas.setdefault(path[0], {}))
        self._held.clear()
        choices = [{"index": index, "delta": copy_json(delta)} for index, delta in deltas.items()]
        return {**self._envelope, "choices": choices}

    def _choice(self, choice: object, place: int) -> object:
        if not is_object(choice):
            return without_halves(choice)
        index = _key(choice, place)
        made = {name: without_halves(member) for name, member in choice.items() if name != "delta"}
        delta = self._joined(choice.get("delta"), (index,))
        if is_finish_reason(choice.get("finish_reason")):
            # Nothing more is to come of texts that this chunk does not continue.
            ended = [path for path in self._held if path[0] == index and path not in self._brought]
            for path in ended:
                delta = delta if is_object(delta) else {}
                _add_replacement(path, delta)
                del self._held[path]
            delta = copy_json(delta) if ended else delta
        if delta is not None or "delta" in choice:
            made["delta"] = delta
        return made

    def _joined(self, value: object, path: _Path) -> object:
        if isinstance(value, str):
            return self._piece(value, path) if value else value
        if is_object(value):
            return {join_halves(name): self._joined(member, (*path, name)) for name, member in value.items()}
        if is_array(value):
            if path[1:] == _CONTENT:
                return [self._part(part, (*path, _key(part, place))) for place, part in enumerate(value)]
            return [self._joined(item, (*path, _key(item, place))) for place, item in enumerate(value)]
        return value

    def _part(self, part: object, path: _Path) -> object:
        """Return a part of a content. The texts of all parts, and a content that is a string, are one text."""
        content = path[:-1]
        if isinstance(part, str):
            return self._joined(part, content)
        made = self._joined({**part, "text": None} if is_text_part(part) else part, path)
        return {**made, "text": self._joined(part["text"], content)} if is_object(made) and is_text_part(part) else made

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


def _add_replacement(path: _Path, delta: dict[str, object]) -> None:
    """Add U+FFFD to a delta, in place of a half that has no partner and whose text the delta does not continue."""
    if path[1:] == _CONTENT and is_array(parts := delta.get("content")):
        parts.append({"type": "text", "text": _REPLACEMENT})
        return
    piece: object = _REPLACEMENT
    for name in reversed(path[1:]):
        item = {"index": name, **piece} if is_object(piece) else piece
        piece = {name: piece} if isinstance(name, str) else [item]
    if is_object(piece):
        merge_object(delta, piece)

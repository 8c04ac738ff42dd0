r"""Join surrogate halves that a stream sends in two chunks. No I/O.

JSON escapes a character beyond U+FFFF as two surrogate halves, such as ``\ud83d\ude00`` (RFC 8259 section 7). Servers
that cut their texts by UTF-16 code units, or between the tokens of one character, send the halves in two chunks. A half
alone is not Unicode text: it can be neither printed nor encoded as UTF-8.
"""

from __future__ import annotations

from typing import TypeAlias

from .._json.codec import is_array, is_object, join_surrogates, replace_surrogates
from .._json.lenient import is_finish_reason, whole_number
from .._json.values import copy_json
from .._results.content import is_text_part
from .merge import merge_object

_REPLACEMENT = "\ufffd"

_Path: TypeAlias = tuple[str | int, ...]
"""Where a text is in a chunk: the index of its choice, then names and indexes."""

_ENVELOPE = frozenset({"id", "object", "created", "model"})

_CONTENT = ("content",)


class SurrogateJoiner:
    """Joins the surrogate halves in the texts of a stream.

    A high half at the end of a text is held back until the next delta of the same text. A half without a counterpart
    becomes U+FFFD.
    """

    __slots__ = ("_continued", "_envelope", "_pending")

    def __init__(self) -> None:
        self._pending: dict[_Path, str] = {}
        self._continued: set[_Path] = set()
        """The texts that the latest chunk continues."""
        self._envelope: dict[str, object] = {}
        """The properties of the latest chunk that every chunk has."""

    @property
    def pending(self) -> bool:
        """Whether a half is held back."""
        return bool(self._pending)

    def join(self, chunk: dict[str, object]) -> dict[str, object]:
        """Return a chunk with the halves that were held back before, without those that are held back now."""
        self._continued.clear()
        try:
            joined = {name: replace_surrogates(value) for name, value in chunk.items() if name != "choices"}
            self._envelope = {name: value for name, value in joined.items() if name in _ENVELOPE}
            choices = chunk.get("choices")
            if is_array(choices):
                joined["choices"] = [self._join_choice(choice, position) for position, choice in enumerate(choices)]
        except RecursionError:
            return chunk  # it is nested too deeply to be searched
        return joined

    def rest(self) -> dict[str, object]:
        """Return a last chunk that replaces the halves that are held back."""
        deltas: dict[str | int, dict[str, object]] = {}
        for path in self._pending:
            _add_replacement(path, deltas.setdefault(path[0], {}))
        self._pending.clear()
        choices = [{"index": index, "delta": copy_json(delta)} for index, delta in deltas.items()]
        return {**self._envelope, "choices": choices}

    def _join_choice(self, choice: object, position: int) -> object:
        if not is_object(choice):
            return replace_surrogates(choice)
        index = _key(choice, position)
        joined = {name: replace_surrogates(value) for name, value in choice.items() if name != "delta"}
        delta = self._join_value(choice.get("delta"), (index,))
        if is_finish_reason(choice.get("finish_reason")):
            # The texts that this chunk does not continue have ended.
            ended = [path for path in self._pending if path[0] == index and path not in self._continued]
            for path in ended:
                delta = delta if is_object(delta) else {}
                _add_replacement(path, delta)
                del self._pending[path]
            delta = copy_json(delta) if ended else delta
        if delta is not None or "delta" in choice:
            joined["delta"] = delta
        return joined

    def _join_value(self, value: object, path: _Path) -> object:
        if isinstance(value, str):
            return self._join_text(value, path) if value else value
        if is_object(value):
            return {join_surrogates(name): self._join_value(item, (*path, name)) for name, item in value.items()}
        if is_array(value):
            if path[1:] == _CONTENT:
                return [self._join_part(part, (*path, _key(part, position))) for position, part in enumerate(value)]
            return [self._join_value(item, (*path, _key(item, position))) for position, item in enumerate(value)]
        return value

    def _join_part(self, part: object, path: _Path) -> object:
        """Join a part of a content. The texts of all parts are one text, as is a content that is a string."""
        content = path[:-1]
        if isinstance(part, str):
            return self._join_value(part, content)
        joined = self._join_value({**part, "text": None} if is_text_part(part) else part, path)
        if is_object(joined) and is_text_part(part):
            return {**joined, "text": self._join_value(part["text"], content)}
        return joined

    def _join_text(self, text: str, path: _Path) -> str:
        text = self._pending.pop(path, "") + text
        self._continued.add(path)
        if "\ud800" <= text[-1] <= "\udbff":
            self._pending[path] = text[-1]
            text = text[:-1]
        return join_surrogates(text)


def _key(item: object, position: int) -> int:
    """Return the index of a list item, or its position if it has none."""
    index = whole_number(item.get("index")) if is_object(item) else None
    return position if index is None else index


def _add_replacement(path: _Path, delta: dict[str, object]) -> None:
    """Add U+FFFD to a delta instead of a half that has no counterpart."""
    if path[1:] == _CONTENT and is_array(parts := delta.get("content")):
        parts.append({"type": "text", "text": _REPLACEMENT})
        return
    value: object = _REPLACEMENT
    for name in reversed(path[1:]):
        item = {"index": name, **value} if is_object(value) else value
        value = {name: value} if isinstance(name, str) else [item]
    if is_object(value):
        merge_object(delta, value)

"""Chunks that say again what one before them said, but for their text. No I/O.

Of three hundred bytes that a server sends for a token, five are new. A form is a chunk with holes where its text and
its padding are: what fits around the holes need not be read again. JSON is read from left to right, so that of two
texts which differ only inside a string the values differ only there; and that the holes are in these strings and
nowhere else is tried with other words in them, before a form is used.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import attrs
from opper_chat_api.models.chat_completion_chunk import ChatCompletionChunk

from .._json import codec as _json
from .._json.codec import is_array, is_object
from .._json.values import copy_json
from .merge import KEEP_FIRST, KEEP_LAST

TEXTS = ("content", "reasoning_content", "reasoning")
"""Members of a delta that a form can leave open, one of them."""

PADDINGS = ("obfuscation", "p")
"""Members of a chunk that hide how long its text is, one of them. They differ in each, and mean nothing."""

PATIENCE = 8
"""Chunks of a stream before the first form is made: making one takes as long as reading ten chunks without."""

_TRIED = ("one word", "another word")
_CHANCES = 8
"""How often in a row a form may be made that fits nothing, before none is made any more."""


class ReadChunk:
    """One chunk, as a model and as the JSON object that it was read from.

    Attributes:
        form: what it has in common with others, if it was read by a form.
        text: what it says that they do not.
        only_adds_text: whether all that it adds to the completion after the chunk before it is this text.
        is_unusual: whether it is an `UnusualChunk`.
    """

    __slots__ = ("_padding", "_value", "form", "model", "only_adds_text", "text")
    is_unusual = False

    def __init__(
        self,
        model: ChatCompletionChunk,
        value: dict[str, object] | None,
        form: Form | None = None,
        text: str = "",
        padding: str = "",
    ) -> None:
        self.model = model
        self.form = form
        self.text = text
        self.only_adds_text = False
        self._value = value
        self._padding = padding

    @property
    def value(self) -> dict[str, object]:
        """The JSON object. Made when it is asked for, where a form knew it all without."""
        if self._value is None:
            self._value = self.form.value(self.text, self._padding) if self.form else {}
        return self._value

    def becomes(self, value: dict[str, object]) -> None:
        """Replace the JSON object, by what is to be made of it after the chunks before it."""
        self._value = value
        self.model = ChatCompletionChunk.from_dict(value)
        self.form = None


class UnusualChunk(ReadChunk):
    """A chunk whose meaning depends on the chunks before it.

    Attributes:
        has_message: whether a choice has a message, beside its delta or in place of it.
        has_halves: whether there may be surrogate halves in its texts.
    """

    __slots__ = ("has_halves", "has_message")
    is_unusual = True

    def __init__(
        self, model: ChatCompletionChunk, value: dict[str, object], *, has_message: bool, has_halves: bool
    ) -> None:
        super().__init__(model, value)
        self.has_message = has_message
        self.has_halves = has_halves


class Form:
    """What chunks have in common that differ in one text and in their padding.

    Attributes:
        index: the choice that the text belongs to.
        name: the member of the delta that it is.
        adds_text_alone: whether one such chunk after another adds its text and nothing else to the completion.
    """

    __slots__ = (
        "_after", "_before", "_between", "_is_flat", "_make_choice", "_make_chunk", "_make_delta", "_outer",
        "_padded_first", "_padding", "_value", "adds_text_alone", "index", "name",
    )  # fmt: skip

    def __init__(
        self, pieces: list[str], value: dict[str, object], name: str, padding: str | None, *, padded_first: bool
    ) -> None:
        """Make a form of the pieces around its holes, and of a chunk that nobody else has."""
        self._before, *between, self._after = pieces
        self._between = between[0] if between else None
        self._outer = len(self._before) + len(self._after)
        self._padding = padding
        self._padded_first = padded_first
        self._value = value
        self.name = name
        choice, delta = _parts(value)
        self.index = cast("int", choice["index"])
        read = ChatCompletionChunk.from_dict(value)
        self._make_chunk = _maker(read, "choices", *([padding] if padding else []))
        self._make_choice = _maker(read.choices[0], "delta")
        self._make_delta = _maker(read.choices[0].delta, name)
        around = [member for key, member in value.items() if key != "choices"]
        around += [member for key, member in choice.items() if key != "delta"]
        self._is_flat = all(map(_is_plain, [*around, *delta.values()]))
        # The text of a choice itself is joined as well (`_accumulator.Accumulator`).
        self.adds_text_alone = (
            not choice.get("text")
            and all(map(_is_plain, around))
            and all(
                member is None or (isinstance(member, str) and (key in KEEP_FIRST or key in KEEP_LAST))
                for key, member in delta.items()
                if key != name
            )
        )

    @classmethod
    def of(cls, data: str, value: dict[str, object]) -> Form | None:
        """Return the form of a chunk, or None where none is known for such a one.

        Args:
            data: the chunk as JSON text.
            value: what it says: an object with one choice.
        """
        choice, delta = _parts(value)
        name = next((name for name in TEXTS if delta.get(name)), None)
        if name is None or choice.get("finish_reason") is not None:
            return None
        padding = next((one for one in PADDINGS if one in value), None)
        text = _place(data, name, delta[name])
        other = None if padding is None else _place(data, padding, value[padding])
        if text is None or (other is None and padding is not None):
            return None
        pieces, end = list[str](), 0
        for start, stop in sorted(hole for hole in (text, other) if hole):
            pieces.append(data[end:start])
            end = stop
        pieces.append(data[end:])
        whole = cast("dict[str, object]", copy_json(value))
        try:
            form = cls(pieces, whole, name, padding, padded_first=other is not None and other < text)
        except ValueError:
            return None
        return form if form.holds() else None

    def read(self, data: str) -> ReadChunk | None:
        """Return the chunk of a JSON text of this form; None where it is of another."""
        # Whatever has to be escaped, and some that need not be, is none of a form's words: neither ends a string.
        if not data.startswith(self._before) or not data.endswith(self._after) or len(data) < self._outer:
            return None
        text, padding = data[len(self._before) : len(data) - len(self._after)], ""
        if self._between is not None:
            text, between, padding = text.partition(self._between)
            if not between or not _needs_no_escape(padding):
                return None
        if not _needs_no_escape(text):
            return None
        if self._padded_first:
            text, padding = padding, text
        choices = [self._make_choice(delta=self._make_delta(**{self.name: text}))]
        if self._padding is None:
            return ReadChunk(self._make_chunk(choices=choices), None, self, text)
        return ReadChunk(self._make_chunk(choices=choices, **{self._padding: padding}), None, self, text, padding)

    def value(self, text: str, padding: str) -> dict[str, object]:
        """Return the JSON object of a chunk of this form."""
        if self._is_flat:
            choice, delta = _parts(self._value)
            value = {**self._value, "choices": [{**choice, "delta": {**delta, self.name: text}}]}
        else:
            value = cast("dict[str, object]", copy_json(self._value))
            _parts(value)[1][self.name] = text
        if self._padding is not None:
            value[self._padding] = padding
        return value

    def holds(self) -> bool:
        """Whether what is in the holes are the strings that they should be: other words are read as those words."""
        text, padding = _TRIED
        first, second = (padding, text) if self._padded_first else (text, padding)
        between = "" if self._between is None else self._between + second
        tried = f"{self._before}{first}{between}{self._after}"
        chunk = self.read(tried)
        expected = _json.decode(tried)
        return (
            chunk is not None
            and chunk.value == expected == self.value(text, padding)
            and chunk.model == ChatCompletionChunk.from_dict(chunk.value)
        )


class Repeats:
    """The form of the chunks of one stream, as long as they have one."""

    __slots__ = ("_chances", "_form", "_patience")

    def __init__(self) -> None:
        self._form: Form | None = None
        self._chances = _CHANCES
        self._patience = PATIENCE

    def read(self, data: str) -> ReadChunk | None:
        """Return the chunk of a JSON text if it is of the form of those before it."""
        if self._form is None or (chunk := self._form.read(data)) is None:
            return None
        self._chances = _CHANCES
        return chunk

    def learn(self, data: str, value: dict[str, object]) -> None:
        """Take note of a chunk that was of no form, or of another."""
        if self._patience:
            self._patience -= 1
        elif self._chances:
            self._chances -= 1
            self._form = Form.of(data, value) or self._form


def _parts(value: dict[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """Return the one choice of a chunk and its delta; empty ones where it is not as it should be."""
    choices = value.get("choices")
    choice = choices[0] if is_array(choices) and len(choices) == 1 else None
    if not is_object(choice):
        return {}, {}
    delta = choice.get("delta")
    return choice, delta if is_object(delta) else {}


def _place(data: str, name: str, value: object) -> tuple[int, int] | None:
    """Return where a string is in a JSON text, or None where that is not clear."""
    member = f'"{name}":'
    start = data.find(member) + len(member)
    if data.count(member) != 1 or not isinstance(value, str) or not _needs_no_escape(value):
        return None
    start += 2 if data.startswith(' "', start) else 1
    return (start, start + len(value)) if data.startswith(f'{value}"', start) else None


def _needs_no_escape(text: str) -> bool:
    return text.isprintable() and '"' not in text and "\\" not in text


def _is_plain(member: object) -> bool:
    """Whether a value cannot be changed, so that models can share it."""
    return member is None or isinstance(member, (str, int, float, frozenset))


def _maker(model: Any, *holes: str) -> Callable[..., Any]:
    """Return what makes a model like this one, given the members that are holes. It shares nothing that can be changed.

    Raises:
        ValueError: the model has members for which that is not known.
    """
    given: dict[str, object] = {}
    kind = model.__class__
    for field in attrs.fields(kind):
        member = getattr(model, field.name)
        if field.init and field.name not in (*holes, "additional_properties") and member != field.default:
            if not _is_plain(member):
                raise ValueError(f"{field.name} can be changed")
            given[field.alias] = member
    make: Callable[..., Any] = partial(kind, **given)
    rest = model.additional_properties
    return partial(_with_rest, make, rest, [name for name in holes if name in rest]) if rest else make


def _with_rest(make: Callable[..., Any], rest: dict[str, object], holes: list[str], **members: object) -> Any:
    mine = {name: copy_json(member) for name, member in rest.items()}
    for name in holes:
        mine[name] = members.pop(name)
    return make(additional_properties=mine, **members)

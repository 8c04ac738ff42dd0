"""Decode a chunk by a template, if it differs from the chunks before it only in its text. No I/O.

Of the 300 bytes that a server sends for a token, about five are new. A template is a chunk with placeholders for its
text and its padding. A chunk that fits around the placeholders need not be parsed again: JSON is read from left to
right, so two JSON texts that differ only inside a string have values that differ only in that string. Before a template
is used, it is tried with other texts in its placeholders.
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

TEXT_PROPERTIES = ("content", "reasoning_content", "reasoning")
"""Properties of a delta that can be a placeholder. A template has one of them."""

PADDING_PROPERTIES = ("obfuscation", "p")
"""Properties of a chunk that hide the length of its text. They differ in each chunk and have no meaning. A template has
at most one of them as a placeholder."""

FIRST_TEMPLATE_AFTER = 8
"""Chunks of a stream before the first template is built, because that takes as long as parsing ten chunks."""

_TRIAL_TEXTS = ("one word", "another word")
_MAX_MISSES = 8
"""Templates in a row that fit no chunk, after which no more are built."""


class DecodedChunk:
    """One chunk, as a model and as JSON.

    Attributes:
        model: the chunk as a model.
        template: the template that it was decoded with, or None.
        text: the text in the placeholder of the template.
        only_adds_text: whether it adds only this text to the completion.
        is_dependent: whether it is a `DependentChunk`.
    """

    __slots__ = ("_padding", "_value", "model", "only_adds_text", "template", "text")
    is_dependent = False

    def __init__(
        self,
        model: ChatCompletionChunk,
        value: dict[str, object] | None,
        template: ChunkTemplate | None = None,
        text: str = "",
        padding: str = "",
    ) -> None:
        self.model = model
        self.template = template
        self.text = text
        self.only_adds_text = False
        self._value = value
        self._padding = padding

    @property
    def value(self) -> dict[str, object]:
        """The chunk as JSON. If a template decoded it, the JSON object is built when it is first read."""
        if self._value is None:
            self._value = self.template.value(self.text, self._padding) if self.template else {}
        return self._value

    def replace_value(self, value: dict[str, object]) -> None:
        """Replace the JSON object, and with it the model."""
        self._value = value
        self.model = ChatCompletionChunk.from_dict(value)
        self.template = None


class DependentChunk(DecodedChunk):
    """A chunk whose meaning depends on the chunks before it.

    Attributes:
        has_message: whether a choice has a message, next to its delta or instead of it.
        has_surrogates: whether its texts may contain surrogate halves.
    """

    __slots__ = ("has_message", "has_surrogates")
    is_dependent = True

    def __init__(
        self, model: ChatCompletionChunk, value: dict[str, object], *, has_message: bool, has_surrogates: bool
    ) -> None:
        super().__init__(model, value)
        self.has_message = has_message
        self.has_surrogates = has_surrogates


class ChunkTemplate:
    """What chunks have in common that differ only in one text and in their padding.

    Attributes:
        has_fit: whether a chunk has fit it since `TemplateCache.learn` last ran.
        index: the index of the choice that the text belongs to.
        name: the property of the delta that is the placeholder.
        only_adds_text: whether a chunk of this template that follows another one adds only its text.
    """

    __slots__ = (
        "_after", "_before", "_between", "_is_flat", "_length_after", "_make_choice", "_make_chunk", "_make_delta",
        "_padding", "_padding_is_first", "_start", "_value", "has_fit", "index", "name", "only_adds_text",
    )  # fmt: skip

    def __init__(
        self, fragments: list[str], value: dict[str, object], name: str, padding: str | None, *, padding_is_first: bool
    ) -> None:
        """Create a template.

        Args:
            fragments: the JSON text around the placeholders.
            value: the chunk as JSON. The template keeps it.
            name: the property of the delta that is the placeholder.
            padding: the property of the chunk that is padding, or None.
            padding_is_first: whether the padding comes before the text.

        Raises:
            ValueError: a property of the chunk cannot be shared between models.
        """
        self._before, *between, self._after = fragments
        self._between = between[0] if between else None
        self._start = len(self._before)
        self._length_after = len(self._after)
        self._padding = padding
        self._padding_is_first = padding_is_first
        self._value = value
        self.has_fit = False
        self.name = name
        choice, delta = _choice_and_delta(value)
        self.index = cast("int", choice["index"])
        model = ChatCompletionChunk.from_dict(value)
        self._make_chunk = _model_factory(model, "choices", *([padding] if padding else []))
        self._make_choice = _model_factory(model.choices[0], "delta")
        self._make_delta = _model_factory(model.choices[0].delta, name)
        others = [item for key, item in value.items() if key != "choices"]
        others += [item for key, item in choice.items() if key != "delta"]
        self._is_flat = all(map(_is_immutable, [*others, *delta.values()]))
        # The accumulator concatenates the `text` of a choice as well.
        self.only_adds_text = (
            not choice.get("text")
            and all(map(_is_immutable, others))
            and all(
                item is None or (isinstance(item, str) and (key in KEEP_FIRST or key in KEEP_LAST))
                for key, item in delta.items()
                if key != name
            )
        )

    @classmethod
    def from_chunk(cls, data: str, value: dict[str, object]) -> ChunkTemplate | None:
        """Return the template of a chunk, or None if it cannot have one.

        Args:
            data: the chunk as JSON text.
            value: the chunk as JSON: an object with one choice.
        """
        choice, delta = _choice_and_delta(value)
        name = next((name for name in TEXT_PROPERTIES if delta.get(name)), None)
        if name is None or choice.get("finish_reason") is not None:
            return None
        padding = next((one for one in PADDING_PROPERTIES if one in value), None)
        text_span = _find_string(data, name, delta[name])
        padding_span = None if padding is None else _find_string(data, padding, value[padding])
        if text_span is None or (padding_span is None and padding is not None):
            return None
        fragments, end = list[str](), 0
        for start, stop in sorted(span for span in (text_span, padding_span) if span):
            fragments.append(data[end:start])
            end = stop
        fragments.append(data[end:])
        own = cast("dict[str, object]", copy_json(value))
        padding_is_first = padding_span is not None and padding_span < text_span
        try:
            template = cls(fragments, own, name, padding, padding_is_first=padding_is_first)
        except ValueError:
            return None
        return template if template.is_valid() else None

    def decode(self, data: str) -> DecodedChunk | None:
        """Return the chunk of a JSON text that fits the template, else None."""
        # A text with an escape, a quotation mark or a control character does not fit, so a placeholder ends no string.
        start, end = self._start, len(data) - self._length_after
        if start > end or not data.startswith(self._before) or not data.endswith(self._after):
            return None
        text, padding = data[start:end], ""
        if self._between is not None:
            text, between, padding = text.partition(self._between)
            if not between or not _needs_no_escape(padding):
                return None
        if not _needs_no_escape(text):
            return None
        if self._padding_is_first:
            text, padding = padding, text
        self.has_fit = True
        choices = [self._make_choice(delta=self._make_delta(**{self.name: text}))]
        if self._padding is None:
            return DecodedChunk(self._make_chunk(choices=choices), None, self, text)
        return DecodedChunk(self._make_chunk(choices=choices, **{self._padding: padding}), None, self, text, padding)

    def value(self, text: str, padding: str) -> dict[str, object]:
        """Return the JSON object of a chunk of this template."""
        if self._is_flat:
            choice, delta = _choice_and_delta(self._value)
            value = {**self._value, "choices": [{**choice, "delta": {**delta, self.name: text}}]}
        else:
            value = cast("dict[str, object]", copy_json(self._value))
            _choice_and_delta(value)[1][self.name] = text
        if self._padding is not None:
            value[self._padding] = padding
        return value

    def is_valid(self) -> bool:
        """Return whether the placeholders are the strings that they should be, by decoding other texts in them."""
        text, padding = _TRIAL_TEXTS
        first, second = (padding, text) if self._padding_is_first else (text, padding)
        between = "" if self._between is None else self._between + second
        data = f"{self._before}{first}{between}{self._after}"
        chunk = self.decode(data)
        self.has_fit = False
        expected = _json.decode(data)
        return (
            chunk is not None and chunk.value == expected and chunk.model == ChatCompletionChunk.from_dict(chunk.value)
        )


class TemplateCache:
    """The template of the latest chunks of one stream.

    Attributes:
        latest: the template, or None before the first one.
    """

    __slots__ = ("_misses_left", "_wait", "latest")

    def __init__(self) -> None:
        self.latest: ChunkTemplate | None = None
        self._misses_left = _MAX_MISSES
        self._wait = FIRST_TEMPLATE_AFTER

    def learn(self, data: str, value: dict[str, object]) -> None:
        """Build the template of a chunk that did not fit, unless it is too early or too many have fit nothing."""
        if self._wait:
            self._wait -= 1
            return
        if self.latest is not None and self.latest.has_fit:
            self.latest.has_fit = False
            self._misses_left = _MAX_MISSES
        if self._misses_left:
            self._misses_left -= 1
            # A chunk without text, such as one with a tool call, has no template. The last one may fit again after it.
            self.latest = ChunkTemplate.from_chunk(data, value) or self.latest


def _choice_and_delta(value: dict[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """Return the only choice of a chunk and its delta, empty if there is none."""
    choices = value.get("choices")
    choice = choices[0] if is_array(choices) and len(choices) == 1 else None
    if not is_object(choice):
        return {}, {}
    delta = choice.get("delta")
    return choice, delta if is_object(delta) else {}


def _find_string(data: str, name: str, value: object) -> tuple[int, int] | None:
    """Return where the string of a property begins and ends in a JSON text, or None if that is ambiguous."""
    key = f'"{name}":'
    start = data.find(key) + len(key)
    # If the key occurs twice, the string may be that of the other one. A string with escapes is longer than its value.
    if data.count(key) != 1 or not isinstance(value, str) or not _needs_no_escape(value):
        return None
    start += 2 if data.startswith(' "', start) else 1
    return (start, start + len(value)) if data.startswith(f'{value}"', start) else None


def _needs_no_escape(text: str) -> bool:
    return text.isprintable() and '"' not in text and "\\" not in text


def _is_immutable(value: object) -> bool:
    return value is None or isinstance(value, (str, int, float, frozenset))


def _model_factory(model: Any, *placeholders: str) -> Callable[..., Any]:
    """Return a function that creates models like this one, given the properties that are placeholders.

    The models share nothing that can be changed.

    Raises:
        ValueError: a property of the model cannot be shared.
    """
    shared: dict[str, object] = {}
    cls = model.__class__
    for field in attrs.fields(cls):
        value = getattr(model, field.name)
        if field.init and field.name not in (*placeholders, "additional_properties") and value != field.default:
            if not _is_immutable(value):
                raise ValueError(f"{field.name} cannot be shared")
            shared[field.alias] = value
    make: Callable[..., Any] = partial(cls, **shared)
    additional = model.additional_properties
    if not additional:
        return make
    return partial(_make_with_additional, make, additional, [name for name in placeholders if name in additional])


def _make_with_additional(
    make: Callable[..., Any], additional: dict[str, object], placeholders: list[str], **values: object
) -> Any:
    own = {name: copy_json(value) for name, value in additional.items()}
    for name in placeholders:
        own[name] = values.pop(name)
    return make(additional_properties=own, **values)

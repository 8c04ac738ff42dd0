"""Accumulate the chunks of a stream to a completion, in linear time. `choice` does one choice of it. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, TypeAlias

from .._config.response_limits import DEFAULT_LIMITS, LimitExceededError, ResponseLimits, within
from .._json.codec import is_object
from .._json.values import SCALARS, copy_json
from .._results.completion import ChatCompletion, mark_as_snapshot
from .choice import ChoiceAccumulator
from .merge import update_value
from .tool_calls import Fragment

COMPACT_INTERVAL = 4096
"""Chunks after which the texts are compacted."""

_KEEP_FIRST = frozenset({"id", "created", "model"})
_SKIPPED = frozenset({"object", "choices", "obfuscation", "p"})
"""Properties that are not merged. ``obfuscation`` and ``p`` are padding, which hides the length of a chunk's text."""

Addition: TypeAlias = tuple[int, dict[str, Any], dict[str, Any], Sequence[Fragment]]
"""What one choice of a chunk added: the index of the choice, the choice as JSON, the delta of its message, and the
fragments of its tool calls. A plain tuple, because one is made for nearly every chunk."""


class Accumulator:
    """Builds from the chunks of a stream the completion that a plain call would have returned.

    Of the properties of the completion, the first non-empty ``id``, ``created`` and ``model`` stay, ``object`` is
    ``chat.completion``, the last ``usage`` counts, and the rest follows `merge.update_value`. Messages follow
    `merge.merge_object`, and tool calls `tool_calls.ToolCallAssembler`. Null counts as absent. No JSON object raises an
    error here.

    What belongs to one chunk alone is not part of the completion: padding (``obfuscation``, ``p``) and the number of a
    token (``token_id``). What a choice has for each token in addition to its message is concatenated like texts:
    ``text``, and lists of numbers such as ``token_ids``.

    Args:
        expected_choices: the number of choices that the request requires (``n``).
        limits: the largest number of choices and of tool calls.

    Attributes:
        has_choices: whether any choice came.
        additions: what the latest chunk added, choice by choice. Stale after `add_text`.
    """

    __slots__ = (
        "_choices", "_chunks", "_compared", "_expected_choices", "_latest_values", "_limits", "_present", "_properties",
        "_size", "additions", "has_choices",
    )  # fmt: skip

    def __init__(self, expected_choices: int = 1, limits: ResponseLimits = DEFAULT_LIMITS) -> None:
        self._expected_choices = expected_choices
        self._limits = limits
        self._chunks = 0
        self._properties: dict[str, object] = {}
        self._choices: dict[int, ChoiceAccumulator] = {}
        self.has_choices = False
        self.additions: list[Addition] = []
        # Nearly every chunk has the properties of the one before with the same values, except for its choices. They are
        # compared at once, and merged only if something differs.
        self._size = -1
        self._present: Callable[[dict[str, Any]], object] = _nothing
        self._compared: Callable[[dict[str, Any]], object] = _nothing
        self._latest_values: object = None

    def add(self, value: dict[str, Any]) -> bool:
        """Add the JSON object of a chunk, which is not changed.

        Returns:
            Whether it has output of the model: text, a part of a tool or function call, or audio.

        Raises:
            LimitExceededError: there are more choices or tool calls than the limits allow.
        """
        try:
            same = len(value) == self._size and self._compared(value) == self._latest_values and self._present(value)
        except KeyError:
            same = False
        if not same:
            self._add_properties(value)
        self._chunks += 1
        if not self._chunks % COMPACT_INTERVAL:
            self._compact()
        additions: list[Addition] = []
        self.additions = additions
        try:
            choices: Any = value["choices"]
        except KeyError:
            return False
        if choices.__class__ is not list:
            return False
        output = False
        item: Any
        for position, item in enumerate(choices):
            if item.__class__ is dict:
                index: Any = item.get("index")
                if index.__class__ is not int:
                    index = position
                choice = self._choices.get(index)
                if choice is None:
                    if not within(len(self._choices) + 1, self._limits.max_choices):
                        raise LimitExceededError("max_choices")
                    choice = self._choices[index] = ChoiceAccumulator(item.get("index"), self._limits.max_tool_calls)
                    self.has_choices = True
                if choice.add(item):
                    output = True
                additions.append((index, item, choice.delta, choice.fragments))
        return output

    def add_text(self, index: int, name: str, text: str) -> bool:
        """Add a chunk that differs from the one before it only in this text of a choice.

        Returns:
            Whether it has output of the model.
        """
        self._chunks += 1
        if not self._chunks % COMPACT_INTERVAL:
            self._compact()
        choice = self._choices.get(index)
        return choice is not None and choice.add_text(name, text)

    def choice(self, index: int) -> ChoiceAccumulator:
        """Return a choice that has come."""
        return self._choices[index]

    def with_deltas(self, value: dict[str, Any]) -> dict[str, Any]:
        """Return a chunk that is about to be added, with deltas instead of whole messages."""
        choices = list(value["choices"])
        for position, item in enumerate(choices):
            if is_object(item) and is_object(item.get("message")):
                index = item.get("index")
                choice = self._choices.get(index if type(index) is int else position) or ChoiceAccumulator(index)
                delta = choice.added_delta(item)
                if delta is not item.get("delta"):
                    choices[position] = {name: value for name, value in item.items() if name != "message"}
                    choices[position]["delta"] = delta
        return {**value, "object": "chat.completion.chunk", "choices": choices}

    @property
    def has_finish_reasons(self) -> bool:
        """Whether the expected number of choices came, at least one, and each of them has a finish reason."""
        choices = self._choices.values()
        return len(choices) >= max(1, self._expected_choices) and all(choice.finish_reason for choice in choices)

    @property
    def complete(self) -> bool:
        """Whether each choice has a finish reason that marks its end.

        A finish reason does not mark the end if output came after it, or if the arguments of a tool call are incomplete
        although by the finish reason nothing was cut off.
        """
        return self.has_finish_reasons and not any(
            choice.has_output_after_end or choice.has_open_arguments for choice in self._choices.values()
        )

    def snapshot(self) -> ChatCompletion:
        """Return the completion so far. Later chunks do not change it."""
        completion = {name: copy_json(value) for name, value in self._properties.items()}
        completion["object"] = "chat.completion"
        completion["choices"] = [choice.to_dict() for _, choice in sorted(self._choices.items())]
        return mark_as_snapshot(ChatCompletion.from_dict(completion))

    def _compact(self) -> None:
        for choice in self._choices.values():
            choice.compact()

    def _add_properties(self, value: dict[str, Any]) -> None:
        """Merge the properties of the completion itself, and keep those that the next chunk is compared by."""
        properties = self._properties
        compared: list[str] = []
        only_scalars = bool(value)
        for name, item in value.items():
            if name in _SKIPPED:
                continue
            current = properties.get(name)
            is_scalar = item.__class__ in SCALARS
            if name in _KEEP_FIRST:
                if not current and item is not None:
                    properties[name] = current = item if is_scalar else copy_json(item)
                if current:
                    continue
            elif name == "usage":
                if item or not current:
                    properties[name] = item if is_scalar else copy_json(item)
            elif not is_scalar:
                properties[name] = update_value(current, item)
            elif item is not None and (item != "" or current is None):
                properties[name] = item  # as `update_value` does
            compared.append(name)
            only_scalars = only_scalars and is_scalar
        if only_scalars and self._chunks:  # not for the first chunk, which is not to wait for it
            self._size = len(value)
            self._present = itemgetter(*value)
            self._compared = itemgetter(*compared) if compared else _nothing
            self._latest_values = self._compared(value)
        else:
            self._size = -1
            self._present = _nothing


def _nothing(_: dict[str, Any]) -> object:
    return None

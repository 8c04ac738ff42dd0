"""Accumulate one choice of a streamed completion: its message, tool calls and log probabilities so far. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._config.response_limits import LimitExceededError, within
from .._json.codec import is_array, is_object
from .._json.lenient import UNCUT_REASONS, is_finish_reason, scalar_text
from .._json.text_buffer import TextBuffer
from .._json.values import copy_json, is_empty
from .._results.content import OTHER_PARTS, split_parts
from .deltas import continue_thought, has_output, message_delta
from .merge import KEEP_FIRST, KEEP_LAST, merge_value, update_value
from .tool_calls import Fragment, PartialToolCall, ToolCallAssembler

_TOKEN_PROPERTIES = frozenset({"token_id"})
"""Properties of a delta that describe its own token, and that a message does not have."""
_HANDLED_APART = frozenset({"delta", "message", "index"})
_OUTPUT = frozenset({"function_call", "audio", "reasoning_details"})


class ChoiceAccumulator:
    """Merges the deltas of one choice.

    Attributes:
        message: the message so far, without its tool calls and its function call. Its texts are `TextBuffer` objects.
        calls: the tool calls, or None before the first one.
        function_call: the deprecated function call, or None.
        logprobs: the log probabilities as JSON, or None.
        finish_reason: the latest finish reason, or None.
        has_output_after_end: whether output came after a finish reason, so that it does not mark the end.
        delta: what the latest chunk added to the message.
        fragments: what the latest chunk added to the tool calls.
    """

    __slots__ = (
        "_max_tool_calls", "_properties", "calls", "delta", "finish_reason", "fragments", "function_call",
        "has_output_after_end", "logprobs", "message",
    )  # fmt: skip

    def __init__(self, index: object, max_tool_calls: int | None = None) -> None:
        self._max_tool_calls = max_tool_calls
        self._properties: dict[str, object] = {} if index is None else {"index": copy_json(index)}
        self.message: dict[str, object] = {}
        self.calls: ToolCallAssembler | None = None
        self.function_call: PartialToolCall | None = None
        self.logprobs: dict[str, object] | None = None
        self.finish_reason: object = None
        self.has_output_after_end = False
        self.delta: dict[str, Any] = {}
        self.fragments: Sequence[Fragment] = ()

    def add(self, item: Any) -> bool:
        """Add the choice of a chunk, which is a JSON object, and return whether it has output of the model."""
        output = False
        message = self.message
        delta: Any = item.get("delta")
        if "message" in item or delta.__class__ is not dict:
            delta = self.added_delta(item)
            if delta is item.get("message") and not self._has_begun:
                output = self._begin_whole(item)
        self.delta = delta
        self.fragments = ()
        for name, value in delta.items():
            if value is not None:
                current = message.get(name)
                if isinstance(current, TextBuffer) and isinstance(value, str):
                    if value:
                        current.append(value)
                        output = True
                elif self._add_to_message(name, current, value):
                    output = True
        # The finish reason of this chunk is added below, so this is an earlier one.
        if output and self.finish_reason:
            self.has_output_after_end = True
        for name, value in item.items():
            if value is not None and name not in _HANDLED_APART:
                self._add_property(name, value)
        return output

    def add_text(self, name: str, text: str) -> bool:
        """Add to a text of the message, and return whether that is output."""
        current = self.message.get(name)
        if isinstance(current, TextBuffer):
            return current.append(text) > 0
        return self._add_to_message(name, current, text)

    def added_delta(self, item: dict[str, Any]) -> dict[str, Any]:
        """Return what the choice of a chunk adds to the message."""
        return message_delta(item, not self._has_begun, self._message_value)

    @property
    def has_open_arguments(self) -> bool:
        """Whether arguments of a call are incomplete although by the finish reason nothing was cut off."""
        if self.finish_reason not in UNCUT_REASONS:
            return False
        return (self.calls is not None and any(call.is_open for call in self.calls.calls)) or (
            self.function_call is not None and self.function_call.is_open
        )

    def compact(self) -> None:
        """Compact the texts, so that they take no more memory than they need."""
        for value in self.message.values():
            if isinstance(value, TextBuffer):
                value.compact()

    def text(self, name: str) -> str | None:
        """Return a text of the message so far, or None."""
        current = self.message.get(name)
        if isinstance(current, TextBuffer):
            return current.joined()
        if is_array(current):
            return split_parts(current)[0]
        return current if isinstance(current, str) else None

    def to_dict(self) -> dict[str, object]:
        """Return the choice as a plain completion has it."""
        message = {name: copy_json(value) for name, value in self.message.items()}
        if not message.get("role"):
            message["role"] = "assistant"
        if self.calls is not None:
            message["tool_calls"] = [call.to_dict() for call in self.calls.in_order()]
        if self.function_call is not None:
            message["function_call"] = self.function_call.body()
        choice = {name: copy_json(value) for name, value in self._properties.items()}
        choice["message"] = message
        if self.finish_reason is not None:
            choice["finish_reason"] = copy_json(self.finish_reason)
        if self.logprobs is not None:
            choice["logprobs"] = copy_json(self.logprobs)
        return choice

    @property
    def _has_begun(self) -> bool:
        return bool(self.message or self.calls or self.function_call)

    def _message_value(self, name: str) -> object:
        """Return a property of the message so far as JSON."""
        if name == "tool_calls":
            return self.calls and [call.to_dict() for call in self.calls.in_order()]
        if name == "function_call" and self.function_call is not None:
            return self.function_call.body()
        return self.text(name) if name == "content" else copy_json(self.message.get(name))

    def _begin_whole(self, item: dict[str, Any]) -> bool:
        """Keep what only a whole message has: a content that is a list of parts, and an empty delta next to it."""
        if item.get("delta"):
            self._properties["delta"] = copy_json(item["delta"])
        content = item["message"].get("content")
        if not is_array(content):
            return False
        self.message["content"] = copy_json(content)
        return not is_empty(content)

    def _add_to_message(self, name: str, current: object, value: object) -> bool:
        """Add a value that is not simply more of a text, and return whether it is output."""
        message = self.message
        # The number of a token belongs to its chunk. Added up or replaced, it would mean nothing.
        if name in _TOKEN_PROPERTIES and isinstance(value, int):
            return False
        if name == "content" and is_array(current):  # a whole message came in parts, and yet more of it comes
            if value == current:
                return False
            del message[name]
            self._add_parts(current)
            current = message.get(name)
        if name == "content" and is_array(value):
            return self._add_parts(value)
        value = (scalar_text(value) or value) if name == "content" else value
        if name == "tool_calls" and (is_array(value) or is_object(value)):
            return self._add_tool_calls(value if is_array(value) else [value])
        if name == "function_call" and is_object(value):
            self.function_call = call = self.function_call or PartialToolCall(0, 0)
            call.add({"function": value})
            return has_output(value)
        if isinstance(value, str) and current is None and name not in KEEP_FIRST and name not in KEEP_LAST:
            message[name] = current = TextBuffer()
        if isinstance(value, str) and isinstance(current, TextBuffer):
            if value:
                current.append(value)
            return bool(value)
        message[name] = merge_value(name, current, value)
        return name in _OUTPUT and has_output(value)

    def _add_tool_calls(self, fragments: list[object]) -> bool:
        self.calls = assembler = self.calls or ToolCallAssembler()
        calls = assembler.calls
        known = len(calls)
        output = False
        added: list[Fragment] = []
        self.fragments = added
        for position, fragment in enumerate(fragments):
            if is_object(fragment):
                call = assembler.add(fragment, position)
                added.append((call, call.delta, call.length))
                output = output or bool(call.delta)
                if not within(len(calls), self._max_tool_calls):
                    raise LimitExceededError("max_tool_calls")
        return output or any(call.name for call in calls[known:])

    def _add_parts(self, parts: list[object]) -> bool:
        text, others = split_parts(parts)
        output = self._add_to_message("content", self.message.get("content"), text)
        if others:
            current = self.message.get(OTHER_PARTS)
            continued = is_array(current) and current and continue_thought(current[-1], others[0])
            self.message[OTHER_PARTS] = merge_value(OTHER_PARTS, current, others[1:] if continued else others)
        return output or any(has_output(part) for part in others)

    def _add_property(self, name: str, value: object) -> None:
        """Add a property of the choice itself."""
        if name == "finish_reason":
            if is_finish_reason(value) or self.finish_reason is None:
                self.finish_reason = value if is_finish_reason(value) or not value else None
        elif name == "logprobs" and is_object(value):
            self._add_logprobs(value)
        elif (name == "text" and isinstance(value, str)) or _are_numbers(value):
            self._properties[name] = merge_value(name, self._properties.get(name), value)
        else:
            self._properties[name] = update_value(self._properties.get(name), value)

    def _add_logprobs(self, logprobs: dict[str, object]) -> None:
        self.logprobs = current = {} if self.logprobs is None else self.logprobs
        for name, items in logprobs.items():
            tokens = current.get(name)
            if name in {"content", "refusal"} and is_array(items) and (tokens is None or is_array(tokens)):
                # One item for each token. Nothing changes the items later, so that they need not be copied.
                current[name] = tokens = [] if tokens is None else tokens
                tokens.extend(items)
            else:
                current[name] = merge_value(name, tokens, items)


def _are_numbers(value: object) -> bool:
    return is_array(value) and bool(value) and value[0].__class__ is int

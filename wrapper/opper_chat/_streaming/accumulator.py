"""Chunks → the completion that they make, in time that grows with the stream and not with its square. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any

from opper_chat_api.models.completion_usage import CompletionUsage

from .._config.response_limits import DEFAULT_LIMITS, LimitExceededError, ResponseLimits, within
from .._json.codec import is_array, is_object
from .._json.lenient import ENDED_WELL, is_finish_reason, scalar_text
from .._json.text_buffer import Text
from .._json.values import SCALARS, copied, is_empty
from .._results.completion import ChatCompletion, mark_as_snapshot
from .._results.content import OTHER_PARTS, split_parts
from .deltas import continue_thought, piece_of, says_something
from .merge import FIRST_SAID, LAST_SAID, merged, replaced
from .tool_calls import ToolCall, ToolCalls

SETTLED_AFTER = 4096
"""Chunks after which the texts so far are put aside."""

_SENT_ONCE = frozenset({"id", "created", "model"})
_NOT_MERGED = frozenset({"object", "choices", "obfuscation", "p"})
_OF_A_TOKEN = frozenset({"token_id"})
"""Members of a delta that are about its own token, which a message has none of. `p`, as `obfuscation`, is padding."""
_PIECES = frozenset({"delta", "message", "index"})
_OUTPUT = frozenset({"function_call", "audio", "reasoning_details"})


class Accumulator:
    """Makes of the chunks of a stream the completion that a plain call would have returned.

    Of the completion's own members, ``id``, ``created`` and ``model`` are the first that say something, ``object`` is
    ``chat.completion``, ``usage`` is the last, and the rest follows `_partial_json.replaced`. Messages follow
    `_partial_json.merge`, tool calls `_tool_calls.ToolCalls`. Null is as good as absent. No JSON object makes anything
    here raise.

    What a chunk says of itself alone is no part of a completion, and found in the chunk: padding (``obfuscation``,
    ``p``) and the number of its token (``token_id``). What a choice says beside its message token by token is joined
    like the message: ``text``, and lists of numbers such as ``token_ids``.

    Args:
        expected_choices: how many choices were asked for (``n``).
        limits: how many choices and tool calls there may be.

    Attributes:
        has_choices: whether any choice came.
    """

    __slots__ = (
        "_added", "_choices", "_compared", "_expected", "_last", "_limits", "_present", "_top", "_width", "has_choices",
    )  # fmt: skip

    def __init__(self, expected_choices: int = 1, limits: ResponseLimits = DEFAULT_LIMITS) -> None:
        self._expected = expected_choices
        self._limits = limits
        self._added = 0
        self._top: dict[str, object] = {}
        self._choices: dict[int, _Choice] = {}
        self.has_choices = False
        # Nearly every chunk has the members of the one before, and but for its choices the same values: these are
        # compared at once, and merged only where something is new.
        self._width = -1
        self._present: Callable[[dict[str, Any]], object] = _nothing
        self._compared: Callable[[dict[str, Any]], object] = _nothing
        self._last: object = None

    def add(self, value: dict[str, Any]) -> bool:
        """Add the JSON object of a chunk, which is neither kept nor changed.

        Returns:
            Whether it brought output of the model: some of a text, of a tool or function call, or of audio.

        Raises:
            LimitExceededError: there are more choices or tool calls than the limits allow.
        """
        try:
            same = len(value) == self._width and self._compared(value) == self._last and self._present(value)
        except KeyError:
            same = False
        if not same:
            self._add_members(value)
        self._count()
        try:
            choices: Any = value["choices"]
        except KeyError:
            return False
        if choices.__class__ is not list:
            return False
        output = False
        item: Any
        for place, item in enumerate(choices):
            if item.__class__ is dict:
                key: Any = item.get("index")
                if key.__class__ is not int:
                    key = place
                choice = self._choices.get(key)
                if choice is None:
                    if not within(len(self._choices) + 1, self._limits.max_choices):
                        raise LimitExceededError("max_choices")
                    choice = self._choices[key] = _Choice(item.get("index"), self._limits.max_tool_calls)
                    self.has_choices = True
                if choice.add(item):
                    output = True
        return output

    def in_deltas(self, value: dict[str, Any]) -> dict[str, Any]:
        """Return a chunk, to be added next, with what its messages add in place of them."""
        choices = list(value["choices"])
        for place, item in enumerate(choices):
            if is_object(item) and is_object(item.get("message")):
                index = item.get("index")
                choice = self._choices.get(index if type(index) is int else place) or _Choice(index)
                delta = choice.adds(item)
                if delta is not item.get("delta"):
                    choices[place] = {name: member for name, member in item.items() if name != "message"}
                    choices[place]["delta"] = delta
        return {**value, "object": "chat.completion.chunk", "choices": choices}

    def add_text(self, index: int, name: str, text: str) -> bool:
        """Add a chunk that says what the one before it said, but for this text of a choice.

        Returns:
            Whether it brought output of the model.
        """
        self._count()
        choice = self._choices.get(index)
        return choice is not None and choice.add_text(name, text)

    @property
    def has_reasons(self) -> bool:
        """Whether as many choices as were asked for came, one at least, and every one has a finish reason."""
        choices = self._choices.values()
        return len(choices) >= max(1, self._expected) and all(choice.finish_reason for choice in choices)

    @property
    def complete(self) -> bool:
        """Whether the same holds, and every finish reason marks an end.

        It does not where output came after it, or where the arguments of a tool call are cut off though the reason
        says that nothing was.
        """
        return self.has_reasons and not any(
            choice.goes_on or choice.has_open_arguments for choice in self._choices.values()
        )

    @property
    def usage(self) -> CompletionUsage | None:
        """What the call consumed, as the server last said it."""
        usage = self._top.get("usage")
        try:
            return CompletionUsage.from_dict(usage) if is_object(usage) else None
        except ValueError:
            return None

    def text(self, index: int = 0, name: str = "content") -> str | None:
        """Return a text of a choice so far, such as its ``content``, or None where the server has sent none."""
        choice = self._choices.get(index)
        return choice.text(name) if choice else None

    def tool_calls(self, index: int = 0) -> list[ToolCall]:
        """Return the tool calls of a choice so far."""
        choice = self._choices.get(index)
        return choice.calls.in_order() if choice and choice.calls else []

    def snapshot(self) -> ChatCompletion:
        """Return the completion so far. Chunks that come later do not change it."""
        completion = {name: copied(member) for name, member in self._top.items()}
        completion["object"] = "chat.completion"
        completion["choices"] = [choice.to_dict() for _, choice in sorted(self._choices.items())]
        return mark_as_snapshot(ChatCompletion.from_dict(completion))

    def _count(self) -> None:
        self._added += 1
        if not self._added % SETTLED_AFTER:
            for known in self._choices.values():
                known.settle()

    def _add_members(self, value: dict[str, Any]) -> None:
        """Merge the members of the completion itself, and note which of them the next chunk is to be compared by."""
        top = self._top
        compared: list[str] = []
        flat = bool(value)
        for name, member in value.items():
            if name in _NOT_MERGED:
                continue
            have = top.get(name)
            plain = member.__class__ in SCALARS
            if name in _SENT_ONCE:
                if not have and member is not None:
                    top[name] = have = member if plain else copied(member)
                if have:
                    continue
            elif name == "usage":
                top[name] = copied(member) if member or not have else have
            elif member is not None:
                top[name] = member if plain and have is None else replaced(have, member)
            compared.append(name)
            flat = flat and plain
        if flat and self._added:  # the first chunk is not to wait for what only the next ones have a use for
            self._width = len(value)
            self._present = itemgetter(*value)
            self._compared = itemgetter(*compared) if compared else _nothing
            self._last = self._compared(value)
        else:
            self._width = -1
            self._present = _nothing


def _nothing(_: dict[str, Any]) -> object:
    return None


class _Choice:
    """One of the answers so far."""

    __slots__ = (
        "_function_call", "_logprobs", "_max_tool_calls", "_members", "_message", "calls", "finish_reason", "goes_on",
    )  # fmt: skip

    def __init__(self, index: object, max_tool_calls: int | None = None) -> None:
        self._max_tool_calls = max_tool_calls
        self.finish_reason: object = None
        self.goes_on = False
        """Whether its finish reasons mark no end: output came after one."""
        self.calls: ToolCalls | None = None
        self._function_call: ToolCall | None = None
        self._message: dict[str, object] = {}
        self._members: dict[str, object] = {} if index is None else {"index": copied(index)}
        self._logprobs: dict[str, object] | None = None

    def add(self, item: Any) -> bool:
        """Add a piece, which is a JSON object, and return whether it brought output."""
        output = False
        message = self._message
        delta: Any = item.get("delta")
        if "message" in item or delta.__class__ is not dict:
            delta = self.adds(item)
            if delta is item.get("message") and not self._begun:
                output = self._begin_whole(item)
        for name, piece in delta.items():
            if piece is not None:
                have = message.get(name)
                if isinstance(have, Text) and isinstance(piece, str):
                    if piece:
                        have.append(piece)
                        output = True
                elif self._add_piece(name, have, piece):
                    output = True
        if output and self.finish_reason:
            self.goes_on = True
        for name, value in item.items():
            if value is not None and name not in _PIECES:
                self._add_member(name, value)
        return output

    @property
    def has_open_arguments(self) -> bool:
        """Whether the finish reason says that nothing was cut off, and a bracket of some arguments is still open."""
        if self.finish_reason not in ENDED_WELL:
            return False
        return (self.calls is not None and any(call.is_open for call in self.calls.calls)) or (
            self._function_call is not None and self._function_call.is_open
        )

    @property
    def _begun(self) -> bool:
        return bool(self._message or self.calls or self._function_call)

    def adds(self, item: dict[str, Any]) -> dict[str, Any]:
        """Return what a piece adds to the message."""
        return piece_of(item, not self._begun, self.said)

    def add_text(self, name: str, text: str) -> bool:
        """Add more of a text, and return whether that is output."""
        have = self._message.get(name)
        if isinstance(have, Text):
            return have.append(text) > 0
        return self._add_piece(name, have, text)

    def settle(self) -> None:
        """Have the texts take no more memory than they are long."""
        for member in self._message.values():
            if isinstance(member, Text):
                member.settle()

    def text(self, name: str) -> str | None:
        """Return a text of the message so far."""
        have = self._message.get(name)
        if isinstance(have, Text):
            return have.joined()
        if is_array(have):
            return split_parts(have)[0]
        return have if isinstance(have, str) else None

    def said(self, name: str) -> object:
        """Return a member of the message so far, as JSON."""
        if name == "tool_calls":
            return self.calls and [call.to_dict() for call in self.calls.in_order()]
        if name == "function_call" and self._function_call is not None:
            return self._function_call.body()
        return self.text(name) if name == "content" else copied(self._message.get(name))

    def to_dict(self) -> dict[str, object]:
        """Return the choice as a plain completion has it."""
        message = {name: copied(member) for name, member in self._message.items()}
        if not message.get("role"):
            message["role"] = "assistant"
        if self.calls is not None:
            message["tool_calls"] = [call.to_dict() for call in self.calls.in_order()]
        if self._function_call is not None:
            message["function_call"] = self._function_call.body()
        choice = {name: copied(member) for name, member in self._members.items()}
        choice["message"] = message
        if self.finish_reason is not None:
            choice["finish_reason"] = copied(self.finish_reason)
        if self._logprobs is not None:
            choice["logprobs"] = copied(self._logprobs)
        return choice

    def _begin_whole(self, item: dict[str, Any]) -> bool:
        """Keep of a whole message what no delta is like: a content of parts, and an empty delta beside it."""
        if item.get("delta"):
            self._members["delta"] = copied(item["delta"])
        content = item["message"].get("content")
        if not is_array(content):
            return False
        self._message["content"] = copied(content)
        return not is_empty(content)

    def _add_piece(self, name: str, have: object, piece: object) -> bool:
        """Add what is not simply more of a text."""
        message = self._message
        if name in _OF_A_TOKEN and isinstance(piece, int):
            return False
        if name == "content" and is_array(have):  # the message came whole, in parts, and yet there is more of it
            if piece == have:
                return False
            del message[name]
            self._add_parts(have)
            have = message.get(name)
        if name == "content" and is_array(piece):
            return self._add_parts(piece)
        piece = (scalar_text(piece) or piece) if name == "content" else piece
        if name == "tool_calls" and (is_array(piece) or is_object(piece)):
            self.calls = self.calls or ToolCalls()
            fragments = piece if is_array(piece) else [piece]
            output, known = False, len(self.calls.calls)
            for position, fragment in enumerate(fragments):
                if is_object(fragment):
                    call = self.calls.add(fragment, position)
                    output = output or bool(call.delta)
                    if not within(len(self.calls.calls), self._max_tool_calls):
                        raise LimitExceededError("max_tool_calls")
            return output or any(call.name for call in self.calls.calls[known:])
        if name == "function_call" and is_object(piece):
            self._function_call = call = self._function_call or ToolCall(0, 0)
            call.add({"function": piece})
            return says_something(piece)
        if isinstance(piece, str) and have is None and name not in FIRST_SAID and name not in LAST_SAID:
            message[name] = have = Text()
        if isinstance(piece, str) and isinstance(have, Text):
            if piece:
                have.append(piece)
            return bool(piece)
        message[name] = merged(name, have, piece)
        return name in _OUTPUT and says_something(piece)

    def _add_parts(self, parts: list[object]) -> bool:
        text, others = split_parts(parts)
        output = self._add_piece("content", self._message.get("content"), text)
        if others:
            have = self._message.get(OTHER_PARTS)
            continued = is_array(have) and have and continue_thought(have[-1], others[0])
            self._message[OTHER_PARTS] = merged(OTHER_PARTS, have, others[1:] if continued else others)
        return output or any(says_something(part) for part in others)

    def _add_member(self, name: str, value: object) -> None:
        if name == "finish_reason":
            if is_finish_reason(value) or self.finish_reason is None:
                self.finish_reason = value if is_finish_reason(value) or not value else None
        elif name == "logprobs" and is_object(value):
            self._logprobs = have = {} if self._logprobs is None else self._logprobs
            for part, items in value.items():
                said = have.get(part)
                if part in {"content", "refusal"} and is_array(items) and (said is None or is_array(said)):
                    # One item a token, whatever else it says; never changed here, so that it need not be copied.
                    have[part] = said = [] if said is None else said
                    said.extend(items)
                else:
                    have[part] = merged(part, said, items)
        elif (name == "text" and isinstance(value, str)) or _are_numbers(value):
            self._members[name] = merged(name, self._members.get(name), value)
        else:
            self._members[name] = replaced(self._members.get(name), value)


def _are_numbers(value: object) -> bool:
    return is_array(value) and bool(value) and value[0].__class__ is int

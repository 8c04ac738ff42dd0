"""Assemble streamed tool calls from their fragments, also if a server omits properties. No I/O."""

from __future__ import annotations

import re
from typing import TypeAlias, cast

from opper_chat_api.models import ChatCompletionMessage

from .._json.codec import is_object
from .._json.lenient import whole_number
from .._json.text_buffer import COMPACT_SIZE, TextBuffer
from .._json.values import copy_json
from .._results.tool_calls import (
    TEXT_PROPERTY,
    AnyToolCall,
    call_body,
    call_text,
    nonempty_text,
    read_arguments,
)
from .merge import merge_value

_MARK = re.compile(r'["\\{}\[\]]')


class _BracketCounter:
    """Counts the open brackets of a JSON text that comes in fragments, in linear time."""

    __slots__ = ("_depth", "_in_string", "_skip", "opened")

    def __init__(self) -> None:
        self._depth = 0
        self.opened = False
        self._in_string = False
        self._skip = 0

    def feed(self, text: str) -> None:
        skip = self._skip  # characters before this position are escaped
        for found in _MARK.finditer(text):
            at = found.start()
            if at < skip:
                continue
            mark = found[0]
            if mark == '"':
                self._in_string = not self._in_string
            elif self._in_string:
                if mark == "\\":
                    skip = at + 2
            elif mark in "{[":
                self.opened = True
                self._depth += 1
            elif mark in "}]":
                self._depth -= 1
        self._skip = max(0, skip - len(text))

    @property
    def closed(self) -> bool:
        return self.opened and self._depth <= 0 and not self._in_string


class PartialToolCall:
    """One tool call so far.

    Attributes:
        tool_index: its position among the calls of the choice, in order of appearance.
        index: the ``index`` that the server gives it, or None.
        slot: the ``index``, or without one the position in the list of the chunk that began the call.
        chunk: the number of the chunk with its latest fragment.
        announced: its name, if the name came again without an id after the arguments were closed. If arguments follow,
            they belong to another call.
        delta: the text that its latest fragment added to the arguments, or to the input of a custom tool.
        length: the number of characters of that text so far.
    """

    __slots__ = (
        "_brackets",
        "_compact_at",
        "_properties",
        "_text",
        "announced",
        "chunk",
        "delta",
        "index",
        "length",
        "slot",
        "tool_index",
    )  # fmt: skip

    def __init__(self, tool_index: int, slot: int) -> None:
        self.tool_index = tool_index
        self.index: int | None = None
        self.slot = slot
        self.chunk = 0
        self.announced: str | None = None
        self.delta = ""
        self.length = 0
        self._properties: dict[str, object] = {}
        self._text = TextBuffer()
        self._compact_at = COMPACT_SIZE
        self._brackets = _BracketCounter()

    @property
    def id(self) -> str | None:
        """The id of the call, or None if the server has not sent one."""
        return nonempty_text(self._properties.get("id"))

    @property
    def is_custom(self) -> bool:
        """Whether it calls a custom tool."""
        return call_body(self._properties)[0] == "custom"

    @property
    def name(self) -> str | None:
        """The name of the function or custom tool, or None if it has not come."""
        return nonempty_text(call_body(self._properties)[1].get("name"))

    @property
    def text(self) -> str:
        """The arguments so far as JSON text, or the input of a custom tool so far."""
        return self._text.joined()

    @property
    def closed(self) -> bool:
        """Whether all brackets of the arguments are closed, which does not mean that the arguments are valid JSON."""
        return self._brackets.closed

    @property
    def is_open(self) -> bool:
        """Whether a bracket or a string in the arguments of a function is still open."""
        return self._brackets.opened and not self.closed and not self.is_custom

    def whole(self, *, certain: bool) -> tuple[str, str, object, str] | None:
        """Return the call if it is complete, else None.

        Arguments are complete if their brackets are closed and they are a JSON object. Any other arguments, the input
        of a custom tool and a call without a name can go on anywhere: they are complete only if ``certain``.

        Args:
            certain: whether the stream is complete and by its finish reason nothing was cut off.

        Returns:
            The name, the text of the arguments, their value, and what is wrong with them. A custom tool has no
            arguments: its text is empty and its value None. A call without a name has an empty name.
        """
        name = self.name or ""
        if not (certain or (name and self.closed and not self.is_custom)):
            return None
        if self.is_custom:
            return name, "", None, ""
        text = self.text
        value, problem = read_arguments(text)
        return (name, text, value, problem) if certain or not problem else None

    def to_dict(self, length: int | None = None) -> dict[str, object]:
        """Return the call as JSON, as a plain completion has it, with at most ``length`` characters of its text."""
        call = {name: copy_json(value) for name, value in self._properties.items()}
        kind, body = call_body(call)
        if self.length and isinstance(body.get(TEXT_PROPERTY[kind]), str):
            body[TEXT_PROPERTY[kind]] = self.text[:length]
        return call

    def body(self, length: int | None = None) -> dict[str, object]:
        """Return the name and the text as JSON, with at most ``length`` characters of the text."""
        return call_body(self.to_dict(length))[1]

    def to_model(self, length: int | None = None) -> AnyToolCall:
        """Return the call as a model, with at most ``length`` characters of its text."""
        message = ChatCompletionMessage.from_dict({"tool_calls": [self.to_dict(length)]})
        return cast("list[AnyToolCall]", message.tool_calls)[0]

    def add(self, fragment: dict[str, object]) -> None:
        """Add a fragment of this call."""
        kind, body = call_body(fragment)
        text_property = TEXT_PROPERTY[kind]
        value = body.get(text_property)
        self.delta = text = call_text(value)
        name, more = self.name, nonempty_text(body.get("name"))
        if name and more and name != more and not self.length:
            # The fragment continues the call, so another name is a part of the name, or the name as far as it goes.
            function = call_body(self._properties)[1]
            self._properties[kind] = {**function, "name": more if more.startswith(name) else name + more}
        for name, item in fragment.items():
            if name == kind and isinstance(value, str):
                # The text is kept in the buffer. Its property is empty, and only shows that there is a text.
                current = self._properties.get(kind)
                if len(body) > 1 or not is_object(current) or not isinstance(current.get(text_property), str):
                    self._properties[kind] = merge_value(kind, current, body | {text_property: ""})
            elif name != "index" and item is not None:
                self._properties[name] = merge_value(name, self._properties.get(name), item)
        if text and not isinstance(value, str):  # arguments that are an object come whole, each time
            self.length, self._compact_at = 0, COMPACT_SIZE
            self._text = TextBuffer()
            self._brackets = _BracketCounter()
        if text:
            self._text.append(text)
            self._brackets.feed(text)
            self.length += len(text)
            if self.length >= self._compact_at:
                self._compact_at = self.length + COMPACT_SIZE
                self._text.compact()


Fragment: TypeAlias = tuple[PartialToolCall, str, int]
"""A call, the text that a fragment added to it, and the length of its text with that fragment."""


class ToolCallAssembler:
    """Assembles the tool calls of one choice by id first, then by index, then by position in the list.

    No server has to send all three. Some send the index 0 for every parallel call, some send no index, count from 1,
    repeat the id or the name in every fragment, or send a new id in each, an empty one, or none. So a fragment
    continues the call with its id, else the one with its index, else the one at its position, unless it must begin a
    new call:

    - It has a new id, and a name, or arguments although those of the call are closed.
    - It has arguments although those of the call are closed and were followed by the name.
    - It has another name, unless the call has no arguments yet and the fragment has no other id. Then the name is
      continued, if the call has an id, or if both have the same index and came in two chunks.
    - It has the same name and arguments although those of the call are closed.
    """

    __slots__ = ("_by_id", "_by_index", "_by_position", "_chunk", "_position", "calls")

    def __init__(self) -> None:
        self.calls: list[PartialToolCall] = []
        self._by_id: dict[str, PartialToolCall] = {}
        self._by_index: dict[int, PartialToolCall] = {}
        self._by_position: dict[int, PartialToolCall] = {}
        self._chunk = 0
        """The number of the chunk: if a position does not follow the one before, it is in another list."""
        self._position = 0

    def in_order(self) -> list[PartialToolCall]:
        """Return the calls by their indexes, or in order of appearance if the indexes are missing or ambiguous."""
        indexes = {call.index for call in self.calls}
        if None in indexes or len(indexes) < len(self.calls):
            return list(self.calls)
        return sorted(self.calls, key=lambda call: call.index or 0)

    def add(self, fragment: dict[str, object], position: int) -> PartialToolCall:
        """Add the fragment at a position in a chunk's list, and return the call that it belongs to."""
        call_id = nonempty_text(fragment.get("id"))
        index = whole_number(fragment.get("index"))
        kind, body = call_body(fragment)
        text = call_text(body.get(TEXT_PROPERTY[kind]))
        slot = position if index is None else index
        self._chunk += position <= self._position
        self._position = position

        name = nonempty_text(body.get("name"))
        call = self._find(call_id, index, position)
        if call is None or self._begins_call(call, call_id, slot, name, text):
            announced = call.announced if call and not name else None
            call = PartialToolCall(len(self.calls), slot)
            self.calls.append(call)
            if announced:
                call.add({kind: {"name": announced}})
            call.add(fragment)
        elif call_id and call_id == call.id and call.closed and text == call.text:
            call.delta = ""  # the whole call was sent again
        else:
            if name and not call_id and call.closed and not text.strip():
                call.announced = name
            call.add(fragment)

        call.chunk = self._chunk
        if call_id:
            self._by_id[call_id] = call
        if index is not None:
            call.index = index if call.index is None else call.index
            self._by_index[index] = call
        self._by_position[position] = call
        return call

    def _find(self, call_id: str | None, index: int | None, position: int) -> PartialToolCall | None:
        """Return the call that a fragment points to, or None."""
        if call_id and (call := self._by_id.get(call_id)):
            return call
        if index is not None and (call := self._by_index.get(index)):
            return call
        call = self._by_position.get(position)
        return None if call and index is not None and call.index is not None else call

    def _begins_call(self, call: PartialToolCall, call_id: str | None, slot: int, name: str | None, text: str) -> bool:
        """Return whether a fragment that points to a call must begin another one."""
        known = call_id is not None and self._by_id.get(call_id) is call
        ended = call.closed and bool(text.strip())
        if (call_id and not known and (ended or (name and call.id))) or (ended and call.announced and not known):
            return True
        if not name or not call.name:
            return False
        if name != call.name:
            pointed_to = call_id is None and (bool(call.id) or (slot == call.index and call.chunk != self._chunk))
            return not ((known or pointed_to) and call.length == 0 and slot == call.slot)
        return ended and not (known and slot == call.slot and text == call.text)

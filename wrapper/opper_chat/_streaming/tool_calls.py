"""Fragments of tool calls → the calls, whatever a server leaves out of them. No I/O."""

from __future__ import annotations

import re

from .._json.codec import is_object
from .._json.lenient import whole_number
from .._json.text_buffer import SETTLED_AT, Text
from .._json.values import copied
from .._results.tool_calls import TEXT_PROPERTY, call_body, call_text, nonempty_text, read_arguments
from .merge import merged

_MARK = re.compile(r'["\\{}\[\]]')


class _Nesting:
    """Follows the brackets of a JSON text that comes in pieces, to know in linear time whether all are closed."""

    __slots__ = ("_depth", "_in_string", "_skip", "opened")

    def __init__(self) -> None:
        self._depth = 0
        self.opened = False
        self._in_string = False
        self._skip = 0

    def feed(self, text: str) -> None:
        skip = self._skip  # what stands before this place was escaped
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


class ToolCall:
    """One call of a tool, so far.

    Attributes:
        tool_index: its position among the calls of the choice, in the order in which they appeared.
        index: the index that the server gives it, or None.
        slot: the index, or without one the position in the list of the chunk that brought it.
        chunk: the number of the chunk that brought its latest fragment.
        announced: its name, if it came again without an id when the arguments were closed: where arguments follow, they
            are those of another call.
        delta: the text that its latest fragment added to the arguments, or to the input of a custom tool.
        length: the length of that text so far.
    """

    __slots__ = (
        "_members",
        "_nesting",
        "_settles_at",
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
        self.slot = slot
        self.index: int | None = None
        self.chunk = 0
        self.announced: str | None = None
        self.delta = ""
        self.length = 0
        self._members: dict[str, object] = {}
        self._text = Text()
        self._settles_at = SETTLED_AT
        self._nesting = _Nesting()

    @property
    def id(self) -> str | None:
        """Names the call, or None where the server has not named it."""
        return nonempty_text(self._members.get("id"))

    @property
    def is_custom(self) -> bool:
        """Whether it calls a custom tool."""
        return call_body(self._members)[0] == "custom"

    @property
    def name(self) -> str | None:
        """The name of the function or custom tool, or None where it is not known yet."""
        return nonempty_text(call_body(self._members)[1].get("name"))

    @property
    def text(self) -> str:
        """The arguments so far as JSON text, or the input of a custom tool so far."""
        return self._text.joined()

    @property
    def closed(self) -> bool:
        """Whether every bracket of the arguments is closed. Costs nothing; says not that they are JSON."""
        return self._nesting.closed

    @property
    def is_open(self) -> bool:
        """Whether a bracket or a string of the arguments of a function is still open."""
        return self._nesting.opened and not self.closed and not self.is_custom

    def whole(self, *, certain: bool) -> tuple[str, str, object, str] | None:
        """Return its name, the text of its arguments, their value and what is wrong with them, if it is whole.

        Arguments are whole when their brackets are closed and they are a JSON object. Any others, the input of a custom
        tool and a call without a name may go on at any place: they are whole if the stream is complete and its finish
        reason is not one of a cut answer, which is what ``certain`` says. A custom tool has no arguments: its text is
        empty and its value None. A call without a name has an empty one.
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
        """Return the call as JSON, as a plain completion has it, with no more than this length of its text."""
        call = {name: copied(value) for name, value in self._members.items()}
        kind, body = call_body(call)
        if self.length and isinstance(body.get(TEXT_PROPERTY[kind]), str):
            body[TEXT_PROPERTY[kind]] = self.text[:length]
        return call

    def body(self, length: int | None = None) -> dict[str, object]:
        """Return what is called and with what, as JSON, with no more than this length of its text."""
        return call_body(self.to_dict(length))[1]

    def add(self, fragment: dict[str, object]) -> None:
        """Add what a fragment says."""
        kind, body = call_body(fragment)
        member = TEXT_PROPERTY[kind]
        said = body.get(member)
        self.delta = text = call_text(said)
        name, more = self.name, nonempty_text(body.get("name"))
        if name and more and name != more and not self.length:
            # Of the same call, or it would have begun another: its name comes in pieces, or growing.
            self._members[kind] = {
                **call_body(self._members)[1],
                "name": more if more.startswith(name) else name + more,
            }
        for name, value in fragment.items():
            if name == kind and isinstance(said, str):
                # The text is kept aside: its member only says that there is one.
                have = self._members.get(kind)
                if len(body) > 1 or not is_object(have) or not isinstance(have.get(member), str):
                    self._members[kind] = merged(kind, have, body | {member: ""})
            elif name != "index" and value is not None:
                self._members[name] = merged(name, self._members.get(name), value)
        if text and not isinstance(said, str):
            self.length, self._settles_at = 0, SETTLED_AT
            self._text = Text()
            self._nesting = _Nesting()
        if text:
            self._text.append(text)
            self._nesting.feed(text)
            self.length += len(text)
            if self.length >= self._settles_at:
                self._settles_at = self.length + SETTLED_AT
                self._text.settle()


class ToolCalls:
    """The tool calls of one choice, assembled by id first, then index, then position in the list.

    No server need give all three: some give every parallel call the index 0, some give no index, count from 1, send
    the id or the name again with every fragment or a new id with each, an empty one, or none. So a fragment continues
    the call that it names by id or else points to by index or else by position, unless it can only be a new one:

    - it has a new id, and a name, or arguments though those before are closed;
    - it has arguments, though those before are closed and were followed by the name;
    - it has another name, unless the call has no arguments yet and it names no other id: then it is more of the name,
      where the call has an id, or both have the same index and came in two chunks;
    - it has the name again and arguments, though those before are closed.
    """

    __slots__ = ("_by_id", "_by_index", "_by_position", "_chunk", "_position", "calls")

    def __init__(self) -> None:
        self.calls: list[ToolCall] = []
        self._by_id: dict[str, ToolCall] = {}
        self._by_index: dict[int, ToolCall] = {}
        self._by_position: dict[int, ToolCall] = {}
        self._chunk = 0
        """Counts the chunks: a position that is not behind the one before is in another list."""
        self._position = 0

    def in_order(self) -> list[ToolCall]:
        """Return the calls in the order of their indexes; in that of their appearance where these do not tell it."""
        indexes = {call.index for call in self.calls}
        if None in indexes or len(indexes) < len(self.calls):
            return list(self.calls)
        return sorted(self.calls, key=lambda call: call.index or 0)

    def add(self, fragment: dict[str, object], position: int) -> ToolCall:
        """Add the fragment at a position in a chunk's list, and return the call that it belongs to."""
        call_id = nonempty_text(fragment.get("id"))
        index = whole_number(fragment.get("index"))
        kind, body = call_body(fragment)
        text = call_text(body.get(TEXT_PROPERTY[kind]))
        slot = position if index is None else index
        self._chunk += position <= self._position
        self._position = position

        name = nonempty_text(body.get("name"))
        call = self._found(call_id, index, position)
        if call is None or self._begins(call, call_id, slot, name, text):
            announced = call.announced if call and not name else None
            call = ToolCall(len(self.calls), slot)
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

    def _found(self, call_id: str | None, index: int | None, position: int) -> ToolCall | None:
        """Return the call that a fragment points to."""
        if call_id and (call := self._by_id.get(call_id)):
            return call
        if index is not None and (call := self._by_index.get(index)):
            return call
        call = self._by_position.get(position)
        return None if call and index is not None and call.index is not None else call

    def _begins(self, call: ToolCall, call_id: str | None, slot: int, name: str | None, text: str) -> bool:
        """Whether a fragment that points to a call can only begin another one."""
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

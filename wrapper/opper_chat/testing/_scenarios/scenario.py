"""What a scenario is, and the truth about it. Values only: nothing is sent and no client is known here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self, TypeAlias

import msgspec

from .._json import is_list, is_object
from .._replies.reply import Reply

Ending: TypeAlias = Literal["complete", "truncated", "cut", "error", "invalid", "timeout"]
"""How an answer ends:

- `complete`: it is whole, because `[DONE]` came or every choice that was asked for has a finish reason;
- `truncated`: the body ended, by the rules of HTTP, before the answer did;
- `cut`: the connection broke before the answer was whole;
- `error`: the server says that the call failed, by its status or in its body;
- `invalid`: what came is no answer in this protocol;
- `timeout`: a timeout expired that the client was told to keep.
"""

TimeoutKind: TypeAlias = Literal["first_token", "idle", "deadline", "read"]
"""What may run out: the time to the first token of the answer, the time between two tokens, the time of the whole
call, or the time between any two stretches of bytes (`read`, which most clients call their timeout)."""

Call: TypeAlias = tuple[str | None, str | None, str]
"""A tool call: its id, or None where the server gives none; its name; its arguments or input as far as they came."""

Setting: TypeAlias = Literal["first_token_timeout", "idle_timeout", "deadline", "timeout"]
"""What a client is told: a timeout of this name, or `timeout`, whose kind is `read`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an answer ends and what it says: the truth of a scenario, or what a client makes of it.

    In the truth None stands for what is not certain, and is not compared.
    """

    ends: Ending
    """How it ends."""

    text: str | None = ""
    """The text of the first choice, as far as it came."""

    finish_reasons: tuple[str | None, ...] | None = ()
    """Of each choice that came, by index; None where none was said, and where it was said to be empty."""

    other_texts: tuple[str, ...] = ()
    """The texts of the choices after the first."""

    tool_calls: tuple[Call, ...] = ()
    """The tool calls of the first choice, in the order of their indexes, or of their appearance."""

    function_call: tuple[str, str] | None = None
    """Name and arguments of the deprecated function call."""

    refusal: str | None = None
    """What the model said in place of an answer."""

    reasoning: str | None = None
    """What the model thought, as `reasoning` or `reasoning_content`."""

    members: Mapping[str, object] = field(default_factory=dict[str, object])
    """Further members of the first choice's message, as JSON. A client may have more."""

    usage_total: int | None = None
    """The tokens that were used in all."""

    chunks: int | None = None
    """How many chunks came. What is no chunk does not count: comments, pings, errors."""

    timeout_kind: TimeoutKind | None = None
    """Which timeout expired; its setting is in the scenario's `settings`."""

    status: int | None = 200
    """The HTTP status, or None where no answer came."""

    error_message: str | None = None
    """The server's words about what went wrong. A client may say more around them."""

    error_type: str | None = None
    """The server's name for the kind of error."""

    error_code: str | int | None = None
    """The server's code for the error; a number may be told as text."""

    @classmethod
    def of(cls, ends: Ending, completion: Mapping[str, Any] | None, **facts: Any) -> Self:
        """Read what a client has seen from the completion that it has made of it.

        Args:
            ends: how it has ended.
            completion: the JSON of a `chat.completion`, whole or as far as it came; None where nothing came.
            facts: what the completion does not tell: `chunks`, `status`, `timeout_kind` and the members that begin with
                `error_`.
        """
        said = _object(completion)
        choices = [_object(choice) for choice in _list(said.get("choices"))]
        messages = [_object(choice.get("message")) for choice in choices]
        first: Mapping[str, Any] = messages[0] if messages else {}
        called = _object(first.get("function_call"))
        return cls(
            ends,
            text=first.get("content") or "",
            finish_reasons=tuple(choice.get("finish_reason") or None for choice in choices),
            other_texts=tuple(message.get("content") or "" for message in messages[1:]),
            tool_calls=tuple(_call(_object(call)) for call in _list(first.get("tool_calls"))),
            function_call=(called.get("name") or "", called.get("arguments") or "") if called else None,
            refusal=first.get("refusal"),
            reasoning=first.get("reasoning") or first.get("reasoning_content"),
            members=first,
            usage_total=_object(said.get("usage")).get("total_tokens"),
            **facts,
        )

    def differences(self, seen: Outcome) -> dict[str, str]:
        """Compare what a client has seen with this, the truth.

        Args:
            seen: what a client made of the scenario.

        Returns:
            For each member that is not the truth, by its name: `expected ..., got ...`. Empty where all are.
        """
        found: dict[str, str] = {}
        for member in fields(self):
            expected, got = getattr(self, member.name), getattr(seen, member.name)
            if expected is not None and not _agree(member.name, expected, got):
                found[member.name] = f"expected {expected!r}, got {got!r}"
        return found

    @property
    def whole_calls(self) -> tuple[Call, ...]:
        """The tool calls that may be acted upon: none that was cut short."""
        finished = self.finish_reasons[0] if self.finish_reasons else None
        ended_well = self.ends == "complete" and finished not in (None, "length")
        return tuple(call for call in self.tool_calls if ended_well or _value(call[2]) is not _NO_JSON)


@dataclass(frozen=True, slots=True)
class Scenario:
    """Something that real servers do to a request for a stream, and what a client should make of it.

    Every scenario ends by itself within a minute, whatever the client does.
    """

    name: str
    """Names it, in kebab case."""

    group: str
    """What it is about; the groups are listed in the documentation of the local server."""

    why: str
    """What real servers do that it stands for, in one sentence."""

    reply: Callable[[], Reply]
    """Makes the reply for `LocalServer.reply`, anew for each run."""

    outcome: Outcome
    """The truth about it."""

    settings: Mapping[Setting, float] = field(default_factory=dict[Setting, float])
    """What the client must be told, in seconds: the clocks that it has to keep."""

    request: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Parameters of the request beside model, messages and `stream`, such as `n` or `tools`."""


def _object(value: Any) -> Mapping[str, Any]:
    return value if is_object(value) else {}


def _list(value: Any) -> list[Any]:
    return value if is_list(value) else []


def _call(said: Mapping[str, Any]) -> Call:
    body = _object(said.get("custom") or said.get("function"))
    text = body.get("arguments", body.get("input"))
    if text is not None and not isinstance(text, str):
        text = msgspec.json.encode(text).decode()
    return said.get("id") or None, body.get("name"), text or ""


def _agree(name: str, expected: Any, got: Any) -> bool:
    match name:
        case "error_message":
            return isinstance(got, str) and expected in got
        case "error_code":
            return str(expected) == str(got)
        case "members":
            return all(name in got and got[name] == member for name, member in expected.items())
        case "tool_calls":
            return len(expected) == len(got) and all(map(_same_call, expected, got))
        case _:
            return bool(expected == got)


def _same_call(one: Call, other: Call) -> bool:
    """Whether two calls are one: arguments that are JSON need not be written alike."""
    if one[:2] != other[:2]:
        return False
    value = _value(one[2])
    return one[2] == other[2] or (value is not _NO_JSON and value == _value(other[2]))


_NO_JSON = object()


def _value(text: str) -> object:
    """Return the value of a JSON text, or `_NO_JSON`."""
    try:
        value: object = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return _NO_JSON
    return value

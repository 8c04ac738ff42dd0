"""Scenarios and their expected outcomes. Values only, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self, TypeAlias

import msgspec

from .._json import is_list, is_object
from .._replies.reply import Reply

Ending: TypeAlias = Literal["complete", "truncated", "cut", "error", "invalid", "timeout"]
"""How a response ends:

- `complete`: `[DONE]` arrived, or every requested choice has a finish reason.
- `truncated`: the HTTP body ended before the response was complete.
- `cut`: the connection broke before the response was complete.
- `error`: the server reports an error, by its status or in its body.
- `invalid`: the response is not one of this protocol.
- `timeout`: a timeout of the client expired.
"""

TimeoutKind: TypeAlias = Literal["first_token", "idle", "deadline", "read"]
"""The timeout that expires: for the first token, for the time between two tokens, for the whole call, or for the time
between two reads of bytes (`read`, which most clients call their timeout)."""

ScenarioToolCall: TypeAlias = tuple[str | None, str | None, str]
"""A tool call: its id, or None if there is none, its name, and its arguments or input as far as they arrived."""

Setting: TypeAlias = Literal["first_token_timeout", "idle_timeout", "deadline", "timeout"]
"""An option of the client: a timeout by its name, or `timeout`, whose kind is `read`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a response ends and what it has: the expected outcome of a scenario, or what a client reports.

    In an expected outcome, None means that a value is not determined. It is not compared.
    """

    ends: Ending
    """How it ends."""

    text: str | None = ""
    """The text of the first choice, as far as it arrived."""

    finish_reasons: tuple[str | None, ...] | None = ()
    """The finish reason of each choice that arrived, by index. None if it is missing or empty."""

    other_texts: tuple[str, ...] = ()
    """The texts of the choices after the first."""

    tool_calls: tuple[ScenarioToolCall, ...] = ()
    """The tool calls of the first choice, in the order of their indexes, or of their arrival."""

    function_call: tuple[str, str] | None = None
    """Name and arguments of the deprecated function call."""

    refusal: str | None = None
    """The refusal of the model."""

    reasoning: str | None = None
    """The text of `reasoning` or `reasoning_content`."""

    message_properties: Mapping[str, object] = field(default_factory=dict[str, object])
    """Further properties of the message of the first choice, as JSON. A client may have more."""

    usage_total: int | None = None
    """The total number of tokens in the usage."""

    chunks: int | None = None
    """How many chunks arrived, without comments, pings and errors."""

    timeout_kind: TimeoutKind | None = None
    """The timeout that expired. Its value is in the `settings` of the scenario."""

    status: int | None = 200
    """The HTTP status, or None if no status line and headers arrived."""

    error_message: str | None = None
    """The error message of the server. The message of a client may contain more."""

    error_type: str | None = None
    """The `type` of the error."""

    error_code: str | int | None = None
    """The `code` of the error. A client may report a number as text."""

    @classmethod
    def of(cls, ends: Ending, completion: Mapping[str, Any] | None, **facts: Any) -> Self:
        """Return the outcome that a client reports.

        Args:
            ends: How the response ends.
            completion: The JSON of the `chat.completion`, complete or as far as it arrived. None if nothing arrived.
            facts: Fields that are not in the completion: `chunks`, `status`, `timeout_kind` and those that begin with
                `error_`.

        Returns:
            The outcome, to be compared with that of a scenario by `differences`.

        Raises:
            TypeError: One of `facts` is not a field, or is one that is read from the completion.
        """
        body = _object(completion)
        choices = [_object(choice) for choice in _list(body.get("choices"))]
        messages = [_object(choice.get("message")) for choice in choices]
        first: Mapping[str, Any] = messages[0] if messages else {}
        function_call = _object(first.get("function_call"))
        return cls(
            ends,
            text=first.get("content") or "",
            finish_reasons=tuple(choice.get("finish_reason") or None for choice in choices),
            other_texts=tuple(message.get("content") or "" for message in messages[1:]),
            tool_calls=tuple(_call(_object(call)) for call in _list(first.get("tool_calls"))),
            function_call=(function_call.get("name") or "", function_call.get("arguments") or "")
            if function_call
            else None,
            refusal=first.get("refusal"),
            reasoning=first.get("reasoning") or first.get("reasoning_content"),
            message_properties=first,
            usage_total=_object(body.get("usage")).get("total_tokens"),
            **facts,
        )

    def differences(self, seen: Outcome) -> dict[str, str]:
        """Compare this expected outcome with the one that a client reports.

        Args:
            seen: The outcome that the client reports.

        Returns:
            A text `expected ..., got ...` for each field that differs, by its name. Empty if none does.
        """
        found: dict[str, str] = {}
        for each in fields(self):
            expected, got = getattr(self, each.name), getattr(seen, each.name)
            if expected is not None and not _agree(each.name, expected, got):
                found[each.name] = f"expected {expected!r}, got {got!r}"
        return found

    @property
    def complete_tool_calls(self) -> tuple[ScenarioToolCall, ...]:
        """The complete tool calls, which can be executed. Those that were cut short are left out."""
        finished = self.finish_reasons[0] if self.finish_reasons else None
        ended_well = self.ends == "complete" and finished not in (None, "length")
        return tuple(call for call in self.tool_calls if ended_well or _value(call[2]) is not _NOT_JSON)


@dataclass(frozen=True, slots=True)
class Scenario:
    """Something that real servers do to a request for a stream, and the outcome that a client should report.

    Every scenario ends within a minute, even if the client does nothing.
    """

    name: str
    """The name, in kebab case."""

    group: str
    """The group. The documentation of the local server lists the groups."""

    why: str
    """What real servers do, in one sentence."""

    reply: Callable[[], Reply]
    """Returns a new reply for `LocalServer.reply`."""

    outcome: Outcome
    """The expected outcome."""

    settings: Mapping[Setting, float] = field(default_factory=dict[Setting, float])
    """The timeouts that the client needs to reach the outcome, in seconds."""

    request: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Parameters of the request other than model, messages and `stream`, such as `n` or `tools`."""


def _object(value: Any) -> Mapping[str, Any]:
    return value if is_object(value) else {}


def _list(value: Any) -> list[Any]:
    return value if is_list(value) else []


def _call(tool_call: Mapping[str, Any]) -> ScenarioToolCall:
    body = _object(tool_call.get("custom") or tool_call.get("function"))
    text = body.get("arguments", body.get("input"))
    if text is not None and not isinstance(text, str):
        text = msgspec.json.encode(text).decode()
    return tool_call.get("id") or None, body.get("name"), text or ""


def _agree(name: str, expected: Any, got: Any) -> bool:
    match name:
        case "error_message":
            return isinstance(got, str) and expected in got
        case "error_code":
            return str(expected) == str(got)
        case "message_properties":
            return all(name in got and got[name] == value for name, value in expected.items())
        case "tool_calls":
            return len(expected) == len(got) and all(map(_same_call, expected, got))
        case _:
            return bool(expected == got)


def _same_call(one: ScenarioToolCall, other: ScenarioToolCall) -> bool:
    """Return whether two tool calls are equal. Arguments are compared as JSON values if they are JSON."""
    if one[:2] != other[:2]:
        return False
    value = _value(one[2])
    return one[2] == other[2] or (value is not _NOT_JSON and value == _value(other[2]))


_NOT_JSON = object()


def _value(text: str) -> object:
    """Return the value of a JSON text, or `_NOT_JSON`."""
    try:
        value: object = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return _NOT_JSON
    return value

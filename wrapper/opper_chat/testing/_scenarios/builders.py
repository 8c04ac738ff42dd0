"""Helpers to define scenarios in one call each: what the server sends, and the expected outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias, TypedDict, Unpack, cast

import msgspec

from .._replies.completion import chunk
from .._replies.reply import Pause, Reply, ReplyEvent
from .scenario import Ending, Outcome, Scenario, ScenarioToolCall, Setting, TimeoutKind

HEL: Final = chunk("Hel")
LO: Final = chunk("lo")
STOP: Final = chunk(finish_reason="stop")
DONE: Final = "[DONE]"
WHOLE: Final[tuple[ReplyEvent, ...]] = (HEL, LO, STOP, DONE)
"""A complete response, `Hello`, as most servers send it."""

A_MINUTE: Final = 60.0
"""Seconds that are longer than any test waits."""

STALL: Final = Pause(A_MINUTE)

ReplyContent: TypeAlias = Callable[[], Reply] | Sequence[ReplyEvent]
"""The events of a stream, or a function that makes another reply."""


class ErrorFacts(TypedDict, total=False):
    """Fields of `Outcome` about an error."""

    error_message: str
    error_type: str
    error_code: str | int


class OutcomeFacts(ErrorFacts, total=False):
    """Fields of `Outcome` other than the ending and the text."""

    finish_reasons: tuple[str | None, ...] | None
    other_texts: tuple[str, ...]
    tool_calls: tuple[ScenarioToolCall, ...]
    function_call: tuple[str, str]
    refusal: str
    reasoning: str
    message_properties: Mapping[str, object]
    usage_total: int
    chunks: int | None
    timeout_kind: TimeoutKind
    status: int | None


class Facts(OutcomeFacts, total=False):
    """Fields of `Outcome` and `Scenario`."""

    settings: Mapping[Setting, float]
    request: Mapping[str, Any]


class ScenarioGroup:
    """The scenarios of one group, in the order of their definition.

    By default the chunks among the events are counted, they are of one choice, and the choice has no finish reason.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.scenarios: list[Scenario] = []

    def complete(
        self, name: str, why: str, reply: ReplyContent = WHOLE, text: str | None = "Hello", **facts: Unpack[Facts]
    ) -> None:
        """Add a scenario with a complete response. By default its finish reason is `stop`."""
        facts.setdefault("finish_reasons", ("stop",))
        self._add("complete", name, why, reply, text, facts=facts)

    def truncated(
        self, name: str, why: str, reply: ReplyContent, text: str | None = "", **facts: Unpack[Facts]
    ) -> None:
        """Add a scenario with a truncated response."""
        self._add("truncated", name, why, reply, text, facts=facts)

    def cut(self, name: str, why: str, reply: ReplyContent, text: str | None = "", **facts: Unpack[Facts]) -> None:
        """Add a scenario with a connection that breaks."""
        self._add("cut", name, why, reply, text, facts=facts)

    def error(self, name: str, why: str, reply: ReplyContent, text: str | None = "", **facts: Unpack[Facts]) -> None:
        """Add a scenario with an error from the server."""
        self._add("error", name, why, reply, text, facts=facts)

    def invalid(self, name: str, why: str, reply: ReplyContent, text: str | None = "", **facts: Unpack[Facts]) -> None:
        """Add a scenario with an invalid response."""
        self._add("invalid", name, why, reply, text, facts=facts)

    def timeout(self, name: str, why: str, reply: ReplyContent, text: str | None = "", **facts: Unpack[Facts]) -> None:
        """Add a scenario with a timeout."""
        self._add("timeout", name, why, reply, text, facts=facts)

    def _add(self, ends: Ending, name: str, why: str, reply: ReplyContent, text: str | None, *, facts: Facts) -> None:
        settings: Mapping[Setting, float] = facts.pop("settings", {})
        request: Mapping[str, Any] = facts.pop("request", {})
        if callable(reply):
            make_reply = reply
            facts.setdefault("chunks", 0)
        else:
            make_reply = partial(Reply.sse, reply)
            facts.setdefault("chunks", sum(map(_is_chunk, reply)))

        facts.setdefault("finish_reasons", () if facts.get("chunks") == 0 else (None,))
        outcome = Outcome(ends, text, **cast("OutcomeFacts", facts))
        self.scenarios.append(Scenario(name, self.name, why, make_reply, outcome, settings, request))


def event(value: object, kind: str | None = None) -> bytes:
    """Return the bytes of an event with a text or a JSON value, and with a type if it has one."""
    data = value.encode() if isinstance(value, str) else msgspec.json.encode(value)
    head = b"" if kind is None else f"event: {kind}\n".encode()
    return head + b"data: " + data + b"\n\n"


def stream(events: Iterable[object] = WHOLE) -> bytes:
    """Return the bytes of a stream of events."""
    return b"".join(map(event, events))


def split(data: bytes, size: int = 1) -> list[ReplyEvent]:
    """Split bytes into parts of a size, which are sent one by one."""
    return [data[at : at + size] for at in range(0, len(data), size)]


def usage(prompt: int, completion: int) -> dict[str, int]:
    """Return the JSON of the usage of a call."""
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _is_chunk(each: ReplyEvent) -> bool:
    return isinstance(each, Mapping) and each.get("object") == "chat.completion.chunk" and "error" not in each

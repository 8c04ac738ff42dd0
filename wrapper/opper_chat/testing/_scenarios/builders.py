"""The words in which the table is written: short ways to say what is sent and what is true of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias, TypedDict, Unpack, cast

import msgspec

from .._replies.reply import Event, Pause, Reply, chunk
from .scenario import Call, Ending, Outcome, Scenario, Setting, TimeoutKind

HEL: Final = chunk("Hel")
LO: Final = chunk("lo")
STOP: Final = chunk(finish_reason="stop")
DONE: Final = "[DONE]"
WHOLE: Final[tuple[Event, ...]] = (HEL, LO, STOP, DONE)
"""A whole answer, `Hello`, as everyone sends it."""

A_MINUTE: Final = 60.0
"""Seconds that stand for ever: longer than any test waits, and yet a bound."""

STALL: Final = Pause(A_MINUTE)

Sent: TypeAlias = Callable[[], Reply] | Sequence[Event]
"""The events of a stream, or what makes another reply."""


class ErrorFacts(TypedDict, total=False):
    """What a server told of its error: members of `Outcome`."""

    error_message: str
    error_type: str
    error_code: str | int


class OutcomeFacts(ErrorFacts, total=False):
    """Members of `Outcome` beside ending and text."""

    finish_reasons: tuple[str | None, ...] | None
    other_texts: tuple[str, ...]
    tool_calls: tuple[Call, ...]
    function_call: tuple[str, str]
    refusal: str
    reasoning: str
    members: Mapping[str, object]
    usage_total: int
    chunks: int | None
    timeout_kind: TimeoutKind
    status: int | None


class Facts(OutcomeFacts, total=False):
    """And what a client must be told: members of `Scenario`."""

    settings: Mapping[Setting, float]
    request: Mapping[str, Any]


class Group:
    """The scenarios of one group, in the order in which they are told.

    Unless told otherwise the chunks are counted among the events, the chunks are of one choice, and nobody has said
    why it ended.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.scenarios: list[Scenario] = []

    def complete(
        self, name: str, why: str, sent: Sent = WHOLE, text: str | None = "Hello", **facts: Unpack[Facts]
    ) -> None:
        """Tell of an answer that is whole. Unless told otherwise it stops by itself."""
        facts.setdefault("finish_reasons", ("stop",))
        self._tell("complete", name, why, sent, text, facts=facts)

    def truncated(self, name: str, why: str, sent: Sent, text: str | None = "", **facts: Unpack[Facts]) -> None:
        """Tell of a body that ends before its answer."""
        self._tell("truncated", name, why, sent, text, facts=facts)

    def cut(self, name: str, why: str, sent: Sent, text: str | None = "", **facts: Unpack[Facts]) -> None:
        """Tell of a connection that breaks."""
        self._tell("cut", name, why, sent, text, facts=facts)

    def error(self, name: str, why: str, sent: Sent, text: str | None = "", **facts: Unpack[Facts]) -> None:
        """Tell of a server that says that the call failed."""
        self._tell("error", name, why, sent, text, facts=facts)

    def invalid(self, name: str, why: str, sent: Sent, text: str | None = "", **facts: Unpack[Facts]) -> None:
        """Tell of what is no answer."""
        self._tell("invalid", name, why, sent, text, facts=facts)

    def timeout(self, name: str, why: str, sent: Sent, text: str | None = "", **facts: Unpack[Facts]) -> None:
        """Tell of a clock that runs out."""
        self._tell("timeout", name, why, sent, text, facts=facts)

    def _tell(self, ends: Ending, name: str, why: str, sent: Sent, text: str | None, *, facts: Facts) -> None:
        settings: Mapping[Setting, float] = facts.pop("settings", {})
        request: Mapping[str, Any] = facts.pop("request", {})
        if callable(sent):
            reply = sent
            facts.setdefault("chunks", 0)
        else:
            facts.setdefault("chunks", sum(map(_is_chunk, sent)))

            def reply() -> Reply:
                return Reply.sse(sent)

        facts.setdefault("finish_reasons", () if facts.get("chunks") == 0 else (None,))
        outcome = Outcome(ends, text, **cast("OutcomeFacts", facts))
        self.scenarios.append(Scenario(name, self.name, why, reply, outcome, settings, request))


def event(value: object, kind: str | None = None) -> bytes:
    """Return the bytes of an event: a text or a JSON value, with its type where it has one."""
    data = value.encode() if isinstance(value, str) else msgspec.json.encode(value)
    head = b"" if kind is None else f"event: {kind}\n".encode()
    return head + b"data: " + data + b"\n\n"


def stream(events: Iterable[object] = WHOLE) -> bytes:
    """Return the bytes of a stream of events, the usual way."""
    return b"".join(map(event, events))


def pieces(data: bytes, size: int = 1) -> list[Event]:
    """Cut bytes into pieces of a size, each to be sent on its own."""
    return [data[at : at + size] for at in range(0, len(data), size)]


def usage(prompt: int, completion: int) -> dict[str, int]:
    """Return the JSON of what a call has used."""
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _is_chunk(sent: Event) -> bool:
    return isinstance(sent, Mapping) and sent.get("object") == "chat.completion.chunk" and "error" not in sent

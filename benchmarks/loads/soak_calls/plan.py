"""Plan the calls of the soak: their requests, their faults and their expected outcomes. No I/O."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from opper_chat import APIConnectionError, APIError, APITimeoutError, InternalServerError, RateLimitError
from opper_chat.testing import SCENARIOS, Fault, Outcome, Reply

MAX_RETRIES = 2
STALL_SECONDS = 2.0
"""The read timeout of a call whose response may stall, in seconds."""

RETRIED = (408, 409, 429, 500, 502, 503, 504, 529)
"""The statuses that are retried."""

ReadMode: TypeAlias = Literal["plain", "chunks", "events", "text"]
CallerAction: TypeAlias = Literal["read", "cancelled", "closed", "dropped"]
ENDINGS: dict[type[APIError], str] = {APIConnectionError: "cut", APITimeoutError: "timeout"}
"""The endings of errors from faults, as in the scenarios. Other errors have the ending `error`."""


@dataclass(frozen=True, slots=True)
class Step:
    """The fault of one request, and its error. Without an error, the response of the call arrives."""

    fault: Fault | None = None
    reply: Callable[[], Reply] | None = None
    error: type[APIError] | None = None
    status: int | None = None
    has_started: bool = False
    """Whether a stream has a chunk before its error, so that it is not retried."""

    @property
    def is_forwarded(self) -> bool:
        """Whether the server receives the request."""
        return self.fault is None or not (self.fault.lost or self.fault.response is not None)


def _busy(status: int, **headers: str) -> Callable[[], Reply]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: Reply.json({"type": "Busy", "message": "Later."}, status=status, headers=named)


def _broken(fault: Fault, *, has_started: bool = False, status: int | None = None) -> Step:
    return Step(fault, error=APIConnectionError, status=status, has_started=has_started)


NO_FAULT = Step()
"""The response of the call itself."""
STALL = Step(Fault(stall=0), error=APITimeoutError)
REFUSED = Step(error=APIConnectionError)
AFTER_HANG_UP = Step(Fault(lost=True), error=APIConnectionError)

FAULTS = {
    "429, retry-after-ms": Step(reply=_busy(429, retry_after_ms="20"), error=RateLimitError, status=429),
    "429, Retry-After": Step(reply=_busy(429, Retry_After="1"), error=RateLimitError, status=429),
    "500": Step(reply=_busy(500, retry_after_ms="5"), error=InternalServerError, status=500),
    "503": Step(reply=_busy(503, retry_after_ms="5"), error=InternalServerError, status=503),
    "529": Step(reply=_busy(529), error=InternalServerError, status=529),
    "page of 502": Step(Fault.status(502), error=InternalServerError, status=502),
    "page of 503": Step(Fault.status(503), error=InternalServerError, status=503),
    "page of 504, cut": _broken(Fault(response=Fault.status(504).response, cut=160), status=504),
    "no response": _broken(Fault(cut=0)),
    "no response, RST": _broken(Fault(cut=0, reset=True)),
    "lost": _broken(Fault(lost=True)),
    "lost, RST": _broken(Fault(lost=True, reset=True)),
    "cut in its head": _broken(Fault(cut=60)),
    "cut in its body": _broken(Fault(cut=300), status=200),
    "cut in its body, RST": _broken(Fault(cut=300, reset=True), status=200),
    "cut behind a chunk": _broken(Fault(cut=600), status=200, has_started=True),
    "cut behind a chunk, RST": _broken(Fault(cut=600, reset=True), status=200, has_started=True),
    "hang-up": Step(Fault(hang_up=True)),
    "delay": Step(Fault(delay=0.02)),
    "segments": Step(Fault(segment=16)),
    "throttle": Step(Fault(rate=50_000)),
}
RARE = {"429, Retry-After"}
"""Faults after which the client waits for a second or more."""

_COMMON = [name for name in FAULTS if name not in RARE]
_FAST = [name for name, scenario in SCENARIOS.items() if not scenario.settings]
_SLOW = [name for name, scenario in SCENARIOS.items() if scenario.settings]


@dataclass(frozen=True, slots=True)
class Call:
    """The plan of one call."""

    number: int
    seed: int
    asynchronous: bool
    read_mode: ReadMode
    caller_action: CallerAction = "read"
    scenario: str | None = None
    refused: bool = False
    """Whether no server listens at its base URL."""
    stalls: bool = False
    """Whether its responses may stall."""

    @classmethod
    def plan(cls, number: int, seed: int) -> Call:
        """Plan a call: half of them are async, half are streamed, and the seed determines the rest."""
        chance = random.Random(f"{seed} {number}")
        asynchronous, plain = bool(number % 2), bool(number // 2 % 2)
        read_mode: ReadMode = "plain" if plain else chance.choice(("chunks", "events", "text"))
        kind = chance.random()
        if kind < 0.01:
            return cls(number, seed, asynchronous, read_mode, refused=True)
        if kind < 0.015:
            return cls(number, seed, asynchronous, read_mode, stalls=True)
        caller_action: CallerAction = "read"
        if chance.random() < 0.15:
            caller_action = "cancelled" if asynchronous and chance.random() < 0.5 else "read" if plain else "closed"
            caller_action = "dropped" if caller_action == "closed" and chance.random() < 0.5 else caller_action
        scenario = None
        if not plain and chance.random() < 0.5:
            scenario = chance.choice(_SLOW if chance.random() < 0.02 else _FAST)
        return cls(number, seed, asynchronous, read_mode, caller_action, scenario)

    @property
    def has_timeouts(self) -> bool:
        """Whether it has timeouts, which must not include waiting for a connection."""
        return self.stalls or bool(self.scenario and SCENARIOS[self.scenario].settings)

    def step(self, attempt: int) -> str:
        """Return the name of the step of an attempt. Empty for the response of the call itself."""
        chance = random.Random(f"{self.seed} {self.number} {attempt}")
        if self.stalls:
            return "stall" if chance.random() < 0.6 else ""
        if self.has_timeouts or chance.random() > 0.3:
            return ""
        return chance.choice(_COMMON) if chance.random() < 0.98 else chance.choice(sorted(RARE))

    def reply(self) -> Reply | None:
        """Return the reply of its scenario, or None for the usual response of the server."""
        return SCENARIOS[self.scenario].reply() if self.scenario else None

    @property
    def text(self) -> str:
        """The text of the user message, which the usual response repeats."""
        return f"This is call {self.number}."

    def expected_outcome(self, step: Step) -> Outcome:
        """Return the expected outcome of its last request."""
        if step.error is not None:
            ending = ENDINGS.get(step.error, "error")
            return Outcome(ending, None, None, status=step.status)  # type: ignore[arg-type]
        if self.scenario:
            expected = SCENARIOS[self.scenario].outcome
            # On a busy machine, a timeout may expire before the server has sent its part.
            return Outcome("timeout", None, None, status=None) if expected.ends == "timeout" else expected
        return Outcome("complete", f"Hello from the local server! You said: {self.text}", ("stop",))

    def is_retried(self, step: Step) -> bool:
        """Return whether a request is retried after a step."""
        if step.error is None:
            return self.scenario is not None and _is_retried(SCENARIOS[self.scenario].outcome)
        return self.read_mode == "plain" or not step.has_started

    def check_steps(self, steps: Sequence[Step]) -> str:
        """Return what is wrong with the requests of a call that was read to its end, or an empty string."""
        if not steps:
            return "make_call no request"
        for step in steps[:-1]:
            if not self.is_retried(step):
                return "retried what must not be retried"
        if len(steps) > 1 + MAX_RETRIES:
            return "retried too often"
        if len(steps) < 1 + MAX_RETRIES and self.is_retried(steps[-1]):
            return "gave up too early"
        return ""


def _is_retried(outcome: Outcome) -> bool:
    """Return whether a stream is retried after an outcome: it has no chunks, and the reason may be temporary."""
    if outcome.chunks or outcome.text or outcome.finish_reasons:
        return False
    match outcome.ends:
        case "error":
            return (outcome.error_code if outcome.status == 200 else outcome.status) in RETRIED
        case "timeout":
            return outcome.timeout_kind == "read"
        case ending:
            return ending in ("cut", "truncated")


def step_named(name: str) -> Step:
    """Return the step with a name from `Call.step`."""
    return FAULTS.get(name) or {"": NO_FAULT, "stall": STALL, "behind a hang-up": AFTER_HANG_UP}[name]

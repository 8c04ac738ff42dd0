"""What the soak of calls asks for, what befalls it on the way, and what must come of it. Nothing is sent here."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from opper_chat import APIConnectionError, APIError, APITimeoutError, InternalServerError, RateLimitError
from opper_chat.testing import SCENARIOS, Fault, Outcome, Reply

MAX_RETRIES = 2
STALL_SECONDS = 2.0
"""The read timeout of a call whose answer may stall."""

RETRIED = (408, 409, 429, 500, 502, 503, 504, 529)
"""The statuses that may pass."""

Way: TypeAlias = Literal["plain", "chunks", "events", "text"]
Behaviour: TypeAlias = Literal["read", "cancelled", "closed", "dropped"]
ENDINGS: dict[type[APIError], str] = {APIConnectionError: "cut", APITimeoutError: "timeout"}
"""How the error of a fault ends an answer, in the words of the scenarios; the others end it with an error."""


@dataclass(frozen=True, slots=True)
class Step:
    """What befalls one request, and the error that comes of it; none, where the call's own answer comes after all."""

    fault: Fault | None = None
    reply: Callable[[], Reply] | None = None
    error: type[APIError] | None = None
    status: int | None = None
    begun: bool = False
    """Whether a stream has brought a chunk before its error, so that it is not to be made anew."""

    @property
    def passed_on(self) -> bool:
        """Whether the server sees the request."""
        return self.fault is None or not (self.fault.lost or self.fault.answer is not None)


def _busy(status: int, **headers: str) -> Callable[[], Reply]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: Reply.json({"type": "Busy", "message": "Later."}, status=status, headers=named)


def _broken(fault: Fault, *, begun: bool = False, status: int | None = None) -> Step:
    return Step(fault, error=APIConnectionError, status=status, begun=begun)


OWN = Step()
"""The call's own answer."""
STALL = Step(Fault(stall=0), error=APITimeoutError)
REFUSED = Step(error=APIConnectionError)
BEHIND_HANG_UP = Step(Fault(lost=True), error=APIConnectionError)

FAULTS = {
    "429, retry-after-ms": Step(reply=_busy(429, retry_after_ms="20"), error=RateLimitError, status=429),
    "429, Retry-After": Step(reply=_busy(429, Retry_After="1"), error=RateLimitError, status=429),
    "500": Step(reply=_busy(500, retry_after_ms="5"), error=InternalServerError, status=500),
    "503": Step(reply=_busy(503, retry_after_ms="5"), error=InternalServerError, status=503),
    "529": Step(reply=_busy(529), error=InternalServerError, status=529),
    "page of 502": Step(Fault.status(502), error=InternalServerError, status=502),
    "page of 503": Step(Fault.status(503), error=InternalServerError, status=503),
    "page of 504, cut": _broken(Fault(answer=Fault.status(504).answer, cut=160), status=504),
    "no answer": _broken(Fault(cut=0)),
    "no answer, RST": _broken(Fault(cut=0, reset=True)),
    "lost": _broken(Fault(lost=True)),
    "lost, RST": _broken(Fault(lost=True, reset=True)),
    "cut in its head": _broken(Fault(cut=60)),
    "cut in its body": _broken(Fault(cut=300), status=200),
    "cut in its body, RST": _broken(Fault(cut=300, reset=True), status=200),
    "cut behind a chunk": _broken(Fault(cut=600), status=200, begun=True),
    "cut behind a chunk, RST": _broken(Fault(cut=600, reset=True), status=200, begun=True),
    "hang-up": Step(Fault(hang_up=True)),
    "delay": Step(Fault(delay=0.02)),
    "segments": Step(Fault(segment=16)),
    "throttle": Step(Fault(rate=50_000)),
}
RARE = {"429, Retry-After"}
"""What makes the client wait for a second or more."""

_COMMON = [name for name in FAULTS if name not in RARE]
_FAST = [name for name, scenario in SCENARIOS.items() if not scenario.settings]
_SLOW = [name for name, scenario in SCENARIOS.items() if scenario.settings]


@dataclass(frozen=True, slots=True)
class Call:
    """One call, as it is planned."""

    number: int
    seed: int
    asynchronous: bool
    way: Way
    behaviour: Behaviour = "read"
    scenario: str | None = None
    refused: bool = False
    """Whether it goes to where nobody listens."""
    stalls: bool = False
    """Whether its answers may stall."""

    @classmethod
    def planned(cls, number: int, seed: int) -> Call:
        """Half sync and half async, half plain and half streamed; the rest is chance, which the seed repeats."""
        chance = random.Random(f"{seed} {number}")
        asynchronous, plain = bool(number % 2), bool(number // 2 % 2)
        way: Way = "plain" if plain else chance.choice(("chunks", "events", "text"))
        kind = chance.random()
        if kind < 0.01:
            return cls(number, seed, asynchronous, way, refused=True)
        if kind < 0.015:
            return cls(number, seed, asynchronous, way, stalls=True)
        behaviour: Behaviour = "read"
        if chance.random() < 0.15:
            behaviour = "cancelled" if asynchronous and chance.random() < 0.5 else "read" if plain else "closed"
            behaviour = "dropped" if behaviour == "closed" and chance.random() < 0.5 else behaviour
        scenario = None
        if not plain and chance.random() < 0.5:
            scenario = chance.choice(_SLOW if chance.random() < 0.02 else _FAST)
        return cls(number, seed, asynchronous, way, behaviour, scenario)

    @property
    def has_clocks(self) -> bool:
        """Whether it must not wait for its turn, since that would count as well."""
        return self.stalls or bool(self.scenario and SCENARIOS[self.scenario].settings)

    def step(self, attempt: int) -> str:
        """Return what befalls its request of this number, by name; empty for its own answer."""
        chance = random.Random(f"{self.seed} {self.number} {attempt}")
        if self.stalls:
            return "stall" if chance.random() < 0.6 else ""
        if self.has_clocks or chance.random() > 0.3:
            return ""
        return chance.choice(_COMMON) if chance.random() < 0.98 else chance.choice(sorted(RARE))

    def reply(self) -> Reply | None:
        """Return its own answer; None for the server's usual one."""
        return SCENARIOS[self.scenario].reply() if self.scenario else None

    @property
    def text(self) -> str:
        """What is asked, and comes back with the usual answer."""
        return f"This is call {self.number}."

    def truth(self, step: Step) -> Outcome:
        """Return what must come of its last request."""
        if step.error is not None:
            ending = ENDINGS.get(step.error, "error")
            return Outcome(ending, None, None, status=step.status)  # type: ignore[arg-type]
        if self.scenario:
            truth = SCENARIOS[self.scenario].outcome
            # On a machine with much to do, a clock may run out before the server has done its part.
            return Outcome("timeout", None, None, status=None) if truth.ends == "timeout" else truth
        return Outcome("complete", f"Hello from the local server! You said: {self.text}", ("stop",))

    def retried(self, step: Step) -> bool:
        """Whether a request that ended so is made again."""
        if step.error is None:
            return self.scenario is not None and _retried(SCENARIOS[self.scenario].outcome)
        return self.way == "plain" or not step.begun

    def wrong_steps(self, steps: Sequence[Step]) -> str:
        """Return what is wrong with the requests that a call made which was read to its end; empty for nothing."""
        if not steps:
            return "made no request"
        for step in steps[:-1]:
            if not self.retried(step):
                return "tried again what was not to be tried again"
        if len(steps) > 1 + MAX_RETRIES:
            return "tried too often"
        if len(steps) < 1 + MAX_RETRIES and self.retried(steps[-1]):
            return "gave up too early"
        return ""


def _retried(outcome: Outcome) -> bool:
    """Whether a stream that ends so is made anew: it brought nothing, and the reason may pass."""
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
    """Return the step of a name that `Call.step` returned."""
    return FAULTS.get(name) or {"": OWN, "stall": STALL, "behind a hang-up": BEHIND_HANG_UP}[name]

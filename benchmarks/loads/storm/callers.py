"""The callers of the storm, as threads or tasks, and what they measure."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from math import inf
from time import monotonic
from typing import Any, NamedTuple, TypedDict

from opper_chat import APITimeoutError, AsyncOpper, Opper, RateLimitError
from opper_chat_api.params import ChatMessageParam

MESSAGES: list[ChatMessageParam] = [{"role": "user", "content": "Is it late?"}]
WAIT = 5.0
"""The longest wait before a third retry, in seconds. Calls that fail closer to the end of a run had no time for it."""
CALL_STARTED: ContextVar[float | None] = ContextVar("call_started", default=None)
"""When the current call of a task or thread started, until its first request is sent."""


class Limits(TypedDict):
    """The options of a client that limit its requests."""

    max_concurrency: int | None
    adaptive_rate_limit: bool
    max_retries: int


class ResponseRecord(NamedTuple):
    """A response. Times are in seconds since the start of the run."""

    sent_at: float
    received: float
    status: int


@dataclass
class Measurement:
    """The measurements of a run."""

    seconds: float
    started_at: float = 0.0
    responses: list[ResponseRecord] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    """Seconds that each call waited for its permits before its first request."""
    successes_by_caller: list[int] = field(default_factory=list)
    """The successful calls of each caller."""
    calls: float = inf
    """Calls that are still to be made."""
    failed: int = 0
    ended_at: float = 0.0

    def successes(self) -> float:
        """Return the successful responses a second."""
        return sum(response.status == 200 for response in self.responses) / self.seconds

    def refused(self, since: float = 0.0) -> float:
        """Return the share of 429 among the responses to requests that were sent since a time."""
        statuses = [response.status for response in self.responses if response.sent_at >= since]
        return statuses.count(429) / max(len(statuses), 1)

    def first_refusal(self) -> float:
        """Return when the first 429 was received."""
        return min((response.received for response in self.responses if response.status == 429), default=0.0)

    def left(self) -> float:
        """Return the seconds until the end of the run."""
        return self.started_at + self.seconds - monotonic()

    def has_call(self) -> bool:
        """Return whether there is another call to make, and count it."""
        self.calls -= 1
        return self.calls >= 0 and self.left() > 0

    def deadline(self) -> float:
        return max(min(self.left(), 60.0), 0.001)

    def fail(self) -> None:
        """Count a failed call, unless it failed because the run ends."""
        self.failed += self.left() > WAIT

    def add(self, sent_at: float, status: int) -> None:
        if self.left() > 0:
            self.responses.append(ResponseRecord(sent_at - self.started_at, monotonic() - self.started_at, status))


def hooks(result: Measurement) -> dict[str, list[Callable[[Any], None]]]:
    """Return the event hooks that record requests and responses."""

    def request_hook(request: Any) -> None:
        sent_at = request.extensions["sent"] = monotonic()
        if (call_started := CALL_STARTED.get()) is not None:
            result.waits.append(sent_at - call_started)
            CALL_STARTED.set(None)

    def response_hook(response: Any) -> None:
        result.add(response.request.extensions["sent"], response.status_code)

    return {"request": [request_hook], "response": [response_hook]}


def async_hooks(result: Measurement) -> dict[str, list[Callable[[Any], Awaitable[None]]]]:
    """Return the same hooks for an async client."""

    def awaited(hook: Callable[[Any], None]) -> Callable[[Any], Awaitable[None]]:
        async def call(event: Any) -> None:
            hook(event)

        return call

    return {name: [awaited(hook) for hook in given] for name, given in hooks(result).items()}


async def caller(result: Measurement, client: AsyncOpper) -> None:
    successes = 0
    while result.has_call():
        CALL_STARTED.set(monotonic())
        try:
            await client.chat.completions.create(messages=MESSAGES, deadline=result.deadline())
            successes += 1
        except (RateLimitError, APITimeoutError):  # the run may end before the next attempt
            result.fail()
    result.successes_by_caller.append(successes)


async def storm_async(result: Measurement, url: str, callers: int, limits: Limits) -> None:
    async with AsyncOpper(**limits, api_key="storm", base_url=url, event_hooks=async_hooks(result)) as client:
        result.started_at = monotonic()
        async with asyncio.TaskGroup() as group:
            for _ in range(callers):
                group.create_task(caller(result, client))


def caller_sync(result: Measurement, client: Opper) -> None:
    successes = 0
    while result.has_call():
        CALL_STARTED.set(monotonic())
        try:
            client.chat.completions.create(messages=MESSAGES, deadline=result.deadline())
            successes += 1
        except (RateLimitError, APITimeoutError):
            result.fail()
    result.successes_by_caller.append(successes)


def storm_sync(result: Measurement, url: str, callers: int, limits: Limits) -> None:
    with Opper(**limits, api_key="storm", base_url=url, event_hooks=hooks(result)) as client:
        result.started_at = monotonic()
        threads = [threading.Thread(target=caller_sync, args=(result, client)) for _ in range(callers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def storm(result: Measurement, url: str, runner: str, callers: int, limits: Limits) -> Measurement:
    if runner == "tasks":
        asyncio.run(storm_async(result, url, callers, limits))
    else:
        storm_sync(result, url, callers, limits)
    result.ended_at = monotonic()
    return result

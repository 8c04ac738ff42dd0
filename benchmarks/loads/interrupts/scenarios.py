"""The calls that are interrupted, and the calls that must succeed afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from opper_chat import AsyncOpper, AuthenticationError, Conversation, Opper, tool
from opper_chat.testing import LocalServer, Reply

HELLO: Any = [{"role": "user", "content": "Hello"}]
CONCURRENCY = 2
"""Permits and connections of each client."""
CALL_TIMEOUT = 5.0
"""Seconds in which each call after an interrupt must end."""
SETTINGS: dict[str, Any] = {
    "api_key": "key-12345678", "max_concurrency": CONCURRENCY, "max_connections": CONCURRENCY, "deadline": 10,
    "timeout": 10, "max_retries": 1,
}  # fmt: skip

Start = Callable[[], None]
"""Starts to interrupt. A scenario calls it after its preparations."""


class Interrupt(BaseException):
    """The exception of the signal handler."""


def plain(client: Opper, _: LocalServer, start: Start) -> None:
    start()
    client.chat.completions.create(messages=HELLO)


def without_deadline(client: Opper, _: LocalServer, start: Start) -> None:
    start()
    client.chat.completions.create(messages=HELLO, deadline=None)


def retried(client: Opper, server: LocalServer, start: Start) -> None:
    server.reply(Reply.json({"error": {"message": "busy"}}, status=503, headers={"retry-after-ms": "1"}))
    start()
    client.chat.completions.create(messages=HELLO)


def refused(client: Opper, _: LocalServer, start: Start) -> None:
    other = client.with_options(api_key="bad-12345678")
    start()
    with contextlib.suppress(AuthenticationError):
        other.chat.completions.create(messages=HELLO)


def streamed(client: Opper, _: LocalServer, start: Start) -> None:
    start()
    with client.chat.completions.create(messages=HELLO, stream=True) as stream:
        for _chunk in stream:
            pass


def closed_early(client: Opper, _: LocalServer, start: Start) -> None:
    start()
    with client.chat.completions.create(messages=HELLO, stream=True) as stream:
        next(stream)


def dropped(client: Opper, _: LocalServer, start: Start) -> None:
    start()
    stream = client.chat.completions.create(messages=HELLO, stream=True)
    next(stream)
    del stream


def events(client: Opper, _: LocalServer, start: Start) -> None:
    start()
    with client.chat.completions.stream(messages=HELLO) as stream:
        for _event in stream:
            pass


def raw(client: Opper, _: LocalServer, start: Start) -> None:
    start()
    client.chat.completions.with_raw_response.create(messages=HELLO).parse()


def raw_streamed(client: Opper, _: LocalServer, start: Start) -> None:
    start()
    with client.chat.completions.with_streaming_response.create(messages=HELLO) as response:
        response.parse()


@tool
def weather(city: str) -> str:
    """Return the weather."""
    return f"sunny in {city}"


def tool_run(client: Opper, _: LocalServer, start: Start) -> None:
    start()
    client.chat.completions.run_tools(messages=HELLO, tools=[weather], max_parallel=1)


def conversation(client: Opper, _: LocalServer, start: Start) -> None:
    """Go on with a conversation that was interrupted."""
    talk, interrupted = Conversation(client), False
    start()
    try:
        talk.send("Hello")
    except Interrupt:
        interrupted = True
    if interrupted:
        sys.setprofile(None)
        talk.send("Hello again")
        raise Interrupt


def waiting(client: Opper, _: LocalServer, start: Start) -> None:
    """Wait for a permit until another thread gives one back."""
    held = [client.chat.completions.create(messages=HELLO, stream=True) for _ in range(CONCURRENCY)]

    def free() -> None:
        time.sleep(0.002)
        for stream in held:
            stream.close()

    thread = threading.Thread(target=free)
    thread.start()
    try:
        start()
        client.chat.completions.create(messages=HELLO)
    finally:
        sys.setprofile(None)
        thread.join()


def waiting_for_a_connection(client: Opper, server: LocalServer, start: Start) -> None:
    """Wait for a connection, where there are more permits."""
    waiting(client, server, start)


def paced(client: Opper, _: LocalServer, start: Start) -> None:
    """Wait for the rate limiter, after a 429."""
    start()
    client.chat.completions.create(messages=HELLO)


def first(client: Opper, _: LocalServer, start: Start) -> None:
    """Make the first call of a client, and close it."""
    start()
    with Opper(base_url=str(client.base_url), **SETTINGS) as other:
        other.chat.completions.create(messages=HELLO)


async def plain_async(client: AsyncOpper, _: LocalServer, start: Start) -> None:
    start()
    await client.chat.completions.create(messages=HELLO)


async def streamed_async(client: AsyncOpper, _: LocalServer, start: Start) -> None:
    start()
    async with await client.chat.completions.create(messages=HELLO, stream=True) as stream:
        async for _chunk in stream:
            pass


SCENARIOS: dict[str, Callable[[Any, LocalServer, Start], Any]] = {
    scenario.__name__: scenario
    for scenario in (
        plain, without_deadline, retried, refused, streamed, closed_early, dropped, events, raw, raw_streamed, tool_run,
        conversation, waiting, waiting_for_a_connection, paced, first, plain_async, streamed_async,
    )
}  # fmt: skip


def client_for(name: str, server: LocalServer) -> Any:
    """Return a client after its first call."""
    settings = {**SETTINGS, "base_url": server.base_url}
    if name == "waiting_for_a_connection":
        settings["max_concurrency"] = None
    if name == "paced":
        settings |= {"adaptive_rate_limit": True, "max_concurrency": 50, "max_connections": 50}
    client = AsyncOpper(**settings) if name.endswith("_async") else Opper(**settings)
    if name == "paced":
        for _ in range(100):
            client.chat.completions.create(messages=HELLO)
        server.reply(Reply.json({"error": {"message": "too many"}}, status=429))
        client.chat.completions.create(messages=HELLO)
    use(client)
    return client


def use(client: Any) -> None:
    """Make as many calls at once as the client allows.

    Raises:
        APITimeoutError: it does not allow as many.
    """
    if isinstance(client, AsyncOpper):
        asyncio.run(_use_async(client))
        return
    held: list[Any] = []
    try:
        for _ in range(CONCURRENCY):
            held.append(client.chat.completions.create(messages=HELLO, stream=True, deadline=CALL_TIMEOUT))  # noqa: PERF401
    finally:
        for stream in held:
            stream.close()
    client.chat.completions.create(messages=HELLO, deadline=CALL_TIMEOUT)


async def _use_async(client: AsyncOpper) -> None:
    held: list[Any] = []
    try:
        for _ in range(CONCURRENCY):
            held.append(await client.chat.completions.create(messages=HELLO, stream=True, deadline=CALL_TIMEOUT))  # noqa: PERF401
    finally:
        for stream in held:
            await stream.close()
    await client.chat.completions.create(messages=HELLO, deadline=CALL_TIMEOUT)

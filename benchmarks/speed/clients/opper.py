"""This client, with its own transport or that of another package. Text and events are measured as well as chunks."""

from __future__ import annotations

from typing import Any

from opper_chat import AsyncOpper, Opper, ResponseLimits

from . import BODY, Moment, now

LIMITS = ResponseLimits(max_stream_bytes=None)
"""The stream of a million chunks is larger than the default limit."""


def sync_client(transport: str | None) -> Any:
    """Return an HTTP client that a transport belongs to, or None for this client's own connections."""
    if transport != "pyreqwest":
        return None
    from httpx import Client
    from pyreqwest.compatibility.httpx import SyncHttpxTransport

    return Client(transport=SyncHttpxTransport())


def async_client(transport: str | None) -> Any:
    if transport in (None, "uvloop"):
        return None
    from httpx import AsyncClient

    if transport == "pyreqwest":
        from pyreqwest.compatibility.httpx import HttpxTransport

        return AsyncClient(transport=HttpxTransport())
    from httpx import Limits
    from httpx_aiohttp import AiohttpTransport

    return AsyncClient(transport=AiohttpTransport(limits=Limits(max_connections=1000)))


class Sync:
    def __init__(self, url: str, transport: str | None = None) -> None:
        self.client = Opper(api_key="key", base_url=url, http_client=sync_client(transport), response_limits=LIMITS)
        self.create = self.client.chat.completions.create

    def call(self) -> int:
        return len(self.create(**BODY).choices[0].message.content or "")

    def logprobs(self) -> int:
        """Ask for the large reply, and read every log probability."""
        logprobs = self.create(**BODY).choices[0].logprobs
        return sum(len(token.top_logprobs) for token in logprobs.content) if logprobs and logprobs.content else 0

    def stream(self) -> int:
        count = 0
        with self.create(stream=True, **BODY) as stream:
            for chunk in stream:
                _ = chunk.choices[0].delta.content
                count += 1
        return count

    def text(self) -> int:
        """Read the text alone. Counts the chunks: those with text, and the first and last one, which have none."""
        count = 2
        with self.create(stream=True, **BODY) as stream:
            for _ in stream.text_stream:
                count += 1
        return count

    def events(self) -> int:
        """Read typed events, and make the completion at the end."""
        count = 0
        with self.client.chat.completions.stream(**BODY) as events:
            for event in events:
                count += event.type == "chunk"
            events.get_final_completion()
        return count

    def first(self) -> Moment:
        with self.create(stream=True, **BODY) as stream:
            next(iter(stream))
            came = now()
            for _ in stream:
                pass
        return came

    def close(self) -> None:
        self.client.close()


class Async:
    def __init__(self, url: str, transport: str | None = None) -> None:
        self.client = AsyncOpper(
            api_key="key", base_url=url, timeout=600, http_client=async_client(transport), response_limits=LIMITS
        )
        self.create = self.client.chat.completions.create

    async def call(self) -> int:
        return len((await self.create(**BODY)).choices[0].message.content or "")

    async def logprobs(self) -> int:
        logprobs = (await self.create(**BODY)).choices[0].logprobs
        return sum(len(token.top_logprobs) for token in logprobs.content) if logprobs and logprobs.content else 0

    async def stream(self) -> int:
        count = 0
        async with await self.create(stream=True, **BODY) as stream:
            async for chunk in stream:
                _ = chunk.choices[0].delta.content
                count += 1
        return count

    async def text(self) -> int:
        count = 2
        async with await self.create(stream=True, **BODY) as stream:
            async for _ in stream.text_stream:
                count += 1
        return count

    async def events(self) -> int:
        count = 0
        async with self.client.chat.completions.stream(**BODY) as events:
            async for event in events:
                count += event.type == "chunk"
            await events.get_final_completion()
        return count

    async def first(self) -> Moment:
        async with await self.create(stream=True, **BODY) as stream:
            await anext(aiter(stream))
            came = now()
            async for _ in stream:
                pass
        return came

    async def close(self) -> None:
        await self.client.close()

"""The opperai package, with its client for events of this format, which returns dicts."""

from __future__ import annotations

from opperai import Opper
from opperai._base_client import BaseClient
from opperai.clients.openresponses import OpenResponsesClient

from . import BODY, Moment, now

__all__ = ["Async", "Opper", "Sync"]


class Sync:
    def __init__(self, url: str) -> None:
        self.client = OpenResponsesClient(BaseClient("key", url))

    def call(self) -> int:
        return len(self.client.create(BODY)["choices"][0]["message"]["content"])

    def stream(self) -> int:
        count = 0
        for event in self.client.create_stream(BODY):
            _ = event["choices"][0]["delta"].get("content")
            count += 1
        return count

    def first(self) -> Moment:
        stream = self.client.create_stream(BODY)
        next(stream)
        came = now()
        for _ in stream:
            pass
        return came

    def close(self) -> None:
        pass


class Async:
    def __init__(self, url: str) -> None:
        self.client = OpenResponsesClient(BaseClient("key", url))

    async def call(self) -> int:
        return len((await self.client.create_async(BODY))["choices"][0]["message"]["content"])

    async def stream(self) -> int:
        count = 0
        async for event in await self.client.create_stream_async(BODY):
            _ = event["choices"][0]["delta"].get("content")
            count += 1
        return count

    async def first(self) -> Moment:
        stream = await self.client.create_stream_async(BODY)
        await anext(stream)
        came = now()
        async for _ in stream:
            pass
        return came

    async def close(self) -> None:
        pass

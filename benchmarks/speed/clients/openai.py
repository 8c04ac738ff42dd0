"""The openai package, with a longer connect timeout: its 5 seconds are too short for 1,000 connections at once."""

from __future__ import annotations

from openai import AsyncOpenAI, OpenAI

from . import BODY, Moment, now


class Sync:
    def __init__(self, url: str) -> None:
        self.client = OpenAI(api_key="key", base_url=url)
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

    def events(self) -> int:
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
    def __init__(self, url: str) -> None:
        self.client = AsyncOpenAI(api_key="key", base_url=url, timeout=600)
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

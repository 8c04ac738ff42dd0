"""The mistralai package."""

from __future__ import annotations

from mistralai.client import Mistral

from . import BODY, Moment, now


class Sync:
    def __init__(self, url: str) -> None:
        self.client = Mistral(api_key="key", server_url=url)
        self.chat = self.client.chat

    def call(self) -> int:
        return len(str(self.chat.complete(**BODY).choices[0].message.content))

    def stream(self) -> int:
        count = 0
        with self.chat.stream(**BODY) as stream:
            for event in stream:
                _ = event.data.choices[0].delta.content
                count += 1
        return count

    def first(self) -> Moment:
        with self.chat.stream(**BODY) as stream:
            next(iter(stream))
            came = now()
            for _ in stream:
                pass
        return came

    def close(self) -> None:
        self.client.__exit__(None, None, None)


class Async:
    def __init__(self, url: str) -> None:
        self.client = Mistral(api_key="key", server_url=url)
        self.chat = self.client.chat

    async def call(self) -> int:
        return len(str((await self.chat.complete_async(**BODY)).choices[0].message.content))

    async def stream(self) -> int:
        count = 0
        async with await self.chat.stream_async(**BODY) as stream:
            async for event in stream:
                _ = event.data.choices[0].delta.content
                count += 1
        return count

    async def first(self) -> Moment:
        async with await self.chat.stream_async(**BODY) as stream:
            await anext(aiter(stream))
            came = now()
            async for _ in stream:
                pass
        return came

    async def close(self) -> None:
        await self.client.__aexit__(None, None, None)

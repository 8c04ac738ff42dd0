"""Bare aiohttp and the standard library's json. It has no sync client."""

from __future__ import annotations

import json

import aiohttp

from . import BODY, Moment, now

HEADERS = {"authorization": "Bearer key"}


class Async:
    def __init__(self, url: str) -> None:
        self.url = f"{url}/chat/completions"
        self.client = aiohttp.ClientSession(headers=HEADERS, connector=aiohttp.TCPConnector(limit=1000))

    async def call(self) -> int:
        async with self.client.post(self.url, json=BODY) as response:
            return len(json.loads(await response.read())["choices"][0]["message"]["content"])

    async def stream(self) -> int:
        count = 0
        async with self.client.post(self.url, json={**BODY, "stream": True}) as response:
            async for line in response.content:
                if line.startswith(b"data: {"):
                    _ = json.loads(line[6:])["choices"][0]["delta"].get("content")
                    count += 1
        return count

    async def first(self) -> Moment:
        came: Moment | None = None
        async with self.client.post(self.url, json={**BODY, "stream": True}) as response:
            async for line in response.content:
                if line.startswith(b"data: {"):
                    json.loads(line[6:])
                    came = came or now()
        assert came
        return came

    async def close(self) -> None:
        await self.client.close()

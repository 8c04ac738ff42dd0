"""Bare httpx and the standard library's json, as a script without a client package would use them."""

from __future__ import annotations

import json

import httpx

from . import BODY, Moment, now

HEADERS = {"authorization": "Bearer key"}


class Sync:
    def __init__(self, url: str) -> None:
        self.url = f"{url}/chat/completions"
        self.client = httpx.Client(headers=HEADERS)

    def call(self) -> int:
        response = self.client.post(self.url, json=BODY)
        response.raise_for_status()
        return len(json.loads(response.content)["choices"][0]["message"]["content"])

    def stream(self) -> int:
        count = 0
        with self.client.stream("POST", self.url, json={**BODY, "stream": True}) as response:
            response.raise_for_status()
            for line in response.iter_lines():
                if line.startswith("data: {"):
                    _ = json.loads(line[6:])["choices"][0]["delta"].get("content")
                    count += 1
        return count

    def first(self) -> Moment:
        came: Moment | None = None
        with self.client.stream("POST", self.url, json={**BODY, "stream": True}) as response:
            for line in response.iter_lines():
                if line.startswith("data: {"):
                    json.loads(line[6:])
                    came = came or now()
        assert came
        return came

    def close(self) -> None:
        self.client.close()


class Async:
    def __init__(self, url: str) -> None:
        self.url = f"{url}/chat/completions"
        self.client = httpx.AsyncClient(headers=HEADERS, limits=httpx.Limits(max_connections=1000), timeout=60)

    async def call(self) -> int:
        response = await self.client.post(self.url, json=BODY)
        response.raise_for_status()
        return len(json.loads(response.content)["choices"][0]["message"]["content"])

    async def stream(self) -> int:
        count = 0
        async with self.client.stream("POST", self.url, json={**BODY, "stream": True}) as response:
            response.raise_for_status()
            async for line in response.aiter_lines():
                if line.startswith("data: {"):
                    _ = json.loads(line[6:])["choices"][0]["delta"].get("content")
                    count += 1
        return count

    async def first(self) -> Moment:
        came: Moment | None = None
        async with self.client.stream("POST", self.url, json={**BODY, "stream": True}) as response:
            async for line in response.aiter_lines():
                if line.startswith("data: {"):
                    json.loads(line[6:])
                    came = came or now()
        assert came
        return came

    async def close(self) -> None:
        await self.client.aclose()

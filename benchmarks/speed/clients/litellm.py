"""The litellm package. It has functions, and creates its HTTP clients itself."""

from __future__ import annotations

from typing import Any

import litellm

from . import BODY, Moment, now


def arguments(url: str) -> dict[str, Any]:
    return {**BODY, "model": f"openai/{BODY['model']}", "api_base": url, "api_key": "key"}


class Sync:
    def __init__(self, url: str) -> None:
        self.arguments = arguments(url)

    def call(self) -> int:
        return len(litellm.completion(**self.arguments).choices[0].message.content or "")

    def stream(self) -> int:
        count = 0
        for chunk in litellm.completion(stream=True, **self.arguments):
            _ = chunk.choices[0].delta.content
            count += 1
        return count

    def first(self) -> Moment:
        stream = litellm.completion(stream=True, **self.arguments)
        next(stream)
        came = now()
        for _ in stream:
            pass
        return came

    def close(self) -> None:
        pass


class Async:
    def __init__(self, url: str) -> None:
        self.arguments = arguments(url)

    async def call(self) -> int:
        return len((await litellm.acompletion(**self.arguments)).choices[0].message.content or "")

    async def stream(self) -> int:
        count = 0
        async for chunk in await litellm.acompletion(stream=True, **self.arguments):
            _ = chunk.choices[0].delta.content
            count += 1
        return count

    async def first(self) -> Moment:
        stream = await litellm.acompletion(stream=True, **self.arguments)
        await anext(stream)
        came = now()
        async for _ in stream:
            pass
        return came

    async def close(self) -> None:
        pass

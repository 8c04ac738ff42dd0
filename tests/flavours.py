"""The sync and the async client behind one face, so that a test says once what holds for both."""

import asyncio
from collections.abc import Callable
from typing import Any

from opper_chat import AsyncOpper, Opper
from opper_chat_api.models import ChatCompletion, ChatCompletionChunk

HELLO = [{"role": "user", "content": "Hello"}]


class Flavour:
    """One client, sync or async, called in the same way. It tries once, unless a test says otherwise."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __call__(self, call: Callable[[Any], Any], **settings: Any) -> Any:
        """Run `call(client)`; where it is async, run what it returns."""
        settings = {"max_retries": 0, **settings}
        if self.kind == "sync":
            with Opper(**settings) as client:
                return call(client)

        async def run() -> Any:
            async with AsyncOpper(**settings) as client:
                return await call(client)

        return asyncio.run(run())

    def create(self, base_url: str, settings: dict[str, Any] | None = None, **params: Any) -> ChatCompletion:
        """Make one plain call."""
        client = {"api_key": "key", "base_url": base_url, **(settings or {})}
        return self(lambda opper: opper.chat.completions.create(**params), **client)

    def chunks(
        self, base_url: str, settings: dict[str, Any] | None = None, **params: Any
    ) -> tuple[list[ChatCompletionChunk], Exception | None]:
        """Read a stream to its end; return its chunks and the error that ended it, if one did."""
        client = {"api_key": "key", "base_url": base_url, **(settings or {})}
        seen: list[ChatCompletionChunk] = []

        def read(opper: Opper) -> None:
            with opper.chat.completions.create(stream=True, **params) as stream:
                for chunk in stream:
                    seen.append(chunk)

        async def read_async(opper: AsyncOpper) -> None:
            async with await opper.chat.completions.create(stream=True, **params) as stream:
                async for chunk in stream:
                    seen.append(chunk)

        try:
            self(read if self.kind == "sync" else read_async, **client)
        except Exception as error:  # noqa: BLE001  # whatever it is, the test looks at it
            return seen, error
        return seen, None

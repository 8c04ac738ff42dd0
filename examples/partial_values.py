"""Stream a structured output: the value so far at every delta, and the final value at the end.

Talks to the real endpoint when OPPER_API_KEY is set, else to a local server that this script starts.
"""

import asyncio
import os
from contextlib import AsyncExitStack
from typing import TypedDict

from opper_chat import AsyncOpper
from opper_chat.types import ChatMessageParam

MODEL = os.environ.get("OPPER_MODEL", "openai/gpt-4o-mini")


class Chapter(TypedDict):
    """A chapter of a book."""

    title: str
    pages: int


async def main() -> None:
    async with AsyncExitStack() as stack:
        if os.environ.get("OPPER_API_KEY") or os.environ.get("OPPER_HTTP_BEARER"):
            client = await stack.enter_async_context(AsyncOpper())
        else:
            from opper_chat.testing import LocalServer

            server = stack.enter_context(LocalServer())
            client = await stack.enter_async_context(AsyncOpper(api_key="local", base_url=server.base_url))
        messages: list[ChatMessageParam] = [{"role": "user", "content": "Plan a short book about the sea."}]
        async with client.chat.completions.stream(
            model=MODEL, messages=messages, response_format=list[Chapter]
        ) as stream:
            shown: object = None
            async for event in stream:
                if event.type == "content.delta" and event.parsed != shown:
                    shown = event.parsed  # plain JSON; half a title is there, half a number is not
                    print("so far:", shown)
                elif event.type == "content.done":
                    print("pages: ", sum(chapter["pages"] for chapter in event.parsed))


if __name__ == "__main__":
    asyncio.run(main())

"""Read several streams at once, and cancel one of them.

Talks to the real endpoint when OPPER_API_KEY is set, else to a local server that this script starts.
"""

import asyncio
import math
import os
from contextlib import ExitStack

from opper_chat import AsyncOpper

MODEL = os.environ.get("OPPER_MODEL", "openai/gpt-4o-mini")


async def ask(client: AsyncOpper, name: str, question: str, begun: asyncio.Event | None = None) -> str:
    """Print the text of a completion as it arrives, and return it."""
    async with await client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": question}], stream=True
    ) as stream:
        async for text in stream.text_stream:
            print(f"  {name}: {text!r}")
            if begun is not None:
                begun.set()
        return await stream.get_final_text()


async def use(client: AsyncOpper) -> None:
    print("Two streams at once:")
    async with asyncio.TaskGroup() as group:
        first = group.create_task(ask(client, "one", "Count from one to three."))
        second = group.create_task(ask(client, "two", "Name a colour."))
    print("  in the end", [first.result(), second.result()])


async def cancel(client: AsyncOpper) -> None:
    print("A stream that is cancelled after it has started:")
    begun = asyncio.Event()
    task = asyncio.create_task(ask(client, "long", "Tell me a very long story.", begun))
    await begun.wait()
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        print("  cancelled: its connection is closed, and the next call uses another one")
    print("  next:", await ask(client, "next", "Say hello."))


async def main() -> None:
    with ExitStack() as stack:
        if os.environ.get("OPPER_API_KEY") or os.environ.get("OPPER_HTTP_BEARER"):
            async with AsyncOpper() as client:
                await use(client)
                await cancel(client)
            return
        from opper_chat.testing import LocalServer, Pause, Reply, chunk

        server = stack.enter_context(LocalServer())
        async with AsyncOpper(api_key="local", base_url=server.base_url) as client:
            print("Talking to", client.base_url)
            await use(client)
            server.reply(Reply.sse([chunk("Once upon a time"), Pause(math.inf)]))  # it would never end by itself
            await cancel(client)


if __name__ == "__main__":
    asyncio.run(main())

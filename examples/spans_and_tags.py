"""Send a parent span and tags with all calls in a block. Tasks inherit them; threads use the client of the block.

Runs against a local server, and prints what it received.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from opper_chat import AsyncOpper, Opper
from opper_chat.testing import LocalServer
from opper_chat.types import ChatMessageParam

SPAN = "123e4567-e89b-12d3-a456-426614174000"

MESSAGES: list[ChatMessageParam] = [{"role": "user", "content": "Hello"}]


def ask(client: Opper) -> None:
    """Make a call in the current thread."""
    client.chat.completions.create(messages=MESSAGES)


def show(server: LocalServer, where: str) -> None:
    """Print the span and the tags of the last request."""
    body = server.requests[-1].body
    print(f"{where}: span {body.get('parent_span_id')}, tags {body.get('tags')}")


def plain(server: LocalServer) -> None:
    """Make calls in a block, in a nested block, outside, and in a thread."""
    with Opper(api_key="local", base_url=server.base_url) as client:
        with client.span(SPAN), client.tags(team="search") as inside, ThreadPoolExecutor(1) as pool:
            ask(client)
            show(server, "inside")
            with client.tags(step=2):
                client.chat.completions.create(messages=MESSAGES, tags={"more": True})
                show(server, "nested")
            pool.submit(ask, client).result()
            show(server, "a thread, with the client from outside")
            pool.submit(ask, inside).result()
            show(server, "a thread, with the client that `with` gives")
        ask(client)
        show(server, "outside")


async def tasks(server: LocalServer) -> None:
    """Make calls in tasks, which inherit the span and the tags."""
    async with AsyncOpper(api_key="local", base_url=server.base_url) as client:
        with client.tags(team="search"):
            task = asyncio.create_task(client.chat.completions.create(messages=MESSAGES))
        await task
        show(server, "a task that was started inside")


def main() -> None:
    with LocalServer() as server:
        plain(server)
        asyncio.run(tasks(server))


if __name__ == "__main__":
    main()

"""A parent span and tags for whatever is called inside: in tasks by themselves, in threads by the client that is given.

Runs against a local server of its own, and prints what it was sent.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from opper_chat import AsyncOpper, Opper
from opper_chat.testing import LocalServer
from opper_chat.types import ChatMessageParam

SPAN = "123e4567-e89b-12d3-a456-426614174000"

MESSAGES: list[ChatMessageParam] = [{"role": "user", "content": "Hello"}]


def ask(client: Opper) -> None:
    """Make a call in whichever thread this runs in."""
    client.chat.completions.create(messages=MESSAGES)


def show(server: LocalServer, where: str) -> None:
    """Print what the last request said of itself."""
    body = server.requests[-1].body
    print(f"{where}: span {body.get('parent_span_id')}, tags {body.get('tags')}")


def plain(server: LocalServer) -> None:
    """Inside, nested, outside, and in a thread."""
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
    """Tasks have what held where they were started."""
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

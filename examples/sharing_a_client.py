"""Share one client among threads and event loops, and derive clients with other settings from it.

The key comes from a function that is called for every request. Runs against a local server.
"""

import asyncio
import itertools
from concurrent.futures import ThreadPoolExecutor

from opper_chat import AsyncOpper, Opper
from opper_chat.testing import LocalServer

TOKENS = itertools.count(1)


def token() -> str:
    """Return a key. In a real program, a service would issue short-lived keys."""
    return f"token-{next(TOKENS)}"


async def async_token() -> str:
    """Return a key, without blocking the event loop."""
    await asyncio.sleep(0)
    return token()


def ask(client: Opper, number: int) -> str:
    """Make a call in the current thread."""
    completion = client.chat.completions.create(messages=[{"role": "user", "content": f"Question {number}."}])
    return completion.choices[0].message.content or ""


async def ask_all(client: AsyncOpper, numbers: range) -> int:
    """Make calls in the current event loop, and count the replies that belong to their questions."""

    async def one(number: int) -> bool:
        completion = await client.chat.completions.create(messages=[{"role": "user", "content": f"Question {number}."}])
        return f"Question {number}." in (completion.choices[0].message.content or "")

    return sum(await asyncio.gather(*(one(number) for number in numbers)))


def event_loop(client: AsyncOpper) -> int:
    """Make calls in a new event loop."""
    return asyncio.run(ask_all(client, range(20)))


def threads(base_url: str) -> None:
    """Share a client among threads, and derive a client with a longer timeout."""
    with Opper(api_key=token, base_url=base_url, max_connections=4, deadline=30) as client:
        patient = client.with_options(deadline=300, max_retries=5)  # the same connections
        print("with options:", client.max_retries, "and", patient.max_retries, "retries")
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(ask, itertools.cycle([client, patient]), range(100)))
        right = sum(f"Question {number}." in answer for number, answer in enumerate(answers))
        print("threads:", right, "of", len(answers), "replies are right, with", next(TOKENS) - 1, "tokens")


def event_loops(base_url: str) -> None:
    """Share a client among event loops: first two in turn, then four at once in threads."""
    client = AsyncOpper(api_key=async_token, base_url=base_url, max_connections=4, deadline=30)
    print("event loops, one by one:", [event_loop(client) for _ in range(2)])
    with ThreadPoolExecutor(4) as pool:
        right = list(pool.map(event_loop, [client] * 4))
    print("event loops, all at once:", right)
    asyncio.run(client.close())


def main() -> None:
    with LocalServer() as server:
        threads(server.base_url)
        event_loops(server.base_url)


if __name__ == "__main__":
    main()

"""One client for a whole program: with other settings here and there, for many threads, and for several event loops.

Its key comes from a function, which is asked for every request. Runs against a local server of its own.
"""

import asyncio
import itertools
from concurrent.futures import ThreadPoolExecutor

from opper_chat import AsyncOpper, Opper
from opper_chat.testing import LocalServer

TOKENS = itertools.count(1)


def token() -> str:
    """Give a key. A real one would come from whoever issues keys that live shortly."""
    return f"token-{next(TOKENS)}"


async def async_token() -> str:
    """Give a key, of which the waiting holds nobody up."""
    await asyncio.sleep(0)
    return token()


def ask(client: Opper, number: int) -> str:
    """Make a call in whichever thread this runs in."""
    completion = client.chat.completions.create(messages=[{"role": "user", "content": f"Question {number}."}])
    return completion.choices[0].message.content or ""


async def ask_all(client: AsyncOpper, numbers: range) -> int:
    """Make calls in whichever event loop this runs in, and count the answers that are to their questions."""

    async def one(number: int) -> bool:
        completion = await client.chat.completions.create(messages=[{"role": "user", "content": f"Question {number}."}])
        return f"Question {number}." in (completion.choices[0].message.content or "")

    return sum(await asyncio.gather(*(one(number) for number in numbers)))


def event_loop(client: AsyncOpper) -> int:
    """Make calls in an event loop of their own."""
    return asyncio.run(ask_all(client, range(20)))


def threads(base_url: str) -> None:
    """Share a client among threads, and make another of it that is more patient."""
    with Opper(api_key=token, base_url=base_url, max_connections=4, deadline=30) as client:
        patient = client.with_options(deadline=300, max_retries=5)  # the same connections
        print("with options:", client.max_retries, "and", patient.max_retries, "retries")
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(ask, itertools.cycle([client, patient]), range(100)))
        right = sum(f"Question {number}." in answer for number, answer in enumerate(answers))
        print("threads:", right, "of", len(answers), "answers are to their questions, with", next(TOKENS) - 1, "tokens")


def event_loops(base_url: str) -> None:
    """Share a client among event loops: two one after the other, then four at once in threads."""
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

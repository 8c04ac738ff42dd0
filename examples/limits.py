"""Make 100 calls at once to a server that accepts 50 requests per second, with and without the rate limiter.

Runs against a local server that this script starts.
"""

import asyncio
import time
from collections import Counter

from opper_chat import AsyncOpper, RateLimitError
from opper_chat.testing import LocalServer, ReceivedRequest, Reply

CALLS = 100
A_SECOND = 50


class Limit:
    """The rate limit of the server: a number of requests per second, and as many at once after a pause."""

    def __init__(self) -> None:
        self.tokens = 10.0
        self.counted = time.monotonic()
        self.statuses: Counter[int] = Counter()

    def __call__(self, _: ReceivedRequest) -> Reply | None:
        """Accept a request, or refuse it."""
        now = time.monotonic()
        self.tokens = min(10.0, self.tokens + (now - self.counted) * A_SECOND)
        self.counted = now
        allowed = self.tokens >= 1
        self.tokens -= allowed
        self.statuses[200 if allowed else 429] += 1
        return None if allowed else Reply.json({"error": "Slow down."}, status=429)


async def run(server: LocalServer, *, adaptive: bool) -> None:
    """Make the calls, and print how many succeeded."""
    limit, failed = Limit(), 0
    server.reply(*[limit] * CALLS * 10)
    async with AsyncOpper(
        api_key="local",
        base_url=server.base_url,
        max_concurrency=20 if adaptive else None,
        adaptive_rate_limit=adaptive,
    ) as client:

        async def call(number: int) -> None:
            nonlocal failed
            try:
                await client.chat.completions.create(messages=[{"role": "user", "content": f"Question {number}"}])
            except RateLimitError:
                failed += 1

        began = time.monotonic()
        await asyncio.gather(*(call(number) for number in range(CALLS)))
    print(
        f"{'with' if adaptive else 'without'} the limiter: {CALLS - failed} of {CALLS} calls succeeded in "
        f"{time.monotonic() - began:.1f} s, {limit.statuses[429]} requests refused"
    )


if __name__ == "__main__":
    for adaptive in (False, True):
        with LocalServer() as server:
            asyncio.run(run(server, adaptive=adaptive))

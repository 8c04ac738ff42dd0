"""Many callers against a server that lets so many requests a second in: `python benchmarks/storm.py`.

Prints for each kind of limit, and for threads and tasks, the successes a second as a share of what the server allows
(R); the share of 429 among all answers, and among those to requests that were sent after the first 429 was known; and
how evenly the callers were served. The server is a process of its own, and says nothing but 200 and 429. Ends with 1
where a run with the limiter gets less than 95 % of R, or more than 2 % of 429 once one was known.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, NamedTuple, TypedDict

from opper_chat import APITimeoutError, AsyncOpper, Opper, RateLimitError
from opper_chat.testing import FixedWindow, SlidingWindow, TokenBucket
from opper_chat_api.params import ChatMessageParam

KINDS: dict[str, Callable[[float], TokenBucket | FixedWindow | SlidingWindow]] = {
    "bucket": TokenBucket,
    "small bucket": lambda rate: TokenBucket(rate, max(2, rate / 10)),
    "fixed window": FixedWindow,
    "sliding window": SlidingWindow,
}
MESSAGE = {"role": "assistant", "content": "Yes."}
COMPLETION = {
    "id": "1", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": MESSAGE}],
}  # fmt: skip
ERROR = {"error": {"message": "Slow down.", "code": "rate_limit_exceeded"}}
MESSAGES: list[ChatMessageParam] = [{"role": "user", "content": "Is it late?"}]
ASKED: ContextVar[float | None] = ContextVar("asked", default=None)
"""When the call of this task or thread was made, until its first request is sent."""


class Limits(TypedDict):
    """The settings of a client that this is about, and as many tries as a call needs."""

    max_concurrency: int | None
    adaptive: bool
    max_retries: int


class Server(asyncio.Protocol):
    """Answers each request after the latency, as the limit says."""

    def __init__(self, allows: Callable[[float], bool], latency: float) -> None:
        self._allows = allows
        self._latency = latency
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if not found or len(body) < length:
            return
        self._received = body[length:]
        allowed = self._allows(monotonic())
        text = json.dumps(COMPLETION if allowed else ERROR).encode()
        status = b"200 OK" if allowed else b"429 Too Many Requests"
        answer = b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (status, len(text))
        asyncio.get_running_loop().call_later(self._latency, self._transport.write, answer + text)


async def serve(kind: str, rate: float, latency: float) -> None:
    allows = KINDS[kind](rate).allows
    server = await asyncio.get_running_loop().create_server(lambda: Server(allows, latency), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # until the parent is gone


class Answer(NamedTuple):
    """One answer; times in seconds since the run began."""

    sent: float
    came: float
    status: int


@dataclass
class Seen:
    """What came of a run."""

    seconds: float
    began: float = 0.0
    answers: list[Answer] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    """Seconds that each call waited for its place and its first turn."""
    served: list[int] = field(default_factory=list)
    """Successes of each caller."""

    def successes(self) -> float:
        """Those a second."""
        return sum(answer.status == 200 for answer in self.answers) / self.seconds

    def refused(self, sent_since: float = 0.0) -> float:
        """The share of 429 among the answers."""
        statuses = [answer.status for answer in self.answers if answer.sent >= sent_since]
        return statuses.count(429) / max(len(statuses), 1)

    def first_known(self) -> float:
        """When the first 429 came."""
        return min((answer.came for answer in self.answers if answer.status == 429), default=0.0)

    def left(self) -> float:
        """Seconds until the run is over."""
        return self.began + self.seconds - monotonic()

    def add(self, sent: float, status: int) -> None:
        if self.left() > 0:
            self.answers.append(Answer(sent - self.began, monotonic() - self.began, status))


def hooks(seen: Seen) -> dict[str, list[Callable[[Any], None]]]:
    """What is called with each request as it is sent, and with the head of each answer."""

    def request_hook(request: Any) -> None:
        sent = request.extensions["sent"] = monotonic()
        if (asked := ASKED.get()) is not None:
            seen.waits.append(sent - asked)
            ASKED.set(None)

    def response_hook(response: Any) -> None:
        seen.add(response.request.extensions["sent"], response.status_code)

    return {"request": [request_hook], "response": [response_hook]}


def async_hooks(seen: Seen) -> dict[str, list[Callable[[Any], Awaitable[None]]]]:
    """The same to be awaited."""

    def awaited(hook: Callable[[Any], None]) -> Callable[[Any], Awaitable[None]]:
        async def call(event: Any) -> None:
            hook(event)

        return call

    return {name: [awaited(hook) for hook in given] for name, given in hooks(seen).items()}


async def caller(seen: Seen, client: AsyncOpper) -> None:
    served = 0
    while (left := seen.left()) > 0:
        ASKED.set(monotonic())
        try:
            await client.chat.completions.create(messages=MESSAGES, deadline=left)
            served += 1
        except (RateLimitError, APITimeoutError):
            pass  # the end of the run is nearer than the next try
    seen.served.append(served)


async def storm_async(seen: Seen, url: str, callers: int, limits: Limits) -> None:
    async with AsyncOpper(**limits, api_key="storm", base_url=url, event_hooks=async_hooks(seen)) as client:
        seen.began = monotonic()
        async with asyncio.TaskGroup() as group:
            for _ in range(callers):
                group.create_task(caller(seen, client))


def caller_sync(seen: Seen, client: Opper) -> None:
    served = 0
    while (left := seen.left()) > 0:
        ASKED.set(monotonic())
        try:
            client.chat.completions.create(messages=MESSAGES, deadline=left)
            served += 1
        except (RateLimitError, APITimeoutError):
            pass
    seen.served.append(served)


def storm_sync(seen: Seen, url: str, callers: int, limits: Limits) -> None:
    with Opper(**limits, api_key="storm", base_url=url, event_hooks=hooks(seen)) as client:
        seen.began = monotonic()
        threads = [threading.Thread(target=caller_sync, args=(seen, client)) for _ in range(callers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def run(kind: str, rate: float, shell: str, options: argparse.Namespace, *, adaptive: bool = True) -> bool:
    """Make one run against a server of its own, print a line, and return whether it was good."""
    command = [sys.executable, __file__, "--serve", kind, str(rate), str(options.latency)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/v2/openai"
        seen = Seen(options.seconds)
        limits = Limits(max_concurrency=options.concurrency if adaptive else None, adaptive=adaptive, max_retries=100)
        try:
            if shell == "tasks":
                asyncio.run(storm_async(seen, url, options.callers, limits))
            else:
                storm_sync(seen, url, options.callers, limits)
        finally:
            server.terminate()
    share, refused, later = seen.successes() / rate, seen.refused(), seen.refused(seen.first_known())
    waits = [1000 * wait for wait in statistics.quantiles(seen.waits, n=100)]
    print(
        f"{kind:14s} {rate:5g} {shell:7s} {'yes' if adaptive else 'no':7s} {share:7.1%} {refused:7.2%} {later:7.2%} "
        f"{waits[49]:9.0f} {waits[98]:7.0f} {1000 * max(seen.waits):7.0f} {min(seen.served):9d} {max(seen.served):4d}",
        flush=True,
    )
    return share >= 0.95 and later <= 0.02


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--serve", nargs=3, metavar=("KIND", "RATE", "LATENCY"), help=argparse.SUPPRESS)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=["bucket", "fixed window"])
    parser.add_argument("--rates", nargs="+", type=float, default=[50, 100, 200])
    parser.add_argument("--shells", nargs="+", choices=["threads", "tasks"], default=["threads", "tasks"])
    parser.add_argument("--callers", type=int, default=50)
    parser.add_argument("--concurrency", type=int, default=16, help="calls in flight, with the limiter")
    parser.add_argument("--latency", type=float, default=0.02, help="seconds")
    parser.add_argument("--seconds", type=float, default=12.0, help="of each run")
    options = parser.parse_args()
    if options.serve:
        kind, rate, latency = options.serve
        asyncio.run(serve(kind, float(rate), float(latency)))
        return 0
    print(
        f"{options.callers} callers, {options.concurrency} in flight, {options.seconds:g} s each, "
        f"latency {1000 * options.latency:g} ms. Waits for a place and a turn in ms; successes of the callers.\n"
        f"{'limit':14s} {'R':>5s} {'callers':7s} limiter {'of R':>7s} {'429':>7s} {'then':>7s} "
        f"{'wait: 50%':>9s} {'99%':>7s} {'100%':>7s} {'least':>9s} most"
    )
    for shell in options.shells:
        short = argparse.Namespace(**{**vars(options), "seconds": min(options.seconds, 6.0)})
        run(options.kinds[0], options.rates[-1], shell, short, adaptive=False)
    good = [
        run(kind, rate, shell, options)
        for kind in options.kinds for rate in options.rates for shell in options.shells
    ]  # fmt: skip
    print(f"{good.count(True)} of {len(good)} runs with the limiter: at least 95 % of R, then at most 2 % of 429")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())

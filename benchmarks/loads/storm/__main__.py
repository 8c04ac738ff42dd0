"""Many callers against a server that refuses requests with 429: `python -m benchmarks.loads.storm`.

Three tables, for threads and for tasks. The server is a process of its own, and responds with nothing but 200 and 429.

- `limits`: the server accepts R requests a second. Prints the successes a second as a share of R; the share of 429
  among all responses, and among those to requests that were sent after the first 429 was known; and how evenly the
  callers were served. A run is good with at least 95 % of R, and at most 2 % of 429 once one was known.
- `healthy`: the server refuses a single request, or a share of them at random, however many come. Prints the successes
  a second with the limiter and without it. A run is good if no call failed, and if it takes at most 2 seconds longer
  (a single refusal), or gets at least 80 % of the throughput (a share of up to 5 %).
- `processes`: two and eight processes share a limit of R. Printed only.

Ends with 1 where a run is not good.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from math import inf
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


class Single:
    """Refuse the request of this number, counted from 1."""

    def __init__(self, number: float) -> None:
        self._left = number

    def allows(self, _: float) -> bool:
        self._left -= 1
        return self._left != 0


class Stray:
    """Refuse this share of the requests, at random."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._chance = random.Random(1)

    def allows(self, _: float) -> bool:
        return self._chance.random() >= self._share


SINGLE = "single 429 at"
HEALTHY: dict[str, Callable[[float], Single | Stray]] = {SINGLE: Single, "stray 429 share": Stray}
MESSAGE = {"role": "assistant", "content": "Yes."}
COMPLETION = {
    "id": "1", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": MESSAGE}],
}  # fmt: skip
ERROR = {"error": {"message": "Slow down.", "code": "rate_limit_exceeded"}}
MESSAGES: list[ChatMessageParam] = [{"role": "user", "content": "Is it late?"}]
WAIT = 5.0
"""Seconds of the longest wait before a third retry: a call that fails nearer to the end of a run had no time for it."""
ASKED: ContextVar[float | None] = ContextVar("asked", default=None)
"""When the call of this task or thread was made, until its first request is sent."""


class Limits(TypedDict):
    """The settings of a client that this is about."""

    max_concurrency: int | None
    adaptive: bool
    max_retries: int


class Server(asyncio.Protocol):
    """Answers each request after the latency, as the limit says."""

    def __init__(self, allows: Callable[[float], bool], latency: float, retry_after: str = "") -> None:
        self._allows = allows
        self._latency = latency
        self._headers = f"retry-after: {retry_after}\r\n".encode() if retry_after else b""
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
        headers = (b"" if allowed else self._headers) + b"content-length: %d\r\n\r\n" % len(text)
        answer = b"HTTP/1.1 %s\r\ncontent-type: application/json\r\n" % status + headers
        asyncio.get_running_loop().call_later(self._latency, self._transport.write, answer + text)


async def serve(kind: str, value: float, latency: float, retry_after: str) -> None:
    allows = ({**KINDS, **HEALTHY})[kind](value).allows
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Server(allows, latency, retry_after), "127.0.0.1", 0)
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
    calls: float = inf  # that are still to be made
    failed: int = 0
    ended: float = 0.0

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

    def has_call(self) -> bool:
        """Take one of the calls that are to be made, if there is any."""
        self.calls -= 1
        return self.calls >= 0 and self.left() > 0

    def deadline(self) -> float:
        return max(min(self.left(), 60.0), 0.001)

    def fail(self) -> None:
        """Count a call that failed, unless it failed for the end of the run."""
        self.failed += self.left() > WAIT

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
    while seen.has_call():
        ASKED.set(monotonic())
        try:
            await client.chat.completions.create(messages=MESSAGES, deadline=seen.deadline())
            served += 1
        except (RateLimitError, APITimeoutError):  # maybe the end of the run is nearer than the next try
            seen.fail()
    seen.served.append(served)


async def storm_async(seen: Seen, url: str, callers: int, limits: Limits) -> None:
    async with AsyncOpper(**limits, api_key="storm", base_url=url, event_hooks=async_hooks(seen)) as client:
        seen.began = monotonic()
        async with asyncio.TaskGroup() as group:
            for _ in range(callers):
                group.create_task(caller(seen, client))


def caller_sync(seen: Seen, client: Opper) -> None:
    served = 0
    while seen.has_call():
        ASKED.set(monotonic())
        try:
            client.chat.completions.create(messages=MESSAGES, deadline=seen.deadline())
            served += 1
        except (RateLimitError, APITimeoutError):
            seen.fail()
    seen.served.append(served)


def storm_sync(seen: Seen, url: str, callers: int, limits: Limits) -> None:
    with Opper(**limits, api_key="storm", base_url=url, event_hooks=hooks(seen)) as client:
        seen.began = monotonic()
        threads = [threading.Thread(target=caller_sync, args=(seen, client)) for _ in range(callers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


@contextmanager
def serving(kind: str, value: float, latency: float, retry_after: str = "") -> Iterator[str]:
    """Start a server of its own, and give its address."""
    command = [sys.executable, "-m", "benchmarks.loads.storm", "--serve", kind, str(value), str(latency), retry_after]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}/v2/openai"
        finally:
            server.terminate()


def storm(seen: Seen, url: str, shell: str, callers: int, limits: Limits) -> Seen:
    if shell == "tasks":
        asyncio.run(storm_async(seen, url, callers, limits))
    else:
        storm_sync(seen, url, callers, limits)
    seen.ended = monotonic()
    return seen


def run(kind: str, rate: float, shell: str, options: argparse.Namespace, *, adaptive: bool = True) -> bool:
    """Make one run against a limit, print a line, and return whether it was good."""
    limits = Limits(
        max_concurrency=options.concurrency if adaptive else None, adaptive_rate_limit=adaptive, max_retries=100
    )
    with serving(kind, rate, options.latency) as url:
        seen = storm(Seen(options.seconds), url, shell, options.callers, limits)
    share, refused, later = seen.successes() / rate, seen.refused(), seen.refused(seen.first_known())
    waits = [1000 * wait for wait in statistics.quantiles(seen.waits, n=100)]
    print(
        f"{kind:14s} {rate:5g} {shell:7s} {'yes' if adaptive else 'no':7s} {share:7.1%} {refused:7.2%} {later:7.2%} "
        f"{waits[49]:9.0f} {waits[98]:7.0f} {1000 * max(seen.waits):7.0f} {min(seen.served):9d} {max(seen.served):4d}",
        flush=True,
    )
    return share >= 0.95 and later <= 0.02


def run_healthy(kind: str, value: float, retry_after: str, shell: str, options: argparse.Namespace) -> bool:
    """Make one run without the limiter and one with it, print a line, and return whether they were good."""
    runs = []
    for adaptive in (False, True):
        seen = Seen(120.0, calls=1000.0 if value == 300 else 300.0) if kind == SINGLE else Seen(options.healthy_seconds)
        limits = Limits(max_concurrency=50, adaptive_rate_limit=adaptive, max_retries=3)
        with serving(kind, value, 0.05 if kind == SINGLE else 0.2, retry_after) as url:
            runs.append(storm(seen, url, shell, 50, limits))
    took = [run.ended - run.began for run in runs]
    rates = [sum(run.served) / seconds for run, seconds in zip(runs, took, strict=True)]
    print(
        f"{kind:16s} {value:5g} {retry_after or '-':>11s} {shell:7s} {took[0]:8.2f} {took[1]:8.2f} {rates[0]:8.0f} "
        f"{rates[1]:8.0f} {rates[1] / rates[0]:7.0%} {runs[0].failed:9d} {runs[1].failed:7d}",
        flush=True,
    )
    good = took[1] <= took[0] + 2 if kind == SINGLE else rates[1] >= 0.8 * rates[0] or value > 0.05
    return good and (value > 0.05 or not runs[1].failed)


def run_processes(kind: str, rate: float, processes: int, options: argparse.Namespace) -> None:
    """Have processes share a limit, and print a line."""
    with serving(kind, rate, options.latency) as url:
        command = [
            sys.executable,
            "-m",
            "benchmarks.loads.storm",
            "--client",
            url,
            "--seconds",
            str(options.process_seconds),
        ]
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        clients: list[Any] = [subprocess.Popen(command, **pipes) for _ in range(processes)]
        for client in clients:
            client.stdout.readline()  # it has made its first call, and loaded what that needs
        for client in clients:
            client.stdin.close()
        seen = [json.loads(client.stdout.read()) for client in clients]
    accepted = [each["accepted"] for each in seen]
    refused = sum(each["refused"] for each in seen)
    share = sum(accepted) / options.process_seconds / rate
    print(
        f"{kind:14s} {rate:5g} {processes:9d} {share:7.1%} {refused / (refused + sum(accepted)):7.2%} "
        f"{min(accepted):6d} {max(accepted):5d}",
        flush=True,
    )


def be_client(url: str, options: argparse.Namespace) -> int:
    """Be one of the processes, and print what it saw."""
    storm(
        Seen(60.0, calls=1), url, "tasks", 1, Limits(max_concurrency=None, adaptive_rate_limit=False, max_retries=100)
    )
    print("ready", flush=True)
    sys.stdin.read()
    limits = Limits(max_concurrency=options.concurrency, adaptive_rate_limit=True, max_retries=100)
    seen = storm(Seen(options.seconds), url, "tasks", options.callers, limits)
    statuses = [answer.status for answer in seen.answers]
    print(json.dumps({"accepted": statuses.count(200), "refused": statuses.count(429)}))
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--serve", nargs=4, metavar=("KIND", "VALUE", "LATENCY", "RETRY"), help=argparse.SUPPRESS)
    parser.add_argument("--client", metavar="URL", help=argparse.SUPPRESS)
    tables = ["limits", "healthy", "processes"]
    parser.add_argument("--tables", nargs="+", choices=tables, default=tables)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=["bucket", "fixed window"])
    parser.add_argument("--rates", nargs="+", type=float, default=[50, 100, 200])
    parser.add_argument("--shells", nargs="+", choices=["threads", "tasks"], default=["threads", "tasks"])
    parser.add_argument("--callers", type=int, default=50)
    parser.add_argument("--concurrency", type=int, default=16, help="calls in flight, with the limiter")
    parser.add_argument("--latency", type=float, default=0.02, help="seconds")
    parser.add_argument("--seconds", type=float, default=12.0, help="of each run against a limit")
    parser.add_argument("--healthy-seconds", type=float, default=12.0, help="of each run with stray 429")
    parser.add_argument("--process-seconds", type=float, default=20.0, help="of each run of several processes")
    options = parser.parse_args()
    if options.serve:
        kind, value, latency, retry_after = options.serve
        asyncio.run(serve(kind, float(value), float(latency), retry_after))
        return 0
    if options.client:
        return be_client(options.client, options)
    good = print_limits(options) if "limits" in options.tables else []
    good += print_healthy(options) if "healthy" in options.tables else []
    if "processes" in options.tables:
        print(f"\n{'limit':14s} {'R':>5s} {'processes':>9s} {'of R':>7s} {'429':>7s} {'least':>6s} {'most':>5s}")
        for kind in options.kinds:
            run_processes(kind, 100.0, 2, options)
            run_processes(kind, 100.0, 8, options)
    print(f"{good.count(True)} of {len(good)} runs are good")
    return 0 if all(good) else 1


def print_limits(options: argparse.Namespace) -> list[bool]:
    print(
        f"{options.callers} callers, {options.concurrency} in flight, {options.seconds:g} s each, "
        f"latency {1000 * options.latency:g} ms. Waits for a permit in ms; successes of the callers.\n"
        f"{'limit':14s} {'R':>5s} {'callers':7s} limiter {'of R':>7s} {'429':>7s} {'then':>7s} "
        f"{'wait: 50%':>9s} {'99%':>7s} {'100%':>7s} {'least':>9s} most"
    )
    for shell in options.shells:
        short = argparse.Namespace(**{**vars(options), "seconds": min(options.seconds, 6.0)})
        run(options.kinds[0], options.rates[-1], shell, short, adaptive=False)
    return [
        run(kind, rate, shell, options)
        for kind in options.kinds for rate in options.rates for shell in options.shells
    ]  # fmt: skip


def print_healthy(options: argparse.Namespace) -> list[bool]:
    print(
        "\n50 callers, 50 in flight, latency 50 ms (single) or 200 ms, max_retries=3; without and with the limiter.\n"
        f"{'server':16s} {'value':>5s} {'retry-after':>11s} {'callers':7s} {'s: no':>8s} {'yes':>8s} {'rate: no':>8s} "
        f"{'yes':>8s} {'share':>7s} {'fail: no':>9s} {'yes':>7s}"
    )
    rows = [(SINGLE, number, "") for number in (1.0, 2.0, 25.0, 60.0, 300.0)]
    rows += [("stray 429 share", share, after) for share in (0.01, 0.02, 0.05, 0.1) for after in ("", "1")]
    return [run_healthy(*row, shell, options) for shell in options.shells for row in rows]


if __name__ == "__main__":
    sys.exit(main())

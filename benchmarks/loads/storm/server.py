"""The server of the storm, in a process of its own: it sends 200, and 429 as its rate limit requires."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from opper_chat.testing import FixedWindow, SlidingWindow, TokenBucket

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


class Server(asyncio.Protocol):
    """Responds to each request after the latency: 200, or 429 if the limit refuses it."""

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
        head = b"HTTP/1.1 %s\r\ncontent-type: application/json\r\n" % status + headers
        asyncio.get_running_loop().call_later(self._latency, self._transport.write, head + text)


async def serve(kind: str, value: float, latency: float, retry_after: str) -> None:
    allows = ({**KINDS, **HEALTHY})[kind](value).allows
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Server(allows, latency, retry_after), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # until the parent is gone


@contextmanager
def serving(kind: str, value: float, latency: float, retry_after: str = "") -> Iterator[str]:
    """Start a server of its own, and give its address."""
    command = [sys.executable, "-m", "benchmarks.loads.storm.server", kind, str(value), str(latency), retry_after]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}/v2/openai"
        finally:
            server.terminate()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), sys.argv[4]))

"""A server of completions that counts requests by row, in a process of its own: `python model_server.py LATENCY`.

It prints its port. The text of a message is the number of the row: one row in 20 is refused, one in 20 fails the first
time. `GET /counts` returns the number of requests for each row, and the times of the first and the last request.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from time import monotonic
from typing import Any

POISON, FLAKY, EVERY = 7, 13, 20
"""The remainders of the rows that are refused, and of those that fail the first time."""

KEY = "key-of-the-workers"


class State:
    """What the server has received."""

    def __init__(self, latency: float) -> None:
        self.latency = latency
        self.counts: Counter[int] = Counter()
        self.times: list[float] = []


def completion(number: int) -> dict[str, Any]:
    """The completion of a row."""
    return {
        "id": f"c{number}", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{
            "index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": f"Row {number}."},
        }],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    }  # fmt: skip


class Connection(asyncio.Protocol):
    """Responds to each request after the latency."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        lower = head.lower()
        length = int(lower.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if not found or len(body) < length:
            return
        self._received = body[length:]
        if head.startswith(b"GET"):
            times = self._state.times
            self._write(200, {"counts": self._state.counts, "first": times[:1], "last": times[-1:], "times": times})
        elif KEY.encode() not in head:
            self._write(401, {"error": {"message": "The key is wrong."}})
        else:
            self._complete(json.loads(body[:length]))

    def _complete(self, body: dict[str, Any]) -> None:
        state, number = self._state, int(body["messages"][0]["content"].split()[-1])
        state.counts[number] += 1
        state.times.append(monotonic())
        kind, headers = number % EVERY, b"x-opper-cost: 0.001\r\n"
        if kind == POISON:
            status, reply = 400, {"error": {"message": f"Row {number} is poison."}}
        elif kind == FLAKY and state.counts[number] == 1:
            status, reply, headers = 503, {"error": {"message": "Busy."}}, b"retry-after-ms: 20\r\n"
        else:
            status, reply = 200, completion(number)
        asyncio.get_running_loop().call_later(state.latency, self._write, status, reply, headers)

    def _write(self, status: int, reply: dict[str, Any], headers: bytes = b"") -> None:
        content = json.dumps(reply).encode()
        head = b"HTTP/1.1 %d Status\r\ncontent-type: application/json\r\n%s" % (status, headers)
        self._transport.write(b"%scontent-length: %d\r\n\r\n%s" % (head, len(content), content))


async def serve(latency: float) -> None:
    """Serve until stdin ends."""
    state = State(latency)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(state), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))

"""The upper limit of speed: a bare socket and orjson, for responses of this server alone, without error handling.

No client can be faster than this with the same server on the same machine.
"""

from __future__ import annotations

import asyncio
import socket
from urllib.parse import urlsplit

import orjson

from . import BODY, Moment, now

END = b"0\r\n\r\n"


def request(url: str) -> bytes:
    parts = urlsplit(url)
    body = orjson.dumps(BODY)
    head = f"POST {parts.path}/chat/completions HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-length: {len(body)}\r\n\r\n"
    return b"%b%b" % (head.encode(), body)


def read(lines: list[bytes]) -> int:
    """Read the events among whole lines; return how many there were."""
    count = 0
    for line in lines:
        if line.startswith(b"data: {"):
            _ = orjson.loads(line[6:])["choices"][0]["delta"].get("content")
            count += 1
    return count


class Sync:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.peer = socket.create_connection((parts.hostname, parts.port))
        self.request = request(url)

    def call(self) -> int:
        self.peer.sendall(self.request)
        data = self.peer.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(head.rpartition(b" ")[2])
        parts_of_body = [body]
        while (length := length - len(parts_of_body[-1])) > 0:
            parts_of_body.append(self.peer.recv(65536))
        return len(orjson.loads(b"".join(parts_of_body))["choices"][0]["message"]["content"])

    def stream(self) -> int:
        self.peer.sendall(self.request)
        count, rest, receive = 0, b"", self.peer.recv
        while True:
            data = rest + receive(65536)
            lines = data.split(b"\n")
            rest = lines.pop()
            count += read(lines)
            if data.endswith(END):
                return count

    def first(self) -> Moment:
        self.peer.sendall(self.request)
        came: Moment | None = None
        data = b""
        while not data.endswith(END):
            data += self.peer.recv(65536)
            if came is None and (start := data.find(b"data: {")) >= 0 and (end := data.find(b"\n", start)) >= 0:
                orjson.loads(data[start + 6 : end])
                came = now()
        assert came
        return came

    def close(self) -> None:
        self.peer.close()


class ResponseProtocol(asyncio.Protocol):
    """The responses of a connection, one after another."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.begin()

    def begin(self) -> asyncio.Future[None]:
        self.done = asyncio.get_running_loop().create_future()
        self.count, self.rest = 0, b""
        self.first: Moment | None = None
        return self.done

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        data = self.rest + data
        lines = data.split(b"\n")
        self.rest = lines.pop()
        self.count += read(lines)
        if self.count and self.first is None:
            self.first = now()
        if data.endswith(END):
            self.done.set_result(None)


class Async:
    """Streams alone."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "", parts.port or 80
        self.request = request(url)
        self.idle: list[ResponseProtocol] = []

    async def receive(self) -> ResponseProtocol:
        loop = asyncio.get_running_loop()
        protocol = (
            self.idle.pop() if self.idle else (await loop.create_connection(ResponseProtocol, self.host, self.port))[1]
        )
        assert protocol.transport is not None
        done = protocol.begin()
        protocol.transport.write(self.request)
        await done
        self.idle.append(protocol)
        return protocol

    async def stream(self) -> int:
        return (await self.receive()).count

    async def first(self) -> Moment:
        came = (await self.receive()).first
        assert came
        return came

    async def close(self) -> None:
        for protocol in self.idle:
            assert protocol.transport is not None
            protocol.transport.close()

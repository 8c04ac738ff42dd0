"""The default HTTP client by itself, with requests that no call makes: HEAD, and bodies of unknown length.

This package's own connections frame neither, so a connection of httpcore carries them.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
import trio
from opper_chat import DefaultAsyncHttpxClient, DefaultHttpxClient
from raw_server import Raw

Request = tuple[str, dict[str, Any]]
KINDS = ["sync", "asyncio", "trio"]


class Recorder(Raw):
    """A server that responds to every request, and records each with the number of its connection.

    Attributes:
        requests: The number of the connection, the headers in lower case and the body of each request.
    """

    def __init__(self, respond: Callable[[bytes], bytes]) -> None:
        super().__init__(self._serve_requests)
        self.requests: list[tuple[int, bytes, bytes]] = []
        self._respond = respond

    def _serve_requests(self, connection: socket.socket, number: int) -> None:
        data = b""
        while True:
            while b"\r\n\r\n" not in data:
                received = connection.recv(65536)
                if not received:
                    return
                data += received
            headers, _, data = data.partition(b"\r\n\r\n")
            headers = headers.lower()
            chunked = b"transfer-encoding: chunked" in headers
            length = int(headers.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            while not data.endswith(b"0\r\n\r\n") if chunked else len(data) < length:
                data += connection.recv(65536)
            self.requests.append((number, headers, data))
            data = b""
            connection.sendall(self._respond(headers))


def send(kind: str, requests: list[Request], url: str) -> list[httpx.Response]:
    """Send requests one after the other by one client, and return the responses with their bodies."""
    if kind == "sync":
        with DefaultHttpxClient(timeout=5) as client:
            return [client.request(method, url, **options) for method, options in requests]

    async def run() -> list[httpx.Response]:
        async with DefaultAsyncHttpxClient(timeout=5) as client:
            return [await client.request(method, url, **options) for method, options in requests]

    return trio.run(run) if kind == "trio" else asyncio.run(run())


def parts(kind: str) -> Any:
    """Return a body of unknown length."""

    def generate() -> Iterator[bytes]:
        yield b"a" * 10
        yield b"b" * 100_000

    async def generate_async() -> AsyncIterator[bytes]:
        for part in generate():
            yield part

    return generate() if kind == "sync" else generate_async()


BODY = b"a" * 10 + b"b" * 100_000
CHUNKED = b"a\r\n" + b"a" * 10 + b"\r\n186a0\r\n" + b"b" * 100_000 + b"\r\n0\r\n\r\n"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("framing", [b"content-length: 5", b"transfer-encoding: chunked"])
def test_head(kind: str, framing: bytes) -> None:
    """Has no body, whatever the headers announce, and its connection is used again (RFC 9112 section 6.3, rule 1)."""

    def respond(headers: bytes) -> bytes:
        if headers.startswith(b"head "):
            return b"HTTP/1.1 200 OK\r\n%s\r\n\r\n" % framing
        return b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbody"

    with Recorder(respond) as server:
        responses = send(kind, [("HEAD", {}), ("HEAD", {}), ("GET", {}), ("HEAD", {})], server.base_url)
        assert [response.content for response in responses] == [b"", b"", b"body", b""]
        name, _, value = framing.decode().partition(": ")
        assert responses[0].headers[name] == value
        assert [(number, headers[:4]) for number, headers, _ in server.requests] == [
            (0, b"head"), (0, b"head"), (1, b"get "), (0, b"head"),
        ]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [None, "Transfer-Encoding", "transfer-encoding"])
def test_a_chunked_upload(kind: str, name: str | None) -> None:
    """Is sent in chunks, however the header is spelled, and its connection is used again."""
    headers = {name: "chunked"} if name else {}
    with Recorder(lambda _: b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok") as server:
        requests = [("POST", {"content": parts(kind), "headers": headers}) for _ in range(2)]
        assert [response.text for response in send(kind, requests, server.base_url)] == ["ok", "ok"]
        assert [(number, body) for number, _, body in server.requests] == [(0, CHUNKED), (0, CHUNKED)]
        assert all(b"content-length" not in headers for _, headers, _ in server.requests)


@pytest.mark.parametrize("kind", KINDS)
def test_an_upload_of_a_given_length(kind: str) -> None:
    """Is sent as one body, by this package's own connection, and is refused if the length is another."""
    length = {"content-length": str(len(BODY))}
    with Recorder(lambda _: b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok") as server:
        [response] = send(kind, [("POST", {"content": parts(kind), "headers": length})], server.base_url)
        assert response.text == "ok"
        assert server.requests[0][2] == BODY
        with pytest.raises(Exception, match="content-length") as caught:
            send(kind, [("POST", {"content": parts(kind), "headers": {"content-length": "7"}})], server.base_url)
        assert type(caught.value).__name__ == "LocalProtocolError"
        assert len(server.requests) == 1

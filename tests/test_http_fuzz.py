"""Random responses through both clients: errors of this package alone, and never another reading than that of h11."""

import asyncio
import contextlib
import itertools
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import h11
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from opper_chat import APIConnectionError, APIError, APITimeoutError, AsyncOpper, Opper
from opper_chat_api.params import ChatMessageParam
from raw_server import requested_path

HELLO: list[ChatMessageParam] = [{"role": "user", "content": "Hello"}]


@dataclass
class FuzzServer:
    """Answers a request for ``/NUMBER/...`` with the pieces of that number, and ends the connection."""

    listener: socket.socket
    pieces: dict[str, list[bytes]] = field(default_factory=dict)

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for piece in self.pieces[requested_path(connection).split("/")[1]]:
                connection.sendall(piece)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass


@pytest.fixture(scope="module")
def fuzz_server() -> Iterator[FuzzServer]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = FuzzServer(listener)
        threading.Thread(target=server.accept, daemon=True).start()
        yield server
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


STATUS_LINES = [
    b"HTTP/1.1 200 OK", b"HTTP/1.1 200", b"HTTP/1.0 200 OK", b"HTTP/1.1 404 Not Found", b"HTTP/1.1 204 No Content",
    b"HTTP/1.1 304 Not Modified", b"HTTP/1.1 500 \xff", b"HTTP/1.2 200 OK", b"HTTP/1.1 99 x", b"HTTP/2 200",
    b"ICY 200 OK",
]  # fmt: skip
FIELDS = [
    b"content-length: 5", b"Content-Length: 05", b"content-length: 5, 5", b"content-length: 4", b"content-length: -5",
    b"transfer-encoding: chunked", b"Transfer-Encoding: Chunked", b"transfer-encoding: gzip, chunked",
    b"connection: close", b"connection: keep-alive", b"x: a", b"x:", b"x: \xe9", b"x: a\x00", b"x : a", b"x",
    b": a", b" a",
    b"x: a\r\n b", b"x: a\rb", b"content-type: text/event-stream",
]  # fmt: skip
INTERIM = [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 x\r\nlink: a\r\n\r\n", b"HTTP/1.1 101 x\r\n\r\n", b"\r\n"]
BODIES = [
    b"hello", b"hell", b"hello!", b"", b"5\r\nhello\r\n0\r\n\r\n", b"2;a=b\r\nhe\r\n003\r\nllo\r\n0\r\nx: y\r\n\r\n",
    b"5 \r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    b"5\r\nhello\r\n0\r\nno field\r\n\r\n",
    b"5\r\nhelloXX0\r\n\r\n", b"5\nhello\n0\n\n", b"g\r\n", b"5\r\nhel", b"data: {}\n\n",
]  # fmt: skip


@st.composite
def responses(draw: st.DrawFn) -> bytes:
    """Responses that are nearly right: parts that fit or do not, and up to three bytes that are others."""
    fields = draw(st.lists(st.sampled_from(FIELDS), max_size=4))
    line = draw(st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n"]))
    head = line.join([draw(st.sampled_from(STATUS_LINES)), *fields, b"", b""])
    data = bytearray(b"".join(draw(st.lists(st.sampled_from(INTERIM), max_size=1))))
    data += head + draw(st.sampled_from(BODIES))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data) - 1))
        data[at : at + draw(st.integers(0, 1))] = draw(
            st.sampled_from([b"", b"\r", b"\n", b"\x00", b" ", b":", b"0", b"\xff"])
        )
    return bytes(data)


def read_by_h11(data: bytes) -> tuple[int, bytes] | None:
    """Return the status and the body that another parser reads, or None where it refuses."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="POST", target="/", headers=[("host", "a"), ("content-length", "0")]))
    connection.send(h11.EndOfMessage())
    status, body, closed = 0, b"", False
    try:
        connection.receive_data(data)
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                if closed:
                    return None
                connection.receive_data(b"")
                closed = True
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return status, body
            elif not isinstance(event, h11.InformationalResponse) or event.status_code == 101:
                return None
    except h11.RemoteProtocolError:
        return None


def check(data: bytes, errors: list[Exception]) -> None:
    """Check what came of the same response, whole and in pieces."""
    for error in errors:
        assert isinstance(error, APIError), (data, error)
        assert not isinstance(error, APITimeoutError)
    first, *others = [
        (type(error), error.status_code, error.raw_body) for error in errors if isinstance(error, APIError)
    ]
    assert all(other == first for other in others), (data, errors)
    error = errors[0]
    assert isinstance(error, APIError)
    if not isinstance(error, APIConnectionError) and (other := read_by_h11(data)) is not None:
        assert (error.status_code, error.raw_body) == other


NUMBERS = itertools.count()
# The server ends every connection behind its response, which a client may see too late to make another.
SETTINGS: dict[str, Any] = {
    "api_key": "key",
    "base_url": "http://127.0.0.1:9",
    "max_retries": 0,
    "timeout": 10,
    "default_headers": {"connection": "close"},
}
FUZZ = settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def offered(server: FuzzServer, data: bytes, size: int) -> str:
    """Have the server answer with the pieces; return the address."""
    number = str(next(NUMBERS))
    server.pieces[number] = [data[start : start + size] for start in range(0, len(data), size)]
    return f"http://127.0.0.1:{server.listener.getsockname()[1]}/{number}"


@pytest.fixture(scope="module")
def closing_client() -> Iterator[Opper]:
    with Opper(**SETTINGS) as client:
        yield client


@given(data=responses(), size=st.integers(1, 40), stream=st.booleans())
@settings(FUZZ, max_examples=400)
def test_random_responses(fuzz_server: FuzzServer, closing_client: Opper, data: bytes, size: int, stream: bool) -> None:
    """Are read alike however they are cut, and as h11 reads them where neither refuses."""
    errors: list[Exception] = []
    for piece in (len(data), size):
        client = closing_client.with_options(base_url=offered(fuzz_server, data, piece))
        with pytest.raises(APIError) as caught:
            answer: Any = client.chat.completions.create(messages=HELLO, stream=stream)  # type: ignore[call-overload]
            if stream:
                answer.get_final_completion()
        errors.append(caught.value)
    if stream:
        assert not any(isinstance(error, APITimeoutError) for error in errors)
    else:
        check(data, errors)


@given(batch=st.lists(st.tuples(responses(), st.integers(1, 40)), min_size=10, max_size=10))
@settings(FUZZ, max_examples=30)
def test_random_responses_in_an_event_loop(fuzz_server: FuzzServer, batch: list[tuple[bytes, int]]) -> None:
    """Are read as by the sync client."""

    async def call(client: AsyncOpper, address: str) -> Exception:
        with pytest.raises(APIError) as caught:
            await client.with_options(base_url=address).chat.completions.create(messages=HELLO)
        return caught.value

    async def run() -> None:
        async with AsyncOpper(**SETTINGS) as client:
            for data, size in batch:
                cuts = (len(data), size)
                check(data, [await call(client, offered(fuzz_server, data, cut)) for cut in cuts])

    asyncio.run(run())

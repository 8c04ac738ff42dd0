"""The network below the connections: time, turns, what is read ahead, addresses; under asyncio, uvloop and trio."""

import asyncio
import contextlib
import gc
import json
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from time import monotonic, sleep
from typing import Any, cast

import anyio
import pytest
import trio
from flavours import HELLO, Flavour
from opper_chat import APIConnectionError, APIError, APITimeoutError, AsyncOpper, Opper, StreamTruncatedError
from opper_chat._http.library import httpcore
from opper_chat._transport import async_network as network
from opper_chat._transport.network import Server
from opper_chat._transport.network import connect as connect_sync
from opper_chat.testing import LocalServer, Pause, Reply, chunk

STEPS = {"connect": 5.0}

Use = Callable[[network.AsyncNetworkStream, socket.socket], Awaitable[None]]


def connected(use: Use) -> None:
    """Use a connection, and the server's end of it, in an event loop of asyncio."""

    async def run(port: int, listener: socket.socket) -> None:
        stream = await network.connect(Server("127.0.0.1", port, None), STEPS, lambda stream: None)
        peer, _ = listener.accept()
        with peer:
            try:
                await use(stream, peer)
            finally:
                await stream.aclose()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        asyncio.run(run(listener.getsockname()[1], listener))


def test_the_time_of_a_read() -> None:
    """Is its own: shorter or longer than that of the read before, or none."""

    async def use(stream: network.AsyncNetworkStream, peer: socket.socket) -> None:
        peer.sendall(b"a")
        assert await stream.read(10, 60) == b"a"
        for seconds in (0.2, 0.1, 0.3):
            began = monotonic()
            with pytest.raises(httpcore.ReadTimeout):
                await stream.read(10, seconds)
            assert seconds - 0.02 < monotonic() - began < seconds + 1
        # The timer of the short one before is still there when the long one begins.
        peer.sendall(b"b")
        assert await stream.read(10, 0.1) == b"b"
        began = monotonic()
        with pytest.raises(httpcore.ReadTimeout):
            await stream.read(10, 0.3)
        assert 0.28 < monotonic() - began < 1.3
        peer.sendall(b"b")
        assert await stream.read(10, 0.1) == b"b"
        asyncio.get_running_loop().call_later(0.3, peer.sendall, b"c")
        assert await stream.read(10, 60) == b"c"
        peer.sendall(b"d")
        assert await stream.read(10, 0.1) == b"d"
        asyncio.get_running_loop().call_later(0.3, peer.sendall, b"e")
        assert await stream.read(10, None) == b"e"

    connected(use)


def test_a_read_that_is_cancelled() -> None:
    """Leaves what comes then to the next."""

    async def use(stream: network.AsyncNetworkStream, peer: socket.socket) -> None:
        reading = asyncio.create_task(stream.read(10, 60))
        await asyncio.sleep(0.05)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        peer.sendall(b"abc")
        await asyncio.sleep(0.05)
        assert [await stream.read(2, 60), await stream.read(2, 60)] == [b"ab", b"c"]

    connected(use)


def test_what_is_there_already() -> None:
    """Is read in turns: other tasks have theirs between two reads, and a task that is cancelled is told at the next."""

    async def use(stream: network.AsyncNetworkStream, peer: socket.socket) -> None:
        peer.sendall(b"x" * 1000)
        await asyncio.sleep(0.05)
        turns: list[str] = []

        async def read() -> None:
            while await stream.read(100, 60):
                turns.append("read")

        async def count() -> None:
            for _ in range(5):
                turns.append("other")
                await asyncio.sleep(0)

        reading = asyncio.create_task(read())
        await count()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert turns.count("read") < 10
        assert turns[:6] == ["other", "other", "read", "other", "read", "other"]

    connected(use)


def test_what_nobody_asked_for_yet() -> None:
    """Stays with the system beyond some of it, and comes in order when it is asked for."""
    sent = bytes(range(256)) * 80_000

    async def use(stream: network.AsyncNetworkStream, peer: socket.socket) -> None:
        sending = threading.Thread(target=peer.sendall, args=(sent,))
        sending.start()
        await asyncio.sleep(0.3)
        waiting: int = cast("Any", stream)._buffered
        assert 0 < waiting < 1_000_000
        assert sending.is_alive()
        read = bytearray()
        while len(read) < len(sent):
            read += await stream.read(16384, 5)
        assert bytes(read) == sent
        await asyncio.to_thread(sending.join)
        assert not await stream.is_readable()

    connected(use)


def test_the_end(flavour: Flavour) -> None:
    """Shows before it is read, whether the server closes or breaks off; so does what nobody asked for."""

    async def use(stream: Any, peer: socket.socket) -> None:
        assert not await told(stream.is_readable())
        peer.sendall(b"a")
        await asyncio.sleep(0.05)
        assert await told(stream.is_readable())
        assert await told(stream.read(10, 1)) == b"a"
        assert not await told(stream.is_readable())
        peer.close()
        await asyncio.sleep(0.05)
        assert await told(stream.is_readable())
        assert await told(stream.read(10, 1)) == b""

    async def told(result: Any) -> Any:
        return await result if isinstance(result, Awaitable) else result

    if flavour.kind == "async":
        connected(use)
        return
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stream = connect_sync(Server(*listener.getsockname(), None), STEPS, lambda stream: None)
        peer, _ = listener.accept()
        asyncio.run(use(stream, peer))
        stream.close()


@pytest.mark.parametrize("kind", ["sync", "asyncio", "trio"])
def test_what_a_connection_tells_of_itself(kind: str, server: Any) -> None:
    """By the names that httpcore has for it."""

    def looked(stream: Any, listener: socket.socket) -> None:
        info = stream.get_extra_info
        assert info("server_addr") == listener.getsockname()
        assert info("client_addr")[0] == "127.0.0.1"
        assert isinstance(info("socket").fileno(), int)
        assert info("is_readable") is False
        assert info("ssl_object") is None
        assert info("nonsense") is None

    def looked_again(stream: Any) -> None:
        assert stream.get_extra_info("is_readable") is True

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(*listener.getsockname(), None)

        async def run() -> None:
            stream = await network.connect(server, STEPS, lambda stream: None)
            looked(stream, listener)
            await stream.aclose()
            looked_again(stream)

        if kind == "sync":
            stream = connect_sync(server, STEPS, lambda stream: None)
            looked(stream, listener)
            stream.close()
            looked_again(stream)
        else:
            asyncio.run(run()) if kind == "asyncio" else trio.run(run)


# --- Addresses -----------------------------------------------------------------------------------


@contextlib.contextmanager
def full(place: str, port: int = 0) -> Iterator[int]:
    """Keep everybody waiting who connects."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((place, port))
        listener.listen(0)
        port = listener.getsockname()[1]
        for _ in range(8):  # they fill the queue of those who wait to be let in
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex((place, port))
        yield port


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses of the host ``several.localhost``."""
    known: list[str] = []
    found = socket.getaddrinfo

    def several(host: Any, *more: Any, **named: Any) -> list[Any]:
        hosts = known if host == "several.localhost" else [host]
        return [one for place in hosts for one in found(place, *more, **named)]

    monkeypatch.setattr(socket, "getaddrinfo", several)  # no name server is asked here
    return known


def reached(port: int, seconds: float) -> str:
    """Connect to the host of several addresses, and return the one that let us in."""

    async def run() -> str:
        server = Server("several.localhost", port, None)
        stream = await network.connect(server, {"connect": seconds}, lambda stream: None)
        place: Any = stream.get_extra_info("server_addr")
        await stream.aclose()
        return str(place[0])

    place = asyncio.run(run())
    gc.collect()  # a socket that was left open warns
    return place


def test_an_address_that_keeps_us_waiting(places: list[str]) -> None:
    """Has a start before the next is tried, and no more."""
    with full("127.0.0.2") as port, socket.create_server(("127.0.0.3", port)):
        places[:] = ["127.0.0.2", "127.0.0.3"]
        began = monotonic()
        assert reached(port, 5) == "127.0.0.3"
        assert 0.2 < monotonic() - began < 3


def test_addresses_that_let_us_in_at_once(places: list[str]) -> None:
    """One of them is kept, and the other closed; so is one that is still to answer, and nothing is left running."""

    class Late(asyncio.SelectorEventLoop):
        """A loop in which whoever connects is told of it when all have."""

        connecting = 0

        async def sock_connect(self, sock: socket.socket, address: Any) -> None:
            await super().sock_connect(sock, address)
            self.connecting += 1
            if self.connecting == 2:
                self.call_later(0.05, all_have.set)
            await all_have.wait()

    all_have = asyncio.Event()

    async def run(port: int) -> None:
        server = Server("several.localhost", port, None)
        stream = await network.connect(server, {"connect": 5}, lambda stream: None)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        peers = [listener.accept()[0] for listener in listeners]
        for peer in peers:
            peer.setblocking(False)
        ended = 0
        for peer in peers:
            with contextlib.suppress(BlockingIOError):
                ended += peer.recv(1) == b""
            peer.close()
        assert ended == 1
        await stream.aclose()

    with socket.create_server(("127.0.0.2", 0)) as first:
        port = first.getsockname()[1]
        with socket.create_server(("127.0.0.3", port)) as second, full("127.0.0.4", port):
            listeners = [first, second]
            places[:] = ["127.0.0.4", "127.0.0.2", "127.0.0.3"]
            with asyncio.Runner(loop_factory=Late) as runner:
                runner.run(run(port))
    gc.collect()


def test_an_address_that_lets_nobody_in(places: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Is passed over at once; where none does, that is the error."""
    monkeypatch.setattr(network, "CONNECTION_ATTEMPT_DELAY", 10)
    with socket.create_server(("127.0.0.3", 0)) as listener:
        port = listener.getsockname()[1]
        places[:] = ["127.0.0.2", "127.0.0.3"]
        began = monotonic()
        assert reached(port, 5) == "127.0.0.3"
        assert monotonic() - began < 5
        places[:] = ["127.0.0.2", "127.0.0.4"]
        with pytest.raises(httpcore.ConnectError, match=r"127\.0\.0\.4"):
            reached(port, 5)


def test_addresses_that_all_keep_us_waiting(places: list[str]) -> None:
    """Have the time that there is."""
    with full("127.0.0.2") as port, full("127.0.0.3", port):
        places[:] = ["127.0.0.2", "127.0.0.3"]
        began = monotonic()
        with pytest.raises(httpcore.ConnectTimeout):
            reached(port, 0.5)
        assert monotonic() - began < 3
    gc.collect()


# --- TLS, and other loops --------------------------------------------------------------------------


def answering(connection: socket.socket, pieces: list[bytes | float], *, close: bool) -> None:
    """Answer every request with the same pieces, each a segment of its own after a number, which is a pause.

    Or answer one, and say by TLS that this is the end, where it is spoken.
    """
    more = True
    while more:
        more = not close
        data = b""
        while b"\r\n\r\n" not in data:
            if not (piece := connection.recv(65536)):
                return
            data += piece
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        for said in pieces:
            if isinstance(said, bytes):
                connection.sendall(said)
            else:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
                sleep(said)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
    if isinstance(connection, ssl.SSLSocket):
        connection.settimeout(0)
        with contextlib.suppress(OSError):
            connection.unwrap()


ANSWER = b"HTTP/1.1 418 Teapot\r\ncontent-length: 2\r\n\r\n{}"
STALE = b"HTTP/1.1 200 OK\r\n\r\n"


@contextlib.contextmanager
def speaking(
    tls: ssl.SSLContext | None, answers: list[bytes | float], *, close: bool = False
) -> Iterator[tuple[str, list[int]]]:
    """Run a server, which may close behind an answer; give its address and a list with a number for each connection."""
    connections: list[int] = []

    def accept(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections.append(len(connections))
            with contextlib.suppress(OSError), connection:
                if tls is None:
                    answering(connection, answers, close=close)
                else:
                    with tls.wrap_socket(connection, server_side=True) as wrapped:
                        answering(wrapped, answers, close=close)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        scheme = "https" if tls else "http"
        yield f"{scheme}://localhost:{listener.getsockname()[1]}", connections
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("secure", [False, True], ids=["tcp", "tls"])
@pytest.mark.parametrize("loop", ["asyncio", "uvloop", "trio"])
@pytest.mark.parametrize(
    ("answer", "connections"),
    [([ANSWER], 1), ([ANSWER + STALE], 3), ([ANSWER, STALE], 3), ([ANSWER, 0.05, STALE], 3)],
    ids=["nothing", "one-write", "one-segment", "later"],
)
def test_what_nobody_asked_for(
    tls: ssl.SSLContext, answer: list[bytes | float], connections: int, loop: str, secure: bool
) -> None:
    """Is not given to the next call, in any event loop: a connection is used again only where nothing came."""

    async def calls(address: str) -> None:
        async with AsyncOpper(api_key="key", base_url=address, max_retries=0, timeout=5) as client:
            for _ in range(3):
                with pytest.raises(APIError, match="418"):
                    await client.chat.completions.create(messages=HELLO)  # type: ignore[call-overload]
                await anyio.sleep(0.1)

    with speaking(tls if secure else None, answer) as (address, seen):
        if loop == "trio":
            trio.run(calls, address)
        elif loop == "uvloop":
            pytest.importorskip("uvloop").run(calls(address))
        else:
            asyncio.run(calls(address))
        assert len(seen) == connections
    gc.collect()


@pytest.mark.parametrize("secure", [False, True], ids=["tcp", "tls"])
@pytest.mark.parametrize("loop", ["asyncio", "uvloop", "trio"])
@pytest.mark.parametrize("size", [4000, 150_000, 1_000_000, 4_000_000])
def test_an_answer_that_the_server_closes_behind(tls: ssl.SSLContext, size: int, loop: str, secure: bool) -> None:
    """Is whole, however much of it is still to be asked for when the connection ends."""
    choice = {"index": 0, "message": {"role": "assistant", "content": "x" * size}, "finish_reason": "stop"}
    body = json.dumps(
        {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    ).encode()
    head = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body)

    async def calls(address: str) -> list[int]:
        async with AsyncOpper(api_key="key", base_url=address, max_retries=0, timeout=5) as client:
            return [len((await client.chat.completions.create(messages=HELLO)).text) for _ in range(3)]  # type: ignore[call-overload]

    with speaking(tls if secure else None, [head + body], close=True) as (address, seen):
        if loop == "trio":
            given = trio.run(calls, address)
        elif loop == "uvloop":
            given = pytest.importorskip("uvloop").run(calls(address))
        else:
            given = asyncio.run(calls(address))
        assert given == [size] * 3
        assert len(seen) == 3
    gc.collect()


CHAT_BODY = json.dumps(
    {
        "id": "c", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "ab"}, "finish_reason": "stop"}],
    }
).encode()  # fmt: skip
HALF = b"data: %s\n\n" % json.dumps(chunk("a")).encode()
EVENTS = b"data: %s\n\n" % json.dumps(chunk("ab", finish_reason="stop")).encode()
DONE = b"data: [DONE]\n\n"
UNFRAMED = b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\n\r\n%s"


@contextlib.contextmanager
def ending(tls: ssl.SSLContext | None, response: bytes, *, close_notify: bool) -> Iterator[str]:
    """Run a server that ends each connection behind its response, by the alert of TLS or without; give its address."""

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            wrapped = tls.wrap_socket(connection, server_side=True) if tls else connection
            with wrapped:
                data = b""
                while b"\r\n\r\n" not in data or not data.endswith(b"}"):
                    data += wrapped.recv(65536)
                wrapped.sendall(response)
                if close_notify and isinstance(wrapped, ssl.SSLSocket):
                    wrapped.unwrap()
                    return
                with socket.socket(fileno=wrapped.detach()) as below:
                    below.shutdown(socket.SHUT_WR)
                    while below.recv(65536):
                        pass

    def accept(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        yield f"{'https' if tls else 'http'}://localhost:{listener.getsockname()[1]}"
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def answered(kind: str, address: str, *, stream: bool) -> str:
    """Return the text of a call by the client of a kind: the sync one, or the async one in a loop."""
    settings: dict[str, Any] = {"api_key": "key", "base_url": address, "max_retries": 0, "timeout": 5}
    if kind == "sync":
        with Opper(**settings) as client:
            if not stream:
                return client.chat.completions.create(messages=HELLO).text  # type: ignore[arg-type]
            with client.chat.completions.create(messages=HELLO, stream=True) as chunks:  # type: ignore[arg-type]
                return chunks.get_final_text()

    async def call() -> str:
        async with AsyncOpper(**settings) as client:
            if not stream:
                return (await client.chat.completions.create(messages=HELLO)).text  # type: ignore[call-overload,no-any-return]
            async with await client.chat.completions.create(messages=HELLO, stream=True) as chunks:  # type: ignore[call-overload]
                return str(await chunks.get_final_text())

    if kind == "trio":
        return trio.run(call)
    if kind == "uvloop":
        text: str = pytest.importorskip("uvloop").run(call())
        return text
    return asyncio.run(call())


KINDS = ["sync", "asyncio", "uvloop", "trio"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("response", "stream"),
    [
        (UNFRAMED % (b"application/json", CHAT_BODY), False),
        (UNFRAMED % (b"text/event-stream", HALF), True),
        (UNFRAMED % (b"text/event-stream", b": nothing yet\n\n"), True),
    ],
    ids=["plain", "stream", "empty-stream"],
)
def test_a_body_framed_by_the_end_of_tls_needs_close_notify(
    tls: ssl.SSLContext, kind: str, response: bytes, stream: bool
) -> None:
    """Without the alert anybody on the way may have cut it off (RFC 9112 section 9.8)."""
    with ending(tls, response, close_notify=False) as address:
        with pytest.raises(APIConnectionError, match="close_notify") as caught:
            answered(kind, address, stream=stream)
        assert caught.value.status_code == 200
    gc.collect()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("response", "stream", "close_notify"),
    [
        (UNFRAMED % (b"application/json", CHAT_BODY), False, True),
        (UNFRAMED % (b"text/event-stream", EVENTS), True, True),
        (UNFRAMED % (b"text/event-stream", EVENTS), True, False),
        (UNFRAMED % (b"text/event-stream", HALF + DONE), True, False),
        (b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(CHAT_BODY), CHAT_BODY), False, False),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(CHAT_BODY), CHAT_BODY),
            False,
            False,
        ),
    ],
    ids=["plain", "stream", "stream-finished", "stream-done", "sized", "chunked"],
)
def test_a_body_whose_end_is_certain(
    tls: ssl.SSLContext, kind: str, response: bytes, stream: bool, close_notify: bool
) -> None:
    """By the alert, by the body's own framing, or by the finish reasons or the ``[DONE]`` of a stream."""
    with ending(tls, response, close_notify=close_notify) as address:
        assert answered(kind, address, stream=stream) in ("ab", "a")
    gc.collect()


@pytest.mark.parametrize("close_notify", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_a_long_body_framed_by_the_end_of_tls(tls: ssl.SSLContext, kind: str, close_notify: bool) -> None:
    """Is whole with the alert, and is not without, also where it is still to be read when the connection ends."""
    body = CHAT_BODY.replace(b'"ab"', b'"%s"' % (b"ab" * 1_000_000))
    with ending(tls, UNFRAMED % (b"application/json", body), close_notify=close_notify) as address:
        if close_notify:
            assert answered(kind, address, stream=False) == "ab" * 1_000_000
        else:
            with pytest.raises(APIConnectionError, match="close_notify"):
                answered(kind, address, stream=False)
    gc.collect()


@pytest.mark.parametrize("kind", KINDS)
def test_a_body_framed_by_the_end_of_tcp(kind: str) -> None:
    """Without TLS there is no alert, and the end of the connection is that of the body."""
    with ending(None, UNFRAMED % (b"application/json", CHAT_BODY), close_notify=False) as address:
        assert answered(kind, address, stream=False) == "ab"


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_stream_that_another_task_closes(server: LocalServer, loop: str) -> None:
    """Ends for whoever reads it, in any loop of asyncio: the sockets of some cannot be shut down."""

    async def run() -> None:
        server.reply(Reply.sse([chunk("a"), Pause(60)]))
        async with AsyncOpper(api_key="key", base_url=server.base_url, max_retries=0) as client:
            stream = await client.chat.completions.create(messages=HELLO, stream=True)  # type: ignore[call-overload]
            await anext(stream)
            reading = asyncio.create_task(anext(stream))
            await asyncio.sleep(0.1)
            await stream.close()
            with pytest.raises(StreamTruncatedError):
                await asyncio.wait_for(reading, 5)

    asyncio.run(run()) if loop == "asyncio" else pytest.importorskip("uvloop").run(run())


def test_a_server_that_says_nothing_of_tls(flavour: Flavour) -> None:
    """Has the time to connect, and no more."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"https://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(APITimeoutError) as caught:
            flavour.create(address, {"timeout": 0.3}, messages=HELLO)
    assert (caught.value.timeout_kind, caught.value.seconds) == ("connect", 0.3)
    gc.collect()


def test_a_server_that_drips_its_handshake(flavour: Flavour) -> None:
    """Each byte has the time to connect; the deadline ends it."""

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with contextlib.suppress(OSError), connection:
            connection.recv(65536)
            for byte in b"\x16\x03\x03\x10\x00\x02\x00\x0f\xfc" + b"\x00" * 1000:
                connection.sendall(bytes([byte]))
                sleep(0.05)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drip, args=(listener,), daemon=True).start()
        address = f"https://127.0.0.1:{listener.getsockname()[1]}"
        began = monotonic()
        with pytest.raises(APITimeoutError) as caught:
            flavour.create(address, {"timeout": 2.0, "deadline": 0.5}, messages=HELLO)
    assert caught.value.timeout_kind == "deadline"
    assert monotonic() - began < 1.5


def test_a_call_that_is_cancelled_while_it_connects(tls: ssl.SSLContext) -> None:
    """Leaves no socket behind, before the server let it in or after."""

    async def run(address: str) -> None:
        async with AsyncOpper(api_key="key", base_url=address) as client:
            task = asyncio.create_task(client.chat.completions.create(messages=HELLO))  # type: ignore[call-overload]
            await asyncio.sleep(0.2)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    with full("127.0.0.2") as port:
        asyncio.run(run(f"http://127.0.0.2:{port}"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        asyncio.run(run(f"https://127.0.0.1:{listener.getsockname()[1]}"))
    gc.collect()


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"], ids=["head", "body"])
def test_a_connection_that_is_reset(flavour: Flavour, answer: bytes) -> None:
    """Is an error of this package, before the head of an answer and inside its body."""

    def reset(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(answer)
            sleep(0.1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=reset, args=(listener,), daemon=True).start()
        with pytest.raises(APIConnectionError, match=r"(?i)reset"):
            flavour.create(f"http://127.0.0.1:{listener.getsockname()[1]}", messages=HELLO)

"""Connections of our own, against servers that speak bytes: what is used again, what ends in time, what TLS does."""

import asyncio
import contextlib
import gc
import json
import os
import socket
import ssl
import subprocess
import sys
import traceback
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from flavours import HELLO, Flavour
from http_library import httpx
from opper_chat import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APITimeoutError,
    AsyncOpper,
    AuthenticationError,
    Opper,
    ResponseTooLargeError,
)
from opper_chat.testing import LocalServer, Reply, chunk
from raw_server import Raw, answer, completion, requested

KEY = "open-" + "sesame" * 3


def chunked(text: str) -> bytes:
    body = completion(text)
    pieces = b"%x;a=b\r\n%s\r\n%x\r\n%s\r\n0\r\nx-sum: 1\r\n\r\n" % (9, body[:9], len(body) - 9, body[9:])
    return b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + pieces


def texts(flavour: Flavour, address: str, count: int, **settings: Any) -> list[str]:
    """Return what so many calls of one client are answered, one after the other."""

    def call(client: Opper) -> list[str]:
        return [client.chat.completions.create(messages=HELLO).text for _ in range(count)]  # type: ignore[arg-type]

    async def call_async(client: AsyncOpper) -> list[str]:
        return [(await client.chat.completions.create(messages=HELLO)).text for _ in range(count)]  # type: ignore[arg-type]

    work = call if flavour.kind == "sync" else call_async
    given: list[str] = flavour(work, api_key=KEY, base_url=address, **settings)
    return given


@pytest.mark.parametrize(
    ("first", "connections"),
    [
        (answer("a"), 1),
        (chunked("a"), 1),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + answer("a"), 1),
        (b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + answer("a"), 1),
        (answer("a", b"connection: close\r\n"), 2),
        (answer("a", version=b"1.0"), 2),
        (b"HTTP/1.1 200 OK\r\n\r\n" + completion("a"), 2),
        (answer("a") + answer("stale"), 2),
        (chunked("a") + b"junk", 2),
        (chunked("a") + answer("stale"), 2),
        (b"HTTP/1.1 103 Early Hints\r\ncontent-length: 5\r\n\r\n" + answer("a"), 2),
        (answer("a", b"connection: keep-alive, close\r\n"), 2),
        (answer("a").replace(b"\r\n", b"\n"), 2),
        (chunked("a").replace(b"x-sum: 1", b"x-sum: 1\r\n\t2"), 1),
    ],
    ids=[
        "sized", "chunked", "100", "103", "close", "1.0", "endless", "bytes-behind-it", "junk-behind-it",
        "chunks-and-more", "103-with-a-body", "keep-alive-and-close", "lines-end-in-LF", "folded-trailer",
    ],
)  # fmt: skip
def test_what_is_used_again(flavour: Flavour, first: bytes, connections: int) -> None:
    """A connection whose answer is whole, and after which nothing is left that could be taken for the next."""

    def script(connection: socket.socket, number: int) -> None:
        for turn in range(3):
            if not requested(connection):
                return
            connection.sendall(first if turn == number == 0 else answer("b"))
            if turn == number == 0 and b"length" not in first and b"chunked" not in first:
                return

    with Raw(script) as server:
        assert texts(flavour, server.base_url, 3) == ["a", "b", "b"]
        assert server.connections == connections


def test_trailers_that_are_no_fields(flavour: Flavour) -> None:
    """Make a plain response an error, and leave a stream that has had its ``[DONE]`` whole; neither is used again."""
    trailers = b"0\r\nHTTP/1.1 200 OK\r\n\r\n"

    def script(connection: socket.socket, number: int) -> None:
        requested(connection)
        if number == 0:
            connection.sendall(chunked("a").partition(b"0\r\nx-sum")[0] + trailers)
        elif number == 1:
            events = b"data: " + json.dumps(chunk("a", finish_reason="stop")).encode() + b"\n\ndata: [DONE]\n\n"
            head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
            connection.sendall(head + b"%x\r\n%s\r\n" % (len(events), events) + trailers)
        else:
            connection.sendall(answer("good"))
        requested(connection)

    def call(client: Any) -> list[str]:
        with pytest.raises(APIConnectionError, match="illegal trailer line") as caught:
            client.chat.completions.create(messages=HELLO)
        assert caught.value.status_code == 200
        with client.chat.completions.create(messages=HELLO, stream=True) as stream:
            text = stream.get_final_text()
        return [text, client.chat.completions.create(messages=HELLO).text]

    async def call_async(client: Any) -> list[str]:
        with pytest.raises(APIConnectionError, match="illegal trailer line") as caught:
            await client.chat.completions.create(messages=HELLO)
        assert caught.value.status_code == 200
        async with await client.chat.completions.create(messages=HELLO, stream=True) as stream:
            text = await stream.get_final_text()
        return [text, (await client.chat.completions.create(messages=HELLO)).text]

    with Raw(script) as server:
        work = call if flavour.kind == "sync" else call_async
        assert flavour(work, api_key=KEY, base_url=server.base_url, timeout=5) == ["a", "good"]
        assert server.connections == 3


def test_asking_for_the_end_of_the_connection(flavour: Flavour) -> None:
    """Ends it with the answer, whatever the server says."""

    def script(connection: socket.socket, _: int) -> None:
        while requested(connection):
            connection.sendall(answer("a"))

    with Raw(script) as server:
        assert texts(flavour, server.base_url, 2, default_headers={"connection": "close"}) == ["a", "a"]
        assert server.connections == 2


def test_two_lengths(flavour: Flavour) -> None:
    """Are those of two servers, perhaps: the connection is not used again."""
    body = chunked("a").replace(b"\r\n\r\n", b"\r\ncontent-length: 5\r\n\r\n", 1)

    def script(connection: socket.socket, _: int) -> None:
        while requested(connection):
            connection.sendall(body)

    with Raw(script) as server:
        assert texts(flavour, server.base_url, 2) == ["a", "a"]
        assert server.connections == 2


def test_a_stream_whose_framing_breaks(flavour: Flavour) -> None:
    """The chunks before the fault, though all came at once, and the connection's error without waiting for more."""
    event = b"data: " + json.dumps(chunk("a")).encode() + b"\n\n"

    def script(connection: socket.socket, number: int) -> None:
        requested(connection)
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        connection.sendall(head + b"%x\r\n%s\r\nzz\r\n" % (len(event), event))
        connection.recv(1)

    with Raw(script) as server:
        settings = {"api_key": KEY, "timeout": 5}
        seen, error = flavour.chunks(server.base_url, settings, messages=HELLO)
    assert [one.choices[0].delta.content for one in seen] == ["a"]
    assert type(error) is APIConnectionError
    assert (error.chunks_received, error.partial and error.partial.text) == (1, "a")


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_answers_without_a_body(flavour: Flavour, status: bytes) -> None:
    """Are over with their head, whatever length it says."""

    def script(connection: socket.socket, _: int) -> None:
        while requested(connection):
            connection.sendall(b"HTTP/1.1 %s\r\ncontent-length: 5\r\n\r\n" % status)

    with Raw(script) as server, pytest.raises(APIError) as caught:
        texts(flavour, server.base_url, 1, timeout=5)
    assert caught.value.status_code == int(status[:3])


@pytest.mark.parametrize(
    ("head", "whole"),
    [(b"x: %s\r\n" % (b"a" * 60_000), True), (b"x: %s\r\n" % (b"a" * 200_000), False), (b"x\r\n", False)],
    ids=["long", "too-long", "no-header"],
)
def test_response_headers(flavour: Flavour, head: bytes, whole: bool) -> None:
    """Of any sensible length; anything else is an error of this package."""

    def script(connection: socket.socket, _: int) -> None:
        while requested(connection):
            connection.sendall(answer("a", head))

    with Raw(script) as server:
        if whole:
            assert texts(flavour, server.base_url, 1) == ["a"]
        else:
            with pytest.raises((APIConnectionError, ResponseTooLargeError)):
                texts(flavour, server.base_url, 1)


def test_a_server_that_reads_nothing(flavour: Flavour) -> None:
    """The timeout of writing ends it, and the key is in no variable of the frames that waited."""
    with Raw(lambda connection, _: sleep(3)) as server, pytest.raises(APITimeoutError) as caught:
        body: Any = [{"role": "user", "content": "x" * 20_000_000}]
        flavour.create(server.base_url, {"api_key": KEY, "timeout": 0.3}, messages=body)
    assert (caught.value.timeout_kind, caught.value.seconds) == ("write", 0.3)


def test_a_call_that_is_cancelled_while_it_is_sent() -> None:
    """The key is in no variable of its frames."""

    async def run(content: str) -> str:
        with Raw(lambda connection, _: sleep(2)) as server:
            async with AsyncOpper(api_key=KEY, base_url=server.base_url) as client:
                task = asyncio.create_task(
                    client.chat.completions.create(messages=[{"role": "user", "content": content}])
                )
                await asyncio.sleep(0.3)
                task.cancel()
                with pytest.raises(asyncio.CancelledError) as caught:
                    await task
        told: list[str] = []
        for frame, _ in traceback.walk_tb(caught.value.__traceback__):
            if Path(frame.f_code.co_filename) != Path(__file__):
                told += [repr(value) for value in frame.f_locals.values()]
                told += [repr(getattr(getattr(value, "headers", None), "raw", "")) for value in frame.f_locals.values()]
        return " ".join(told)

    for content in ("x", "x" * 20_000_000):
        assert KEY not in asyncio.run(run(content))


def test_a_host_with_several_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that let nobody in share the time that there is."""
    places = ["127.0.0.2", "127.0.0.3", "127.0.0.4"]
    found, port = socket.getaddrinfo, 0

    def several(host: Any, *more: Any, **named: Any) -> list[Any]:
        hosts = places if host == "several.localhost" else [host]
        return [one for place in hosts for one in found(place, *more, **named)]

    with contextlib.ExitStack() as stack:
        for place in places:
            listener = stack.enter_context(socket.socket())
            listener.bind((place, port))
            listener.listen(0)
            port = listener.getsockname()[1]
            for _ in range(8):  # they fill the queue of those who wait to be let in
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex((place, port))
        monkeypatch.setattr(socket, "getaddrinfo", several)  # no name server is asked here
        address = f"http://several.localhost:{port}"
        began = monotonic()
        with (
            Opper(api_key=KEY, base_url=address, timeout=0.6, max_retries=0) as client,
            pytest.raises(APITimeoutError) as caught,
        ):
            client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
        assert caught.value.timeout_kind == "connect"
        assert 0.5 < monotonic() - began < 1.5


# --- TLS -----------------------------------------------------------------------------------------


def test_the_context_is_one_for_the_process_and_that_of_httpx() -> None:
    """Whichever authorities the environment names; it is made when a server is first spoken to by TLS."""
    code = (
        "import ssl; from opper_chat import Opper; from opper_chat._http.library import httpx\n"
        "made = []; make = httpx.create_ssl_context\n"
        "httpx.create_ssl_context = lambda *given, **named: made.append(make(*given, **named)) or made[-1]\n"
        "clients = [Opper(api_key='key', base_url='https://127.0.0.1:9', max_retries=0) for _ in range(2)]\n"
        "print(len(made))\n"
        "for client in clients:\n"
        "    try: client.chat.completions.create(messages=[{'role': 'user', 'content': 'Hi'}])\n"
        "    except Exception as error: print(type(error).__name__)\n"
        "    client.close()\n"
        "print(len(made), made[0].cert_store_stats() == make().cert_store_stats())\n"
        "print(made[0].verify_mode == ssl.CERT_REQUIRED)"
    )
    environment = dict(os.environ)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "none of them"):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
        assert done.stdout.split() == ["0", "APIConnectionError", "APIConnectionError", "1", "True", "True"]
        environment.pop(name, None)


def test_a_connection_by_tls_is_used_again(flavour: Flavour, tls: ssl.SSLContext) -> None:
    def script(connection: socket.socket, _: int) -> None:
        while requested(connection):
            connection.sendall(answer("a"))

    with Raw(script, tls) as server:
        assert texts(flavour, server.base_url, 3) == ["a"] * 3
        assert server.connections == 1


def test_an_answer_that_nobody_asked_for(flavour: Flavour, tls: ssl.SSLContext) -> None:
    """Is not given to the next call, though it came in the same segment and no socket tells of it."""

    def script(connection: socket.socket, number: int) -> None:
        turn = 0
        while requested(connection):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
            connection.sendall(answer(f"{number}-{turn}"))
            connection.sendall(answer("stale"))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
            turn += 1

    with Raw(script, tls) as server:
        assert texts(flavour, server.base_url, 3) == ["0-0", "1-0", "2-0"]


@pytest.mark.parametrize("behind", [b"", b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: {"])
def test_a_broken_record(flavour: Flavour, tls: ssl.SSLContext, behind: bytes) -> None:
    """Is an error of this package with its attempts, before the head of an answer and inside its body."""

    def script(connection: socket.socket, _: int) -> None:
        requested(connection)
        if behind:
            connection.sendall(behind)
            sleep(0.05)
        with socket.socket(fileno=os.dup(connection.fileno())) as below:
            below.sendall(b"GARBAGE" * 6)
        sleep(0.2)

    with Raw(script, tls) as server, pytest.raises(APIConnectionError) as caught:
        texts(flavour, server.base_url, 1, max_retries=1)
    assert len(caught.value.attempts) == 2
    assert caught.value.__cause__ is None or caught.value.__cause__.__traceback__ is None


def test_a_name_that_is_not_the_servers(flavour: Flavour, tls: ssl.SSLContext) -> None:
    with Raw(lambda connection, _: requested(connection), tls) as server:
        address = server.base_url.replace("localhost", "127.0.0.1")
        with pytest.raises(APIConnectionError, match=r"(?i)certificate"):
            texts(flavour, address, 1)


# --- Keys that servers repeat, and the ends of things ---------------------------------------------


@pytest.mark.parametrize("key", ["sk/abc/defgh+ijkl", "sk-abc-defgh-ijkl", 'sk-abc"def-ghijkl'])
@pytest.mark.parametrize("spell", [("/", "\\/"), ("-", "\\u002d"), ("a", "a")], ids=["slashes", "code-points", "plain"])
def test_a_key_that_is_repeated_in_other_letters(server: LocalServer, key: str, spell: tuple[str, str]) -> None:
    """JSON has more than one way to write a character."""
    body = json.dumps({"message": f"No {key}.", "detail": [{"given": key}], "more": {key: key}}).replace(*spell)
    server.reply(Reply(401, {"content-type": "application/json"}, body.encode()))
    with Opper(api_key=key, base_url=server.base_url) as client, pytest.raises(AuthenticationError) as caught:
        client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
    error = caught.value
    assert key not in str([error.message, str(error), error.body, error.detail, json.loads(error.raw_body)])
    assert error.detail == [{"given": "[removed]"}]


def test_every_key_of_a_call_is_forgotten(server: LocalServer) -> None:
    """Where each attempt has its own."""
    keys = ["token-first-aaaa", "token-second-bbbb"]
    server.reply(
        Reply.json({"message": "Busy."}, status=503, headers={"retry-after-ms": "1"}),
        Reply.json({"message": f"Not {keys[0]} and not {keys[1]}."}, status=401),
    )
    left = iter(keys)
    with (
        Opper(api_key=lambda: next(left), base_url=server.base_url) as client,
        pytest.raises(AuthenticationError) as caught,
    ):
        client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
    assert caught.value.message == "Not [removed] and not [removed]."


def test_an_event_loop_that_is_closed_without_a_word(server: LocalServer) -> None:
    """What it left is let go of when another one comes."""

    def files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    client = AsyncOpper(api_key=KEY, base_url=server.base_url)
    counts: list[int] = []
    with pytest.warns(ResourceWarning):
        for _ in range(8):
            loop = asyncio.new_event_loop()
            loop.run_until_complete(client.chat.completions.create(messages=HELLO))  # type: ignore[arg-type]
            loop.close()
            gc.collect()
            counts.append(files())
        asyncio.run(client.close())
        del loop
        gc.collect()
    assert max(counts[4:]) <= max(counts[:4]) + 4


@pytest.mark.parametrize("name", ["Opper", "AsyncOpper"])
def test_the_very_end_of_an_interpreter(server: LocalServer, name: str) -> None:
    """Where a client outlives the modules, nothing is raised; where warnings are errors, every client is told of."""
    code = f"""
import asyncio, sys
from opper_chat import {name}
sys.unraisablehook = lambda told: sys.__unraisablehook__(told)
for _ in range(2):
    client = {name}(api_key="key", base_url={server.base_url!r})
    globals()[f"client_{{_}}"] = client
    answer = client.chat.completions.create(messages={HELLO!r})
    if {name!r} == "AsyncOpper":
        asyncio.run(answer)
"""
    quiet = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert quiet.stderr == ""
    command = [sys.executable, "-W", "error::ResourceWarning", "-c", code]
    strict = subprocess.run(command, capture_output=True, text=True, check=True)
    assert strict.stderr.count("was never closed") == 2


def test_a_forked_child_does_not_complain_of_its_parents_client(server: LocalServer) -> None:
    code = f"""
import os, sys
from opper_chat import Opper
client = Opper(api_key="key", base_url={server.base_url!r})
client.chat.completions.create(messages={HELLO!r})
child = os.fork()
if child == 0:
    sys.exit()
os.waitpid(child, 0)
client.close()
"""
    command = [sys.executable, "-W", "always::ResourceWarning", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "never closed" not in done.stderr


@pytest.mark.parametrize("begun", [False, True], ids=["first", "in the middle"])
def test_reading_the_response_of_a_stream(flavour: Flavour, begun: bool) -> None:
    """Reads the body once: before the stream, which then goes through it, or not at all."""
    piece = b"data: %s\n\n" % json.dumps(chunk("a")).encode()
    framed = b"%x\r\n%s\r\n" % (len(piece), piece)

    def script(connection: socket.socket, _: int) -> None:
        requested(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        connection.sendall(framed)
        sleep(0.1)
        connection.sendall(framed + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")

    def read(client: Any) -> list[str]:
        stream = client.chat.completions.create(messages=HELLO, stream=True)
        with stream:
            response = stream.response
            if begun:
                next(stream)
            response.read()
            return [one.choices[0].delta.content for one in stream]

    async def read_async(client: Any) -> list[str]:
        stream = await client.chat.completions.create(messages=HELLO, stream=True)
        async with stream:
            response = stream.response
            if begun:
                await anext(stream)
            await response.aread()
            return [one.choices[0].delta.content async for one in stream]

    with Raw(script) as server:
        work = read if flavour.kind == "sync" else read_async
        if begun:
            with pytest.raises(httpx.StreamConsumed):
                flavour(work, api_key=KEY, base_url=server.base_url)
        else:
            assert flavour(work, api_key=KEY, base_url=server.base_url) == ["a", "a"]


def test_how_long_a_stream_took(flavour: Flavour, server: LocalServer) -> None:
    """Is counted to its end, not to when it is asked for."""

    def read(client: Any) -> float:
        stream = client.chat.completions.create(messages=HELLO, stream=True).until_done()
        sleep(0.3)
        return float(stream.response.elapsed.total_seconds())

    async def read_async(client: Any) -> float:
        stream = await (await client.chat.completions.create(messages=HELLO, stream=True)).until_done()
        await asyncio.sleep(0.3)
        return float(stream.response.elapsed.total_seconds())

    server.reply(Reply.sse([chunk("a", finish_reason="stop"), "[DONE]"]))
    assert flavour(read if flavour.kind == "sync" else read_async, api_key=KEY, base_url=server.base_url) < 0.3


def test_a_stream_over_a_reused_connection(flavour: Flavour, server: LocalServer) -> None:
    """Many pieces that come at once, and singly."""
    words = [chunk(f"{number} ") for number in range(200)]
    server.reply(*[Reply.sse([*words, chunk(finish_reason="stop"), "[DONE]"])] * 2)
    for _ in range(2):
        chunks, error = flavour.chunks(server.base_url, messages=HELLO)
        assert error is None
        assert len(chunks) == 201


def test_no_json_behind_a_good_head(flavour: Flavour) -> None:
    def script(connection: socket.socket, _: int) -> None:
        requested(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc")

    with Raw(script) as server, pytest.raises(APIResponseValidationError):
        texts(flavour, server.base_url, 1)

"""A response that nobody asked for, behind the one that somebody did: no call is given it, whoever has the connection.

A connection with unread bytes is closed (RFC 9112 sections 6.3 and 9.3), through proxies and user-supplied clients too.
"""

import asyncio
import gc
import inspect
import json
import os
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from importlib import import_module
from time import sleep
from typing import Any

import anyio
import pytest
import trio
from flavours import Flavour
from opper_chat import (
    APIConnectionError,
    APIError,
    AsyncOpper,
    BadRequestError,
    DefaultAsyncHttpxClient,
    DefaultHttpxClient,
    Opper,
)
from opper_chat.testing import chunk
from opper_chat_api.params import ChatMessageParam
from raw_server import PassingProxy, Raw, answer, requested

HELLO: list[ChatMessageParam] = [{"role": "user", "content": "Hello"}]
PROXIES = {"HTTP": "http", "SOCKS": "socks5"}
LOOPS = ["asyncio", "uvloop", "trio"]


@pytest.fixture(params=["tcp", "tls"])
def encryption(request: pytest.FixtureRequest) -> ssl.SSLContext | None:
    if request.param == "tcp":
        return None
    context: ssl.SSLContext = request.getfixturevalue("tls")
    return context


def poisonous(late: float | None) -> Callable[[socket.socket, int], None]:
    """Return a script that answers the first request twice: in one piece, in two of one segment, or in two segments."""

    def script(connection: socket.socket, number: int) -> None:
        turn = 0
        while requested(connection):
            first, poison = answer(f"{number}-{turn}"), answer("poison")
            if number or turn:
                connection.sendall(answer(f"{number}-{turn}"))
            elif late is None:
                connection.sendall(first + poison)
            elif late:
                connection.sendall(first)
                sleep(late)
                connection.sendall(poison)
            else:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
                connection.sendall(first)
                connection.sendall(poison)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
            turn += 1

    return script


def run(loop: str, work: Callable[[], Awaitable[list[str]]]) -> list[str]:
    """Run an async function in a loop."""
    if loop == "trio":
        return trio.run(work)
    if loop == "uvloop":
        texts: list[str] = pytest.importorskip("uvloop").run(work())
        return texts
    return asyncio.run(work())  # type: ignore[arg-type]


def texts(kind: str, address: str, make_client: Callable[[str], Any] | None = None) -> list[str]:
    """Return what three calls are answered, one after the other, by the client of a kind."""
    return outcomes(kind, address, make_client, pause=0.1)


def outcomes(
    kind: str,
    address: str,
    make_client: Callable[[str], Any] | None = None,
    calls: int = 3,
    *,
    pause: float = 0,
    stream: bool = False,
    expected_errors: type[APIError] | tuple[()] = (),
) -> list[str]:
    """Make calls one after the other, and return the text of each completion, or the status of its error."""
    settings: dict[str, Any] = {"api_key": "key", "base_url": address, "max_retries": 0, "timeout": 5}
    given: list[str] = []
    if kind == "sync":
        with (
            make_client("Client") if make_client else nullcontext() as own,
            Opper(**settings, http_client=own) as client,
        ):
            for _ in range(calls):
                try:
                    answered: Any = client.chat.completions.create(messages=HELLO, stream=stream)
                    given.append(answered.get_final_text() if stream else answered.text)
                except expected_errors as error:
                    given.append(str(error.status_code))
                sleep(pause)
        return given

    async def make_calls() -> list[str]:
        async with (
            make_client("AsyncClient") if make_client else nullcontext() as own,
            AsyncOpper(**settings, http_client=own) as client,
        ):
            for _ in range(calls):
                try:
                    answered: Any = await client.chat.completions.create(messages=HELLO, stream=stream)
                    given.append(await answered.get_final_text() if stream else answered.text)
                except expected_errors as error:
                    given.append(str(error.status_code))
                await anyio.sleep(pause)
        return given

    return run(kind, make_calls)


@pytest.mark.parametrize("late", [None, 0, 0.05], ids=["one-piece", "one-segment", "later"])
@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize("kind", ["sync", *LOOPS])
def test_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch, encryption: ssl.SSLContext | None, kind: str, proxy: str, late: float | None
) -> None:
    """Its connection is closed, and the next is used again."""
    if proxy == "SOCKS":
        pytest.importorskip("socksio")
    with Raw(poisonous(late), encryption) as server, PassingProxy(server.port) as passing:
        for scheme in ("http", "https"):
            monkeypatch.setenv(f"{scheme}_proxy", f"{PROXIES[proxy]}://{passing.authority}")
        assert texts(kind, server.base_url) == ["0-0", "1-0", "1-1"]
    gc.collect()


@pytest.mark.parametrize("late", [None, 0, 0.05], ids=["one-piece", "one-segment", "later"])
@pytest.mark.parametrize("library", ["httpx", "httpx2"])
@pytest.mark.parametrize("kind", ["sync", *LOOPS])
def test_with_a_client_of_the_users(
    encryption: ssl.SSLContext | None, kind: str, library: str, late: float | None
) -> None:
    """Its connection is closed, and the next is used again."""
    httpx = pytest.importorskip(library)
    with Raw(poisonous(late), encryption) as server:
        given = texts(kind, server.base_url, lambda name: getattr(httpx, name)())
        assert given == ["0-0", "1-0", "1-1"]
    gc.collect()


def streamed(text: str) -> bytes:
    """Return a response that is a stream, with its end in the last chunk."""
    event = b"data: " + json.dumps(chunk(text, finish_reason="stop")).encode() + b"\n\ndata: [DONE]\n\n"
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    return head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(event), event)


EVENTS = b"content-type: text/event-stream\r\n"
CONTRADICTIONS = {
    b"HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n": "204",
    b"HTTP/1.1 204 No Content\r\n" + EVENTS + b"transfer-encoding: chunked\r\n\r\n": "204",
    b"HTTP/1.1 304 Not Modified\r\ncontent-length: 0005\r\n\r\n": "304",
    b"HTTP/1.1 304 Not Modified\r\ntransfer-encoding: chunked\r\n\r\n": "304",
    streamed("both").replace(b"\r\n", b"\r\ncontent-length: 4000\r\n", 1): "both",
}
"""Responses whose headers contradict each other or the status about the body, and what a call makes of each."""


@pytest.mark.parametrize("way", ["own", "HTTP", "CONNECT", "SOCKS", "httpx", "httpx2"])
@pytest.mark.parametrize("kind", ["sync", *LOOPS])
def test_headers_that_contradict_each_other_about_a_body(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, kind: str, way: str
) -> None:
    """What may be the rest of the body comes with the next request, when no leftover byte has told of it."""

    def script(connection: socket.socket, number: int) -> None:
        turn = 0
        while requested(connection):
            if number >= len(CONTRADICTIONS):
                connection.sendall(streamed(f"{number}-{turn}"))
            else:
                connection.sendall(streamed("poison") if turn else [*CONTRADICTIONS][number])
            turn += 1

    if way == "SOCKS":
        pytest.importorskip("socksio")
    tls = request.getfixturevalue("tls") if way == "CONNECT" else None
    with Raw(script, tls) as server, PassingProxy(server.port) as passing:
        make_client = None
        if way.startswith("httpx"):
            make_client = lambda name: getattr(import_module(way), name)()  # noqa: E731
        elif way != "own":
            for scheme in ("http", "https"):
                monkeypatch.setenv(f"{scheme}_proxy", f"{PROXIES.get(way, 'http')}://{passing.authority}")
        given = outcomes(kind, server.base_url, make_client, 7, stream=True, expected_errors=APIError)
        assert given == [*CONTRADICTIONS.values(), "5-0", "5-1"]
    gc.collect()


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
@pytest.mark.parametrize("way", ["own", "HTTP", "httpx", "httpx2"])
@pytest.mark.parametrize("kind", ["sync", "asyncio"])
def test_a_status_without_a_body_keeps_the_connection(
    monkeypatch: pytest.MonkeyPatch, kind: str, way: str, status: bytes
) -> None:
    """Also where it says that the body has no bytes."""

    def script(connection: socket.socket, number: int) -> None:
        for turn in range(3):
            requested(connection)
            head = [b"", b"content-length: 0\r\n"]
            connection.sendall(answer(str(number)) if turn == 2 else b"HTTP/1.1 %s\r\n%s\r\n" % (status, head[turn]))

    with Raw(script) as server, PassingProxy(server.port) as passing:
        make_client = None
        if way.startswith("httpx"):
            make_client = lambda name: getattr(import_module(way), name)()  # noqa: E731
        elif way != "own":
            monkeypatch.setenv("http_proxy", f"http://{passing.authority}")
        code = status[:3].decode()
        assert outcomes(kind, server.base_url, make_client, expected_errors=APIError) == [code, code, "0"]
    gc.collect()


@pytest.mark.parametrize("way", ["own", "proxy", "httpx", "httpx2"])
@pytest.mark.parametrize("kind", ["sync", *LOOPS])
def test_behind_a_stream(monkeypatch: pytest.MonkeyPatch, kind: str, way: str) -> None:
    """A stream that nobody asked for is not given to the next call either, also behind a ``[DONE]``."""

    def script(connection: socket.socket, number: int) -> None:
        turn = 0
        while requested(connection):
            connection.sendall(streamed(f"{number}-{turn}") + (b"" if number or turn else streamed("poison")))
            turn += 1

    def create_client(name: str) -> Any:
        return getattr(import_module(way), name)() if way.startswith("httpx") else None

    settings: dict[str, Any] = {"api_key": "key", "max_retries": 0, "timeout": 5}

    def calls(address: str) -> list[str]:
        own = create_client("Client")
        with Opper(**settings, base_url=address, http_client=own) as client:
            given: list[str] = []
            for _ in range(3):
                with client.chat.completions.create(messages=HELLO, stream=True) as stream:
                    given.append("".join(stream.text_stream))
        if own:
            own.close()
        return given

    async def calls_async(address: str) -> list[str]:
        own = create_client("AsyncClient")
        async with AsyncOpper(**settings, base_url=address, http_client=own) as client:
            given: list[str] = []
            for _ in range(3):
                async with await client.chat.completions.create(messages=HELLO, stream=True) as stream:
                    given.append("".join([text async for text in stream.text_stream]))
        if own:
            await own.aclose()
        return given

    with Raw(script) as server, PassingProxy(server.port) as passing:
        if way == "proxy":
            monkeypatch.setenv("http_proxy", f"http://{passing.authority}")
        address = server.base_url
        given = calls(address) if kind == "sync" else run(kind, lambda: calls_async(address))
        assert given == ["0-0", "1-0", "1-1"]
    gc.collect()


@pytest.mark.parametrize("way", ["own", "proxy", "httpx", "httpx2"])
def test_behind_a_raw_response(monkeypatch: pytest.MonkeyPatch, flavour: Flavour, way: str) -> None:
    """Nor is one given to a call whose response is read by whoever makes it, or by an error status."""

    def script(connection: socket.socket, number: int) -> None:
        turn = 0
        while requested(connection):
            first = answer(f"{number}-{turn}")
            if number == 1:
                first = first.replace(b"200 OK", b"400 Bad", 1)
            connection.sendall(first + (answer("poison") if not turn and number < 2 else b""))
            turn += 1

    own: Any = None
    if way.startswith("httpx"):
        own = getattr(import_module(way), "Client" if flavour.kind == "sync" else "AsyncClient")()

    def call(client: Any) -> list[str]:
        raw = client.chat.completions.with_raw_response.create(messages=HELLO)
        with pytest.raises(BadRequestError, match="400"):
            client.chat.completions.create(messages=HELLO)
        return [raw.parse().text, *[client.chat.completions.create(messages=HELLO).text for _ in range(2)]]

    async def call_async(client: Any) -> list[str]:
        raw = await client.chat.completions.with_raw_response.create(messages=HELLO)
        with pytest.raises(BadRequestError, match="400"):
            await client.chat.completions.create(messages=HELLO)
        texts = [(await client.chat.completions.create(messages=HELLO)).text for _ in range(2)]
        parsed = raw.parse()
        completion = await parsed if inspect.isawaitable(parsed) else parsed
        if own:
            await own.aclose()
        return [completion.text, *texts]

    with Raw(script) as server, PassingProxy(server.port) as passing:
        if way == "proxy":
            monkeypatch.setenv("http_proxy", f"http://{passing.authority}")
        work = call if flavour.kind == "sync" else call_async
        given = flavour(work, api_key="key", base_url=server.base_url, http_client=own, timeout=5)
        assert given == ["0-0", "2-0", "2-1"]
    if own and flavour.kind == "sync":
        own.close()


@pytest.mark.parametrize("way", ["default", "proxy", "httpx", "httpx2"])
@pytest.mark.parametrize("kind", ["sync", *LOOPS])
@pytest.mark.parametrize("close_notify", [False, True])
def test_a_context_that_ignores_the_end_of_tls(
    monkeypatch: pytest.MonkeyPatch, tls: ssl.SSLContext, kind: str, way: str, close_notify: bool
) -> None:
    """Makes any body that the end of TLS frames an error: nobody can tell whether it is whole."""
    unframed = b"HTTP/1.1 200 OK\r\n\r\n" + answer("whole").partition(b"\r\n\r\n")[2]
    context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    context.options |= ssl.OP_IGNORE_UNEXPECTED_EOF

    def script(connection: socket.socket, _: int) -> None:
        requested(connection)
        connection.sendall(unframed)
        if close_notify and isinstance(connection, ssl.SSLSocket):
            connection.unwrap()

    def make_client(name: str) -> Any:
        if way.startswith("httpx"):
            return getattr(import_module(way), name)(verify=context)
        return {"Client": DefaultHttpxClient, "AsyncClient": DefaultAsyncHttpxClient}[name](verify=context)

    with Raw(script, tls) as server, PassingProxy(server.port) as passing:
        if way == "proxy":
            monkeypatch.setenv("https_proxy", f"http://{passing.authority}")
        with pytest.raises(APIConnectionError, match="OP_IGNORE_UNEXPECTED_EOF") as caught:
            texts(kind, server.base_url, make_client)
        assert caught.value.status_code == 200
    gc.collect()


@pytest.mark.parametrize("way", ["proxy", "httpx", "httpx2"])
@pytest.mark.parametrize("kind", ["sync", *LOOPS])
@pytest.mark.parametrize("close_notify", [False, True])
def test_the_end_of_tls(
    monkeypatch: pytest.MonkeyPatch, tls: ssl.SSLContext, kind: str, way: str, close_notify: bool
) -> None:
    """Frames a body only by its alert, by whomever the body is carried."""
    unframed = b"HTTP/1.1 200 OK\r\n\r\n" + answer("whole").partition(b"\r\n\r\n")[2]

    def script(connection: socket.socket, _: int) -> None:
        requested(connection)
        connection.sendall(unframed)
        if close_notify and isinstance(connection, ssl.SSLSocket):
            connection.unwrap()

    with Raw(script, tls) as server, PassingProxy(server.port) as passing:
        make_client = None
        if way == "proxy":
            monkeypatch.setenv("https_proxy", f"http://{passing.authority}")
        else:
            context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
            context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # which Python 3.11.0 to 3.11.2 set
            make_client = lambda name: getattr(import_module(way), name)(verify=context)  # noqa: E731
        if close_notify:
            assert texts(kind, server.base_url, make_client) == ["whole"] * 3
        else:
            # Python 3.11.0 to 3.11.2 raise another exception, which httpcore lets through with its own message.
            with pytest.raises(APIConnectionError, match=r"close_notify|UNEXPECTED_EOF") as caught:
                texts(kind, server.base_url, make_client)
            assert caught.value.status_code == 200
    gc.collect()


@pytest.mark.parametrize("way", ["proxy", "httpx", "httpx2"])
@pytest.mark.parametrize("kind", ["sync", "asyncio"])
@pytest.mark.parametrize("version", [b"0.9", b"1.2", b"2.0", b"5.6"])
def test_other_versions(monkeypatch: pytest.MonkeyPatch, kind: str, way: str, version: bytes) -> None:
    """Are refused, by whomever the response is carried."""

    def script(connection: socket.socket, _: int) -> None:
        while requested(connection):
            connection.sendall(answer("text", version=version))

    with Raw(script) as server, PassingProxy(server.port) as passing:
        make_client = None
        if way == "proxy":
            monkeypatch.setenv("http_proxy", f"http://{passing.authority}")
        else:
            httpx = import_module(way)
            make_client = lambda name: getattr(httpx, name)()  # noqa: E731
        with pytest.raises(APIConnectionError, match="version"):
            texts(kind, server.base_url, make_client)
    gc.collect()

"""A network that misbehaves, through both clients: what they raise, what it carries, what becomes of the connection."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from flavours import HELLO, Flavour
from opper_chat import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AsyncOpper,
    InternalServerError,
    Opper,
    StreamTruncatedError,
)
from opper_chat.testing import Fault, FaultyProxy, LocalServer, Pause, ReceivedRequest, Reply, chunk
from opper_chat_api.models import ChatCompletion

TEXT = "Hello from the local server! You said: Hello"
LONGER = 10.0
"""Seconds that nothing here takes which ends as it should."""


@pytest.fixture
def proxy(server: LocalServer) -> Iterator[FaultyProxy]:
    with FaultyProxy(server.base_url) as running:
        yield running


@pytest.fixture(params=["plain", "streamed"])
def streamed(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "streamed")


def completions(
    flavour: Flavour, proxy: FaultyProxy, count: int, *, stream: bool = False, pause: float = 0, **settings: Any
) -> list[ChatCompletion | APIError]:
    """Make calls one after the other through one client, and return the completion or the error of each."""

    def call(client: Opper) -> ChatCompletion:
        if stream:
            with client.chat.completions.create(messages=HELLO, stream=True) as answer:  # type: ignore[arg-type]
                return answer.get_final_completion()
        return client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]

    async def call_async(client: AsyncOpper) -> ChatCompletion:
        if stream:
            async with await client.chat.completions.create(messages=HELLO, stream=True) as answer:  # type: ignore[arg-type]
                return await answer.get_final_completion()
        return await client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]

    def one_after_the_other(client: Opper) -> list[ChatCompletion | APIError]:
        results: list[ChatCompletion | APIError] = []
        for _ in range(count):
            try:
                results.append(call(client))
            except APIError as error:
                results.append(error)
            time.sleep(pause)
        return results

    async def one_after_the_other_async(client: AsyncOpper) -> list[ChatCompletion | APIError]:
        results: list[ChatCompletion | APIError] = []
        for _ in range(count):
            try:
                results.append(await call_async(client))
            except APIError as error:
                results.append(error)
            await asyncio.sleep(pause)
        return results

    chosen = {"api_key": "key", "base_url": proxy.base_url, "timeout": LONGER, "max_retries": 2, **settings}
    began = time.monotonic()
    results: list[ChatCompletion | APIError] = flavour(
        one_after_the_other if flavour.kind == "sync" else one_after_the_other_async, **chosen
    )
    assert time.monotonic() - began < LONGER
    return results


def calls(flavour: Flavour, proxy: FaultyProxy, count: int, **settings: Any) -> list[str | APIError]:
    """Make calls that are not tried again, and return the text or the error of each."""
    results = completions(flavour, proxy, count, **{"max_retries": 0, **settings})
    return [result if isinstance(result, APIError) else result.choices[0].message.content or "" for result in results]


def failed(results: list[str | APIError], proxy: FaultyProxy) -> Any:
    """Return the error of the first of two calls, the second being right and through a connection of its own."""
    error, after = results
    assert after == TEXT
    assert isinstance(error, APIError)
    assert proxy.connections == 2
    return error


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
def test_no_answer(flavour: Flavour, proxy: FaultyProxy, server: LocalServer, streamed: bool, reset: bool) -> None:
    """APIConnectionError without a status, after the server saw the request; the next call has a new connection."""
    proxy.fault(Fault(cut=0, reset=reset))
    error = failed(calls(flavour, proxy, 2, stream=streamed), proxy)
    assert type(error) is APIConnectionError
    assert (error.status_code, error.partial, error.headers) == (None, None, {})
    assert "There was no response" in error.message
    assert len(server.requests) == len(proxy.requests) == 2


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
def test_a_request_that_is_lost(
    flavour: Flavour, proxy: FaultyProxy, server: LocalServer, streamed: bool, reset: bool
) -> None:
    """APIConnectionError; the server has seen one request, of two that were sent."""
    proxy.fault(Fault(lost=True, reset=reset))
    error = failed(calls(flavour, proxy, 2, stream=streamed), proxy)
    assert type(error) is APIConnectionError
    assert (error.status_code, error.partial) == (None, None)
    assert (len(proxy.requests), len(server.requests)) == (2, 1)


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
@pytest.mark.parametrize("where", [20, 80], ids=["in the status line or headers", "behind some headers"])
def test_an_answer_cut_in_its_head(flavour: Flavour, proxy: FaultyProxy, where: int, reset: bool) -> None:
    """APIConnectionError without a status: half a head is no answer."""
    proxy.fault(Fault(cut=where, reset=reset))
    error = failed(calls(flavour, proxy, 2), proxy)
    assert type(error) is APIConnectionError
    assert error.status_code is None


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
def test_a_plain_answer_cut_in_its_body(flavour: Flavour, proxy: FaultyProxy, reset: bool) -> None:
    """APIConnectionError with the status, headers and request id that came."""
    proxy.fault(Fault(cut=300, reset=reset))
    error = failed(calls(flavour, proxy, 2), proxy)
    assert type(error) is APIConnectionError
    assert (error.status_code, error.request_id, error.partial) == (200, "req_000001", None)
    assert error.headers["content-type"] == "application/json"


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
def test_a_stream_cut_anywhere(flavour: Flavour, proxy: FaultyProxy, reset: bool) -> None:
    """APIConnectionError with the part that came: the more bytes, the more text."""
    texts: list[str] = []
    for cut in (300, 700, 1500, 2200):
        proxy.fault(Fault(cut=cut, reset=reset))
        error, after = calls(flavour, proxy, 2, stream=True)
        assert after == TEXT
        assert type(error) is APIConnectionError
        assert error.status_code == 200
        texts.append((error.partial.choices[0].message.content or "") if error.partial else "")
        assert (error.partial is None) == (error.chunks_received == 0)
    assert proxy.connections == 2 * len(texts)
    assert all(TEXT.startswith(text) for text in texts)
    assert texts == sorted(texts, key=len)
    assert "" < texts[-1] < TEXT


def test_a_stream_cut_at_its_end(flavour: Flavour, proxy: FaultyProxy, server: LocalServer) -> None:
    """The whole answer: [DONE] came, only the end of the HTTP body did not. The connection is not used again."""
    length = sum(map(len, raw(server, server, stream=True))) - len("connection: close\r\n")
    proxy.fault(Fault(cut=length - 3))
    assert calls(flavour, proxy, 2, stream=True) == [TEXT, TEXT]
    assert proxy.connections == 2


def pieces(
    proxy: FaultyProxy | LocalServer, server: LocalServer, *, stream: bool, timeout: float = LONGER
) -> list[bytes]:
    """Send one request by hand and return the answer in the pieces in which it came."""
    body = httpx.Request("POST", server.base_url, json={"messages": HELLO, "stream": stream}).content
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=timeout) as peer:
        peer.sendall(
            b"POST /v2/openai/chat/completions HTTP/1.1\r\nhost: local\r\nconnection: close\r\n"
            b"authorization: Bearer key\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
            % (len(body), body)
        )
        return list(iter(lambda: peer.recv(65536), b""))


def raw(proxy: FaultyProxy | LocalServer, server: LocalServer, *, stream: bool) -> tuple[bytes, bytes]:
    """Send one request by hand and return head and body of the answer as they came."""
    head, _, rest = b"".join(pieces(proxy, server, stream=stream)).partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", rest


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", [None, Fault(segment=1), Fault(delay=0.05), Fault(segment=100, rate=40_000)])
def test_bytes_are_passed_on_as_they_are(server: LocalServer, fault: Fault | None, stream: bool) -> None:
    """The same body through the proxy as without it, and the same head but for the counted ids and the time."""
    with LocalServer() as twin, FaultyProxy(twin.base_url) as proxy:
        proxy.fault(fault)
        through, direct = raw(proxy, twin, stream=stream), raw(server, server, stream=stream)
    assert through[1] == direct[1]
    assert [line.partition(b":")[0] for line in through[0].splitlines()] == [
        line.partition(b":")[0] for line in direct[0].splitlines()
    ]


@pytest.mark.parametrize("fault", [Fault(cut=50), Fault(lost=True), Fault(cut=0)])
def test_how_a_connection_ends(proxy: FaultyProxy, server: LocalServer, fault: Fault) -> None:
    """As many bytes as the fault lets through, and then an end, or with `reset` an error."""
    proxy.fault(fault, replace(fault, reset=True))
    assert len(raw(proxy, server, stream=False)[0].strip()) == (fault.cut or 0)
    with pytest.raises(ConnectionResetError):
        raw(proxy, server, stream=False)


@pytest.mark.parametrize(("fault", "seconds"), [(Fault(delay=0.3), 0.3), (Fault(rate=1000), 0.6)])
def test_how_long_things_take(proxy: FaultyProxy, server: LocalServer, fault: Fault, seconds: float) -> None:
    """As long as was asked for."""
    proxy.fault(fault)
    began = time.monotonic()
    raw(proxy, server, stream=False)
    assert seconds - 0.05 < time.monotonic() - began < LONGER


def test_how_small_pieces_are(proxy: FaultyProxy, server: LocalServer) -> None:
    """Of one byte each, for a reader that is fast enough."""
    proxy.fault(Fault(segment=1, rate=1000))
    received = pieces(proxy, server, stream=False)
    assert len(received) > len(b"".join(received)) / 10
    assert len(pieces(proxy, server, stream=False)) < 10


def test_nothing_comes_after_a_stall(proxy: FaultyProxy, server: LocalServer) -> None:
    """Neither bytes nor an end."""
    proxy.fault(Fault(stall=10))
    with pytest.raises(TimeoutError):
        pieces(proxy, server, stream=False, timeout=0.5)


@pytest.mark.parametrize("fault", [Fault(segment=1), Fault(rate=20_000), Fault(delay=0.2)])
def test_slow_answers_are_whole(flavour: Flavour, proxy: FaultyProxy, streamed: bool, fault: Fault) -> None:
    """The answer, through one connection: slow is not broken."""
    proxy.fault(fault, fault)
    assert calls(flavour, proxy, 2, stream=streamed, idle_timeout=5) == [TEXT, TEXT]
    assert proxy.connections == 1


@pytest.mark.parametrize("where", [0, 300, 1500])
@pytest.mark.parametrize("option", ["timeout", "deadline", "idle_timeout", "first_token_timeout"])
def test_a_stall(flavour: Flavour, proxy: FaultyProxy, option: str, where: int) -> None:
    """APITimeoutError of the timeout that was set, soon after its time, with what came of the stream before."""
    proxy.fault(Fault(stall=where))
    began = time.monotonic()
    # The idle timeout goes on where the first token is there.
    settings = (
        {"first_token_timeout": 5, "idle_timeout": 0.6}
        if (option, where) == ("first_token_timeout", 1500)
        else {option: 0.6}
    )
    results = calls(flavour, proxy, 2, stream=True, **{"timeout": LONGER, **settings})
    assert time.monotonic() - began < 3
    error = failed(results, proxy)
    assert type(error) is APITimeoutError
    kind = {"timeout": "read"}.get(option, option.removesuffix("_timeout"))
    expected = "idle" if "idle_timeout" in settings else kind
    assert (error.timeout_kind, error.seconds) == (expected, 0.6)
    assert error.status_code == (200 if where >= 300 else None)
    assert (error.partial is not None) == (where == 1500)


@pytest.mark.parametrize("where", [0, 300])
@pytest.mark.parametrize("option", ["timeout", "deadline"])
def test_a_stall_in_a_plain_answer(flavour: Flavour, proxy: FaultyProxy, option: str, where: int) -> None:
    """APITimeoutError of the timeout that was set, with the status if it came."""
    proxy.fault(Fault(stall=where))
    error = failed(calls(flavour, proxy, 2, **{"timeout": LONGER, option: 0.6}), proxy)
    assert type(error) is APITimeoutError
    assert (error.timeout_kind, error.seconds) == ("read" if option == "timeout" else option, 0.6)
    assert error.status_code == (200 if where else None)


def test_bytes_that_trickle_do_not_stop_a_deadline(flavour: Flavour, proxy: FaultyProxy, streamed: bool) -> None:
    """APITimeoutError of the deadline, though no single step takes long."""
    proxy.fault(Fault(rate=200))
    error = failed(calls(flavour, proxy, 2, stream=streamed, timeout=1, deadline=0.4), proxy)
    assert type(error) is APITimeoutError
    assert error.timeout_kind == "deadline"


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_page_of_a_gateway(
    flavour: Flavour, proxy: FaultyProxy, server: LocalServer, streamed: bool, status: int
) -> None:
    """InternalServerError with the page as it came; the server saw nothing, and the connection is used again."""
    proxy.fault(Fault.status(status))
    error, after = calls(flavour, proxy, 2, stream=streamed)
    assert after == TEXT
    assert type(error) is InternalServerError
    assert isinstance(error, APIStatusError)
    assert error.status_code == status
    assert error.raw_body.startswith(b"<html>")
    assert error.raw_body.endswith(b"</html>\r\n")
    assert (error.body, error.type, error.partial) == (None, None, None)
    assert "<html>" not in str(error)
    assert error.headers["server"] == "nginx"
    assert (proxy.connections, len(proxy.requests), len(server.requests)) == (1, 2, 1)


def test_a_page_of_a_gateway_that_breaks_off(flavour: Flavour, proxy: FaultyProxy, streamed: bool) -> None:
    """APIConnectionError with the status, as of any answer that is not whole."""
    proxy.fault(Fault(response=Fault.status(502).response, cut=160))
    error = failed(calls(flavour, proxy, 2, stream=streamed), proxy)
    assert type(error) is APIConnectionError
    assert error.status_code == 502


def test_refused_connections(flavour: Flavour, proxy: FaultyProxy, streamed: bool) -> None:
    """APIConnectionError, at once; when the server is back, so is the answer."""
    with proxy.refusing():
        [error] = calls(flavour, proxy, 1, stream=streamed)
    assert type(error) is APIConnectionError
    assert error.status_code is None
    assert (proxy.connections, proxy.requests) == (0, [])
    assert calls(flavour, proxy, 1, stream=streamed) == [TEXT]


def test_established_connections_stay_when_new_ones_are_refused(flavour: Flavour, proxy: FaultyProxy) -> None:
    """The answer, through the connection that there was before."""

    def call(client: Opper) -> Any:
        client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
        with proxy.refusing():
            return client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]

    async def call_async(client: AsyncOpper) -> Any:
        await client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]
        with proxy.refusing():
            return await client.chat.completions.create(messages=HELLO)  # type: ignore[arg-type]

    answer = flavour(
        call if flavour.kind == "sync" else call_async, api_key="key", base_url=proxy.base_url, timeout=LONGER
    )
    assert answer.choices[0].message.content == TEXT
    assert proxy.connections == 1


def test_a_connection_that_was_closed_while_idle(
    flavour: Flavour, proxy: FaultyProxy, server: LocalServer, streamed: bool
) -> None:
    """Every answer, each through a connection of its own: the client sees the end before it sends, and says nothing."""
    proxy.fault(*[Fault(hang_up=True)] * 5)
    assert calls(flavour, proxy, 6, stream=streamed, pause=0.05) == [TEXT] * 6
    assert proxy.connections == 6
    assert len(proxy.requests) == len(server.requests) == 6


def test_a_proxy_for_an_httpx_client(proxy: FaultyProxy, server: LocalServer) -> None:
    """The same answers and faults where the client has the server's address and httpx the proxy's."""
    proxy.fault(None, Fault(cut=300), Fault.status(502))
    with httpx.Client(proxy=proxy.origin, timeout=LONGER) as own:
        client = Opper(api_key="key", base_url=server.base_url, http_client=own, max_retries=0)
        create = client.chat.completions.create
        assert create(messages=HELLO).choices[0].message.content == TEXT  # type: ignore[arg-type]
        with pytest.raises(APIConnectionError):
            create(messages=HELLO)  # type: ignore[arg-type]
        with pytest.raises(InternalServerError):
            create(messages=HELLO)  # type: ignore[arg-type]
    assert [request.path for request in proxy.requests] == ["/v2/openai/chat/completions"] * 3
    assert len(server.requests) == 2


def test_a_client_that_leaves(proxy: FaultyProxy, server: LocalServer) -> None:
    """No connection is left of it, on either side of the proxy, and the server may stop."""
    server.reply(Reply.sse(piece for _ in range(10**6) for piece in (chunk("more"), Pause(0.001))))
    with Opper(api_key="key", base_url=proxy.base_url) as client:
        with client.chat.completions.create(messages=HELLO, stream=True) as stream:  # type: ignore[arg-type]
            next(iter(stream))
            assert proxy.open_connections == 1
        with pytest.raises(StreamTruncatedError):
            stream.get_final_completion()
        deadline = time.monotonic() + 5
        while proxy.open_connections and time.monotonic() < deadline:
            time.sleep(0.01)
        assert proxy.open_connections == 0


def test_faults_chosen_by_the_request(flavour: Flavour, proxy: FaultyProxy) -> None:
    """What the function returns for the request; it sees what was sent, without the key."""
    seen: list[ReceivedRequest] = []

    def choose(request: ReceivedRequest) -> Fault | None:
        seen.append(request)
        return Fault.status(503) if len(seen) == 1 else None

    proxy.fault(choose, choose)
    error, after = calls(flavour, proxy, 2)
    assert isinstance(error, InternalServerError)
    assert after == TEXT
    assert seen == proxy.requests
    assert seen[0].body["messages"] == HELLO
    assert (seen[0].method, seen[0].path) == ("POST", "/v2/openai/chat/completions")
    assert seen[0].headers["authorization"] == "***"


def test_a_server_that_is_gone(flavour: Flavour, server: LocalServer, proxy: FaultyProxy) -> None:
    """502 with a page of HTML, as a real gateway says it."""
    server.close()
    [error] = calls(flavour, proxy, 1)
    assert isinstance(error, InternalServerError)
    assert error.status_code == 502


def test_what_is_not_http_ends(proxy: FaultyProxy) -> None:
    """The end of the connection, and no trace among the requests."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=LONGER) as peer:
        peer.sendall(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
        assert peer.recv(1) == b""
    assert (proxy.connections, proxy.requests) == (1, [])


def test_requests_that_are_sent_ahead(proxy: FaultyProxy, server: LocalServer) -> None:
    """Answers in the order of the requests, though they arrive at once and cut anywhere."""
    server.reply(Reply.json({"number": 1}, delay=0.1), Reply.json({"number": 2}))
    request = b"POST /%d HTTP/1.1\r\nhost: local\r\ncontent-length: 2\r\n\r\n{}"
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=LONGER) as peer:
        both = request % 1 + request % 2
        for start in range(0, len(both), 7):
            peer.sendall(both[start : start + 7])
        received = b""
        while received.count(b'{"number":') < 2:
            received += peer.recv(65536)
    assert received.index(b'{"number":1}') < received.index(b'{"number":2}')
    assert [request.path for request in proxy.requests] == ["/1", "/2"]


def test_the_life_of_a_proxy(server: LocalServer) -> None:
    """It starts and closes more than once, on the same port, and leaves nothing open."""
    proxy = FaultyProxy(server.base_url)
    assert proxy.port == 0
    with pytest.raises(RuntimeError, match="not running"):
        with proxy.refusing():
            pass
    with proxy, proxy.start():
        port = proxy.port
        with httpx.Client() as client:
            client.post(f"{proxy.base_url}/chat/completions", json={})
            proxy.close()
            with pytest.raises(httpx.ConnectError):
                client.post(f"{proxy.base_url}/chat/completions", json={})
    proxy.close()
    with proxy:
        assert proxy.port == port
        assert httpx.post(f"{proxy.origin}/nowhere").status_code == 404


@pytest.mark.parametrize("address", ["https://127.0.0.1:1", "127.0.0.1:80", "http://", ""])
def test_addresses_that_it_cannot_serve(address: str) -> None:
    """ValueError that names what was given."""
    with pytest.raises(ValueError, match="expected a URL that begins with http://"):
        FaultyProxy(address)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"delay": -1}, "delay: expected a number of seconds of at least 0, got -1."),
        ({"lost": "yes"}, "lost: expected True or False, got 'yes'."),
        ({"response": "HTTP/1.1 200 OK"}, "response: expected bytes or None, got 'HTTP/1.1 200 OK'."),
        ({"segment": 0}, "segment: expected an integer of at least 1, got 0."),
        ({"cut": 1.5}, "cut: expected an integer or None, got 1.5."),
        ({"stall": -1}, "stall: expected an integer of at least 0, got -1."),
        ({"rate": 0}, "rate: expected a number of bytes a second above 0, got 0. Use stall=0 for none."),
        ({"rate": "5"}, "rate: expected a number of bytes a second, got '5'."),
    ],
)
def test_wrong_fields_of_a_fault(fields: Any, message: str) -> None:
    """An error where the fault is written, not a connection that is lost in the thread of the proxy."""
    with pytest.raises((TypeError, ValueError)) as raised:
        Fault(**fields)
    assert str(raised.value) == message


def test_what_is_no_fault(server: LocalServer, caplog: pytest.LogCaptureFixture) -> None:
    """An error for anything but a fault and a function; what is wrong with a function is in the log."""

    async def later(_: object) -> None:
        raise NotImplementedError

    wrong: Any
    with FaultyProxy(server.base_url) as proxy:
        for wrong in ("cut", Fault, later):
            with pytest.raises(TypeError, match="fault: expected a Fault, None or a function of the request"):
                proxy.fault(wrong)
        wrong = lambda _: "cut"  # noqa: E731
        proxy.fault(None, wrong)
        with httpx.Client() as client:
            assert client.post(f"{proxy.origin}/nowhere").status_code == 404
            with pytest.raises(httpx.RemoteProtocolError):
                client.post(f"{proxy.origin}/nowhere")
            assert client.post(f"{proxy.origin}/nowhere").status_code == 404
    assert "<lambda>(): expected a Fault or None to be returned, got 'cut'." in caplog.text


RETRIED = {
    "no answer": (Fault(cut=0), None),
    "no answer, RST": (Fault(cut=0, reset=True), None),
    "half a head": (Fault(cut=50), None),
    "nothing but a head": (Fault(cut=200), 200),
    "nothing but a head, RST": (Fault(cut=200, reset=True), 200),
    "lost": (Fault(lost=True), None),
    "lost, RST": (Fault(lost=True, reset=True), None),
    "502": (Fault.status(502), 502),
    "503": (Fault.status(503), 503),
    "504": (Fault.status(504), 504),
    "half a page of 502": (Fault(response=Fault.status(502).response, cut=160), 502),
    "stall": (Fault(stall=0), None),
    "stall behind the head": (Fault(stall=200), 200),
}


@pytest.mark.parametrize(("fault", "status"), RETRIED.values(), ids=RETRIED)
def test_what_is_tried_again(
    flavour: Flavour, proxy: FaultyProxy, streamed: bool, fault: Fault, status: int | None
) -> None:
    """The answer of the second attempt; the first tells its status and error, and the wait between them."""
    proxy.fault(fault)
    timeout = 20 if fault.stall is None else 1
    [completion] = completions(flavour, proxy, 1, stream=streamed, timeout=timeout)
    assert isinstance(completion, ChatCompletion)
    assert completion.choices[0].message.content == TEXT
    failed, succeeded = completion.attempts
    assert (failed.status_code, succeeded.status_code) == (status, 200)
    assert failed.error
    assert failed.wait > 0
    assert (succeeded.error, succeeded.wait) == (None, 0)
    assert succeeded.request_id
    assert len(proxy.requests) == 2


@pytest.mark.parametrize(
    "fault", [Fault(cut=0), Fault(lost=True, reset=True), Fault.status(503), Fault(cut=200), Fault(stall=0)]
)
def test_when_it_gives_up(flavour: Flavour, proxy: FaultyProxy, streamed: bool, fault: Fault) -> None:
    """The last error, with every attempt: one, and as many more as were allowed."""
    proxy.fault(*[fault] * 3)
    [error] = completions(flavour, proxy, 1, stream=streamed, timeout=0.5, max_retries=2)
    assert isinstance(error, APIError)
    assert len(error.attempts) == len(proxy.requests) == 3
    assert all(attempt.status_code == error.status_code and attempt.error for attempt in error.attempts)
    assert [attempt.wait > 0 for attempt in error.attempts] == [True, True, False]


@pytest.mark.parametrize("fault", [Fault(cut=600), Fault(cut=600, reset=True), Fault(stall=600)])
def test_a_stream_that_has_begun_is_not_made_anew(flavour: Flavour, proxy: FaultyProxy, fault: Fault) -> None:
    """The error, with the part that came and one attempt: nothing that was handed out comes twice."""
    proxy.fault(fault)
    [error] = completions(flavour, proxy, 1, stream=True, timeout=1)
    assert isinstance(error, APIError)
    assert error.partial is not None
    assert len(error.attempts) == len(proxy.requests) == 1


@pytest.mark.parametrize("option", ["deadline", "idle_timeout", "first_token_timeout"])
def test_timeouts_of_the_whole_call_are_not_tried_again(flavour: Flavour, proxy: FaultyProxy, option: str) -> None:
    """The error of the timeout, with one attempt."""
    proxy.fault(Fault(stall=200))
    [error] = completions(flavour, proxy, 1, stream=True, **{option: 0.6})
    assert isinstance(error, APITimeoutError)
    assert error.timeout_kind == option.removesuffix("_timeout")
    assert len(error.attempts) == len(proxy.requests) == 1


def test_refused_connections_are_tried_again(flavour: Flavour, proxy: FaultyProxy, streamed: bool) -> None:
    """The error with all attempts, of which no request tells; and the answer, where the server comes back in time."""
    with proxy.refusing():
        [error] = completions(flavour, proxy, 1, stream=streamed, max_retries=1)
    assert isinstance(error, APIConnectionError)
    assert len(error.attempts) == 2
    assert proxy.requests == []
    down = proxy.refusing()
    down.__enter__()
    back = threading.Timer(0.3, down.__exit__, (None, None, None))
    back.start()
    [completion] = completions(flavour, proxy, 1, stream=streamed, max_retries=9)
    back.join()
    assert isinstance(completion, ChatCompletion)
    assert len(proxy.requests) == 1 <= len(completion.attempts)


def test_a_connection_that_is_closed_just_as_it_is_used(flavour: Flavour, proxy: FaultyProxy, streamed: bool) -> None:
    """Every answer, whether the client sees the end in time or not; each request is an attempt."""
    proxy.fault(*[Fault(hang_up=True)] * 20)
    results = completions(flavour, proxy, 20, stream=streamed)
    attempts = [len(result.attempts) for result in results if isinstance(result, ChatCompletion)]
    assert len(attempts) == 20
    assert sum(attempts) == len(proxy.requests)

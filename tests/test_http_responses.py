"""Raw HTTP/1.1 responses of seven public test suites: what the clients make of each, and of its connection.

``data/http_verdicts.json`` has the verdict on each response, with the section of RFC 9112 or RFC 9110 that decides.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from corpus import HTTPVerdict, http_responses, http_verdicts, needs_corpus
from flavours import HELLO, Flavour
from http_library import httpx
from opper_chat import APIConnectionError, APIError, APITimeoutError
from raw_server import SocketServer, answer, requested_path

pytestmark = needs_corpus

RESPONSES = http_responses()
VERDICTS = http_verdicts()


REFUSED_BY_H11 = frozenset({"e0120", "e0123", "e0125"})
"""Responses with a form feed in a header value, which h11 refuses; RFC 9110 section 5.5 lets a recipient read it."""

REUSED_BY_H11 = frozenset({"e0035", "e0059", "e0065", "e0169", "e0218"})
"""Responses after which httpx uses a connection again and this package's own does not: a line of the head that ends in
LF alone, white space behind a chunk size, and a chunk extension without a name. h11 skips these and does not report
them. No bytes follow any of them."""


class ResponseServer(SocketServer):
    """Answers a request for ``/ID/CUT/...`` with the raw response of that id, and any other with a good completion.

    The text of a good completion is the number of its connection.

    Attributes:
        response_connections: Numbers of the connections that the raw responses were sent over.
    """

    def __init__(self) -> None:
        super().__init__()
        self.response_connections: list[int] = []
        self.sent = threading.Event()
        self.origin = f"http://127.0.0.1:{self.port}"

    def serve(self, connection: socket.socket, number: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError), connection:
            while path := requested_path(connection):
                _, case, cut, *_ = urlsplit(path).path.split("/")  # a proxy is sent the whole URL
                if case not in RESPONSES:
                    connection.sendall(answer(str(number)))
                    continue
                self.response_connections.append(number)
                try:
                    raw = RESPONSES[case]
                    size = 1 if cut == "bytes" else len(raw)
                    for start in range(0, len(raw), size):
                        connection.sendall(raw[start : start + size])
                    if VERDICTS[case]["server_closes"]:
                        connection.shutdown(socket.SHUT_WR)
                finally:
                    self.sent.set()


@pytest.fixture(scope="module")
def responses() -> Iterator[ResponseServer]:
    with ResponseServer() as server:
        yield server


def exchange(
    flavour: Flavour, server: ResponseServer, case: str, cut: str, *, stream: bool, own: Any = None
) -> tuple[APIError, bool]:
    """Make a call that is answered with the raw response, and a second one, by way of `own` if it is given.

    Returns:
        The error of the first call, and whether the second went over the same connection.
    """
    server.sent.clear()

    def call(client: Any) -> tuple[APIError, str]:
        with pytest.raises(APIError) as caught:
            answer = client.chat.completions.create(messages=HELLO, stream=stream)
            if stream:
                answer.get_final_completion()
        server.sent.wait(5)  # what follows the response has come before the next request
        after = client.with_options(base_url=f"{server.origin}/good/all")
        text = after.chat.completions.create(messages=HELLO).text
        if own is not None:
            own.close()
        return caught.value, text

    async def call_async(client: Any) -> tuple[APIError, str]:
        with pytest.raises(APIError) as caught:
            answer = await client.chat.completions.create(messages=HELLO, stream=stream)
            if stream:
                await answer.get_final_completion()
        await asyncio.to_thread(server.sent.wait, 5)
        after = client.with_options(base_url=f"{server.origin}/good/all")
        text = (await after.chat.completions.create(messages=HELLO)).text
        if own is not None:
            await own.aclose()
        return caught.value, text

    work = call if flavour.kind == "sync" else call_async
    error, connection = flavour(
        work, api_key="key", base_url=f"{server.origin}/{case}/{cut}", timeout=5, http_client=own
    )
    return error, int(connection) == server.response_connections[-1]


def check_error(error: APIError, expected: HTTPVerdict) -> None:
    """Check that the error is that of the verdict: none of the responses has a completion in it."""
    assert not isinstance(error, APITimeoutError)
    assert isinstance(error, APIConnectionError) == (expected["verdict"] != "response")
    assert error.status_code == expected["status"]


def test_every_response_has_a_verdict() -> None:
    """Each refusal, and each connection that is closed, names the section that decides."""
    assert RESPONSES.keys() == VERDICTS.keys()
    assert all(verdict["reuse"] or verdict.get("why", "").startswith("RFC 91") for verdict in VERDICTS.values())
    assert not any(verdict["reuse"] and verdict["verdict"] != "response" for verdict in VERDICTS.values())


@pytest.mark.parametrize("case", RESPONSES)
def test_a_plain_call(flavour: Flavour, responses: ResponseServer, case: str) -> None:
    """The response comes whole, and byte by byte; the verdict is the same."""
    expected = VERDICTS[case]
    for cut in ("whole", "bytes"):
        error, reused = exchange(flavour, responses, case, cut, stream=False)
        check_error(error, expected)
        if "body" in expected:
            assert error.raw_body == expected["body"].encode("latin-1")
        assert reused == expected["reuse"]


@pytest.mark.parametrize("case", RESPONSES)
def test_a_stream(flavour: Flavour, responses: ResponseServer, case: str) -> None:
    """A stream is never begun with what is no event stream, and its connection is used again only where it may be."""
    expected = VERDICTS[case]
    for cut in ("whole", "bytes"):
        error, reused = exchange(flavour, responses, case, cut, stream=True)
        if expected["status"] is None:
            check_error(error, expected)
        assert error.status_code == expected["status"]
        assert expected["reuse"] or not reused


@pytest.mark.parametrize("way", ["http_client", "proxy"])
@pytest.mark.parametrize("case", RESPONSES)
def test_by_the_library(
    monkeypatch: pytest.MonkeyPatch, flavour: Flavour, responses: ResponseServer, case: str, way: str
) -> None:
    """With an `http_client` and through a proxy, no call is given what is left of a response, nor a bare exception."""
    expected = VERDICTS[case]
    own: Any = None
    if way == "proxy":
        monkeypatch.setenv("http_proxy", responses.origin)
    else:
        kind = httpx.Client if flavour.kind == "sync" else httpx.AsyncClient
        own = kind(verify=False, trust_env=False)
    # That the second call is answered at all says that it was not given leftover bytes.
    error, reused = exchange(flavour, responses, case, "whole", stream=False, own=own)
    if case in REFUSED_BY_H11:
        assert isinstance(error, APIConnectionError)
    else:
        check_error(error, expected)
    assert reused <= (expected["reuse"] or case in REUSED_BY_H11)
    assert (case in REUSED_BY_H11) <= reused

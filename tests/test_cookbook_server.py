"""The web server of the cookbook, in a process: what it streams, and that the model stops when the browser leaves."""

import http.client
import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version

import pytest
from cookbook_programs import WebServer
from endless_stream import EndlessStream
from opper_chat.testing import CUT, Reply, chunk

UVICORN = tuple(int(part) for part in version("uvicorn").split(".")[:2])
pytestmark = pytest.mark.skipif(UVICORN < (0, 32), reason="older versions do not report that a browser has left")

PROMPTLY = 5.0
"""Seconds within which a stream is closed after its reader has left."""


@pytest.fixture(scope="module")
def web() -> Iterator[WebServer]:
    with WebServer() as running:
        yield running


def request_bytes() -> bytes:
    body = b'{"text": "Count."}'
    return (
        b"POST /completions HTTP/1.1\r\nhost: local\r\ncontent-type: application/json\r\n"
        b"content-length: %d\r\n\r\n%s" % (len(body), body)
    )


def wait_until(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def events(body: bytes) -> list[tuple[str, object]]:
    """Return the type and the data of each server-sent event."""
    found = re.findall(r"event: (\w+)\ndata: (.*)\n", body.decode())
    return [(kind, json.loads(data)) for kind, data in found]


def ask(web: WebServer, body: object) -> tuple[int, bytes]:
    """Post a body, and read the response to its end."""
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=30)
    connection.request("POST", "/completions", json.dumps(body), {"content-type": "application/json"})
    response = connection.getresponse()
    result = response.status, response.read()
    connection.close()
    return result


def test_streaming_a_whole_completion(web: WebServer) -> None:
    """Fragments of the text, and `done` with the finish reason."""
    web.model.reply(Reply.completion("One two\nthree."))
    status, body = ask(web, {"text": "Count."})
    *texts, last = events(body)
    assert status == 200
    assert len(texts) > 1
    assert "".join(str(data) for _, data in texts) == "One two\nthree."
    assert {kind for kind, _ in texts} == {"text"}
    assert last == ("done", "stop")


@pytest.mark.parametrize(
    ("stream", "delay", "text"),
    [
        pytest.param(EndlessStream(), 20, b"", id="before the headers"),
        pytest.param(EndlessStream(tokens=0), 0, b"", id="before the first token"),
        pytest.param(EndlessStream(), 0, b"token2", id="between tokens"),
        pytest.param(EndlessStream(tokens=3), 0, b"token2", id="in a pause"),
    ],
)
def test_the_model_stops_when_the_browser_leaves(
    web: WebServer, stream: EndlessStream, delay: float, text: bytes
) -> None:
    """Wherever the stream is, and also if the model sends nothing that could fail to be passed on."""
    before, logged = len(web.model.requests), len(web.log())
    web.model.reply(stream.reply(delay=delay))
    with socket.create_connection(("127.0.0.1", web.port), timeout=10) as browser:
        browser.sendall(request_bytes())
        received = b""
        while text not in received:
            received += (part := browser.recv(65536))
            assert part, received
        wait_until(lambda: len(web.model.requests) > before and (delay or stream.started.is_set()))
        assert not stream.closed.is_set()
    assert stream.closed.wait(PROMPTLY)
    assert "failed" not in web.log()[logged:]


def test_the_model_stops_when_a_browser_leaves_that_reads_nothing(web: WebServer) -> None:
    """The endpoint waits until it can send more. So it is not the endpoint that notices."""
    stream = EndlessStream(tokens=100_000, pause=0, length=10_000)
    web.model.reply(stream.reply())
    with socket.create_connection(("127.0.0.1", web.port), timeout=10) as browser:
        browser.sendall(request_bytes())
        sent = 0
        while not sent or stream.sent > sent:  # until all buffers on the way are full
            sent = stream.sent
            assert not stream.closed.is_set()
            time.sleep(0.5)
    assert stream.closed.wait(PROMPTLY)


def test_streaming_a_completion_that_breaks(web: WebServer) -> None:
    """What came, and `failed` instead of `done`."""
    web.model.reply(Reply.sse([chunk("Half a "), CUT]))
    assert events(ask(web, {"text": "Count."})[1])[:1] == [("text", "Half a ")]
    web.model.reply(Reply.json({"message": "busy"}, status=503, headers={"x-should-retry": "false"}))
    ((kind, _),) = events(ask(web, {"text": "Count."})[1])
    assert kind == "failed"


def test_a_question_that_is_refused(web: WebServer) -> None:
    """Nothing is sent to the model."""
    before = len(web.model.requests)
    assert ask(web, {"text": ""})[0] == 422
    assert len(web.model.requests) == before

"""Tools that hook into httpx or httpcore see the calls of a client that was made without any configuration.

Each runs in a process of its own, since they replace the same methods. The server that a client is made for is a real
one, so that a request which a mock has not caught is seen.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flavours import HELLO
from opper_chat.testing import LocalServer, chunk

pytest.importorskip("respx", reason="these tools are not for the lowest versions of the libraries")

ANSWER = "Hello from the local server! You said: Hello"

MOCKED: dict[str, Any] = {
    "id": "c", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "mocked"}, "finish_reason": "stop"}],
}  # fmt: skip
EVENTS = "".join(f"data: {json.dumps(each)}\n\n" for each in (chunk("mocked"), chunk(finish_reason="stop")))

PRELUDE = f"""
import asyncio, json, sys
from opper_chat import APIConnectionError, AsyncOpper, Opper

HELLO, MOCKED, EVENTS = {HELLO!r}, {MOCKED!r}, {EVENTS + "data: [DONE]" + chr(10) * 2!r}

def call(url, kind, stream=False):
    if kind == "sync":
        with Opper(api_key="the-real-key", base_url=url, max_retries=0) as client:
            if not stream:
                return client.chat.completions.create(messages=HELLO).text
            with client.chat.completions.create(messages=HELLO, stream=True) as chunks:
                return chunks.get_final_text()

    async def run():
        async with AsyncOpper(api_key="the-real-key", base_url=url, max_retries=0) as client:
            if not stream:
                return (await client.chat.completions.create(messages=HELLO)).text
            async with await client.chat.completions.create(messages=HELLO, stream=True) as chunks:
                return await chunks.get_final_text()

    return asyncio.run(run())
"""

OPENTELEMETRY = """
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opper_chat import telemetry

spans = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
HTTPXClientInstrumentor().instrument(tracer_provider=provider)
telemetry.instrument(tracer_provider=provider)
url, kind = sys.argv[1:]
texts = [call(url, kind), call(url, kind, stream=True)]
finished = spans.get_finished_spans()
names = {span.context.span_id: span.name.split()[0] for span in finished}
told = [(span.name.split()[0], names.get(span.parent and span.parent.span_id)) for span in finished]
ids = [f"{span.context.span_id:016x}" for span in finished if span.name == "POST"]
print(json.dumps([texts, sorted(told, key=str), ids]))
"""

SENTRY = """
import sentry_sdk
from sentry_sdk.transport import Transport

sent = []

class Kept(Transport):
    def capture_envelope(self, envelope):
        sent.extend(item.payload.json for item in envelope.items)

sentry_sdk.init(dsn="https://key@localhost/1", transport=Kept, traces_sample_rate=1.0, default_integrations=True)
url, kind = sys.argv[1:]
with sentry_sdk.start_transaction(name="work"):
    texts = [call(url, kind), call(url, kind, stream=True)]
spans = [(span["op"], span["data"]["http.response.status_code"]) for event in sent for span in event.get("spans", ())
         if span["op"] == "http.client"]
print(json.dumps([texts, spans, "the-real-key" in json.dumps(sent)]))
"""

RESPX = """
import httpx, respx
url, kind = sys.argv[1:]
with respx.mock(assert_all_called=False) as mock:  # before anything of this package's transport is imported
    route = mock.post(f"{url}/chat/completions")
    events = httpx.Response(200, text=EVENTS, headers={"content-type": "text/event-stream"})
    route.side_effect = [httpx.Response(200, json=MOCKED), events]
    texts = [call(url, kind), call(url, kind, stream=True)]
    sent = [dict(made.request.headers).get("authorization") for made in route.calls]
    route.side_effect = httpx.ConnectError
    try:
        call(url, kind)
    except APIConnectionError as error:
        texts.append(type(error).__name__)
with respx.mock as mock:
    mock.post("http://elsewhere.example/")
    try:
        call(url, kind)
    except BaseException as error:
        texts.append(type(error).__name__)
    mock.reset(); mock.clear()
with respx.mock as mock:
    mock.post(f"{url}/chat/completions").pass_through()
    passed = call(url, kind)
print(json.dumps([texts, sent, passed, call(url, kind)]))
"""

VCR = """
import vcr
url, kind, cassette = sys.argv[1:]
recorder = vcr.VCR(filter_headers=["authorization"], record_mode="once")
texts = []
for _ in range(2):
    with recorder.use_cassette(cassette) as tape:
        texts += [call(url, kind), call(url, kind, stream=True), tape.play_count]
print(json.dumps(texts))
"""

PYTEST_HTTPX = """
import os, pytest
url, kind = os.environ["URL"], os.environ["KIND"]

def test_answers(httpx_mock):
    httpx_mock.add_response(json=MOCKED)
    httpx_mock.add_response(text=EVENTS, headers={"content-type": "text/event-stream"})
    assert [call(url, kind), call(url, kind, stream=True)] == ["mocked", "mocked"]
    assert [request.headers["authorization"] for request in httpx_mock.get_requests()] != []

def test_errors(httpx_mock):
    import httpx
    httpx_mock.add_exception(httpx.ReadTimeout("late"))
    with pytest.raises(APIConnectionError, match="Timed out"):
        call(url, kind)

@pytest.mark.httpx_mock(assert_all_requests_were_expected=False)
def test_nothing_is_expected(httpx_mock):
    with pytest.raises(APIConnectionError):
        call(url, kind)
"""


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def run(script: str, *arguments: str) -> Any:
    """Run a script in a process of its own; return what it printed."""
    environment = {**os.environ, "OPPER_HTTP_LIBRARY": "httpx"}  # which these tools know
    command = [sys.executable, "-W", "ignore", "-c", PRELUDE + script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_opentelemetry(server: LocalServer, kind: str) -> None:
    """A span for each request, below that of the call, and its id in ``traceparent``."""
    texts, spans, ids = run(OPENTELEMETRY, server.base_url, kind)
    assert texts == [ANSWER, ANSWER]
    assert spans == [["POST", "chat"], ["POST", "chat"], ["chat", None], ["chat", None]]
    assert [request.headers["traceparent"].split("-")[2] for request in server.requests] == ids


def test_sentry(server: LocalServer, kind: str) -> None:
    """A span for each request, its trace in the headers, and the key nowhere."""
    texts, spans, has_key = run(SENTRY, server.base_url, kind)
    assert texts == [ANSWER, ANSWER]
    assert spans == [["http.client", 200], ["http.client", 200]]
    assert all("sentry-trace" in request.headers for request in server.requests)
    assert not has_key


def test_respx(server: LocalServer, kind: str) -> None:
    """Its responses and errors; the server is reached only where a route passes the request through, and afterwards."""
    texts, sent, passed, after = run(RESPX, server.base_url, kind)
    assert texts[:3] == ["mocked", "mocked", "APIConnectionError"]
    assert texts[3] == "AllMockedAssertionError"
    assert sent == ["Bearer the-real-key"] * 2
    assert (passed, after, len(server.requests)) == (ANSWER, ANSWER, 2)


def test_vcr(server: LocalServer, kind: str, tmp_path: Path) -> None:
    """A cassette of what the server said, which answers the second time."""
    cassette = tmp_path / "cassette.yaml"
    texts = run(VCR, server.base_url, kind, str(cassette))
    assert texts == [ANSWER, ANSWER, 0, ANSWER, ANSWER, 2]
    assert len(server.requests) == 2
    assert "the-real-key" not in cassette.read_text("utf-8")


def test_pytest_httpx(server: LocalServer, kind: str, tmp_path: Path) -> None:
    """Its responses and errors, and nothing reaches the server."""
    (tmp_path / "test_it.py").write_text(PRELUDE + PYTEST_HTTPX, "utf-8")
    environment = {**os.environ, "OPPER_HTTP_LIBRARY": "httpx", "URL": server.base_url, "KIND": kind}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
    assert server.requests == []

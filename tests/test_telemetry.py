"""Spans and metrics, against OpenTelemetry's SDK and the names of its conventions."""

import asyncio
import contextvars
import gc
import json
import logging
import os
import subprocess
import sys
import threading
import tomllib
import warnings
from collections.abc import Iterator
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from flavours import HELLO, Flavour
from http_library import httpx
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from opper_chat import APIConnectionError, AsyncOpper, Attempt, BadRequestError, CallRecord, Opper, telemetry
from opper_chat._observability import observers as _observers
from opper_chat.telemetry import _semconv
from opper_chat.testing import CUT, LocalServer, Pause, Reply, chunk

KEY = "sk-" + "sesame" * 3

USAGE = {
    "prompt_tokens": 11,
    "completion_tokens": 22,
    "total_tokens": 33,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 5},
}

LAST = [chunk("lo"), chunk(finish_reason="stop"), {"choices": [], "usage": USAGE}, "[DONE]"]


class Seen:
    """What was exported."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.spans_provider = TracerProvider()
        self.spans_provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.reader = InMemoryMetricReader()
        self.metrics_provider = MeterProvider([self.reader])
        self.tracer = self.spans_provider.get_tracer("test")

    def instrument(self, **settings: Any) -> None:
        telemetry.instrument(self.spans_provider, self.metrics_provider, **settings)

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    @property
    def calls(self) -> list[ReadableSpan]:
        scopes = [(span.instrumentation_scope, span) for span in self.spans]
        return [span for scope, span in scopes if scope is not None and scope.name == "opper_chat"]

    @property
    def call(self) -> ReadableSpan:
        (span,) = self.calls
        return span

    @property
    def said(self) -> dict[str, Any]:
        return dict(self.call.attributes or {})

    @property
    def metrics(self) -> dict[str, list[Any]]:
        data = self.reader.get_metrics_data()
        if data is None:
            return {}
        metrics = [m for resource in data.resource_metrics for scope in resource.scope_metrics for m in scope.metrics]
        return {metric.name: list(metric.data.data_points) for metric in metrics}


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Seen]:
    monkeypatch.delenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", raising=False)
    one = Seen()
    one.instrument()
    yield one
    telemetry.uninstrument()
    said = [(record.name, record.getMessage()) for record in caplog.get_records("call")]
    assert [message for name, message in said if name.startswith("opentelemetry")] == []
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert _observers._registrations == ()
    one.spans_provider.shutdown()
    one.metrics_provider.shutdown()


def answer(**members: Any) -> Reply:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}}
    return Reply.json(
        {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "served", "choices": [choice],
         "usage": USAGE, **members}
    )  # fmt: skip


def test_a_call_is_a_span(server: LocalServer, flavour: Flavour, seen: Seen) -> None:
    """Kind, name and attributes as the conventions say, and no status."""
    server.reply(answer())
    flavour.create(
        server.base_url,
        model="openai/gpt-4o-mini",
        messages=HELLO,
        temperature=0.5,
        top_p=0.25,
        frequency_penalty=0.1,
        presence_penalty=0.2,
        max_tokens=10,
        seed=7,
        stop="END",
        n=2,
        response_format={"type": "json_object"},
    )
    span, port = seen.call, int(server.base_url.split(":")[2].split("/")[0])
    assert (span.name, span.kind) == ("chat openai/gpt-4o-mini", SpanKind.CLIENT)
    assert span.status.status_code is StatusCode.UNSET
    assert (span.parent, span.events) == (None, ())
    assert seen.said["opper_chat.request_id"].startswith("req_")
    assert {name: value for name, value in seen.said.items() if name != "opper_chat.request_id"} == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "openai/gpt-4o-mini",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.top_p": 0.25,
        "gen_ai.request.frequency_penalty": 0.1,
        "gen_ai.request.presence_penalty": 0.2,
        "gen_ai.request.max_tokens": 10,
        "gen_ai.request.seed": 7,
        "gen_ai.request.stop_sequences": ("END",),
        "gen_ai.request.choice.count": 2,
        "gen_ai.output.type": "json",
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.model": "served",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 11,
        "gen_ai.usage.output_tokens": 22,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.reasoning.output_tokens": 5,
        "server.address": "127.0.0.1",
        "server.port": port,
        "openai.api.type": "chat_completions",
        "opper_chat.outcome": "complete",
    }


def test_attributes_of_the_api_of_openai(server: LocalServer, seen: Seen) -> None:
    """The tier that is requested, unless it is the default, that of the response, and the fingerprint."""
    flavour = Flavour("sync")
    last = {"choices": [], "usage": USAGE, "service_tier": "flex", "system_fingerprint": "fp_1"}
    server.reply(
        answer(service_tier="flex", system_fingerprint="fp_1"), Reply.sse([chunk("Hi"), *LAST[:2], last, "[DONE]"])
    )
    flavour.create(server.base_url, messages=HELLO, service_tier="auto")
    flavour.chunks(server.base_url, messages=HELLO, service_tier="flex")
    plain, streamed = [dict(span.attributes or {}) for span in seen.calls]
    for said in (plain, streamed):
        assert (said["openai.response.service_tier"], said["openai.response.system_fingerprint"]) == ("flex", "fp_1")
    assert "openai.request.service_tier" not in plain
    assert streamed["openai.request.service_tier"] == "flex"


@pytest.mark.parametrize(
    ("base_url", "provider"),
    [
        ("https://api.opper.ai/v3/compat", "opper"),
        ("https://api.groq.com/v1", "groq"),
        ("https://x.example/v1", "openai"),
    ],
)
def test_only_the_provider_openai_has_its_attributes(base_url: str, provider: str) -> None:
    """At the other hosts, which the conventions name or which are Opper's, there are none."""
    call = CallRecord(base_url, {"messages": HELLO, "service_tier": "flex"}, 0.0, stream=False)
    common = _semconv.common_attributes(call)
    assert common["gen_ai.provider.name"] == provider
    named = [name for name in _semconv.request_attributes(call, common) if name.startswith("openai.")]
    assert bool(named) == (provider == "openai")


def test_numbers_have_the_types_of_the_conventions(server: LocalServer, seen: Seen) -> None:
    """A double for a temperature of 1; no integer of more than 64 bits, which an exporter cannot send."""
    server.reply(answer(usage={**USAGE, "prompt_tokens": 2**70, "prompt_tokens_details": {"cached_tokens": 2**63}}))
    numbers = {"temperature": 1, "top_p": 0, "seed": 2**65, "max_tokens": 5}
    Flavour("sync").create(server.base_url, messages=HELLO, extra_body={"top_k": 40}, **numbers)
    said = seen.said
    doubles = [said[f"gen_ai.request.{name}"] for name in ("temperature", "top_p", "top_k")]
    assert (doubles, {type(value) for value in doubles}) == ([1, 0, 40], {float})
    assert said["gen_ai.request.max_tokens"] == 5
    assert said["gen_ai.usage.output_tokens"] == 22
    body = {"messages": HELLO, "seed": 1.5, "max_tokens": 5.0}
    sent = _semconv.request_attributes(
        call := CallRecord("", body, 0.0, stream=False), _semconv.common_attributes(call)
    )
    assert (sent.get("gen_ai.request.seed"), sent["gen_ai.request.max_tokens"]) == (None, 5)
    for name in ("gen_ai.request.seed", "gen_ai.usage.input_tokens", "gen_ai.usage.cache_read.input_tokens"):
        assert name not in said
    (tokens,) = seen.metrics["gen_ai.client.token.usage"]
    assert tokens.attributes["gen_ai.token.type"] == "output"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"model": None}, {"gen_ai.request.model": None}),
        ({"model": [{"name": "a", "options": {}}, "b"]}, {"gen_ai.request.model": "a"}),
        ({"stop": ["a", "b"]}, {"gen_ai.request.stop_sequences": ("a", "b")}),
        ({"max_tokens": 1, "max_completion_tokens": 2}, {"gen_ai.request.max_tokens": 2}),
        ({"n": 1, "temperature": True}, {"gen_ai.request.choice.count": None, "gen_ai.request.temperature": None}),
        ({"modalities": ["text", "audio"]}, {"gen_ai.output.type": "speech"}),
        ({"response_format": {"type": "json_schema"}}, {"gen_ai.output.type": "json"}),
        ({"response_format": {"type": "grammar"}}, {"gen_ai.output.type": None}),
    ],
)
def test_parameters_in_their_other_forms(body: dict[str, Any], expected: dict[str, Any], seen: Seen) -> None:
    """The attribute, or none."""
    tell(CallRecord("https://api.opper.ai/v2/openai", {"messages": HELLO, **body}, 0.0, stream=False))
    assert {name: seen.said.get(name) for name in expected} == expected
    assert seen.call.name == " ".join(filter(None, ["chat", seen.said.get("gen_ai.request.model")]))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://api.opper.ai/v2/openai", ("opper", "api.opper.ai", 443)),
        ("https://api.groq.com/openai/v1", ("groq", "api.groq.com", 443)),
        ("http://[::1]:8000", ("openai", "::1", 8000)),
        ("http://notopper.ai", ("openai", "notopper.ai", 80)),
    ],
)
def test_the_server_is_named(address: str, expected: tuple[str, str, int], seen: Seen) -> None:
    """Provider, address and port."""
    tell(CallRecord(address, {"messages": HELLO}, 0.0, stream=False))
    assert expected == (seen.said["gen_ai.provider.name"], seen.said["server.address"], seen.said["server.port"])


def tell(call: CallRecord) -> None:
    """Tell of a call that a shell has no hand in."""
    _observers.notify_call_start(call)
    _observers.notify_attempt_end(call, Attempt(200, None, 0.0, 0.1, None))
    call.outcome, call.duration = "complete", 0.1
    _observers.notify_call_end(call)


def test_a_stream_is_a_span_to_its_end(server: LocalServer, flavour: Flavour, seen: Seen) -> None:
    """Usage, finish reasons, time to the first token, and a duration that includes the reading."""
    server.reply(Reply.sse([chunk(delta={"role": "assistant"}), Pause(0.1), chunk("Hel"), Pause(0.1), *LAST]))
    flavour.chunks(server.base_url, model="m", messages=HELLO)
    said = seen.said
    assert said["gen_ai.request.stream"] is True
    assert said["gen_ai.response.finish_reasons"] == ("stop",)
    assert (said["gen_ai.usage.input_tokens"], said["gen_ai.usage.output_tokens"]) == (11, 22)
    assert said["opper_chat.outcome"] == "complete"
    assert seen.call.status.status_code is StatusCode.UNSET
    assert seen.call.start_time is not None
    assert seen.call.end_time is not None
    seconds = (seen.call.end_time - seen.call.start_time) / 1e9
    assert seconds >= 0.2
    assert 0.1 <= said["gen_ai.response.time_to_first_chunk"] < seconds


@pytest.mark.parametrize(
    ("events", "error", "partial"),
    [
        ([chunk("Hel")], "StreamTruncatedError", True),
        ([chunk("Hel"), CUT], "APIConnectionError", True),
        ([chunk("Hel"), {"error": {"message": "overloaded"}}], "APIError", True),
        ([chunk("Hel"), "nonsense"], "APIResponseValidationError", True),
        ([chunk("Hel"), Pause(30)], "APITimeoutError", True),
        ([{"error": {"message": "overloaded"}}], "APIError", False),
    ],
)
def test_a_stream_that_fails_is_an_error(
    events: list[Any], error: str, partial: bool, server: LocalServer, flavour: Flavour, seen: Seen
) -> None:
    """Its class, the error status, `error` for the finish reason that did not come, and one span."""
    server.reply(Reply.sse(events))
    flavour.chunks(server.base_url, {"idle_timeout": 0.3}, messages=HELLO)
    said = seen.said
    assert (said["error.type"], said["opper_chat.outcome"]) == (error, "failed")
    assert seen.call.status.status_code is StatusCode.ERROR
    assert said.get("gen_ai.response.finish_reasons") == (("error",) if partial else None)
    (point,) = seen.metrics["gen_ai.client.operation.duration"]
    assert point.attributes["error.type"] == error


def test_a_failed_call_is_an_error(server: LocalServer, flavour: Flavour, seen: Seen) -> None:
    """Its class, and not the server's words, which may repeat content."""
    server.reply(lambda _request: Reply.json({"error": {"message": "what you said: secret"}}, status=400))
    with pytest.raises(BadRequestError):
        flavour.create(server.base_url, messages=HELLO)
    assert seen.said["error.type"] == "BadRequestError"
    assert (seen.call.status.status_code, seen.call.status.description) == (StatusCode.ERROR, None)
    assert "secret" not in seen.call.to_json()


def test_the_words_of_this_package_are_told(flavour: Flavour, seen: Seen) -> None:
    """Why there was no answer."""
    with pytest.raises(APIConnectionError):
        flavour.create("http://127.0.0.1:9", {"max_retries": 0}, messages=HELLO)
    assert (seen.call.status.description or "").startswith("There was no response (POST http://127.0.0.1:9/")


def test_a_stream_closed_early_is_no_error(server: LocalServer, seen: Seen) -> None:
    """No status and no error, the finish reason `error`, one span, ended when it was closed."""
    server.reply(Reply.sse([chunk("Hel"), Pause(30)]))
    with Opper(api_key=KEY, base_url=server.base_url) as client:
        with client.chat.completions.create(messages=HELLO, stream=True) as stream:
            next(iter(stream))
            assert seen.spans == []
        assert seen.said["opper_chat.outcome"] == "closed"
        assert seen.said["gen_ai.response.finish_reasons"] == ("error",)
        assert "error.type" not in seen.said
        assert seen.call.status.status_code is StatusCode.UNSET


def test_a_dropped_stream_ends_its_span(server: LocalServer, seen: Seen) -> None:
    """Once, from the finalizer, in whichever thread that runs."""
    server.reply(Reply.sse([chunk("Hel"), Pause(30)]))
    with Opper(api_key=KEY, base_url=server.base_url) as client, warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        streams = [client.chat.completions.create(messages=HELLO, stream=True)]
        next(iter(streams[0]))
        thread = threading.Thread(target=lambda: (streams.clear(), gc.collect()))
        thread.start()
        thread.join()
    assert seen.said["opper_chat.outcome"] == "closed"


@pytest.mark.parametrize("stream", [False, True])
def test_a_cancelled_call_is_an_error(stream: bool, server: LocalServer, seen: Seen) -> None:
    """`CancelledError`: what was asked for ended with an exception."""
    server.reply(Reply.sse([chunk("Hel"), Pause(30)]) if stream else Reply.json({}, delay=30))

    async def run() -> None:
        async with AsyncOpper(api_key=KEY, base_url=server.base_url) as client:
            answer: Any = await client.chat.completions.create(messages=HELLO, stream=stream)
            await answer.until_done()

    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(run(), 0.5))
    assert (seen.said["error.type"], seen.said["opper_chat.outcome"]) == ("CancelledError", "closed")
    assert seen.call.status.status_code is StatusCode.ERROR


def spanning(seen: Seen, where: list[str]) -> Any:
    """What an instrumented httpx does: a span for each request, under whichever is current."""

    def hook(request: httpx.Request) -> None:
        with seen.tracer.start_as_current_span("POST"):
            where.append(str(request.url))

    async def hook_async(request: httpx.Request) -> None:
        hook(request)

    return hook, hook_async


@pytest.mark.parametrize("stream", [False, True])
def test_spans_nest(stream: bool, server: LocalServer, flavour: Flavour, seen: Seen) -> None:
    """HTTP's below the call's, the call's below the caller's, and the caller's current again after the call."""
    hooks = spanning(seen, [])
    own: Any = (
        httpx.Client(event_hooks={"request": [hooks[0]]})
        if flavour.kind == "sync"
        else httpx.AsyncClient(event_hooks={"request": [hooks[1]]})
    )
    currents: list[Any] = []

    def use(client: Opper) -> None:
        with seen.tracer.start_as_current_span("caller") as caller:
            answer: Any = client.chat.completions.create(messages=HELLO, stream=stream)
            currents.append(trace.get_current_span() is caller)
            if stream:
                for _ in answer:
                    currents.append(trace.get_current_span() is caller)
                answer.close()
        own.close()

    async def use_async(client: AsyncOpper) -> None:
        with seen.tracer.start_as_current_span("caller") as caller:
            answer: Any = await client.chat.completions.create(messages=HELLO, stream=stream)
            currents.append(trace.get_current_span() is caller)
            if stream:
                async for _ in answer:
                    currents.append(trace.get_current_span() is caller)
                await answer.close()
        await own.aclose()

    call: Any = use if flavour.kind == "sync" else use_async
    flavour(call, api_key=KEY, base_url=server.base_url, http_client=own)
    spans = {span.name.split()[0]: span for span in seen.spans}
    assert set(spans) == {"POST", "chat", "caller"}
    for child, parent in (("POST", "chat"), ("chat", "caller")):
        assert spans[child].parent is not None
        assert spans[child].parent.span_id == spans[parent].context.span_id
    assert currents
    assert all(currents)


def test_calls_side_by_side_do_not_disturb_each_other(server: LocalServer, seen: Seen) -> None:
    """Each span below its own caller's, where fifty tasks read streams in turns, and end them in another task."""

    async def one(client: AsyncOpper, number: int, ended: list[Any]) -> None:
        with seen.tracer.start_as_current_span(f"caller {number}") as caller:
            stream = await client.chat.completions.create(model=f"m{number}", messages=HELLO, stream=True)
            async for _ in stream:
                await asyncio.sleep(0)
                assert trace.get_current_span() is caller
                break
            ended.append(asyncio.create_task(stream.close()))

    async def run() -> None:
        async with AsyncOpper(api_key=KEY, base_url=server.base_url) as client:
            ended: list[Any] = []
            await asyncio.gather(*(one(client, number, ended) for number in range(50)))
            await asyncio.gather(*ended)

    asyncio.run(run())
    callers = {span.name.split()[1]: span for span in seen.spans if span.name.startswith("caller")}
    assert len(seen.calls) == 50
    for span in seen.calls:
        assert span.parent is not None
        assert span.parent.span_id == callers[span.name.removeprefix("chat m")].context.span_id


def test_a_stream_read_by_another_thread_ends_there(server: LocalServer, seen: Seen) -> None:
    """One span below the caller's, and nothing current in the other thread."""
    server.reply(Reply.sse([chunk("Hel"), *LAST]))
    currents: list[Any] = []

    def read(stream: Any) -> None:
        with stream:
            stream.until_done()
        currents.append(trace.get_current_span())

    with Opper(api_key=KEY, base_url=server.base_url) as client, seen.tracer.start_as_current_span("caller") as caller:
        stream = client.chat.completions.create(messages=HELLO, stream=True)
        thread = threading.Thread(target=read, args=(stream,))
        thread.start()
        thread.join()
        assert trace.get_current_span() is caller
    assert currents == [trace.INVALID_SPAN]
    assert seen.call.parent is not None
    assert seen.call.parent.span_id == caller.get_span_context().span_id


def test_a_request_given_up_elsewhere_disturbs_nothing(seen: Seen) -> None:
    """Another's span stays current, and no complaint, where a request is left in another context than it was begun."""
    call = CallRecord("http://127.0.0.1:1", {"messages": HELLO}, 0.0, stream=False)
    _observers.notify_call_start(call)
    around = contextvars.copy_context().run(_observers.around_request, call)
    with seen.tracer.start_as_current_span("other") as other:
        with around:
            assert trace.get_current_span() is other
        assert trace.get_current_span() is other
    call.outcome = "closed"
    _observers.notify_call_end(call)
    assert seen.said["opper_chat.outcome"] == "closed"


def test_attempts_are_counted_and_no_events(seen: Seen) -> None:
    """Their number without redirects, the span current while each is sent, and no error if the last one succeeds."""
    call = CallRecord("http://127.0.0.1:1", {"messages": HELLO}, 0.0, stream=False)
    _observers.notify_call_start(call)
    busy, redirect = Attempt(429, "RateLimitError: x", 0.5, 0.1, None), Attempt(307, None, 0.0, 0.1, None)
    for attempt in (busy, redirect, Attempt(200, None, 0.0, 0.1, None)):
        with _observers.around_request(call):
            assert trace.get_current_span() is not trace.INVALID_SPAN
        assert trace.get_current_span() is trace.INVALID_SPAN
        call.attempts.append(attempt)
        _observers.notify_attempt_end(call, attempt)
    call.outcome, call.duration = "complete", 0.7
    _observers.notify_call_end(call)
    assert (seen.said["opper_chat.attempts"], seen.call.events) == (2, ())
    assert seen.call.status.status_code is StatusCode.UNSET


def test_metrics(server: LocalServer, flavour: Flavour, seen: Seen) -> None:
    """Duration, time to the first chunk and tokens, with the conventions' units and buckets."""
    server.reply(Reply.sse([chunk("Hel"), *LAST]))
    flavour.chunks(server.base_url, model="m", messages=HELLO)
    metrics = seen.metrics
    assert set(metrics) == {
        "gen_ai.client.operation.duration", "gen_ai.client.operation.time_to_first_chunk", "gen_ai.client.token.usage",
    }  # fmt: skip
    tokens = {point.attributes["gen_ai.token.type"]: point.sum for point in metrics["gen_ai.client.token.usage"]}
    assert tokens == {"input": 11, "output": 22}
    (duration,) = metrics["gen_ai.client.operation.duration"]
    assert {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "m"}.items() <= (
        duration.attributes.items()
    )
    assert list(duration.explicit_bounds) == [0.01 * 2**power for power in range(14)]
    assert list(metrics["gen_ai.client.token.usage"][0].explicit_bounds) == [4**power for power in range(14)]
    assert "error.type" not in duration.attributes
    assert duration.count == 1


def conventions() -> tuple[set[str], set[str]]:
    """The names of attributes and metrics that the conventions' package has."""
    attributes: set[str] = set()
    for name in ("gen_ai", "openai", "server", "error"):
        module = import_module(f"opentelemetry.semconv._incubating.attributes.{name}_attributes")
        attributes |= {value for key, value in vars(module).items() if key.isupper() and isinstance(value, str)}
    module = import_module("opentelemetry.semconv._incubating.metrics.gen_ai_metrics")
    return attributes, {value for key, value in vars(module).items() if key.isupper() and isinstance(value, str)}


needs_current_names = pytest.mark.skipif(
    "gen_ai.client.operation.time_to_first_chunk" not in conventions()[1],
    reason="the conventions' package is of an age that does not have all names yet",
)
"""It is of the age of the API, which may be older."""


@needs_current_names
def test_names_are_the_conventions(server: LocalServer, seen: Seen) -> None:
    """Every name that a span or a metric has is one of the conventions' own, or has this package's name before it."""
    seen.instrument(capture_content=True)
    server.reply(answer(), Reply.sse([chunk("Hel"), CUT]))
    flavour = Flavour("sync")
    flavour.create(
        server.base_url, model="m", messages=HELLO, temperature=1, top_p=1, n=2, max_tokens=1, stop="x", seed=1,
        frequency_penalty=0, presence_penalty=0, response_format={"type": "json_object"},
        tools=[{"type": "function", "function": {"name": "f"}}],
    )  # fmt: skip
    flavour.chunks(server.base_url, messages=HELLO)
    attributes, metrics = conventions()
    used = {name for span in seen.calls for name in span.attributes or ()}
    measured = seen.metrics
    used |= {name for points in measured.values() for point in points for name in point.attributes}
    assert {name for name in used if not name.startswith("opper_chat.")} <= attributes
    assert len(used) > 25
    assert set(measured) <= metrics


@needs_current_names
def test_values_are_the_conventions(seen: Seen) -> None:
    """The operation, the providers, the kinds of output and of token that the conventions list."""
    module = import_module("opentelemetry.semconv._incubating.attributes.gen_ai_attributes")
    known = {kind: {member.value for member in getattr(module, kind)} for kind in vars(module) if "Values" in kind}
    assert "chat" in known["GenAiOperationNameValues"]
    assert {*_semconv.OUTPUT_TYPES.values(), "speech"} <= known["GenAiOutputTypeValues"]
    assert {"input", "output"} <= known["GenAiTokenTypeValues"]
    assert {*_semconv.PROVIDERS.values(), "openai"} <= known["GenAiProviderNameValues"]


CONVERSATION: list[dict[str, Any]] = [
    {"role": "system", "content": "Be brief."},
    {
        "role": "user",
        "name": "ann",
        "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "https://host/a.png"}},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}},
            {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}},
            {"type": "file", "file": {"file_id": "file-1"}},
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,QUJD", "filename": "a.pdf"}},
            {"type": "hologram", "depth": 3},
        ],
    },
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}},
            {"id": "c2", "type": "function", "function": {"name": "g", "arguments": '{"a": '}},
            {"id": "c3", "type": "custom", "custom": {"name": "h", "input": '{"a": 1}'}},
        ],
    },
    {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
]

PARTS = [
    {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
    {
        "role": "user",
        "name": "ann",
        "parts": [
            {"type": "text", "content": "What is this?"},
            {"type": "uri", "modality": "image", "uri": "https://host/a.png"},
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "QUJD"},
            {"type": "blob", "modality": "audio", "mime_type": "audio/wav", "content": "QUJD"},
            {"type": "file", "modality": "document", "file_id": "file-1"},
            {"type": "blob", "modality": "document", "mime_type": "application/pdf", "content": "QUJD"},
            {"type": "hologram", "depth": 3},
        ],
    },
    {
        "role": "assistant",
        "parts": [
            {"type": "tool_call", "id": "c1", "name": "f", "arguments": {"a": 1}},
            {"type": "tool_call", "id": "c2", "name": "g", "arguments": '{"a": '},
            {"type": "tool_call", "id": "c3", "name": "h", "arguments": '{"a": 1}'},
        ],
    },
    {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "sunny"}]},
]


def test_content_is_captured_where_it_is_asked_for(server: LocalServer, flavour: Flavour, seen: Seen) -> None:
    """Messages and answers as parts, tools by name, and the server's words of an error."""
    seen.instrument(capture_content=True)
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    message = {
        "role": "assistant",
        "content": "Hm.",
        "reasoning_content": "Well",
        "refusal": "No",
        "tool_calls": [call],
    }
    server.reply(answer(choices=[{"index": 0, "finish_reason": "tool_calls", "message": message}]))
    tools = [{"type": "function", "function": {"name": "f", "description": "secret"}}]
    # Through extra_body, because the contract does not know holograms.
    flavour.create(server.base_url, tools=tools, extra_body={"messages": CONVERSATION})
    assert json.loads(seen.said["gen_ai.input.messages"]) == PARTS
    assert json.loads(seen.said["gen_ai.tool.definitions"]) == [{"type": "function", "name": "f"}]
    assert json.loads(seen.said["gen_ai.output.messages"]) == [
        {
            "role": "assistant",
            "finish_reason": "tool_call",
            "parts": [
                {"type": "reasoning", "content": "Well"},
                {"type": "text", "content": "Hm."},
                {"type": "refusal", "content": "No"},
                {"type": "tool_call", "id": "c", "name": "f", "arguments": {}},
            ],
        }
    ]
    seen.exporter.clear()
    server.reply(lambda _request: Reply.json({"error": {"message": f"bad {KEY}"}}, status=400))
    with pytest.raises(BadRequestError):
        flavour.create(server.base_url, messages=HELLO)
    assert seen.call.status.description == "400: bad [removed] [request id req_000002]"


def test_content_of_a_broken_stream(server: LocalServer, flavour: Flavour, seen: Seen) -> None:
    """As far as it came, with the finish reason `error`."""
    seen.instrument(capture_content=True)
    server.reply(Reply.sse([chunk("Hel"), chunk("lo"), CUT]))
    flavour.chunks(server.base_url, messages=HELLO)
    expected = [{"role": "assistant", "parts": [{"type": "text", "content": "Hello"}], "finish_reason": "error"}]
    assert json.loads(seen.said["gen_ai.output.messages"]) == expected


@pytest.mark.parametrize(
    ("value", "captured"),
    [("", False), ("no_content", False), ("event_only", False), ("SPAN_ONLY", True), ("span_and_event", True),
     ("true", True), ("nonsense", False)],
)  # fmt: skip
def test_the_environment_asks_for_content(
    value: str, captured: bool, server: LocalServer, seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On spans, for the two values that name them; an argument wins."""
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", value)
    for argument, expected in ((None, captured), (not captured, not captured)):
        seen.exporter.clear()
        seen.instrument(capture_content=argument)
        Flavour("sync").create(server.base_url, messages=HELLO)
        assert ("gen_ai.input.messages" in seen.said) == expected


def test_no_content_unless_asked(server: LocalServer, flavour: Flavour, seen: Seen) -> None:
    """Nothing of what was said, in either direction."""
    flavour.create(server.base_url, messages=[{"role": "user", "content": "launch code alpha"}])
    flavour.chunks(server.base_url, messages=[{"role": "user", "content": "launch code alpha"}])
    told = "".join(span.to_json() for span in seen.calls)
    assert "launch" not in told
    assert "alpha" not in told


def test_a_call_under_way_ends_where_it_began(server: LocalServer, seen: Seen) -> None:
    """One whole span, though the watching was ended while it was read; none for a later call."""
    server.reply(Reply.sse([chunk("Hel"), *LAST]))
    with Opper(api_key=KEY, base_url=server.base_url) as client:
        with client.chat.completions.create(messages=HELLO, stream=True) as stream:
            next(iter(stream))
            telemetry.uninstrument()
            telemetry.uninstrument()
            client.chat.completions.create(messages=HELLO)
            assert seen.calls == []
            stream.until_done()
        assert seen.said["opper_chat.outcome"] == "complete"


def test_a_call_that_began_before_is_not_told(server: LocalServer, seen: Seen) -> None:
    """No span and no failure."""
    telemetry.uninstrument()
    with Opper(api_key=KEY, base_url=server.base_url) as client:
        with client.chat.completions.create(messages=HELLO, stream=True) as stream:
            seen.instrument()
            stream.until_done()
    assert seen.spans == []


def test_instrumenting_twice_makes_one_span(server: LocalServer, seen: Seen) -> None:
    """The second in place of the first."""
    seen.instrument()
    Flavour("sync").create(server.base_url, messages=HELLO)
    assert len(seen.spans) == 1


def test_the_entry_point(server: LocalServer, seen: Seen) -> None:
    """What `opentelemetry-instrument` loads, makes and calls, with the arguments that it gives."""
    telemetry.uninstrument()
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))["project"]
    module, _, name = project["entry-points"]["opentelemetry_instrumentor"]["opper-chat"].partition(":")
    instrumentor = getattr(import_module(module), name)()
    instrumentor.instrument(
        skip_dep_check=True, tracer_provider=seen.spans_provider, meter_provider=seen.metrics_provider
    )
    Flavour("sync").create(server.base_url, messages=HELLO)
    instrumentor.uninstrument()
    Flavour("sync").create(server.base_url, messages=HELLO)
    assert len(seen.calls) == 1


def test_without_providers_nothing_is_made(
    server: LocalServer, flavour: Flavour, caplog: pytest.LogCaptureFixture
) -> None:
    """An answer, and no complaint, where OpenTelemetry is there and nobody set it up."""
    telemetry.instrument()
    try:
        assert flavour.create(server.base_url, messages=HELLO).choices
        assert flavour.chunks(server.base_url, messages=HELLO)[1] is None
        assert trace.get_current_span() is trace.INVALID_SPAN
        assert [record for record in caplog.records if record.levelno > logging.INFO] == []
    finally:
        telemetry.uninstrument()


def commands(page: str) -> list[str]:
    """The commands that a page of the documentation shows."""
    text = (Path(__file__).parents[1] / "docs" / page).read_text("utf-8")
    return [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]


PLAIN = """
from opper_chat import Opper
with Opper() as client:
    print(client.chat.completions.create(model="a/b", messages=[{"role": "user", "content": "Hi"}]).text)
"""
STREAMED = """
from opper_chat import Opper
with Opper() as client:
    with client.chat.completions.create(
        model="a/b", messages=[{"role": "user", "content": "Hi"}], stream=True
    ) as stream:
        print(stream.get_final_completion().text)
"""


@pytest.mark.skipif(find_spec("opentelemetry.distro") is None, reason="opentelemetry-distro is not installed")
@pytest.mark.parametrize("script", [PLAIN, STREAMED], ids=["plain", "streamed"])
def test_the_command_of_the_documentation(server: LocalServer, tmp_path: Path, script: str) -> None:
    """As it stands: a span with all of the call in it, metrics, and no complaint of OpenTelemetry's."""
    (command,) = [line for line in commands("observability.md") if line.startswith("opentelemetry-instrument ")]
    (tmp_path / "your_script.py").write_text(script, "utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    environment |= {
        "OPPER_API_KEY": "local",
        "OPPER_BASE_URL": server.base_url,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    done = subprocess.run(
        command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    greeting, _, told = done.stdout.partition("\n")
    assert "You said: Hi" in greeting
    decoder, values = json.JSONDecoder(), []
    while told := told.strip():
        value, end = decoder.raw_decode(told)
        values.append(value)
        told = told[end:]
    spans = [value for value in values if "span_id" in value.get("context", {})]
    request, span = spans if find_spec("opentelemetry.instrumentation.httpx") else (None, *spans)
    assert request is None or (request["name"], request["parent_id"]) == ("POST", span["context"]["span_id"])
    (metrics,) = [value for value in values if "resource_metrics" in value]
    assert span["name"] == "chat a/b"
    assert "gen_ai.client.operation.duration" in str(metrics)
    if script == STREAMED:  # the first of its process, which loads what a stream needs
        began, ended = (datetime.fromisoformat(span[name]) for name in ("start_time", "end_time"))
        first = span["attributes"]["gen_ai.response.time_to_first_chunk"]
        assert 0 < first <= (ended - began).total_seconds()

"""Spans and metrics of calls, by OpenTelemetry's conventions for generative models. No HTTP library.

Needs the extra ``otel`` (``opentelemetry-api``), and does nothing until `instrument` is called, by a program or by
``opentelemetry-instrument``. The names are those that the conventions and OpenTelemetry's own instrumentations for
Python had at version 1.37 and later: https://opentelemetry.io/docs/specs/semconv/gen-ai/.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Lock
from time import monotonic, time_ns
from typing import TYPE_CHECKING, Final, NamedTuple, TypeGuard
from urllib.parse import urlsplit

from opentelemetry.context import attach, detach
from opentelemetry.metrics import MeterProvider, get_meter
from opentelemetry.trace import (
    Span,
    SpanKind,
    Status,
    StatusCode,
    TracerProvider,
    get_current_span,
    get_tracer,
    set_span_in_context,
)
from opentelemetry.util.types import AttributeValue

from .. import __version__
from .._config.environment import find_span_content
from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._json import codec as _json
from .._json.codec import is_array, is_object
from .._observability.logging import clean, model_name, reason
from .._observability.observers import add_observer, remove_observer
from .._observability.record import Attempt, CallRecord
from .._validation.type_checks import check_flags
from ._messages import MISSING, input_messages, output_messages, tool_definitions

if TYPE_CHECKING:
    from opper_chat_api.models import ChatCompletion

__all__ = ["Instrumentor", "instrument", "uninstrument"]

SCHEMA: Final = "https://opentelemetry.io/schemas/1.37.0"

SECONDS: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
"""The conventions' bounds of buckets for durations."""

TOKENS: Final = (
    1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864,
)  # fmt: skip
"""The conventions' bounds of buckets for numbers of tokens."""

NUMBERS: Final = {
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "seed": "gen_ai.request.seed",
    "max_tokens": "gen_ai.request.max_tokens",
    "max_completion_tokens": "gen_ai.request.max_tokens",  # what replaced `max_tokens`, and wins over it
}
"""Parameters and their attributes."""

OUTPUT_TYPES: Final = {"json_object": "json", "json_schema": "json", "text": "text"}

PROVIDERS: Final = {
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral_ai",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x_ai",
}
"""Hosts of this API whose names the conventions list."""

Attributes = dict[str, AttributeValue]


class _Open(NamedTuple):
    """A call under way."""

    span: Span
    labels: Attributes


class _Telemetry:
    """The observer that makes a span and the metrics of each call."""

    def __init__(
        self, tracer_provider: TracerProvider | None, meter_provider: MeterProvider | None, *, content: bool
    ) -> None:
        self._content = content
        self._stopped = False
        self._calls: dict[CallRecord, _Open] = {}
        self._tracer = get_tracer("opper_chat", __version__, tracer_provider, SCHEMA)
        meter = get_meter("opper_chat", __version__, meter_provider, SCHEMA)
        self._duration = meter.create_histogram(
            "gen_ai.client.operation.duration",
            unit="s",
            description="GenAI operation duration.",
            explicit_bucket_boundaries_advisory=SECONDS,
        )
        self._first_chunk = meter.create_histogram(
            "gen_ai.client.operation.time_to_first_chunk",
            unit="s",
            description="Time to receive the first chunk with output of the model.",
            explicit_bucket_boundaries_advisory=SECONDS,
        )
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage",
            unit="{token}",
            description="Number of input and output tokens used.",
            explicit_bucket_boundaries_advisory=TOKENS,
        )

    def stop(self) -> None:
        """Take no more calls, and go when the last one under way has ended."""
        self._stopped = True
        if not self._calls:
            remove_observer(self)

    def on_call_start(self, call: CallRecord) -> None:
        """Start the span, as a child of the one that is current where the call is made."""
        if self._stopped:
            return
        labels = _labels(call)
        model = labels.get("gen_ai.request.model")
        name = f"chat {model}" if model else "chat"
        # From the beginning of the call, as its duration and the time to its first chunk are: the modules that a
        # first call loads are loaded before it is told of.
        start = time_ns() - int((monotonic() - call.started_at) * 1e9)
        attributes = {**labels, **_asked(call)}
        span = self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes, start_time=start)
        self._calls[call] = _Open(span, labels)
        if self._content and span.is_recording():
            span.set_attribute("gen_ai.input.messages", _text(input_messages(call.body)))
            if tools := tool_definitions(call.body):
                span.set_attribute("gen_ai.tool.definitions", _text(tools))

    def sending(self, call: CallRecord) -> AbstractContextManager[object]:
        """Make the span the current one while a request is sent.

        So the spans of an instrumented httpx are its children, and the headers that these send name one of them. Not
        longer: a stream is read elsewhere, by another task or thread, and may be ended by a finalizer, and what the
        caller does between two chunks is not part of the call.
        """
        opened = self._calls.get(call)
        return nullcontext() if opened is None else _current_span(opened.span)

    def on_attempt_end(self, call: CallRecord, attempt: Attempt) -> None:
        """Record nothing of an attempt.

        Errors that were retried "SHOULD NOT be recorded on spans or metrics that describe this operation" (Recording
        errors), and an instrumented httpx has a span for each. How many there were is told at the end.
        """

    def on_call_end(self, call: CallRecord) -> None:
        """End the span with what came of the call, and count it."""
        opened = self._calls.pop(call, None)
        if opened is None:
            return  # it began before there was anybody to tell
        try:
            self._conclude(call, opened)
        finally:
            opened.span.end()
            if self._stopped and not self._calls:
                remove_observer(self)

    def _conclude(self, call: CallRecord, opened: _Open) -> None:
        span, labels = opened.span, opened.labels
        error = call.error
        if error is not None:
            kind = type(error).__name__
            labels["error.type"] = kind
            span.set_attribute("error.type", kind)
            span.set_status(Status(StatusCode.ERROR, _said(reason(error, content=self._content))))
        completion = call.completion
        if completion is not None and completion.model:
            labels["gen_ai.response.model"] = str(clean(completion.model))
        if span.is_recording():
            span.set_attributes(dict(_answered(call, completion, labels)))
            if self._content and completion is not None:
                span.set_attribute("gen_ai.output.messages", _text(output_messages(completion)))
        self._count(call, completion, labels)

    def _count(self, call: CallRecord, completion: ChatCompletion | None, labels: Attributes) -> None:
        if call.duration is not None:
            self._duration.record(call.duration, labels)
        succeeded = {name: value for name, value in labels.items() if name != "error.type"}
        if call.first_token is not None:
            self._first_chunk.record(call.first_token, succeeded)
        usage = completion.usage if completion is not None else None
        if usage is not None:
            for kind, count in (("input", usage.prompt_tokens), ("output", usage.completion_tokens)):
                if _is_count(count):
                    self._tokens.record(count, {**succeeded, "gen_ai.token.type": kind})


@contextmanager
def _current_span(span: Span) -> Generator[None]:
    """Make a span the current one, and give the context back only where it was taken.

    A coroutine that is given up may be closed anywhere. OpenTelemetry's own `use_span` would complain there.
    """
    token = attach(set_span_in_context(span))
    try:
        yield
    finally:
        if get_current_span() is span:
            detach(token)


def _labels(call: CallRecord) -> Attributes:
    """What spans and metrics of a call share; what samplers see, too."""
    address = urlsplit(call.base_url)
    host = address.hostname or ""
    labels: Attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": _provider(host),
        "server.address": host,
        "server.port": address.port or (80 if address.scheme == "http" else 443),
    }
    if model := model_name(call.body):
        labels["gen_ai.request.model"] = model
    return labels


def _provider(host: str) -> str:
    """The provider, by its host. Of a host that nobody knows it is known that it speaks OpenAI's API."""
    if host == "opper.ai" or host.endswith(".opper.ai"):
        return "opper"
    return PROVIDERS.get(host, "openai")


def _asked(call: CallRecord) -> Attributes:
    """The parameters of a request that the conventions name."""
    body = call.body
    asked: Attributes = {}
    for parameter, attribute in NUMBERS.items():
        value = body.get(parameter)
        if isinstance(value, int | float) and not isinstance(value, bool):
            asked[attribute] = value
    if call.stream:
        asked["gen_ai.request.stream"] = True
    n = body.get("n")
    if _is_count(n) and n != 1:
        asked["gen_ai.request.choice.count"] = n
    stop = body.get("stop")
    if isinstance(stop, str):
        asked["gen_ai.request.stop_sequences"] = [stop]
    elif is_array(stop):
        asked["gen_ai.request.stop_sequences"] = [text for text in stop if isinstance(text, str)]
    form, modalities = body.get("response_format"), body.get("modalities")
    if is_object(form) and (output := OUTPUT_TYPES.get(str(form.get("type")))):
        asked["gen_ai.output.type"] = output
    elif is_array(modalities) and "audio" in modalities:
        asked["gen_ai.output.type"] = "speech"
    return asked


def _answered(
    call: CallRecord, completion: ChatCompletion | None, labels: Attributes
) -> Iterator[tuple[str, AttributeValue]]:
    """What came of the call."""
    if call.outcome is not None:
        yield "opper_chat.outcome", call.outcome
    if len(call.attempts) > 1:
        yield "opper_chat.attempts", len(call.attempts)
    if call.request_id is not None:
        yield "opper_chat.request_id", str(clean(call.request_id))
    if call.first_token is not None:
        yield "gen_ai.response.time_to_first_chunk", call.first_token
    if completion is None:
        return
    if "gen_ai.response.model" in labels:
        yield "gen_ai.response.model", labels["gen_ai.response.model"]
    if completion.id:
        yield "gen_ai.response.id", str(clean(completion.id))
    if completion.choices:
        reasons = [str(clean(choice.finish_reason or MISSING)) for choice in completion.choices]
        yield "gen_ai.response.finish_reasons", reasons
    yield from _used(completion)


def _used(completion: ChatCompletion) -> Iterator[tuple[str, AttributeValue]]:
    usage = completion.usage
    if usage is None:
        return
    read, thought = usage.prompt_tokens_details, usage.completion_tokens_details
    counts = {
        "gen_ai.usage.input_tokens": usage.prompt_tokens,
        "gen_ai.usage.output_tokens": usage.completion_tokens,
        "gen_ai.usage.cache_read.input_tokens": read.cached_tokens if read is not None else None,
        "gen_ai.usage.reasoning.output_tokens": thought.reasoning_tokens if thought is not None else None,
    }
    for name, count in counts.items():
        if _is_count(count):
            yield name, count


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _said(words: str | None) -> str | None:
    return None if words is None else str(clean(words))


def _text(value: object) -> str:
    """Content as JSON: attributes of spans have no other form for it yet, and the conventions allow this one."""
    return _json.encode(value).decode()


_lock = Lock()
_current: _Telemetry | None = None


def instrument(
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
    capture_content: bool | None = None,
) -> None:
    """Make a span and metrics of every call of this process from now on.

    Doing it again replaces what was there before; calls under way end where they began.

    Args:
        tracer_provider: where spans go; unless given, OpenTelemetry's global one.
        meter_provider: the same for metrics.
        capture_content: whether spans carry messages and answers, and the words of a server's errors. Unless given,
            what ``OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`` says: ``span_only`` or ``span_and_event``
            for yes. Events are not made.

    Raises:
        InvalidArgumentError: an argument is wrong.
    """
    global _current
    for name, provider, method in (
        ("tracer_provider", tracer_provider, "get_tracer"),
        ("meter_provider", meter_provider, "get_meter"),
    ):
        if provider is not None and not callable(getattr(provider, method, None)):
            raise InvalidArgumentError(name, "a provider of OpenTelemetry or None", describe(provider))
    if capture_content is not None:
        check_flags(capture_content=capture_content)
    content = find_span_content() if capture_content is None else capture_content
    made = _Telemetry(tracer_provider, meter_provider, content=content)
    with _lock:
        before, _current = _current, made
    if before is not None:
        before.stop()
    add_observer(made)


def uninstrument() -> None:
    """Make nothing of the calls that begin from now on. Those under way end as they began; twice does nothing more."""
    global _current
    with _lock:
        before, _current = _current, None
    if before is not None:
        before.stop()


class Instrumentor:
    """What ``opentelemetry-instrument`` finds under the entry point ``opentelemetry_instrumentor``.

    It asks for two methods and not for its own base class, so that there is no need to depend on it.
    """

    def instrument(self, **settings: object) -> None:
        """Call `instrument` with those of its arguments that are given; others are not for this package."""
        tracer_provider, meter_provider = settings.get("tracer_provider"), settings.get("meter_provider")
        content = settings.get("capture_content")
        instrument(
            tracer_provider if isinstance(tracer_provider, TracerProvider) else None,
            meter_provider if isinstance(meter_provider, MeterProvider) else None,
            content if isinstance(content, bool) else None,
        )

    def uninstrument(self, **_settings: object) -> None:
        """Call `uninstrument`."""
        uninstrument()

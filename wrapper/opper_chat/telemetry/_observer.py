"""The observer that records a span and the metrics of each call."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import monotonic, time_ns
from typing import TYPE_CHECKING, NamedTuple

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

from .. import __version__
from .._errors.attempt import Attempt
from .._json import codec as _json
from .._observability.logging import clean, reason
from .._observability.observers import remove_observer
from .._observability.record import CallRecord
from ._messages import input_messages, output_messages, tool_definitions
from ._semconv import (
    DURATION_BUCKETS,
    SCHEMA_URL,
    TOKEN_BUCKETS,
    Attributes,
    common_attributes,
    is_count,
    request_attributes,
    response_attributes,
)

if TYPE_CHECKING:
    from opper_chat_api.models import ChatCompletion


class _OpenCall(NamedTuple):
    """The span of a call in progress, and the attributes that its metrics share with it."""

    span: Span
    attributes: Attributes


class TelemetryObserver:
    """Records a span and the metrics of each call.

    Args:
        tracer_provider: where spans go, or None for the global provider.
        meter_provider: where metrics go, or None for the global provider.
        content: whether spans carry messages, completions and the messages of a server's errors.
    """

    def __init__(
        self, tracer_provider: TracerProvider | None, meter_provider: MeterProvider | None, *, content: bool
    ) -> None:
        self._content = content
        self._stopped = False
        self._calls: dict[CallRecord, _OpenCall] = {}
        self._tracer = get_tracer("opper_chat", __version__, tracer_provider, SCHEMA_URL)
        meter = get_meter("opper_chat", __version__, meter_provider, SCHEMA_URL)
        self._duration = meter.create_histogram(
            "gen_ai.client.operation.duration",
            unit="s",
            description="GenAI operation duration.",
            explicit_bucket_boundaries_advisory=DURATION_BUCKETS,
        )
        self._first_chunk = meter.create_histogram(
            "gen_ai.client.operation.time_to_first_chunk",
            unit="s",
            description="Time to receive the first chunk with output of the model.",
            explicit_bucket_boundaries_advisory=DURATION_BUCKETS,
        )
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage",
            unit="{token}",
            description="Number of input and output tokens used.",
            explicit_bucket_boundaries_advisory=TOKEN_BUCKETS,
        )

    def stop(self) -> None:
        """Record no further calls. The observer is removed when the last call in progress has ended."""
        self._stopped = True
        if not self._calls:
            remove_observer(self)

    def on_call_start(self, call: CallRecord) -> None:
        """Start the span, as a child of the current span of the caller."""
        if self._stopped:
            return
        attributes = common_attributes(call)
        model = attributes.get("gen_ai.request.model")
        span = self._tracer.start_span(
            f"chat {model}" if model else "chat",
            kind=SpanKind.CLIENT,
            attributes={**attributes, **request_attributes(call, attributes)},
            # When the call started, as for its duration: the first call of a process loads modules before this.
            start_time=time_ns() - int((monotonic() - call.started_at) * 1e9),
        )
        self._calls[call] = _OpenCall(span, attributes)
        if self._content and span.is_recording():
            span.set_attribute("gen_ai.input.messages", _json_text(input_messages(call.body)))
            if tools := tool_definitions(call.body):
                span.set_attribute("gen_ai.tool.definitions", _json_text(tools))

    def sending(self, call: CallRecord) -> AbstractContextManager[object]:
        """Make the span the current one while a request is sent.

        So the spans of an instrumented httpx are its children, and the headers that it sends name one of them. The span
        is not current while a stream is read: another task, thread or finalizer may end the stream, and what the caller
        does between two chunks is not part of the call.
        """
        open_call = self._calls.get(call)
        return nullcontext() if open_call is None else _current_span(open_call.span)

    def on_attempt_end(self, call: CallRecord, attempt: Attempt) -> None:
        """Record nothing.

        Errors that were retried "SHOULD NOT be recorded on spans or metrics that describe this operation"
        (https://opentelemetry.io/docs/specs/semconv/general/recording-errors/). An instrumented httpx has a span for
        each attempt, and the span of the call has their number.
        """

    def on_call_end(self, call: CallRecord) -> None:
        """End the span, and record the metrics."""
        open_call = self._calls.pop(call, None)
        if open_call is None:
            return  # the call started before this observer was added
        try:
            self._record(call, *open_call)
        finally:
            open_call.span.end()
            if self._stopped and not self._calls:
                remove_observer(self)

    def _record(self, call: CallRecord, span: Span, attributes: Attributes) -> None:
        if call.error is not None:
            attributes["error.type"] = type(call.error).__name__
            span.set_attribute("error.type", attributes["error.type"])
            message = reason(call.error, content=self._content)
            span.set_status(Status(StatusCode.ERROR, None if message is None else str(clean(message))))
        completion = call.completion
        if completion is not None and completion.model:
            attributes["gen_ai.response.model"] = str(clean(completion.model))
        if span.is_recording():
            span.set_attributes(response_attributes(call, completion, attributes))
            if self._content and completion is not None:
                span.set_attribute("gen_ai.output.messages", _json_text(output_messages(completion)))
        self._record_metrics(call, completion, attributes)

    def _record_metrics(self, call: CallRecord, completion: ChatCompletion | None, attributes: Attributes) -> None:
        if call.duration is not None:
            self._duration.record(call.duration, attributes)
        without_error = {name: value for name, value in attributes.items() if name != "error.type"}
        if call.first_token is not None:
            self._first_chunk.record(call.first_token, without_error)
        usage = completion.usage if completion is not None else None
        if usage is not None:
            for kind, count in (("input", usage.prompt_tokens), ("output", usage.completion_tokens)):
                if is_count(count):
                    self._tokens.record(count, {**without_error, "gen_ai.token.type": kind})


@contextmanager
def _current_span(span: Span) -> Generator[None]:
    """Make a span the current one, and restore the context only where it was changed.

    A coroutine that is dropped may be closed in another context, where OpenTelemetry's own `use_span` logs an error.
    """
    token = attach(set_span_in_context(span))
    try:
        yield
    finally:
        if get_current_span() is span:
            detach(token)


def _json_text(value: object) -> str:
    """Return content as JSON. Attributes cannot be nested yet, and the conventions allow JSON instead."""
    return _json.encode(value).decode()

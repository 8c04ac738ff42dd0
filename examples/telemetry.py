"""Record spans and metrics of calls by OpenTelemetry's conventions for generative AI.

Runs against a local server, and prints what it would export. Needs the extra `otel` and `opentelemetry-sdk`.
"""

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
from opper_chat import Opper, StreamTruncatedError, telemetry
from opper_chat.testing import LocalServer, Reply, chunk
from opper_chat.types import ChatMessageParam

MESSAGES: list[ChatMessageParam] = [{"role": "user", "content": "Count from one to five."}]


def shown(span: ReadableSpan) -> str:
    """Format a span as lines of text."""
    lines = [f"span {span.name!r}, {span.status.status_code.name}"]
    lines += [f"    {name}: {value!r}" for name, value in sorted((span.attributes or {}).items())]
    return "\n".join([*lines, ""])


def show(reader: InMemoryMetricReader) -> None:
    """Print the histograms: the number of values and their sum."""
    data = reader.get_metrics_data()
    for resource in data.resource_metrics if data is not None else ():
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.data.data_points:
                    if isinstance(point, HistogramDataPoint):
                        kind = (point.attributes or {}).get("gen_ai.token.type", "")
                        print(f"metric {metric.name} {kind}: {point.count} times, {point.sum:.4g} {metric.unit}")


def main() -> None:
    # A real program would export to a collector, and let `opentelemetry-instrument` do all of this.
    spans = TracerProvider()
    spans.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(formatter=shown)))
    reader = InMemoryMetricReader()
    telemetry.instrument(spans, MeterProvider([reader]))

    with LocalServer() as server, Opper(api_key="local", base_url=server.base_url) as client:
        client.chat.completions.create(model="openai/gpt-4o-mini", messages=MESSAGES, temperature=0.2)
        with spans.get_tracer("example").start_as_current_span("a request of a user"):
            with client.chat.completions.create(model="openai/gpt-4o-mini", messages=MESSAGES, stream=True) as stream:
                stream.until_done()
            server.reply(Reply.sse([chunk("One, "), chunk("two")]))
            try:
                with client.chat.completions.create(messages=MESSAGES, stream=True) as stream:
                    stream.until_done()
            except StreamTruncatedError as error:
                print("caught:", error, "\n")
    show(reader)
    telemetry.uninstrument()


if __name__ == "__main__":
    main()

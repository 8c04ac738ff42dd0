"""OpenTelemetry: a span and metrics for each call, by its semantic conventions for generative AI.

This needs the extra ``otel`` (``opentelemetry-api``). Nothing is recorded until `instrument` is called, by a program or
by ``opentelemetry-instrument``. The names are those that the conventions and OpenTelemetry's own instrumentations for
Python have at version 1.41: https://opentelemetry.io/docs/specs/semconv/gen-ai/.
"""

from ._instrumentation import Instrumentor, instrument, uninstrument

__all__ = ["Instrumentor", "instrument", "uninstrument"]

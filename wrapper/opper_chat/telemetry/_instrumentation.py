"""Turn spans and metrics on and off."""

from __future__ import annotations

from threading import Lock

from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

from .._config.environment import find_span_content
from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._observability.observers import add_observer
from .._validation.arguments import check_flags
from ._observer import TelemetryObserver

_lock = Lock()
_current: TelemetryObserver | None = None


def instrument(
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
    capture_content: bool | None = None,
) -> None:
    """Record a span and metrics of every call of this process from now on.

    A second call replaces the first one. Calls in progress end with the providers with which they started.

    Args:
        tracer_provider: where spans go; by default OpenTelemetry's global provider.
        meter_provider: where metrics go; by default OpenTelemetry's global provider.
        capture_content: whether spans carry messages, completions and the messages of a server's errors. The default
            is the environment variable ``OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT``: ``span_only`` and
            ``span_and_event`` mean yes. Events are not recorded.

    Raises:
        InvalidArgumentError: an argument is wrong.
    """
    for name, provider, method in (
        ("tracer_provider", tracer_provider, "get_tracer"),
        ("meter_provider", meter_provider, "get_meter"),
    ):
        if provider is not None and not callable(getattr(provider, method, None)):
            kind = name.title().replace("_", "")  # TracerProvider, MeterProvider
            raise InvalidArgumentError(name, f"a {kind} of OpenTelemetry or None", describe(provider))
    if capture_content is not None:
        check_flags(capture_content=capture_content)
    content = find_span_content() if capture_content is None else capture_content
    observer = TelemetryObserver(tracer_provider, meter_provider, content=content)
    _replace(observer)
    add_observer(observer)


def uninstrument() -> None:
    """Record nothing of the calls that start from now on.

    Calls in progress are recorded to their end. If `instrument` was not called, nothing happens.
    """
    _replace(None)


def _replace(observer: TelemetryObserver | None) -> None:
    global _current
    with _lock:
        previous, _current = _current, observer
    if previous is not None:
        previous.stop()


class Instrumentor:
    """The entry point ``opentelemetry_instrumentor``, which ``opentelemetry-instrument`` loads.

    It has the two methods of OpenTelemetry's ``BaseInstrumentor`` that are called, and does not depend on that class.
    """

    def instrument(self, **settings: object) -> None:
        """Record a span and metrics of every call of this process from now on, as the function `instrument` does.

        Args:
            settings: those of OpenTelemetry's instrumentors. ``tracer_provider``, ``meter_provider`` and
                ``capture_content`` are used if they have the type that `instrument` accepts. Others are ignored.
        """
        tracer_provider, meter_provider = settings.get("tracer_provider"), settings.get("meter_provider")
        content = settings.get("capture_content")
        instrument(
            tracer_provider if isinstance(tracer_provider, TracerProvider) else None,
            meter_provider if isinstance(meter_provider, MeterProvider) else None,
            content if isinstance(content, bool) else None,
        )

    def uninstrument(self, **_settings: object) -> None:
        """Record nothing of the calls that start from now on, as the function `uninstrument` does.

        Args:
            _settings: those of OpenTelemetry's instrumentors. All are ignored.
        """
        uninstrument()

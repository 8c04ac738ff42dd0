"""The parent span and the tags of all calls inside a ``with`` block. No I/O, no HTTP library.

The context is kept in a context variable (PEP 567): it is active in the block and in the tasks that are started there,
and nowhere else. A thread that is started inside does not inherit it. For threads, entering the block returns a client
that has the context wherever it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from types import TracebackType
from typing import Generic, NamedTuple, Protocol, TypeVar, runtime_checkable
from uuid import UUID

from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._errors.invalid_value import UnexpectedValueError
from .._json.codec import is_mapping, is_object
from .._validation.type_checks import check_json

Client = TypeVar("Client")

PARENT = "parent_span_id"

TAGS = "tags"


class Layer:
    """What one ``with`` block adds. Layers are compared by identity.

    Args:
        parent: the id of the span of the calls, or None to leave that of an outer block.
        tags: the tags of the calls.
    """

    __slots__ = ("parent", "tags")

    def __init__(self, parent: UUID | None = None, tags: Mapping[str, object] | None = None) -> None:
        self.parent: UUID | None = parent
        self.tags: Mapping[str, object] = tags or {}


class _Active(NamedTuple):
    """A ``with`` block that was entered and not left yet."""

    family: object
    """The session of the clients to which the block applies."""
    context: object
    layers: tuple[Layer, ...]
    """The layers of all active blocks, the outermost first."""


_active: ContextVar[tuple[_Active, ...]] = ContextVar("opper_chat_call_contexts", default=())


def active_layers(family: object, own: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """Return the layers for a client: those of the active blocks, and its own."""
    # The innermost block has the layers of the outer ones too. Blocks of other clients do not apply.
    here = next((active.layers for active in reversed(_active.get()) if active.family is family), ())
    if not own:
        return here
    return (*here, *(layer for layer in own if not any(layer is other for other in here)))


def apply_layers(params: dict[str, object], layers: tuple[Layer, ...]) -> dict[str, object]:
    """Return the parameters of a call with the parent span and the tags of layers. Those of the call itself win.

    Tags that are not a JSON object are left unchanged, so that the validation of the parameters refuses them.
    """
    if not layers:
        return params
    try:
        own = check_json(params.get(TAGS))
    except (UnexpectedValueError, RecursionError):
        return params
    applied = dict(params)
    if applied.get(PARENT) is None:
        applied[PARENT] = next((layer.parent for layer in reversed(layers) if layer.parent is not None), None)
    if own is None or is_object(own):
        tags = {name: value for layer in layers for name, value in layer.tags.items()}
        applied[TAGS] = {**tags, **(own or {})} or None
    return applied


class CallContext(Generic[Client]):
    """Applies a layer to the calls inside a ``with`` block. It can be entered several times, also at once.

    Args:
        family: the session that its clients have in common.
        own: the layers of the client that created it.
        layer: the layer.
        client: returns a client that has some layers of its own.
    """

    def __init__(
        self,
        family: object,
        own: tuple[Layer, ...],
        layer: Layer,
        client: Callable[[tuple[Layer, ...]], Client],
    ) -> None:
        self._family = family
        self._own = own
        self._layer = layer
        self._client = client

    def __enter__(self) -> Client:
        layers = (*active_layers(self._family, self._own), self._layer)
        _active.set((*_active.get(), _Active(self._family, self, layers)))
        return self._client(layers)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Not by the token of the variable: a generator can be closed in another context than it was started in. There,
        # nothing is to be removed.
        remaining = list(_active.get())
        for index in reversed(range(len(remaining))):
            if remaining[index].context is self:
                del remaining[index]
                _active.set(tuple(remaining))
                return


class SpanContext(Protocol):
    """The part of OpenTelemetry's span context that is used here."""

    @property
    def trace_id(self) -> int:
        """The id of the trace, 128 bits."""
        ...


@runtime_checkable
class OpenTelemetrySpan(Protocol):
    """A span of OpenTelemetry's API."""

    def get_span_context(self) -> SpanContext:
        """Return the context of the span."""
        ...


def span_layer(parent: object) -> Layer:
    """Return the layer for a parent span.

    Raises:
        InvalidArgumentError: it is neither the id of a span nor a span of OpenTelemetry.
    """
    if isinstance(parent, OpenTelemetrySpan):
        trace_id = parent.get_span_context().trace_id
        # A trace id has 128 bits, as a UUID has. 0 is no trace: W3C Trace Context section 3.2.2.3.
        return Layer(UUID(int=trace_id) if trace_id else None)
    if isinstance(parent, str):
        try:
            return Layer(UUID(parent))
        except ValueError:
            pass
    if not isinstance(parent, UUID):
        raise InvalidArgumentError(PARENT, "a UUID, a string of one, or a span of OpenTelemetry", describe(parent))
    return Layer(parent)


def tags_layer(tags: object, named: Mapping[str, object]) -> Layer:
    """Return the layer for tags. Those that are given by keyword replace those of a dict.

    Raises:
        InvalidArgumentError: the tags are not a JSON object.
    """
    if tags is not None and not is_mapping(tags):
        raise InvalidArgumentError(TAGS, "a dict", describe(tags))
    try:
        merged: dict[object, object] = dict(tags or {})
        merged.update((name, value) for name, value in named.items())
        checked = check_json(merged)
    except UnexpectedValueError as error:
        wrong = error.at(TAGS)
        raise InvalidArgumentError(wrong.argument, wrong.expected, wrong.received, wrong.hint) from None
    except RecursionError:
        raise InvalidArgumentError(TAGS, "a value that does not contain itself", "one that is too deep") from None
    return Layer(tags=checked if is_object(checked) else None)

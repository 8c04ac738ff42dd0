"""What holds for every call made inside a ``with``: a parent span, tags. No I/O, no HTTP library.

What is entered is kept in a context variable (PEP 567), so that it holds where the ``with`` is and in the tasks that
are started inside, and nowhere else. A thread that is started inside does not inherit it, unless Python is told so: for
it, entering gives a client that carries the same.
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
    """What one ``with`` adds. One is another's equal only if it is the same.

    Args:
        parent: the id of the span that calls are put under, or None for no other than without it.
        tags: what is put on them.
    """

    __slots__ = ("parent", "tags")

    def __init__(self, parent: UUID | None = None, tags: Mapping[str, object] | None = None) -> None:
        self.parent: UUID | None = parent
        self.tags: Mapping[str, object] = tags or {}


class _Entered(NamedTuple):
    """What holds since a ``with`` was entered."""

    family: object
    """What the clients have in common for which it holds."""
    scope: object
    layers: tuple[Layer, ...]
    """All that holds, from the outermost in."""


_entered: ContextVar[tuple[_Entered, ...]] = ContextVar("opper_chat_entered", default=())


def holding(family: object, carried: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """Return what holds for a client here: what was entered here, and what it carries from elsewhere."""
    here = next((entered.layers for entered in reversed(_entered.get()) if entered.family is family), ())
    if not carried:
        return here
    return (*here, *(layer for layer in carried if not any(layer is other for other in here)))


def fill(params: dict[str, object], layers: tuple[Layer, ...]) -> dict[str, object]:
    """Return the parameters of a call with what holds for it; what it says itself wins, of tags each by its name.

    What is no object where tags are due is left as it is, for the check of the parameters to refuse.
    """
    if not layers:
        return params
    try:
        own = check_json(params.get(TAGS))
    except (UnexpectedValueError, RecursionError):
        return params
    filled = dict(params)
    if filled.get(PARENT) is None:
        filled[PARENT] = next((layer.parent for layer in reversed(layers) if layer.parent is not None), None)
    if own is None or is_object(own):
        tags = {name: value for layer in layers for name, value in layer.tags.items()}
        filled[TAGS] = {**tags, **(own or {})} or None
    return filled


class Scope(Generic[Client]):
    """Holds for the calls made inside its ``with``, which gives a client that carries it where no context leads.

    It can be entered more than once, also from several tasks and threads at once.

    Args:
        family: what the clients have in common for which it holds.
        carried: what the client carries that it is entered with.
        layer: what it adds.
        client: makes of layers the client that carries them.
    """

    def __init__(
        self,
        family: object,
        carried: tuple[Layer, ...],
        layer: Layer,
        client: Callable[[tuple[Layer, ...]], Client],
    ) -> None:
        self._family = family
        self._carried = carried
        self._layer = layer
        self._client = client

    def __enter__(self) -> Client:
        layers = (*holding(self._family, self._carried), self._layer)
        _entered.set((*_entered.get(), _Entered(self._family, self, layers)))
        return self._client(layers)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Not by the variable's token: a generator may be left in another context than it was entered in, and then there
        # is nothing to take back here.
        entered = list(_entered.get())
        for place in reversed(range(len(entered))):
            if entered[place].scope is self:
                del entered[place]
                _entered.set(tuple(entered))
                return


class SpanContext(Protocol):
    """What OpenTelemetry says of a span."""

    @property
    def trace_id(self) -> int: ...


@runtime_checkable
class OpenTelemetrySpan(Protocol):
    """A span of OpenTelemetry's API."""

    def get_span_context(self) -> SpanContext: ...


def span_layer(parent: object) -> Layer:
    """Return what a parent span stands for.

    Raises:
        InvalidArgumentError: it is neither the id of a span nor a span of OpenTelemetry.
    """
    if isinstance(parent, OpenTelemetrySpan):
        trace_id = parent.get_span_context().trace_id
        # A trace id is 128 bits, as a UUID is. 0 is that of no trace: W3C Trace Context section 3.2.2.3.
        return Layer(UUID(int=trace_id) if trace_id else None)
    if isinstance(parent, str):
        try:
            return Layer(UUID(parent))
        except ValueError:
            pass
    if not isinstance(parent, UUID):
        raise InvalidArgumentError(PARENT, "a UUID, a string of one, or a span of OpenTelemetry", describe(parent))
    return Layer(parent)


def tags_layer(given: object, named: Mapping[str, object]) -> Layer:
    """Return what tags stand for: those of an object and those given by name, which win.

    Raises:
        InvalidArgumentError: they are no JSON object.
    """
    if given is not None and not is_mapping(given):
        raise InvalidArgumentError(TAGS, "a dict", describe(given))
    try:
        said: dict[object, object] = dict(given or {})
        said.update((name, value) for name, value in named.items())
        checked = check_json(said)
    except UnexpectedValueError as error:
        wrong = error.at(TAGS)
        raise InvalidArgumentError(wrong.argument, wrong.expected, wrong.received, wrong.hint) from None
    except RecursionError:
        raise InvalidArgumentError(TAGS, "a value that does not contain itself", "one that is too deep") from None
    return Layer(tags=checked if is_object(checked) else None)

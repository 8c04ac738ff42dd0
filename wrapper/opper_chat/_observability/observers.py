"""The observers of this process, and their notification. No I/O, no HTTP library.

An exception of an observer is logged and never reaches a call.
"""

from __future__ import annotations

import gc
import logging
from _thread import get_ident, start_new_thread
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from functools import partial
from inspect import getattr_static, isfunction
from queue import Empty, SimpleQueue
from threading import Lock, RLock
from typing import Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

from .._errors.api import InvalidArgumentError
from .._errors.attempt import Attempt
from .._errors.describe import describe
from .record import CallRecord, Observer

logger = logging.getLogger("opper_chat")
logger.addHandler(logging.NullHandler())  # as the logging HOWTO asks of libraries: a program decides what is shown

Method: TypeAlias = Literal["on_call_start", "sending", "on_attempt_end", "on_call_end"]

METHODS = ("on_call_start", "on_attempt_end", "on_call_end")
"""The methods that an observer must have."""


@runtime_checkable
class SendingObserver(Observer, Protocol):
    """An observer with a context manager for requests, such as one that makes a span the current one.

    Each request of a call is sent inside the context manager, which is left when the headers of the response have
    arrived, in the same task or thread.
    """

    def sending(self, call: CallRecord, /) -> AbstractContextManager[object]:
        """Return the context manager for one request of a call."""
        ...


class _Registration(NamedTuple):
    observer: Observer
    sending: Callable[[CallRecord], AbstractContextManager[object]] | None
    failed: set[Method]
    """The methods for which an exception was logged."""


# Replaced and never changed, because an observer may remove itself while the observers are notified.
_registrations: tuple[_Registration, ...] = ()
_lock = RLock()  # a finalizer may end a call, and so come here, in the middle of an addition


def add_observer(observer: Observer) -> None:
    """Notify an observer of every call of this process from now on.

    Observers are notified in the order in which they were added. Adding one again does nothing. The observer is also
    notified of the end of a call that is in progress, without its start.

    Args:
        observer: an object with the methods of `Observer`. An exception of a method is logged, and the call continues.

    Raises:
        InvalidArgumentError: the object lacks a method of `Observer`, or is a class.
    """
    global _registrations  # noqa: PLW0603
    is_class = isinstance(observer, type) and isfunction(getattr_static(observer, "on_call_start", None))
    if is_class or not all(callable(getattr(observer, name, None)) for name in METHODS):
        hint = "Pass an instance of it." if is_class else ""
        accepted = "an object with the methods on_call_start(), on_attempt_end() and on_call_end()"
        raise InvalidArgumentError("observer", accepted, describe(observer), hint)
    with _lock:
        if _record_collector not in gc.callbacks:
            gc.callbacks.append(_record_collector)
        if not any(registration.observer is observer for registration in _registrations):
            sending = observer.sending if isinstance(observer, SendingObserver) else None
            _registrations = (*_registrations, _Registration(observer, sending, set()))


def remove_observer(observer: Observer) -> None:
    """Stop notifying an observer. If it was not added, nothing happens.

    Args:
        observer: the object that was passed to `add_observer`.
    """
    global _registrations  # noqa: PLW0603
    with _lock:
        _registrations = tuple(registration for registration in _registrations if registration.observer is not observer)


def notify_call_start(call: CallRecord) -> None:
    """Notify the observers that a call starts."""
    _notify("on_call_start", logging.DEBUG, call)


def notify_attempt_end(call: CallRecord, attempt: Attempt) -> None:
    """Notify the observers that a request of a call has ended."""
    _notify_or_defer("on_attempt_end", call, attempt)


def notify_call_end(call: CallRecord) -> None:
    """Notify the observers that a call has ended."""
    _notify_or_defer("on_call_end", call)


def _notify(method: Method, log_level: int, call: CallRecord, *attempt: Attempt) -> None:
    if logger.isEnabledFor(log_level):
        from .logging import log  # loaded by those who log

        _notify_one(_Registration(log, None, _log_failed), method, call, *attempt)
    for registration in _registrations:
        _notify_one(registration, method, call, *attempt)


def _notify_one(registration: _Registration, method: Method, call: CallRecord, *attempt: Attempt) -> None:
    try:
        getattr(registration.observer, method)(call, *attempt)
    except Exception as error:  # noqa: BLE001  # whatever it is, the call continues
        _log_failure(registration, method, error)


_WITHOUT_OBSERVERS = nullcontext()


def around_request(call: CallRecord) -> AbstractContextManager[object, None]:
    """Return the context manager in which a request of a call is sent. It suppresses no exception."""
    if not _registrations:
        return _WITHOUT_OBSERVERS
    stack: ExitStack[None] = ExitStack()
    for registration in _registrations:
        if registration.sending is None:
            continue
        try:
            manager = registration.sending(call)
            manager.__enter__()
            stack.callback(_exit, registration, manager)
        except Exception as error:  # noqa: BLE001
            _log_failure(registration, "sending", error)
    return stack


def _exit(registration: _Registration, manager: AbstractContextManager[object]) -> None:
    """Exit the context manager of an observer, without the error of the request: `on_attempt_end` has it."""
    try:
        manager.__exit__(None, None, None)
    except Exception as error:  # noqa: BLE001
        _log_failure(registration, "sending", error)


# A dropped stream that the garbage collector finds ends at any line of whatever a thread is doing. An observer that
# takes a lock, as OpenTelemetry's do, would wait forever if that line holds it. So another thread notifies, in order.
_collector: int | None = None
"""The thread that collects garbage now."""
_deferred: SimpleQueue[Callable[[], None]] = SimpleQueue()  # whose put() may be interrupted by another put()
_deferred_lock = Lock()


def _record_collector(phase: str, _info: object) -> None:
    global _collector  # noqa: PLW0603
    _collector = get_ident() if phase == "start" else None


def _notify_or_defer(method: Method, call: CallRecord, *attempt: Attempt) -> None:
    if _collector is None or _collector != get_ident():
        _notify(method, logging.INFO, call, *attempt)
        return
    _deferred.put(partial(_notify, method, logging.INFO, call, *attempt))
    with suppress(RuntimeError):  # no thread can be started: the next one that can notifies of this as well
        start_new_thread(_run_deferred, ())  # unlike `threading.Thread`, this takes no lock


def _run_deferred() -> None:
    with _deferred_lock, suppress(Empty):
        while True:
            _deferred.get_nowait()()


_log_failed: set[Method] = set()


def _log_failure(registration: _Registration, method: Method, error: Exception) -> None:
    """Log the first failure of each method of an observer: one that fails at every call would bury all else."""
    if method in registration.failed:
        return
    registration.failed.add(method)
    name = f"{type(registration.observer).__module__}.{type(registration.observer).__qualname__}.{method}"
    logger.error(
        "The observer %s raised an exception. Later exceptions from this method are not logged.", name, exc_info=error
    )

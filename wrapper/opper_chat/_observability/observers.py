"""Who watches the calls of this process, and the telling of it. No I/O, no HTTP library.

Nothing that a watcher does wrong reaches a call.
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
from .._errors.describe import describe
from .record import Attempt, CallRecord, Observer

__all__ = [
    "Attempt",
    "CallRecord",
    "Observer",
    "add_observer",
    "notify_attempt_end",
    "notify_call_end",
    "notify_call_start",
    "remove_observer",
    "sending",
]

logger = logging.getLogger("opper_chat")
logger.addHandler(logging.NullHandler())  # as the logging HOWTO asks of libraries: a program decides what is shown

Method: TypeAlias = Literal["on_call_start", "sending", "on_attempt_end", "on_call_end"]

METHODS = ("on_call_start", "on_attempt_end", "on_call_end")
"""The methods that an observer has."""


@runtime_checkable
class SendingObserver(Observer, Protocol):
    """An observer that has something to make current while requests are sent.

    `sending` returns what each request of a call is sent within, until the headers of its answer are there. It is
    entered and left in the task or thread that sends.
    """

    def sending(self, call: CallRecord, /) -> AbstractContextManager[object]: ...


class _Seat(NamedTuple):
    """One observer, what it surrounds requests with, and which of its methods have failed."""

    observer: Observer
    sending: Callable[[CallRecord], AbstractContextManager[object]] | None
    failed: set[Method]


# Never changed, only replaced: whoever tells goes through the one that was there when the telling began.
_seats: tuple[_Seat, ...] = ()
_lock = RLock()  # a finalizer may end a call, and so come here, in the middle of an addition


def add_observer(observer: Observer) -> None:
    """Tell an observer of every call of this process from now on, in the order in which observers came.

    Telling one twice of the same call would be of no use, so that adding one again does nothing. A call that is under
    way is told to its end, its beginning is not told afterwards.

    Raises:
        InvalidArgumentError: it has not the methods of an `Observer`, or is a class.
    """
    global _seats  # noqa: PLW0603
    is_class = isinstance(observer, type) and isfunction(getattr_static(observer, "on_call_start", None))
    if is_class or not all(callable(getattr(observer, name, None)) for name in METHODS):
        hint = "Pass an instance of it." if is_class else ""
        accepted = "an object with the methods on_call_start(), on_attempt_end() and on_call_end()"
        raise InvalidArgumentError("observer", accepted, describe(observer), hint)
    with _lock:
        if _note_collection not in gc.callbacks:
            gc.callbacks.append(_note_collection)
        if not any(seat.observer is observer for seat in _seats):
            around = observer.sending if isinstance(observer, SendingObserver) else None
            _seats = (*_seats, _Seat(observer, around, set()))


def remove_observer(observer: Observer) -> None:
    """Tell an observer nothing more. One that was not there is no error."""
    global _seats  # noqa: PLW0603
    with _lock:
        _seats = tuple(seat for seat in _seats if seat.observer is not observer)


def notify_call_start(call: CallRecord) -> None:
    """Tell that a call begins."""
    if logger.isEnabledFor(logging.DEBUG):
        _write("on_call_start", call)
    for seat in _seats:
        try:
            seat.observer.on_call_start(call)
        except Exception as error:  # noqa: BLE001  # whatever it is, the call goes on
            _complain(seat, "on_call_start", error)


_NOTHING = nullcontext()


def sending(call: CallRecord) -> AbstractContextManager[object]:
    """Return what a request of a call is to be sent within."""
    if not _seats:
        return _NOTHING
    stack = ExitStack()
    for seat in _seats:
        if seat.sending is None:
            continue
        try:
            manager = seat.sending(call)
            manager.__enter__()
            stack.callback(_leave, seat, manager)
        except Exception as error:  # noqa: BLE001
            _complain(seat, "sending", error)
    return stack


def _leave(seat: _Seat, manager: AbstractContextManager[object]) -> None:
    """Leave what an observer surrounds a request with. `on_attempt_end` tells what the request raises."""
    try:
        manager.__exit__(None, None, None)
    except Exception as error:  # noqa: BLE001
        _complain(seat, "sending", error)


def notify_attempt_end(call: CallRecord, attempt: Attempt) -> None:
    """Tell that a request of a call ended."""
    if _collector is not None and _collector == get_ident():
        _later(partial(_notify_attempt_end, call, attempt))
    else:
        _notify_attempt_end(call, attempt)


def _notify_attempt_end(call: CallRecord, attempt: Attempt) -> None:
    if logger.isEnabledFor(logging.INFO):
        _write("on_attempt_end", call, attempt)
    for seat in _seats:
        try:
            seat.observer.on_attempt_end(call, attempt)
        except Exception as error:  # noqa: BLE001
            _complain(seat, "on_attempt_end", error)


def notify_call_end(call: CallRecord) -> None:
    """Tell that a call ended."""
    if _collector is not None and _collector == get_ident():
        _later(partial(_notify_call_end, call))
    else:
        _notify_call_end(call)


def _notify_call_end(call: CallRecord) -> None:
    if logger.isEnabledFor(logging.INFO):
        _write("on_call_end", call)
    for seat in _seats:
        try:
            seat.observer.on_call_end(call)
        except Exception as error:  # noqa: BLE001
            _complain(seat, "on_call_end", error)


# A dropped stream that the collector finds ends at any line of whatever a thread is doing. An observer that takes a
# lock, as OpenTelemetry's do, would wait for ever where that line holds it: so it is told by another thread, in order.
_collector: int | None = None
_late: SimpleQueue[Callable[[], None]] = SimpleQueue()  # of which putting may be interrupted by putting
_late_lock = Lock()


def _note_collection(phase: str, _info: object) -> None:
    """Take note of which thread collects garbage."""
    global _collector  # noqa: PLW0603
    _collector = get_ident() if phase == "start" else None


def _later(tell: Callable[[], None]) -> None:
    _late.put(tell)
    with suppress(RuntimeError):  # where no more threads are to be had it is told with the next
        start_new_thread(_tell_late, ())  # unlike `threading.Thread`, this takes no lock


def _tell_late() -> None:
    with _late_lock, suppress(Empty):
        while True:
            _late.get_nowait()()


def _write(method: Method, call: CallRecord, attempt: Attempt | None = None) -> None:
    """Write the lines of the log, which is one more observer, asked only where its lines are wanted."""
    from .logging import log  # loaded by those who log

    seat = _Seat(log, None, _log_failed)
    try:
        if method == "on_call_start":
            log.on_call_start(call)
        elif attempt is not None:
            log.on_attempt_end(call, attempt)
        else:
            log.on_call_end(call)
    except Exception as error:  # noqa: BLE001
        _complain(seat, method, error)


_log_failed: set[Method] = set()


def _complain(seat: _Seat, method: Method, error: Exception) -> None:
    """Say once for each method of an observer that it fails: what fails at every call would bury all else."""
    if method in seat.failed:
        return
    seat.failed.add(method)
    name = f"{type(seat.observer).__module__}.{type(seat.observer).__qualname__}.{method}"
    logger.error("the observer %s failed; further failures of it are not logged", name, exc_info=error)

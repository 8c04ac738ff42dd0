"""Signals: SIGTERM and SIGHUP as exceptions, so that what was begun is ended, and a SIGINT that waits.

Without these, SIGINT is a KeyboardInterrupt wherever it comes, and the others end the process at once.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

from .exit_codes import ExitCode

# Windows has no SIGHUP.
_EXIT_CODES = {signal.SIGTERM: ExitCode.TERMINATED, getattr(signal, "SIGHUP", None): ExitCode.HUNG_UP}


class TerminatedError(KeyboardInterrupt):
    """A signal ends the process.

    Args:
        exit_code: the exit code for the signal.
    """

    def __init__(self, exit_code: ExitCode) -> None:
        super().__init__()
        self.exit_code = exit_code


@contextmanager
def raise_on_termination() -> Generator[None, None, None]:
    """Raise TerminatedError for SIGTERM and SIGHUP, unless the process ignores them, as under ``nohup``."""
    numbers = [number for number in _EXIT_CODES if number is not None and _can_handle(number, signal.SIG_DFL)]
    for number in numbers:
        signal.signal(number, _raise_error)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def delay_interrupt() -> Generator[None, None, None]:
    """Hold back a SIGINT that comes within the block, and raise KeyboardInterrupt at its end."""
    if not _can_handle(signal.SIGINT, signal.default_int_handler):
        yield
        return
    received: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: received.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if received:
        raise KeyboardInterrupt


def _can_handle(number: signal.Signals, default: object) -> bool:
    """Return whether a signal has its default handler, and another can be set, as in the main thread only."""
    return threading.current_thread() is threading.main_thread() and signal.getsignal(number) is default


def _raise_error(number: int, _frame: FrameType | None) -> None:
    raise TerminatedError(_EXIT_CODES[signal.Signals(number)])

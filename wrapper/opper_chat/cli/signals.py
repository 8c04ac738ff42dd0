"""Signals: SIGTERM and SIGHUP as exceptions, so that what was begun is ended, and a SIGINT that waits.

Without these, SIGINT is a KeyboardInterrupt wherever it comes, and the others end the process at once.
"""

from __future__ import annotations

import signal
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
    handlers = {number: signal.getsignal(number) for number in _EXIT_CODES if number is not None}
    for number, handler in handlers.items():
        if handler is signal.SIG_DFL:
            signal.signal(number, _raise_error)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextmanager
def delay_interrupt() -> Generator[None, None, None]:
    """Raise the KeyboardInterrupt for a SIGINT that comes within the block at the end of it."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
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


def _raise_error(number: int, _frame: FrameType | None) -> None:
    raise TerminatedError(_EXIT_CODES[signal.Signals(number)])

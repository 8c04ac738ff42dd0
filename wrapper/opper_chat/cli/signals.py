"""SIGTERM and SIGHUP as exceptions, so that what was begun is ended: the terminal, the display, and the conversation.

SIGINT is Python's KeyboardInterrupt already. What ends the process at once in any case is not handled.
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


def _raise_error(number: int, _frame: FrameType | None) -> None:
    raise TerminatedError(_EXIT_CODES[signal.Signals(number)])

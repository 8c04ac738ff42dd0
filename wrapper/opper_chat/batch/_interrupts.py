"""Ctrl-C during a batch: the first one finishes what is in flight, the second one stops at once."""

from __future__ import annotations

import asyncio
import inspect
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self


@contextmanager
def interrupt_at_once() -> Generator[None]:
    """Let SIGINT raise KeyboardInterrupt in the block, which may block the event loop.

    The handler of asyncio cancels a task, which happens only when the block has ended.
    """
    previous = signal.getsignal(signal.SIGINT)
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or not _is_in_asyncio() or not callable(previous):
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


class DeferredInterrupt:
    """Defers SIGINT in its ``with`` block. Use it in the main thread; elsewhere it does nothing.

    The first signal calls a function. Further ones go to the handler that was there before. When the block ends, a
    first signal goes there too, so that the program is interrupted, but not before its rows are written.

    Args:
        stop: the function. It is called in a signal handler.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._previous: Callable[[int, FrameType | None], Any] | None = None
        self._count = 0

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            previous = signal.getsignal(signal.SIGINT)
            if callable(previous):  # and not ignored, as in a background job of a shell
                self._previous = previous
                signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._previous is None:
            return
        if signal.getsignal(signal.SIGINT) == self._handle:
            signal.signal(signal.SIGINT, self._previous)
        if self._count and error is None:
            self._previous(signal.SIGINT, inspect.currentframe())

    def _handle(self, signal_number: int, frame: FrameType | None) -> None:
        self._count += 1
        if self._count == 1:
            self._stop()
        elif self._previous is not None:
            self._previous(signal_number, frame)


def _is_in_asyncio() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True

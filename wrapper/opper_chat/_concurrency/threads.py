"""Start daemon threads, for which the process does not wait at its end."""

from __future__ import annotations

from _thread import start_new_thread
from collections.abc import Callable
from contextvars import Context, copy_context
from threading import Thread


def start_thread(function: Callable[[], object], name: str) -> None:
    """Call a function in a new daemon thread, in a copy of the context of this thread.

    Args:
        function: the function. It does not raise.
        name: the name of the thread.

    Raises:
        RuntimeError: no thread can be started.
    """
    # `Thread.start` waits for the new thread on a condition. If a signal handler raised there, the lock of the
    # condition could stay locked, and the new thread would wait for it forever. Signal handlers run in the main thread
    # only, so another thread starts this one.
    start_new_thread(_start, (copy_context(), function, name))


def _start(context: Context, function: Callable[[], object], name: str) -> None:
    try:
        # A `Thread`, since debuggers and coverage follow only those.
        Thread(target=context.run, args=(function,), name=name, daemon=True).start()
    except RuntimeError:  # no further thread can be started
        context.run(function)

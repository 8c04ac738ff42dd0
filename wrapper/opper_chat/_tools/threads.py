"""Start the threads in which tools run. It does not wait for them, and neither does the end of the process."""

from __future__ import annotations

from _thread import start_new_thread
from collections.abc import Callable
from contextvars import Context, copy_context
from threading import Thread


def start_thread(work: Callable[[], object]) -> None:
    """Do some work in a daemon thread, in a copy of this thread's context.

    Raises:
        RuntimeError: no thread can be started.
    """
    # `Thread.start` waits for the new thread on a condition. If a signal handler raised there, the lock of the
    # condition could stay held, and the new thread would wait for it for ever. Handlers run in the main thread only,
    # so another one starts it.
    start_new_thread(_start, (copy_context(), work))


def _start(context: Context, work: Callable[[], object]) -> None:
    try:
        # Not the thread that `start_new_thread` starts: debuggers and coverage follow those of `threading` alone.
        Thread(target=context.run, args=(work,), name="opper_chat tool", daemon=True).start()
    except RuntimeError:  # no further thread can be started
        context.run(work)

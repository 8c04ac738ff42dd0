"""What event loops have and threads do not, for the sync client: here most of it does nothing.

`async_loop` has the same names for the async client.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable


def sleep(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


def current_loop() -> Hashable:
    """Return None: a connection can be used from any thread."""
    return None


def is_closed_loop(loop: object) -> bool:  # noqa: ARG001  # the async counterpart uses it
    """Return False: there is none."""
    return False


def shielded(work: Callable[[], None]) -> None:
    """Do some work. What is not awaited cannot be cancelled."""
    work()


def at_end_of_loop(work: Callable[[], None]) -> object:  # noqa: ARG001  # the async counterpart uses it
    """Do nothing: there is no loop that ends."""
    return None


def discard_guard(waiting: object) -> None:
    """Do nothing."""

"""A permit to make one of a limited number of calls, or to use one of a limited number of connections. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from weakref import ref


class Permit:
    """Counts against a limit from when a limiter grants it until it is released, or until nothing refers to it.

    Granting it is one call of C code, which adds a weak reference to a set. So is taking it back: an exception that a
    signal handler raises comes between two calls, and whichever these are, a permit of a call that is gone is not
    counted. Its limiter would wait for ever for a number that is to be decremented by Python code.

    Args:
        granted: the weak references to the permits that count. This one's is added by the limiter.
        on_release: is called after a release, from any thread and in finalizers too.
    """

    __slots__ = ("__weakref__", "_granted", "_on_release", "entry")

    def __init__(self, granted: set[ref[Permit]], on_release: Callable[[], None]) -> None:
        self._granted = granted
        self._on_release = on_release
        self.entry: ref[Permit] = ref(self, granted.discard)
        """The weak reference to this permit."""
        hash(self.entry)  # kept by the reference: it cannot be computed when the permit is gone

    @property
    def is_granted(self) -> bool:
        """Whether it was granted and is not released."""
        return self.entry in self._granted

    def release(self) -> None:
        """Let the next call begin. More than once does nothing more."""
        self._granted.discard(self.entry)
        self._on_release()

"""The permit to make a call or to use a connection. A limiter grants so many at a time. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from weakref import ref


class Permit:
    """Counts against a limit from when a limiter grants it until it is released, or garbage-collected.

    A permit is granted by one call of C code, which adds its weak reference to a set, and released by another one. A
    signal handler can raise an exception between two such calls, but not inside of one, so that no permit of a call
    that is gone stays counted. A counter that Python code decrements could stay too high forever.

    Args:
        granted: the weak references to the permits that count. The limiter adds that of this permit.
        on_release: called after a release, from any thread and in finalizers too.

    Attributes:
        entry: the weak reference to this permit.
    """

    __slots__ = ("__weakref__", "_granted", "_on_release", "entry")

    def __init__(self, granted: set[ref[Permit]], on_release: Callable[[], None]) -> None:
        self._granted = granted
        self._on_release = on_release
        self.entry: ref[Permit] = ref(self, granted.discard)
        hash(self.entry)  # the reference keeps its hash, which cannot be computed when the permit is gone

    @property
    def is_granted(self) -> bool:
        """Whether the permit was granted and not released."""
        return self.entry in self._granted

    def release(self) -> None:
        """Release the permit, for the next call. Releasing it again does nothing."""
        self._granted.discard(self.entry)
        self._on_release()

"""The calls and streams that use connections of a client. A client without a free connection names them. No I/O."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any
from weakref import ref

WAITING_CALL = "a call that waits for its response"


class ConnectionUsers:
    """The calls and streams that use connections of a client, and the readers that are still to be closed.

    Attributes:
        abandoned: readers of responses that were abandoned where nothing can be awaited. The client closes them.
        collected: the entries of users that were garbage-collected, for `remove_collected`.
    """

    def __init__(self) -> None:
        self.abandoned: list[Any] = []
        self.collected: deque[ref[object]] = deque()
        self._entries: dict[object, tuple[str, object]] = {}

    def add(self, user: object, description: str, reader: object = None) -> ref[object]:
        """Record that a connection is in use, and keep the reader of its response alive.

        Args:
            user: what uses the connection. If it is garbage-collected before `remove`, for example because a signal
                handler raised in its finalizer, the next `remove_collected` removes it.
            description: what the user is, for the error message.
            reader: the reader of the response.

        Returns:
            The entry, for `remove`.
        """
        entry = ref(user, self.collected.append)
        self._entries[entry] = (description, reader)
        return entry

    def remove(self, entry: object) -> object:
        """Record that a connection is no longer in use, and return the reader, or None."""
        return self._entries.pop(entry, (None, None))[1]

    def remove_collected(self) -> None:
        """Remove the users that were garbage-collected, and free their connections."""
        while self.collected:
            try:
                reader: Any = self.remove(self.collected.popleft())
            except IndexError:
                return  # another thread took it
            if reader is not None:
                reader.lease.close()

    def describe(self) -> str:
        """Return the users as text for the error of a call that waits for a connection."""
        self.remove_collected()
        counts = Counter([description for description, _ in list(self._entries.values())])
        counts[WAITING_CALL] -= 1  # the call that gets the error
        counts = +counts
        named = [f"{name} ({count} times)" if count > 1 else name for name, count in counts.most_common(5)]
        others = len(counts) - len(named)
        return ", ".join([*named, *([f"{others} others"] if others else [])]) or "nothing that this client knows of"

"""The record of one request of a call, which errors and completions have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Attempt(NamedTuple):
    """One request of a call. A call makes more than one if it retries or follows a redirect."""

    status_code: int | None
    """The HTTP status, or None if there was no response."""
    error: str | None
    """The class and the message of the error that ended it, or None if it did not fail."""
    wait: float
    """Seconds waited after it for the next one; 0 for the last."""
    seconds: float
    """How long it took, in seconds, to the end of the response."""
    request_id: str | None
    """The id that the server gave it, or None."""

    @property
    def is_redirect(self) -> bool:
        """Whether its response was a redirect that was followed. Retries and the text of an error do not count it."""
        return self.error is None and self.status_code in (307, 308)


def count_attempts(requests: Iterable[Attempt]) -> int:
    """Return how many of the requests of a call were attempts, and no redirects that an attempt followed."""
    return sum(not request.is_redirect for request in requests)

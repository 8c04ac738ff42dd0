"""What one call went through, and who is told of it. No I/O, no HTTP library.

A call is told from its beginning to its end, which comes exactly once: with the answer, with the error, or when the
caller gives up a stream.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from .._results.completion import ChatCompletion


class Attempt(NamedTuple):
    """One request of a call. A call makes more than one when it retries."""

    status_code: int | None
    """The HTTP status, or None where there was no answer."""
    error: str | None
    """The class and the message of the error that it ended with, or None where it did not fail."""
    wait: float
    """Seconds waited after it for the next one; 0 for the last."""
    seconds: float
    """How long it took, in seconds, to the end of its answer."""
    request_id: str | None
    """The id that the server gave it, or None."""


Outcome: TypeAlias = Literal["complete", "failed", "closed"]
"""How a call ended: with the whole answer, or of a response whose bytes the caller reads by himself with its body; with
an error; or because the caller closed or dropped a stream, or was cancelled, before the answer was whole."""


class CallRecord:
    """One call, from its arguments to its end.

    Attributes:
        base_url: the base URL that the call goes to.
        body: the JSON object that is sent. It is not to be changed.
        stream: whether chunks are asked for.
        attempts: the requests so far, the one under way not included.
        status_code: of the last answer, or None.
        request_id: of the last answer, or None.
        headers: of the last answer, by their names in upper or lower case; empty where there was none.
        first_token: seconds from the call to the first token of a streamed answer, or None.
        duration: seconds from the call to its end, or None while it goes on.
        outcome: how it ended, or None while it goes on.
        error: the exception that it ended with, if any; also a cancellation.
    """

    __slots__ = (
        "_completion", "attempts", "base_url", "body", "duration", "error", "first_token", "headers",
        "outcome", "request_id", "started_at", "status_code", "stream",
    )  # fmt: skip

    def __init__(self, base_url: str, body: Mapping[str, object], started_at: float, *, stream: bool) -> None:
        self.base_url: str = base_url
        self.body: Mapping[str, object] = body
        self.stream: bool = stream
        self.started_at: float = started_at
        """When it began, by the monotonic clock."""
        self.attempts: list[Attempt] = []
        self.status_code: int | None = None
        self.request_id: str | None = None
        self.headers: Mapping[str, str] = {}
        self.first_token: float | None = None
        self.duration: float | None = None
        self.outcome: Outcome | None = None
        self.error: BaseException | None = None
        self._completion: ChatCompletion | Callable[[], ChatCompletion | None] | None = None

    @property
    def completion(self) -> ChatCompletion | None:
        """The completion, of a stream as far as it came, made when it is asked for; None where nothing came."""
        return self._completion() if callable(self._completion) else self._completion


def set_completion(record: CallRecord, completion: ChatCompletion | Callable[[], ChatCompletion | None]) -> None:
    """Set the completion of a call, or the function that returns it when the completion is read."""
    record._completion = completion  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


class Observer(Protocol):
    """Who is told of calls. What it raises is logged and does not reach the caller."""

    def on_call_start(self, call: CallRecord) -> None:
        """Take note of a call whose arguments are checked and which is about to be sent, in the caller's context."""

    def on_attempt_end(self, call: CallRecord, attempt: Attempt) -> None:
        """Take note of a request that ended, the last one included."""

    def on_call_end(self, call: CallRecord) -> None:
        """Take note of the end of a call. May be told from another thread, or from a finalizer."""

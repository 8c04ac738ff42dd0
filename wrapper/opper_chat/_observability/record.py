"""The trace of one call, and the protocol of observers. No I/O, no HTTP library.

Observers are notified of the start and of the end of a call. The end is notified once: with the completion, with the
error, or when the caller closes a stream early.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, Protocol, TypeAlias

from .._errors.attempt import Attempt
from .._results.completion import ChatCompletion

CallOutcome: TypeAlias = Literal["complete", "failed", "closed"]
"""How a call ended: with the complete response; with an error; or before the response was complete, because the caller
closed or dropped a stream or was cancelled. A response that the caller reads as bytes is complete at its end."""


class CallRecord:
    """The trace of one call.

    Attributes:
        base_url: the base URL of the server.
        body: the JSON object that is sent. Do not change it.
        stream: whether the call asks for chunks.
        started_at: when the call started, in seconds of `time.monotonic`.
        attempts: the requests that have ended, oldest first.
        status_code: of the last response, or None.
        request_id: of the last response, or None.
        headers: of the last response, by name in upper or lower case; empty if there was none.
        first_token: seconds from the start to the first token of a stream, or None.
        duration: seconds from the start to the end, or None while the call is in progress.
        outcome: how the call ended, or None while it is in progress.
        error: the exception that ended it, also a cancellation; or None.
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
        self.attempts: list[Attempt] = []
        self.status_code: int | None = None
        self.request_id: str | None = None
        self.headers: Mapping[str, str] = {}
        self.first_token: float | None = None
        self.duration: float | None = None
        self.outcome: CallOutcome | None = None
        self.error: BaseException | None = None
        self._completion: ChatCompletion | Callable[[], ChatCompletion | None] | None = None

    @property
    def completion(self) -> ChatCompletion | None:
        """The completion, or the part of a stream that arrived; None if nothing arrived. Built when it is read."""
        return self._completion() if callable(self._completion) else self._completion


def set_completion(record: CallRecord, completion: ChatCompletion | Callable[[], ChatCompletion | None]) -> None:
    """Set the completion of a call, or the function that returns it when the completion is read."""
    record._completion = completion  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def set_metadata(completion: ChatCompletion, record: CallRecord) -> None:
    """Set the response metadata of a completion from the record of its call."""
    completion.request_id = record.request_id
    completion.headers = record.headers
    completion._status_code = record.status_code  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    completion.attempts = tuple(record.attempts)


class Observer(Protocol):
    """An object that is notified of every call. Its exceptions are logged and do not reach the caller.

    Pass it to `add_observer`. The methods must not block: they run in the task or thread of the call.
    """

    def on_call_start(self, call: CallRecord) -> None:
        """Handle the start of a call, in the context of the caller.

        Args:
            call: the record of the call. Its arguments are valid, and nothing was sent.
        """

    def on_attempt_end(self, call: CallRecord, attempt: Attempt) -> None:
        """Handle the end of an attempt, also of the last one.

        Args:
            call: the record of the call.
            attempt: the attempt, which is also the last item of ``call.attempts``.
        """

    def on_call_end(self, call: CallRecord) -> None:
        """Handle the end of a call. It is called once for each call, possibly in another thread or in a finalizer.

        Args:
            call: the record of the call, with its ``outcome``, ``duration``, ``error`` and ``completion``.
        """

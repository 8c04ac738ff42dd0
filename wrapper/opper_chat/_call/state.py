"""One call: what it is to send, how long it may take, what became of it, and the telling of that. No I/O."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .._concurrency.deadlines import Deadlines, Timeouts
from .._concurrency.permits import Permit
from .._config.environment import Secret
from .._config.options import ClientSettings
from .._errors.answer_headers import request_id
from .._errors.api import APIError, APIStatusError
from .._errors.redact_error import redact_error
from .._http.redaction import describe_request, describe_unsent, forget_key_of, url_without_query
from .._http.redirects import MOST_REDIRECTS, MOVED, explain_redirect, redirect_target
from .._observability.observers import notify_attempt_end, notify_call_end, notify_call_start
from .._observability.record import CallRecord, Outcome, count_attempts, set_completion
from .._requests.prepare import PreparedRequest
from .._results.completion import ChatCompletion, set_metadata
from .retries import Retries

if TYPE_CHECKING:
    from .._http.library import httpx


class Call:
    """One call, from its checked arguments to its end.

    Args:
        settings: those of the client, with what the call changes of them.
        request: what is sent.
        now: when it begins, by the monotonic clock.
        stream: whether chunks are asked for.
        deadlines: those of an earlier call that this one goes on with; else they begin now.

    Attributes:
        deadlines: those that bound it.
        record: what is told of it.
        headers: what every request of it has.
    """

    __slots__ = (
        "__weakref__", "_began", "_redirects", "_retries", "_telling", "deadlines", "headers", "keys", "permit",
        "record", "request", "response", "sent", "settings", "target", "waiting_since",
    )  # fmt: skip

    def __init__(
        self,
        settings: ClientSettings,
        request: PreparedRequest,
        now: float,
        *,
        stream: bool,
        deadlines: Deadlines | None = None,
    ) -> None:
        self.settings: ClientSettings = settings
        self.request: PreparedRequest = request
        # An answer that is not streamed has no tokens to wait for.
        running = settings.timeouts if stream else Timeouts(deadline=settings.timeouts.deadline)
        self.deadlines: Deadlines = deadlines or Deadlines(running, now)
        self.record: CallRecord = CallRecord(settings.base_url, request.body, now, stream=stream)
        self.headers: Mapping[str, str] = settings.default_headers
        if settings.max_retries:
            # By it a server can tell a request that is sent again from another one: draft-ietf-httpapi-idempotency-key.
            self.headers = {"idempotency-key": f"opper-chat-{os.urandom(16).hex()}", **self.headers}
        self._retries = Retries(settings.max_retries, self.deadlines)
        self.record.attempts = self._retries.attempts
        self.keys: list[Secret] = []
        """What its requests were sent with: the same one, unless it is made anew for each."""
        self.permit: Permit | None = None
        """What counts it against `max_concurrency`, if anything does; released at its end."""
        self.waiting_since: float | None = None
        """When it first asked for a turn at the rate limiter."""
        self.response: httpx.Response | None = None
        """The last response, to be closed if the call ends before its caller has it."""
        self.sent: httpx.Request | None = None
        """The request of the last attempt, as it was sent."""
        self.target: str | None = None
        """The address to which the server has redirected the attempt, if it has."""
        self._redirects = 0
        self._began: float | None = None
        self._telling = False

    def begin(self) -> None:
        """Tell that it begins."""
        self._telling = True
        notify_call_start(self.record)

    def sending(self, now: float, request: httpx.Request) -> None:
        """Take note that an attempt begins."""
        self._began = now
        self.sent = request
        self.record.status_code = self.record.request_id = None
        self.record.headers = {}

    def answered(self, status_code: int, headers: Mapping[str, str]) -> None:
        """Take note of an answer whose headers are there."""
        self.record.status_code = status_code
        self.record.headers = headers
        self.record.request_id = request_id(self.record.headers)

    def redirected(self, url: str, now: float) -> bool:
        """Record a redirect of the request that was sent to an address; return whether it is to be followed."""
        target = redirect_target(url, self.record.headers.get("location", ""))
        if target is None or self._redirects >= MOST_REDIRECTS:
            return False
        self.target = target
        self._redirects += 1
        self._retries.record(self.record, now - (self._began or now))
        self._told()
        return True

    @property
    def retries(self) -> int:
        """How often the call was retried before the response that has arrived."""
        return count_attempts(self.record.attempts)

    def token(self, now: float) -> None:
        """Take note of the first token of a stream."""
        self.record.first_token = now - self.record.started_at

    def failed(self, error: APIError, now: float, *, final: bool = False) -> float | None:
        """Take note that an attempt failed; return how long to wait for the next, or None to raise the error.

        There is none after the final one, whatever the error.
        """
        self.describe(error)
        if isinstance(error, APIStatusError) and error.status_code in MOVED and self.sent is not None:
            location = error.headers.get("location", "")
            reason = explain_redirect(error.status_code, url_without_query(self.sent), location, self._redirects)
            error.add_note(reason)
        self.target, self._redirects = None, 0  # another attempt begins where this one did
        if self._began is None:  # nothing was sent
            error.attempts = tuple(self._retries.attempts)
            return None
        # Nor where the caller gave the call up in the meantime.
        wait = self._retries.record_failure(error, now - self._began, now, final=final or not self._telling)
        self._told()
        return wait

    def complete(self, completion: ChatCompletion, now: float) -> None:
        """Take note of the whole answer, and tell of the end."""
        self._succeeded(now)
        set_metadata(completion, self.record)
        set_completion(self.record, completion)
        self._end("complete", now)

    def finish(self, now: float) -> None:
        """Take note of the end of a body that is read piece by piece, and tell of the end."""
        self._succeeded(now)
        self._end("complete", now)

    def close(self, now: float) -> None:
        """Take note that the caller gave it up, and tell of the end."""
        self._succeeded(now)
        self._end("closed", now)

    def raised(self, error: BaseException, now: float) -> None:
        """Take note of what ended it: an error of its own, or a cancellation or the like, and tell of the end."""
        if isinstance(error, APIError):
            self.describe(error)
        if self._began is not None:
            self._retries.record(self.record, now - self._began, error)
            self._told()
        self._end("failed" if isinstance(error, Exception) else "closed", now, error)

    def release(self) -> None:
        """Let the next call begin."""
        if self.permit is not None:
            self.permit.release()

    def _succeeded(self, now: float) -> None:
        if self._began is not None:
            self._retries.record(self.record, now - self._began)
            self._told()

    def describe(self, error: APIError) -> None:
        """Tell an error which request it is about, and take the keys out of it."""
        for key in self.keys:
            if key.forms:
                redact_error(error, key.forms)
        if error.request is None:
            if self.sent is not None:
                forget_key_of(self.sent)
                error.request = describe_request(self.sent)
            else:
                settings, request = self.settings, self.request
                error.request = describe_unsent(
                    request.method,
                    f"{settings.base_url}{request.path}",
                    {**settings.default_query, **request.query},
                    {**self.headers, **request.headers},
                )

    def _told(self) -> None:
        self._began = None
        notify_attempt_end(self.record, self._retries.attempts[-1])

    def _end(self, outcome: Outcome, now: float, error: BaseException | None = None) -> None:
        """Tell that it ended. It does so once, whatever is said afterwards."""
        self.release()
        if not self._telling:
            return
        self._telling = False
        self.record.outcome = outcome
        self.record.error = error
        self.record.duration = now - self.record.started_at
        notify_call_end(self.record)

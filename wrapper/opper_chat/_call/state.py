"""The state of one call: its request, deadlines, attempts and trace. No I/O; the monotonic time is handed in.

It notifies the observers of the start of the call, of the end of each attempt, and once of the end of the call.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from .._concurrency.deadlines import Deadlines, Timeouts
from .._config.environment import Secret
from .._config.options import ClientSettings
from .._errors.api import APIError, APIStatusError
from .._errors.attempt import Attempt, count_attempts
from .._errors.redaction import redact_error
from .._errors.response_headers import request_id
from .._http.leases import ConnectionLease, Permit
from .._http.redaction import (
    describe_request,
    describe_unsent,
    find_credentials,
    remove_credentials,
    url_without_query,
)
from .._http.redirects import MAX_REDIRECTS, REDIRECT_STATUSES, explain_redirect, redirect_target, restore_query
from .._json.codec import is_array, is_object
from .._observability.observers import notify_attempt_end, notify_call_end, notify_call_start
from .._observability.record import CallOutcome, CallRecord, set_completion, set_metadata
from .._requests.prepare import PreparedRequest
from .._results.completion import ChatCompletion
from .retries import wait_before_retry

if TYPE_CHECKING:
    from .._http.library import httpx


class Call:
    """One call, from its valid arguments to its end.

    Args:
        settings: those of the client, with the options of the call.
        request: what is sent.
        now: when the call starts.
        stream: whether the call asks for chunks.
        deadlines: those of an earlier call that this one continues. By default they start now.

    Attributes:
        deadlines: the timeouts of the call.
        record: its trace, for observers.
        headers: those of the client, which every request of the call has.
        secrets: the API keys of its requests, more than one if a function returns another key for a request, and the
            other credentials in headers, query parameters and the extra headers of models.
        permit: what counts the call against `max_concurrency`, or None without a limit.
        lease: the lease of the connection of the last request.
        response: the last response, which is closed if the call ends before its caller has it.
        sent_request: the request of the last attempt, as it was sent.
        redirect_url: the URL to which the server has redirected the attempt, or None.
        waiting_since: when the call first waited for a permit of the rate limiter, or None.
    """

    __slots__ = (
        "__weakref__",
        "_attempt_started",
        "_is_open",
        "_redirects",
        "deadlines",
        "headers",
        "lease",
        "permit",
        "record",
        "redirect_url",
        "request",
        "response",
        "secrets",
        "sent_request",
        "settings",
        "waiting_since",
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
        # A response that is not streamed has no first or next token to wait for.
        timeouts = settings.timeouts if stream else Timeouts(deadline=settings.timeouts.deadline)
        self.deadlines: Deadlines = deadlines or Deadlines(timeouts, now)
        self.record: CallRecord = CallRecord(settings.base_url, request.body, now, stream=stream)
        self.headers: Mapping[str, str] = settings.default_headers
        if settings.max_retries:
            # So that a server can recognize a request that is sent again: draft-ietf-httpapi-idempotency-key-header.
            self.headers = {"idempotency-key": f"opper-chat-{os.urandom(16).hex()}", **self.headers}
        self.secrets: list[Secret] = [
            *find_credentials(self.headers, request.headers, settings.default_query, request.query),
            *find_credentials(*_model_headers(request.body.get("model"))),
        ]
        self.permit: Permit | None = None
        self.waiting_since: float | None = None
        self.lease: ConnectionLease | None = None
        self.response: httpx.Response | None = None
        self.sent_request: httpx.Request | None = None
        self.redirect_url: str | None = None
        self._redirects = 0
        self._attempt_started: float | None = None
        self._is_open = False

    def start(self) -> None:
        """Start the call."""
        self._is_open = True
        notify_call_start(self.record)

    def start_attempt(self, now: float, request: httpx.Request) -> None:
        """Record that a request is sent."""
        self._attempt_started = now
        self.sent_request = request
        self.record.status_code = self.record.request_id = None
        self.record.headers = {}

    def record_response(self, status_code: int, headers: Mapping[str, str]) -> None:
        """Record the status and the headers of a response, whose body is still to be read."""
        self.record.status_code = status_code
        self.record.headers = headers
        self.record.request_id = request_id(self.record.headers)

    def follow_redirect(self, url: str, now: float) -> bool:
        """Have the next request follow a redirect, if it may be followed; return whether it may.

        Args:
            url: where the redirected request was sent.
            now: the time.
        """
        target = redirect_target(url, self._find_location(self.record.headers))
        if target is None or self._redirects >= MAX_REDIRECTS:
            return False
        self.redirect_url = target
        self._redirects += 1
        self._end_attempt(now)
        return True

    @property
    def retries(self) -> int:
        """How often the call was retried before the response that has arrived."""
        return count_attempts(self.record.attempts)

    def record_failure(self, error: APIError, now: float, *, final: bool = False) -> float | None:
        """Record that an attempt failed.

        Args:
            error: why. It gets the attempts, the request and notes.
            now: the time.
            final: whether to make no further attempt, whatever the error.

        Returns:
            The seconds to wait for the next attempt, or None to raise the error.
        """
        self.annotate(error)
        if (
            isinstance(error, APIStatusError)
            and error.status_code in REDIRECT_STATUSES
            and self.sent_request is not None
        ):
            url, location = url_without_query(self.sent_request), self._find_location(error.headers)
            error.add_note(explain_redirect(error.status_code, url, location, self._redirects))
        self.redirect_url, self._redirects = None, 0  # the next attempt starts at the client's URL again
        if self._attempt_started is None:  # nothing was sent
            error.attempts = tuple(self.record.attempts)
            return None
        wait = None
        if not final and self._is_open:  # the caller may have given up the call in the meantime
            wait = wait_before_retry(error, self.retries, self.settings.max_retries, self.deadlines, now)
        seconds, self._attempt_started = now - self._attempt_started, None
        attempt = Attempt(error.status_code, _describe(error), wait or 0.0, seconds, error.request_id)
        self.record.attempts.append(attempt)
        error.attempts = tuple(self.record.attempts)
        notify_attempt_end(self.record, attempt)
        return wait

    def complete(self, completion: ChatCompletion, now: float) -> None:
        """End the call with a completion."""
        self._end_attempt(now)
        set_metadata(completion, self.record)
        set_completion(self.record, completion)
        self._end("complete", now)

    def finish(self, now: float) -> None:
        """End the call at the end of a body that was read in chunks."""
        self._end_attempt(now)
        self._end("complete", now)

    def close(self, now: float) -> None:
        """End the call because the caller gives it up."""
        self._end_attempt(now)
        self._end("closed", now)

    def abort(self, error: BaseException, now: float) -> None:
        """End the call with an exception: an error of the call, or a cancellation and the like."""
        if isinstance(error, APIError):
            self.annotate(error)
        self._end_attempt(now, error)
        self._end("failed" if isinstance(error, Exception) else "closed", now, error)

    def release_permit(self) -> None:
        """Release the permit of `max_concurrency`, if the call has one."""
        if self.permit is not None:
            self.permit.release()

    def _find_location(self, headers: Mapping[str, str]) -> str:
        return restore_query(headers.get("location", ""), {**self.settings.default_query, **self.request.query})

    def annotate(self, error: APIError) -> None:
        """Add the request to an error, and remove the keys from it."""
        # All at once, because unescaping a large body takes long, and the header of cookies has many credentials.
        if spellings := [spelling for secret in self.secrets for spelling in secret.spellings]:
            redact_error(error, spellings)
        if error.request is None:
            if self.sent_request is not None:
                remove_credentials(self.sent_request)
                error.request = describe_request(self.sent_request)
            else:
                settings, request = self.settings, self.request
                error.request = describe_unsent(
                    request.method,
                    f"{settings.base_url}{request.path}",
                    {**settings.default_query, **request.query},
                    {**self.headers, **request.headers},
                )

    def _end_attempt(self, now: float, error: BaseException | None = None) -> None:
        if self._attempt_started is not None:
            text, seconds = None if error is None else _describe(error), now - self._attempt_started
            attempt = Attempt(self.record.status_code, text, 0.0, seconds, self.record.request_id)
            self.record.attempts.append(attempt)
            self._attempt_started = None
            notify_attempt_end(self.record, attempt)

    def _end(self, outcome: CallOutcome, now: float, error: BaseException | None = None) -> None:
        """End the call, unless it has ended."""
        self.release_permit()  # before the observers run, in which a signal handler can raise
        if not self._is_open:
            return
        self._is_open = False  # before the observers run: one may close the stream, which ends the call too
        self.record.outcome = outcome
        self.record.error = error
        self.record.duration = now - self.record.started_at
        notify_call_end(self.record)


def _describe(error: BaseException) -> str:
    """Return the text of an error for the record of an attempt."""
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def _model_headers(model: object) -> Iterator[Mapping[str, object]]:
    """Yield the extra headers of the models of a request. A server that refuses a request may repeat its body."""
    for one in model if is_array(model) else (model,):
        if is_object(one) and is_object(headers := one.get("extra_headers")):
            yield headers

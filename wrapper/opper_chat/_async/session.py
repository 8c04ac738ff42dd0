"""The session of a client: its HTTP client, its limiters, and the users of its connections.

It sends one request at a time for a call. `requester` makes the calls, and `response_reader` reads the responses.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from functools import lru_cache
from inspect import iscoroutinefunction
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from .._call.http_request import build_request
from .._call.state import Call
from .._concurrency.deadlines import Deadlines, RequestTimeouts, Timeout, queue_timeout_error, timeout_error
from .._concurrency.loop import async_current_loop, async_is_closed_loop
from .._concurrency.resource_warnings import warn_at_exit
from .._config.environment import Key, Secret, async_resolve_key, check_key
from .._config.options import DEFAULT_HTTP_TIMEOUTS, EventHooks, Limits, check_hooks
from .._config.response_limits import ResponseLimits
from .._errors.api import (
    APIConnectionError,
    APITimeoutError,
    InvalidArgumentError,
    ResponseTooLargeError,
    set_permanent,
)
from .._http.cleanup import async_abandon_client
from .._http.error_map import raise_api_error
from .._http.leases import LEASE, WAITING_CALL, ConnectionLease, ConnectionUsers, Permit, lease_of
from .._http.library import httpx, library_of
from .._http.redaction import remove_credentials, remove_keys
from .._http.timeouts import AsyncSendLimit
from .._observability.observers import around_request
from .._transport._async.limiter import AsyncConcurrencyLimiter
from .._transport.message_headers import HeaderLimitError
from .http_client import create_http_client
from .rate_limiter import AsyncRateLimiter, AsyncRateLimiters
from .response_reader import AsyncResponseReader, check_end, close_response

if TYPE_CHECKING:
    from .._http.library import AsyncHTTPClient


class AsyncSession:
    """Sends the requests of a client, and of all clients that its `with_options` returns.

    Args:
        http_client: the HTTP client of the user, or None to create one.
        limits: the limits of the client. That of connections applies only without ``http_client``.
        event_hooks: functions that are called with each request and each response. Only without ``http_client``.
        site: where the client was made, for warnings.

    Attributes:
        connection_users: the calls and streams that use its connections.
    """

    def __init__(
        self, http_client: AsyncHTTPClient | None, limits: Limits, event_hooks: EventHooks | None, site: str
    ) -> None:
        self._closed = True  # until it is complete
        self.connection_users: ConnectionUsers = ConnectionUsers()
        self._is_user_supplied = http_client is not None
        self._limits = limits
        self._create_limiters()
        self._has_hooks = event_hooks is not None
        self._site = site
        self._used = False
        self._library: Any = httpx
        if http_client is None:
            check_hooks(event_hooks, is_async=iscoroutinefunction(self.close))
            self._client = create_http_client(limits, event_hooks)
        else:
            self._library = library_of(http_client, "AsyncClient")
            if event_hooks is not None:
                raise InvalidArgumentError("event_hooks", "None if http_client is set, which has its own", "some")
            self._client = cast("httpx.AsyncClient", http_client)  # httpx2 has the same names
        self._parse_url = lru_cache(8)(self._library.URL)  # nearly every call has the URL of the one before
        self._closed = False

    def _create_limiters(self) -> None:
        self._rate_limiters = AsyncRateLimiters() if self._limits.adaptive_rate_limit else None
        self._limiter = AsyncConcurrencyLimiter(self._limits.max_concurrency)
        self._process = os.getpid()  # set last: another thread that reads it uses the limiters

    @property
    def response_limits(self) -> ResponseLimits:
        """The largest response that is accepted."""
        return self._limits.response_limits

    @property
    def closed(self) -> bool:
        """Whether the session or its HTTP client is closed."""
        return self._closed or self._client.is_closed

    def rate_limiter(self, call: Call) -> AsyncRateLimiter | None:
        """Return the rate limiter for the model of a call. A forked child process has limiters of its own."""
        if self._process != os.getpid():
            self._create_limiters()
        if self._rate_limiters is None:
            return None
        return self._rate_limiters.for_model(call.settings.base_url, call.request.body.get("model"))

    @property
    def limiter(self) -> AsyncConcurrencyLimiter:
        """The limiter of ``max_concurrency``. A forked child process, in which no call runs yet, has its own."""
        if self._process != os.getpid():
            self._create_limiters()
        return self._limiter

    def portable(self) -> Limits:
        """Return the limits, from which another process makes a session like this one.

        Raises:
            TypeError: the session has objects of this process.
        """
        for argument, given in (("http_client", self._is_user_supplied), ("event_hooks", self._has_hooks)):
            if given:
                raise TypeError(f"a client with {argument}=... cannot be pickled; create it where it is needed")
        return self._limits

    async def send(self, call: Call, *, is_rate_limited: bool = True) -> httpx.Response:
        """Send the request of a call, and return the response before its body is read.

        Args:
            call: the call.
            is_rate_limited: whether the request waits for a permit of the rate limiter.

        Raises:
            AllRefusedError: the server has refused all requests for as long as the call waits.
            APIConnectionError: there was no response. APITimeoutError: a timeout expired.
            Exception: an exception of the user's function for keys.
        """
        entry = self.connection_users.add(call, WAITING_CALL)
        try:
            return await self._send(call, is_rate_limited=is_rate_limited)
        except APITimeoutError as error:
            if error.timeout_kind == "pool" and self.connection_users.abandoned:
                # A response was abandoned while this call waited for the pool. Sending closes it first.
                return await self._send(call, is_rate_limited=is_rate_limited)
            raise
        finally:
            self.connection_users.remove(entry)

    async def _send(self, call: Call, *, is_rate_limited: bool) -> httpx.Response:
        if self.connection_users.collected or self.connection_users.abandoned:
            await self._close_abandoned()
        self._check_open()
        rate_limiter = self.rate_limiter(call)
        permitted = monotonic()
        if rate_limiter is not None and is_rate_limited:
            permitted = await self._acquire_rate_permit(rate_limiter, call)
        key = await self._resolve_key(call.settings.key, call.deadlines)
        if key not in call.secrets:  # those of earlier attempts are kept: a server may repeat them later
            call.secrets.append(key)
        limit = call.deadlines.next_timeout(monotonic()) if call.deadlines.is_bounded else None
        if limit is not None and limit.remaining <= 0:
            raise timeout_error(limit)  # a function for keys cannot be interrupted in the sync client
        call.lease = lease = ConnectionLease()
        timeouts = call.settings.http_timeouts
        timeouts = dict(self._client.timeout.as_dict() if timeouts is None else timeouts)
        request = build_request(self._client, call, key, self._parse_url, {"timeout": timeouts, LEASE: lease})
        call.start_attempt(monotonic(), request)
        try:
            with around_request(call.record):
                if limit is None:
                    response = await self._send_request(call, request)
                else:
                    response = await self._send_in_time(call, request, lease, limit)
        except BaseException:
            lease.close()
            remove_credentials(request)  # the frames of the exception have the request in their variables
            raise
        if rate_limiter is not None:
            rate_limiter.record_response(permitted, response.status_code, response.headers)
        remove_keys(response, call.secrets)
        call.sent_request = response.request  # another request if the client followed a redirect
        return response

    def _check_open(self) -> None:
        if self._closed or self._client.is_closed:
            closed = APIConnectionError("The client is closed.")
            set_permanent(closed)
            raise closed
        if not self._used:
            self._used = True
            if not self._is_user_supplied:
                warn_at_exit(self)

    async def release_call(self, call: Call) -> None:
        """Free the permit and the connection of a call that an exception ends, or that is closed."""
        call.release_permit()
        try:
            if call.response is not None:
                await call.response.aclose()
        finally:
            if call.lease is not None:
                call.lease.close()

    async def _send_in_time(
        self, call: Call, request: httpx.Request, lease: ConnectionLease, limit: Timeout
    ) -> httpx.Response:
        """Send a request within the deadlines of its call, of which one expires first."""
        deadlines = call.deadlines
        timeouts = RequestTimeouts(request.extensions["timeout"], deadlines, monotonic)
        send_limit = AsyncSendLimit(limit.remaining, lease)
        request.extensions.update(send_limit.extensions, timeout=timeouts)
        response: httpx.Response | None = None
        deadlines.start_waiting(monotonic())
        try:
            async with send_limit:
                response = await self._send_request(call, request)
        except APITimeoutError as error:
            expired = deadlines.expired(monotonic()) if error.timeout_kind in DEFAULT_HTTP_TIMEOUTS else None
            if expired is None:
                raise
            raise timeout_error(expired) from error.__cause__
        finally:
            timeouts.detach()
            deadlines.stop_waiting(monotonic())
        if response is None or send_limit.expired:
            if response is not None:  # it arrived when the timeout expired
                await close_response(response)
            # Raised here, so that its context is not the exception of the library, whose frames have the key.
            raise timeout_error(limit)
        return response

    async def _send_request(self, call: Call, request: httpx.Request) -> httpx.Response:
        """Send a request, and translate the exceptions of the HTTP library."""
        client = self._client
        response: httpx.Response | None = None
        exceeded = ("", 0)
        try:
            call.response = response = await client.send(request, stream=True)
            # This package's transport checks the end itself, and a response of a mock has no connection.
            is_of_network = "network_stream" in response.extensions and not lease_of(response).is_of_pool
            if is_of_network and not response.is_closed and not response.is_stream_consumed:
                await check_end(response, self._library)
        except HeaderLimitError as error:
            exceeded = (error.limit, error.maximum)
        except Exception as error:
            raise_api_error(error, request, users=self.connection_users)
            raise
        finally:
            passwords: list[Secret] = getattr(client, "proxy_passwords", [])  # only `DefaultAsyncHttpxClient` has them
            if passwords:
                call.secrets.extend([secret for secret in passwords if secret not in call.secrets])
        if response is None:  # outside of the clause: the exception has the request, and so the key
            raise ResponseTooLargeError(*exceeded)
        return response

    async def acquire_permit(self, call: Call) -> None:
        """Acquire the permit of ``max_concurrency`` for a call, which releases it at its end.

        Raises:
            APITimeoutError: the permit was not granted in time.
        """
        if self._limits.max_concurrency is None:
            return
        limit = call.deadlines.next_timeout(monotonic(), queued=True) if call.deadlines.is_bounded else None
        call.permit = Permit()  # set before it is granted, so that the end of the call releases it in any case
        try:
            await self.limiter.acquire(call.permit, None if limit is None else limit.remaining)
        except TimeoutError:
            raise queue_timeout_error(limit, "as many calls as max_concurrency allows are in progress") from None

    async def _resolve_key(self, source: Key | None, deadlines: Deadlines) -> Secret:
        """Return the key. A function for keys is called after the rate limiter has granted the permit."""
        if isinstance(source, Secret):
            return source
        limit = deadlines.next_timeout(monotonic(), queued=True) if deadlines.is_bounded else None
        key: str | None = None
        time_limit = AsyncSendLimit(None if limit is None else limit.remaining)
        async with time_limit:
            key = await async_resolve_key(source) if source else None
        if time_limit.expired and limit:
            raise queue_timeout_error(limit, "api_key() did not return in time")
        return check_key(key, "api_key()")

    async def _acquire_rate_permit(self, rate_limiter: AsyncRateLimiter, call: Call) -> float:
        deadlines, now = call.deadlines, monotonic()
        limit = deadlines.next_timeout(now, queued=True) if deadlines.is_bounded else None
        if call.waiting_since is None:
            call.waiting_since = now
        seconds = None if limit is None else limit.remaining
        try:
            return await rate_limiter.acquire(seconds, call.waiting_since, call.settings.max_retries)
        except TimeoutError as error:
            raise queue_timeout_error(limit, str(error)) from None

    async def close(self) -> None:
        """Close the connections, unless the HTTP client is the user's own."""
        self._closed = True
        await self._close_abandoned()
        if not self._is_user_supplied:
            await self._client.aclose()

    def __del__(self, *, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        # A default argument, because modules are empty when the interpreter exits.
        if getattr(self, "_closed", True) or self._is_user_supplied or not self._used or is_finalizing():
            return
        try:
            self.warn_if_open()
        finally:
            async_abandon_client(self._client)

    def warn_if_open(self) -> None:
        """Issue a ResourceWarning if the session is open, unless it is that of the parent of a forked child process."""
        if not self._closed and self._process == os.getpid():
            message = f"a client made at {self._site} was never closed"
            warnings.warn(message, ResourceWarning, stacklevel=1, source=self)

    async def _close_abandoned(self) -> None:
        """Close the abandoned responses of this event loop, and forget those of closed event loops."""
        users = self.connection_users
        if users.collected:
            users.remove_collected()
        if not users.abandoned:
            return
        loop = async_current_loop()
        of_other_loops: list[AsyncResponseReader] = []
        try:
            while users.abandoned:
                try:
                    reader: AsyncResponseReader = users.abandoned.pop()
                except IndexError:
                    return  # another thread took it
                if reader.lease.loop in (None, loop):
                    await reader.aclose()
                elif not async_is_closed_loop(reader.lease.loop):
                    of_other_loops.append(reader)
        finally:
            users.abandoned.extend(of_other_loops)

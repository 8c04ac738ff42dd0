"""The HTTP shell: one HTTP client, which sends the requests of requester, and the bounds of its waiting."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from http.cookiejar import CookieJar, DefaultCookiePolicy
from inspect import iscoroutinefunction
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from .._call.state import Call
from .._concurrency.deadlines import Deadlines, RequestTimeouts, queue_timeout_error, timeout_error
from .._config.environment import Key, Secret, check_key
from .._config.options import DEFAULT_HTTP_TIMEOUTS, EventHooks, Limits, check_hooks
from .._config.response_limits import ResponseLimits
from .._errors.api import APIConnectionError, APIError, APITimeoutError, InvalidArgumentError, set_permanent
from .._http.async_cleanup import abandon_client, is_loop_open, is_of_current_loop
from .._http.async_timeouts import SendLimit, resolve_key
from .._http.content_coding import BodyDecoder, accepted_codings, beginning
from .._http.errors import CALL, ErrorMap, Holders, bearer, warn_at_exit
from .._http.leases import LEASE, ConnectionLease, lease_of
from .._http.library import failures, httpx, library_of
from .._http.redaction import forget_key_of, forget_keys
from .._observability.observers import around_request
from .._transport._async.limiter import AsyncConcurrencyLimiter
from .._transport._async.transport import KEEPALIVE_SECONDS, AsyncHTTPTransport, DefaultAsyncHttpxClient
from .rate_limiter import AsyncRateLimiter, AsyncRateLimiters
from .response_reader import AsyncResponseReader, check_end, close_response, keep_content

if TYPE_CHECKING:
    from .._http.library import AsyncHTTPClient


class AsyncSession:
    """Sends requests and reads answers. One for a client and all that `with_options` makes of it.

    Args:
        http_client: the caller's own HTTP client, or None.
        limits: how much at once; how many connections only if there is no own client.
        event_hooks: what is called with every request and every response, if there is no own client.
        site: where the client was made.

    Attributes:
        holders: who holds its connections.
        is_user_supplied: whether the HTTP client is `http_client`.
    """

    def __init__(
        self, http_client: AsyncHTTPClient | None, limits: Limits, event_hooks: EventHooks | None, site: str
    ) -> None:
        self._closed = True  # until it is made
        self.holders: Holders = Holders()
        self.is_user_supplied: bool = http_client is not None
        self._limits = limits
        self._create_limiters()
        self._hooked = event_hooks is not None
        self._site = site
        self._used = False
        self._library: Any = httpx
        if http_client is None:
            check_hooks(event_hooks, is_async=iscoroutinefunction(self.close))
            connections = httpx.Limits(max_connections=limits.connections, keepalive_expiry=KEEPALIVE_SECONDS)
            transport = AsyncHTTPTransport(limits=connections, response_limits=limits.response)
            no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))
            self._client = DefaultAsyncHttpxClient(transport=transport, event_hooks=event_hooks, cookies=no_cookies)
        else:
            self._library = library_of(http_client, "AsyncClient")
            if event_hooks is not None:
                raise InvalidArgumentError("event_hooks", "None beside http_client, which has its own", "some")
            self._client = cast("httpx.AsyncClient", http_client)  # the fork's has the same names
        self._closed = False

    def _create_limiters(self) -> None:
        self._process = os.getpid()
        self._rate_limiters = AsyncRateLimiters(adaptive=self._limits.adaptive_rate_limit)
        self._limiter = AsyncConcurrencyLimiter(self._limits.concurrency)

    @property
    def response_limits(self) -> ResponseLimits:
        """The largest response that is accepted."""
        return self._limits.response

    @property
    def closed(self) -> bool:
        """Whether it sends nothing more."""
        return self._closed or self._client.is_closed

    def rate_limiter(self, call: Call) -> AsyncRateLimiter:
        """Return the rate limiter of a call's model. A forked child has its own."""
        if self._process != os.getpid():
            self._create_limiters()
        return self._rate_limiters.for_model(call.settings.base_url, call.request.body.get("model"))

    @property
    def limiter(self) -> AsyncConcurrencyLimiter:
        """What limits how many calls are under way. A forked child has its own: its parent's threads are not there."""
        if self._process != os.getpid():
            self._create_limiters()
        return self._limiter

    def portable(self) -> Limits:
        """Return what makes one like this in another process.

        Raises:
            TypeError: it has what belongs to this process.
        """
        for argument, given in (("http_client", self.is_user_supplied), ("event_hooks", self._hooked)):
            if given:
                raise TypeError(f"a client with {argument}=... is not pickled: make one where it is needed")
        return self._limits

    async def send(self, call: Call, *, is_rate_limited: bool = True) -> httpx.Response:
        """Send the request of a call and return the response with its body still to be read.

        Args:
            call: the call.
            is_rate_limited: whether the request waits for a permit of the rate limiter.

        Raises:
            AllRefusedError: the server has refused all requests for as long as the call waits.
            APIConnectionError: there was no answer. APITimeoutError: there was none in time.
            Exception: what the caller's own source of keys raises.
        """
        http_timeouts = call.settings.http_timeouts
        http_timeouts = dict(self._client.timeout.as_dict() if http_timeouts is None else http_timeouts)
        note = self.holders.hold(call, CALL)
        try:
            return await self._send(call, http_timeouts, is_rate_limited=is_rate_limited)
        except APITimeoutError as error:
            if error.timeout_kind == "pool" and self.holders.dropped:
                # Sending frees what was dropped, and a drop can come while a call waits for the pool.
                return await self._send(call, http_timeouts, is_rate_limited=is_rate_limited)
            raise
        finally:
            self.holders.release(note)

    async def _send(
        self, call: Call, http_timeouts: dict[str, float | None], *, is_rate_limited: bool
    ) -> httpx.Response:
        await self._free_dropped()
        if self._closed or self._client.is_closed:
            closed = APIConnectionError("The client is closed.")
            set_permanent(closed)
            raise closed
        if not self._used:
            self._used = True
            if not self.is_user_supplied:
                warn_at_exit(self)
        deadlines = call.deadlines
        rate_limiter = self.rate_limiter(call)
        permitted = await self._acquire_rate_permit(rate_limiter, call) if is_rate_limited else monotonic()
        key = await self._find_key(call.settings.key, deadlines)
        if key not in call.keys:
            call.keys.append(key)
        timeouts = RequestTimeouts(http_timeouts, deadlines, monotonic)
        limit = deadlines.next_timeout(monotonic()) if deadlines.is_bounded else None
        if limit is not None and limit.remaining <= 0:
            raise timeout_error(limit)  # a key may take its time where it cannot be interrupted
        call.lease = lease = ConnectionLease()
        sending = SendLimit(None if limit is None else limit.remaining, lease)
        request = self._build_request(call, key, {"timeout": timeouts, LEASE: lease, **sending.extensions})
        response: httpx.Response | None = None
        began = monotonic()
        call.start_attempt(began, request)
        deadlines.start_waiting(began)
        try:
            with ErrorMap(request, holders=self.holders), around_request(call.record):
                async with sending:
                    call.response = response = await self._send_request(call, request)
        except APITimeoutError as error:
            expired = deadlines.expired(monotonic()) if error.timeout_kind in DEFAULT_HTTP_TIMEOUTS else None
            if expired is None:
                raise
            raise timeout_error(expired) from error.__cause__
        finally:
            if response is None:
                lease.close()
                forget_key_of(request)  # which the frames of whatever is raised have in their variables
            timeouts.detach()
            deadlines.stop_waiting(monotonic())
        if response is None or sending.expired:
            if response is not None:  # it came just when the time was up
                await close_response(response)
            # Not where the time was up: what the library raised there has the key in its request and its frames.
            raise timeout_error(limit) if limit else APIConnectionError("There was no answer.")
        rate_limiter.record_response(permitted, response.status_code, response.headers)
        forget_keys(response, call.keys)
        call.sent_request = response.request  # another one, if the client followed a redirect
        return response

    async def release_call(self, call: Call) -> None:
        """Free what a call holds that an exception ends before its caller has the response, or while it is closed."""
        call.release_permit()
        try:
            if call.response is not None:
                await call.response.aclose()
        finally:
            if call.lease is not None:
                call.lease.close()

    async def _send_request(self, call: Call, request: httpx.Request) -> httpx.Response:
        client = self._client
        try:
            response = await client.send(request, stream=True)
        finally:
            passwords: list[Secret] = getattr(client, "proxy_passwords", [])  # of `DefaultAsyncHttpxClient` alone
            if passwords:
                call.keys.extend([secret for secret in passwords if secret not in call.keys])
        is_of_network = "network_stream" in response.extensions and not lease_of(response).is_of_pool
        if is_of_network and not response.is_closed and not response.is_stream_consumed:
            await check_end(response, self._library)
        return response

    def _build_request(self, call: Call, key: Secret, extensions: dict[str, Any]) -> httpx.Request:
        request, settings = call.request, call.settings
        address = call.redirect_url or f"{settings.base_url}{request.path}"
        headers = {"user-agent": "opper-chat", **bearer(key), **call.headers, **request.headers}
        if "accept-encoding" not in headers:
            # httpx asks for every coding that it can decode, without a limit; here only two of them are decoded.
            headers["accept-encoding"] = accepted_codings(self._client.headers.get("accept-encoding", ""))
        try:
            return self._client.build_request(
                request.method,
                address,
                params=None if call.redirect_url else {**settings.default_query, **request.query} or None,
                headers=headers,
                content=request.content,
                extensions=extensions,
            )
        except failures("InvalidURL", also=(UnicodeError,)) as error:
            raise InvalidArgumentError(
                "base_url", "an address that HTTP has a form for", repr(address), f"{error}."
            ) from None

    async def acquire_permit(self, call: Call) -> None:
        """Wait for the permit of a call, which is released at the call's end.

        Raises:
            APITimeoutError: it was not granted in time.
        """
        if self._limits.concurrency is None:
            return
        limit = call.deadlines.next_timeout(monotonic(), queued=True) if call.deadlines.is_bounded else None
        limiter = self.limiter
        call.permit = limiter.permit()  # the call's before it is granted: whatever ends the call releases it
        try:
            await limiter.acquire(call.permit, None if limit is None else limit.remaining)
        except TimeoutError:
            raise queue_timeout_error(limit, "as many calls as max_concurrency allows are under way") from None

    async def _find_key(self, source: Key | None, deadlines: Deadlines) -> Secret:
        """Return the key. If a function makes it, call that when the rate limiter has granted the request."""
        if isinstance(source, Secret):
            return source
        limit = deadlines.next_timeout(monotonic(), queued=True) if deadlines.is_bounded else None
        made: str | None = None
        waiting = SendLimit(None if limit is None else limit.remaining)
        async with waiting:
            made = await resolve_key(source) if source else None
        if waiting.expired and limit:
            raise queue_timeout_error(limit, "the key did not come")
        return check_key(made, "api_key()")

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

    def reader(self, response: httpx.Response, *, stream: bool = False) -> AsyncResponseReader:
        """Return what reads the body of a response, and counts it against the limit for a body of its kind."""
        limit = "max_stream_bytes" if stream else "max_body_bytes"
        limit = limit if response.is_success else "max_error_body_bytes"
        decoder = BodyDecoder(response.status_code, response.headers, self.response_limits, limit)
        return AsyncResponseReader(response, decoder)

    async def read(self, response: httpx.Response, deadlines: Deadlines) -> bytes:
        """Read a body to its end and free the connection. What came before an error is in the error."""
        reader = self.reader(response)
        note = self.holders.hold(response, CALL)
        pieces: list[bytes] = []
        try:
            while data := await reader.read(deadlines):
                pieces.append(data)
        except APIError as error:
            error.raw_body = error.raw_body or beginning(pieces, self.response_limits.max_error_body_bytes)
            raise
        finally:
            self.holders.release(note)
            await close_response(response)
        return b"".join(pieces)

    async def read_into(self, response: httpx.Response, deadlines: Deadlines) -> None:
        """Read a body to its end, have the response return it, and free the connection."""
        keep_content(response, await self.read(response, deadlines))

    async def close(self) -> None:
        """Close the connections, unless the HTTP client is the caller's own."""
        self._closed = True
        await self._free_dropped()
        if not self.is_user_supplied:
            await self._client.aclose()

    def __del__(self, *, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        # A default, because at the very end of an interpreter its modules are empty.
        if getattr(self, "_closed", True) or self.is_user_supplied or not self._used or is_finalizing():
            return
        try:
            self.complain()
        finally:
            abandon_client(self._client)

    def complain(self) -> None:
        """Warn that it was never closed, unless it was, or is its parent's to close where this is a forked child."""
        if not self._closed and self._process == os.getpid():
            message = f"a client made at {self._site} was never closed"
            warnings.warn(message, ResourceWarning, stacklevel=1, source=self)

    async def _free_dropped(self) -> None:
        """Close what was dropped in this event loop. What was dropped in one that is gone went with it."""
        if self.holders.gone:
            self.holders.forget_gone()
        elsewhere: list[AsyncResponseReader] = []
        try:
            while self.holders.dropped:
                try:
                    reader: AsyncResponseReader = self.holders.dropped.pop()
                except IndexError:
                    return  # another thread took it
                if is_of_current_loop(reader.lease):
                    await reader.aclose()
                elif is_loop_open(reader.lease):
                    elsewhere.append(reader)
        finally:
            self.holders.dropped.extend(elsewhere)

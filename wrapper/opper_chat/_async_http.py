"""The HTTP shell: one httpx client, what every request of a client has in common, and the bounds of its waiting."""

from __future__ import annotations

from time import monotonic
from urllib.request import getproxies

import httpx

from ._async_pool import AsyncPool
from ._async_wait import time_limit
from ._clocks import CallClocks, StepTimeouts
from ._errors import APIConnectionError, APITimeoutError, InvalidArgumentError
from ._flow import timed_out
from ._options import Secret
from ._requests import PreparedRequest
from ._transport import CALL, Holders, NotGiven, bearer, check_timeout, default_timeout, errors_mapped, verify

STEPS = ("connect", "read", "write", "pool")
"""The clocks that are httpx's."""

KEEPALIVE_SECONDS = 15.0
"""How long a connection that nobody uses may be used again. Servers close theirs after a while of their own."""


class AsyncHTTP:
    """Sends prepared requests.

    Attributes:
        base_url: the address that paths are relative to.
        holders: who holds its connections.
    """

    def __init__(
        self,
        key: Secret,
        base_url: str,
        timeout: float | httpx.Timeout | NotGiven | None,
        own: httpx.AsyncClient | None,
        max_connections: int,
    ) -> None:
        self.base_url = base_url
        self.holders = Holders()
        self._key = key
        self._timeout = timeout if isinstance(timeout, NotGiven) else check_timeout(timeout)
        self._lent = own is not None
        self._client = _default_client(max_connections) if own is None else _checked(own)

    async def send(
        self, request: PreparedRequest, timeout: float | httpx.Timeout | NotGiven | None, clocks: CallClocks
    ) -> httpx.Response:
        """Send a prepared request and return the response with its body still to be read.

        Raises:
            APIConnectionError: there was no answer. APITimeoutError: there was none in time.
            InvalidArgumentError: the timeout is wrong.
        """
        given = self._timeout if isinstance(timeout, NotGiven) else check_timeout(timeout)
        steps = (self._client.timeout if isinstance(given, NotGiven) else given).as_dict()
        number = id(steps)
        self.holders.hold(number, CALL)
        try:
            return await self._send(request, StepTimeouts(steps, clocks, monotonic), clocks)
        except APITimeoutError as error:
            if error.clock == "pool" and self.holders.dropped:
                # Sending frees what was dropped, and a drop can come while a call waits for the pool.
                return await self._send(request, StepTimeouts(steps, clocks, monotonic), clocks)
            raise
        finally:
            self.holders.release(number)

    async def _send(self, request: PreparedRequest, timeouts: StepTimeouts, clocks: CallClocks) -> httpx.Response:
        await self._free_dropped()
        if self._client.is_closed:
            raise APIConnectionError("The client is closed.")
        prepared = self._client.build_request(
            request.method,
            f"{self.base_url}{request.path}",
            params=request.query or None,
            headers={"User-Agent": "opper-chat", **bearer(self._key), **request.headers},
            content=request.content,
            extensions={"timeout": timeouts},
        )
        limit = clocks.limit(monotonic()) if clocks.running else None
        try:
            with errors_mapped(prepared, holders=self.holders):
                if limit is None:
                    return await self._client.send(prepared, stream=True)
                try:
                    async with time_limit(limit.left):
                        return await self._client.send(prepared, stream=True)
                except TimeoutError:
                    raise timed_out(limit) from None
        except APITimeoutError as error:
            ran_out = clocks.ran_out(monotonic()) if error.clock in STEPS else None
            if ran_out is None:
                raise
            raise timed_out(ran_out) from error.__cause__
        finally:
            timeouts.stop_clocks()

    async def read(self, response: httpx.Response, clocks: CallClocks) -> bytes:
        """Read a body to its end and free the connection."""
        self.holders.hold(id(response), CALL)
        limit = clocks.limit(monotonic()) if clocks.running else None
        try:
            with errors_mapped(response.request, response.status_code, response.headers):
                if limit is None:
                    return await response.aread()
                try:
                    async with time_limit(limit.left, response):
                        return await response.aread()
                except TimeoutError:
                    raise timed_out(limit, response.status_code, response.headers) from None
        finally:
            self.holders.release(id(response))
            await response.aclose()

    async def close(self) -> None:
        """Close the connections, unless the httpx client is the caller's own."""
        await self._free_dropped()
        if not self._lent:
            await self._client.aclose()

    async def _free_dropped(self) -> None:
        while self.holders.dropped:
            await self.holders.dropped.pop().aclose()


def _checked(own: object) -> httpx.AsyncClient:
    if not isinstance(own, httpx.AsyncClient):
        raise InvalidArgumentError("http_client", "an httpx.AsyncClient", f"a {type(own).__name__}")
    return own


def _default_client(max_connections: int) -> httpx.AsyncClient:
    if getproxies():
        # Which address goes through which proxy is for httpx to say, with its own pool.
        limits = httpx.Limits(max_connections=max_connections, max_keepalive_connections=max_connections)
        return httpx.AsyncClient(timeout=default_timeout(), limits=limits)
    return httpx.AsyncClient(
        timeout=default_timeout(), transport=AsyncPool(_connect, max_connections, KEEPALIVE_SECONDS)
    )


def _connect(scheme: str) -> httpx.AsyncHTTPTransport:
    one = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEPALIVE_SECONDS)
    return httpx.AsyncHTTPTransport(verify=verify(scheme), limits=one)

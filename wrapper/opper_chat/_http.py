# Made from wrapper/opper_chat/_async_http.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""The HTTP shell: one httpx client, what every request of a client has in common, and the bounds of its waiting."""

from __future__ import annotations

from time import monotonic
from urllib.request import getproxies

import httpx

from ._clocks import CallClocks, StepTimeouts
from ._errors import APIConnectionError, APITimeoutError, InvalidArgumentError
from ._flow import timed_out
from ._options import Secret
from ._pool import Pool
from ._requests import PreparedRequest
from ._transport import (
    CALL,
    Holders,
    NotGiven,
    bearer,
    check_timeout,
    default_timeout,
    errors_mapped,
    verify,
)
from ._wait import time_limit

STEPS = ("connect", "read", "write", "pool")
"""The clocks that are httpx's."""

KEEPALIVE_SECONDS = 15.0
"""How long a connection that nobody uses may be used again. Servers close theirs after a while of their own."""


class HTTP:
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
        own: httpx.Client | None,
        max_connections: int,
    ) -> None:
        self.base_url = base_url
        self.holders = Holders()
        self._key = key
        self._timeout = timeout if isinstance(timeout, NotGiven) else check_timeout(timeout)
        self._lent = own is not None
        self._client = _default_client(max_connections) if own is None else _checked(own)

    def send(
        self,
        request: PreparedRequest,
        timeout: float | httpx.Timeout | NotGiven | None,
        clocks: CallClocks,
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
            return self._send(request, StepTimeouts(steps, clocks, monotonic), clocks)
        except APITimeoutError as error:
            if error.clock == "pool" and self.holders.dropped:
                # Sending frees what was dropped, and a drop can come while a call waits for the pool.
                return self._send(request, StepTimeouts(steps, clocks, monotonic), clocks)
            raise
        finally:
            self.holders.release(number)

    def _send(
        self, request: PreparedRequest, timeouts: StepTimeouts, clocks: CallClocks
    ) -> httpx.Response:
        self._free_dropped()
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
                    return self._client.send(prepared, stream=True)
                try:
                    with time_limit(limit.left):
                        return self._client.send(prepared, stream=True)
                except TimeoutError:
                    raise timed_out(limit) from None
        except APITimeoutError as error:
            ran_out = clocks.ran_out(monotonic()) if error.clock in STEPS else None
            if ran_out is None:
                raise
            raise timed_out(ran_out) from error.__cause__
        finally:
            timeouts.stop_clocks()

    def read(self, response: httpx.Response, clocks: CallClocks) -> bytes:
        """Read a body to its end and free the connection."""
        self.holders.hold(id(response), CALL)
        limit = clocks.limit(monotonic()) if clocks.running else None
        try:
            with errors_mapped(response.request, response.status_code, response.headers):
                if limit is None:
                    return response.read()
                try:
                    with time_limit(limit.left, response):
                        return response.read()
                except TimeoutError:
                    raise timed_out(limit, response.status_code, response.headers) from None
        finally:
            self.holders.release(id(response))
            response.close()

    def close(self) -> None:
        """Close the connections, unless the httpx client is the caller's own."""
        self._free_dropped()
        if not self._lent:
            self._client.close()

    def _free_dropped(self) -> None:
        while self.holders.dropped:
            self.holders.dropped.pop().close()


def _checked(own: object) -> httpx.Client:
    if not isinstance(own, httpx.Client):
        raise InvalidArgumentError("http_client", "an httpx.Client", f"a {type(own).__name__}")
    return own


def _default_client(max_connections: int) -> httpx.Client:
    if getproxies():
        # Which address goes through which proxy is for httpx to say, with its own pool.
        limits = httpx.Limits(
            max_connections=max_connections, max_keepalive_connections=max_connections
        )
        return httpx.Client(timeout=default_timeout(), limits=limits)
    return httpx.Client(
        timeout=default_timeout(), transport=Pool(_connect, max_connections, KEEPALIVE_SECONDS)
    )


def _connect(scheme: str) -> httpx.HTTPTransport:
    one = httpx.Limits(
        max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEPALIVE_SECONDS
    )
    return httpx.HTTPTransport(verify=verify(scheme), limits=one)

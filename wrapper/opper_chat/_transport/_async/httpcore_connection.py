"""A connection of httpcore: through a proxy, and for requests that `connection` cannot send."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, cast

from ..._http.leases import ConnectionLease
from ..._http.library import httpcore, httpx
from .checked_body import AsyncCheckedBody
from .connection import AsyncRequest


class Proxy(Protocol):
    """A proxy. Its string has no password, and can be shown."""

    def reveal_url(self) -> str:
        """Return the URL, with the password."""
        ...

    def unusable(self, reason: str) -> Exception:
        """Return the exception to raise if the HTTP library refuses the proxy."""
        ...


FindProxy: TypeAlias = Callable[[str, str, int | None], Proxy | None]
"""Returns the proxy for a scheme, a host and a port (None for that of the scheme), or None."""


class AsyncHttpcoreConnection:
    """One connection of httpcore, which connects when it is used. For one request at a time.

    Args:
        pool: A pool of httpcore for one connection.
        proxy: The proxy through which it connects, or None.
    """

    def __init__(self, pool: httpcore.AsyncConnectionPool, proxy: Proxy | None) -> None:
        self._pool: Any = pool
        self._proxy = proxy
        self._body: AsyncCheckedBody | None = None

    async def handle_async_request(self, request: AsyncRequest, lease: ConnectionLease) -> httpcore.Response:
        """Send a request, and return the response. Its body is not read yet.

        Raises:
            TimeoutException, NetworkError, ProxyError, ProtocolError: Of httpcore.
        """
        lease.proxy = self._proxy
        if self._body is not None:
            if self._body.reusable:
                lease.attach(self._body.network_stream)
            else:
                await self._pool.aclose()  # the next request connects again
        response: Any = await self._pool.handle_async_request(request)
        if "network_stream" in response.extensions:  # a response of a tool such as respx has none
            response.stream = self._body = AsyncCheckedBody(
                response.stream,
                lease,
                protocol_error=httpcore.RemoteProtocolError,
                status_code=response.status,
                headers=httpx.Headers(response.headers),
                extensions=response.extensions,
            )
            self._body.check_version()  # the pool closes the connection if this raises
        return cast("httpcore.Response", response)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._pool.aclose()

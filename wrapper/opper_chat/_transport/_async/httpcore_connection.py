"""A connection of httpcore: by a proxy, and for requests that this package's own connections do not carry."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any, Protocol, TypeAlias, cast

from ..._http.leases import ConnectionLease
from ..._http.library import httpcore, httpx
from .checked_body import AsyncCheckedBody
from .connection import AsyncRequest

_METHODS = frozenset({b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})
"""Methods whose responses have a body by the rules that `connection` knows: HEAD and CONNECT have their own."""

_TRANSFER_ENCODING = b"transfer-encoding"
"""The header that httpx adds to a request whose body has no known length (RFC 9112 section 6.1)."""


def requires_httpcore(request: AsyncRequest) -> bool:
    """Return whether a connection of httpcore is to carry a request.

    It is for methods and bodies that `connection` does not know, and wherever a tool has replaced the method of
    httpcore, as respx does to answer requests itself: then nothing may reach the network but by way of that method.
    """
    method = httpcore.AsyncConnectionPool.handle_async_request
    is_replaced = type(method) is not FunctionType or method.__globals__["__name__"] != _MODULE
    if is_replaced or request.method not in _METHODS:
        return True
    return _TRANSFER_ENCODING in b" ".join([name for name, _ in request.headers]).lower()


_MODULE = httpcore.AsyncConnectionPool.__init__.__globals__["__name__"]


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
    """One connection of httpcore, made when it is needed. For one request at a time.

    Args:
        pool: A pool of httpcore for one connection.
        proxy: The proxy through which it connects, or None.
    """

    def __init__(self, pool: httpcore.AsyncConnectionPool, proxy: Proxy | None) -> None:
        self._pool: Any = pool
        self._proxy = proxy
        self._body: AsyncCheckedBody | None = None

    async def handle_async_request(self, request: AsyncRequest, lease: ConnectionLease) -> httpcore.Response:
        """Send a request, and return the response with its body still to be read.

        Raises:
            TimeoutException, NetworkError, ProxyError, ProtocolError: Of httpcore.
        """
        lease.proxy = self._proxy
        if self._body is not None:
            if self._body.reusable:
                lease.attach(self._body.network_stream)
            else:
                await self._pool.aclose()  # it connects anew
        response: Any = await self._pool.handle_async_request(request)
        if "network_stream" in response.extensions:  # there is none where a tool has answered
            response.stream = self._body = AsyncCheckedBody(
                response.stream,
                lease,
                protocol_error=httpcore.RemoteProtocolError,
                status_code=response.status,
                headers=httpx.Headers(response.headers),
                extensions=response.extensions,
            )
            self._body.check_version()  # the pool closes the connection where anything is raised
        return cast("httpcore.Response", response)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._pool.aclose()

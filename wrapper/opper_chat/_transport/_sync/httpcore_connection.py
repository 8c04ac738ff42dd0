# Made from wrapper/opper_chat/_transport/_async/httpcore_connection.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""A connection of httpcore: through a proxy, and for requests that `connection` cannot send."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, cast

from ..._http.leases import ConnectionLease
from ..._http.library import httpcore, httpx
from .checked_body import CheckedBody
from .connection import Request


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


class HttpcoreConnection:
    """One connection of httpcore, which connects when it is used. For one request at a time.

    Args:
        pool: A pool of httpcore for one connection.
        proxy: The proxy through which it connects, or None.
    """

    def __init__(self, pool: httpcore.ConnectionPool, proxy: Proxy | None) -> None:
        self._pool: Any = pool
        self._proxy = proxy
        self._body: CheckedBody | None = None

    def handle_request(self, request: Request, lease: ConnectionLease) -> httpcore.Response:
        """Send a request, and return the response. Its body is not read yet.

        Raises:
            TimeoutException, NetworkError, ProxyError, ProtocolError: Of httpcore.
        """
        lease.proxy = self._proxy
        if self._body is not None:
            if self._body.reusable:
                lease.attach(self._body.network_stream)
            else:
                self._pool.close()  # the next request connects again
        response: Any = self._pool.handle_request(request)
        if "network_stream" in response.extensions:  # a response of a tool such as respx has none
            response.stream = self._body = CheckedBody(
                response.stream,
                lease,
                protocol_error=httpcore.RemoteProtocolError,
                status_code=response.status,
                headers=httpx.Headers(response.headers),
                extensions=response.extensions,
            )
            self._body.check_version()  # the pool closes the connection if this raises
        return cast("httpcore.Response", response)

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()

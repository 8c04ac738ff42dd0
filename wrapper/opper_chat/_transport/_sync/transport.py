# Made from wrapper/opper_chat/_transport/_async/transport.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""A transport for httpx that costs less per request and per chunk of a stream than httpx's own.

It is httpx's class with another connection pool. So it is seen by tools that replace or patch httpx's transport, the
connection pool of httpcore, or methods of the client.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

from ..._http.library import httpx
from ..message_headers import HeaderLimits
from .connection import Connection
from .httpcore_connection import FindProxy, HttpcoreConnection
from .pool import ConnectionPool, Origin, PooledConnection


class HTTPTransport(httpx.HTTPTransport):
    """A transport over this package's connection pool, for HTTP/1.1.

    Args:
        make_ssl_context: Returns the TLS context in which servers are verified. Called for each connection by TLS.
        limits: The number of connections, and the seconds for which an idle one is kept.
        header_limits: The limits of response headers.
        find_proxy: Returns the proxy for a scheme, a host and a port, or None if there is none.

    Attributes:
        find_proxy: The argument.
    """

    def __init__(
        self,
        make_ssl_context: Callable[[], ssl.SSLContext],
        limits: httpx.Limits,
        header_limits: HeaderLimits,
        find_proxy: FindProxy | None = None,
    ) -> None:
        # Not `super().__init__`, which makes a TLS context for each transport and a pool of httpcore.
        self._make_ssl_context = make_ssl_context
        self._header_limits = header_limits
        self._keepalive_seconds = (
            float("inf") if limits.keepalive_expiry is None else limits.keepalive_expiry
        )
        self.find_proxy = find_proxy
        self._pool: Any = ConnectionPool(
            self._create_connection,
            limits.max_connections,
            self._keepalive_seconds,
            max_idle=limits.max_keepalive_connections,
        )

    def _create_connection(self, origin: Origin) -> PooledConnection:
        """Return a connection that will connect when it is used."""
        scheme, host = origin.scheme.decode("ascii"), origin.host.decode("ascii")
        proxy = self.find_proxy(scheme, host, origin.port) if self.find_proxy is not None else None
        tls = self._make_ssl_context() if scheme == "https" else None
        if proxy is None and not origin.uses_httpcore:
            return Connection(tls, self._keepalive_seconds, self._header_limits)
        try:
            transport = httpx.HTTPTransport(
                verify=tls or False,
                limits=httpx.Limits(
                    max_connections=1,
                    max_keepalive_connections=1,
                    keepalive_expiry=self._keepalive_seconds,
                ),
                proxy=None if proxy is None else proxy.reveal_url(),
            )
        except (
            ImportError,
            ValueError,
            httpx.InvalidURL,
        ) as error:  # such as SOCKS without the package for it
            if proxy is None:
                raise
            reason = str(error)
        else:
            pool: Any = transport._pool  # noqa: SLF001  # private, and the same since 2021 in both libraries
            return HttpcoreConnection(pool, proxy)
        raise proxy.unusable(
            reason
        )  # outside of the clause: the frames of the library have the password

# Made from wrapper/opper_chat/_transport/_async/transport.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""httpx's client with this package's own transport, which costs less for each request and each piece of a stream.

The transport is httpx's own, with another connection pool. So tools see it that replace or patch httpx's transport, the
connection pool of httpcore, or methods of the client. It knows nothing of chat completions.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from ..._config.environment import Secret
from ..._config.options import DEFAULT_CONNECTIONS, DEFAULT_HTTP_TIMEOUTS
from ..._config.proxies import find_proxy
from ..._config.response_limits import DEFAULT_LIMITS, ResponseLimits
from ..._http.library import httpx
from ..cookies import Cookies
from ..tls import new_ssl_context, shared_ssl_context
from .connection import Connection
from .httpcore_connection import HttpcoreConnection
from .pool import ConnectionPool, Origin, PooledConnection

if TYPE_CHECKING:
    import ssl

KEEPALIVE_SECONDS = 15.0
"""How long a connection that nobody uses may be used again. Servers close theirs after a while of their own."""

DEFAULT_TIMEOUT = httpx.Timeout(**DEFAULT_HTTP_TIMEOUTS)
CONNECTION_LIMITS = httpx.Limits(
    max_connections=DEFAULT_CONNECTIONS, keepalive_expiry=KEEPALIVE_SECONDS
)


class HTTPTransport(httpx.HTTPTransport):
    """The transport of httpx over this package's connection pool, for HTTP/1.1.

    Args:
        verify: As for httpx: True, False, or an ``ssl.SSLContext``.
        cert: As for httpx.
        trust_env: Whether the environment names proxies and certificates.
        limits: How many connections there may be, and how long one may be unused.
        response_limits: The largest response headers that are read.
    """

    def __init__(
        self,
        verify: ssl.SSLContext | str | bool = True,
        cert: Any = None,
        trust_env: bool = True,  # as httpx has it
        limits: httpx.Limits = CONNECTION_LIMITS,
        response_limits: ResponseLimits = DEFAULT_LIMITS,
    ) -> None:
        # Not `super().__init__`, which makes a TLS context for each transport and a pool of httpcore.
        self._verify = verify
        self._cert = cert
        self._trust_env = trust_env
        self._own_context: ssl.SSLContext | None = None
        self._response_limits = response_limits
        self._keepalive_seconds = (
            float("inf") if limits.keepalive_expiry is None else limits.keepalive_expiry
        )
        self._find_proxy = cache(
            find_proxy
        )  # looking through the environment takes as long as connecting
        self.proxy_passwords: list[Secret] = []
        """The passwords of proxies of the environment that were used."""
        self._pool: Any = ConnectionPool(
            self._connect,
            limits.max_connections,
            self._keepalive_seconds,
            max_idle=limits.max_keepalive_connections,
        )

    def _connect(self, origin: Origin) -> PooledConnection:
        """Return a connection that will connect when it is used."""
        scheme, host = origin.scheme.decode("ascii"), origin.host.decode("ascii")
        proxy = self._find_proxy(scheme, host, origin.port) if self._trust_env else None
        tls = self._tls_context() if scheme == "https" else None
        if proxy is None and not origin.uses_httpcore:
            return Connection(tls, self._keepalive_seconds, self._response_limits)
        if (
            proxy is not None
            and proxy.password is not None
            and proxy.password not in self.proxy_passwords
        ):
            self.proxy_passwords.append(proxy.password)
        try:
            transport = httpx.HTTPTransport(
                verify=tls or False,
                limits=httpx.Limits(
                    max_connections=1,
                    max_keepalive_connections=1,
                    keepalive_expiry=self._keepalive_seconds,
                ),
                proxy=proxy and proxy.url.reveal(),
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

    def _tls_context(self) -> ssl.SSLContext:
        if self._verify is True and self._cert is None and self._trust_env:
            return shared_ssl_context()
        if self._own_context is None:
            self._own_context = new_ssl_context(self._verify, self._cert, trust_env=self._trust_env)
        return self._own_context


class _DefaultAsyncHttpxClient(httpx.Client):
    """``httpx.Client`` with the transport, timeouts and connection limits that `Opper` uses by default.

    It takes what ``httpx.Client`` takes. Use it to keep the defaults where you set hooks, cookies, mounts or
    other limits::

        Opper(http_client=DefaultHttpxClient(event_hooks={"request": [log_request]}))

    With ``transport=``, ``proxy=`` or ``http2=True`` it is that transport, or httpx's own, that connects.
    """

    def __init__(self, **settings: Any) -> None:
        settings = {"timeout": DEFAULT_TIMEOUT, "limits": CONNECTION_LIMITS, **settings}
        if not any(settings.get(name) for name in ("transport", "http2", "app")):
            known = ("verify", "cert", "trust_env", "limits")
            given = {name: settings[name] for name in known if name in settings}
            settings["transport"] = HTTPTransport(**given)
        self.proxy_passwords: list[Secret] = getattr(
            settings.get("transport"), "proxy_passwords", []
        )
        """The passwords of the proxies of the environment that were used."""
        super().__init__(**settings)
        # Private, and the same since httpx 0.13. The public setter makes it httpx's own class.
        self._cookies = Cookies(self.cookies.jar)

    def _build_redirect_request(
        self, request: httpx.Request, response: httpx.Response
    ) -> httpx.Request:
        # Private, and the same since httpx 0.18. It is called for redirects that are not followed as well, and raises
        # where the address is none, so that the response would be lost.
        try:
            return super()._build_redirect_request(request, response)
        except (httpx.InvalidURL, httpx.RemoteProtocolError):
            if self.follow_redirects:
                raise
            return request


if TYPE_CHECKING:
    DefaultHttpxClient = httpx.Client
    """``httpx.Client`` with the transport, timeouts and connection limits that `Opper` uses by default."""
else:
    DefaultHttpxClient = _DefaultAsyncHttpxClient
    DefaultHttpxClient.__name__ = DefaultHttpxClient.__qualname__ = "DefaultHttpxClient"
    DefaultHttpxClient.__module__ = "opper_chat"

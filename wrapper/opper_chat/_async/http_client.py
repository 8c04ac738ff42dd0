"""The default HTTP client: httpx's own, with the transport, timeouts and connection limits of an Opper client.

The transport gets its settings here: the TLS context, the proxies of the environment and the limits of responses.
"""

from __future__ import annotations

from functools import cache, partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

from .._config.environment import Secret
from .._config.options import DEFAULT_CONNECTIONS, DEFAULT_HTTP_TIMEOUTS, EventHooks, Limits
from .._config.proxies import ProxyFinder
from .._config.response_limits import DEFAULT_LIMITS, ResponseLimits
from .._http.library import httpx
from .._http.ssl_context import new_ssl_context, shared_ssl_context
from .._transport._async.transport import AsyncHTTPTransport
from .._transport.message_headers import HeaderLimits

if TYPE_CHECKING:
    import ssl

KEEPALIVE_SECONDS = 15.0
"""Seconds after which an idle connection is not used again. Servers close idle connections too."""

DEFAULT_HTTPX_TIMEOUT = httpx.Timeout(**DEFAULT_HTTP_TIMEOUTS)
CONNECTION_LIMITS = httpx.Limits(max_connections=DEFAULT_CONNECTIONS, keepalive_expiry=KEEPALIVE_SECONDS)


def create_transport(
    *,
    verify: ssl.SSLContext | str | bool = True,
    cert: Any = None,
    trust_env: bool = True,
    limits: httpx.Limits = CONNECTION_LIMITS,
    response_limits: ResponseLimits = DEFAULT_LIMITS,
) -> AsyncHTTPTransport:
    """Return a transport.

    Args:
        verify: As for httpx: True, False, or an ``ssl.SSLContext``.
        cert: As for httpx.
        trust_env: Whether the environment names proxies and certificates.
        limits: The number of connections, and the seconds for which an idle one is kept.
        response_limits: The limits of responses, of which the transport checks those of headers.
    """
    is_shared = verify is True and cert is None and trust_env
    return AsyncHTTPTransport(
        shared_ssl_context if is_shared else cache(partial(new_ssl_context, verify, cert, trust_env=trust_env)),
        limits,
        HeaderLimits(response_limits.max_header_bytes, response_limits.max_informational_responses),
        ProxyFinder() if trust_env else None,
    )


class Cookies(httpx.Cookies):
    """Cookies that look only at responses that set some.

    httpx converts each request and response to the classes of urllib, to pass them to the cookie jar, which takes a
    tenth of the time of a call. What a cookie means is decided by httpx and the jar alone.
    """

    def extract_cookies(self, response: httpx.Response) -> None:
        """Store the cookies of a response in the jar."""
        # The headers that `http.cookiejar` reads.
        if "set-cookie" in response.headers or "set-cookie2" in response.headers:
            super().extract_cookies(response)


class _DefaultAsyncHttpxClient(httpx.AsyncClient):
    """``httpx.AsyncClient`` with the transport, timeouts and connection limits that `AsyncOpper` uses by default.

    It accepts the arguments of ``httpx.AsyncClient``. Use it to keep the defaults if you set hooks, cookies, mounts or
    other limits::

        AsyncOpper(http_client=DefaultAsyncHttpxClient(event_hooks={"request": [log_request]}))

    With ``transport=``, ``proxy=`` or ``http2=True``, that transport or httpx's own connects instead.
    """

    def __init__(self, **settings: Any) -> None:
        settings = {"timeout": DEFAULT_HTTPX_TIMEOUT, "limits": CONNECTION_LIMITS, **settings}
        if not any(settings.get(name) for name in ("transport", "http2", "app")):
            known = ("verify", "cert", "trust_env", "limits")
            given = {name: settings[name] for name in known if name in settings}
            settings["transport"] = create_transport(**given)
        finder = getattr(settings.get("transport"), "find_proxy", None)
        self.proxy_passwords: list[Secret] = finder.passwords if isinstance(finder, ProxyFinder) else []
        """The passwords of the proxies of the environment that were used."""
        super().__init__(**settings)
        # Private, and the same in all supported versions. The public setter converts it to httpx's own class.
        self._cookies = Cookies(self.cookies.jar)

    def _build_redirect_request(self, request: httpx.Request, response: httpx.Response) -> httpx.Request:
        # Private, and the same since httpx 0.18. It is called for redirects that are not followed as well, and raises
        # where the address is none, so that the response would be lost.
        try:
            return super()._build_redirect_request(request, response)
        except (httpx.InvalidURL, httpx.RemoteProtocolError):
            if self.follow_redirects:
                raise
            return request


if TYPE_CHECKING:
    DefaultAsyncHttpxClient = httpx.AsyncClient
    """``httpx.AsyncClient`` with the transport, timeouts and connection limits that `AsyncOpper` uses by default."""
else:
    DefaultAsyncHttpxClient = _DefaultAsyncHttpxClient
    DefaultAsyncHttpxClient.__name__ = DefaultAsyncHttpxClient.__qualname__ = "DefaultAsyncHttpxClient"
    DefaultAsyncHttpxClient.__module__ = "opper_chat"


def create_http_client(limits: Limits, event_hooks: EventHooks | None) -> httpx.AsyncClient:
    """Return the HTTP client of an Opper client that was given none. It keeps no cookies."""
    connections = httpx.Limits(max_connections=limits.max_connections, keepalive_expiry=KEEPALIVE_SECONDS)
    return DefaultAsyncHttpxClient(
        transport=create_transport(limits=connections, response_limits=limits.response_limits),
        event_hooks=event_hooks,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
    )

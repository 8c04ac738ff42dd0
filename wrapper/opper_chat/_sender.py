# Made from wrapper/opper_chat/_async_sender.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""The HTTP client that is used where the caller brings none: httpx's, with a shorter way from a request to its answer.

httpx's own way, which is that of a browser, looks through redirects, authentication, cookies and mounted transports for
every request, and takes longer over it than the network here takes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from ._connection import Connection
from ._library import Library, core_of
from ._options import find_proxy
from ._pool import Pool
from ._transport import CallersError, no_cookies, ssl_context

if TYPE_CHECKING:
    import httpx

KEEPALIVE_SECONDS = 15.0
"""How long a connection that nobody uses may be used again. Servers close theirs after a while of their own."""

EventHooks = Mapping[str, list[Callable[..., Any]]]


def default_client(
    library: Library, max_connections: int, event_hooks: EventHooks | None
) -> httpx.Client:
    """Return a client with a pool of this package's connections, by way of the environment's proxies if there are any.

    Args:
        library: whose client it is.
        max_connections: how many connections there may be.
        event_hooks: what is called with every request and every response.
    """
    if any(name.lower().endswith("_proxy") for name in os.environ):
        core_of(
            library
        )  # loaded now: in a forked child, another thread of its parent's may have been about to
    proxy_for = cache(find_proxy)  # looking through the environment takes as long as connecting

    def connect(scheme: str, host: str) -> Any:
        proxy = proxy_for(scheme, host)
        tls = ssl_context(library) if scheme == "https" else None
        if proxy is None:
            return Connection(library, tls, KEEPALIVE_SECONDS)
        one = library.Limits(
            max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEPALIVE_SECONDS
        )
        return library.HTTPTransport(verify=tls or False, limits=one, proxy=proxy)

    pool = Pool(library, connect, max_connections, KEEPALIVE_SECONDS)
    client: httpx.Client = _client_class(library)(library, pool, event_hooks or {})
    return client


class _ShortWay:
    """A client of httpx, as far as this package uses it."""

    headers: httpx.Headers

    def __init__(self, library: Library, pool: Pool, event_hooks: EventHooks) -> None:
        super().__init__(transport=pool, cookies=no_cookies())  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
        self._library = library
        self._pool = pool
        self._hooks = event_hooks
        self._own_headers = dict(self.headers.items())

    def build_request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str],
        content: bytes,
        extensions: dict[str, Any],
    ) -> httpx.Request:
        """Make a request. Names of headers are in lower case."""
        address = _url(self._library, url, tuple(params.items()) if params else ())
        given = {**self._own_headers, **headers}
        return self._library.Request(
            method, address, headers=given, content=content, extensions=extensions
        )

    def send(self, request: httpx.Request, *, stream: bool) -> httpx.Response:  # noqa: ARG002  # it always is
        """Send a request, and return the response with its body still to be read.

        Raises:
            CallersError: a hook raised something.
        """
        self._call("request", request)
        response = self._pool.handle_request(request)
        response.request = request
        try:
            self._call("response", response)
        except BaseException:
            response.close()
            raise
        return response

    def _call(self, name: str, event: object) -> None:
        for hook in self._hooks.get(name, ()):
            try:
                hook(event)
            except Exception as error:  # noqa: BLE001  # whatever it is, it is for the caller
                raise CallersError(error) from None


@cache
def _client_class(library: Library) -> Any:
    return type("ShortWayClient", (_ShortWay, library.Client), {})


@lru_cache(64)
def _url(library: Library, url: str, params: tuple[tuple[str, str], ...]) -> httpx.URL:
    """Return an address, which is read once for all calls that go there."""
    return library.URL(url, params=dict(params)) if params else library.URL(url)

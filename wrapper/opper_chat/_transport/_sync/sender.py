# Made from wrapper/opper_chat/_transport/_async/sender.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""What sends the requests of a client whose caller brings no HTTP client: a pool of connections, or of proxies' ones.

httpx's own client, which is that of a browser, looks through redirects, authentication, cookies and mounted transports
for every request, and takes longer over it than the network here takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from ..._config.environment import Secret
from ..._config.options import DEFAULT_STEPS, Steps
from ..._config.proxies import Proxy, find_proxy, names_proxies
from ..._config.response_limits import DEFAULT_LIMITS, ResponseLimits
from ..._http.content_coding import ACCEPTED
from ..._http.errors import CallersError, shared_ssl_context
from ..._http.library import Library, core_of
from ..._http.sent import PROXY, SentRequest, address_of
from .connection import Connection
from .library_body import LibraryBody, check_version
from .pool import Lender, Pool
from .reply import Reply

if TYPE_CHECKING:
    import httpx

KEEPALIVE_SECONDS = 15.0
"""How long a connection that nobody uses may be used again. Servers close theirs after a while of their own."""

EventHooks = Mapping[str, list[Callable[..., Any]]]


OWN_HEADERS = {"accept": "*/*", "accept-encoding": ", ".join(ACCEPTED), "connection": "keep-alive"}


def default_sender(
    library: Library,
    max_connections: int,
    event_hooks: EventHooks | None,
    limits: ResponseLimits = DEFAULT_LIMITS,
) -> Sender:
    """Return a sender that goes by way of the environment's proxies if there are any.

    Args:
        library: whose proxies, errors and hooks are used.
        max_connections: how many connections there may be.
        event_hooks: what is called with every request and every response.
        limits: the largest response that is read.
    """
    if names_proxies():
        core_of(
            library
        )  # loaded now: in a forked child, another thread of its parent's may have been about to
    proxy_for = cache(find_proxy)  # looking through the environment takes as long as connecting

    passwords: list[Secret] = []

    def connect(scheme: str, host: str, port: int | None) -> Lender:
        proxy = proxy_for(scheme, host, port)
        tls = shared_ssl_context(library) if scheme == "https" else None
        if proxy is None:
            return Connection(library, tls, KEEPALIVE_SECONDS, limits)
        if proxy.password is not None and proxy.password not in passwords:
            passwords.append(proxy.password)
        one = library.Limits(
            max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEPALIVE_SECONDS
        )
        try:
            transport = library.HTTPTransport(
                verify=tls or False, limits=one, proxy=proxy.url.reveal()
            )
        except (
            ImportError,
            ValueError,
            library.InvalidURL,
        ) as error:  # such as SOCKS without the package for it
            reason = str(error)
        else:
            return _ByLibrary(library, transport, proxy)
        raise proxy.unusable(
            reason
        )  # outside of the clause: the frames of the library have the password

    pool = Pool(library, connect, max_connections, KEEPALIVE_SECONDS)
    return Sender(library, pool, event_hooks or {}, passwords)


class Sender:
    """Makes requests, and sends them over the connections of a pool. It has the names of httpx's client.

    Args:
        library: whose requests and responses the hooks are called with.
        pool: what has the connections.
        event_hooks: what is called with every request and every response.
        secrets: what is removed from errors and headers beside the key: the passwords of proxies, once they are used.
    """

    def __init__(
        self, library: Library, pool: Pool, event_hooks: EventHooks, secrets: Sequence[Secret]
    ) -> None:
        self.secrets = secrets
        self._library = library
        self._pool = pool
        self._hooks = event_hooks

    @property
    def steps(self) -> Steps:
        """Seconds that each step of a request may take, where the settings of a call do not say it."""
        return DEFAULT_STEPS

    @property
    def is_closed(self) -> bool:
        """Whether it sends nothing more."""
        return self._pool.closed

    def build_request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str],
        content: bytes,
        extensions: dict[str, Any],
    ) -> SentRequest:
        """Make a request. Names of headers are in lower case.

        Raises:
            InvalidURL: of the library: HTTP has no form for the address.
        """
        address = address_of(self._library, url, tuple(params.items()) if params else ())
        given = {"host": address.authority, **OWN_HEADERS, **headers}
        given.setdefault("content-length", str(len(content)))
        return SentRequest(self._library, method, address, given, content, extensions=extensions)

    def send(self, request: SentRequest) -> Reply:
        """Send a request, and return the answer with its body still to be read.

        Raises:
            CallersError: a hook raised something.
        """
        if self._hooks:
            asked = request.in_library()
            self._call("request", asked)
            request.become(asked)
        reply = self._pool.handle_request(request)
        if self._hooks:
            try:
                self._call("response", reply.in_library())
                reply.heed_library()
            except BaseException:
                reply.close()
                raise
        return reply

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._pool.close()

    def _call(self, name: str, event: object) -> None:
        for hook in self._hooks.get(name, ()):
            try:
                hook(event)
            except Exception as error:  # noqa: BLE001  # whatever it is, it is for the caller
                raise CallersError(error) from None


class _ByLibrary:
    """One connection of a transport of the library's, which knows proxies."""

    def __init__(self, library: Library, transport: httpx.HTTPTransport, proxy: Proxy) -> None:
        self._library = library
        self._transport = transport
        self._proxy = proxy
        self._body: LibraryBody | None = None

    def handle_request(self, request: SentRequest) -> Reply:
        """Send a request, and return the answer with its body still to be read."""
        if self._body is not None and not self._body.reusable:
            self._transport.close()  # it connects anew
        request.extensions[PROXY] = self._proxy
        response = self._transport.handle_request(request.in_library())
        self._body = body = LibraryBody(self._library, response)
        check_version(
            self._library, response
        )  # whoever lends this closes it where anything is raised
        extensions = dict(response.extensions)
        return Reply(
            self._library,
            request,
            response.status_code,
            response.headers.raw,
            body,
            extensions=extensions,
        )

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

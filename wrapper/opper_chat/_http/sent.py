"""A request as it is sent: where to, and what. No I/O.

httpx makes an object of an address and one of all headers, which takes as long as sending them, and is itself half of
what a first call would have to load. Its own request is made where somebody wants to see it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from .._errors.redaction import REMOVED, redact
from .._errors.response import ErrorRequest
from .._errors.secret_names import is_secret_header
from .library import Library

if TYPE_CHECKING:
    import httpx

PROXY = "opper_chat.proxy"
"""The extension of a request that names the proxy by which it is sent."""

PORTS = {"http": 80, "https": 443}

# An address that stands for itself. What is to be escaped, made lower or shortened is left to the library.
_PLAIN = re.compile(
    r"(https?)://(localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*|127\.0\.0\.1)(?::([1-9][0-9]{0,4}))?"
    r"(/(?:[A-Za-z0-9_~!$&'()*+,;=:@/-]|(?<!/)\.)*)"
)


class Address(NamedTuple):
    """Where a request goes."""

    scheme: str
    host: str
    """As it is looked up and verified: ASCII, without brackets."""
    port: int | None
    """None for that of the scheme."""
    authority: str
    """Host and port as the header ``Host`` has them (RFC 9110 section 7.2)."""
    target: bytes
    """Path and query as the request line has them (RFC 9112 section 3.2.1)."""
    place: str
    """All of it but the query, to be told."""
    text: str

    @classmethod
    def of(cls, url: httpx.URL) -> Address:
        """Return the address of a library's URL."""
        host = url.raw_host.decode("ascii")
        authority = url.netloc.decode("ascii")
        return cls(url.scheme, host, url.port, authority, url.raw_path, str(url.copy_with(query=None)), str(url))


@lru_cache(64)
def address_of(library: Library, url: str, params: tuple[tuple[str, str], ...] = ()) -> Address:
    """Return an address, which is read once for all calls that go there.

    Raises:
        InvalidURL: of the library: HTTP has no form for it.
    """
    plain = None if params else _PLAIN.fullmatch(url)
    if plain is None or "xn--" in plain[2]:
        return Address.of(library.URL(url, params=dict(params)) if params else library.URL(url))
    scheme, host, digits, path = plain.groups()
    port = int(digits) if digits and int(digits) != PORTS[scheme] else None
    authority = host if port is None else f"{host}:{port}"
    text = f"{scheme}://{authority}{path}"
    return Address(scheme, host, port, authority, path.encode("ascii"), text, text)


class AnyRequest(Protocol):
    """A request, whoever sends it."""

    @property
    def method(self) -> str:
        """Such as ``POST``."""
        ...

    @property
    def place(self) -> str:
        """Where it goes, without the query."""
        ...

    @property
    def extensions(self) -> Mapping[str, Any]:
        """What the transport is told, as httpx has it."""
        ...

    def forget_key(self) -> None:
        """Take the key out, and whatever else goes by the name of a credential."""
        ...

    def describe(self) -> ErrorRequest:
        """Return what an error shows of it, after the key has been taken out."""
        ...


class SentRequest:
    """A request of this package's own connections, with as many of the names of httpx's as are needed here.

    Args:
        library: whose request it becomes where one is asked for.
        method: such as ``POST``.
        address: where it goes.
        headers: by their names in lower case.
        content: the body.
        extensions: what the transport is told, as httpx has it.
    """

    __slots__ = ("_library", "_made", "_pairs", "address", "content", "extensions", "headers", "method")

    def __init__(
        self,
        library: Library,
        method: str,
        address: Address,
        headers: dict[str, str],
        content: bytes,
        *,
        extensions: dict[str, Any],
    ) -> None:
        self._library = library
        self._pairs: list[tuple[bytes, bytes]] | None = None
        self._made: httpx.Request | None = None
        self.method = method
        self.address = address
        self.headers = headers
        self.content = content
        self.extensions = extensions

    def become(self, request: httpx.Request) -> None:
        """Become what has been made of this in the library's form."""
        self._made = request
        self._pairs = request.headers.raw  # which may have one name twice
        self.method = request.method
        self.address = Address.of(request.url)
        self.headers = dict(request.headers.items())
        self.content = request.content
        self.extensions = request.extensions

    @property
    def place(self) -> str:
        """Where it goes, without the query."""
        return self.address.place

    @property
    def pairs(self) -> list[tuple[bytes, bytes]]:
        """The headers as they are sent.

        Raises:
            UnicodeError: one is not ASCII.
        """
        if self._pairs is not None:
            return self._pairs
        return [(name.encode("ascii"), value.encode("ascii")) for name, value in self.headers.items()]

    def in_library(self) -> httpx.Request:
        """Return the library's request of the same. It is the same each time."""
        if self._made is None:
            self._made = self._library.Request(
                self.method, self.address.text, headers=self.pairs, content=self.content, extensions=self.extensions
            )
        return self._made

    def forget_key(self) -> None:
        """Take the key out, and whatever else goes by the name of a credential, in the address as well."""
        for name in self.headers:
            if is_secret_header(name):
                self.headers[name] = REMOVED
        self._pairs = None
        if b"?" in self.address.target:
            self.address = Address.of(_without_secrets(self._library.URL(self.address.text)))
        if self._made is not None:
            forget_key_of(self._made)

    def describe(self) -> ErrorRequest:
        """Return what an error shows of it, after the key has been taken out."""
        return ErrorRequest(self.method, self.address.text, self.headers)


def describe_unsent(method: str, url: str, query: Mapping[str, str], headers: Mapping[str, str]) -> ErrorRequest:
    """Return what an error shows of a request that was not sent.

    Args:
        method: such as ``POST``.
        url: where it was to go, without the query.
        query: its parameters.
        headers: those that are known before a key is.
    """
    from urllib.parse import urlencode

    shown = urlencode({name: REMOVED if is_secret_header(name) else value for name, value in query.items()})
    return ErrorRequest(
        method,
        f"{url}?{shown}" if shown else url,
        {name: REMOVED if is_secret_header(name) else value for name, value in headers.items()},
    )


def forget_key_of(request: httpx.Request) -> None:
    """Take the key out of a library's request, and whatever else goes by the name of a credential."""
    for name in request.headers:
        if is_secret_header(name):
            request.headers[name] = REMOVED
    if request.url.query:
        request.url = _without_secrets(request.url)


def forget_in_headers(headers: httpx.Headers, forms: Sequence[str]) -> None:
    """Remove a key, of which the forms are those of `_redaction.spellings`, from headers of a response."""
    for name, value in headers.items():
        if redact(name, forms) != name:
            del headers[name]
        elif (shown := redact(value, forms)) != value:
            headers[name] = shown


def _without_secrets(url: httpx.URL) -> httpx.URL:
    secret = [name for name in url.params if is_secret_header(name)]
    return url.copy_merge_params(dict.fromkeys(secret, REMOVED)) if secret else url


class BorrowedRequest:
    """A request that a caller's own client has made.

    Args:
        made: the library's.
    """

    __slots__ = ("_made", "extensions", "method")

    def __init__(self, made: httpx.Request) -> None:
        self._made = made
        self.method = made.method
        self.extensions = made.extensions

    @property
    def place(self) -> str:
        """Where it goes, without the query."""
        return str(self._made.url.copy_with(query=None))

    def in_library(self) -> httpx.Request:
        """Return the library's request."""
        return self._made

    def forget_key(self) -> None:
        """Take the key out, and whatever else goes by the name of a credential."""
        forget_key_of(self._made)

    def describe(self) -> ErrorRequest:
        """Return what an error shows of it, after the key has been taken out."""
        return ErrorRequest(self.method, str(self._made.url), self._made.headers)

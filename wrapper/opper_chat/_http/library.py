"""Which library carries the calls: httpx, or httpx2, its maintained fork, which has the same names.

The only room that imports either. A client of the caller's own brings its own library; both can be in use at once.
"""

from __future__ import annotations

import os
import sys
from _thread import RLock
from collections.abc import Hashable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar, cast

from .._config.environment import find_library
from .._errors.api import InvalidArgumentError
from .._errors.describe import instance_of

if TYPE_CHECKING:
    import ssl

    import httpx
    import httpx2

    AnyTimeout: TypeAlias = float | httpx.Timeout | httpx2.Timeout | None
    """Seconds for each step, a ``Timeout`` that names the steps, or None for no limit."""
    AnyURL: TypeAlias = str | httpx.URL | httpx2.URL
    SyncHTTPClient: TypeAlias = httpx.Client | httpx2.Client
    AsyncHTTPClient: TypeAlias = httpx.AsyncClient | httpx2.AsyncClient

LIBRARIES = ("httpx", "httpx2")

Client = TypeVar("Client")

LOADING = RLock()
"""Held by who loads a library, or makes the TLS context of the process. A fork waits for it: Python's own lock of a
module that another thread was loading is never released in the child, where there is no such thread."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=LOADING.acquire, after_in_parent=LOADING.release, after_in_child=LOADING.release)


class Library(Hashable, Protocol):
    """The names of httpx that are used here. The types of httpx stand for those of its fork as well."""

    __name__: str

    AsyncByteStream: type[httpx.AsyncByteStream]
    AsyncHTTPTransport: type[httpx.AsyncHTTPTransport]
    HTTPTransport: type[httpx.HTTPTransport]
    InvalidURL: type[httpx.InvalidURL]
    Limits: type[httpx.Limits]
    PoolTimeout: type[httpx.PoolTimeout]
    RemoteProtocolError: type[httpx.RemoteProtocolError]
    Request: type[httpx.Request]
    Response: type[httpx.Response]
    StreamClosed: type[httpx.StreamClosed]
    StreamConsumed: type[httpx.StreamConsumed]
    SyncByteStream: type[httpx.SyncByteStream]
    URL: type[httpx.URL]
    UnsupportedProtocol: type[httpx.UnsupportedProtocol]

    def create_ssl_context(self) -> ssl.SSLContext: ...


class _Unloaded:
    """A library that is loaded when something of it is needed, which for most calls is never."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __getattr__(self, name: str) -> object:
        return getattr(_load(self.__name__), name)


def _load(name: str) -> Any:
    with LOADING:
        return import_module(name)


_handle = cache(_Unloaded)


def default_library() -> Library:
    """Return the library that is used where the caller brings no client of its own. It may not be loaded yet."""
    return cast("Library", _handle(find_library(LIBRARIES)))


@cache
def core_of(library: Library) -> Any:
    """Return the package below a library, which has the network: httpcore, or httpcore2."""
    return _load({"httpx": "httpcore", "httpx2": "httpcore2"}[library.__name__])


def library_of(client: object, kind: str) -> Library:
    """Return the library that a caller's own client is of.

    Raises:
        InvalidArgumentError: it is no client of this kind, ``Client`` or ``AsyncClient``, of either.
    """
    for name in LIBRARIES:
        module = sys.modules.get(name)
        if module is not None and isinstance(client, getattr(module, kind, ())):
            return cast("Library", module)
    accepted = " or ".join(f"{name}.{kind}" for name in LIBRARIES)
    hint = f"Pass an instance of it: {client.__name__}()." if isinstance(client, type) else ""
    raise InvalidArgumentError("http_client", f"an {accepted}", instance_of(client), hint)


def loaded(name: str) -> tuple[type[Any], ...]:
    """Return the classes of a name in the libraries that are loaded: nothing can be of one that is not.

    Another thread may be loading one at this moment, so that it is there and half of its names are not.
    """
    classes = (getattr(sys.modules.get(library), name, None) for library in LIBRARIES)
    return tuple(one for one in classes if one is not None)


def failures(
    *names: str, also: type[Exception] | tuple[type[Exception], ...] | None = None
) -> tuple[type[Exception], ...]:
    """Return the exceptions of these names in the libraries that are loaded, and those of another origin."""
    found = tuple(kind for name in names for kind in loaded(name))
    if isinstance(also, tuple):
        return (*found, *also)
    return found if also is None else (*found, also)

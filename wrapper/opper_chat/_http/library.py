"""The HTTP library: httpx, or httpx2, its maintained fork, which has the same names.

``httpx`` and ``httpcore`` of this module are the libraries of the default client. The environment variable
``OPPER_HTTP_LIBRARY`` is read once, when this module is imported. A user-supplied client can be of the other library.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

from .._config.environment import LIBRARIES, find_library, library_classes
from .._errors.api import InvalidArgumentError
from .._errors.describe import instance_of

if TYPE_CHECKING:
    import httpcore
    import httpx
    import httpx2

    SyncHTTPClient: TypeAlias = httpx.Client | httpx2.Client
    AsyncHTTPClient: TypeAlias = httpx.AsyncClient | httpx2.AsyncClient
else:
    httpx = import_module(find_library())
    httpcore = import_module(LIBRARIES[httpx.__name__])
    SyncHTTPClient, AsyncHTTPClient = httpx.Client, httpx.AsyncClient

__all__ = ["httpcore", "httpx", "library_exceptions", "library_of"]


def library_of(client: object, kind: str) -> Any:
    """Return the library, httpx or httpx2, that a user-supplied client is of.

    Args:
        client: the user-supplied client.
        kind: ``Client`` or ``AsyncClient``.

    Raises:
        InvalidArgumentError: it is not a client of this kind.
    """
    for name in LIBRARIES:
        module = sys.modules.get(name)
        if module is not None and isinstance(client, getattr(module, kind, ())):
            return module
    accepted = " or ".join(f"{name}.{kind}" for name in LIBRARIES)
    hint = f"Pass an instance of it: {client.__name__}()." if isinstance(client, type) else ""
    raise InvalidArgumentError("http_client", f"an {accepted}", instance_of(client), hint)


def library_exceptions(*names: str, also: tuple[type[Exception], ...] = ()) -> tuple[type[Exception], ...]:
    """Return the exceptions of these names in the HTTP libraries that are imported, and some others."""
    return (*library_classes(*names), *also)

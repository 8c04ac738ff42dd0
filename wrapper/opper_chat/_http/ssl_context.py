"""TLS contexts, in which servers are verified.

One context is shared by all default clients of a process, because making one takes longer than a call.
"""

from __future__ import annotations

import os
import ssl
from functools import cache
from typing import Any

from .._config.environment import find_authorities
from .._errors.api import APIConnectionError, set_permanent
from .library import httpx

IGNORE_UNEXPECTED_EOF: int = getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
"""The option by which OpenSSL 3 reports the end of a connection without ``close_notify`` as a proper end.

Python 3.11.0 to 3.11.2 set it in every context (https://github.com/python/cpython/issues/95494).
"""


@cache
def shared_ssl_context() -> ssl.SSLContext:
    """Return the context that httpx makes: from the authorities that the environment names, or those of certifi.

    Raises:
        APIConnectionError: They cannot be read. It is not retryable, and names the variable and the path.
    """
    file, folder = find_authorities()
    try:
        if folder and not any(map(os.path.isdir, folder.split(os.pathsep))):
            raise NotADirectoryError("there is no such folder")  # which OpenSSL does not check
        if file:
            with open(file, "rb"):  # noqa: PTH123  # httpx 0.27 uses others where there is no such file
                pass
        return new_ssl_context()
    except OSError as error:
        reason = error.strerror or str(error)
    log_file = os.environ.get("SSLKEYLOGFILE")
    if log_file and not _can_append(log_file):  # which OpenSSL opens
        message = f"SSLKEYLOGFILE: {log_file!r} cannot be written: {reason}. Correct or unset it."
    else:
        source = (
            f"SSL_CERT_FILE: {file!r}" if file else f"SSL_CERT_DIR: {folder!r}" if folder else "The package certifi"
        )
        message = f"{source} has no certificates that can be read: {reason}. Correct or unset it."
    unusable = APIConnectionError(message)
    set_permanent(unusable)
    raise unusable


def new_ssl_context(
    verify: ssl.SSLContext | str | bool = True, cert: Any = None, *, trust_env: bool = True
) -> ssl.SSLContext:
    """Return the context that httpx makes of the arguments of a transport."""
    context = httpx.create_ssl_context(verify=verify, cert=cert, trust_env=trust_env)
    if context is not verify:
        context.options &= ~IGNORE_UNEXPECTED_EOF
    context.set_alpn_protocols(["http/1.1"])  # a server that chooses HTTP/2 could not be understood
    return context


def _can_append(path: str) -> bool:
    try:
        with open(path, "ab"):  # noqa: PTH123  # as OpenSSL does
            return True
    except OSError:
        return False

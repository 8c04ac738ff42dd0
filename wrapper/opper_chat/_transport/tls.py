"""The TLS context in which servers are verified: one for the process, because it takes longer to make than a call."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from .._config.environment import find_authorities
from .._errors.api import APIConnectionError, set_permanent
from .._http.library import httpx

if TYPE_CHECKING:
    import ssl


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
        context = httpx.create_ssl_context()
    except OSError as error:
        reason = error.strerror or str(error)
    else:
        context.set_alpn_protocols(["http/1.1"])
        return context
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


def _can_append(path: str) -> bool:
    try:
        with open(path, "ab"):  # noqa: PTH123  # as OpenSSL does
            return True
    except OSError:
        return False

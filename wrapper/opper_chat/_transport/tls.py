"""How a TLS connection ended: with the ``close_notify`` alert, or without it.

Only the alert proves that the server ended the connection (RFC 8446 section 6.1). Does not make TLS contexts.
"""

from __future__ import annotations

import ssl
from typing import Any

IGNORE_UNEXPECTED_EOF: int = getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
"""The option by which OpenSSL 3 reports the end of a connection without ``close_notify`` as a proper end."""


def ignores_unexpected_eof(tls: Any) -> bool:
    """Return whether a TLS connection hides that it ended without ``close_notify``.

    Args:
        tls: The ``SSLObject`` or ``SSLSocket`` of the connection.
    """
    context = getattr(tls, "context", None)  # which an object of a custom network backend need not have
    return bool(getattr(context, "options", 0) & IGNORE_UNEXPECTED_EOF)


def has_close_notify(tls: Any) -> bool:
    """Return whether the ``close_notify`` alert is known to have been received (RFC 8446 section 6.1).

    Args:
        tls: The ``SSLObject`` or ``SSLSocket`` of a connection that has ended, and of which all data was read.
    """
    if ignores_unexpected_eof(tls):
        return False
    try:
        return not tls.read(1)
    except (OSError, ValueError):  # ssl.SSLError is an OSError
        return False


def is_unexpected_eof(error: OSError) -> bool:
    """Return whether TLS raised an exception because the connection ended without ``close_notify``."""
    # Python 3.11.0 to 3.11.2 raise a plain SSLError.
    return isinstance(error, ssl.SSLEOFError) or (
        isinstance(error, ssl.SSLError) and error.reason == "UNEXPECTED_EOF_WHILE_READING"
    )

"""Which redirects are followed: those to the same origin that keep the method and the body. No I/O.

A key is given for one origin, and a redirect of the other kinds (301, 302, 303) turns a POST into a GET, which the
endpoint does not know.
"""

from __future__ import annotations

import re

from ._redaction import REMOVED

FOLLOWED = frozenset({307, 308})
"""Statuses after which the same request is sent to another address (RFC 9110 sections 15.4.8 and 15.4.9)."""

MOST_REDIRECTS = 20
"""The most redirects that one attempt follows, as httpx does and with it the OpenAI SDK."""

_PRINTABLE = re.compile("[!-~]+")

_PORTS = {"http": 80, "https": 443}


def redirect_target(url: str, location: str) -> str | None:
    """Return the address to which a redirect leads, or None if it is of another origin (RFC 6454) or no address.

    Args:
        url: the address of the request, without its query.
        location: the header of the response, relative or absolute.
    """
    if not _PRINTABLE.fullmatch(location) or REMOVED in location:
        return None
    from urllib.parse import urldefrag, urljoin, urlsplit

    try:
        target = urldefrag(urljoin(url, location)).url
        here, there = urlsplit(url), urlsplit(target)
        same = (here.scheme, here.hostname, here.port or _PORTS.get(here.scheme)) == (
            there.scheme,
            there.hostname,
            there.port or _PORTS.get(there.scheme),
        )
    except ValueError:  # such as a port that is no number
        return None
    return target if same and "@" not in there.netloc else None

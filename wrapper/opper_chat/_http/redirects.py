"""Which redirects are followed: those to the same origin that keep the method and the body. No I/O.

The key belongs to one origin. After the other redirects (301, 302, 303) a client sends GET instead of POST, which the
endpoint does not support.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .._errors.excerpts import one_line
from .._errors.redaction import REMOVED

FOLLOWED_STATUSES = frozenset({307, 308})
"""Statuses after which the same request is sent to another address (RFC 9110 sections 15.4.8 and 15.4.9)."""

MAX_REDIRECTS = 20
"""The most redirects of one attempt. It is the limit of httpx and of the OpenAI SDK."""

REDIRECT_STATUSES = frozenset({301, 302, 303, *FOLLOWED_STATUSES})
"""Statuses that redirect a request to the address in ``Location`` (RFC 9110 section 15.4)."""

_LONGEST_TARGET = 300
"""The most characters of a URL in the text of an error."""

_USER = re.compile("//[^/?#]*@")

_PRINTABLE = re.compile("[!-~]+")

_PORTS = {"http": 80, "https": 443}


def redirect_target(url: str, location: str) -> str | None:
    """Return the URL to which a redirect leads, or None if it has another origin (RFC 6454) or is not a URL.

    Args:
        url: the URL of the request, without its query.
        location: the header of the response, relative or absolute.
    """
    if not _PRINTABLE.fullmatch(location) or REMOVED in location:  # the server had repeated a key, which is gone
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


def restore_query(location: str, query: Mapping[str, str]) -> str:
    """Put back the credentials that `remove_keys` removed from a redirect: most servers repeat the query in it.

    Args:
        location: the header of the response, without credentials.
        query: the query parameters of the request.
    """
    if REMOVED not in location:
        return location
    from urllib.parse import quote_plus

    for name, value in query.items():
        location = location.replace(f"{quote_plus(name)}={REMOVED}", f"{quote_plus(name)}={quote_plus(value)}")
    return location


def explain_redirect(status_code: int, url: str, location: str, followed: int) -> str:
    """Return the sentence for an error with the target of a redirect, and why the redirect is not followed.

    The URL is shown without user, password, query and fragment, which can be secrets.

    Args:
        status_code: the status of the response.
        url: the URL of the request, without its query.
        location: the header of the response, relative or absolute.
        followed: how many redirects of the attempt were followed before.
    """
    if not location.strip():
        return "It redirects without a Location header, so it is not followed."
    from urllib.parse import urljoin

    try:
        target = urljoin(url, location)
    except ValueError:
        target = location
    shown = re.split("[?#]", _USER.sub("//***@", target), maxsplit=1)[0]
    if status_code not in FOLLOWED_STATUSES:
        reason = "only 307 and 308 keep the method and the body"
    elif redirect_target(url, location.replace(REMOVED, "")) is None:
        reason = "only an address with the scheme, host and port of the request, and without a user, gets the key"
    elif REMOVED in location:
        reason = "the server repeated a credential in it, which was removed"
    else:
        reason = f"{followed} redirects of this request were followed already, which is the maximum"
    return f"It redirects to {one_line(shown, _LONGEST_TARGET)}, which is not followed: {reason}."

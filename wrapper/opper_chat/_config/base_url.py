"""The base URL of a server, from an argument or the environment, and the warning of an unencrypted one. No I/O."""

from __future__ import annotations

import os
import re
import warnings
from urllib.parse import urlsplit

from .._errors.api import InvalidArgumentError
from .._errors.describe import instance_of
from .environment import library_classes

DEFAULT_BASE_URL = "https://api.opper.ai/v2/openai"
"""The documented base URL."""

ENDPOINT_PATH = "/chat/completions"
"""The path that is appended to the base URL."""

BASE_URL_VARIABLE = "OPPER_BASE_URL"
"""The URL of the server. Default: ``https://api.opper.ai/v2/openai``."""

_SCHEMES = re.compile(r"(?:(https?)(?::/{0,2}(?![0-9]+(?:/|$))|//))+|//", re.IGNORECASE)
"""The beginning of a URL whose scheme is incomplete, or is there twice."""

_LOCAL = re.compile(r"localhost|127(?:\.[0-9]+){3}|0\.0\.0\.0")


def find_base_url(base_url: object = None) -> str:
    """Return the base URL from the argument, else from the environment, else the documented one, without a final slash.

    Raises:
        InvalidArgumentError: it is neither a string nor a URL of httpx or httpx2, its scheme is neither http nor https,
            it has a user, a query or a fragment, or it ends with the path of the endpoint.
    """
    source = "base_url"
    if base_url is None:
        base_url = os.environ.get(BASE_URL_VARIABLE, "").strip() or DEFAULT_BASE_URL
        source = BASE_URL_VARIABLE
    if not isinstance(base_url, (str, *library_classes("URL"))):
        # The value is not shown, because it can contain a password.
        hint = "Convert it with str()." if "url" in type(base_url).__name__.lower() else ""
        accepted = f"a string such as {DEFAULT_BASE_URL!r}, or an httpx.URL"
        raise InvalidArgumentError(source, accepted, instance_of(base_url), hint)
    return _checked(str(base_url), source)


def _checked(text: str, source: str) -> str:
    accepted = f"an address such as {DEFAULT_BASE_URL!r}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise InvalidArgumentError(source, accepted, repr(text), f"{error}.") from None
    if parts.username is not None or parts.password is not None:
        raise InvalidArgumentError(source, accepted, "one with a user or password in it (not shown)")
    # In a URL with two schemes, the second one is parsed as a host with an empty port.
    has_two_schemes = parts.netloc.lower() in ("http:", "https:")
    if parts.scheme not in ("http", "https") or not parts.hostname or has_two_schemes or port == 0:
        raise InvalidArgumentError(source, accepted, repr(text), _proposal(text))
    if "?" in text or "#" in text or any(character.isspace() for character in text):
        hint = "Pass a query as default_query." if parts.query else ""
        if parts.path.rstrip("/").lower().endswith(ENDPOINT_PATH):
            hint = f"Leave out {ENDPOINT_PATH!r} too, which the client adds. {hint}".rstrip()
        accepted = f"{accepted} without query, fragment or spaces"
        raise InvalidArgumentError(source, accepted, "one with them (not shown)", hint)
    address = text.rstrip("/")
    if address.lower().endswith(ENDPOINT_PATH):
        hint = f"Leave out {ENDPOINT_PATH!r}, which the client adds: {address[: -len(ENDPOINT_PATH)]!r}."
        raise InvalidArgumentError(source, accepted, repr(address), hint)
    # The vendor's SDK and command line take the host alone, such as https://api.opper.ai.
    if not parts.path.strip("/") and f".{parts.hostname.removesuffix('.')}".endswith(".opper.ai"):
        return address + urlsplit(DEFAULT_BASE_URL).path
    return address


def _proposal(text: str) -> str:
    """Return the question whether the same URL with one scheme was meant, or an empty text if it is not accepted."""
    schemes = _SCHEMES.match(text)
    rest = text[schemes.end() :] if schemes else text
    if "://" in rest:
        return ""
    host = rest.partition("/")[0].partition(":")[0]
    scheme = (schemes and schemes[1]) or ("http" if _LOCAL.fullmatch(host) else "https")
    proposed = f"{scheme}://{rest}"
    try:
        is_accepted = proposed != text and bool(_checked(proposed, "base_url"))
    except InvalidArgumentError:
        is_accepted = False
    return f"Did you mean {proposed!r}?" if is_accepted else ""


def warn_of_clear_text(base_url: str, stacklevel: int) -> None:
    """Warn if the key would be sent over a network without encryption."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if parts.scheme == "https" or host == "localhost" or host.endswith(".localhost"):  # RFC 6761 section 6.3
        return
    from ipaddress import ip_address

    try:
        if ip_address(host).is_loopback:
            return
    except ValueError:
        pass  # a host name
    message = f"The API key is sent to {host} unencrypted. Use https."
    warnings.warn(message, UserWarning, stacklevel=stacklevel + 1)

"""Find the proxy of the environment for a host, and validate its URL. No I/O."""

from __future__ import annotations

import os
import re
import sys
from functools import cache
from typing import NamedTuple

from .._errors.api import APIConnectionError, set_permanent
from .environment import Secret

SCHEMES = ("http", "https", "socks5", "socks5h")
"""The schemes of proxies that the HTTP library supports."""

_ADDRESS = re.compile(r"[!-~]+")


class Proxy(NamedTuple):
    """A proxy that the environment names."""

    url: Secret
    """The URL, which can contain a password."""
    shown: str
    """The URL without user and password."""
    source: str
    """The environment variable that names the proxy, or the settings of the system."""
    password: Secret | None
    """The password, which is removed from errors."""

    def reveal_url(self) -> str:
        """Return the URL with its password."""
        return self.url.reveal()

    def unusable(self, reason: str) -> APIConnectionError:
        """Return the error for a proxy that cannot be used."""
        message = f"{self.source}: the proxy {self.shown!r} cannot be used: {reason.rstrip('.')}. Correct or unset it."
        error = APIConnectionError(message)
        set_permanent(error)
        return error

    def __str__(self) -> str:
        return f"{self.shown}, which {self.source} names"


def names_proxies() -> bool:
    """Return whether the environment has a variable for proxies."""
    return any(name.lower().endswith("_proxy") for name in os.environ)


def find_proxy(scheme: str, host: str, port: int | None = None) -> Proxy | None:
    """Return the proxy of the environment for a host, or None.

    Args:
        scheme: ``http`` or ``https``.
        host: a name or an IP address, without brackets.
        port: the port, or None for that of the scheme.

    Raises:
        APIConnectionError: the URL of the proxy is invalid. The error is not retryable, and names the variable.
    """
    # urllib reads the settings of Windows and macOS too, but takes longer to import than all of this package.
    if sys.platform not in ("win32", "darwin") and not names_proxies():
        return None
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    name = scheme if proxies.get(scheme) else "all"
    url = proxies.get(name)
    if not url or _is_in_excluded_network(host):
        return None
    # NO_PROXY can contain ports, and IPv6 addresses in brackets.
    port = port or (443 if scheme == "https" else 80)
    shown = f"[{host}]" if ":" in host else host
    if proxy_bypass(host) or proxy_bypass(shown) or proxy_bypass(f"{shown}:{port}"):
        return None
    return _checked(url if "://" in url else f"http://{url}", _source(name))


def _source(name: str) -> str:
    variables = (f"{name}_proxy", f"{name.upper()}_PROXY")
    return next((variable for variable in variables if os.environ.get(variable)), "the system's proxy settings")


def _is_in_excluded_network(host: str) -> bool:
    """Return whether an IP address is in a range of NO_PROXY (CIDR, RFC 4632), as in curl, requests and Go.

    Host names are not resolved.
    """
    excluded = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    if "/" not in excluded and ":" not in host:
        return False
    from ipaddress import ip_address, ip_network

    try:
        address = ip_address(host)
    except ValueError:
        return False  # a host name
    for entry in excluded.split(","):
        try:
            if address in ip_network(re.sub(r"[\[\]\s]", "", entry), strict=False):
                return True
        except ValueError:
            continue  # not a range of addresses
    return False


def _checked(url: str, source: str) -> Proxy:
    from urllib.parse import unquote, urlsplit

    shown = re.sub(r"//.*@", "//***@", url, flags=re.DOTALL)
    proxy = Proxy(Secret(url), shown, source, None)
    try:
        parts = urlsplit(url)
        usable = parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0
        usable = usable and parts[2:] in (
            ("", "", ""),
            ("/", "", ""),
        )  # a path can be the rest of a password with a slash
        password = parts.password or parts.username
    except ValueError:
        usable, password = False, None
    if not usable or not _ADDRESS.fullmatch(url):
        raise proxy.unusable(
            "expected an address such as 'http://user:password@proxy.example:8080', with http, https or socks5, and "
            "special characters of the password encoded, such as '/' as '%2F'"
        )
    return proxy._replace(password=Secret(unquote(password))) if password else proxy


class ProxyFinder:
    """Finds the proxies of the environment. It searches once for each host, which takes as long as connecting.

    Attributes:
        passwords: The passwords of the proxies that were found.
    """

    def __init__(self) -> None:
        self._find = cache(find_proxy)
        self.passwords: list[Secret] = []

    def __call__(self, scheme: str, host: str, port: int | None) -> Proxy | None:
        """Return the proxy for a host, or None. Arguments and errors are those of `find_proxy`."""
        proxy = self._find(scheme, host, port)
        if proxy is not None and proxy.password is not None and proxy.password not in self.passwords:
            self.passwords.append(proxy.password)
        return proxy

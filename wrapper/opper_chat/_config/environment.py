"""Settings: where they come from and what is accepted. Of the environment all but the proxies is read here."""

from __future__ import annotations

import logging
import os
import re
import sys
import warnings
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeAlias

from .._errors.api import InvalidArgumentError, MissingKeyError
from .._errors.describe import instance_of
from .._errors.redaction import spellings


class NotGiven:
    """Stands for an argument that was not given, where None means something else: a timeout of None waits for ever."""

    def __repr__(self) -> str:
        return "NOT_GIVEN"

    def __reduce__(self) -> str:  # there is one of it, in copies and pickles too
        return "NOT_GIVEN"


NOT_GIVEN = NotGiven()

DEFAULT_BASE_URL = "https://api.opper.ai/v2/openai"
"""The documented address."""

ENDPOINT_PATH = "/chat/completions"
"""The path that is appended to the address."""

KEY_VARIABLES = ("OPPER_API_KEY", "OPPER_HTTP_BEARER")
"""Where a key is looked for: the variable of the vendor's current SDK, then of its previous one."""

BASE_URL_VARIABLE = "OPPER_BASE_URL"

LIBRARIES = {"httpx": "httpcore", "httpx2": "httpcore2"}
"""The HTTP libraries, each with the package that has its network."""

LIBRARY_VARIABLE = "OPPER_HTTP_LIBRARY"

DEFAULT_LIBRARY = "httpx"
"""The HTTP library that carries the calls of a client that was not given one."""

DEFAULT_RETRIES = 2
"""How often a call is tried again, unless the caller says otherwise."""

LOG_VARIABLE = "OPPER_LOG"

CONTENT_VARIABLE = "OPPER_LOG_CONTENT"

SPAN_CONTENT_VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
"""OpenTelemetry's own, for every instrumentation of models."""

CONNECT_TIMEOUT = 5.0
"""Seconds to wait for a connection, unless the caller sets a timeout."""

DEFAULT_TIMEOUT = 600.0
"""Seconds to wait for the next bytes: a long answer that is not streamed sends none until it is whole."""


class Secret:
    """A text that is not printed, logged or pickled by accident."""

    __slots__ = ("_value", "forms")

    def __init__(self, value: str) -> None:
        self._value = value
        self.forms: tuple[str, ...] = spellings(value)
        """What to search for where a server may repeat it (`spellings`); none if it is too short to be recognized."""

    def reveal(self) -> str:
        """Return the text."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('...')"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a secret is not pickled: read it again where it is needed")


KeySource: TypeAlias = Callable[[], str]
AsyncKeySource: TypeAlias = Callable[[], str | Awaitable[str]]
Key: TypeAlias = Secret | AsyncKeySource
"""A key, or what gives one for each request."""


def find_key(api_key: str | AsyncKeySource | None) -> Key:
    """Return the key from the argument, else from the environment. What gives keys is returned as it is.

    Raises:
        MissingKeyError: there is none.
        InvalidArgumentError: it cannot stand in an HTTP header.
    """
    if callable(api_key):
        return api_key
    try:
        if api_key is not None:
            return check_key(api_key, "api_key")
    finally:
        del api_key  # what is raised has a traceback, and its variables may be shown
    for variable in KEY_VARIABLES:
        if value := os.environ.get(variable, "").strip():
            return check_key(value, variable)
    raise MissingKeyError(KEY_VARIABLES)


def check_key(value: object, source: str) -> Secret:
    """Return a key that can stand in an HTTP header.

    Raises:
        InvalidArgumentError: it cannot.
    """
    # RFC 9110 section 5.5 allows a field value visible ASCII; a key with anything else was pasted wrongly.
    key = value.strip() if isinstance(value, str) else ""
    if key and all("!" <= character <= "~" for character in key):
        return Secret(key)
    given = "a string with other characters (not shown)" if value else "an empty string"
    if not isinstance(value, str):
        given = f"{instance_of(value)} (not shown)"
    del key, value  # what is raised has a traceback, and its variables may be shown
    raise InvalidArgumentError(source, "a key of visible ASCII characters", given)


def find_library() -> str:
    """Return the name of the HTTP library to use, from the environment or the default one.

    Raises:
        InvalidArgumentError: the environment names another.
    """
    name = os.environ.get(LIBRARY_VARIABLE, "").strip() or DEFAULT_LIBRARY
    if name not in LIBRARIES:
        raise InvalidArgumentError(LIBRARY_VARIABLE, " or ".join(map(repr, LIBRARIES)), repr(name))
    return name


def loaded(name: str) -> tuple[type[Any], ...]:
    """Return the classes of this name in the HTTP libraries that are imported: no object can be of one that is not.

    Another thread may be importing one at this moment, so that half of its names are missing.
    """
    classes = (getattr(sys.modules.get(library), name, None) for library in LIBRARIES)
    return tuple(one for one in classes if one is not None)


_PLAIN = re.compile(r"https?://([a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::([1-9][0-9]{0,4}))?(?:/[A-Za-z0-9._~-]+)*/?")
# An address in which nothing can be wrong but the port. The module that reads all others takes longer to load.


def find_base_url(base_url: object = None) -> str:
    """Return the address from the argument, else from the environment, else the documented one; no slash at the end.

    Raises:
        InvalidArgumentError: it is neither a string nor a URL of httpx or httpx2, is not an http or https address,
            holds a user, a query or a fragment, or ends in the path of the endpoint.
    """
    source = "base_url"
    if base_url is None:
        base_url = os.environ.get(BASE_URL_VARIABLE, "").strip() or DEFAULT_BASE_URL
        source = BASE_URL_VARIABLE
    if not isinstance(base_url, str) and not _is_url(base_url):
        # A value that is not shown: it may hold a password.
        hint = "Convert it with str()." if "url" in type(base_url).__name__.lower() else ""
        accepted = f"a string such as {DEFAULT_BASE_URL!r}, or an httpx.URL"
        raise InvalidArgumentError(source, accepted, instance_of(base_url), hint)
    text = str(base_url)
    accepted = f"an address such as {DEFAULT_BASE_URL!r}"
    plain = _PLAIN.fullmatch(text)
    if plain and int(plain[2] or 1) < 65536:
        return _endpoint_prefix(text, plain[1], source, accepted)
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise InvalidArgumentError(source, accepted, repr(text), f"{error}.") from None
    if parts.username is not None or parts.password is not None:
        raise InvalidArgumentError(source, accepted, "one with a user or password in it (not shown)")
    if _TWO_SCHEMES.fullmatch(text) or parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise InvalidArgumentError(source, accepted, repr(text), _address_hint(text))
    if "?" in text or "#" in text or any(character.isspace() for character in text):
        hint = "Pass a query as default_query." if parts.query else ""
        if parts.path.rstrip("/").lower().endswith(ENDPOINT_PATH):
            hint = f"Leave out {ENDPOINT_PATH!r} too, which the client adds. {hint}".rstrip()
        accepted = f"{accepted} without query, fragment or spaces"
        raise InvalidArgumentError(source, accepted, "one with them (not shown)", hint)
    return _endpoint_prefix(text, parts.hostname, source, accepted)


_TWO_SCHEMES = re.compile(r"https?://(https?):/+(.*)", re.DOTALL | re.IGNORECASE)
# To `urlsplit`, the second scheme is a host with an empty port.

_WITHOUT_SCHEME = re.compile(r"(?:(https?)(?::?/{1,2}|:)(?![0-9]+(?:/|$))|//)?(?P<rest>[^/].*)", re.DOTALL)
_LOCAL = re.compile(r"localhost|127(?:\.[0-9]+){3}|0\.0\.0\.0")


def _address_hint(text: str) -> str:
    """Return the question whether an address was meant that has a scheme; empty where none would be accepted."""
    if twice := _TWO_SCHEMES.fullmatch(text):
        return _question(f"{twice[1]}://{twice[2]}")
    found = _WITHOUT_SCHEME.fullmatch(text)
    if found is None or "://" in text:
        return ""
    host = found["rest"].partition("/")[0].partition(":")[0]
    return _question(f"{found[1] or ('http' if _LOCAL.fullmatch(host) else 'https')}://{found['rest']}")


def _question(meant: str) -> str:
    plain = _PLAIN.fullmatch(meant)
    return f"Did you mean {meant!r}?" if plain and int(plain[2] or 1) < 65536 else ""


def _is_url(value: object) -> bool:
    """Return whether a value is a URL of httpx or httpx2, neither of which is imported to find out."""
    return any(cls.__name__ == "URL" and cls.__module__ in ("httpx", "httpx2") for cls in type(value).__mro__)


def _endpoint_prefix(address: str, host: str, source: str, accepted: str) -> str:
    """Return the part of an address to which the path of the endpoint is appended, without a slash at the end.

    The vendor's SDK and command take the host alone, ``https://api.opper.ai``, so a host of theirs gets the documented
    path.

    Raises:
        InvalidArgumentError: the address has the path of the endpoint already.
    """
    address = address.rstrip("/")
    if address.lower().endswith(ENDPOINT_PATH):
        prefix = address[: -len(ENDPOINT_PATH)]
        raise InvalidArgumentError(
            source, accepted, repr(address), f"Leave out {ENDPOINT_PATH!r}, which the client adds: {prefix!r}."
        )
    _, _, rest = address.partition("://")
    if "/" not in rest and f".{host.lower().removesuffix('.')}".endswith(".opper.ai"):
        return address + DEFAULT_BASE_URL[len("https://api.opper.ai") :]
    return address


class LogSettings(NamedTuple):
    """What the environment says about the log."""

    level: int | None
    """What is shown on stderr, or None where that is the program's business."""
    content: bool
    """Whether messages and answers are written."""


def find_log_settings() -> LogSettings:
    """Return what ``OPPER_LOG`` (debug, info or warning) and ``OPPER_LOG_CONTENT`` (1 or true) ask for.

    Raises:
        InvalidArgumentError: they ask for what there is not.
    """
    said = os.environ.get(LOG_VARIABLE, "").strip()
    levels = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "": None}
    if said.lower() not in levels:
        raise InvalidArgumentError(LOG_VARIABLE, "'debug', 'info' or 'warning'", repr(said))
    content = os.environ.get(CONTENT_VARIABLE, "").strip().lower()
    if content not in ("", "0", "false", "1", "true"):
        raise InvalidArgumentError(CONTENT_VARIABLE, "'1' or '0'", repr(content))
    return LogSettings(levels[said.lower()], content in ("1", "true"))


def find_span_content() -> bool:
    """Return whether spans carry content: where the variable says ``span_only`` or ``span_and_event``.

    ``true`` is what it was before. Every other value asks for none on spans.
    """
    said = os.environ.get(SPAN_CONTENT_VARIABLE, "").strip().lower()
    return said in ("span_only", "span_and_event", "true")


def find_authorities() -> tuple[str | None, str | None]:
    """Return the file, or else the folder, with the certificates that the environment trusts, by OpenSSL's names."""
    file = os.environ.get("SSL_CERT_FILE") or None
    return file, None if file else os.environ.get("SSL_CERT_DIR") or None


def warn_of_clear_text(base_url: str, stacklevel: int) -> None:
    """Warn where the key would travel over a network unencrypted, so that whoever is on the way can read it."""
    host = plain[1] if (plain := _PLAIN.fullmatch(base_url)) else _host_of(base_url)
    if base_url[:6].lower() == "https:" or host in ("localhost", "127.0.0.1"):
        return
    if host.endswith(".localhost"):  # RFC 6761 section 6.3
        return
    from ipaddress import ip_address

    try:
        if ip_address(host).is_loopback:
            return
    except ValueError:
        pass  # a name
    message = f"the API key goes to {host} unencrypted, for everybody on the way to read: use https"
    warnings.warn(message, UserWarning, stacklevel=stacklevel + 1)


def _host_of(base_url: str) -> str:
    from urllib.parse import urlsplit

    return urlsplit(base_url).hostname or ""

"""Settings from arguments and environment variables, and their validation. Proxies are in `proxies`. No I/O."""

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
from .._errors.redaction import spellings_of


class NotGiven:
    """Stands for an argument that was not given, where None means something else: a timeout of None waits for ever."""

    def __repr__(self) -> str:
        return "NOT_GIVEN"

    def __reduce__(self) -> str:  # there is one of it, in copies and pickles too
        return "NOT_GIVEN"


NOT_GIVEN = NotGiven()

DEFAULT_BASE_URL = "https://api.opper.ai/v2/openai"
"""The documented base URL."""

ENDPOINT_PATH = "/chat/completions"
"""The path that is appended to the base URL."""

KEY_VARIABLES = ("OPPER_API_KEY", "OPPER_HTTP_BEARER")
"""The environment variables for the key: that of the vendor's current SDK, then that of its previous one."""

BASE_URL_VARIABLE = "OPPER_BASE_URL"

LIBRARIES = {"httpx": "httpcore", "httpx2": "httpcore2"}
"""The HTTP libraries, each with the package that has its network."""

LIBRARY_VARIABLE = "OPPER_HTTP_LIBRARY"

DEFAULT_LIBRARY = "httpx"
"""The HTTP library of clients without an ``http_client``."""

DEFAULT_RETRIES = 2
"""The default number of retries."""

LOG_VARIABLE = "OPPER_LOG"

CONTENT_VARIABLE = "OPPER_LOG_CONTENT"

SPAN_CONTENT_VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
"""The variable of OpenTelemetry for all instrumentations of generative AI."""

CONNECT_TIMEOUT = 5.0
"""The default timeout for connecting, in seconds."""

DEFAULT_TIMEOUT = 600.0
"""The default timeout for reading, in seconds. A response that is not streamed has no bytes until it is whole."""


class Secret:
    """A string that is not in reprs, logs and pickles."""

    __slots__ = ("_value", "spellings")

    def __init__(self, value: str) -> None:
        self._value = value
        self.spellings: tuple[str, ...] = spellings_of(value)
        """The spellings to search for in what a server sends (`spellings_of`); none if the string is too short."""

    def reveal(self) -> str:
        """Return the string."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('...')"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("A secret cannot be pickled. Read it again where it is needed.")


KeySource: TypeAlias = Callable[[], str]
AsyncKeySource: TypeAlias = Callable[[], str | Awaitable[str]]
Key: TypeAlias = Secret | AsyncKeySource
"""A key, or a function that returns one for each request."""


def find_key(api_key: str | AsyncKeySource | None) -> Key:
    """Return the key from the argument, else from the environment. A function is returned unchanged.

    Raises:
        MissingKeyError: there is no key.
        InvalidArgumentError: an HTTP header cannot contain the key.
    """
    if callable(api_key):
        return api_key
    try:
        if api_key is not None:
            return check_key(api_key, "api_key")
    finally:
        del api_key  # the traceback shows variables
    for variable in KEY_VARIABLES:
        if value := os.environ.get(variable, "").strip():
            return check_key(value, variable)
    raise MissingKeyError(KEY_VARIABLES)


def check_key(value: object, source: str) -> Secret:
    """Return a key without spaces around it.

    Raises:
        InvalidArgumentError: an HTTP header cannot contain the key.
    """
    # Field values are visible ASCII (RFC 9110 section 5.5). A key with another character was pasted wrongly.
    key = value.strip() if isinstance(value, str) else ""
    if key and all("!" <= character <= "~" for character in key):
        return Secret(key)
    received = "a string with other characters (not shown)" if value else "an empty string"
    if not isinstance(value, str):
        received = f"{instance_of(value)} (not shown)"
    del key, value  # the traceback shows variables
    raise InvalidArgumentError(source, "a key of visible ASCII characters", received)


def find_library() -> str:
    """Return the name of the HTTP library from the environment, or the default one.

    Raises:
        InvalidArgumentError: the environment names an unknown library.
    """
    name = os.environ.get(LIBRARY_VARIABLE, "").strip() or DEFAULT_LIBRARY
    if name not in LIBRARIES:
        raise InvalidArgumentError(LIBRARY_VARIABLE, " or ".join(map(repr, LIBRARIES)), repr(name))
    return name


def library_classes(*names: str) -> tuple[type[Any], ...]:
    """Return the classes of these names in those HTTP libraries that are imported. Others have no instances.

    Another thread may be importing a library at this moment, so that some of its names are missing.
    """
    modules = [sys.modules.get(library) for library in LIBRARIES]
    classes = (getattr(module, name, None) for module in modules for name in names)
    return tuple(found for found in classes if found is not None)


async def async_resolve_key(source: AsyncKeySource) -> str:
    """Return the key from a function of the user."""
    key = source()
    return key if isinstance(key, str) else await key


def resolve_key(source: AsyncKeySource) -> str:
    """Return the key from a function of the user.

    Raises:
        InvalidArgumentError: the function returned something else, such as a coroutine, which is for the async client.
    """
    key = source()
    if not isinstance(key, str):
        if callable(close := getattr(key, "close", None)):
            close()  # a coroutine that is never awaited
        raise InvalidArgumentError(
            "api_key", "a function that returns a string", f"one that returns {instance_of(key)}"
        )
    return key


_PLAIN = re.compile(r"https?://([a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::([1-9][0-9]{0,4}))?(?:/[A-Za-z0-9._~-]+)*/?")
# URLs in which only the port can be wrong. urllib, which parses the others, takes longer to import.


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
    if not isinstance(base_url, str) and not _is_url(base_url):
        # The value is not shown, because it can contain a password.
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
# `urlsplit` takes the second scheme for a host with an empty port.

_WITHOUT_SCHEME = re.compile(r"(?:(https?)(?::?/{1,2}|:)(?![0-9]+(?:/|$))|//)?(?P<rest>[^/].*)", re.DOTALL)
_LOCAL = re.compile(r"localhost|127(?:\.[0-9]+){3}|0\.0\.0\.0")


def _address_hint(text: str) -> str:
    """Return the question whether the same URL with one scheme was meant, or an empty text if it is not accepted."""
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
    """Return whether a value is a URL of httpx or httpx2, without importing either."""
    return any(cls.__name__ == "URL" and cls.__module__ in ("httpx", "httpx2") for cls in type(value).__mro__)


def _endpoint_prefix(address: str, host: str, source: str, accepted: str) -> str:
    """Return a base URL without a final slash, and with the documented path if it is a host of the vendor alone.

    The vendor's SDK and command line take the host alone, such as ``https://api.opper.ai``.

    Raises:
        InvalidArgumentError: the URL ends with the path of the endpoint.
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
    """The settings of the log."""

    level: int | None
    """The level of messages on stderr, or None to leave that to the program."""
    content: bool
    """Whether messages and completions are written."""


def find_log_settings() -> LogSettings:
    """Return the settings from ``OPPER_LOG`` (debug, info or warning) and ``OPPER_LOG_CONTENT`` (1 or true).

    Raises:
        InvalidArgumentError: a variable has another value.
    """
    level = os.environ.get(LOG_VARIABLE, "").strip()
    levels = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "": None}
    if level.lower() not in levels:
        raise InvalidArgumentError(LOG_VARIABLE, "'debug', 'info' or 'warning'", repr(level))
    content = os.environ.get(CONTENT_VARIABLE, "").strip().lower()
    if content not in ("", "0", "false", "1", "true"):
        raise InvalidArgumentError(CONTENT_VARIABLE, "'1' or '0'", repr(content))
    return LogSettings(levels[level.lower()], content in ("1", "true"))


def find_span_content() -> bool:
    """Return whether spans have content: if the variable is ``span_only``, ``span_and_event`` or ``true``.

    ``true`` is the value of earlier versions of the convention.
    """
    value = os.environ.get(SPAN_CONTENT_VARIABLE, "").strip().lower()
    return value in ("span_only", "span_and_event", "true")


def find_authorities() -> tuple[str | None, str | None]:
    """Return the file, or else the folder, with the certificates that the environment trusts, by OpenSSL's names."""
    file = os.environ.get("SSL_CERT_FILE") or None
    return file, None if file else os.environ.get("SSL_CERT_DIR") or None


def warn_of_clear_text(base_url: str, stacklevel: int) -> None:
    """Warn if the key would be sent over a network without encryption."""
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
        pass  # a host name
    message = f"The API key is sent to {host} unencrypted. Use https."
    warnings.warn(message, UserWarning, stacklevel=stacklevel + 1)


def _host_of(base_url: str) -> str:
    from urllib.parse import urlsplit

    return urlsplit(base_url).hostname or ""

"""Settings from environment variables, and the API key. No I/O.

Proxies are in `proxies`, the base URL is in `base_url`.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeAlias

from .._errors.api import InvalidArgumentError, MissingKeyError
from .._errors.describe import instance_of
from .._errors.redaction import spellings_of


class NotGiven:
    """Stands for an argument that was not given, where None means something else, such as no timeout."""

    def __repr__(self) -> str:
        return "NOT_GIVEN"

    def __reduce__(self) -> str:  # a copy and an unpickled one are the same object
        return "NOT_GIVEN"


NOT_GIVEN = NotGiven()

KEY_VARIABLES = ("OPPER_API_KEY", "OPPER_HTTP_BEARER")
"""The API key. The first of these variables, that of the vendor's current SDK, has precedence."""

LIBRARIES = {"httpx": "httpcore", "httpx2": "httpcore2"}
"""The HTTP libraries, each with the package of its transport."""

LIBRARY_VARIABLE = "OPPER_HTTP_LIBRARY"
"""The HTTP library of clients without an ``http_client``: ``httpx`` (the default) or ``httpx2``."""

DEFAULT_LIBRARY = "httpx"
"""The HTTP library of clients without an ``http_client``."""

DEFAULT_RETRIES = 2
"""The default number of retries."""

LOG_VARIABLE = "OPPER_LOG"
"""The level of the log on stderr: ``debug``, ``info`` or ``warning``. Default: the program sets up the log."""

CONTENT_VARIABLE = "OPPER_LOG_CONTENT"
"""Whether the log has messages and completions: ``1`` or ``0`` (the default)."""

SPAN_CONTENT_VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
"""Whether spans have messages and completions: ``span_only``, ``span_and_event`` or ``true``. The variable is
OpenTelemetry's, for all instrumentations of generative AI."""

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

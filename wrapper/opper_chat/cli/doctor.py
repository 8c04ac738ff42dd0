"""The checks of ``opper-chat doctor``. Each is made even if one before it fails, as far as it can be.

It does not compare servers with the contract.
"""

from __future__ import annotations

import argparse
import os
import platform
import socket
import ssl
import time
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from opper_chat_api import CONTRACT_VERSION

from .. import OpperError
from .._config.base_url import BASE_URL_VARIABLE, find_base_url
from .._config.environment import find_library
from .._config.proxies import find_proxy
from .._http.ssl_context import shared_ssl_context
from .client import connection_arguments, import_client
from .config import Config, load_config
from .errors import CommandError
from .exit_codes import ExitCode, exit_code
from .keys import ConfiguredKey, require_key
from .output import describe_usage
from .request import merge_parameters

CONNECT_SECONDS = 10.0
CALL_SECONDS = 60.0
"""The deadline of the call, unless the user gives another one."""


class CheckResult(NamedTuple):
    """The result of a check."""

    name: str
    text: str
    exit_code: ExitCode = ExitCode.OK


def make_checks(options: argparse.Namespace) -> Iterator[CheckResult]:
    """Make the checks one after the other.

    Args:
        options: those of the command.
    """
    yield CheckResult("versions", _describe_versions())
    try:
        config = load_config(options.config)
        state = "read" if config.path.is_file() else "not there, so there are no defaults"
        yield CheckResult("configuration", f"{config.path} ({state})")
    except CommandError as error:
        yield _failure("configuration", error)
        return
    key: ConfiguredKey | None = None
    try:
        key = require_key(options.key_file, config)
        secret = key.read()
        yield CheckResult("key", f"from {key.source}")
    except CommandError as error:
        yield _failure("key", error)
        secret = None
    arguments = connection_arguments(options, config, key)
    try:
        base_url = find_base_url(arguments.get("base_url"))
        yield CheckResult("address", f"{base_url}, from {_find_source(options, config, key)}")
    except OpperError as error:
        yield _failure("address", error)
        return
    try:
        yield CheckResult("TLS", _describe_tls(base_url))
    except (OpperError, OSError, UnicodeError) as error:  # a host that is no name is a UnicodeError
        yield _failure("TLS", error)
        return
    if secret is not None and not options.no_call:
        try:
            yield CheckResult("call", _make_call(options, config, {**arguments, "api_key": secret}))
        except OpperError as error:
            yield _failure("call", error)


def _failure(name: str, error: Exception) -> CheckResult:
    code = ExitCode.NO_RESPONSE if isinstance(error, (OSError, UnicodeError)) else exit_code(error)
    return CheckResult(name, str(error) or type(error).__name__, code)


def _describe_versions() -> str:
    library = find_library()
    return (
        f"opper-chat {version('opper-chat')}, contract {CONTRACT_VERSION}, {library} {version(library)}, "
        f"Python {platform.python_version()}, {ssl.OPENSSL_VERSION}, {platform.platform()}"
    )


def _find_source(options: argparse.Namespace, config: Config, key: ConfiguredKey | None) -> str:
    """Return where the base URL comes from."""
    if options.base_url:
        return "--base-url"
    if os.environ.get(BASE_URL_VARIABLE, "").strip():
        return f"the environment variable {BASE_URL_VARIABLE}"
    if config.base_url:
        return str(config.path)
    return key.source if key is not None and key.base_url else "the documentation of the vendor"


def _describe_tls(base_url: str) -> str:
    """Connect to the server, and return the version of TLS and the end of its certificate.

    Raises:
        OpperError: the certificates of this machine or its proxy cannot be used.
        OSError: there is no connection, or the certificate is not accepted.
    """
    parts = urlsplit(base_url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    proxy = find_proxy(parts.scheme, host, port)
    if proxy is not None:
        return f"not checked: requests go through the proxy {proxy}"
    with socket.create_connection((host, port), CONNECT_SECONDS) as connection:
        if parts.scheme != "https":
            return f"none, as the address begins with http. {host} accepts connections"
        with shared_ssl_context().wrap_socket(connection, server_hostname=host) as tls:
            certificate: dict[str, Any] = dict(tls.getpeercert() or {})
            return f"{tls.version()}, with a certificate until {certificate.get('notAfter')}"


def _make_call(options: argparse.Namespace, config: Config, arguments: dict[str, Any]) -> str:
    """Make a call, and return its model, usage, cost and time.

    Raises:
        OpperError: it failed.
    """
    parameters = merge_parameters(config, {}, options.model or [], ({}, {})).arguments()
    arguments.setdefault("deadline", CALL_SECONDS)
    with import_client()(**arguments) as client:
        started = time.monotonic()
        completions: Any = client.chat.completions
        completion = completions.create(messages=[{"role": "user", "content": "Reply with OK."}], **parameters)
        usage = None if completion.usage is None else completion.usage.to_dict()
        return describe_usage([completion], usage, time.monotonic() - started)

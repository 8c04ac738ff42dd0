"""The client of a command, from its options, the configuration and the environment."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from .config import CLIENT_OPTIONS, Config
from .keys import ConfiguredKey, require_key
from .signals import delay_interrupt

if TYPE_CHECKING:
    from .. import Opper


def client_arguments(options: argparse.Namespace, config: Config) -> dict[str, Any]:
    """Return the arguments of ``Opper`` or ``AsyncOpper``.

    Args:
        options: those of `add_client_options`.
        config: the configuration, for what is not given.

    Raises:
        UsageError: there is no key.
    """
    key = require_key(options.key_file, config)
    arguments = connection_arguments(options, config, key)
    arguments["api_key"] = key.read()
    return arguments


def connection_arguments(options: argparse.Namespace, config: Config, key: ConfiguredKey | None) -> dict[str, Any]:
    """Return the arguments of ``Opper`` other than the key."""
    arguments: dict[str, Any] = {}
    if base_url := find_base_url(options, config, key):
        arguments["base_url"] = base_url
    for name in CLIENT_OPTIONS:
        value = getattr(options, name)
        if value is None:
            value = config.defaults.get(name)
        if value is not None:
            arguments[name] = value
    return arguments


def find_base_url(options: argparse.Namespace, config: Config, key: ConfiguredKey | None) -> str | None:
    """Return the URL of the server: that of the option, the environment, the configuration, or stored with the key.

    None stands for the default of the client.
    """
    given: str | None = options.base_url
    if given or os.environ.get("OPPER_BASE_URL", "").strip():
        return given  # the client reads the variable
    return config.base_url or (key.base_url if key else None)


def create_client(options: argparse.Namespace, config: Config) -> Opper:
    """Return the client.

    Raises:
        UsageError: there is no key.
        InvalidArgumentError: an option is not accepted.
    """
    return import_client()(**client_arguments(options, config))


def import_client() -> type[Opper]:
    """Return the class of the client, loaded without httpx's own command.

    httpx loads that, and with it click and rich, wherever they are installed, and goes on without it otherwise.
    """
    modules: dict[str, Any] = sys.modules
    modules.setdefault("httpx._main", None)  # such an import is an ImportError
    with delay_interrupt():  # msgspec 0.23 crashes if it is interrupted while it makes a decoder
        from .. import Opper

    return Opper

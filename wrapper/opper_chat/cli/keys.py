"""The API key: from a file, a command, the environment, or what the vendor's command ``opper`` has stored.

A key is never stored, and never a part of an error.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from .config import Config
from .errors import UsageError
from .paths import read_file, vendor_config_file

_VARIABLES = ("OPPER_API_KEY", "OPPER_HTTP_BEARER")
_VENDOR_PATH = "/v2/openai"
"""The vendor's base URLs are hosts. This is the path of the endpoint there."""
_COMMAND_SECONDS = 120.0


class ConfiguredKey:
    """Where the key comes from.

    Args:
        source: the place, for people.
        read: returns the key.
        base_url: the URL that is stored with the key, or None.
    """

    def __init__(self, source: str, read: Callable[[], str], base_url: str | None = None) -> None:
        self.source: str = source
        self.read: Callable[[], str] = read
        self.base_url: str | None = base_url

    def __repr__(self) -> str:
        return f"ConfiguredKey({self.source!r})"


def find_key(key_file: str | None, config: Config) -> ConfiguredKey | None:
    """Return the first place that has a key, or None: ``--key-file``, the command, the environment, the vendor's file.

    Args:
        key_file: the path of the option ``--key-file``, or None.
        config: the configuration, which can have a command.

    Raises:
        UsageError: the first place cannot be read.
    """
    if key_file is not None:
        key = _read_key_file(key_file)
        return ConfiguredKey(f"the file {key_file}", lambda: key)
    if config.key_command is not None:
        return ConfiguredKey(f"key_command in {config.path}", cache(lambda: _run_command(config)))
    for variable in _VARIABLES:
        if key := os.environ.get(variable, "").strip():
            return ConfiguredKey(f"the environment variable {variable}", lambda: key)
    return _vendor_key(vendor_config_file())


def require_key(key_file: str | None, config: Config) -> ConfiguredKey:
    """Return the same as `find_key`.

    Raises:
        UsageError: there is no key.
    """
    found = find_key(key_file, config)
    if found is None:
        raise UsageError(
            f"There is no API key. Set OPPER_API_KEY, or give --key-file FILE, or set key_command in {config.path}, "
            "or log in with the vendor's command: opper login."
        )
    return found


def _read_key_file(name: str) -> str:
    key = read_file("--key-file", name).strip()
    if not key or len(key.split()) != 1:
        found = "several words" if key else "none"
        raise UsageError(f"--key-file {name}: expected a file with one key, got {found}.")
    return key


def _run_command(config: Config) -> str:
    """Return what the configured command prints. It gets no shell and no stdin, and its stderr is the terminal's."""
    import shlex
    import subprocess

    label = f"{config.path}: key_command"
    try:
        command = config.key_command or ""
        words = shlex.split(command) if isinstance(command, str) else list(command)
        done = subprocess.run(  # noqa: S603  # the user configured it
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=_COMMAND_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise UsageError(f"{label}: The command did not end within {_COMMAND_SECONDS:.0f} seconds.") from None
    except (OSError, ValueError, IndexError) as error:
        raise UsageError(f"{label}: The command cannot run: {error}.") from None
    if done.returncode:
        raise UsageError(f"{label}: The command failed with exit code {done.returncode}.")
    try:
        key = done.stdout.decode().strip()
    except UnicodeDecodeError:
        key = ""
    if not key or len(key.split()) != 1:
        raise UsageError(f"{label}: The command must print one key, and nothing else, to stdout.")
    return key


def _vendor_key(path: Path) -> ConfiguredKey | None:
    """Return the key that the vendor's command has stored, if there is one."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    try:
        stored: Any = json.loads(content)
        keys: Any = stored["keys"]
        name: Any = stored.get("defaultKey", "default")
        slot: Any = keys.get(name)
        key: Any = slot and slot.get("apiKey")
        host: Any = slot and slot.get("baseUrl")
    except (ValueError, KeyError, AttributeError, TypeError):
        raise UsageError(
            f"{path}: The file of the vendor's command has another form than is known. Set OPPER_API_KEY instead."
        ) from None
    if not isinstance(key, str) or not key.strip():
        return None
    base_url = host.rstrip("/").removesuffix(_VENDOR_PATH) + _VENDOR_PATH if isinstance(host, str) and host else None
    return ConfiguredKey(f"the key {name!r} of {path}", key.strip, base_url)

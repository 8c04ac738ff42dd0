"""The configuration file, in TOML: where the key comes from, and defaults for all models and for single ones.

Keys are never in it: it can have a command that prints one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .errors import UsageError, did_you_mean
from .options import SECONDS
from .paths import config_file, expand_user

CLIENT_OPTIONS = (*SECONDS, "max_retries")
"""The options of the client that ``[defaults]`` can have."""

_OWN_DEFAULTS = ("system", "model", "extra_body", *CLIENT_OPTIONS)
_NOT_DEFAULTS = ("messages", "stream", "model")
"""Parameters of the contract that are no defaults of a model."""
_TOP = ("base_url", "key_command", "defaults", "models")


class Config(NamedTuple):
    """The contents of a configuration file, checked."""

    path: Path
    """Of the file, whether or not it exists."""
    base_url: str | None = None
    """The URL of the server."""
    key_command: str | tuple[str, ...] | None = None
    """The command that prints the key, as a line or as its arguments."""
    defaults: Mapping[str, Any] = {}
    """Parameters of the API for every model, `CLIENT_OPTIONS`, and ``system``, ``model`` and ``extra_body``."""
    models: Mapping[str, Mapping[str, Any]] = {}
    """Parameters of the API by the name of the model, and ``extra_body``."""


def load_config(given: str | None) -> Config:
    """Read the configuration file.

    Args:
        given: the path of the user. Default: that of `config_file`, which need not exist.

    Raises:
        UsageError: the file cannot be read, is no TOML, or has a key or a value that is not accepted.
    """
    path = expand_user(given) if given else config_file()
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        if given:
            raise UsageError(f"{path}: There is no such file. Give the path of a configuration file.") from None
        return Config(path)
    except OSError as error:
        raise UsageError(f"{path}: The file cannot be read: {error.strerror or error}.") from None
    return _check(path, read_toml(path, text))


def read_toml(path: Path, content: bytes) -> dict[str, Any]:
    """Return the values of a file.

    Raises:
        UsageError: it is not TOML. The error has the line.
    """
    import tomllib

    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path}, line {line}: The file is not UTF-8 text.") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: The file is not TOML: {error}.") from None


def check_keys(path: Path, table: Mapping[str, object], accepted: Collection[str], where: str = "") -> None:
    """Refuse keys of a table that are not accepted.

    Raises:
        UsageError: there is one. The error proposes the key that was probably meant.
    """
    for name in table:
        if name not in accepted:
            message = f"{path}: There is no key {where + name!r}."
            raise UsageError(f"{message} {did_you_mean(name, accepted)}Accepted: {', '.join(sorted(accepted))}.")


def check_value(path: Path, name: str, value: object, accepted: str, *types: type) -> None:
    """Refuse a value of another type.

    Raises:
        UsageError: it has another type. The error names what is accepted.
    """
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise UsageError(f"{path}: {name}: expected {accepted}, got {value!r}.")


def _check(path: Path, values: dict[str, Any]) -> Config:
    check_keys(path, values, _TOP)
    if "base_url" in values:
        check_value(path, "base_url", values["base_url"], "a URL as a string", str)
    command: Any = values.get("key_command")
    if command is not None:
        accepted = "a command as a string, or a list of strings"
        check_value(path, "key_command", command, accepted, str, list)
        words: list[Any] = [command] if isinstance(command, str) else command
        if not command or not all(isinstance(word, str) for word in words):
            raise UsageError(f"{path}: key_command: expected {accepted}, got {command!r}.")
        command = command if isinstance(command, str) else tuple(words)
    defaults = values.get("defaults", {})
    models = values.get("models", {})
    for name, table in (("defaults", defaults), ("models", models)):
        check_value(path, name, table, "a table", dict)
    check_defaults(path, defaults, "defaults.", _OWN_DEFAULTS)
    for model, table in models.items():
        check_value(path, f'models."{model}"', table, "a table", dict)
        check_defaults(path, table, f'models."{model}".', ("extra_body",))
    return Config(path, values.get("base_url"), command, defaults, models)


def check_defaults(path: Path, table: Mapping[str, Any], where: str, own: Collection[str]) -> None:
    """Check a table of parameters of the API, and of keys of its own.

    Raises:
        UsageError: a key is unknown, or a value has the wrong type. The client checks the values of parameters.
    """
    if not table:
        return
    from .parameters import load_parameters

    parameters = {name for name in load_parameters() if name not in _NOT_DEFAULTS}
    check_keys(path, table, {*parameters, *own}, where)
    for name, value in table.items():
        label = where + name
        if name in own and name in SECONDS:
            check_value(path, label, value, "a number of seconds", int, float)
        elif name in own and name in _OWN_CHECKS:
            _OWN_CHECKS[name](path, label, value)


def _check_model(path: Path, label: str, value: Any) -> None:
    accepted = "the name of a model, or a list of names"
    check_value(path, label, value, accepted, str, list)
    if not value or not all(isinstance(name, str) for name in value):
        raise UsageError(f"{path}: {label}: expected {accepted}, got {value!r}.")


_OWN_CHECKS: dict[str, Callable[[Path, str, Any], None]] = {
    "system": lambda path, label, value: check_value(path, label, value, "a string", str),
    "model": _check_model,
    "extra_body": lambda path, label, value: check_value(path, label, value, "a table", dict),
    "max_retries": lambda path, label, value: check_value(path, label, value, "a whole number", int),
}

"""The folders of the command: configuration and templates, and saved conversations.

``OPPER_CHAT_HOME`` is one folder for all. Without it, the XDG base directories are used, and on Windows the folders for
application data. Nothing is created here.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from .errors import UsageError

HOME_VARIABLE = "OPPER_CHAT_HOME"
_NAME = "opper-chat"
CONVERSATION_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
"""The id of a conversation, which is the name of its file without the end."""


def config_folder() -> Path:
    """Return the folder with the configuration and the templates."""
    return _folder("XDG_CONFIG_HOME", ".config", "APPDATA")


def data_folder() -> Path:
    """Return the folder with what the command writes."""
    return _folder("XDG_DATA_HOME", ".local/share", "LOCALAPPDATA")


def config_file() -> Path:
    """Return the path of the configuration file."""
    return config_folder() / "config.toml"


def templates_folder() -> Path:
    """Return the folder of the templates, each a file ``NAME.toml``."""
    return config_folder() / "templates"


def conversations_folder() -> Path:
    """Return the folder of the saved conversations, each a file ``ID.jsonl``."""
    return data_folder() / "conversations"


def vendor_config_file() -> Path:
    """Return the file in which the vendor's command ``opper`` keeps keys. It is read, and never written."""
    return Path(os.environ.get("OPPER_HOME") or _home() / ".opper") / "config.json"


def expand_user(path: str) -> Path:
    """Return a path that a user has given, with the home folder for ``~``. A ``~`` that stands for none is kept."""
    return Path(os.path.expanduser(path))  # noqa: PTH111  # that of pathlib raises RuntimeError


def read_file(option: str, name: str) -> str:
    """Return the text of a file that an option names.

    Raises:
        UsageError: it cannot be read, or is not UTF-8 text.
    """
    try:
        return expand_user(name).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UsageError(f"{option} {name}: The file cannot be read: {reason}.") from None


def _folder(variable: str, default: str, windows_variable: str) -> Path:
    if home := os.environ.get(HOME_VARIABLE):
        return Path(home)
    if os.name == "nt" and (folder := os.environ.get(windows_variable)):
        return Path(folder) / _NAME
    # Relative paths are to be ignored: https://specifications.freedesktop.org/basedir-spec, "Environment variables".
    folder = os.environ.get(variable, "")
    return (Path(folder) if Path(folder).is_absolute() else _home() / default) / _NAME


def _home() -> Path:
    """Return the home folder, or a path at which nothing can be if there is none, as for some users of containers."""
    home = expand_user("~")
    return home if home.is_absolute() else Path(os.devnull)

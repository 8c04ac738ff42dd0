"""The public names of the packages, which the reference documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any


class SiteError(Exception):
    """The pages, the lists of the site and the code do not fit."""


MODULES = (
    "opper_chat",
    "opper_chat.messages",
    "opper_chat.batch",
    "opper_chat.ray",
    "opper_chat.telemetry",
    "opper_chat.testing",
    "opper_chat.types",
    "opper_chat_api",
    "opper_chat_api.api.chat.create_chat_completion",
    "opper_chat_api.errors",
)
"""The public modules. A name that several of them have is documented by the first."""


def public_names() -> dict[str, object]:
    """Return the public objects by their paths, such as ``opper_chat.Opper``."""
    found: dict[str, object] = {}
    seen: set[tuple[str, int]] = set()
    for module_name in MODULES:
        module = import_module(module_name)
        names: Iterable[str] = getattr(module, "__all__", None) or _defined_in(module)
        for name in names:
            value = getattr(module, name)
            if (name, id(value)) not in seen and not name.startswith("__"):
                seen.add((name, id(value)))
                found[f"{module_name}.{name}"] = value
    return found


def _defined_in(module: Any) -> Iterator[str]:
    for name, value in vars(module).items():
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__:
            yield name


def load(path: str) -> Any:
    """Return the object of a path, such as ``opper_chat.Opper``."""
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)

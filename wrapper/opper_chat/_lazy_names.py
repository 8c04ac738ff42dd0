"""Import the public names of a package when they are first used (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module


def load_name(package: str, modules: Mapping[str, Sequence[str]], name: str) -> object:
    """Return a public name, and keep it in the package, so that this is called once for each.

    Args:
        package: the full name of the package.
        modules: the names, by the module of the package that defines them.
        name: the name that was used.

    Raises:
        AttributeError: the package has no such name.
    """
    for module, names in modules.items():
        if name in names:
            value: object = getattr(import_module(f".{module}", package), name)
            setattr(sys.modules[package], name, value)
            return value
    raise AttributeError(f"module {package!r} has no attribute {name!r}")

"""Import what an option names as ``module:name``: a tool, or the class of a response."""

from __future__ import annotations

import atexit
import gc
import re
import sys
from importlib import import_module
from pathlib import Path

from .errors import UsageError, did_you_mean

_REFERENCE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


def is_reference(text: str) -> bool:
    """Return whether a text has the form ``module:name``."""
    return _REFERENCE.fullmatch(text) is not None


def load_reference(text: str, option: str) -> object:
    """Return what a text names. Modules of the working directory are found, as with ``python -m``.

    Args:
        text: ``module:name``, or ``package.module:Class.attribute``.
        option: the option that has it, for error messages.

    Raises:
        UsageError: it has another form, the module cannot be imported, or has no such name.
    """
    if not is_reference(text):
        raise UsageError(f"{option} {text}: expected module:name, such as tools:get_weather.")
    module_name, _, path = text.partition(":")
    try:
        folder = str(Path.cwd())
    except OSError as error:
        raise UsageError(f"{option} {text}: The working directory cannot be read: {error.strerror or error}.") from None
    if folder not in sys.path:
        sys.path.insert(0, folder)
    atexit.unregister(gc.freeze)  # else files that the module leaves open are not written
    try:
        found: object = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise UsageError(f"{option} {text}: The module {module_name!r} needs {error.name!r}.") from error
        where = f"neither installed nor in {folder}"
        raise UsageError(f"{option} {text}: There is no module {error.name!r}: it is {where}.") from None
    except (Exception, SystemExit) as error:
        message = f"{option} {text}: The module {module_name!r} cannot be imported: {type(error).__name__}: {error}."
        raise UsageError(message) from error
    for name in path.split("."):
        if not hasattr(found, name):
            near = did_you_mean(name, [each for each in dir(found) if not each.startswith("_")])
            raise UsageError(f"{option} {text}: {module_name!r} has no {name!r}. {near}".rstrip())
        found = getattr(found, name)
    return found

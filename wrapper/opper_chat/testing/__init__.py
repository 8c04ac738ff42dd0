"""A local server that speaks the endpoint: to develop and test against without a key and without cost.

Needs the extra `testing`. Nothing is loaded before it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._scenarios import SCENARIOS, Outcome, Scenario
    from ._script import CUT, Pause, ReceivedRequest, Reply, chunk
    from ._server import LocalServer

__all__ = ["CUT", "SCENARIOS", "LocalServer", "Outcome", "Pause", "ReceivedRequest", "Reply", "Scenario", "chunk"]

_HOMES = {
    "CUT": "_script",
    "LocalServer": "_server",
    "Outcome": "_scenarios",
    "Pause": "_script",
    "ReceivedRequest": "_script",
    "Reply": "_script",
    "SCENARIOS": "_scenarios",
    "Scenario": "_scenarios",
    "chunk": "_script",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

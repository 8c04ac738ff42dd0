"""A local server that speaks the endpoint, and a network that misbehaves: to test against without a key or cost.

Needs the extra `testing`. Nothing is loaded before it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._fault import Fault
    from ._proxy import FaultyProxy
    from ._scenarios import SCENARIOS, Outcome, Scenario
    from ._script import CUT, Pause, ReceivedRequest, Reply, chunk
    from ._server import LocalServer

__all__ = [
    "CUT", "SCENARIOS", "Fault", "FaultyProxy", "LocalServer", "Outcome", "Pause", "ReceivedRequest", "Reply",
    "Scenario", "chunk",
]  # fmt: skip

_HOMES = {
    "CUT": "_script",
    "Fault": "_fault",
    "FaultyProxy": "_proxy",
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

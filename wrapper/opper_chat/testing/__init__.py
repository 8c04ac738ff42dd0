"""To test against without a key or cost: a local server of the endpoint, a network that misbehaves, and cassettes.

Needs the extra `testing`. Nothing is loaded before it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._cassette import Cassette, CassetteSettings, Record
    from ._cassette_errors import (
        CassetteError,
        CassetteFileError,
        RecordingError,
        UnmatchedRequestError,
        UnusedExchangeError,
    )
    from ._examples import NoExampleError, example
    from ._fault import Fault
    from ._proxy import FaultyProxy
    from ._rates import FixedWindow, SlidingWindow, TokenBucket
    from ._scenarios import SCENARIOS, Outcome, Scenario
    from ._script import CUT, Pause, ReceivedRequest, Reply, chunk
    from ._server import LocalServer

__all__ = [
    "CUT",
    "SCENARIOS",
    "Cassette",
    "CassetteError",
    "CassetteFileError",
    "CassetteSettings",
    "Fault",
    "FaultyProxy",
    "FixedWindow",
    "LocalServer",
    "NoExampleError",
    "Outcome",
    "Pause",
    "ReceivedRequest",
    "Record",
    "RecordingError",
    "Reply",
    "Scenario",
    "SlidingWindow",
    "TokenBucket",
    "UnmatchedRequestError",
    "UnusedExchangeError",
    "chunk",
    "example",
]

_HOMES = {
    "CUT": "_script",
    "Cassette": "_cassette",
    "CassetteError": "_cassette_errors",
    "CassetteFileError": "_cassette_errors",
    "CassetteSettings": "_cassette",
    "Fault": "_fault",
    "FaultyProxy": "_proxy",
    "FixedWindow": "_rates",
    "LocalServer": "_server",
    "NoExampleError": "_examples",
    "Outcome": "_scenarios",
    "Pause": "_script",
    "ReceivedRequest": "_script",
    "Record": "_cassette",
    "RecordingError": "_cassette_errors",
    "Reply": "_script",
    "SCENARIOS": "_scenarios",
    "Scenario": "_scenarios",
    "SlidingWindow": "_rates",
    "TokenBucket": "_rates",
    "UnmatchedRequestError": "_cassette_errors",
    "UnusedExchangeError": "_cassette_errors",
    "chunk": "_script",
    "example": "_examples",
}


if not TYPE_CHECKING:  # to a type checker, a name that is not imported above is an error

    def __getattr__(name: str) -> object:
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value: object = getattr(import_module(f".{home}", __name__), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})

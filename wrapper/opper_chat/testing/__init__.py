"""Test without a key and without cost: a local server of the endpoint, a faulty network, and cassettes.

Needs the extra `testing`. Names are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._cassettes.cassette import Cassette, CassetteSettings, Record
    from ._cassettes.errors import (
        CassetteError,
        CassetteFileError,
        RecordingError,
        UnmatchedRequestError,
        UnusedExchangeError,
    )
    from ._examples.generator import NoExampleError, example
    from ._faults.fault import Fault
    from ._faults.proxy import FaultyProxy
    from ._loopback.received_request import ReceivedRequest
    from ._replies.reply import CUT, Pause, Reply, chunk
    from ._scenarios import SCENARIOS, Outcome, Scenario
    from ._server.local_server import LocalServer
    from ._server.rate_limits import FixedWindow, SlidingWindow, TokenBucket

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
    "CUT": "_replies.reply",
    "Cassette": "_cassettes.cassette",
    "CassetteError": "_cassettes.errors",
    "CassetteFileError": "_cassettes.errors",
    "CassetteSettings": "_cassettes.cassette",
    "Fault": "_faults.fault",
    "FaultyProxy": "_faults.proxy",
    "FixedWindow": "_server.rate_limits",
    "LocalServer": "_server.local_server",
    "NoExampleError": "_examples.generator",
    "Outcome": "_scenarios",
    "Pause": "_replies.reply",
    "ReceivedRequest": "_loopback.received_request",
    "Record": "_cassettes.cassette",
    "RecordingError": "_cassettes.errors",
    "Reply": "_replies.reply",
    "SCENARIOS": "_scenarios",
    "Scenario": "_scenarios",
    "SlidingWindow": "_server.rate_limits",
    "TokenBucket": "_server.rate_limits",
    "UnmatchedRequestError": "_cassettes.errors",
    "UnusedExchangeError": "_cassettes.errors",
    "chunk": "_replies.reply",
    "example": "_examples.generator",
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

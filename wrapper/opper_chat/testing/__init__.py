"""Test without a key and without cost: a local server of the endpoint, a faulty network, and cassettes.

Needs the extra `testing`. Names are imported when they are first used.
"""

from typing import TYPE_CHECKING

from .._lazy_names import load_name

if TYPE_CHECKING:
    from ._cassettes.cassette import Cassette as Cassette
    from ._cassettes.cassette import CassetteSettings as CassetteSettings
    from ._cassettes.cassette import RecordMode as RecordMode
    from ._cassettes.errors import CassetteError as CassetteError
    from ._cassettes.errors import CassetteFileError as CassetteFileError
    from ._cassettes.errors import RecordingError as RecordingError
    from ._cassettes.errors import UnmatchedRequestError as UnmatchedRequestError
    from ._cassettes.errors import UnusedExchangeError as UnusedExchangeError
    from ._examples.generator import NoExampleError as NoExampleError
    from ._examples.generator import example as example
    from ._faults.fault import Fault as Fault
    from ._faults.proxy import FaultyProxy as FaultyProxy
    from ._loopback.received_request import ReceivedRequest as ReceivedRequest
    from ._replies.completion import chunk as chunk
    from ._replies.reply import CUT as CUT
    from ._replies.reply import Pause as Pause
    from ._replies.reply import Reply as Reply
    from ._scenarios import SCENARIOS as SCENARIOS
    from ._scenarios import Outcome as Outcome
    from ._scenarios import Scenario as Scenario
    from ._server.local_server import LocalServer as LocalServer
    from ._server.rate_limits import FixedWindow as FixedWindow
    from ._server.rate_limits import SlidingWindow as SlidingWindow
    from ._server.rate_limits import TokenBucket as TokenBucket

_MODULES = {
    "_cassettes.cassette": ("Cassette", "CassetteSettings", "RecordMode"),
    "_cassettes.errors": (
        "CassetteError", "CassetteFileError", "RecordingError", "UnmatchedRequestError", "UnusedExchangeError",
    ),
    "_examples.generator": ("NoExampleError", "example"),
    "_faults.fault": ("Fault",),
    "_faults.proxy": ("FaultyProxy",),
    "_loopback.received_request": ("ReceivedRequest",),
    "_replies.completion": ("chunk",),
    "_replies.reply": ("CUT", "Pause", "Reply"),
    "_scenarios": ("SCENARIOS", "Outcome", "Scenario"),
    "_server.local_server": ("LocalServer",),
    "_server.rate_limits": ("FixedWindow", "SlidingWindow", "TokenBucket"),
}  # fmt: skip
"""The public names at run time, by the modules that define them."""

if not TYPE_CHECKING:  # a type checker reads the imports above, and reports every other name as an error
    __all__ = tuple(sorted(name for names in _MODULES.values() for name in names))

    def __getattr__(name: str) -> object:
        return load_name(__name__, _MODULES, name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})

"""Batches: many requests from a file or an iterable, a bounded number at a time. No row is lost or paid twice.

`run_batch` and `async_run_batch` write files that can be resumed. `Batch` and `AsyncBatch` are iterators of results,
for programs. This does not use batch endpoints of servers: each row is an ordinary call. Names are imported when they
are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._async.batch import AsyncBatch
    from ._async.run import async_run_batch
    from ._errors import BatchError, BatchFileError, BatchInputError, UnknownCostError, UnknownUsageError
    from ._options import BatchOptions
    from ._progress import BatchProgress
    from ._request import BatchRequest
    from ._result import BatchResult, TokenPrice
    from ._sync.batch import Batch
    from ._sync.run import run_batch

__all__ = [
    "AsyncBatch",
    "Batch",
    "BatchError",
    "BatchFileError",
    "BatchInputError",
    "BatchOptions",
    "BatchProgress",
    "BatchRequest",
    "BatchResult",
    "TokenPrice",
    "UnknownCostError",
    "UnknownUsageError",
    "async_run_batch",
    "run_batch",
]

_MODULES = {
    "AsyncBatch": "_async.batch",
    "Batch": "_sync.batch",
    "BatchError": "_errors",
    "BatchFileError": "_errors",
    "BatchInputError": "_errors",
    "BatchOptions": "_options",
    "BatchProgress": "_progress",
    "BatchRequest": "_request",
    "BatchResult": "_result",
    "TokenPrice": "_result",
    "UnknownCostError": "_errors",
    "UnknownUsageError": "_errors",
    "async_run_batch": "_async.run",
    "run_batch": "_sync.run",
}

if not TYPE_CHECKING:  # to a type checker, a name that is not imported above is an error

    def __getattr__(name: str) -> object:
        module = _MODULES.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value: object = getattr(import_module(f".{module}", __name__), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})

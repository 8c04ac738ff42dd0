"""Batches: many requests from a file or an iterable, a bounded number at a time. No row is lost or paid twice.

`run_batch` and `async_run_batch` write files that can be resumed. `Batch` and `AsyncBatch` are iterators of results,
for programs. This does not use batch endpoints of servers: each row is an ordinary call. Names are imported when they
are first used.
"""

from typing import TYPE_CHECKING

from .._lazy_names import load_name

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
    "_async.batch": ("AsyncBatch",),
    "_async.run": ("async_run_batch",),
    "_errors": ("BatchError", "BatchFileError", "BatchInputError", "UnknownCostError", "UnknownUsageError"),
    "_options": ("BatchOptions",),
    "_progress": ("BatchProgress",),
    "_request": ("BatchRequest",),
    "_result": ("BatchResult", "TokenPrice"),
    "_sync.batch": ("Batch",),
    "_sync.run": ("run_batch",),
}
"""The public names at run time, by the modules that define them."""

if not TYPE_CHECKING:  # to a type checker, a name that is not imported above is an error

    def __getattr__(name: str) -> object:
        return load_name(__name__, _MODULES, name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})

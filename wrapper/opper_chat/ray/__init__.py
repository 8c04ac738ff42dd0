"""Batches on a cluster with Ray Data, and in other engines: `ChatCompletions` sends the rows of a table.

`run_on_ray` does for a file on a cluster what `run_batch` does on one machine. This package imports neither Ray nor
pyarrow before they are used, and starts a cluster only in `run_on_ray`. Names are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._chat_completions import ChatCompletions
    from ._finished_rows import FinishedRows, read_finished_rows
    from ._options import ChatCompletionsOptions, WorkerOptions
    from ._run import run_on_ray
    from ._shared_limits import RowLimits, SharedLimits

__all__ = [
    "ChatCompletions",
    "ChatCompletionsOptions",
    "FinishedRows",
    "RowLimits",
    "SharedLimits",
    "WorkerOptions",
    "read_finished_rows",
    "run_on_ray",
]

_MODULES = {
    "ChatCompletions": "_chat_completions",
    "ChatCompletionsOptions": "_options",
    "FinishedRows": "_finished_rows",
    "RowLimits": "_shared_limits",
    "SharedLimits": "_shared_limits",
    "WorkerOptions": "_options",
    "read_finished_rows": "_finished_rows",
    "run_on_ray": "_run",
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

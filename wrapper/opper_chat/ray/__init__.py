"""Batches on a cluster with Ray Data, and in other engines: `ChatCompletions` sends the rows of a table.

`run_on_ray` does for a file on a cluster what `run_batch` does on one machine. This package imports neither Ray nor
pyarrow before they are used, and starts a cluster only in `run_on_ray`. Names are imported when they are first used.
"""

from typing import TYPE_CHECKING

from .._lazy_names import load_name

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
    "_chat_completions": ("ChatCompletions",),
    "_finished_rows": ("FinishedRows", "read_finished_rows"),
    "_options": ("ChatCompletionsOptions", "WorkerOptions"),
    "_run": ("run_on_ray",),
    "_shared_limits": ("RowLimits", "SharedLimits"),
}
"""The public names at run time, by the modules that define them."""

if not TYPE_CHECKING:  # to a type checker, a name that is not imported above is an error

    def __getattr__(name: str) -> object:
        return load_name(__name__, _MODULES, name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})

"""ResourceWarnings of clients and streams that were never closed: where they were made, and what is left at exit."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Mapping
from typing import Protocol
from weakref import WeakSet

from sniffio import AsyncLibraryNotFoundError, current_async_library


class Closable(Protocol):
    """An object that is to be closed."""

    def warn_if_open(self) -> None:
        """Issue a ResourceWarning if the object was not closed."""
        ...


_watched = WeakSet[Closable]()  # weak, so that what nobody uses any more is still closed by its finalizer


def warn_at_exit(closable: Closable) -> None:
    """Warn when the interpreter exits if an object exists and is open. Finalizers run too late to show warnings."""
    _watched.add(closable)


@atexit.register
def _warn_of_open() -> None:
    errors: list[str] = []
    for closable in list(_watched):
        try:
            closable.warn_if_open()
        except ResourceWarning as warning:  # a filter turns warnings into errors
            errors.append(str(warning))
    if errors:
        raise ResourceWarning("; ".join(errors))


def call_site() -> str:
    """Return the file and the line of the caller's code that called this package.

    If the call is the first of a task, the caller is unknown. Then the name of the task is returned, and in asyncio's
    debug mode the line that created its coroutine.
    """
    frame = sys._getframe(1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # documented, and a hundred times cheaper than a traceback
    while _is_in(frame.f_globals, _THIS_PACKAGE):
        if frame.f_back is None:  # called from compiled code, such as that of an event loop
            return _current_task()
        frame = frame.f_back
    if _is_in(frame.f_globals, ("asyncio.", "trio.")):
        return _current_task()
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


_THIS_PACKAGE = f"{__name__.partition('.')[0]}."


def _is_in(names: Mapping[str, object], packages: str | tuple[str, ...]) -> bool:
    name = names.get("__name__")
    return isinstance(name, str) and name.startswith(packages)


def _current_task() -> str:
    try:
        library = current_async_library()
    except AsyncLibraryNotFoundError:
        return "compiled code"
    if library == "asyncio":
        import asyncio

        task = asyncio.current_task()
        if task is None:
            return "a callback of the event loop"
        origin: tuple[tuple[str, int, str], ...] | None = getattr(task.get_coro(), "cr_origin", None)
        made = f", made at {origin[0][0]}:{origin[0][1]}," if origin else ""
        return f"the task {task.get_name()!r}{made}"
    return f"the task {sys.modules[library].lowlevel.current_task().name!r}"

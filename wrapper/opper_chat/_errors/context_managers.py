"""The error for a context manager that is used without `with`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NoReturn


class RequiresWithBlock:
    """A context manager that raises a clear error if it is iterated over or awaited."""

    _entered: ClassVar[str]
    """How it is entered, without the keyword, and under which name."""

    if not TYPE_CHECKING:  # to a type checker it can be neither iterated over nor awaited

        def __iter__(self) -> NoReturn:
            raise self._error("iterable")

        def __aiter__(self) -> NoReturn:
            raise self._error("async iterable")

        def __await__(self) -> NoReturn:
            raise self._error("awaitable")

    def _error(self, what: str) -> TypeError:
        cls = type(self)
        keyword = "async with" if hasattr(cls, "__aenter__") else "with"
        return TypeError(
            f"{cls.__name__!r} object is not {what}. It is a context manager: use `{keyword} {self._entered}:`."
        )

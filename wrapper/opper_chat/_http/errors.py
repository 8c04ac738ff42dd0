"""What HTTP libraries raise → this package's errors, and who holds connections. The error map of the shells."""

from __future__ import annotations

import atexit
import sys
from collections import Counter, deque
from collections.abc import Mapping
from contextlib import suppress
from ssl import SSLCertVerificationError, SSLError
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, cast
from weakref import WeakSet, ref

from sniffio import AsyncLibraryNotFoundError, current_async_library

from .._config.environment import Secret
from .._errors.api import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APITimeoutError,
    InvalidArgumentError,
    set_permanent,
)
from .leases import LEASE, ConnectionLease
from .library import failures
from .redaction import forget_key_of, url_without_query

if TYPE_CHECKING:
    from .library import httpx

_CLOCKS = {
    "ConnectTimeout": ("connect", "connecting to the server"),
    "ReadTimeout": ("read", "waiting for the server's next bytes"),
    "WriteTimeout": ("write", "sending the request"),
    "PoolTimeout": ("pool", "waiting for a free connection: the pool is full"),
}

_PERMANENT = ("UnsupportedProtocol", "LocalProtocolError", "TooManyRedirects")
"""What httpx raises because of the request itself, so that it would again."""


class Closable(Protocol):
    """What complains if it was never closed."""

    def complain(self) -> None:
        """Warn, unless it was."""
        ...


_used = WeakSet[Closable]()


def warn_at_exit(one: Closable) -> None:
    """Warn of an object when the interpreter exits, if it still exists. Its finalizer would run too late."""
    _used.add(one)


@atexit.register
def complain_at_exit() -> None:
    """Warn of what was never closed while warnings can still be shown."""
    errors: list[str] = []
    for one in list(_used):
        try:
            one.complain()
        except ResourceWarning as warning:  # where warnings are errors
            errors.append(str(warning))
    if errors:
        raise ResourceWarning("; ".join(errors))


def bearer(key: Secret) -> dict[str, str]:
    """Return the header that carries the key (RFC 6750 section 2.1)."""
    return {"authorization": f"Bearer {key.reveal()}"}


CALL = "a call that waits for its answer"


class Holders:
    """Who holds the connections of a client: for the message that there is none left, and for what was dropped.

    Attributes:
        dropped: readers of responses that were given up where nothing can be awaited, to be closed where it can.
        gone: the notes of owners that are gone, for `forget_gone`.
    """

    def __init__(self) -> None:
        self.dropped: list[Any] = []
        self._holders: dict[object, tuple[str, object]] = {}
        self.gone: deque[ref[object]] = deque()

    def hold(self, owner: object, holder: str, pieces: object = None) -> ref[object]:
        """Note that a connection is in use, and keep what its body is read from.

        Args:
            owner: what uses it. If it is gone without a word, as when a signal handler raises in its finalizer, so is
                the note, at the next `forget_gone`.
            holder: its name.
            pieces: what the body is read from.

        Returns:
            What `release` takes.
        """
        note = ref(owner, self.gone.append)
        self._holders[note] = (holder, pieces)
        return note

    def release(self, note: object) -> object:
        """Note that a connection is no longer in use; return what was kept."""
        return self._holders.pop(note, (None, None))[1]

    def forget_gone(self) -> None:
        """Forget the owners that are gone, and free the connections of the responses that they read."""
        while self.gone:
            try:
                reader: Any = self.release(self.gone.popleft())
            except IndexError:
                return  # another thread took it
            if reader is not None:
                reader.lease.close()

    def describe(self) -> str:
        """Name the holders."""
        self.forget_gone()
        counted = Counter([holder for holder, _ in list(self._holders.values())])
        counted[CALL] -= 1  # the one that is told this
        counted = +counted
        named = [f"{holder} ({count} times)" if count > 1 else holder for holder, count in counted.most_common(5)]
        others = len(counted) - len(named)
        return ", ".join([*named, *([f"{others} others"] if others else [])]) or "nobody that this client knows of"


def call_site() -> str:
    """Return the place of the caller's code that this call comes from, as file and line.

    Where the call is a task of its own, nothing tells who made it, and the task's name is returned. In asyncio's debug
    mode coroutines know where they were made, and the line is returned as well.
    """
    frame = sys._getframe(1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # documented, and a hundred times cheaper than a traceback
    while _is_of(frame.f_globals, _OURS):
        if frame.f_back is None:  # called from compiled code, such as that of an event loop
            return _task()
        frame = frame.f_back
    if _is_of(frame.f_globals, ("asyncio.", "trio.")):
        return _task()
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


_OURS = f"{__name__.partition('.')[0]}."


def _is_of(names: Mapping[str, object], packages: str | tuple[str, ...]) -> bool:
    name = names.get("__name__")
    return isinstance(name, str) and name.startswith(packages)


def _task() -> str:
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


class ErrorMap:
    """Turns what an HTTP library raises within into this package's errors.

    A class, because it is entered for every piece of a stream, and a generator takes three times as long.

    Args:
        request: what is sent, or was.
        status_code: of the answer, once it is there.
        headers: of the answer, once it is there.
        holders: who holds the connections, where one is waited for.
    """

    __slots__ = ("_headers", "_holders", "_request", "_status_code")

    def __init__(
        self,
        request: httpx.Request,
        status_code: int | None = None,
        headers: Mapping[str, str] | None = None,
        holders: Holders | None = None,
    ) -> None:
        self._request = request
        self._status_code = status_code
        self._headers = headers
        self._holders = holders

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            return
        del traceback  # by which what is raised here would lead to frames that have the key in a variable
        # What is raised has no name here: its traceback has this frame, and the two would keep each other, and the
        # frames of whoever reads, until the garbage is collected.
        if isinstance(error, failures("RequestError", also=(SSLError,))):
            raise _mapped(error, self._request, self._status_code, self._headers, self._holders) from _without_key(
                error, self._request
            )
        if isinstance(error, failures("StreamError")):
            raise _closed(error, self._status_code, self._headers) from None
        if isinstance(error, failures("InvalidURL", also=(UnicodeError,))):
            raise InvalidArgumentError(
                "the request", "an address and headers that HTTP has a form for", str(error)
            ) from None


def _closed(error: Exception, status_code: int | None, headers: Mapping[str, str] | None) -> APIError:
    message = f"The response was closed before its body was read ({str(error).rstrip('.')})."
    closed = APIConnectionError(message, status_code=status_code, headers=headers)
    set_permanent(closed)
    return closed


def _mapped(
    error: Exception,
    request: httpx.Request,
    status_code: int | None,
    headers: Mapping[str, str] | None,
    holders: Holders | None,
) -> APIError:
    where = f"{request.method} {url_without_query(request)}"
    lease: ConnectionLease | None = request.extensions.get(LEASE)
    if lease is not None and lease.proxy is not None:
        where += f", by the proxy {lease.proxy}"
    if isinstance(error, failures("TimeoutException")):
        kind, doing = _CLOCKS.get(type(error).__name__, (None, "waiting for the server"))
        # A copy: what it was set to, not what is left of it.
        seconds = dict(cast("Mapping[str | None, float | None]", request.extensions.get("timeout", {}))).get(kind)
        after = "" if seconds is None else f" after {seconds:g} s"
        held = f" Its connections are held by {holders.describe()}." if kind == "pool" and holders else ""
        message = f"Timed out {doing}{after} ({where}).{held}"
        return APITimeoutError(message, timeout_kind=kind, seconds=seconds, status_code=status_code, headers=headers)
    if isinstance(error, failures("DecodingError")):
        message = f"The body cannot be decompressed ({where}): {str(error).rstrip('.')}."
        return APIResponseValidationError(message, status_code=status_code, headers=headers)
    broke = "The connection broke before the answer was whole" if status_code else "There was no answer"
    # Bytes that are no HTTP may be anything, an answer as well: they are not for a log.
    reason = str(error).partition(": bytearray(")[0].rstrip(".") or type(error).__name__
    mapped = APIConnectionError(f"{broke} ({where}): {reason}.", status_code=status_code, headers=headers)
    # 407 is what a proxy answers to a wrong password.
    refused = isinstance(error, failures("ProxyError")) and str(error).startswith("407")
    if refused or isinstance(error, failures(*_PERMANENT)) or _is_of_tls(error):
        set_permanent(mapped)
    return mapped


def _is_of_tls(error: BaseException | None) -> bool:
    """Whether a server could not be verified."""
    while error is not None:
        if isinstance(error, SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _without_key(error: Exception, request: httpx.Request) -> Exception:
    """Return an exception that holds the key nowhere.

    Its request does, which is the library's own and hangs on it; and so do the frames of its traceback and of the
    exceptions before it, which some tools print with their variables.
    """
    forget_key_of(request)
    with suppress(RuntimeError, AttributeError):  # it has none
        forget_key_of(cast("httpx.RequestError", error).request)  # after a redirect it is another one
    cause = error.__cause__ or error.__context__
    error.__cause__ = error.__context__ = None
    while cause is not None:
        # From Python 3.12 on, the frames of httpx's context managers and these exceptions refer to each other, and
        # would keep the stream of a call until garbage is collected.
        cause.__traceback__ = None
        cause = cause.__cause__ or cause.__context__
    return error.with_traceback(None)

"""The exit codes of the command, and which exception of the package leads to which. Imports no exception."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended."""

    OK = 0
    """The result is whole and is what was requested."""
    UNEXPECTED = 1
    """An error that no other code describes, such as a mistake in a tool, or in this package."""
    USAGE = 2
    """An argument, a file or a setting is wrong, or there is no key. Nothing was sent."""
    REFUSED = 3
    """The server responded with an error."""
    NO_RESPONSE = 4
    """There was no response: no connection, or a timeout."""
    BROKEN_RESPONSE = 5
    """The response broke off, or cannot be read. The text that arrived is on stdout."""
    NOT_AS_REQUESTED = 6
    """The response is whole, but does not fit the schema, or the model refused."""
    STOPPED = 7
    """A budget ended it, or rows failed."""
    HUNG_UP = 129
    """SIGHUP, as from closing the window of a terminal, in `chat` and `batch`."""
    INTERRUPTED = 130
    """SIGINT, as from Ctrl-C."""
    CLOSED_PIPE = 141
    """The process that reads the output has ended, as ``head`` does."""
    TERMINATED = 143
    """SIGTERM, in `chat` and `batch`."""


_CODES = {
    "InvalidArgumentError": ExitCode.USAGE,
    "MissingKeyError": ExitCode.USAGE,
    "APIStatusError": ExitCode.REFUSED,
    "APIConnectionError": ExitCode.NO_RESPONSE,
    "CompletionError": ExitCode.NOT_AS_REQUESTED,
    "APIResponseValidationError": ExitCode.BROKEN_RESPONSE,
    "ResponseTooLargeError": ExitCode.BROKEN_RESPONSE,
    "StreamTruncatedError": ExitCode.BROKEN_RESPONSE,
    "APIError": ExitCode.REFUSED,  # an error in a response of status 200
    "TooManyTurnsError": ExitCode.STOPPED,
    "RepeatedCallError": ExitCode.STOPPED,
    "TokenBudgetError": ExitCode.STOPPED,
    "ToolRunTimeoutError": ExitCode.NO_RESPONSE,
    "BatchFileError": ExitCode.USAGE,
    "BatchError": ExitCode.STOPPED,
}
"""The exit codes by the names of exceptions, so that none is imported. Those of subclasses count first."""


def exit_code(error: BaseException) -> ExitCode:
    """Return the exit code for an exception that ends the command."""
    own = getattr(error, "exit_code", None)
    if isinstance(own, ExitCode):
        return own
    if isinstance(error, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    package = __name__.partition(".")[0]
    names = (cls.__name__ for cls in type(error).__mro__ if cls.__module__.partition(".")[0] == package)
    code = next((_CODES[name] for name in names if name in _CODES), ExitCode.UNEXPECTED)
    if code is ExitCode.USAGE and getattr(error, "run", None) is not None:
        return ExitCode.UNEXPECTED  # in a tool loop, after requests were sent
    if code in (ExitCode.REFUSED, ExitCode.NO_RESPONSE) and _has_begun(error):
        return ExitCode.BROKEN_RESPONSE
    return code


def _has_begun(error: BaseException) -> bool:
    """Return whether a part of the completion arrived before the error."""
    if getattr(error, "chunks_received", 0):
        return True
    is_broken = not hasattr(error, "timeout_kind") and type(error).__name__ == "APIConnectionError"
    return is_broken and getattr(error, "status_code", None) is not None

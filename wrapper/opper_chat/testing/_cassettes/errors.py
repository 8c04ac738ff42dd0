"""The errors of cassettes.

CassetteError (also OpperError)
├── CassetteFileError            the file is missing, or is not a cassette
├── UnmatchedRequestError        a request matches no recorded one (also AssertionError)
├── UnusedExchangeError          a recorded exchange was not used (also AssertionError)
└── RecordingError               an exchange could not be recorded
"""

from ..._errors.api import OpperError


class CassetteError(OpperError):
    """The base class of all errors of cassettes."""

    def __str__(self) -> str:
        return Exception.__str__(self)  # may have several lines, as a report of a test


class CassetteFileError(CassetteError):
    """The file is missing, or is not a cassette. The message has the line and the path in it."""


class UnmatchedRequestError(CassetteError, AssertionError):
    """A request matches no recorded one. The message has the differences from the nearest one."""


class UnusedExchangeError(CassetteError, AssertionError):
    """A recorded exchange was not used, although `strict` is set."""


class RecordingError(CassetteError):
    """An exchange could not be recorded: no connection, or a response that cannot be searched for secrets."""

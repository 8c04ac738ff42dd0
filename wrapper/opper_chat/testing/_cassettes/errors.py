"""What can be wrong with a cassette, and with a test that plays one.

CassetteError (also OpperError)
├── CassetteFileError            the file is missing, or is not a cassette
├── UnmatchedRequestError        a request was made that no recorded one matches (also AssertionError)
├── UnusedExchangeError          a recorded exchange was not asked for (also AssertionError)
└── RecordingError               an exchange could not be recorded
"""

from ..._errors.api import OpperError


class CassetteError(OpperError):
    """The root: catching it catches whatever a cassette raises on purpose."""

    def __str__(self) -> str:
        return Exception.__str__(self)  # a report of a test, which may have several lines


class CassetteFileError(CassetteError):
    """The file is missing, or is not a cassette. Says the line and the place in it."""


class UnmatchedRequestError(CassetteError, AssertionError):
    """A request was made that matches no recorded one. Says where the nearest one differs."""


class UnusedExchangeError(CassetteError, AssertionError):
    """A recorded exchange was not asked for, and all were expected to be."""


class RecordingError(CassetteError):
    """An exchange could not be recorded: the upstream is out of reach, or its answer cannot be searched for keys."""

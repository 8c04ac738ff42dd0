"""The errors of batches. Those of single rows are the errors of calls, and are written to the errors file.

OpperError
├── InvalidArgumentError
│   └── BatchInputError (also ValueError)   the input has an id twice, or a row that changed; nothing was sent
└── BatchError                              a batch cannot start or continue
    ├── BatchFileError                      an output file is in use, or was not written by a batch
    ├── UnknownCostError                    max_cost is set, and neither the server nor ``price`` has the cost
    └── UnknownUsageError                   tokens_per_minute is set, and the server does not send the usage
"""

from __future__ import annotations

from .._errors.api import InvalidArgumentError, OpperError


class BatchInputError(InvalidArgumentError):
    """The input has an id twice, or a row that changed after it was sent. Nothing was sent.

    Attributes:
        custom_id: the id of the row.
    """

    def __init__(self, argument: str, expected: str, received: str, hint: str, custom_id: str) -> None:
        super().__init__(argument, expected, received, hint)
        self.custom_id = custom_id


class BatchError(OpperError):
    """A batch cannot start, or cannot continue."""


class BatchFileError(BatchError):
    """An output file or errors file is in use by another run, or was not written by a batch.

    Attributes:
        path: the path of the file.
    """

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path


class UnknownCostError(BatchError):
    """``max_cost`` is set, the server does not send the cost of a call, and there is no ``price``."""


class UnknownUsageError(BatchError):
    """``tokens_per_minute`` is set, or ``price``, and the server does not send the usage of a call."""

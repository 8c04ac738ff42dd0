"""The options of `ChatCompletions`, declared once, and their validated form. No I/O.

They are pickled by the engine that creates the workers, and Ray writes some of them to its logs. So none is a secret.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .._config.environment import AsyncKeySource
from .._config.headers import hidden
from .._config.options import AnyURL, RequestOptions, check_options
from .._config.response_limits import ResponseLimits
from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._errors.secret_names import is_secret_header
from .._json.codec import is_mapping, is_sequence
from ..batch._options import Amount, BatchOptions, BatchSettings, check_batch_options
from ._columns import RESULT_COLUMNS
from ._shared_limits import RowLimits


class WorkerOptions(RequestOptions, total=False):
    """Options of a worker: of its requests, of its key and of its client."""

    id_column: str
    """The column with the id of a row. Default: ``custom_id``."""
    template: str | Sequence[Mapping[str, object]] | Mapping[str, object] | None
    """Messages with the names of columns in braces. Default: none; then the column ``body`` or ``messages`` has them,
    as JSON texts or nested columns."""
    defaults: Mapping[str, object] | None
    """Parameters of every request, such as ``model``."""
    response_format: Any
    """A Python type, as in ``parse()``, or a JSON Schema. A completion that does not fit is a failure."""
    strict: bool
    """Whether the server has to follow the schema of the type. Default: True."""
    retries_on_invalid: int
    """How often to send the request again if a completion does not fit. Default: 0."""
    price: tuple[Amount, Amount] | None
    """US dollars for a million tokens of prompts and of completions, if the server does not send the cost."""
    api_key: AsyncKeySource | None
    """A function that returns the key where it is called. Default: ``OPPER_API_KEY`` of the worker's environment."""
    key_file: str | os.PathLike[str] | None
    """A file with the key, on each machine. It is read for each batch."""
    base_url: AnyURL | None
    """The URL of the server. Default: ``OPPER_BASE_URL`` of the worker's environment, then Opper's."""
    default_headers: Mapping[str, str] | None
    """HTTP headers to add to each request. Credentials are refused."""
    default_query: Mapping[str, str | float] | None
    """Query parameters to add to each URL. Credentials are refused."""
    adaptive_rate_limit: bool
    """Whether to slow down to the rate that the server accepts. Default: True."""
    response_limits: ResponseLimits | None
    """The largest responses to accept."""


class ChatCompletionsOptions(WorkerOptions, total=False):
    """Options of `ChatCompletions`."""

    concurrency: int
    """The number of calls at a time of this worker. Default: 32."""
    keep: Sequence[str]
    """Columns of the input that the output has too. Default: only the id."""
    limits: RowLimits | Any
    """What all workers ask before they send rows: `SharedLimits`, or a Ray actor of it. Default: none."""


class ChatCompletionsSettings(NamedTuple):
    """The validated options of `ChatCompletions`."""

    batch: BatchSettings
    has_template: bool
    id_column: str
    keep: tuple[str, ...]
    limits: Any
    api_key: AsyncKeySource | None
    key_file: str | os.PathLike[str] | None
    client: Mapping[str, Any]
    """The options of the client, without the key. The client checks them."""


_OWN = ("keep", "limits", "api_key", "key_file")
_HINT = "Arguments are pickled and can be in the logs of the engine."


def check_chat_completions_options(options: dict[str, Any], function: str) -> ChatCompletionsSettings:
    """Validate the options of `ChatCompletions`.

    Raises:
        InvalidArgumentError: a value is not accepted, or is a secret.
        UnknownArgumentError: there is no option of this name.
    """
    check_options(options, ChatCompletionsOptions.__annotations__, function)
    _refuse_secrets(options)
    given = {name: value for name, value in options.items() if value is not None}
    of_batch = {name: value for name, value in given.items() if name in BatchOptions.__annotations__}
    batch = check_batch_options({**of_batch, "ordered": True}, function)
    client = {name: value for name, value in options.items() if name not in (*BatchOptions.__annotations__, *_OWN)}
    client.setdefault("adaptive_rate_limit", True)
    limits = given.get("limits")
    if limits is not None and not (hasattr(limits, "reserve") and hasattr(limits, "record")):
        raise InvalidArgumentError("limits", "a SharedLimits, or a Ray actor of it", describe(limits))
    key_file = given.get("key_file")
    if key_file is not None and not isinstance(key_file, str | os.PathLike):
        raise InvalidArgumentError("key_file", "the path of a file", describe(key_file))
    if key_file is not None and "api_key" in given:
        raise InvalidArgumentError("key_file", "none with api_key", "both", "Pass one of them.")
    return ChatCompletionsSettings(
        batch=batch,
        has_template="template" in given,
        id_column=given.get("id_column", "custom_id"),
        keep=_check_keep(given.get("keep", ())),
        limits=limits,
        api_key=given.get("api_key"),
        key_file=key_file,
        client=client,
    )


def _refuse_secrets(options: dict[str, Any]) -> None:
    """Refuse values that may be secret.

    Raises:
        InvalidArgumentError: there is one. Its text and its traceback do not have the value.
    """
    key = options.get("api_key")
    if key is not None and not callable(key):
        received = hidden(key)
        options.clear()  # the traceback shows variables
        del key
        accepted = "a function that returns the key in the worker"
        hint = f"{_HINT} Set OPPER_API_KEY in the environment of the workers, or pass key_file."
        raise InvalidArgumentError("api_key", accepted, received, hint)
    for argument, what in (("default_headers", "a header"), ("default_query", "a parameter")):
        values = options.get(argument)
        for name in values if is_mapping(values) else ():
            if isinstance(name, str) and is_secret_header(name):
                options.clear()
                del values
                raise InvalidArgumentError(f"{argument}[{name!r}]", f"{what} without a credential", "one", _HINT)


def _check_keep(keep: object) -> tuple[str, ...]:
    if not is_sequence(keep) or not all(isinstance(name, str) for name in keep):
        raise InvalidArgumentError("keep", "a list of names of columns", describe(keep))
    names = tuple(dict.fromkeys(str(name) for name in keep))
    for name in names:
        if name in RESULT_COLUMNS:
            hint = "Rename the column before."
            raise InvalidArgumentError("keep", f"columns other than {', '.join(RESULT_COLUMNS)}", repr(name), hint)
    return names

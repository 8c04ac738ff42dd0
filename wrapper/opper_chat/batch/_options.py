"""The options of a batch, declared once, and their validated form. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, TypeAlias, TypedDict

from .._config.options import check_options
from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._json.codec import is_mapping, is_sequence
from .._json.scalars import json_scalar
from .._requests.response_format import ResponseFormat
from .._validation.arguments import check_count, check_flags, check_retries, check_seconds
from ._limits import StopReason
from ._progress import BatchProgress
from ._request import CUSTOM_ID, RowReader, hash_key
from ._result import TokenPrice
from ._schema import read_response_format
from ._template import RequestTemplate

DEFAULT_CONCURRENCY = 32

OnProgress: TypeAlias = Callable[[BatchProgress], object]
Amount: TypeAlias = Decimal | int | float | str


class BatchOptions(TypedDict, total=False):
    """Options of a batch."""

    concurrency: int
    """The number of calls at a time. Default: 32."""
    defaults: Mapping[str, object] | None
    """Parameters of every request, such as ``model``. Those of a row replace them."""
    template: str | Sequence[Mapping[str, object]] | Mapping[str, object] | None
    """Messages with the names of columns in braces, such as ``Translate: {text}``. Then rows are columns and not
    bodies. A text is the user's message; an object has ``messages`` and other parameters."""
    id_column: str
    """The property or column with the id of a row. Default: ``custom_id``. Rows without it are numbered."""
    shard: tuple[int, int] | None
    """``(3, 16)`` works on the third of 16 parts of the rows. A row is in the same part in every process."""
    response_format: Any
    """A Python type, as in ``parse()``, or a JSON Schema. A completion that does not fit is a failure."""
    strict: bool
    """Whether the server has to follow the schema of the type. Default: True."""
    retries_on_invalid: int
    """How often to send the request again, with a list of the problems, if a completion does not fit. Default: 0."""
    ordered: bool
    """Whether results are in the order of the input. Default: False, in the order in which they end."""
    max_cost: Amount | None
    """US dollars after which no row is started, those of earlier runs included."""
    price: tuple[Amount, Amount] | None
    """US dollars for a million tokens of prompts and of completions, if the server does not send the cost."""
    max_errors: float | None
    """The number of failed rows, or their share (a float below 1), above which no row is started."""
    max_consecutive_errors: int | None
    """The number of rows that fail one after the other, after which no row is started, as when a server is down."""
    tokens_per_minute: float | None
    """The rate of tokens, by the usage that the server sends."""
    on_progress: OnProgress | None
    """A function that is called with the `BatchProgress`, at most every ``progress_interval`` seconds and at the end.
    Runs that write files also call it while no row ends. It must not block."""
    progress_interval: float
    """Seconds between two calls of ``on_progress``. Default: 1."""


class BatchSettings(NamedTuple):
    """The validated options of a batch."""

    reader: RowReader
    concurrency: int = DEFAULT_CONCURRENCY
    shard: tuple[int, int] | None = None
    response_format: ResponseFormat[Any] | None = None
    hash_key: bytes = b""
    """For the hashes of bodies. A row has another hash with another response format."""
    retries_on_invalid: int = 0
    ordered: bool = False
    max_cost: Decimal | None = None
    price: TokenPrice | None = None
    max_errors: float | None = None
    max_consecutive_errors: int | None = None
    tokens_per_minute: float | None = None
    on_progress: OnProgress | None = None
    progress_interval: float = 1.0

    def limit(self, reason: StopReason | None) -> Decimal | float | None:
        """Return the value of the option that stopped a batch, or None if it was something else."""
        if reason == "max_cost":
            return self.max_cost
        if reason == "max_errors":
            return self.max_errors
        return self.max_consecutive_errors if reason == "max_consecutive_errors" else None


def check_batch_options(options: Mapping[str, Any], function: str) -> BatchSettings:
    """Validate the options of a batch.

    Raises:
        InvalidArgumentError: a value is not accepted.
        UnknownArgumentError: there is no option of this name.
    """
    check_options(options, BatchOptions.__annotations__, function)
    given = {name: value for name, value in options.items() if value is not None}
    strict = given.get("strict", True)
    ordered = given.get("ordered", False)
    check_flags(strict=strict, ordered=ordered)
    on_progress = given.get("on_progress")
    if on_progress is not None and not callable(on_progress):
        raise InvalidArgumentError("on_progress", "a function", describe(on_progress))
    template = RequestTemplate(given["template"]) if "template" in given else None
    id_column = given.get("id_column", CUSTOM_ID)
    if not isinstance(id_column, str):
        raise InvalidArgumentError("id_column", "a string", describe(id_column))
    response_format = read_response_format(given.get("response_format"), strict=strict)
    defaults = _check_defaults(given.get("defaults", {}), response_format)
    price = given.get("price")
    max_cost, max_errors = given.get("max_cost"), given.get("max_errors")
    consecutive = given.get("max_consecutive_errors")
    per_minute = given.get("tokens_per_minute")
    return BatchSettings(
        reader=RowReader(template, defaults, id_column),
        concurrency=check_count(given.get("concurrency", DEFAULT_CONCURRENCY), "concurrency"),
        shard=_check_shard(given.get("shard")),
        response_format=response_format,
        hash_key=hash_key(None if response_format is None else response_format.parameter),
        retries_on_invalid=check_retries(given.get("retries_on_invalid", 0), "retries_on_invalid"),
        ordered=ordered,
        max_cost=None if max_cost is None else _check_amount(max_cost, "max_cost"),
        price=None if price is None else _check_price(price),
        max_errors=None if max_errors is None else _check_errors(max_errors),
        max_consecutive_errors=None if consecutive is None else check_count(consecutive, "max_consecutive_errors"),
        tokens_per_minute=None if per_minute is None else _check_positive(per_minute, "tokens_per_minute"),
        on_progress=on_progress,
        progress_interval=_check_interval(given.get("progress_interval", 1.0)),
    )


def _check_defaults(defaults: object, response_format: ResponseFormat[Any] | None) -> dict[str, object]:
    if not is_mapping(defaults):
        raise InvalidArgumentError("defaults", "a dict of parameters", describe(defaults))
    parameters = {str(name): value for name, value in defaults.items()}
    for name in ("stream", "messages"):
        if name in parameters:
            raise InvalidArgumentError("defaults", f"parameters other than {name!r}", repr(name))
    if response_format is not None and "response_format" in parameters:
        hint = "The option response_format makes it."
        raise InvalidArgumentError("defaults", "parameters other than 'response_format'", "'response_format'", hint)
    return parameters


def _check_shard(shard: object) -> tuple[int, int] | None:
    if shard is None:
        return None
    if is_sequence(shard) and len(shard) == 2:
        number, count = json_scalar(shard[0]), json_scalar(shard[1])
        if isinstance(number, int) and isinstance(count, int) and 1 <= number <= count:
            return number, count
    raise InvalidArgumentError("shard", "a number from 1 and the number of shards, as (3, 16)", describe(shard))


def _check_amount(value: object, argument: str, minimum: str = "above 0") -> Decimal:
    try:
        if isinstance(value, bool) or not isinstance(value, Decimal | int | float | str):
            raise InvalidOperation
        amount = Decimal(str(value))
        if not amount.is_finite() or amount < 0 or (amount == 0 and minimum == "above 0"):
            raise InvalidOperation
    except InvalidOperation:
        raise InvalidArgumentError(argument, f"an amount of US dollars {minimum}", describe(value)) from None
    return amount


def _check_price(price: object) -> TokenPrice:
    if not is_sequence(price) or len(price) != 2:
        accepted = "two amounts of US dollars for a million tokens: of prompts and of completions"
        raise InvalidArgumentError("price", accepted, describe(price))
    prompt, completion = (_check_amount(amount, f"price[{i}]", "of at least 0") for i, amount in enumerate(price))
    return TokenPrice(prompt, completion)


def _check_errors(value: object) -> float:
    number = json_scalar(value)
    if not isinstance(number, bool):
        if isinstance(number, int) and number >= 0:
            return number
        if isinstance(number, float) and 0 < number < 1:
            return number
    accepted = "a number of rows (an integer of at least 0), or a share (a float between 0 and 1)"
    raise InvalidArgumentError("max_errors", accepted, describe(value))


def _check_positive(value: object, argument: str) -> float:
    number = json_scalar(value)
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number < float("inf"):
        raise InvalidArgumentError(argument, "a number above 0", describe(value))
    return float(number)


def _check_interval(value: object) -> float:
    return 0.0 if json_scalar(value) == 0 and not isinstance(value, bool) else check_seconds(value, "progress_interval")

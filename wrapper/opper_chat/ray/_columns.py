"""Batches of columns as rows, and results as columns of fixed types. No I/O.

A batch is a dict of lists, or what pyarrow makes a table of: a Table, a pandas DataFrame, a dict of NumPy arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, TypeAlias

from .._errors.api import InvalidArgumentError, InvalidCompletionError
from .._errors.describe import describe
from .._json import codec as _json
from .._json.codec import is_mapping, is_sequence
from ..batch._result import BatchResult

Columns: TypeAlias = dict[str, list[Any]]
Row: TypeAlias = dict[str, object]

RESULT_COLUMNS = (
    "custom_id", "text", "parsed", "completion", "error", "status", "finish_reason", "served_model", "request_id",
    "attempts", "seconds", "cost", "prompt_tokens", "completion_tokens", "body_hash",
)  # fmt: skip
"""The columns of a result, in order."""


def import_pyarrow(module: str = "pyarrow") -> Any:
    """Return a module of pyarrow, which has no types.

    Raises:
        ImportError: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        message = "pyarrow is missing. Install it with: pip install 'opper-chat[ray]'. Or pass a dict of lists."
        raise ImportError(message) from error


def result_schema() -> Any:
    """Return the pyarrow.Schema of the columns of results. It is the same for each batch."""
    pa = import_pyarrow()
    text = pa.string()
    error = pa.struct([("type", text), ("message", text), ("problems", pa.list_(text)), ("body", text)])
    types = {"error": error, "seconds": pa.float64(), "cost": pa.float64()}
    types |= dict.fromkeys(("status", "attempts"), pa.int32())
    types |= dict.fromkeys(("prompt_tokens", "completion_tokens"), pa.int64())
    return pa.schema([(name, types.get(name, text)) for name in RESULT_COLUMNS])


class Batch:
    """A batch of columns.

    Args:
        batch: the batch.

    Raises:
        InvalidArgumentError: it is something else.
        ImportError: it is not a dict of lists, and pyarrow is not installed.
    """

    def __init__(self, batch: object) -> None:
        self._columns: Columns | None = None
        self._table: Any = None
        if is_mapping(batch) and all(isinstance(values, list) for values in batch.values()):
            self._columns = {str(name): values for name, values in batch.items() if isinstance(values, list)}
            if len({len(values) for values in self._columns.values()}) > 1:
                raise InvalidArgumentError("batch", "columns of the same length", describe(batch))
        else:
            self._table = _as_table(batch)

    @property
    def rows(self) -> list[Row]:
        """Its rows, new with each call."""
        if self._columns is None:
            rows: list[Row] = self._table.to_pylist()
            return rows
        return [dict(zip(self._columns, row, strict=True)) for row in zip(*self._columns.values(), strict=True)]

    def column(self, name: str) -> list[Any]:
        """Return the values of a column, or none if there is no such column."""
        if name not in self.names:
            return []
        return self._columns[name] if self._columns is not None else self._table[name].to_pylist()

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [*self._columns] if self._columns is not None else self._table.column_names

    def require(self, names: Sequence[str], argument: str) -> None:
        """Check that there are columns of these names.

        Raises:
            InvalidArgumentError: there is no such column.
        """
        for name in names:
            if name not in self.names:
                raise InvalidArgumentError(
                    argument, f"one of the columns {', '.join(map(repr, self.names))}", repr(name)
                )

    def select(self, mask: list[bool]) -> object:
        """Return the rows for which the mask is True, as a dict of lists or a Table."""
        if self._columns is None:
            return self._table.filter(import_pyarrow().array(mask, "bool"))
        columns = self._columns.items()
        return {name: [value for value, keep in zip(values, mask, strict=True) if keep] for name, values in columns}

    def with_results(self, results: Sequence[BatchResult], keep: Sequence[str]) -> object:
        """Return the columns of the results of the first rows, after some of their own columns."""
        found: Columns = {name: [] for name in RESULT_COLUMNS}
        for result in results:
            for name, value in result_values(result).items():
                found[name].append(value)
        if self._columns is not None:
            return {**{name: self._columns[name][: len(results)] for name in keep}, **found}
        pa = import_pyarrow()
        table = pa.Table.from_pydict(found, schema=result_schema())
        kept = self._table.select([*keep]).slice(0, len(results))
        return pa.Table.from_arrays([*kept.columns, *table.columns], schema=pa.schema([*kept.schema, *table.schema]))


def _as_table(batch: object) -> Any:
    pa = import_pyarrow()
    if isinstance(batch, pa.Table):
        return batch
    try:
        if is_mapping(batch):
            return pa.table({str(name): pa.array(values) for name, values in batch.items()})
        if hasattr(batch, "iloc"):
            return pa.Table.from_pandas(batch, preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError) as error:
        hint = "With Ray, use batch_format='pyarrow'."
        raise InvalidArgumentError("batch", "columns of which pyarrow makes a table", str(error), hint) from None
    accepted = "a pyarrow.Table, a pandas.DataFrame or a dict of columns"
    raise InvalidArgumentError("batch", accepted, describe(batch))


def result_values(result: BatchResult) -> dict[str, object]:
    """Return the values of a result by column."""
    completion, tokens, cost = result.completion, result.tokens, result.cost
    prompt_tokens, completion_tokens = tokens or (None, None)
    is_whole = completion is not None
    return {
        "custom_id": result.custom_id or None,
        "text": _json.join_surrogates(result.text) if is_whole else None,
        "parsed": None if result.parsed_json is None else _encode_json(result.parsed_json),
        "completion": _encode_json(result.body) if is_whole else None,
        "error": _error(result),
        "status": result.status_code,
        "finish_reason": _text(completion.choices[0].finish_reason) if completion and completion.choices else None,
        "served_model": _text(completion.served_model) if completion else None,
        "request_id": _text(result.request_id),
        "attempts": result.attempts,
        "seconds": round(result.seconds, 3),
        "cost": None if cost is None else float(cost),
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "body_hash": result.body_hash,
    }


def _error(result: BatchResult) -> dict[str, object] | None:
    error = result.error
    if error is None:
        return None
    problems = [*map(_json.join_surrogates, error.problems)] if isinstance(error, InvalidCompletionError) else None
    body = _encode_json(result.body) if result.completion is None and result.body is not None else None
    message = _json.join_surrogates(str(error))
    return {"type": type(error).__name__, "message": message, "problems": problems, "body": body}


def _encode_json(value: object) -> str:
    return _json.encode_received(value).decode()


def _text(value: object) -> str | None:
    return _json.join_surrogates(str(value)) if value is not None else None


def without_nulls(value: object) -> object:
    """Return a value without the properties that are null. Arrow adds them where rows have different properties."""
    if is_mapping(value):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if is_sequence(value) else value


def read_body(row: Mapping[str, object]) -> object:
    """Return the body of a request from the column ``body`` or ``messages``, which are JSON texts or nested columns.

    Raises:
        InvalidArgumentError: there is no such column, or a text is not JSON.
    """
    for name in ("body", "messages"):
        value = row.get(name)
        if value is None:
            continue
        if isinstance(value, str):
            try:
                value = _json.decode_strictly(value)
            except _json.STRICT_ERRORS as error:
                raise InvalidArgumentError(f"column {name!r}", "JSON", f"{describe(value)}: {error}") from None
        else:
            value = without_nulls(value)
        return value if name == "body" else {"messages": value}
    hint = "Make messages of other columns with a template."
    raise InvalidArgumentError("row", "a column 'body' or 'messages'", f"columns {', '.join(map(repr, row))}", hint)

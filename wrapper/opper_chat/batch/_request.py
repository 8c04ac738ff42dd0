"""A request of a batch, and rows read as requests. No I/O.

A row is a line of OpenAI's batch files (``custom_id``, ``method``, ``url``, ``body``), the body of a request with or
without ``custom_id``, or, with a template, columns. A row that cannot be sent becomes a request with an error, because
each row has a result in the output.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import NamedTuple, cast
from zlib import crc32

from opper_chat_api.params import ChatCompletionRequestParam

from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._json import codec as _json
from .._json.codec import is_mapping
from .._json.scalars import json_scalar
from .._validation.typed_dicts import property_hints
from ._template import RequestTemplate

CUSTOM_ID = "custom_id"
ENDPOINT = "/chat/completions"
_LINE_KEYS = frozenset({CUSTOM_ID, "method", "url", "body"})
HASH_BYTES = 16


class BatchRequest(NamedTuple):
    """A request of a batch."""

    custom_id: str
    """The id of the row."""
    body: Mapping[str, object]
    """The body of the request, without the ``defaults``. Parameters that the contract does not know are sent too."""
    error: InvalidArgumentError | None = None
    """Why the row cannot be sent, or None."""


class InvalidRow(NamedTuple):
    """A row that could not be read, such as a line that is not JSON."""

    content: bytes
    error: InvalidArgumentError


class RowReader:
    """Reads rows as requests.

    Args:
        template: what makes a body of the columns of a row, or None if rows are bodies or batch lines.
        defaults: parameters of all requests. Those of a row replace them.
        id_column: the property of a row that has its id.
    """

    def __init__(
        self, template: RequestTemplate | None, defaults: Mapping[str, object], id_column: str = CUSTOM_ID
    ) -> None:
        self._template = template
        self._defaults = defaults
        self._id_column = id_column

    def read(self, row: object, default_id: str) -> BatchRequest:
        """Return the request of a row.

        Args:
            row: a mapping, a `BatchRequest`, or an `InvalidRow`.
            default_id: the id of a row that has none.
        """
        if isinstance(row, BatchRequest):
            return self._check_request(row, default_id)
        if isinstance(row, InvalidRow):
            return BatchRequest(default_id, {"row": row.content.decode("utf-8", "replace")}, row.error)
        custom_id, columns = default_id, row
        try:
            if not is_mapping(row):
                raise InvalidArgumentError("row", "an object", describe(row))
            columns = dict(row)
            given = columns.get(self._id_column) if self._template else columns.pop(self._id_column, None)
            if given is not None:
                custom_id = _check_id(given, self._id_column, accept_integers=self._template is not None)
            body = self._template.body(columns) if self._template else _body(columns)
            body = {**self._defaults, **body}
            _check_body(body)
        except InvalidArgumentError as error:
            return BatchRequest(custom_id, {"row": columns}, error)
        return BatchRequest(custom_id, body)

    def _check_request(self, request: BatchRequest, default_id: str) -> BatchRequest:
        """Return a request with the defaults. One that this returned is returned as it is."""
        custom_id, body = cast("tuple[object, object]", request[:2])  # users can give others
        checked_id = default_id
        if request.error is not None and isinstance(custom_id, str):
            return request
        try:
            checked_id = _check_id(custom_id, CUSTOM_ID, accept_integers=False)
            if not is_mapping(body):
                raise InvalidArgumentError("body", "an object", describe(body))
            checked = {**self._defaults, **{str(name): value for name, value in body.items()}}
            _check_body(checked)
        except InvalidArgumentError as error:
            return BatchRequest(checked_id, {"row": body}, error)
        return BatchRequest(checked_id, checked)


def _check_id(value: object, column: str, *, accept_integers: bool) -> str:
    value = json_scalar(value)  # NumPy has integers of its own
    if accept_integers and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value:
        raise InvalidArgumentError(column, "a string that is not empty", describe(value))
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidArgumentError(column, "a string without half of a surrogate pair", describe(value)) from None
    return value


def _body(row: dict[object, object]) -> dict[str, object]:
    """Return the body of a row without its id."""
    body: object = row
    if "body" in row and row.keys() <= _LINE_KEYS:
        if row.get("method", "POST") != "POST":
            raise InvalidArgumentError("method", "'POST'", describe(row["method"]))
        url = row.get("url", ENDPOINT)
        if not isinstance(url, str) or not url.endswith(ENDPOINT):
            raise InvalidArgumentError("url", f"a path that ends with {ENDPOINT}", describe(url))
        body = row["body"]
    if not is_mapping(body):
        raise InvalidArgumentError("body", "an object", describe(body))
    return {str(name): value for name, value in body.items()}


def _check_body(body: dict[str, object]) -> None:
    if body.pop("stream", None):
        raise InvalidArgumentError("stream", "no stream", "True", "A batch reads whole completions.")
    if "messages" not in body:
        hint = "A row is a batch line with a body, or a body with messages. Make messages of columns with a template."
        raise InvalidArgumentError("messages", "a list of messages", "none", hint)


def call_arguments(body: Mapping[str, object]) -> dict[str, object]:
    """Return the arguments of ``create()`` that send a body: what the contract does not know is ``extra_body``."""
    known = property_hints(ChatCompletionRequestParam)
    arguments = {name: value for name, value in body.items() if name in known}
    extra = {name: value for name, value in body.items() if name not in known}
    return {**arguments, "extra_body": extra} if extra else arguments


def hash_request(request: BatchRequest, key: bytes = b"") -> str:
    """Return a hash of the body, as 32 hexadecimal digits. The order of properties does not matter.

    Args:
        request: the request.
        key: the `hash_key` of what the batch adds to each body.
    """
    try:
        text = json.dumps(request.body, sort_keys=True, separators=(",", ":"), default=_stable_text)
    except (TypeError, ValueError):  # it is no JSON, which the call refuses
        text = ascii(request.body)
    except RecursionError:  # which the call refuses too
        text = "nested too deeply"
    return blake2b(text.encode(), digest_size=HASH_BYTES, key=key).hexdigest()


def _stable_text(value: object) -> str:
    """Return a text for a value that JSON does not have, which is the same in each process."""
    try:
        return _json.encode(value).decode()
    except ValueError:
        return type(value).__qualname__  # its repr can have an address or an order of its own


def hash_key(response_format: object) -> bytes:
    """Return what makes hashes of bodies differ between response formats; nothing for None.

    A schema can be long, so it is not hashed for each row.
    """
    if response_format is None:
        return b""
    text = json.dumps(response_format, sort_keys=True, separators=(",", ":"), default=repr)
    return blake2b(text.encode(), digest_size=HASH_BYTES).digest()


def is_in_shard(custom_id: str, shard: tuple[int, int] | None) -> bool:
    """Return whether a row belongs to a shard, counted from 1. All processes agree about it."""
    # Not hash(), which differs between processes: rows would be in several shards, or in none.
    return shard is None or crc32(custom_id.encode("utf-8", "surrogatepass")) % shard[1] == shard[0] - 1

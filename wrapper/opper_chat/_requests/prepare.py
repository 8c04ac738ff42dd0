"""Convert the arguments of a call to an HTTP request: its headers, query and body. No I/O, no HTTP library."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from opper_chat_api.api.chat import create_chat_completion

from .._config.headers import HEADER_VALUE, check_headers, check_query
from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._json import codec as _json
from .assistant_messages import complete_messages
from .parameters import check_encodable, check_extra_body, check_parameters


class PreparedRequest(NamedTuple):
    """The HTTP request of a call, without what the client adds: the base URL, the key and its own headers."""

    method: str
    path: str
    """Relative to the base URL."""
    headers: dict[str, str]
    """By name in lower case."""
    query: dict[str, str]
    body: dict[str, object]
    content: bytes
    """The body as JSON text."""
    choices: int
    """The number of choices that the request has as ``n``."""


@cache
def _endpoint() -> tuple[str, str, dict[str, str]]:
    """Return the method, the path and the headers of the generated endpoint; names of headers are in lower case."""
    # The public functions of the endpoint send. This private one returns what they send.
    request: dict[str, Any] = create_chat_completion._get_kwargs(body={"messages": []})  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    headers: dict[str, str] = request["headers"]
    return request["method"].upper(), request["url"], {name.lower(): value for name, value in headers.items()}


def prepare(
    params: Mapping[str, object],
    *,
    stream: object = False,
    extra_headers: Mapping[str, str] | None = None,
    extra_query: Mapping[str, object] | None = None,
    extra_body: Mapping[str, object] | None = None,
    function: str = "create()",
) -> PreparedRequest:
    """Validate the arguments of a call, and return its request.

    Headers and properties of the ``extra_`` options replace those of the same name. None means that a parameter is
    absent; in ``extra_body`` it is sent as null. Error messages name the function.

    Raises:
        UnknownArgumentError: the contract has no parameter of this name.
        InvalidArgumentError: a value does not fit the contract.
    """
    if stream is not None and not isinstance(stream, bool):
        raise InvalidArgumentError("stream", "True, False or None", describe(stream))
    body = check_parameters(params, function)
    complete_messages(body, params)
    # The documented schema has `stream` in both of its variants, so it is always sent.
    body["stream"] = bool(stream)
    if extra_body is not None:  # last, because it replaces parameters of the same name
        body.update(check_extra_body(extra_body))
    if not body.get("messages"):
        in_extra_body = extra_body is not None and "messages" in extra_body
        argument, source = ("extra_body.messages", extra_body or {}) if in_extra_body else ("messages", params)
        received = describe(source["messages"]) if "messages" in source else "nothing"
        raise InvalidArgumentError(argument, "a list of at least one message", received)
    try:
        content = _json.encode(body)
    except ValueError:  # find the value that JSON cannot represent, and raise an error that names its path
        body = check_encodable(body, extra_body or {})
        content = _json.encode(body)
    method, path, headers = _endpoint()
    headers = {
        **headers,
        "accept": "text/event-stream, application/json" if stream else "application/json",
        **_span_header(body),
    }
    if extra_headers is not None:
        headers.update(check_headers(extra_headers, "extra_headers"))
    query = {} if extra_query is None else check_query(extra_query, "extra_query")
    n = body.get("n")
    return PreparedRequest(method, path, headers, query, body, content, n if isinstance(n, int) and n > 0 else 1)


SPAN_HEADER = "x-opper-parent-span-id"
"""The header for the parent span at Opper's v3 endpoint, whose request body has no parameter for it."""


def _span_header(body: Mapping[str, object]) -> dict[str, str]:
    """Return the header with the parent span of the body, or no header if there is none."""
    span = body.get("parent_span_id")
    # Any string is accepted in the body. One that a header cannot represent is sent there alone, for the server to
    # refuse.
    return {SPAN_HEADER: span} if isinstance(span, str) and span and HEADER_VALUE.fullmatch(span) else {}

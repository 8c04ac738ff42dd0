"""The call of a row: its result, also if it fails."""

from __future__ import annotations

from time import monotonic
from typing import Any

from ..._async.parsed_stream import parse_with_body
from ..._async.requester import AsyncRequester
from ..._errors.api import APIError, AuthenticationError, InvalidArgumentError
from ..._json import codec as _json
from ..._requests.response_format import ResponseFormat
from ..._results.completion import ChatCompletion
from ..._results.markdown_fences import without_fence
from .._errors import BatchError
from .._options import BatchSettings
from .._request import BatchRequest, call_arguments, hash_request
from .._result import BatchResult, failed_completion, response_body


async def complete_request(requester: AsyncRequester, request: BatchRequest, settings: BatchSettings) -> BatchResult:
    """Send a request, and return its result.

    Args:
        requester: sends the calls of the client.
        request: the request. If it has an error, nothing is sent.
        settings: those of the batch.

    Raises:
        AuthenticationError: the key is wrong, which is no failure of the row.
        MissingKeyError: there is none.
        BatchError: the client was closed, which is none either.
    """
    started = monotonic()
    completion: ChatCompletion | None = None
    parsed: Any = None
    body: object = None
    error: APIError | InvalidArgumentError | None = request.error
    if error is None:
        try:
            completion, content, parsed = await _call(requester, request, settings)
            body = _body(content, completion)
        except AuthenticationError:
            raise
        except APIError as failure:
            if requester.session.closed and failure.status_code is None:
                raise BatchError("The client was closed. Rows without a line are sent by the next run.") from failure
            error = failure
            completion, body = failed_completion(failure), response_body(failure.raw_body)
        except InvalidArgumentError as failure:
            error = failure
    return BatchResult(
        custom_id=request.custom_id,
        completion=completion,
        parsed=parsed,
        error=error,
        body=body,
        body_hash=hash_request(request, settings.hash_key),
        seconds=monotonic() - started,
        parsed_json=None if parsed is None else _json_value(settings.response_format, completion),
        price=settings.price,
    )


async def _call(
    requester: AsyncRequester, request: BatchRequest, settings: BatchSettings
) -> tuple[ChatCompletion, bytes, Any]:
    """Return the completion, the body that it was read from, and its value."""
    arguments = call_arguments(request.body)
    if settings.response_format is None:
        call = requester.create_call(arguments, stream=None)
        completion, content = await requester.complete(call)
        return completion, content, None
    if "response_format" in arguments:
        hint = "The option response_format of the batch makes it."
        raise InvalidArgumentError("response_format", "none in the row", "one", hint)
    parsed, content = await parse_with_body(requester, arguments, settings.response_format, settings.retries_on_invalid)
    return parsed, content, parsed.parsed


def _body(content: bytes, completion: ChatCompletion) -> object:
    try:
        return _json.decode(content)
    except ValueError:  # a stream, or JSON with `data: [DONE]` after it
        return completion.to_dict()


def _json_value(response_format: ResponseFormat[Any] | None, completion: ChatCompletion | None) -> object:
    """Return the value of a completion that fits, as a JSON value."""
    if response_format is None or completion is None:
        return None
    return response_format.unwrap(_json.decode(without_fence(completion.text)))

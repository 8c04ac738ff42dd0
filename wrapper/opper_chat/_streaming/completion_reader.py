"""Read the body of a response to a plain call: the completion, or the error that it is. No I/O, no HTTP library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from opper_chat_api.errors import DecodeError
from opper_chat_api.models.chat_completion_message import ChatCompletionMessage

from .._config.response_limits import DEFAULT_LIMITS, ResponseLimits, exceeded_limit, too_large_error
from .._errors.api import APIError, APIResponseValidationError
from .._errors.bodies import is_error
from .._json import codec as _json
from .._json.codec import is_array, is_object
from .._json.lenient import is_filtered, scalar_text
from .._results.completion import ChatCompletion, mark_as_snapshot
from .._results.status_errors import not_json, status_error, with_excerpt


def read_completion(
    status_code: int,
    headers: Mapping[str, str],
    content: bytes,
    limits: ResponseLimits = DEFAULT_LIMITS,
    expected_choices: int = 1,
) -> ChatCompletion:
    """Return the completion in the body of a response to a call that does not ask for a stream.

    A body that is a stream is read as well, because some gateways and engines send nothing else.

    Args:
        status_code: the status of the response.
        headers: the headers of the response.
        content: the body.
        limits: the largest number of choices and of tool calls.
        expected_choices: the number of choices that the request requires (``n``).

    Raises:
        APIStatusError: the status is not 2xx. Its subclass depends on the status.
        APIError: the status is 2xx and the body is an error.
        APIResponseValidationError: the body is not a chat completion.
        ResponseTooLargeError: the completion has more choices or tool calls than the limits allow.
        StreamTruncatedError: the body is a stream that ended before the completion was complete.
    """
    if not 200 <= status_code < 300:
        raise status_error(status_code, headers, content)
    try:
        body = _json.decode(content)
    except ValueError as error:
        from .decoder import begins_stream, without_last_line  # most plain calls never need it

        if begins_stream(content.lstrip()):
            return _read_stream(status_code, headers, content, limits, expected_choices)
        try:
            body = _json.decode(without_last_line(content))
        except ValueError:
            raise not_json(status_code, headers, content, str(error)) from None
    is_common = _is_common_body(body)
    if not is_common and is_error(body):
        failure = APIError(
            "The body is an error though the status is not.",
            status_code=status_code,
            headers=headers,
            raw_body=content,
            body=body,
        )
        failure.partial = _partial_completion(body)
        raise failure
    if (exceeded := exceeded_limit(body, limits)) is not None:
        raise too_large_error(limits, exceeded, status_code=status_code, headers=headers, raw_body=content)
    try:
        return ChatCompletion.from_dict(cast("dict[str, object]", body)) if is_common else _read_body(body)
    except DecodeError as error:
        if is_object(body) and is_array(choices := body.get("choices")) and any(map(_has_delta, choices)):
            return _read_stream(status_code, headers, content, limits, expected_choices)
        raise APIResponseValidationError(
            with_excerpt(f"The body is not a chat completion ({error})", headers, content, body),
            status_code=status_code,
            headers=headers,
            raw_body=content,
            body=body,
        ) from None


def _is_common_body(body: Any) -> bool:
    """Return whether a body is like nearly all bodies, without an error. Other bodies take ten times as many checks."""
    if body.__class__ is not dict or "error" in body:
        return False
    try:
        for choice in body["choices"]:
            message = choice["message"]
            if choice["finish_reason"] not in _COMMON_REASONS or "error" in choice or message["role"] != "assistant":
                return False
            if message["content"].__class__ not in _COMMON_CONTENTS:
                return False
    except (KeyError, TypeError):
        return False
    return bool(body["choices"])


_COMMON_REASONS = ("stop", "length", "tool_calls")
_COMMON_CONTENTS = (str, type(None))


def _read_body(body: object) -> ChatCompletion:
    """Return a completion, and fill in what some servers leave out of messages.

    Raises:
        DecodeError: the body is not a completion, or a choice has neither a message nor a finish reason.
    """
    choices = body.get("choices") if is_object(body) else None
    for choice in choices if is_array(choices) else ():
        message = choice.get("message") if is_object(choice) else None
        if is_object(message):
            if not message.get("role"):
                message["role"] = "assistant"
            content = message.get("content")
            if content is not None and (text := scalar_text(content)) is not None:
                message["content"] = text
        elif is_object(choice):
            if not is_filtered(choice):
                raise DecodeError("ChatCompletion", "choices.message", "an object", message)
            choice["message"] = {"role": "assistant"}
    # The model rejects a body that is not an object, with the same message as any other wrong value.
    return ChatCompletion.from_dict(cast("dict[str, object]", body))


def _has_delta(choice: object) -> bool:
    return is_object(choice) and is_object(choice.get("delta"))


def _read_stream(
    status_code: int, headers: Mapping[str, str], content: bytes, limits: ResponseLimits, expected_choices: int
) -> ChatCompletion:
    """Return the completion of a stream that was sent although the request did not set ``stream``."""
    from .._concurrency.deadlines import Deadlines, Timeouts
    from .state import StreamState

    state = StreamState(status_code, headers, Deadlines(Timeouts(), 0), expected_choices, limits)
    for data in (content, b""):
        if not state.finished:
            state.receive(data)
        while state.next_chunk() is not None:
            pass
    failure = state.conclude()
    if failure is not None:
        failure.raw_body = content  # the whole body, not only the event that is wrong
        raise failure
    return state.accumulator.snapshot()


def _partial_completion(body: object) -> ChatCompletion | None:
    """Return the completion in a body that is an error as well, or None if there is none."""
    try:
        completion = _read_body(body)
    except DecodeError:
        return None
    has_message = any(choice.message != ChatCompletionMessage(role="assistant") for choice in completion.choices)
    return mark_as_snapshot(completion) if has_message else None

"""The completion that is the body of a response to a plain call, or the error that it is. No I/O, no HTTP library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from opper_chat_api.errors import DecodeError
from opper_chat_api.models.chat_completion_message import ChatCompletionMessage

from .._config.response_limits import DEFAULT_LIMITS, ResponseLimits, too_large_error
from .._errors.api import APIError, APIResponseValidationError
from .._errors.bodies import is_error
from .._json import codec as _json
from .._json.codec import is_array, is_object
from .._json.lenient import is_withheld, scalar_text
from .._results.completion import ChatCompletion, mark_as_snapshot
from .._results.status_errors import exceeded_limit, not_json, status_error, with_excerpt


def read_completion(
    status_code: int,
    headers: Mapping[str, str],
    content: bytes,
    limits: ResponseLimits = DEFAULT_LIMITS,
    expected_choices: int = 1,
) -> ChatCompletion:
    """Return the completion that is the body of a response to a call that asked for no stream.

    A stream is read as well: some gateways and engines send nothing else.

    Args:
        status_code: of the response.
        headers: of the response.
        content: the body.
        limits: the most choices and tool calls that are accepted.
        expected_choices: how many choices were asked for.

    Raises:
        APIStatusError: the status is not 2xx; the class tells which.
        APIError: the status is 2xx and the body says that the call failed.
        APIResponseValidationError: the body is not a chat completion.
        ResponseTooLargeError: it has more choices or tool calls than the limits allow.
        StreamTruncatedError: the body is a stream that ended before the answer did.
    """
    if not 200 <= status_code < 300:
        raise status_error(status_code, headers, content)
    try:
        body = _json.decode(content)
    except ValueError as error:
        from .decoder import begins_stream, without_last_line  # loaded by those who read streams, or such a body

        if begins_stream(content.lstrip()):
            return _read_stream(status_code, headers, content, limits, expected_choices)
        try:
            body = _json.decode(without_last_line(content))
        except ValueError:
            raise not_json(status_code, headers, content, str(error)) from None
    usual = _is_usual(body)
    if not usual and is_error(body):
        failure = APIError(
            "The body is an error though the status is not.",
            status_code=status_code,
            headers=headers,
            raw_body=content,
            body=body,
        )
        failure.partial = _partial(body)
        raise failure
    if (exceeded := exceeded_limit(body, limits)) is not None:
        raise too_large_error(limits, exceeded, status_code=status_code, headers=headers, raw_body=content)
    try:
        return ChatCompletion.from_dict(cast("dict[str, object]", body)) if usual else _read_body(body)
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


def _is_usual(body: Any) -> bool:
    """Return whether a body is what nearly all are. It is asked first: all other questions cost ten times as much."""
    if body.__class__ is not dict or "error" in body:
        return False
    try:
        for choice in body["choices"]:
            message = choice["message"]
            if choice["finish_reason"] not in _USUAL_REASONS or "error" in choice or message["role"] != "assistant":
                return False
            if message["content"].__class__ not in _USUAL_CONTENTS:
                return False
    except (KeyError, TypeError):
        return False
    return bool(body["choices"])


_USUAL_REASONS = ("stop", "length", "tool_calls")
_USUAL_CONTENTS = (str, type(None))


def _read_body(body: object) -> ChatCompletion:
    """Return a completion, with what servers leave out of messages filled in.

    Raises:
        DecodeError: the body is none, or a choice has neither a message nor a finish reason.
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
            if not is_withheld(choice):
                raise DecodeError("ChatCompletion", "choices.message", "an object", message)
            choice["message"] = {"role": "assistant"}
    # A body that is no object is for the model to refuse, in the same words as any other misfit.
    return ChatCompletion.from_dict(cast("dict[str, object]", body))


def _has_delta(choice: object) -> bool:
    return is_object(choice) and is_object(choice.get("delta"))


def _read_stream(
    status_code: int, headers: Mapping[str, str], content: bytes, limits: ResponseLimits, expected_choices: int
) -> ChatCompletion:
    """Return the completion that a stream amounts to, which was sent though none was asked for."""
    from .._concurrency.deadlines import Deadlines, Timeouts
    from .state import StreamFlow

    flow = StreamFlow(status_code, headers, Deadlines(Timeouts(), 0), expected_choices, limits)
    for data in (content, b""):
        if not flow.over:
            flow.receive(data)
        while flow.take() is not None:
            pass
    failure = flow.conclude()
    if failure is not None:
        failure.raw_body = content  # all of it is there, and not only the event that is wrong
        raise failure
    return flow.accumulator.snapshot()


def _partial(body: object) -> ChatCompletion | None:
    """Return what of a completion came beside an error, or None where nothing did."""
    try:
        completion = _read_body(body)
    except DecodeError:
        return None
    has_message = any(choice.message != ChatCompletionMessage(role="assistant") for choice in completion.choices)
    return mark_as_snapshot(completion) if has_message else None

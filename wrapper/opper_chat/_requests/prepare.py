"""Arguments → the prepared request: what is sent, checked before it costs anything. No I/O, no HTTP library."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, Required, cast

from opper_chat_api.api.chat import create_chat_completion
from opper_chat_api.models.chat_completion_message import ChatCompletionMessage
from opper_chat_api.params import (
    AssistantMessageParam,
    ChatCompletionParametersParam,
    ChatCompletionRequestParam,
    ChatCompletionSettingsParam,
    ChatMessageParam,
)

from .._config.headers import HEADER_VALUE, check_headers, check_query, hidden
from .._config.options import CallOptions, ClientSettings
from .._errors.api import InvalidArgumentError, UnknownArgumentError
from .._errors.describe import describe
from .._errors.invalid_value import UnexpectedValueError
from .._errors.nesting import nesting_error
from .._errors.secret_names import is_secret_argument
from .._json import codec as _json
from .._json.codec import is_array, is_mapping, is_object, is_sequence
from .._results.content import put_together
from .._validation.type_checks import check_json, members, nullable
from .argument_hints import argument_hint, unknown_parameter
from .assistant_messages import ASSISTANT_ROLES, check_leniently, complete_message

__all__ = [
    "CallArguments",
    "PreparedRequest",
    "TurnArguments",
    "check_encodable",
    "check_extra_keys",
    "check_messages",
    "check_parameters",
    "prepare",
    "split",
]

_OF_THE_CALL = frozenset(CallOptions.__annotations__)


class CallArguments(ChatCompletionRequestParam, CallOptions, total=False):
    """The parameters of the contract, and the options of a call."""


class AnswerArguments(ChatCompletionSettingsParam, CallOptions, total=False):
    """The same without the schemas of answers and tools, for calls that make them from types."""

    messages: Required[Sequence[ChatMessageParam]]
    """The conversation so far, oldest message first."""


class TurnArguments(ChatCompletionParametersParam, CallOptions, total=False):
    """The same without the messages, for whatever keeps these by itself."""


def split(arguments: Mapping[str, object]) -> tuple[CallOptions, dict[str, object]]:
    """Return the options of a call and its parameters, each apart."""
    params = dict(arguments)
    options: dict[str, Any] = {}
    if not _OF_THE_CALL.isdisjoint(params):
        options = {name: params.pop(name) for name in list(params) if name in _OF_THE_CALL}
    return cast("CallOptions", options), params


class PreparedRequest(NamedTuple):
    """One request, ready to be sent."""

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
    """How many are asked for."""


@cache
def _endpoint() -> tuple[str, str, dict[str, str]]:
    """What the generated endpoint says of every request: method, path, and headers by their names in lower case."""
    # The endpoint's public functions send; what they send comes from this one.
    said: dict[str, Any] = create_chat_completion._get_kwargs(body={"messages": []})  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    headers: dict[str, str] = said["headers"]
    return said["method"].upper(), said["url"], {name.lower(): value for name, value in headers.items()}


def prepare(
    params: Mapping[str, object],
    *,
    stream: object = False,
    extra_headers: Mapping[str, str] | None = None,
    extra_query: Mapping[str, object] | None = None,
    extra_body: Mapping[str, object] | None = None,
    function: str = "create()",
) -> PreparedRequest:
    """Check the arguments of a call and write its request.

    Args:
        params: the parameters of the contract; None stands for one that is left out.
        stream: whether chunks are asked for.
        extra_headers: headers to add; they win over the client's own.
        extra_query: query parameters to add.
        extra_body: members to add to the body, of any JSON form; they win over ``params``, and null is sent as null.
        function: the method that was called, for error messages.

    Raises:
        UnknownArgumentError: a parameter has a name that the contract does not know.
        InvalidArgumentError: a value is not what the contract says.
    """
    if stream is not None and not isinstance(stream, bool):
        raise InvalidArgumentError("stream", "True, False or None", describe(stream))
    body = _check_params(params, function)
    _mend_answers(body, params)
    # The documented schema names `stream` in both of its forms, so it is always sent.
    body["stream"] = bool(stream)
    if extra_body is not None:
        body.update(_check_extra_body(extra_body))
    if not body.get("messages"):
        in_extra_body = extra_body is not None and "messages" in extra_body
        place, source = ("extra_body.messages", extra_body or {}) if in_extra_body else ("messages", params)
        given = describe(source["messages"]) if "messages" in source else "nothing"
        raise InvalidArgumentError(place, "a list of at least one message", given)
    try:
        content = _json.encode(body)
    except ValueError:  # something in an answer's message, or a string that is not Unicode
        body = check_encodable(body, extra_body or {})
        content = _json.encode(body)
    method, path, headers = _endpoint()
    headers = {
        **headers,
        "accept": "text/event-stream, application/json" if stream else "application/json",
        **_span_header(body),
        **check_headers(extra_headers, "extra_headers"),
    }
    query = check_query(extra_query, "extra_query")
    return PreparedRequest(method, path, headers, query, body, content, _choices(body))


SPAN_HEADER = "x-opper-parent-span-id"
"""Carries the parent span at Opper's v3 address, whose request body has no parameter for it."""


def _span_header(body: Mapping[str, object]) -> dict[str, str]:
    """Return the header that repeats the body's parent span, or nothing if the body has none."""
    span = body.get("parent_span_id")
    # Any text may stand there. One that no header can carry unchanged is left to the body, for the server to refuse.
    return {SPAN_HEADER: span} if isinstance(span, str) and span and HEADER_VALUE.fullmatch(span) else {}


def check_messages(messages: object) -> list[dict[str, object]]:
    """Return messages as they would be sent.

    Raises:
        InvalidArgumentError: one is not what the contract says.
    """
    params = {"messages": messages}
    body = _check_params(params, "")
    _mend_answers(body, params)
    return cast("list[dict[str, object]]", body["messages"])


_MESSAGES_KEPT = "A conversation keeps its messages. Add to them with append() and extend()."
"""What to do instead of giving messages to calls of a conversation."""


def check_parameters(arguments: Mapping[str, object], function: str) -> None:
    """Check the parameters of calls that have no messages yet.

    Raises:
        UnknownArgumentError: one has a name that is not known, or that these calls do not take.
        InvalidArgumentError: a value is not what the contract says.
    """
    always_streams = function.endswith(".stream()")
    stream_hint = "It always streams. Leave the argument out." if always_streams else "Use its method stream()."
    for name, hint in (("messages", _MESSAGES_KEPT), ("stream", stream_hint)):
        if name in arguments:
            raise UnknownArgumentError(name, describe(arguments[name]), None, hint, function)
    options, params = split(arguments)
    _check_params(params, function)
    ClientSettings(None, "").updated(options)
    check_headers(options.get("extra_headers"), "extra_headers")
    check_query(options.get("extra_query"), "extra_query")
    if (extra_body := options.get("extra_body")) is not None:
        _check_extra_body(extra_body)
        check_extra_keys(extra_body, {"messages": _MESSAGES_KEPT})


def check_extra_keys(extra_body: object, refused: Mapping[str, str]) -> None:
    """Refuse keys of ``extra_body`` that would take the place of what the client itself writes into the request.

    Args:
        extra_body: what the caller gave.
        refused: the keys, and what to do instead.

    Raises:
        InvalidArgumentError: one of them is there.
    """
    for name, hint in refused.items():
        if is_mapping(extra_body) and name in extra_body:
            raise InvalidArgumentError("extra_body", f"keys other than {name!r}", repr(name), hint)


def _mend_answers(body: Mapping[str, object], params: Mapping[str, object]) -> None:
    """Say who speaks in an answer's message that goes back, leave out what it has as null, and put parts together.

    Servers that leave ``role`` out want it when it comes, and those that send null do not take it, but as the content.
    """
    messages, given = body.get("messages"), params.get("messages")
    if not is_array(messages) or not is_sequence(given):
        return
    for message, source in zip(messages, given, strict=True):
        if is_object(message):
            if isinstance(source, ChatCompletionMessage) or message.get("role") in ASSISTANT_ROLES:
                # What a dict has as null where the contract allows it was written so.
                kept = () if isinstance(source, ChatCompletionMessage) else nullable(AssistantMessageParam)
                for name in [name for name, value in message.items() if value is None and name not in kept]:
                    del message[name]
                put_together(message)
            message.setdefault("role", "assistant")
            if message["role"] in ASSISTANT_ROLES:
                complete_message(message)


def _choices(body: Mapping[str, object]) -> int:
    n = body.get("n")
    return n if isinstance(n, int) and n > 0 else 1


def _check_params(params: Mapping[str, object], function: str) -> dict[str, object]:
    checks = members(ChatCompletionRequestParam)
    body: dict[str, object] = {}
    for name, value in params.items():
        check = checks.get(name)
        if check is None:
            raise unknown_parameter(name, value, checks, function)
        if value is None:
            continue
        try:
            try:
                body[name] = check(value)
            except UnexpectedValueError:
                if name != "messages":
                    raise
                body[name] = check_leniently(check, value)
        except UnexpectedValueError as error:
            raise _invalid(error.at(name), argument_hint(error, function)) from None
        except RecursionError:
            raise _invalid(nesting_error(value).at(name)) from None
    return body


def check_encodable(body: Mapping[str, object], extra_body: Mapping[str, object] = {}) -> dict[str, object]:
    """Return a body as built-in types, all of which JSON can represent without loss.

    Args:
        body: of the request.
        extra_body: the argument. An error says that a property is from there.

    Raises:
        InvalidArgumentError: JSON cannot represent something in it. Names its place.
    """
    checked: dict[str, object] = {}
    for name, value in body.items():
        try:
            checked[name] = check_json(value)
            _check_encodable_value(name)  # of `extra_body`
            _check_encodable_value(checked[name])
        except UnexpectedValueError as error:
            place = ("extra_body", name) if name in extra_body else (name,)
            raise _invalid(error.at(*place)) from None
        except RecursionError:
            raise _invalid(nesting_error(value).at(name)) from None
    return checked


def _check_encodable_value(value: object) -> None:
    """Refuse strings with half of a surrogate pair, which UTF-8 lacks, and integers that Python does not print."""
    steps = value.items() if is_object(value) else enumerate(value) if is_array(value) else ()
    for step, item in steps:
        try:
            _check_encodable_value(step)
            _check_encodable_value(item)
        except UnexpectedValueError as error:
            raise error.at(step) from None
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            hint = "Remove it with text.encode('utf-8', 'replace').decode()."
            raise UnexpectedValueError("a string without half of a surrogate pair", value, hint) from None
    if isinstance(value, int):
        try:
            str(value)
        except ValueError:  # sys.set_int_max_str_digits()
            raise UnexpectedValueError(f"an integer of at most {sys.get_int_max_str_digits()} digits", value) from None


def _invalid(error: UnexpectedValueError, advice: str = "") -> InvalidArgumentError:
    names = error.path[1:] if error.path[0] in members(ChatCompletionRequestParam) else error.path
    is_hidden = any(isinstance(name, str) and is_secret_argument(name) for name in names)
    given = hidden(error.value) if is_hidden else error.received
    return InvalidArgumentError(error.argument, error.expected, given, advice or error.hint)


def _check_extra_body(extra_body: object) -> dict[str, object]:
    if not is_mapping(extra_body):
        raise InvalidArgumentError("extra_body", "a dict", describe(extra_body))
    try:
        checked = check_json(extra_body)
    except UnexpectedValueError as error:
        raise _invalid(error.at("extra_body")) from None
    except RecursionError:
        raise _invalid(nesting_error(extra_body).at("extra_body")) from None
    # Whether the answer is read as a stream must not be another question than whether one is asked for.
    check_extra_keys(extra_body, {"stream": "Use the argument stream."})
    return checked if is_object(checked) else {}

"""The arguments of a call: which there are, and their validation against the contract. No I/O, no HTTP library.

What is validated is returned as the JSON values that are sent. `prepare` builds the request from them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Required, cast

from opper_chat_api.params import (
    ChatCompletionParametersParam,
    ChatCompletionRequestParam,
    ChatCompletionSettingsParam,
    ChatMessageParam,
)

from .._config.headers import check_headers, check_query, hidden
from .._config.options import CallOptions, ClientSettings
from .._errors.api import InvalidArgumentError, UnknownArgumentError
from .._errors.describe import describe
from .._errors.invalid_value import UnexpectedValueError
from .._errors.nesting import nesting_error
from .._errors.secret_names import is_secret_argument
from .._json.codec import is_array, is_mapping, is_object
from .._validation.type_checks import check_json, property_checks
from .._validation.typed_dicts import property_hints
from .argument_hints import argument_hint, unknown_parameter
from .assistant_messages import check_leniently, complete_messages


class CallArguments(ChatCompletionRequestParam, CallOptions, total=False):
    """The parameters of the contract, and the options of a call."""


class TypedCallArguments(ChatCompletionSettingsParam, CallOptions, total=False):
    """The arguments of calls that build ``response_format`` and ``tools`` from Python types."""

    messages: Required[Sequence[ChatMessageParam]]
    """The conversation so far, oldest message first."""


class TurnArguments(ChatCompletionParametersParam, CallOptions, total=False):
    """The arguments of the calls of a conversation, which has the messages."""


_CALL_OPTIONS = frozenset(CallOptions.__annotations__)


def split_options(arguments: Mapping[str, object]) -> tuple[CallOptions, dict[str, object]]:
    """Return the options of a call, and its parameters."""
    params = dict(arguments)
    options: dict[str, Any] = {}
    if not _CALL_OPTIONS.isdisjoint(params):
        options = {name: params.pop(name) for name in list(params) if name in _CALL_OPTIONS}
    return cast("CallOptions", options), params


def check_parameters(params: Mapping[str, object], function: str) -> dict[str, object]:
    """Validate the parameters of a call, and return them as JSON values. None means that a parameter is absent.

    Raises:
        UnknownArgumentError: the contract has no parameter of this name.
        InvalidArgumentError: a value does not fit the contract.
    """
    checks = property_checks(ChatCompletionRequestParam)
    body: dict[str, object] = {}
    for name, value in params.items():
        check = checks.get(name) or checks.compile(name)
        if check is None:
            raise unknown_parameter(name, value, property_hints(ChatCompletionRequestParam), function)
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


def check_messages(messages: object) -> list[dict[str, object]]:
    """Validate messages, and return them as they are sent."""
    params = {"messages": messages}
    body = check_parameters(params, "")
    complete_messages(body, params)
    return cast("list[dict[str, object]]", body["messages"])


_MESSAGES_KEPT = "A conversation keeps its messages. Add to them with append() and extend()."
"""The hint for a call of a conversation that has an argument ``messages``."""


def check_turn_arguments(arguments: Mapping[str, object], function: str) -> None:
    """Validate the arguments of a conversation or of one of its calls.

    Raises:
        UnknownArgumentError: there is no argument of this name, or a conversation does not take it.
        InvalidArgumentError: a value does not fit.
    """
    always_streams = function.endswith(".stream()")
    stream_hint = "It always streams. Leave the argument out." if always_streams else "Use its method stream()."
    for name, hint in (("messages", _MESSAGES_KEPT), ("stream", stream_hint)):
        if name in arguments:
            raise UnknownArgumentError(name, describe(arguments[name]), None, hint, function)
    options, params = split_options(arguments)
    check_parameters(params, function)
    ClientSettings(None, "").updated(options)
    check_headers(options.get("extra_headers"), "extra_headers")
    check_query(options.get("extra_query"), "extra_query")
    if (extra_body := options.get("extra_body")) is not None:
        check_extra_body(extra_body)
        check_extra_keys(extra_body, {"messages": _MESSAGES_KEPT})


def check_extra_body(extra_body: object) -> dict[str, object]:
    """Validate the option ``extra_body``, and return it as JSON values. The key ``stream`` is refused."""
    if not is_mapping(extra_body):
        raise InvalidArgumentError("extra_body", "a dict", describe(extra_body))
    try:
        checked = check_json(extra_body)
    except UnexpectedValueError as error:
        raise _invalid(error.at("extra_body")) from None
    except RecursionError:
        raise _invalid(nesting_error(extra_body).at("extra_body")) from None
    # The body must not ask for a stream where the client reads a whole response, or the other way round.
    check_extra_keys(extra_body, {"stream": "Use the argument stream."})
    return checked if is_object(checked) else {}


def check_extra_keys(extra_body: object, refused: Mapping[str, str]) -> None:
    """Refuse keys of ``extra_body`` that replace what the client writes, each with a hint for the error."""
    for name, hint in refused.items():
        if is_mapping(extra_body) and name in extra_body:
            raise InvalidArgumentError("extra_body", f"keys other than {name!r}", repr(name), hint)


def check_encodable(body: Mapping[str, object], extra_body: Mapping[str, object] = {}) -> dict[str, object]:
    """Return a body as values of built-in types, or refuse a value that JSON cannot represent without loss.

    An error about a property that is from ``extra_body`` names that option.
    """
    checked: dict[str, object] = {}
    for name, value in body.items():
        try:
            checked[name] = check_json(value)
            _check_encodable_value(name)  # of `extra_body`
            _check_encodable_value(checked[name])
        except UnexpectedValueError as error:
            path = ("extra_body", name) if name in extra_body else (name,)
            raise _invalid(error.at(*path)) from None
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
    """Return the error for the caller, without the value if its name or an outer one is that of a secret."""
    names = error.path[1:] if error.path[0] in property_hints(ChatCompletionRequestParam) else error.path
    is_hidden = any(isinstance(name, str) and is_secret_argument(name) for name in names)
    received = hidden(error.value) if is_hidden else error.received
    return InvalidArgumentError(error.argument, error.expected, received, advice or error.hint)

"""Prepare the messages of a model for the next request. No I/O.

Servers read less than they write. Some refuse a message of the assistant without ``content``, a tool call without
``type``, or arguments that are not a JSON object, and with it every later request of the conversation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec
from attrs import fields
from opper_chat_api.models.chat_completion_message import ChatCompletionMessage
from opper_chat_api.params import AssistantMessageParam

from .._errors.invalid_value import UnexpectedValueError
from .._json import codec as _json
from .._json.codec import is_array, is_mapping, is_object, is_sequence
from .._json.scalars import json_scalar
from .._results.content import restore_parts
from .._validation.type_checks import Check, check_json
from .._validation.typed_dicts import nullable_properties

INVALID_ARGUMENTS = "INVALID_JSON"
"""The only property of arguments that replace those which are not a JSON object. Its value is their text."""

_PROPERTIES = [
    field.name for field in fields(ChatCompletionMessage) if field.name not in ("additional_properties", "_absent")
]
"""The properties that the contract knows."""

_object_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


ASSISTANT_ROLES = ("assistant", "Assistant", "ASSISTANT")
"""The role of the assistant, as servers write it."""


def check_leniently(check: Check, messages: object) -> object:
    """Check messages of which a check has refused one, but accept dicts that a server can have sent.

    A model is sent back however much the server's message differs from the contract. Its dict is the same message.
    """
    if is_sequence(messages):
        messages = [_as_received(check, message) for message in messages]
    return check(messages)


def _as_received(check: Check, message: object) -> object:
    """Return the model of an assistant message that a check refuses; any other message unchanged."""
    # Numbers are read as text, so no dict of a model has one as its content.
    if (
        not is_mapping(message)
        or json_scalar(message.get("role")) not in ASSISTANT_ROLES
        or isinstance(message.get("content"), int | float)
    ):
        return message
    try:
        check([message])
    except UnexpectedValueError:
        try:
            received = check_json(message)
        except UnexpectedValueError:  # not JSON, so no server has sent it
            return message
        return ChatCompletionMessage.from_dict(received) if is_object(received) else message
    return message


def complete_messages(body: Mapping[str, object], params: Mapping[str, object]) -> None:
    """Add what servers require of assistant messages, leave out properties that are null, and join content parts.

    Some servers write a message without ``role`` and require it in a request. Some write null, and accept it only
    in ``content``. The messages of the body are changed in place; the parameters are those that it was made from.
    """
    messages, sources = body.get("messages"), params.get("messages")
    if not is_array(messages) or not is_sequence(sources):
        return
    for message, source in zip(messages, sources, strict=True):
        if is_object(message):
            if isinstance(source, ChatCompletionMessage) or message.get("role") in ASSISTANT_ROLES:
                # In a dict, null where the contract allows it is what the caller wants to send.
                kept = () if isinstance(source, ChatCompletionMessage) else nullable_properties(AssistantMessageParam)
                for name in [name for name, value in message.items() if value is None and name not in kept]:
                    del message[name]
                restore_parts(message)
            message.setdefault("role", "assistant")
            if message["role"] in ASSISTANT_ROLES:
                complete_message(message)


def complete_message(message: dict[str, object]) -> None:
    """Add what servers require of an assistant message, in place.

    A message without content gets ``"content": null``, as servers send it with tool calls. A streamed message does not
    show whether it had that.
    """
    message.setdefault("content", None)
    calls = message.get("tool_calls")
    if is_array(calls):
        message["tool_calls"] = [complete_call(call) if is_object(call) else call for call in calls]
    if is_object(function := message.get("function_call")) and function.get("name"):
        message["function_call"] = _with_arguments(function)


def complete_call(call: dict[str, object]) -> dict[str, object]:
    """Return a tool call with a type, and with arguments that are a JSON object. Unchanged, it is the same object."""
    if "id" in call and call["id"] is None:  # models leave it out too
        call = {key: item for key, item in call.items() if key != "id"}
    kind = call.get("type")
    if not kind:
        kind = next((name for name in ("function", "custom") if is_object(call.get(name))), None)
        if kind is None:
            return call
        call = {**call, "type": kind}
    function = call.get("function")
    if kind != "function" or not is_object(function):
        return call
    completed = _with_arguments(function)
    return call if completed is function else {**call, "function": completed}


def _with_arguments(function: dict[str, object]) -> dict[str, object]:
    original = function.get("arguments")
    arguments = encode_arguments(original)
    return function if arguments is original else {**function, "arguments": arguments}


def add_call_ids(message: ChatCompletionMessage, turn: int) -> ChatCompletionMessage:
    """Return a message in which each call has an id of its own. New ids have the number of the turn.

    Some servers send no ids, the same for all calls, or numbers.
    """
    calls = _calls_of(message)
    seen: set[str] = set()
    is_changed = False
    for index, call in enumerate(calls):
        call_id = call.get("id")
        if not isinstance(call_id, str) or not call_id or call_id in seen:
            call["id"] = call_id = f"call_{turn}_{index}"
            is_changed = True
        seen.add(call_id)
    if not is_changed:
        return message
    return ChatCompletionMessage.from_dict({**message.to_dict(), "tool_calls": calls})


def complete_calls(message: ChatCompletionMessage) -> ChatCompletionMessage:
    """Return a message whose calls are complete, as `complete_call` makes them. Unchanged, it is the same object."""
    calls = _calls_of(message)
    completed = [complete_call(call) for call in calls]
    if all(one is other for one, other in zip(calls, completed, strict=True)):
        return message
    return ChatCompletionMessage.from_dict({**message.to_dict(), "tool_calls": completed})


def remove_unencodable(message: ChatCompletionMessage) -> ChatCompletionMessage:
    """Return a message without properties that cannot be encoded as JSON, such as infinity or 700 levels of arrays.

    Some servers send such values, and none accepts them in a request. The completion keeps them.
    """
    properties = {**{name: getattr(message, name) for name in _PROPERTIES}, **message.additional_properties}
    encodable: dict[str, object] = {}
    for name, value in properties.items():
        try:
            encodable[name] = check_json(value)
        except (UnexpectedValueError, RecursionError):
            continue
    if len(encodable) == len(properties):
        return message
    return ChatCompletionMessage.from_dict(encodable)


def _calls_of(message: ChatCompletionMessage) -> list[dict[str, object]]:
    return [call.to_dict() for call in message.tool_calls or ()]


def encode_arguments(arguments: object) -> str:
    """Return the arguments of a call as the text of a JSON object.

    The text of an object is returned unchanged, and no arguments as an empty object. Anything else becomes the property
    `INVALID_ARGUMENTS` of an object, so that the model sees what it wrote.
    """
    if arguments is None or (isinstance(arguments, str) and not arguments.strip()):
        return "{}"
    if not isinstance(arguments, str):
        return _encoded(arguments if is_object(arguments) else {INVALID_ARGUMENTS: arguments})
    try:
        _object_decoder.decode(arguments)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return arguments if _is_json_object(arguments) else _encoded({INVALID_ARGUMENTS: arguments})
    return arguments


def _is_json_object(text: str) -> bool:
    """Return whether a text that msgspec does not decode is a JSON object, such as one with lone surrogates.

    NaN, which Python reads, is not JSON (RFC 8259 section 6).
    """
    try:
        return is_object(json.loads(text, parse_constant=_refuse))
    except (ValueError, RecursionError):
        return False


def _encoded(value: Mapping[str, object]) -> str:
    try:
        return _json.encode(value).decode()
    except (ValueError, UnicodeError):
        return json.dumps(value)


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")

"""Hints for errors about arguments: the parameter, method or value that was probably meant. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from inspect import isroutine

from .._config.headers import hidden
from .._config.options import CONSTRUCTOR_OPTIONS, CallOptions
from .._errors.api import InvalidArgumentError, UnknownArgumentError
from .._errors.describe import decorate_hint, describe, instance_of, is_list_or_set, is_model, nearest, type_name
from .._errors.invalid_value import UnexpectedValueError
from .._errors.secret_names import is_secret_argument
from .._json.codec import is_mapping
from .._validation.type_checks import compile_check
from .tool_options import ToolLoopOptions

_TOOL_LOOP_PARAMETERS = (*ToolLoopOptions.__annotations__, "before_call", "strict")

OWN_PARAMETERS = {
    "parse()": ("retries_on_invalid", "strict"),
    "stream()": ("strict",),
    "run_tools()": (*_TOOL_LOOP_PARAMETERS, "on_event"),
    "stream_tools()": _TOOL_LOOP_PARAMETERS,
}
"""The parameters that methods have in addition to those of the contract and the options of a call."""

_WITHOUT_STREAM = {
    "parse()": "It does not stream. Use stream(response_format=...).",
    "stream()": "It always streams. Leave the argument out.",
    "run_tools()": "It does not stream. Use stream_tools().",
    "stream_tools()": "It always streams. Leave the argument out.",
}
"""The methods without the parameter `stream`, and what to do instead."""

_OTHER_NAMES = {"max_steps": "max_turns", "max_iterations": "max_turns"}
"""Names of parameters in other packages, and the names here."""

_INSTRUCTIONS = "Give instructions as the first message: {'role': 'system', 'content': ...}."


def unknown_parameter(name: str, value: object, known: Iterable[str], function: str) -> UnknownArgumentError:
    """Return the error for an argument whose name is not a parameter of a method.

    `known` are the parameters of the contract. The value is not shown if the name is that of a secret.
    """
    known = [*known]
    # A misspelled parameter such as `max_token` has a secret word in its name, but its value is no secret.
    received = hidden(value) if is_secret_argument(name) and nearest(name, known) is None else describe(value)
    if name == "stream" and function in _WITHOUT_STREAM:
        return UnknownArgumentError(name, received, None, _WITHOUT_STREAM[function], function)
    if name in CONSTRUCTOR_OPTIONS:
        hint = f"It is an option of the client: Opper({name}=...)."
        return UnknownArgumentError(name, hidden(value), None, hint, function)
    if methods := [method for method, names in OWN_PARAMETERS.items() if name in names]:
        where = methods[0] if len(methods) == 1 else f"{', '.join(methods[:-1])} and {methods[-1]}"
        owner = " of client.chat.completions" if "Conversation" in function else ""
        return UnknownArgumentError(name, received, None, f"It is a parameter of {where}{owner}.", function)
    own = OWN_PARAMETERS.get(function, ())
    if name == "system":
        return UnknownArgumentError(name, received, None, _INSTRUCTIONS, function)
    near = _nearest_parameter(name, [*known, "stream", *CallOptions.__annotations__, *own])
    unlisted = f"To send a parameter that this version does not know, use extra_body={{{name!r}: ...}}."
    return UnknownArgumentError(name, received, near, unlisted, function)


def positional_error(positional: Sequence[object], function: str) -> TypeError:
    """Return the error for positional arguments of a method that has none: it names them, and the keyword to use.

    Args:
        positional: the arguments.
        function: the method that was called.
    """
    kinds = ", ".join(instance_of(value) for value in positional)
    count = "a positional argument" if len(positional) == 1 else f"{len(positional)} positional arguments"
    call = f"{function.removesuffix(')')}messages=...)"
    return TypeError(f"{function} takes keyword arguments only (given: {count}, {kinds}). Use {call}.")


def _nearest_parameter(name: str, known: list[str]) -> str | None:
    from difflib import get_close_matches

    if (other := _OTHER_NAMES.get(name)) in known:
        return other
    # Below this similarity, `max_turns` would match `max_tokens`, and `system` `stream`.
    return next(iter(get_close_matches(name, known, 1, 0.8)), None)


def is_type(response_format: object) -> bool:
    """Return whether a ``response_format`` is a Python type: not a plain dict, a generated model or None."""
    if isinstance(response_format, type):
        return True
    return not (response_format is None or is_mapping(response_format) or hasattr(response_format, "to_dict"))


def check_argument(hint: object, value: object, argument: str) -> object:
    """Validate an argument, and return its JSON value."""
    try:
        return compile_check(hint)(value)
    except UnexpectedValueError as error:
        path = error.at(argument).argument
        raise InvalidArgumentError(path, error.expected, error.received, error.hint) from None


def argument_hint(error: UnexpectedValueError, function: str) -> str:
    """Return a better hint about a wrong argument than that of its check, or an empty text.

    The path of the error begins with the argument.
    """
    value = error.value
    match error.path:
        case ["response_format"] if is_type(value):
            return _type_hint(value, function)
        case ["tools"]:
            return list_of_tools_hint(value)
        case ["tools" | "functions" as name, int()]:
            return tool_hint(value, name)
        case ["tool_choice"] if callable(value):
            called = getattr(value, "__name__", "...")
            return f"Did you mean {{'type': 'function', 'function': {{'name': {called!r}}}}}?"
        case ["function_call"] if callable(value):
            return f"Did you mean {{'name': {getattr(value, '__name__', '...')!r}}}?"
        case ["messages"]:
            return _messages_hint(value)
        case ["messages", int()] if isinstance(value, str):
            return f"Did you mean {{'role': 'user', 'content': {describe(value)}}}?"
        case ["messages", int()] if hasattr(value, "choices"):
            return "Did you mean its message: completion.message?"
        case _:
            return ""


def _messages_hint(value: object) -> str:
    if isinstance(value, str):
        return f"Did you mean [{{'role': 'user', 'content': {describe(value)}}}]?"
    if isroutine(value):
        return "Pass what it returns, not the function."
    return "Put it in a list." if (is_mapping(value) and "role" in value) or hasattr(value, "role") else ""


def _is_function(value: object) -> bool:
    return isroutine(value) or isinstance(value, partial)


def list_of_tools_hint(value: object) -> str:
    """Return the hint about a value that is not a list of tools."""
    if is_model(value) or (is_mapping(value) and "type" in value):
        return "Put it in a list."
    if is_mapping(value):
        return "Give a list of tools, without names for them."
    if _is_function(value):
        return f"{decorate_hint(value).rstrip('.')}, and put it in a list."
    return "Convert it to a list." if hasattr(type(value), "__iter__") and not isinstance(value, str) else ""


def tool_hint(value: object, name: str = "tools") -> str:
    """Return the hint about an item of a list of tools that is not a tool."""
    if isinstance(value, type):
        return "Give a function that has a parameter of this type, as a tool: tools=[tool(function)]."
    if is_model(value):
        return "Tools are for the argument tools." if name == "functions" else ""
    if not callable(value):
        return ""
    return f"{decorate_hint(value)}{' Tools are for the argument tools.' if name == 'functions' else ''}"


def _type_hint(value: object, function: str) -> str:
    """Return the hint about a ``response_format`` that is a type, or a string, in a call that takes neither."""
    if isinstance(value, str):
        if value == "json_schema":
            return "Did you mean {'type': 'json_schema', 'json_schema': {'name': ..., 'schema': ...}}?"
        near = "json_object" if value.lower() == "json" else nearest(value, ("text", "json_object"))
        return f"Did you mean {{'type': {near!r}}}?" if near else ""
    if function not in ("", "create()"):
        return "Conversations take no types. Use client.chat.completions.parse(messages=conversation.messages, ...)."
    is_hint = isinstance(value, type) or hasattr(value, "__origin__") or hasattr(value, "__args__")
    # A list of types is not a type, but the hint can name the type that was meant.
    name = type_name(value if is_hint or is_list_or_set(value) else type(value))
    return f"Use parse(response_format={name}), or stream(), for a value of this type." if name else ""

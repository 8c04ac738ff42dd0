"""Check the arguments of scripted replies when a test passes them, not in the middle of a call. No I/O."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import msgspec

from ..._errors.secret_names import is_secret_argument
from ..._json.codec import is_mapping, is_sequence

MAX_SHOWN = 60
"""The most characters of a value in an error message."""


def show(value: object) -> str:
    """Return a value for an error message: the name of a class, or the repr of a value, shortened."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def is_instance(value: object, *kinds: type) -> bool:
    """Return whether a value is an instance of some classes, without narrowing its type."""
    return isinstance(value, kinds)


def require(condition: object, argument: str, expected: str, received: object, hint: str = "") -> None:
    """Raise a TypeError that names an argument, unless a condition is true."""
    if not condition:
        raise TypeError(f"{argument}: expected {expected}, got {show(received)}. {hint}".rstrip())


def check_status(status: object) -> None:
    """Check an HTTP status.

    Raises:
        TypeError: It is not an integer.
        ValueError: It is not from 100 to 599.
    """
    hint = f"Did you mean Reply.completion({show(status)})?" if isinstance(status, str) else ""
    require(isinstance(status, int) and not isinstance(status, bool), "status", "an integer", status, hint)
    if isinstance(status, int) and not 100 <= status <= 599:
        raise ValueError(f"status: expected an integer from 100 to 599, got {status}.")


def check_reply_headers(headers: object) -> None:
    """Check that headers are a mapping of strings that HTTP can carry.

    Raises:
        TypeError: They are something else.
        ValueError: A name or value has characters beyond Latin-1.
    """
    if not is_mapping(headers):
        raise TypeError(f"headers: expected a dict, got {show(headers)}.")
    for name, value in headers.items():
        require(isinstance(name, str), "headers", "strings as names", name)
        require(isinstance(value, str), f"headers[{name!r}]", "a string", value)
        if not all(ord(character) < 256 for character in f"{name}{value}"):
            raise ValueError(f"headers[{name!r}]: expected characters of Latin-1, got {show(value)}.")


def check_delay(delay: object, argument: str = "delay", unit: str = "seconds") -> None:
    """Check a number of seconds, or of another unit.

    Raises:
        TypeError: It is not a number.
        ValueError: It is negative or NaN.
    """
    require(isinstance(delay, int | float) and not isinstance(delay, bool), argument, f"a number of {unit}", delay)
    if isinstance(delay, int | float) and (delay < 0 or math.isnan(delay)):
        raise ValueError(f"{argument}: expected a number of {unit} of at least 0, got {delay}.")


def check_count(count: object, argument: str, least: int) -> None:
    """Check a number of things, or None.

    Raises:
        TypeError: It is not an integer.
        ValueError: It is less than the least that is accepted.
    """
    is_count = count is None or (isinstance(count, int) and not isinstance(count, bool))
    require(is_count, argument, "an integer or None", count)
    if isinstance(count, int) and count < least:
        raise ValueError(f"{argument}: expected an integer of at least {least}, got {count}.")


def check_names(names: object, argument: str, accepted: str) -> None:
    """Check that an argument is a list of names, and not one name, whose characters would be taken for names.

    Raises:
        TypeError: It is something else.
    """
    if is_instance(names, str, bytes) and is_secret_argument(argument):
        raise TypeError(
            f"{argument}: expected {accepted}, got a string (not shown). Put it in a list: {argument}=[...]."
        )
    hint = f"Put it in a list: {argument}=[{show(names)}]." if is_instance(names, str, bytes) else ""
    require(not hint and hasattr(names, "__iter__"), argument, accepted, names, hint)


def check_completion(
    *, text: object, tool_calls: object, message: object, finish_reason: object, model: object, usage: object
) -> None:
    """Check the arguments of `Reply.completion`.

    Raises:
        TypeError: One is of another type, or JSON cannot represent it.
    """
    for argument, value in (("text", text), ("finish_reason", finish_reason), ("model", model)):
        require(value is None or isinstance(value, str), argument, "a string or None", value)
    for argument, value in (("message", message), ("usage", usage)):
        require(value is None or is_instance(value, Mapping), argument, "a dict or None", value)
        _check_json(argument, value)
    pairs = "a list of pairs of a name and its arguments"
    hint = "Put the pair in a list: tool_calls=[('f', {})]." if is_instance(tool_calls, tuple) else ""
    if not is_sequence(tool_calls):
        raise TypeError(f"tool_calls: expected {pairs}, got {show(tool_calls)}.")
    for index, call in enumerate(tool_calls):
        pair = call if is_sequence(call) and len(call) == 2 else (None, None)
        is_pair = isinstance(pair[0], str) and (isinstance(pair[1], str) or is_mapping(pair[1]))
        expected = "a pair of a name and its arguments, a dict or a string"
        require(is_pair, f"tool_calls[{index}]", expected, call, hint)
        _check_json(f"tool_calls[{index}][1]", pair[1])


def check_body(body: object) -> None:
    """Check that a body is bytes, or parts that come one by one.

    Raises:
        TypeError: It is something else.
    """
    expected = "bytes, or an iterable of parts: bytes, Pause or CUT"
    hint = "Encode it: text.encode()." if is_instance(body, str) else ""
    is_body = hasattr(body, "__iter__") and not is_instance(body, str, Mapping)
    require(is_body, "body", expected, body, hint)


def check_flag(flag: object, argument: str) -> None:
    """Check that an argument is True or False.

    Raises:
        TypeError: It is something else.
    """
    require(isinstance(flag, bool), argument, "True or False", flag)


def check_event(event: object) -> None:
    """Check one event that is neither bytes nor a pause.

    Raises:
        TypeError: It is neither a string nor a dict.
    """
    require(is_instance(event, str, Mapping), "events", "dicts, strings, bytes, Pause or CUT", event)


def check_events(events: object) -> None:
    """Check that events can be iterated one by one.

    Raises:
        TypeError: They cannot, or they are one event.
    """
    is_one = is_instance(events, str, bytes, Mapping)
    hint = "Put the event in a list." if is_one else ""
    require(not is_one and hasattr(events, "__iter__"), "events", "a list or another iterable of events", events, hint)


def check_function_result(value: object, function: Callable[..., object], reply_class: type) -> None:
    """Check what a function of a test returned where a reply is expected.

    Raises:
        TypeError: It is neither a reply nor None.
    """
    hint = f"Did you mean Reply.completion({show(value)})?" if isinstance(value, str) else ""
    name = f"{getattr(function, '__name__', type(function).__name__)}()"
    require(value is None or isinstance(value, reply_class), name, "a Reply or None to be returned", value, hint)


def _check_json(argument: str, value: object) -> None:
    try:
        msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"{argument}: expected a value that JSON can represent: {error}") from None

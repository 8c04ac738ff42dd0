"""Convert what a tool returns to the text that the model reads. No I/O.

A value that JSON cannot represent becomes the nearest JSON value: the value of an enum, the number in a NumPy scalar, a
list for an iterable. If there is none, that is an error in the program, not a failure of the tool.
"""

from __future__ import annotations

import datetime
import decimal
import inspect
import json
import os
import sys
import types
import typing
import uuid
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, cast, get_args, get_origin

import attrs
import msgspec
from opper_chat_api.params import ToolMessageParam

from .._errors.invalid_value import UnexpectedValueError
from .._errors.nesting import nesting_error
from .._errors.tools import ToolArgumentsError, ToolError, ToolResultError
from .._json.codec import is_mapping
from .._requests.message_content import id_of_call
from .._results.tool_calls import AnyToolCall, ToolCall
from .._schemas.type_hints import UnknownHintError, arms_of, resolve_hints

_WRITERS: dict[type, Callable[[Any], object]] = {
    str: str.__str__,
    bool: bool,
    int: int,
    float: float,
    bytes: bytes,
    bytearray: bytes,
    memoryview: bytes,
    datetime.datetime: lambda value: value.isoformat(),
    datetime.date: lambda value: value.isoformat(),
    datetime.time: lambda value: value.isoformat(),
    datetime.timedelta: lambda value: datetime.timedelta(value.days, value.seconds, value.microseconds),
    uuid.UUID: str,
    decimal.Decimal: str,
}
"""The types that msgspec encodes, and what converts an instance of a subclass to the type itself."""

_ENCODABLE = frozenset({*_WRITERS, type(None)})

_JSON_TEXTS = (datetime.date, datetime.time, uuid.UUID, decimal.Decimal)
"""Types that are encoded as strings and are no strings: they stay in quotation marks, also as the whole result."""

_JSON = "a value that JSON can represent"

_AWAIT_HINT = "Use AsyncOpper. It awaits the result of a tool, but not what is inside of it."


def tool_result(call: ToolCall | AnyToolCall | str, value: object) -> ToolMessageParam:
    """Return the message with the result of a call. Append it after the message of the model that contains the call.

    Args:
        call: the call, or its id.
        value: a string is sent unchanged, except for lone surrogates, which UTF-8 cannot represent. Anything else is
            sent as JSON, at any depth: dataclasses, attrs classes, Structs and pydantic models as objects; enums as
            their values; dates, times, UUIDs and paths as strings; bytes as base64; NumPy scalars as numbers; sets,
            arrays, generators and other iterables as lists. An exception is sent as a text, from which the model learns
            that the call failed: with the message of a ToolError or ToolArgumentsError, and with only the class of any
            other exception, since its message can contain secrets.

    Returns:
        The message, as a plain dict.

    Raises:
        InvalidArgumentError: the call has no id.
        ToolResultError: JSON cannot represent the value, or something in it, such as a coroutine or an async
            generator. The error names the path to it. It is an InvalidArgumentError and a TypeError.
    """
    call_id = id_of_call(call, "tool_result(call)")
    try:
        content = result_text(value)
    except UnexpectedValueError as error:
        raise result_error("tool_result(value)", error) from None
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def result_text(value: object, hint: object = None) -> str:
    """Return a result as the model reads it. The hint is the declared return type of the function, or None.

    Raises:
        UnexpectedValueError: JSON cannot represent it.
    """
    if isinstance(value, BaseException):
        return encodable_text(_error_text(value))
    try:
        plain = _builtin(value, hint)
        if isinstance(plain, str) and not isinstance(value, _JSON_TEXTS):
            return encodable_text(plain)
        return _encoded(plain)
    except RecursionError:
        raise nesting_error(value) from None


def result_error(function: str, error: UnexpectedValueError) -> ToolResultError:
    """Return the error of a result that JSON cannot represent."""
    path = error.argument
    separator = "" if not path or path.startswith("[") else "."
    return ToolResultError(f"{function}{separator}{path}", error.expected, error.received, error.hint)


def _error_text(error: BaseException) -> str:
    """Return an exception as the model reads it."""
    if isinstance(error, ToolArgumentsError):
        return f"Error: the arguments cannot be used: {error.reason}"
    if isinstance(error, ToolError):
        return f"Error: {error}"
    return f"Error: the tool failed ({type(error).__name__})."


def encodable_text(text: str) -> str:
    """Return a text that UTF-8 can represent: lone surrogates, which file names can contain, become escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def _is_awaitable(value: object) -> bool:
    return inspect.isawaitable(value) or isinstance(value, AsyncIterable)  # async generators too


def _encoded(plain: object) -> str:
    try:
        return msgspec.json.encode(plain).decode()
    except UnicodeEncodeError:  # a lone surrogate: JSON can escape it, msgspec does not
        built: object = msgspec.to_builtins(plain, str_keys=True)
        return encodable_text(json.dumps(built, ensure_ascii=False, separators=(",", ":")))
    except ValueError:  # sys.set_int_max_str_digits()
        raise UnexpectedValueError(
            f"integers of at most {sys.get_int_max_str_digits()} digits",
            plain if isinstance(plain, int) else type(plain),
        ) from None


def _builtin(value: Any, hint: object) -> object:
    """Return the built-in value that represents a value in JSON.

    The hint is the declared type, or None. It decides if there is more than one possibility.
    """
    cls = cast("type[object]", type(value))
    if cls in (str, int, bool, float, type(None)):
        return value
    if isinstance(value, Enum):  # before the scalars, because an IntEnum is an integer
        return _builtin(value.value, hint)
    if cls not in (bytes, bytearray, memoryview) and (number := _declared_number(value, hint)) is not None:
        return number
    if cls in _ENCODABLE:
        return value
    for base, write in _WRITERS.items():
        if isinstance(value, base):
            return write(value)
    return _builtin_object(value, hint)


def _builtin_object(value: Any, hint: object) -> object:
    """Return the built-in value for an object, preferably by its fields, its items or its own conversion."""
    cls = cast("Any", type(value))
    if isinstance(value, type):
        raise UnexpectedValueError(_JSON, value)
    if isinstance(value, BaseException):
        return _error_text(value)
    if _is_awaitable(value):
        raise UnexpectedValueError(_JSON, value, _AWAIT_HINT)
    if isinstance(value, msgspec.Struct):  # msgspec knows its renamed and omitted fields
        return _builtin(msgspec.to_builtins(value, enc_hook=lambda inside: _builtin(inside, None)), None)
    if callable(getattr(cls, "model_dump", None)):
        return _pydantic_object(value)
    if callable(write := getattr(value, "to_dict", None)):
        return _builtin(write(), None)
    if is_mapping(value):
        built = {
            _key(name): _builtin_at(str(name), item, _item_hint(hint, mapping=True, name=name))
            for name, item in value.items()
        }
        if len(built) != len(value):  # such as 1 and "1"
            raise UnexpectedValueError("a dict whose keys differ in JSON", value)
        return built
    if (names := _fields_of(cls)) is not None:
        hints = _hints(cls)
        return {
            name: _builtin_at(name, getattr(value, name), hints.get(name)) for name in names if hasattr(value, name)
        }
    return _nearest_builtin(value, hint)


def _nearest_builtin(value: Any, hint: object) -> object:
    """Return the built-in value that is nearest to an object without fields."""
    cls = cast("Any", type(value))
    if isinstance(value, os.PathLike):
        return os.fsdecode(cast("os.PathLike[str]", value))
    if getattr(value, "ndim", None) == 0 and callable(getattr(value, "item", None)):
        return _numpy_scalar(value, hint)
    if isinstance(value, Iterable):
        inside = _item_hint(hint, mapping=False)
        return [_builtin_at(index, item, inside) for index, item in enumerate(cast("Iterable[object]", value))]
    for method, convert in (("__index__", int), ("__float__", float)):
        if hasattr(cls, method):
            return convert(value)
    if str in _declared_scalars(hint) and _has_text(value):
        return str(value)
    raise _no_json_error(value)


def _has_text(value: object) -> bool:
    """Return whether str() of an object has more than the default of Python.

    The defaults of Python's own types, such as functions, modules and locks, are in angle brackets or contain the
    address in memory: https://docs.python.org/3/library/functions.html#repr.
    """
    cls = type(value)
    if cls.__str__ is not object.__str__:
        return True
    if cls.__repr__ is object.__repr__:
        return False
    text = repr(value)
    is_own = isinstance(cls.__repr__, types.FunctionType)
    return " at 0x" not in text and (is_own or not (text.startswith("<") or callable(value)))


def _no_json_error(value: object) -> UnexpectedValueError:
    hint = "Declare that the tool returns str, and its str() is sent." if _has_text(value) else ""
    return UnexpectedValueError(_JSON, value, hint)


def _builtin_at(step: str | int, value: object, hint: object) -> object:
    try:
        return _builtin(value, hint)
    except UnexpectedValueError as error:
        raise error.at(step) from None


def _pydantic_object(value: Any) -> object:
    try:
        return value.model_dump(mode="json")
    except Exception:  # noqa: BLE001  # pydantic cannot encode a field, but this module perhaps can
        return _builtin(value.model_dump(), None)


def _numpy_scalar(value: Any, hint: object) -> object:
    """Return a scalar of NumPy, or of a library like it, as a Python value."""
    if getattr(getattr(value, "dtype", None), "kind", "") in ("m", "M"):
        return str(value)  # a time: item() can return a number of nanoseconds
    item = value.item()
    if type(item) is type(value):
        raise _no_json_error(value)
    return _builtin(item, hint)


def _key(name: Any) -> str:
    """Return a key of a mapping as the name of a JSON property."""
    if type(name) is str:
        return name
    plain = _builtin(name, None)
    if isinstance(plain, str):
        return plain
    text = _encoded(plain)
    if text[0] in "[{":
        raise UnexpectedValueError("a dict with strings or numbers as keys", name)
    return text.strip('"')


def _fields_of(cls: Any) -> list[str] | None:
    """Return the names of the fields of an attrs class or a dataclass, as msgspec encodes them; None for another."""
    if attrs.has(cls):
        return [each.name for each in attrs.fields(cls) if each.name[0] != "_"]
    return [each.name for each in fields(cls)] if is_dataclass(cls) else None


def _declared_number(value: Any, hint: object) -> int | float | None:
    """Return a value as the number that its hint declares, such as a Decimal as a float, or None if it is not one."""
    declared = _declared_scalars(hint)
    if not declared or isinstance(value, (Iterable, complex)):
        return None
    try:
        if float in declared and hasattr(value, "__float__"):
            return float(value)
        if int in declared and hasattr(value, "__int__") and int(value) == value:
            return int(value)
    except (ValueError, OverflowError, TypeError):  # such as the whole number of NaN
        pass
    return None


def _declared_scalars(hint: object) -> list[Any]:
    """Return which of str, int and float a hint names, itself or in a union."""
    return [] if hint is None else [arm for arm in arms_of(hint) if arm in (str, int, float)]


def _item_hint(hint: object, *, mapping: bool, name: object = None) -> object:
    """Return the hint of the items of a list or a mapping, or None if it is not declared."""
    for arm in () if hint is None else arms_of(hint):
        if mapping and typing.is_typeddict(arm):
            return _hints(arm).get(str(name))
        origin, arguments = get_origin(arm), get_args(arm)
        if isinstance(origin, type) and arguments and issubclass(origin, Mapping) == mapping:
            return arguments[min(len(arguments) - 1, int(mapping))]
    return None


@lru_cache(256)
def _hints(cls: type) -> Mapping[str, Any]:
    try:
        return resolve_hints(cls)
    except UnknownHintError:
        return {}

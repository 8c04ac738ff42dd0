"""Write what a tool returns as the text that the model reads. No I/O.

Values that JSON cannot represent are written as the JSON value that comes nearest: the value of an enum, the number in
a NumPy scalar, a list for whatever can be iterated. A value for which there is none is an error of the program, and not
a failure of the tool.
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
from typing import TYPE_CHECKING, Any, cast, get_args, get_origin

import attrs
import msgspec

from .._errors.invalid_value import UnexpectedValueError
from .._errors.nesting import nesting_error
from .._errors.tools import ToolArgumentsError, ToolError, ToolResultError
from .._json.codec import is_mapping
from .._requests.message_content import id_of_call
from .._schemas.type_hints import UnknownHintError, resolve_hints, unwrap_hint

if TYPE_CHECKING:
    from opper_chat_api.params import ToolMessageParam

    from .._results.tool_calls import AnyToolCall, ToolCall

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
"""The types that the encoder writes, and what makes a value of one from an instance of a subclass."""

_ENCODABLE = frozenset({*_WRITERS, type(None)})

_JSON_TEXTS = (datetime.date, datetime.time, uuid.UUID, decimal.Decimal)
"""What JSON has a text for, and is no text itself: it stands in quotation marks, also where it is the whole result."""

_JSON = "a value that JSON can represent"

_AWAIT_HINT = "Use AsyncOpper. It awaits the result of a tool, but not what is inside of it."


def tool_result(call: ToolCall | AnyToolCall | str, value: object) -> ToolMessageParam:
    """Return the message that answers a call, to be appended to the conversation after the answer that asks for it.

    Args:
        call: the call, or its id.
        value: a text, which is sent as it is, but for lone surrogates, which UTF-8 cannot represent. Anything else is
            sent as JSON, at any depth: dataclasses, attrs classes, Structs and pydantic models as objects; enums as
            their values; dates, times, UUIDs and paths as texts; bytes as base64; NumPy's scalars as numbers; sets,
            arrays, generators and whatever else can be iterated as lists. An exception is sent as a text that says
            that the call failed, at any depth: of a ToolError its message, of ToolArgumentsError what is wrong, of any
            other only its class, since its message may not be meant for others.

    Raises:
        InvalidArgumentError: the call has no id.
        ToolResultError: JSON cannot represent the value, or something in it, such as a coroutine or an async
            generator. The error names the place. It is an InvalidArgumentError and a TypeError.
    """
    call_id = id_of_call(call, "tool_result(call)")
    try:
        content = result_text(value)
    except UnexpectedValueError as misfit:
        raise result_error("tool_result(value)", misfit) from None
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def result_text(value: object, hint: object = None) -> str:
    """Return what the model is told of a result.

    Args:
        value: the result.
        hint: the type that the function is declared to return, or None where it is not declared.

    Raises:
        UnexpectedValueError: JSON cannot represent it.
    """
    if isinstance(value, BaseException):
        return encodable_text(error_text(value))
    try:
        plain = _plain(value, hint)
        if isinstance(plain, str) and not isinstance(value, _JSON_TEXTS):
            return encodable_text(plain)
        return _encoded(plain)
    except RecursionError:
        raise nesting_error(value) from None


def result_error(function: str, misfit: UnexpectedValueError) -> ToolResultError:
    """Return the error of a result that JSON cannot represent."""
    place = misfit.argument
    separator = "" if not place or place.startswith("[") else "."
    return ToolResultError(f"{function}{separator}{place}", misfit.expected, misfit.received, misfit.hint)


def error_text(error: BaseException) -> str:
    """Return what the model is told of a failure."""
    if isinstance(error, ToolArgumentsError):
        return f"Error: the arguments cannot be used: {error.reason}"
    if isinstance(error, ToolError):
        return f"Error: {error}"
    return f"Error: the tool failed ({type(error).__name__})."


def encodable_text(text: str) -> str:
    """Return a text that UTF-8 can represent: lone surrogates, as names of files hold them, become escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def must_be_awaited(value: object) -> bool:
    """Return whether a value is a coroutine, another awaitable, or an async iterable such as an async generator."""
    return inspect.isawaitable(value) or isinstance(value, AsyncIterable)


def _encoded(plain: object) -> str:
    try:
        return msgspec.json.encode(plain).decode()
    except UnicodeEncodeError:  # a lone surrogate, which JSON has an escape for
        built: object = msgspec.to_builtins(plain, str_keys=True)
        return encodable_text(json.dumps(built, ensure_ascii=False, separators=(",", ":")))
    except ValueError:  # sys.set_int_max_str_digits()
        raise UnexpectedValueError(
            f"integers of at most {sys.get_int_max_str_digits()} digits",
            plain if isinstance(plain, int) else type(plain),
        ) from None


def _plain(value: Any, hint: object) -> object:
    """Return the value that the encoder writes for a value.

    Args:
        value: any value.
        hint: the type that is declared for it, or None. It decides where there is more than one form.
    """
    cls = cast("type[object]", type(value))
    if cls in (str, int, bool, float, type(None)):
        return value
    if isinstance(value, Enum):
        return _plain(value.value, hint)
    if cls not in (bytes, bytearray, memoryview) and (number := _declared_number(value, hint)) is not None:
        return number
    if cls in _ENCODABLE:
        return value
    for base, write in _WRITERS.items():
        if isinstance(value, base):
            return write(value)
    return _composed(value, hint)


def _composed(value: Any, hint: object) -> object:
    """Return the value that the encoder writes for a value of a type that it does not know."""
    cls = cast("Any", type(value))
    if isinstance(value, type):
        raise UnexpectedValueError(_JSON, value)
    if isinstance(value, BaseException):
        return error_text(value)
    if must_be_awaited(value):
        raise UnexpectedValueError(_JSON, value, _AWAIT_HINT)
    if (found := _of_object(value, hint)) is not None:
        return found[0]
    if isinstance(value, os.PathLike):
        return os.fsdecode(cast("os.PathLike[str]", value))
    if getattr(value, "ndim", None) == 0 and callable(getattr(value, "item", None)):
        return _of_scalar(value, hint)
    if isinstance(value, Iterable):
        inside = _inside(hint, mapping=False)
        return [_at(index, item, inside) for index, item in enumerate(cast("Iterable[object]", value))]
    for method, convert in (("__index__", int), ("__float__", float)):
        if hasattr(cls, method):
            return convert(value)
    if str in _scalars(hint) and _has_text(value):
        return str(value)
    raise _formless(value)


def _has_text(value: object) -> bool:
    """Return whether the class of an object defines a text, so that str() is more than Python's default.

    The defaults of Python's own types, such as functions, modules and locks, stand in angle brackets or have the
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


def _formless(value: object) -> UnexpectedValueError:
    return UnexpectedValueError(
        _JSON, value, "Declare that the tool returns str, and its str() is sent." if _has_text(value) else ""
    )


def _at(step: str | int, value: object, hint: object) -> object:
    try:
        return _plain(value, hint)
    except UnexpectedValueError as misfit:
        raise misfit.at(step) from None


def _of_object(value: Any, hint: object) -> tuple[object] | None:
    """Return, as the only item, the form of an object with members; None where the value is none."""
    cls = cast("Any", type(value))
    if isinstance(value, msgspec.Struct):  # the encoder knows its renamed and omitted fields
        return (msgspec.to_builtins(value, str_keys=True, enc_hook=lambda inside: _plain(inside, None)),)
    if callable(getattr(cls, "model_dump", None)):
        return (_of_pydantic(value),)
    if callable(write := getattr(value, "to_dict", None)):
        return (_plain(write(), None),)
    if is_mapping(value):
        return (
            {_name(name): _at(str(name), item, _inside(hint, mapping=True, name=name)) for name, item in value.items()},
        )
    names = _fields_of(cls)
    if not names and not is_dataclass(cls) and not attrs.has(cls):
        return None
    hints = _hints(cls)
    return ({name: _at(name, getattr(value, name), hints.get(name)) for name in names if hasattr(value, name)},)


def _of_pydantic(value: Any) -> object:
    try:
        return value.model_dump(mode="json")
    except Exception:  # noqa: BLE001  # pydantic has no form for something that may have one here
        return _plain(value.model_dump(), None)


def _of_scalar(value: Any, hint: object) -> object:
    """Return a scalar of NumPy's or of a library like it."""
    if getattr(getattr(value, "dtype", None), "kind", "") in ("m", "M"):
        return str(value)  # a time: as a Python object it may be a number of nanoseconds
    item = value.item()
    if type(item) is type(value):
        raise _formless(value)
    return _plain(item, hint)


def _name(name: Any) -> str:
    """Return the name of a member, as JSON has it."""
    if type(name) is str:
        return name
    plain = _plain(name, None)
    if isinstance(plain, str):
        return plain
    text = _encoded(plain)
    if text[0] in "[{":
        raise UnexpectedValueError("a dict with strings or numbers as keys", name)
    return text.strip('"')


def _fields_of(cls: Any) -> list[str]:
    """Return the names of the fields of a dataclass or an attrs class, as the encoder has them."""
    if attrs.has(cls):
        return [each.name for each in attrs.fields(cls) if each.name[0] != "_"]
    return [each.name for each in fields(cls)] if is_dataclass(cls) else []


def _declared_number(value: Any, hint: object) -> int | float | None:
    """Return a value as the number that is declared, such as a Decimal as a float; None where it is none."""
    declared = _scalars(hint)
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


def _arms(hint: object) -> tuple[Any, ...]:
    hint = unwrap_hint(hint).hint
    return get_args(hint) if get_origin(hint) in (typing.Union, types.UnionType) else (hint,)


def _scalars(hint: object) -> list[Any]:
    """Return which of the types that JSON can represent a hint names, itself or as an arm of a union."""
    if hint is None:
        return []
    return [inner for arm in _arms(hint) if (inner := unwrap_hint(arm).hint) in (str, int, float)]


def _inside(hint: object, *, mapping: bool, name: object = None) -> object:
    """Return the hint of what is inside of a list or a mapping, or None where nothing says so."""
    for arm in () if hint is None else _arms(hint):
        inner = unwrap_hint(arm).hint
        if mapping and typing.is_typeddict(inner):
            return _hints(inner).get(str(name))
        origin, arguments = get_origin(inner), get_args(inner)
        if isinstance(origin, type) and arguments and issubclass(origin, Mapping) == mapping:
            return arguments[min(len(arguments) - 1, int(mapping))]
    return None


@lru_cache(256)
def _hints(cls: type) -> Mapping[str, Any]:
    try:
        return resolve_hints(cls)
    except UnknownHintError:
        return {}

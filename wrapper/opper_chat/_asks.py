"""The calls that an answer asks for, as a person reads them, and the message that answers one. No I/O."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import attrs
import msgspec
from attrs import field, frozen

from . import _json
from ._json import is_mapping, is_object, is_sequence
from ._tool_calls import ToolCall as Assembled
from ._tool_errors import ToolArgumentsError, ToolError

if TYPE_CHECKING:
    from opper_chat_api.models import CustomToolCall, FunctionToolCall, OtherToolCall
    from opper_chat_api.params import ToolMessageParam

    AnyToolCall: TypeAlias = FunctionToolCall | CustomToolCall | OtherToolCall

T = TypeVar("T")
Class: TypeAlias = type[T]  # inside of ToolCall `type` is a word


@frozen
class ToolCall:
    """One call that the model asks for."""

    id: str
    """Names the call; its answer repeats it. Empty where the server gives none."""
    name: str
    """The function or custom tool to call. Empty for a kind of call that is neither."""
    arguments: str
    """The arguments of a function: JSON text, as the model wrote it. Empty for a custom tool."""
    input: str = ""
    """The input of a custom tool."""
    type: str = "function"
    """The kind of tool: ``function``, ``custom``, or another that a server invents."""
    model: AnyToolCall | None = field(default=None, eq=False, repr=False)
    """The call as the completion has it."""

    @property
    def parsed(self) -> dict[str, object]:
        """The arguments as a JSON object, read anew whenever it is asked for. No text counts as an empty object.

        Raises:
            ToolArgumentsError: they are no JSON object, as when the answer was cut at its limit of tokens.
        """
        try:
            value = _json.decode(self.arguments if self.arguments.strip() else "{}")
        except ValueError as error:
            raise self.misfit(f"they are not JSON ({error})") from None
        if not is_object(value):
            raise self.misfit("they are JSON, but no object")
        return value

    def arguments_as(self, hint: Class[T]) -> T:
        """Return the arguments as a value of a type: an attrs class, a dataclass, a TypedDict, a pydantic model, ...

        Raises:
            ToolArgumentsError: they are none. It names the places.
            InvalidArgumentError: the type is one that strict mode has no form for.
        """
        from ._schemas import InvalidValueError, convert  # loaded by those who use them

        try:
            return convert(self.parsed, hint)
        except InvalidValueError as error:
            raise self.misfit(str(error)) from None

    def misfit(self, reason: str) -> ToolArgumentsError:
        """Return the error that names this call."""
        return ToolArgumentsError(self.name, self.id, reason, self.arguments or self.input)


def asked(calls: Iterable[AnyToolCall] | None) -> list[ToolCall]:
    """Return the calls of a message."""
    return [_asked(call) for call in calls or ()]


def _asked(model: AnyToolCall) -> ToolCall:
    value: dict[str, object] = model.to_dict()
    call = Assembled(0, 0)
    call.add(value)
    kind = value.get("type")
    kind = kind if isinstance(kind, str) and kind else "custom" if call.is_custom else "function"
    if kind not in ("function", "custom"):
        return ToolCall(call.id or "", call.name or "", "", "", kind, model)
    arguments, text = ("", call.text) if call.is_custom else (call.text, "")
    return ToolCall(call.id or "", call.name or "", arguments, text, kind, model)


def tool_result(call: ToolCall | AnyToolCall | str, value: object) -> ToolMessageParam:
    """Return the message that answers a call, to be appended to the conversation after the answer that asks for it.

    Args:
        call: the call, or its id.
        value: a text, which is sent as it is, but for lone surrogates, which UTF-8 has no form for; anything else is
            sent as JSON: dataclasses, attrs classes, Structs, pydantic models, in whatever they stand, dates, times,
            UUIDs, enums and sets too, bytes as base64. An exception is sent as a
            text that says that the call failed: of a ToolError what it says, of ToolArgumentsError what is wrong, of
            any other only its class, since its text may not be meant for others.

    Raises:
        TypeError: JSON has no form for the value.
    """
    call_id = call if isinstance(call, str) else call.id if isinstance(call, ToolCall) else id_of(call)
    return {"role": "tool", "tool_call_id": call_id, "content": result_text(value)}


def id_of(call: AnyToolCall) -> str:
    """Return the id of a call of a generated model; empty where it has none."""
    value = call.to_dict().get("id")
    return value if isinstance(value, str) else ""


def result_text(value: object) -> str:
    """Return what the model is told of a result.

    Raises:
        TypeError: JSON has no form for it.
    """
    if isinstance(value, str):
        return told(str(value))
    if isinstance(value, BaseException):
        return told(error_text(value))
    try:
        return _written(value)
    except (TypeError, ValueError, OverflowError, RecursionError, NotImplementedError) as error:
        raise TypeError(f"the result of a tool must be a text or have a form in JSON: {error}") from None


def error_text(error: BaseException) -> str:
    """Return what the model is told of a failure."""
    if isinstance(error, ToolArgumentsError):
        return f"Error: the arguments cannot be used: {error.reason}"
    if isinstance(error, ToolError):
        return f"Error: {error}"
    return f"Error: the tool failed ({type(error).__name__})."


def _plain(value: object) -> object:
    """Return what the encoder can write: a pydantic model writes itself, and so does a generated one, anywhere."""
    if isinstance(value, type):
        return value
    for name in ("model_dump", "to_dict"):
        write = getattr(value, name, None)
        if callable(write):
            return write(mode="json") if name == "model_dump" else write()
    if is_mapping(value):
        return {name: _plain(item) for name, item in value.items()}
    if is_sequence(value):
        return [_plain(item) for item in value]
    if names := _fields_of(value):
        return {name: _plain(getattr(value, name)) for name in names if hasattr(value, name)}
    return value


def _fields_of(value: object) -> list[str]:
    """Return the names of the fields of a dataclass or an attrs class, as the encoder has them."""
    cls = type(value)
    if is_dataclass(cls):
        return [each.name for each in fields(cls)]
    return [each.name for each in attrs.fields(cls) if each.name[0] != "_"] if attrs.has(cls) else []


def _of_struct(value: object) -> object:
    """Return what a Struct holds that the encoder knows nothing of."""
    plain = _plain(value)
    if plain is value:
        raise NotImplementedError(f"objects of type {type(value).__name__} are not supported")
    return plain


def _written(value: object) -> str:
    plain = _plain(value)
    try:
        return msgspec.json.encode(plain, enc_hook=_of_struct).decode()
    except UnicodeEncodeError:  # a lone surrogate, which JSON has an escape for
        built: object = msgspec.to_builtins(plain, str_keys=True, enc_hook=_of_struct)
        return told(json.dumps(built, ensure_ascii=False, separators=(",", ":")))


def told(text: str) -> str:
    """Return a text as UTF-8 has it: lone surrogates, as names of files hold them, are written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()

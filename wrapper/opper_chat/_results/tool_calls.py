"""The tool calls of a message: their JSON in the formats that servers send, and the value that callers get. No I/O."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias, TypeVar

from attrs import field, frozen
from opper_chat_api.models import CustomToolCall, FunctionToolCall, OtherToolCall

from .._errors.tools import ToolArgumentsError
from .._json import codec as _json
from .._json.codec import is_object
from .._json.values import is_empty

AnyToolCall: TypeAlias = FunctionToolCall | CustomToolCall | OtherToolCall

T = TypeVar("T")
Class: TypeAlias = type[T]
"""`type`, under a name that the field `ToolCall.type` does not hide."""

TEXT_PROPERTY = {"function": "arguments", "custom": "input"}
"""The property with the text of a call, by the kind of call."""


@frozen
class ToolCall:
    """One tool call of a completion."""

    id: str
    """The id of the call, which the tool message repeats. Empty if the server sent none."""
    name: str
    """The name of the function or custom tool. Empty for any other kind of call."""
    arguments: str
    """The arguments of a function: JSON text, as the model wrote it. Empty for a custom tool."""
    input: str = ""
    """The input of a custom tool. Empty for a function."""
    type: str = "function"
    """The kind of call: ``function``, ``custom``, or another text of the server."""
    model: AnyToolCall | None = field(default=None, eq=False, repr=False)
    """The call as it is in the completion."""

    @property
    def parsed(self) -> dict[str, object]:
        """The arguments as a JSON object, decoded each time. Empty text counts as an empty object.

        Raises:
            ToolArgumentsError: the arguments are not a JSON object, for example because ``max_tokens`` cut them off.
        """
        value, problem = read_arguments(self.arguments)
        if problem:
            raise arguments_error(self, problem)
        return value

    def arguments_as(self, hint: Class[T]) -> T:
        """Return the arguments as a value of a type.

        Args:
            hint: an attrs class, a dataclass, a TypedDict, a pydantic model or another type that strict mode describes.

        Returns:
            The value.

        Raises:
            ToolArgumentsError: the arguments do not fit the type. The message has the paths.
            InvalidArgumentError: strict mode cannot describe the type.
        """
        from .._errors.invalid_value import InvalidValueError
        from .._schemas.response_schema import convert  # most programs never need it

        try:
            return convert(self.parsed, hint)
        except InvalidValueError as error:
            raise arguments_error(self, str(error)) from None


def arguments_error(call: ToolCall, reason: str) -> ToolArgumentsError:
    """Return the error for a tool call whose arguments cannot be used."""
    return ToolArgumentsError(call.name, call.id, reason, call.arguments or call.input)


def read_tool_calls(models: Iterable[AnyToolCall] | None) -> list[ToolCall]:
    """Return the tool calls of a message."""
    return [_read_tool_call(model) for model in models or ()]


def _read_tool_call(model: AnyToolCall) -> ToolCall:
    value: dict[str, object] = model.to_dict()
    kind, body = call_body(value)
    call_id, name = nonempty_text(value.get("id")) or "", nonempty_text(body.get("name")) or ""
    declared = nonempty_text(value.get("type")) or kind
    if declared not in TEXT_PROPERTY:
        return ToolCall(call_id, name, "", "", declared, model)
    text = call_text(body.get(TEXT_PROPERTY[kind]))
    arguments, text = ("", text) if kind == "custom" else (text, "")
    return ToolCall(call_id, name, arguments, text, declared, model)


def read_arguments(text: str) -> tuple[dict[str, object], str]:
    """Decode the arguments of a function.

    Returns:
        The JSON object, and what is wrong with the text: empty if nothing is. Empty text counts as an empty object.
    """
    try:
        value = _json.decode(text if text.strip() else "{}")
    except ValueError as error:
        return {}, f"they are not JSON ({error})"
    return (value, "") if is_object(value) else ({}, "they are JSON, but no object")


def call_body(call: dict[str, object]) -> tuple[str, dict[str, object]]:
    """Return the kind of a tool call, ``function`` or ``custom``, and the object with its name and its text."""
    custom, function = call.get("custom"), call.get("function")
    if is_object(custom) and (custom or not is_object(function)):
        return "custom", custom
    return "function", function if is_object(function) else {}


def call_text(value: object) -> str:
    """Return arguments or input as text. Some servers send an object instead of its JSON text."""
    if isinstance(value, str):
        return value
    if is_empty(value):
        return ""
    try:
        return _json.encode(value).decode()
    except ValueError:
        return ""


def nonempty_text(value: object) -> str | None:
    """Return a text, or None for an empty one and for any other value: servers send ``""`` and null alike."""
    return value if isinstance(value, str) and value else None

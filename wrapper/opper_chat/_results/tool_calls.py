"""The calls that an answer asks for, as a person reads them. No I/O."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from attrs import field, frozen

from .._errors.tools import ToolArgumentsError
from .._streaming.tool_calls import ToolCall as Assembled
from .._streaming.tool_calls import read_arguments

if TYPE_CHECKING:
    from opper_chat_api.models import CustomToolCall, FunctionToolCall, OtherToolCall

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
        value, problem = read_arguments(self.arguments)
        if problem:
            raise arguments_error(self, problem)
        return value

    def arguments_as(self, hint: Class[T]) -> T:
        """Return the arguments as a value of a type: an attrs class, a dataclass, a TypedDict, a pydantic model, ...

        Raises:
            ToolArgumentsError: they are none. It names the places.
            InvalidArgumentError: the type is one that strict mode cannot describe.
        """
        from .._schemas.response_schema import InvalidValueError, convert  # loaded by those who use them

        try:
            return convert(self.parsed, hint)
        except InvalidValueError as error:
            raise arguments_error(self, str(error)) from None


def arguments_error(call: ToolCall, reason: str) -> ToolArgumentsError:
    """Return the error for a tool call whose arguments cannot be used."""
    return ToolArgumentsError(call.name, call.id, reason, call.arguments or call.input)


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

"""`tool` and `custom_tool` turn a function into a tool: its definition, and how calls become its arguments. No I/O.

Nothing here runs a tool: that is up to `loop` and the workers.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from types import MethodType
from typing import Any, Concatenate, Generic, NamedTuple, ParamSpec, Self, TypeVar, cast, overload

from opper_chat_api.models import CustomGrammarFormat, CustomTextFormat
from opper_chat_api.models.custom_tool import CustomTool as CustomToolDefinition
from opper_chat_api.models.function_tool import FunctionTool
from opper_chat_api.params import CustomGrammarFormatParam, CustomTextFormatParam, FunctionToolParam

from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._errors.invalid_value import InvalidValueError
from .._requests.argument_hints import check_argument
from .._results.tool_calls import ToolCall, arguments_error
from .._schemas.response_schema import ResponseSchema, parameters_schema
from .._validation.arguments import check_flags, check_strings, is_coroutine_function
from .signature import Signature, hints_of, is_context, read_signature

Format = CustomTextFormatParam | CustomTextFormat | CustomGrammarFormatParam | CustomGrammarFormat

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
Owner = TypeVar("Owner")

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


class ToolFunction(NamedTuple):
    """The function of a tool, and how the arguments that the model writes become its arguments."""

    name: str
    """The name that the model knows."""
    function: Callable[..., object]
    context: str | None
    """The parameter that gets a `ToolContext`, or None."""
    schema: ResponseSchema[dict[str, object]] | None = None
    """Converts and validates the arguments. None if they are passed on as the model wrote them."""
    input: str | None = None
    """The parameter that gets the input of a custom tool, or None for a function tool."""
    is_method: bool = False
    """Whether it is a method that is not yet bound to an object."""
    returns: object = None
    """The declared return type, or None."""

    @property
    def is_async(self) -> bool:
        """Whether it is a coroutine function."""
        return is_coroutine_function(self.function)

    def read_arguments(self, call: ToolCall, replacement: dict[str, object] | None = None) -> dict[str, object]:
        """Return the arguments for the function, by parameter: those that the model wrote, or the replacement for them.

        Raises:
            ToolArgumentsError: the function does not accept them.
        """
        if self.input is not None:
            text = call.input if replacement is None else replacement.get("input", replacement.get(self.input))
            if not isinstance(text, str):
                raise arguments_error(call, "a custom tool takes one string, under the key 'input'")
            return {self.input: text}
        arguments = call.parsed if replacement is None else replacement
        if self.schema is not None:
            try:
                return self.schema.read(arguments)
            except InvalidValueError as error:
                raise arguments_error(call, str(error)) from None
        # Here, because a TypeError in the call itself could be one of the function's own.
        try:
            context = {} if self.context is None else {self.context: None}
            inspect.signature(self.function).bind(**arguments, **context)
        except TypeError as error:
            raise arguments_error(call, str(error)) from None
        return arguments


class _Callable(Generic[P, R]):
    """Base of both kinds of tools: an object that is called like the function that it wraps."""

    __wrapped__: Callable[P, R]
    _tool_function: ToolFunction

    def _wrap(self, function: Callable[P, R], tool_function: ToolFunction) -> None:
        functools.update_wrapper(self, function, updated=())
        self._tool_function = tool_function

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.__wrapped__(*args, **kwargs)

    def _bind(self, instance: object) -> Self:
        """Return the tool of a bound method."""
        bound = type(self).__new__(type(self))
        for name in ("function", "custom", "type", "additional_properties", "_absent"):
            if hasattr(self, name):
                setattr(bound, name, getattr(self, name))
        method: Any = MethodType(cast("Callable[..., Any]", self.__wrapped__), instance)
        bound._wrap(method, self._tool_function._replace(function=method, is_method=False))  # noqa: SLF001
        return bound

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __reduce__(self) -> str:
        # Pickled by name, as functions are.
        return str(self.__wrapped__.__qualname__)


class Tool(_Callable[P, R], FunctionTool):
    """A function that a model can call, made by `tool`. You can still call it yourself.

    It is its own definition: ``function.name``, ``function.description`` and ``function.parameters`` are what the model
    sees, and ``create(tools=[...])`` accepts it too.
    """

    def __init__(self, function: Callable[P, R], definition: FunctionTool, tool_function: ToolFunction) -> None:
        FunctionTool.__init__(self, definition.function, additional_properties=definition.additional_properties)
        self._wrap(function, tool_function)

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...

    @overload
    def __get__(self: Tool[Concatenate[Owner, Q], R], instance: Owner, owner: type | None = None) -> Tool[Q, R]: ...

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None or not self._tool_function.is_method else self._bind(instance)


class CustomTool(_Callable[P, R], CustomToolDefinition):
    """A function with one string parameter whose argument the model writes as free text, made by `custom_tool`.

    You can still call it yourself. It is its own definition, as `Tool` is.
    """

    def __init__(self, function: Callable[P, R], definition: CustomToolDefinition, tool_function: ToolFunction) -> None:
        CustomToolDefinition.__init__(self, definition.custom, additional_properties=definition.additional_properties)
        self._wrap(function, tool_function)

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...

    @overload
    def __get__(
        self: CustomTool[Concatenate[Owner, Q], R], instance: Owner, owner: type | None = None
    ) -> CustomTool[Q, R]: ...

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None or not self._tool_function.is_method else self._bind(instance)


@overload
def tool(
    function: Callable[P, R], /, *, name: str | None = None, description: str | None = None, strict: bool = True,
    definition: FunctionToolParam | FunctionTool | None = None,
) -> Tool[P, R]: ...  # fmt: skip


@overload
def tool(
    *, name: str | None = None, description: str | None = None, strict: bool = True,
    definition: FunctionToolParam | FunctionTool | None = None,
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...  # fmt: skip


def tool(
    function: Callable[P, R] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    strict: bool = True,
    definition: FunctionToolParam | FunctionTool | None = None,
) -> Tool[P, R] | Callable[[Callable[P, R]], Tool[P, R]]:
    """Make a function a tool that a model can call: ``@tool``, ``@tool(name="...")`` or ``tool(function)``.

    Takes functions and coroutine functions, methods, `functools.partial` objects and objects with ``__call__``. The
    schema comes from the signature, the type hints and the docstring in Google, NumPy or Sphinx style, or from
    ``Annotated[int, "..."]``. If a parameter has a default, the model may write null for it, and the function gets the
    default. The model does not see arguments that a partial has bound by name, nor a parameter of type `ToolContext`.

    Args:
        function: the function to call.
        name: the name for the model: up to 64 letters, digits, underscores and dashes. Default: that of the function.
        description: the description for the model. Default: that of the docstring.
        strict: whether the server keeps the model to the schema. Strict mode cannot describe ``dict[str, int]``, `Any`,
            ``list`` without a type of its items, or ``tuple[int, str]``: these need ``strict=False``. Arguments are
            validated in both cases. Default: True.
        definition: a definition to use instead of one read from the function. The function is then called with the
            arguments by name as the model wrote them, without validation. Default: None.

    Returns:
        The tool, or without a function a decorator.

    Raises:
        InvalidArgumentError: a schema cannot describe a parameter: ``*args``, ``**kwargs``, a positional-only one, one
            without a type hint, or one of a type that strict mode cannot describe. The error names it.

    Source: https://platform.openai.com/docs/guides/function-calling, "Defining functions" and "Strict mode".
    """
    if function is None:
        return lambda function: tool(function, name=name, description=description, strict=strict, definition=definition)
    if isinstance(function, Tool):
        if (name, description, strict, definition) != (None, None, True, None):
            hint = "Pass its function, which is its attribute __wrapped__."
            raise InvalidArgumentError("tool()", "a function", "a tool, which has a definition already", hint)
        return cast("Tool[P, R]", function)
    if not callable(function):
        hint = f"Did you mean @tool(name={function!r})?" if isinstance(function, str) else ""
        if isinstance(function, classmethod):
            hint = "Write @classmethod above @tool."
            raise InvalidArgumentError("tool()", "a function", "a classmethod", hint)
        raise InvalidArgumentError("tool()", "a function", describe(function), hint)
    check_strings(name=name, description=description)
    check_flags(strict=strict)
    if definition is not None:
        return _tool_of_definition(function, definition)
    signature = read_signature(function)
    tool_name = _check_name(signature.name if name is None else name)
    schema = parameters_schema(tool_name, signature.parameters, strict=strict)
    body = _definition_body(tool_name, signature, description)
    body |= {"parameters": schema.schema, "strict": strict}
    tool_function = ToolFunction(
        tool_name, function, signature.context, schema, is_method=signature.is_method, returns=signature.returns
    )
    return Tool(function, FunctionTool.from_dict({"type": "function", "function": body}), tool_function)


@overload
def custom_tool(
    function: Callable[P, R], /, *, name: str | None = None, description: str | None = None,
    format: Format | None = None,
) -> CustomTool[P, R]: ...  # fmt: skip


@overload
def custom_tool(
    *, name: str | None = None, description: str | None = None, format: Format | None = None,
) -> Callable[[Callable[P, R]], CustomTool[P, R]]: ...  # fmt: skip


def custom_tool(
    function: Callable[P, R] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    format: Format | None = None,  # noqa: A002  # the contract's name
) -> CustomTool[P, R] | Callable[[Callable[P, R]], CustomTool[P, R]]:
    """Make a function a custom tool, whose input the model writes as free text: code, a query, a letter.

    Args:
        function: the function to call. It has one parameter of type ``str``, and optionally a `ToolContext`.
        name: the name for the model. Default: that of the function.
        description: the description for the model. Default: that of the docstring.
        format: the grammar that the input must match, as a dict or a model of the contract. Default: None, free text.

    Returns:
        The tool, or without a function a decorator.

    Raises:
        InvalidArgumentError: the function does not have one parameter of type ``str``.

    Source: https://platform.openai.com/docs/guides/function-calling, "Custom tools".
    """
    if function is None:
        return lambda function: custom_tool(function, name=name, description=description, format=format)
    if not callable(function):
        raise InvalidArgumentError("custom_tool()", "a function", describe(function))
    check_strings(name=name, description=description)
    signature = read_signature(function)
    if len(signature.parameters) != 1 or signature.parameters[0].hint is not str:
        given = ", ".join(field.name for field in signature.parameters) or "none"
        raise InvalidArgumentError(f"{signature.name}()", "one parameter, of type str", given)
    tool_name = _check_name(signature.name if name is None else name)
    body = _definition_body(tool_name, signature, description)
    if format is not None:
        body["format"] = check_argument(CustomTextFormatParam | CustomGrammarFormatParam, json_form(format), "format")
    tool_function = ToolFunction(
        tool_name, function, signature.context, input=signature.parameters[0].name, is_method=signature.is_method,
        returns=signature.returns,
    )  # fmt: skip
    return CustomTool(function, CustomToolDefinition.from_dict({"type": "custom", "custom": body}), tool_function)


def json_form(value: object) -> object:
    """Return a model, such as a generated one, as JSON, and anything else as it is."""
    to_dict: Any = getattr(value, "to_dict", None)
    return to_dict() if callable(to_dict) else value


def _definition_body(name: str, signature: Signature, description: str | None) -> dict[str, object]:
    text = signature.description if description is None else description
    return {"name": name, "description": text} if text else {"name": name}


def _tool_of_definition(function: Callable[P, R], definition: FunctionToolParam | FunctionTool) -> Tool[P, R]:
    if not isinstance(definition, FunctionTool):
        checked = check_argument(FunctionToolParam, definition, "definition")
        definition = FunctionTool.from_dict(cast("dict[str, Any]", checked))
    hints = hints_of(function)
    context = next((name for name, hint in hints.items() if is_context(hint)), None)
    name = _check_name(definition.function.name)
    return Tool(function, definition, ToolFunction(name, function, context, returns=hints.get("return")))


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        hint = "Give another with name=..."
        raise InvalidArgumentError("name", "up to 64 letters, digits, underscores and dashes", repr(name), hint)
    return name

"""A function → a tool: what the model knows of it, and what a call of it gives the function. No I/O."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from types import MethodType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, NamedTuple, ParamSpec, Self, TypeVar, cast, overload

from opper_chat_api.models.custom_tool import CustomTool as CustomToolDefinition
from opper_chat_api.models.function_tool import FunctionTool
from opper_chat_api.params import CustomGrammarFormatParam, CustomTextFormatParam, FunctionToolParam

from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._errors.invalid_value import InvalidValueError
from .._json.codec import is_mapping, is_sequence
from .._requests.argument_hints import check_argument, list_of_tools_hint, tool_hint
from .._results.tool_calls import ToolCall, arguments_error
from .._schemas.response_schema import ResponseSchema, parameters_schema
from .._validation.functions import function_name, is_coroutine_function
from .._validation.type_checks import check_flags, check_strings
from .signature import hints_of, is_context, read_signature

if TYPE_CHECKING:
    from opper_chat_api.models import CustomGrammarFormat, CustomTextFormat

    Format = CustomTextFormatParam | CustomTextFormat | CustomGrammarFormatParam | CustomGrammarFormat

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
Owner = TypeVar("Owner")

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


class Runner(NamedTuple):
    """What carries out the calls of a tool."""

    name: str
    run: Callable[..., object]
    context: str | None
    """The parameter that gets a `ToolContext`."""
    arguments: ResponseSchema[dict[str, object]] | None = None
    """What reads the arguments; None where they are taken as they are."""
    text: str | None = None
    """The parameter that gets the input of a custom tool."""
    is_method: bool = False
    """Whether there is no object yet that it is a method of."""
    returns: object = None
    """The type that the function is declared to return, or None."""

    @property
    def is_async(self) -> bool:
        """Whether it is to be awaited."""
        return is_coroutine_function(self.run)

    def read(self, call: ToolCall, given: dict[str, object] | None = None) -> dict[str, object]:
        """Return what the function is to be given, by the names of its parameters.

        Args:
            call: the call.
            given: arguments in place of those that the model wrote.

        Raises:
            ToolArgumentsError: they are not what the function takes.
        """
        if self.text is not None:
            text = call.input if given is None else given.get("input", given.get(self.text))
            if not isinstance(text, str):
                raise arguments_error(call, "a custom tool takes one string, under the key 'input'")
            return {self.text: text}
        value = call.parsed if given is None else given
        if self.arguments is not None:
            try:
                return self.arguments.read(value)
            except InvalidValueError as error:
                raise arguments_error(call, str(error)) from None
        try:
            context = {} if self.context is None else {self.context: None}
            inspect.signature(self.run).bind(**value, **context)
        except TypeError as error:
            raise arguments_error(call, str(error)) from None
        return value


class _Callable(Generic[P, R]):
    """What both kinds of tools have in common: they can be called as the function that they are made of."""

    __wrapped__: Callable[P, R]
    _runner: Runner

    def _wrap(self, function: Callable[P, R], runner: Runner) -> None:
        functools.update_wrapper(self, function, updated=())
        self._runner = runner

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.__wrapped__(*args, **kwargs)

    def _of(self, instance: object) -> Self:
        """Return the same as a method of an object."""
        bound = type(self).__new__(type(self))
        for name in ("function", "custom", "type", "additional_properties", "_absent"):
            if hasattr(self, name):
                setattr(bound, name, getattr(self, name))
        method: Any = MethodType(cast("Callable[..., Any]", self.__wrapped__), instance)
        bound._wrap(method, self._runner._replace(run=method, is_method=False))  # noqa: SLF001
        return bound

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __reduce__(self) -> str:
        # By its name, as functions are.
        return str(self.__wrapped__.__qualname__)


class Tool(_Callable[P, R], FunctionTool):  # type: ignore[misc]  # it is one function, and not equal to another
    """A function that a model may call, made by `tool`. It is still called as before.

    It is its own definition: ``function.name``, ``function.description`` and ``function.parameters`` are what the model
    is told, and ``create(tools=[...])`` takes it too.
    """

    def __init__(self, function: Callable[P, R], definition: FunctionTool, runner: Runner) -> None:
        FunctionTool.__init__(self, definition.function, additional_properties=definition.additional_properties)
        self._wrap(function, runner)

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...

    @overload
    def __get__(self: Tool[Concatenate[Owner, Q], R], instance: Owner, owner: type | None = None) -> Tool[Q, R]: ...

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None or not self._runner.is_method else self._of(instance)


class CustomTool(_Callable[P, R], CustomToolDefinition):  # type: ignore[misc]  # as above
    """A custom tool, made by `custom_tool`: a function of one text, which the model writes without any form of JSON.

    It is still called as before, and it is its own definition.
    """

    def __init__(self, function: Callable[P, R], definition: CustomToolDefinition, runner: Runner) -> None:
        CustomToolDefinition.__init__(self, definition.custom, additional_properties=definition.additional_properties)
        self._wrap(function, runner)

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...

    @overload
    def __get__(
        self: CustomTool[Concatenate[Owner, Q], R], instance: Owner, owner: type | None = None
    ) -> CustomTool[Q, R]: ...

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None or not self._runner.is_method else self._of(instance)


@overload
def tool(
    function: Callable[P, R],
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    strict: bool = True,
    definition: FunctionToolParam | FunctionTool | None = None,
) -> Tool[P, R]: ...


@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    strict: bool = True,
    definition: FunctionToolParam | FunctionTool | None = None,
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...


def tool(
    function: Callable[P, R] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    strict: bool = True,
    definition: FunctionToolParam | FunctionTool | None = None,
) -> Tool[P, R] | Callable[[Callable[P, R]], Tool[P, R]]:
    """Make a function one that a model may call: ``@tool``, ``@tool(name="...")`` or ``tool(function)``.

    Takes functions and coroutine functions, methods, `functools.partial` (what it has by name the model does not see)
    and objects with ``__call__``. The parameters, their types and what is said about them come from the signature and
    the docstring (of Google's, NumPy's or Sphinx's style, or from ``Annotated[int, "..."]``). A parameter with a
    default may be null to the model, and then has its default; one of type `ToolContext` the model does not see.

    Args:
        function: what to call.
        name: what the model calls it, instead of its name: up to 64 letters, digits, underscores and dashes.
        description: what the model is told of it, instead of its docstring.
        strict: whether the server is to keep the model to the schema. Strict mode cannot describe ``dict[str, int]``,
            `Any`, ``list`` without a type of its items, or ``tuple[int, str]``: those need ``strict=False``. The
            arguments are checked in any case.
        definition: a definition of your own, in place of what would be read from the function. It is then called with
            the arguments by name as the model wrote them, unchecked.

    Raises:
        InvalidArgumentError: there is a parameter that a schema cannot describe: ``*args``, ``**kwargs``, one without a
            hint, a positional-only one, or one of a type that strict mode cannot describe. The error names it.

    Source: https://platform.openai.com/docs/guides/function-calling, "Defining functions" and "Strict mode".
    """
    if function is None:
        return lambda function: tool(function, name=name, description=description, strict=strict, definition=definition)
    if isinstance(function, Tool):
        return cast("Tool[P, R]", function)
    if not callable(function):
        hint = f"Did you mean @tool(name={function!r})?" if isinstance(function, str) else ""
        raise InvalidArgumentError("tool()", "a function", describe(function), hint)
    check_strings(name=name, description=description)
    check_flags(strict=strict)
    if definition is not None:
        return _defined(function, definition)
    signature = read_signature(function)
    called = _checked_name(name or signature.name)
    arguments = parameters_schema(called, signature.parameters, strict=strict)
    made: dict[str, object] = {"name": called, "parameters": arguments.schema, "strict": strict}
    if said := signature.description if description is None else description:
        made["description"] = said
    runner = Runner(
        called, function, signature.context, arguments, is_method=signature.is_method, returns=signature.returns
    )
    return Tool(function, FunctionTool.from_dict({"type": "function", "function": made}), runner)


@overload
def custom_tool(
    function: Callable[P, R],
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    format: Format | None = None,
) -> CustomTool[P, R]: ...


@overload
def custom_tool(
    *,
    name: str | None = None,
    description: str | None = None,
    format: Format | None = None,
) -> Callable[[Callable[P, R]], CustomTool[P, R]]: ...


def custom_tool(
    function: Callable[P, R] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    format: Format | None = None,  # noqa: A002  # the contract's name
) -> CustomTool[P, R] | Callable[[Callable[P, R]], CustomTool[P, R]]:
    """Make a function of one text a custom tool, whose input the model writes freely: code, a query, a letter.

    Args:
        function: what to call. It takes one ``str``, and a `ToolContext` if it likes.
        name: what the model calls it, instead of its name.
        description: what the model is told of it, instead of its docstring.
        format: the grammar that the input must fit, as the contract has it. Free text by default.

    Raises:
        InvalidArgumentError: the function does not take one text.

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
    called = _checked_name(name or signature.name)
    made: dict[str, object] = {"name": called}
    if said := signature.description if description is None else description:
        made["description"] = said
    if format is not None:
        made["format"] = check_argument(CustomTextFormatParam | CustomGrammarFormatParam, _written(format), "format")
    text = signature.parameters[0].name
    runner = Runner(
        called, function, signature.context, text=text, is_method=signature.is_method, returns=signature.returns
    )
    return CustomTool(function, CustomToolDefinition.from_dict({"type": "custom", "custom": made}), runner)


def _defined(function: Callable[P, R], definition: FunctionToolParam | FunctionTool) -> Tool[P, R]:
    model = definition if isinstance(definition, FunctionTool) else None
    if model is None:
        checked = check_argument(FunctionToolParam, definition, "definition")
        model = FunctionTool.from_dict(cast("dict[str, Any]", checked))
    hints = hints_of(function)
    context = next((name for name, hint in hints.items() if is_context(hint)), None)
    runner = Runner(_checked_name(model.function.name), function, context, returns=hints.get("return"))
    return Tool(function, model, runner)


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        hint = "Give another with name=..."
        raise InvalidArgumentError("name", "up to 64 letters, digits, underscores and dashes", repr(name), hint)
    return name


class Toolbox:
    """The tools of a run, by name.

    Args:
        tools: tools and definitions.

    Attributes:
        definitions: what is sent of them.

    Raises:
        InvalidArgumentError: something among them is no tool, or two have one name.
    """

    def __init__(self, tools: object) -> None:
        if tools is not None and not is_sequence(tools):
            accepted = "a list of tools and definitions"
            raise InvalidArgumentError("tools", accepted, describe(tools), list_of_tools_hint(tools))
        self.definitions: list[object] = list(tools or ())
        self._runners: dict[tuple[str, str], Runner | None] = {}
        """By kind and name; None where there is a definition alone."""
        for index, item in enumerate(self.definitions):
            kind, name = _kind_and_name(item, f"tools[{index}]")
            if (kind, name) in self._runners:
                raise InvalidArgumentError(f"tools[{index}]", "a name that no other tool has", repr(name))
            self._runners[kind, name] = _runner(item, f"tools[{index}]")

    @property
    def names(self) -> list[str]:
        """What they are called."""
        return [name for _, name in self._runners]

    @property
    def runners(self) -> list[Runner]:
        """What carries out calls."""
        return [runner for runner in self._runners.values() if runner is not None]

    def find(self, call: ToolCall) -> Runner | None:
        """Return what carries out a call, or None where there is none."""
        return self._runners.get((call.type, call.name))

    def hands_back(self, call: ToolCall) -> bool:
        """Whether a call is of a tool that is a definition alone."""
        key = (call.type, call.name if call.type in ("function", "custom") else "")
        return key in self._runners and self._runners[key] is None


def _runner(item: object, where: str) -> Runner | None:
    if not isinstance(item, Tool | CustomTool):
        return None
    runner: Runner = item._runner  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    if runner.is_method:
        hint = f"Take it from one: thing.{function_name(runner.run)}."
        raise InvalidArgumentError(where, "a method of an instance", f"the method {runner.name!r} of a class", hint)
    return runner


def _kind_and_name(item: object, where: str) -> tuple[str, str]:
    value = _written(item)
    if not is_mapping(value):
        raise InvalidArgumentError(where, "a tool or a definition", describe(item), tool_hint(item))
    kind = str(value.get("type"))
    body = _written(value.get(kind))
    name = body.get("name") if is_mapping(body) else None
    return kind, name if isinstance(name, str) else ""


def _written(value: object) -> object:
    """Return a generated model as JSON, and anything else as it is."""
    write: Any = getattr(value, "to_dict", None)
    return write() if callable(write) else value

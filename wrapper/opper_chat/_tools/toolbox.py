"""The tools of a run, by kind and name. No I/O."""

from __future__ import annotations

from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._json.codec import is_mapping, is_sequence
from .._requests.argument_hints import list_of_tools_hint, tool_hint
from .._results.tool_calls import ToolCall
from .._validation.arguments import function_name
from .tool import CustomTool, Tool, ToolFunction, json_form


class Toolbox:
    """The tools of a run, of the argument ``tools``: tools, and definitions without a function.

    Refuses an item that is neither, and a name that two of them have. The request contains the `definitions`.
    """

    def __init__(self, tools: object) -> None:
        if tools is not None and not is_sequence(tools):
            expected = "a list of tools and definitions"
            raise InvalidArgumentError("tools", expected, describe(tools), list_of_tools_hint(tools))
        self.definitions: list[object] = list(tools or ())
        self._functions: dict[tuple[str, str], ToolFunction | None] = {}
        """By kind and name. None for a definition without a function."""
        for index, item in enumerate(self.definitions):
            key = _kind_and_name(item, f"tools[{index}]")
            if key in self._functions:
                raise InvalidArgumentError(f"tools[{index}]", "a name that no other tool has", repr(key[1]))
            self._functions[key] = _function(item, f"tools[{index}]")

    @property
    def names(self) -> list[str]:
        """The names of the tools."""
        return [name for _, name in self._functions]

    @property
    def functions(self) -> list[ToolFunction]:
        """The functions of the tools."""
        return [function for function in self._functions.values() if function is not None]

    def find(self, call: ToolCall) -> ToolFunction | None:
        """Return the function that a call is for, or None if there is none."""
        return self._functions.get((call.type, call.name))

    def is_pending(self, call: ToolCall) -> bool:
        """Return whether a call is left to the caller, because its tool is a definition without a function."""
        # Definitions of other kinds, such as tools that a server runs, have no name.
        key = (call.type, call.name if call.type in ("function", "custom") else "")
        return key in self._functions and self._functions[key] is None


def _function(item: object, argument: str) -> ToolFunction | None:
    if not isinstance(item, Tool | CustomTool):
        return None
    function: ToolFunction = item._tool_function  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    if function.is_method:
        hint = f"Take it from one: thing.{function_name(function.function)}."
        raise InvalidArgumentError(
            argument, "a method of an instance", f"the method {function.name!r} of a class", hint
        )
    return function


def _kind_and_name(item: object, argument: str) -> tuple[str, str]:
    value = json_form(item)
    if not is_mapping(value):
        raise InvalidArgumentError(argument, "a tool or a definition", describe(item), tool_hint(item))
    kind = str(value.get("type"))
    body = json_form(value.get(kind))
    name = body.get("name") if is_mapping(body) else None
    return kind, name if isinstance(name, str) else ""

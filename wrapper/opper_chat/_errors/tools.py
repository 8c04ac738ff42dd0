"""The errors of tools and of tool loops. No I/O.

OpperError
├── ToolError                               raised by a tool; the model reads its text
├── ToolArgumentsError (also ValueError)    the arguments that the model wrote do not fit the tool
├── InvalidArgumentError
│   └── ToolResultError (also TypeError)    JSON cannot represent the result of a tool
└── ToolRunError                            a tool loop ended early; `run` has what was done until then
    ├── TooManyTurnsError                   the model still calls tools after max_turns
    ├── RepeatedCallError                   the model repeats a call whose result was always the same
    ├── TokenBudgetError                    max_total_tokens are used up
    ├── ToolRunTimeoutError (also TimeoutError)    the deadline expired while tools were running
    └── ToolFailedError                     a tool failed or does not exist, and on_tool_error is "raise"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .api import InvalidArgumentError, OpperError

if TYPE_CHECKING:
    from .._results.tool_calls import ToolCall
    from .._tools.run import ToolRun


class ToolError(OpperError):
    """Raise this in a tool that cannot do what the model requests. The model reads the text, and can react to it.

    Of other exceptions the model reads only the class, because their texts can contain private data.
    """


class ToolArgumentsError(OpperError, ValueError):
    """The arguments that the model wrote do not fit the tool.

    Attributes:
        tool: the name of the tool; empty if the server sent none.
        call_id: the id of the call; empty if the server sent none.
        reason: the problems with their paths, such as ``places[0].city: is missing``.
        arguments: the arguments as text, as the model wrote them.
    """

    def __init__(self, tool: str, call_id: str, reason: str, arguments: str) -> None:
        function = repr(tool) if tool else "a call without a name"
        call = f" (call {call_id!r})" if call_id else ""
        super().__init__(f"The arguments of {function}{call} cannot be used: {reason}.")
        self.tool = tool
        self.call_id = call_id
        self.reason = reason
        self.arguments = arguments


class ToolResultError(InvalidArgumentError, TypeError):
    """JSON cannot represent the result of a tool, or a value in it. This is a mistake in the program.

    The tool has done its work, so the model does not read that it failed. A tool loop ends with this error.

    Attributes:
        argument: the path to the value, such as ``get_weather().wind``.
        expected: what is accepted there.
        received: the value as text, cut to a readable length.
        run: what the tool loop has done until then, or None outside of one.
    """


class ToolRunError(OpperError):
    """A tool loop ended before the final response of the model.

    Attributes:
        run: what was done until then. Every call in ``run.messages`` has a result, so that you can continue from them.
    """

    def __init__(self, message: str, run: ToolRun[object]) -> None:
        super().__init__(message)
        self.run = run


class TooManyTurnsError(ToolRunError):
    """The model still calls tools after ``max_turns`` turns."""


class RepeatedCallError(ToolRunError):
    """The model repeats a call that had the same result ``max_repeats`` times in a row.

    Attributes:
        call: the call.
    """

    def __init__(self, message: str, run: ToolRun[object], call: ToolCall) -> None:
        super().__init__(message, run)
        self.call = call


class TokenBudgetError(ToolRunError):
    """The turns so far have used ``max_total_tokens``, and the model still calls tools."""


class ToolRunTimeoutError(ToolRunError, TimeoutError):
    """The deadline expired while tools were running. If it expires in a request, APITimeoutError is raised."""


class ToolFailedError(ToolRunError):
    """A tool failed or does not exist. ``__cause__`` is the exception of the tool.

    Attributes:
        call: the call.
    """

    def __init__(self, message: str, run: ToolRun[object], call: ToolCall) -> None:
        super().__init__(message, run)
        self.call = call

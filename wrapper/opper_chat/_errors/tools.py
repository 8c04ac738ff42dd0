"""What can be wrong with a tool, and how a run of tools ends early. No I/O.

OpperError
├── ToolError                               raised by a tool: its text is told to the model
├── ToolArgumentsError (also ValueError)    what the model wrote is not what the tool takes
├── InvalidArgumentError
│   └── ToolResultError (also TypeError)    JSON cannot represent what a tool returned
└── ToolRunError                            a run ended before the answer; `run` is what was done until then
    ├── TooManyTurnsError                   max_turns answers, and the last one asks for tools again
    ├── RepeatedCallError                   the same call again, and it was always answered the same
    ├── TokenBudgetError                    max_total_tokens are spent
    ├── ToolRunTimeoutError (also TimeoutError)    the deadline passed while tools were running
    └── ToolFailedError                     a tool failed, or there is none of that name, and on_tool_error="raise"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .api import InvalidArgumentError, OpperError

if TYPE_CHECKING:
    from .._results.tool_calls import ToolCall
    from .._tools.run import ToolRun


class ToolError(OpperError):
    """To be raised by a tool that cannot do what it is asked: the model reads the text, and may do better.

    Of any other exception it reads only the class: what others say may hold addresses, keys and the like.
    """


class ToolArgumentsError(OpperError, ValueError):
    """What the model wrote is not what is wanted of it.

    Attributes:
        tool: the name of the tool that was called; empty where the server gave none.
        call_id: the id of the call; empty where it has none.
        reason: what is wrong with it: each place with its path, such as ``places[0].city: is missing``.
        arguments: the text that the model wrote.
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
    """JSON cannot represent what a tool returned, or for something in it: a mistake in the program.

    The tool has done its work, so the model is not told that it failed. In a run, the run ends with this error.

    Attributes:
        argument: the place, such as ``get_weather().wind``.
        expected: what is accepted there.
        received: what was returned there, cut to a readable length.
        run: what was done until then, or None outside of a run.
    """


class ToolRunError(OpperError):
    """A run of tools ended before the model had answered.

    Attributes:
        run: what was done until then. Every call in ``run.messages`` has its answer, so that they can be continued.
    """

    def __init__(self, message: str, run: ToolRun[object]) -> None:
        super().__init__(message)
        self.run = run


class TooManyTurnsError(ToolRunError):
    """The model was asked ``max_turns`` times, and still asks for tools."""


class RepeatedCallError(ToolRunError):
    """The model asks again for a call that was answered ``max_repeats`` times in a row, always the same.

    Attributes:
        call: the call.
    """

    def __init__(self, message: str, run: ToolRun[object], call: ToolCall) -> None:
        super().__init__(message, run)
        self.call = call


class TokenBudgetError(ToolRunError):
    """The answers so far have cost ``max_total_tokens``, and the model still asks for tools."""


class ToolRunTimeoutError(ToolRunError, TimeoutError):
    """The deadline passed while tools were running. Where it passes in a call of the model, APITimeoutError says so."""


class ToolFailedError(ToolRunError):
    """A tool failed, or the model called one that there is not. ``__cause__`` is what the tool raised.

    Attributes:
        call: the call.
    """

    def __init__(self, message: str, run: ToolRun[object], call: ToolCall) -> None:
        super().__init__(message, run)
        self.call = call

"""Options of a tool loop, each declared once for `run_tools` and `stream_tools`, sync and async. No I/O.

The functions of the caller, ``before_call`` and ``on_event``, are in `_async.tool_options`: only there they can be
coroutine functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias, TypedDict

from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._results.tool_calls import ToolCall
from .._validation.arguments import check_count, is_coroutine_function

OnToolError: TypeAlias = Literal["report", "raise"] | Callable[[ToolCall, Exception], str]
"""What to do when a tool fails: ``report`` sends the error to the model, ``raise`` ends the run, and a function returns
the text for the model, or raises an exception."""

Verdict: TypeAlias = bool | str | Mapping[str, object] | None
"""What ``before_call`` returns: None or True lets a call pass, a mapping replaces the arguments that the model wrote,
and False or a text denies the call. The model reads the text."""


class ToolLoopOptions(TypedDict, total=False):
    """Options of `run_tools` and `stream_tools`. `ToolLoopSettings` has their defaults."""

    max_turns: int
    """The maximum number of requests to the model. Default: 8."""
    max_parallel: int
    """How many calls of one turn run at once. Default: 8."""
    max_repeats: int | None
    """How often in a row a call with the same arguments can get the same result, or None for no limit. Default: 3."""
    max_total_tokens: int | None
    """How many tokens all turns can use together, or None for no limit. Default: None."""
    on_tool_error: OnToolError
    """What to do when a tool fails. Default: ``report``."""
    context: object
    """The value that tools with a parameter of type `ToolContext` get. Default: None."""


class ToolLoopSettings:
    """The options of a tool loop, validated: those of `ToolLoopOptions`."""

    def __init__(
        self,
        *,
        max_turns: int = 8,
        max_parallel: int = 8,
        max_repeats: int | None = 3,
        max_total_tokens: int | None = None,
        on_tool_error: OnToolError = "report",
        context: object = None,
    ) -> None:
        self.max_turns: int = check_count(max_turns, "max_turns")
        self.max_parallel: int = check_count(max_parallel, "max_parallel")
        self.max_repeats: int | None = _check_limit(max_repeats, "max_repeats")
        self.max_total_tokens: int | None = _check_limit(max_total_tokens, "max_total_tokens")
        self.on_tool_error: OnToolError = _check_policy(on_tool_error)
        self.context: object = context


def _check_limit(value: object, argument: str) -> int | None:
    return None if value is None else check_count(value, argument)


def _check_policy(on_tool_error: OnToolError) -> OnToolError:
    if callable(on_tool_error):
        if is_coroutine_function(on_tool_error):
            expected = "'report', 'raise' or a function that is not async"
            raise InvalidArgumentError("on_tool_error", expected, describe(on_tool_error))
    elif on_tool_error not in ("report", "raise"):
        raise InvalidArgumentError("on_tool_error", "'report', 'raise' or a function", describe(on_tool_error))
    return on_tool_error

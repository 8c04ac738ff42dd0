"""Decide in a tool loop which calls to run, which results to send to the model, and when the run is over.

Does not send requests and does not run tools: `_async.tool_runner` does. No I/O, and no
clock: the time is handed in, in seconds of any monotonic clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import msgspec

from .._concurrency.deadlines import Deadlines, Timeouts
from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._errors.tools import (
    RepeatedCallError,
    TokenBudgetError,
    ToolArgumentsError,
    ToolError,
    ToolFailedError,
    ToolRunError,
    ToolRunTimeoutError,
    TooManyTurnsError,
)
from .._json import codec as _json
from .._json.codec import is_mapping, is_sequence
from .._observability.logging import log_tool_failure
from .._requests.assistant_messages import add_call_ids, complete_calls, remove_unencodable
from .._requests.parameters import check_extra_keys
from .._requests.response_format import ResponseFormat
from .._requests.tool_options import ToolLoopOptions, ToolLoopSettings, Verdict
from .._results.completion import ChatCompletion
from .._results.tool_calls import ToolCall, arguments_error, read_tool_calls
from .jobs import Job
from .results import encodable_text, result_error, result_text, tool_result
from .run import ToolExecution, ToolRun, set_parsed
from .signature import ToolContext
from .tool import ToolFunction, json_form
from .toolbox import Toolbox

if TYPE_CHECKING:
    from opper_chat_api.models.chat_completion_message import ChatCompletionMessage
    from opper_chat_api.params import ChatMessageParam

_WRITTEN_BY_LOOP = {
    "messages": "A run adds messages turn by turn. Use the argument messages.",
    "n": "A run follows one choice.",
    "tool_choice": "A run changes it after the first turn. Use the argument tool_choice.",
    "tools": "A run must know its tools. Use the argument tools, which takes dicts of any kind as well.",
}
"""Keys of the body that a loop writes, and what to do instead of giving them in ``extra_body``."""


class ToolLoop:
    """One run of tools, from its arguments to its end.

    Args:
        arguments: those of `run_tools`, except ``before_call`` and ``on_event``.
        deadline: seconds from the start of the run to its end, or None for no limit.

    Attributes:
        settings: the options of the run.
        tools: the tools that the model can call.
        run: the result so far.
        is_over: whether the model has completed without tool calls, or has called a tool without a function.
    """

    def __init__(self, arguments: Mapping[str, object], deadline: float | None) -> None:
        arguments = dict(arguments)
        options = {name: arguments.pop(name) for name in ToolLoopOptions.__annotations__ if name in arguments}
        self.settings: ToolLoopSettings = ToolLoopSettings(**cast("ToolLoopOptions", options))
        if arguments.get("n") not in (None, 1):
            raise InvalidArgumentError("n", "1 or None", describe(arguments["n"]), _WRITTEN_BY_LOOP["n"])
        check_extra_keys(arguments.get("extra_body"), _WRITTEN_BY_LOOP)
        messages = arguments.pop("messages", None)
        if not is_sequence(messages):
            received = "nothing" if messages is None else describe(messages)
            raise InvalidArgumentError("messages", "a list of messages", received)
        self.tools: Toolbox = Toolbox(arguments.get("tools"))
        arguments["tools"] = self.tools.definitions or None
        self._response_format = ResponseFormat[Any](
            arguments.get("response_format"), strict=arguments.pop("strict", True)
        )
        self._response_format.check_extra_body(arguments)
        arguments["response_format"] = self._response_format.parameter
        self._arguments = arguments
        self._timeouts = Timeouts(deadline=deadline)
        self._deadlines: Deadlines | None = None
        self.run: ToolRun[Any] = ToolRun(cast("list[ChatMessageParam]", list(messages)))
        self.is_over: bool = False
        self._total_tokens = 0
        self._turn: tuple[ChatCompletionMessage, list[ToolExecution]] | None = None
        """The message and the calls of the turn that is under way."""
        self._repeats: dict[tuple[str, bytes], tuple[str, int]] = {}
        """By call and arguments: the last result, and how many times in a row it was the result."""

    @property
    def is_parallel(self) -> bool:
        """Whether calls of one turn can run at once."""
        return self._arguments.get("parallel_tool_calls") is not False and self.settings.max_parallel > 1

    def start(self, now: float) -> None:
        """Start the deadline."""
        self._deadlines = Deadlines(self._timeouts, now)

    @property
    def has_deadline(self) -> bool:
        """Whether the run has a deadline."""
        return self._timeouts.deadline is not None

    def remaining(self, now: float) -> float | None:
        """Return the seconds until the deadline, or None if there is none or the run has not started."""
        return None if self._deadlines is None else self._deadlines.remaining(now)

    def next_arguments(self, now: float, *, stream: bool) -> dict[str, object]:
        """Return the arguments of the next request, or raise ToolRunTimeoutError if the deadline has expired."""
        arguments = {**self._arguments, "messages": self.run.messages}
        if stream and arguments.get("stream_options") is None:
            arguments["stream_options"] = {"include_usage": True}
        if self.run.completions and "tool_choice" in arguments:
            # The first turn made the call that was required. Required again, it would be made in every turn.
            arguments["tool_choice"] = _optional_choice(arguments["tool_choice"])
        remaining = self.remaining(now)
        if remaining is not None:
            if remaining <= 0:
                raise self.timeout_error()
            arguments["deadline"] = remaining
        return arguments

    def add_completion(self, completion: ChatCompletion) -> list[ToolExecution]:
        """Add a completion to the run. Return its calls of tools with a function; none if the run is over.

        Raises:
            TooManyTurnsError, RepeatedCallError, TokenBudgetError: a limit of the run is reached.
            CompletionError: the completion does not have the type of ``response_format``.
            APIResponseValidationError: the completion has no choices.
        """
        run = self.run
        run.completions.append(completion)
        self._total_tokens += completion.usage.total_tokens if completion.usage is not None else 0
        self.is_over = True
        # The message goes back to the server, so it must be encodable, and its calls must have ids.
        message = add_call_ids(remove_unencodable(completion.message), run.turns)
        if not message.tool_calls:
            run.messages.append(message)
            set_parsed(run, self._response_format.parse(completion, None, b"").parsed)
            return []
        calls = read_tool_calls(message.tool_calls)
        run.pending = [call for call in calls if self.tools.is_pending(call)]
        executions = [ToolExecution(call, run.turns) for call in calls if not self.tools.is_pending(call)]
        run.calls.extend(executions)
        self._turn = complete_calls(message), executions
        self.is_over = bool(run.pending)
        if not run.pending:
            self._check_limits(executions)
        return executions

    def prepare_job(self, execution: ToolExecution) -> Job | None:
        """Return the job that runs a call, or None if the call cannot run and its result is an error.

        Raises ToolFailedError if the call cannot run and ``on_tool_error`` ends the run.
        """
        call = execution.call
        function = self.tools.find(call)
        if function is None:
            known = ", ".join(self.tools.names) or "none at all"
            self._fail(execution, ToolError(f"there is no tool {call.name!r}. There are: {known}."))
            return None
        try:
            self._check_complete(call)
            execution.arguments = function.read_arguments(call)
        except ToolArgumentsError as error:
            self._fail(execution, error)
            return None
        return self._job(execution, function)

    def apply_verdict(self, job: Job, verdict: Verdict) -> Job | None:
        """Return the job to run after ``before_call`` has returned, or None if it has denied the call.

        Refuses anything else that it returned, and arguments that the tool does not accept.
        """
        execution = job.execution
        if verdict is None or verdict is True:
            return job
        if verdict is False or isinstance(verdict, str):
            execution.outcome = "denied"
            execution.content = encodable_text(f"Error: the call was denied. {verdict or ''}".rstrip())
            return None
        if not is_mapping(verdict):
            expected = "a function that returns None, True, False, a string or a dict of arguments"
            raise InvalidArgumentError("before_call()", expected, describe(verdict))
        function = self.tools.find(execution.call)
        assert function is not None  # noqa: S101  # there is a job
        replacement = {str(name): value for name, value in verdict.items()}
        try:
            execution.arguments = function.read_arguments(execution.call, replacement)
        except ToolArgumentsError as error:
            expected = f"arguments that {execution.call.name!r} takes"
            raise InvalidArgumentError("before_call()", expected, describe(verdict), str(error)) from None
        return self._job(execution, function)

    def add_result(self, job: Job) -> ToolExecution:
        """Record how a job ended.

        Raises:
            ToolFailedError: the tool failed, and ``on_tool_error`` ends the run.
            ToolResultError: JSON cannot represent what the tool returned.
        """
        execution = job.execution
        execution.duration = job.duration
        if job.crash is not None:
            raise job.crash
        if job.error is not None:
            self._fail(execution, job.error)
            return execution
        execution.result = job.result
        if job.unexpected is not None:
            execution.outcome, execution.content = "failed", "Error: the tool has run, and its result cannot be shown."
            execution.error = error = result_error(f"{execution.call.name}()", job.unexpected)
            log_tool_failure(execution.call.name, execution.call.id, error)
            raise error
        execution.content = job.content
        execution.outcome = "succeeded"
        return execution

    def end_turn(self) -> None:
        """Add the message of the turn and the results of its calls to the messages. Calls without a result say so.

        Does nothing if no turn with calls is under way, so it can be called at any end of the run.
        """
        if self._turn is None:
            return
        message, executions = self._turn
        self._turn = None
        self.run.messages.append(message)
        self.run.messages.extend(tool_result(execution.call, execution.content) for execution in executions)
        # By key first: of equal calls in one turn, the last counts, and once.
        for key, content in {_key(execution.call): execution.content for execution in executions}.items():
            before, times = self._repeats.get(key, ("", 0))
            self._repeats[key] = content, times + 1 if content == before else 1

    def timeout_error(self) -> ToolRunTimeoutError:
        """Return the error of a deadline that has expired."""
        running = [execution.call.name for execution in self.run.calls if execution.outcome == "not_run"]
        waiting = f" while waiting for {', '.join(running)}" if running else ""
        return ToolRunTimeoutError(
            f"The run took longer than its deadline of {self._timeouts.deadline:g} s, and ended{waiting}.", self.run
        )

    def attach_run(self, error: Exception) -> None:
        """Set the attribute ``run`` of an exception that ends the run, of any class."""
        with suppress(Exception):  # some exceptions accept no attributes
            if isinstance(getattr(error, "run", None), ToolRun | None):
                setattr(error, "run", self.run)  # noqa: B010  # not an attribute of every class

    def _job(self, execution: ToolExecution, function: ToolFunction) -> Job:
        # A copy, because the context is added, which is not one of the reported arguments.
        arguments = dict(execution.arguments or {})
        if function.context is not None:
            arguments[function.context] = ToolContext(self.settings.context, execution.call, self.run)
        call = partial(function.function, **arguments)
        return Job(execution, call, is_async=function.is_async, returns=function.returns)

    def _fail(self, execution: ToolExecution, error: Exception) -> None:
        execution.outcome, execution.error = "failed", error
        execution.content = result_text(error)
        log_tool_failure(execution.call.name, execution.call.id, error)
        policy = self.settings.on_tool_error
        if callable(policy):
            execution.content = _policy_text(policy(execution.call, error))
        elif policy == "raise":
            raise ToolFailedError(
                f"The tool {execution.call.name!r} failed: {type(error).__name__}: {error}", self.run, execution.call
            ) from error

    def _check_complete(self, call: ToolCall) -> None:
        """Refuse a call that was cut off. Free text and empty arguments show no end, so they count as cut off."""
        finish_reason = self.run.completion.choices[0].finish_reason
        if finish_reason not in ("length", "content_filter"):
            return
        reason = f"the completion ended early ({finish_reason})"
        if call.type == "custom" or not call.arguments.strip():
            raise arguments_error(call, reason)
        try:
            _ = call.parsed
        except ToolArgumentsError as error:
            raise arguments_error(call, f"{reason}, {error.reason}") from None

    def _check_limits(self, executions: list[ToolExecution]) -> None:
        error = self._limit_error(executions)
        if error is not None:
            self.end_turn()
            raise error

    def _limit_error(self, executions: list[ToolExecution]) -> ToolRunError | None:
        """Return the error of a limit that is reached, or None."""
        settings, run = self.settings, self.run
        if settings.max_total_tokens is not None and self._total_tokens >= settings.max_total_tokens:
            limit = f"max_total_tokens={settings.max_total_tokens}"
            return TokenBudgetError(f"The run has used {self._total_tokens} tokens ({limit}) and has not ended.", run)
        if run.turns >= settings.max_turns:
            turns = f"{run.turns} turn{'' if run.turns == 1 else 's'} (max_turns={settings.max_turns})"
            return TooManyTurnsError(f"The model still calls tools after {turns}.", run)
        if settings.max_repeats is None:
            return None
        for call in (execution.call for execution in executions):
            _, times = self._repeats.get(_key(call), ("", 0))
            if times >= settings.max_repeats:
                repeated = f"{times} times in a row (max_repeats={settings.max_repeats})"
                return RepeatedCallError(
                    f"The model repeats the call of {call.name!r}, which had the same result {repeated}.", run, call
                )
        return None


def _policy_text(content: object) -> str:
    if not isinstance(content, str):
        raise InvalidArgumentError("on_tool_error()", "a function that returns a string", describe(content))
    return encodable_text(str.__str__(content))


def _key(call: ToolCall) -> tuple[str, bytes]:
    """Return the key of a call for `max_repeats`: equal for equal arguments, in any order and with any whitespace."""
    try:
        # Models write equal arguments in different ways: with spaces or without, and in another order.
        value = _json.decode(call.arguments or "{}")
        return call.name, call.input.encode() + msgspec.json.encode(value, order="sorted")
    except (ValueError, RecursionError):
        return call.name, call.arguments.encode("utf-8", "replace")


def _optional_choice(choice: object) -> object:
    """Return a ``tool_choice`` that allows the same tools and requires none."""
    value = json_form(choice)
    if is_mapping(value):
        allowed = value.get("allowed_tools")
        return {**value, "allowed_tools": {**allowed, "mode": "auto"}} if is_mapping(allowed) else "auto"
    return "auto" if value == "required" else choice

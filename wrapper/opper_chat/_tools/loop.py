"""What a run of tools does next: which calls to carry out, what to tell the model, when it is over. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from .._concurrency.deadlines import Deadlines, Timeouts
from .._errors.api import InvalidArgumentError
from .._errors.describe import describe
from .._errors.tools import (
    RepeatedCallError,
    TokenBudgetError,
    ToolArgumentsError,
    ToolError,
    ToolFailedError,
    ToolRunTimeoutError,
    TooManyTurnsError,
)
from .._json import codec as _json
from .._json.codec import is_array, is_mapping, is_object, is_sequence
from .._observability.logging import log_tool_failure
from .._requests.assistant_messages import sendable, with_ids, without_unsendable
from .._requests.prepare import check_extra_keys
from .._requests.response_format import ResponseFormat
from .._requests.tool_options import ToolLoopOptions, ToolLoopSettings, Verdict
from .._results.completion import ChatCompletion
from .._results.tool_calls import ToolCall, arguments_error, read_tool_calls
from .jobs import Job
from .results import encodable_text, result_error, result_text, tool_result
from .run import ToolExecution, ToolRun, set_parsed
from .signature import ToolContext
from .tool import Runner, Toolbox

if TYPE_CHECKING:
    from opper_chat_api.models.chat_completion_message import ChatCompletionMessage
    from opper_chat_api.params import ChatMessageParam

_SENT_BY_RUNS = {
    "messages": "A run adds messages turn by turn. Use the argument messages.",
    "n": "A run follows one choice.",
    "tool_choice": "A run changes it after the first turn. Use the argument tool_choice.",
    "tools": "A run must know its tools. Use the argument tools, which takes dicts of any kind as well.",
}
"""Keys of the body that a run writes, and what to do instead of giving them in ``extra_body``."""


class ToolLoop:
    """One run, from its arguments to its end.

    Args:
        arguments: those of `run_tools`, but for ``before_call`` and ``on_event``.
        deadline: seconds from the start of the run to its end, or None for no limit.

    Attributes:
        run: what was done so far.
        settings: what bounds it.
        tools: what the model may call.
        is_over: whether the model has answered, or has called what is not for this run to carry out.

    Raises:
        InvalidArgumentError: an argument is wrong.
    """

    def __init__(self, arguments: Mapping[str, object], deadline: float | None) -> None:
        self._arguments = dict(arguments)
        options = {name: self._arguments.pop(name) for name in ToolLoopOptions.__annotations__ if name in arguments}
        self.settings: ToolLoopSettings = ToolLoopSettings(**cast("ToolLoopOptions", options))
        self._timeouts = Timeouts(deadline=deadline)
        self._deadlines: Deadlines | None = None
        if self._arguments.get("n") not in (None, 1):
            raise InvalidArgumentError("n", "1 or None", describe(self._arguments["n"]), _SENT_BY_RUNS["n"])
        check_extra_keys(self._arguments.get("extra_body"), _SENT_BY_RUNS)
        messages = self._arguments.pop("messages", None)
        if not is_sequence(messages):
            given = "nothing" if messages is None else describe(messages)
            raise InvalidArgumentError("messages", "a list of messages", given)
        self.tools: Toolbox = Toolbox(self._arguments.get("tools"))
        self._arguments["tools"] = self.tools.definitions or None
        self._response_format = ResponseFormat[Any](
            self._arguments.get("response_format"), strict=self._arguments.pop("strict", True)
        )
        self._response_format.check_extra_body(self._arguments)
        self._arguments["response_format"] = self._response_format.parameter
        self.run: ToolRun[Any] = ToolRun(cast("list[ChatMessageParam]", list(messages)))
        self._spent = 0
        self.is_over: bool = False
        self._open: tuple[ChatCompletionMessage, list[ToolExecution]] | None = None
        self._answers: dict[tuple[str, bytes], tuple[str, int]] = {}
        """By a call and its arguments: its last answer, and how often in a row it was that."""

    @property
    def is_parallel(self) -> bool:
        """Whether calls of one answer may be carried out at once."""
        return self._arguments.get("parallel_tool_calls") is not False and self.settings.max_parallel > 1

    def begin(self, now: float) -> None:
        """Start the run, at a time in seconds of any monotonic clock."""
        self._deadlines = Deadlines(self._timeouts, now)

    @property
    def has_deadline(self) -> bool:
        """Whether the run is to end by a deadline."""
        return self._timeouts.deadline is not None

    def remaining(self, now: float) -> float | None:
        """Return the seconds until the deadline, or None if there is none or the run has not started."""
        return None if self._deadlines is None else self._deadlines.remaining(now)

    def next_arguments(self, now: float, *, stream: bool) -> dict[str, object]:
        """Return the arguments of the next call of the model.

        Raises:
            ToolRunTimeoutError: the deadline has passed.
        """
        arguments = {**self._arguments, "messages": self.run.messages}
        if stream and arguments.get("stream_options") is None:
            arguments["stream_options"] = {"include_usage": True}
        if self.run.completions and "tool_choice" in arguments:
            # What had to be called was called; demanded again it would be called for ever.
            arguments["tool_choice"] = _later_choice(arguments["tool_choice"])
        remaining = self.remaining(now)
        if remaining is not None:
            if remaining <= 0:
                raise self.too_late()
            arguments["deadline"] = remaining
        return arguments

    def take(self, completion: ChatCompletion) -> list[ToolExecution]:
        """Take an answer of the model; return the calls to be answered, none where the run is over.

        Raises:
            TooManyTurnsError, RepeatedCallError, TokenBudgetError: it is over without an answer.
            AnswerError: the answer is not of the type that was asked for.
            APIResponseValidationError: the completion has no choices.
        """
        run = self.run
        run.completions.append(completion)
        self._spent += completion.usage.total_tokens if completion.usage is not None else 0
        self.is_over = True
        message = with_ids(without_unsendable(completion.message), run.turns)
        if not message.tool_calls:
            run.messages.append(message)
            set_parsed(run, self._response_format.parse(completion, None, b"").parsed)
            return []
        calls = read_tool_calls(message.tool_calls)
        run.pending = [call for call in calls if self.tools.hands_back(call)]
        executions = [ToolExecution(call, run.turns) for call in calls if not self.tools.hands_back(call)]
        run.calls.extend(executions)
        self._open = sendable(message), executions
        self.is_over = bool(run.pending)
        if not run.pending:
            self._check_limits(executions)
        return executions

    def prepare(self, execution: ToolExecution) -> Job | None:
        """Return what is to be done for a call, or None where it is answered already, by an error.

        Raises:
            ToolFailedError: it is wrong, and that is to end the run.
        """
        call = execution.call
        tool = self.tools.find(call)
        if tool is None:
            known = ", ".join(self.tools.names) or "none at all"
            self._fail(execution, ToolError(f"there is no tool {call.name!r}. There are: {known}."))
            return None
        try:
            self._refuse_half(call)
            execution.arguments = tool.read(call)
        except ToolArgumentsError as error:
            self._fail(execution, error)
            return None
        return self._job(execution, tool)

    def decide(self, job: Job, verdict: Verdict) -> Job | None:
        """Return what is to be done after `before_call` was asked, or None if it denied the call.

        Raises:
            InvalidArgumentError: what it returned is no verdict, or its arguments are none of the tool's.
        """
        execution = job.execution
        if verdict is None or verdict is True:
            return job
        if verdict is False or isinstance(verdict, str):
            execution.outcome = "denied"
            execution.content = encodable_text(f"Error: the call was denied. {verdict or ''}".rstrip())
            return None
        if not is_mapping(verdict):
            accepted = "a function that returns None, True, False, a string or a dict of arguments"
            raise InvalidArgumentError("before_call()", accepted, describe(verdict))
        tool = self.tools.find(execution.call)
        assert tool is not None  # noqa: S101  # it was prepared
        try:
            execution.arguments = tool.read(execution.call, {str(name): value for name, value in verdict.items()})
        except ToolArgumentsError as error:
            raise InvalidArgumentError(
                "before_call()", f"arguments that {execution.call.name!r} takes", describe(verdict), str(error)
            ) from None
        return self._job(execution, tool)

    def finished(self, job: Job) -> ToolExecution:
        """Take note of how a call ended.

        Raises:
            ToolFailedError: it failed, and that is to end the run.
            ToolResultError: JSON cannot represent what it returned.
        """
        execution = job.execution
        execution.duration = job.duration
        if job.crash is not None:
            raise job.crash
        if job.error is not None:
            self._fail(execution, job.error)
            return execution
        execution.result = job.result
        if job.misfit is not None:
            execution.outcome, execution.content = "failed", "Error: the tool has run, and its result cannot be shown."
            execution.error = formless = result_error(f"{execution.call.name}()", job.misfit)
            log_tool_failure(execution.call.name, execution.call.id, formless)
            raise formless
        execution.content = job.content
        execution.outcome = "succeeded"
        return execution

    def settle(self) -> None:
        """Write the answer and the results into the conversation. Those that are missing say so."""
        if self._open is None:
            return
        message, calls = self._open
        self._open = None
        self.run.messages.append(message)
        self.run.messages.extend(tool_result(execution.call, execution.content) for execution in calls)
        for key, content in {_key(execution.call): execution.content for execution in calls}.items():
            before, times = self._answers.get(key, ("", 0))
            self._answers[key] = content, times + 1 if content == before else 1

    def too_late(self) -> ToolRunTimeoutError:
        """Return the error for a deadline that has passed."""
        running = [execution.call.name for execution in self.run.calls if execution.outcome == "not_run"]
        said = f" while waiting for {', '.join(running)}" if running else ""
        return ToolRunTimeoutError(
            f"The run took longer than its deadline of {self._timeouts.deadline:g} s, and ended{said}.", self.run
        )

    def mark(self, error: Exception) -> None:
        """Let an exception that ends the run, whoever raised it, tell what was done, as its attribute ``run``."""
        with suppress(Exception):  # some take no attributes
            if isinstance(getattr(error, "run", None), ToolRun | None):
                setattr(error, "run", self.run)  # noqa: B010  # of whatever class it is

    def _job(self, execution: ToolExecution, tool: Runner) -> Job:
        given = dict(execution.arguments or {})
        if tool.context is not None:
            given[tool.context] = ToolContext(self.settings.context, execution.call, self.run)
        return Job(execution, partial(tool.run, **given), is_async=tool.is_async, returns=tool.returns)

    def _fail(self, execution: ToolExecution, error: Exception) -> None:
        execution.outcome, execution.error = "failed", error
        execution.content = result_text(error)
        log_tool_failure(execution.call.name, execution.call.id, error)
        policy = self.settings.on_tool_error
        if callable(policy):
            execution.content = encodable_text(_checked_content(policy(execution.call, error)))
        elif policy == "raise":
            raise ToolFailedError(
                f"The tool {execution.call.name!r} failed: {type(error).__name__}: {error}", self.run, execution.call
            ) from error

    def _refuse_half(self, call: ToolCall) -> None:
        """Refuse what may go on where the answer was cut: text whose end nothing marks."""
        choice = self.run.completion.choices[0]
        if choice.finish_reason in ("length", "content_filter"):
            if call.type == "custom" or not call.arguments.strip():
                raise arguments_error(call, f"the answer ended early ({choice.finish_reason})")
            try:
                _ = call.parsed
            except ToolArgumentsError as error:
                raise arguments_error(
                    call, f"the answer ended early ({choice.finish_reason}), {error.reason}"
                ) from None

    def _check_limits(self, calls: list[ToolExecution]) -> None:
        settings, run = self.settings, self.run
        error: TooManyTurnsError | RepeatedCallError | TokenBudgetError | None = None
        if settings.max_total_tokens is not None and self._spent >= settings.max_total_tokens:
            limit = f"max_total_tokens={settings.max_total_tokens}"
            error = TokenBudgetError(f"The run has cost {self._spent} tokens ({limit}) and is not over.", run)
        elif run.turns >= settings.max_turns:
            limit = f"max_turns={settings.max_turns}"
            error = TooManyTurnsError(
                f"The model was asked {run.turns} time{'' if run.turns == 1 else 's'} ({limit}) and has not answered.",
                run,
            )
        elif settings.max_repeats is not None:
            for execution in calls:
                _, times = self._answers.get(_key(execution.call), ("", 0))
                if times >= settings.max_repeats:
                    said = f"The model asks for the same call of {execution.call.name!r} again"
                    reason = f"it was answered {times} times in a row, always the same"
                    limit = f"max_repeats={settings.max_repeats}"
                    error = RepeatedCallError(f"{said}: {reason} ({limit}).", run, execution.call)
                    break
        if error is not None:
            self.settle()
            raise error


def _checked_content(content: object) -> str:
    if not isinstance(content, str):
        raise InvalidArgumentError("on_tool_error()", "a function that returns a string", describe(content))
    return str.__str__(content)


def _key(call: ToolCall) -> tuple[str, bytes]:
    """Return what makes two calls the same: the same arguments, however they are written."""
    try:
        value = _json.decode(call.arguments or "{}")
        return call.name, call.input.encode() + _json.encode(_sorted(value))
    except (ValueError, RecursionError):
        return call.name, call.arguments.encode("utf-8", "replace")


def _sorted(value: object) -> object:
    if is_object(value):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(item) for item in value] if is_array(value) else value


def _later_choice(choice: object) -> object:
    """Return what may be called after the first turn: whatever could be called, but nothing that must be."""
    write = getattr(choice, "to_dict", None)
    value = write() if callable(write) else choice
    if is_mapping(value):
        allowed = value.get("allowed_tools")
        if is_mapping(allowed):
            return {**value, "allowed_tools": {**allowed, "mode": "auto"}}
        return "auto"
    return "auto" if value == "required" else choice

# Made from wrapper/opper_chat/_async/tool_runner.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""The shell of a run of tools: asks the model, carries out its calls, and tells of each step.

The decisions are in `_tool_plan`, the tasks in `_async_workers`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from time import monotonic
from types import TracebackType
from typing import Any, Generic, Literal, Self, TypeAlias, TypeVar

from .._call.state import Call
from .._errors.api import OpperError
from .._results.completion import ChatCompletion
from .._tools.jobs import Job
from .._tools.loop import ToolLoop
from .._tools.run import (
    ToolResultEvent,
    ToolRun,
    ToolRunDoneEvent,
    ToolRunEvent,
    ToolRunStepEvent,
    ToolStartedEvent,
    TurnDoneEvent,
    TurnStartedEvent,
)
from .._tools.workers import (
    BeforeCall,
    OnEvent,
    Workers,
    ask,
    ask_in_time,
    check_function,
    check_tools,
)
from .event_stream import EventStream, StreamManager
from .requester import Calls

T_co = TypeVar("T_co", covariant=True)

Phase: TypeAlias = Literal["new", "turn", "ask", "read", "run", "over"]


class ToolStream(Generic[T_co]):
    """A run of tools as typed events; `opper_chat.ToolRunEvent` is their union, told apart by ``type``.

    For each turn: ``turn.started``; the events of the answer while it is written, as those of `EventStream`;
    ``tool.started`` and ``tool.result`` for its calls, as they begin and end; ``turn.done``. At last ``run.done``.

    To be used with ``with``, by one task. Leaving it early closes the answer and cancels the tools.

    Raises:
        ToolRunError: the run ended early; the class says why.
        APIError: a call of the model failed; its ``run`` is what was done before.

    What functions of the caller's own raise is raised as it is, and has the same ``run``.
    """

    def __init__(
        self, calls: Calls, loop: ToolLoop, before_call: BeforeCall | None, site: str | None = None
    ) -> None:
        self._calls = calls
        self._loop = loop
        self._before_call = before_call
        self._site = site
        """Where a streamed run was made; None where the answers come whole."""
        self._workers = Workers(
            loop.settings.max_parallel if loop.is_parallel else 1, bounded=loop.has_deadline
        )
        self._phase: Phase = "new"
        self._ready: deque[ToolRunEvent] = deque()
        self._stream: StreamManager | None = None
        self._events: EventStream | None = None
        self._running = 0
        self._failure: OpperError | None = None
        # What is wrong with the arguments is told before anything is sent.
        self._first: Callable[[], Call] | None = self._prepared()

    @property
    def run(self) -> ToolRun[T_co]:
        """What was done so far."""
        return self._loop.run

    def __iter__(self) -> Iterator[ToolRunEvent]:
        return self

    def __next__(self) -> ToolRunEvent:
        if self._phase == "new":
            raise RuntimeError("a run of tools is to be used with `with`")
        while not self._ready:
            if self._failure is not None:
                raise self._failure  # whoever asks again is told again
            if self._phase == "over":
                raise StopIteration
            try:
                self._advance()
            except BaseException as error:
                self._phase = "over"
                self._loop.settle()
                if isinstance(error, Exception):
                    self._loop.mark(error)
                self._failure = error if isinstance(error, OpperError) else None
                raise
        return self._ready.popleft()

    @property
    def text_stream(self) -> Iterator[str]:
        """The text of the answers, piece by piece, that of turns which ask for tools included."""
        return _Texts(self)

    def until_done(self) -> Self:
        """Read to the end.

        Raises:
            ToolRunError, APIError: what ended the run early, as in iterating.
        """
        for _ in self:
            pass
        return self

    def get_final_run(self) -> ToolRun[T_co]:
        """Read to the end and return what was done.

        Raises:
            ToolRunError, APIError: what ended the run early, as in iterating.
        """
        return (self.until_done()).run

    def __enter__(self) -> Self:
        if self._phase != "new":
            raise RuntimeError("a run of tools can be entered once")
        self._phase = "turn"
        self._loop.begin(monotonic())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._phase = "over"
        self._ready.clear()
        self._loop.settle()
        try:
            if self._stream is not None:
                self._stream.__exit__(kind, error, traceback)
        finally:
            self._workers.close()

    def _advance(self) -> None:
        """Go on to what comes next, until there is an event or nothing more is to be done."""
        if self._phase == "turn":
            self._ready.append(TurnStartedEvent(self._loop.run.turns + 1))
            self._phase = "ask"
        elif self._phase == "ask":
            self._ask()
        elif self._phase == "read":
            self._read()
        else:
            self._wait()

    def _prepared(self) -> Callable[[], Call]:
        is_streamed = self._site is not None
        arguments = self._loop.next_arguments(monotonic(), stream=is_streamed)
        function = "stream_tools()" if is_streamed else "run_tools()"
        return self._calls.later(arguments, stream=is_streamed, function=function)

    def _ask(self) -> None:
        begin, self._first = self._first or self._prepared(), None
        if self._site is None:
            self._take(self._calls.complete(begin()))
            return
        self._stream = StreamManager(self._calls, begin, self._site)
        self._events = self._stream.__enter__()
        self._phase = "read"

    def _read(self) -> None:
        assert self._events is not None  # noqa: S101  # the phase says so
        event = next(self._events, None)
        if event is not None:
            self._ready.append(event)
            return
        completion = self._events.get_final_completion()
        if self._stream is not None:
            self._stream.__exit__(None, None, None)
        self._stream = self._events = None
        self._take(completion)

    def _take(self, completion: ChatCompletion) -> None:
        """Take an answer, and begin to carry out its calls."""
        loop = self._loop
        jobs: list[Job] = []
        for execution in loop.take(completion):
            job = loop.prepare(execution)
            if job is not None and self._before_call is not None:
                job = self._approved(job, self._before_call)
            if job is None:
                self._ready.append(ToolResultEvent(execution))
            else:
                jobs.append(job)
        self._running = len(jobs)
        self._phase = "run"
        if jobs:
            self._workers.start(jobs)

    def _approved(self, job: Job, before_call: BeforeCall) -> Job | None:
        remaining = self._loop.remaining(monotonic())
        try:
            return self._loop.decide(job, ask_in_time(remaining, before_call, job.execution.call))
        except TimeoutError:
            if remaining is not None and (self._loop.remaining(monotonic()) or 0) <= 0:
                raise self._loop.too_late() from None
            raise

    def _wait(self) -> None:
        """Wait for the next step of a tool, or end the turn where there is none left."""
        loop = self._loop
        if not self._running:
            loop.settle()
            self._ready.append(TurnDoneEvent(loop.run.turns, loop.run.completion))
            self._phase = "turn"
            if loop.is_over:
                self._ready.append(ToolRunDoneEvent(loop.run))
                self._phase = "over"
            return
        try:
            step = self._workers.next(loop.remaining(monotonic()))
        except TimeoutError:
            raise loop.too_late() from None
        if step.ended:
            self._running -= 1
            self._ready.append(ToolResultEvent(loop.finished(step.job)))
        else:
            self._ready.append(ToolStartedEvent(step.job.execution))


class _Texts:
    """The text of a run, piece by piece. No generator, for the reason of `_async_stream`."""

    def __init__(self, stream: ToolStream[Any]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        for event in self._stream:
            if event.type == "content.delta" and not event.index:
                return event.delta
        raise StopIteration


def run_tools(
    calls: Calls,
    arguments: Mapping[str, object],
    before_call: BeforeCall | None,
    on_event: OnEvent | None,
) -> ToolRun[Any]:
    """Run the tools that a model asks for until it answers, and return what was done."""
    check_function(before_call, "before_call")
    check_function(on_event, "on_event")
    loop = start_loop(calls, arguments)
    with ToolStream[Any](calls, loop, before_call) as stream:
        for event in stream:
            if on_event is not None and isinstance(event, ToolRunStepEvent):
                try:
                    ask(on_event, event)
                except Exception as error:
                    loop.mark(error)
                    raise
        return stream.run


def stream_tools(
    calls: Calls,
    arguments: Mapping[str, object],
    before_call: BeforeCall | None,
    site: str,
) -> ToolStream[Any]:
    """Return a run that tells of itself."""
    check_function(before_call, "before_call")
    return ToolStream[Any](calls, start_loop(calls, arguments), before_call, site)


def start_loop(calls: Calls, arguments: Mapping[str, object]) -> ToolLoop:
    """Return the loop of a run.

    Raises:
        InvalidArgumentError: an argument is wrong.
    """
    timeouts = calls.settings.updated(
        {name: arguments[name] for name in ("deadline",) if name in arguments}
    ).timeouts
    loop = ToolLoop(arguments, timeouts.deadline)
    check_tools(loop.tools)
    return loop

# Made from wrapper/opper_chat/_async/tool_runner.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""Run a tool loop: send its requests, run the tools that the model calls, and emit an event for each step.

The decisions are in `_tools.loop`, the tasks and threads in `_tools.workers`.
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
    call_back,
    call_back_within,
    check_callback,
    check_tools,
)
from .event_stream import EventStream, StreamManager
from .requester import Requester
from .text_stream import TextStream

T_co = TypeVar("T_co", covariant=True)

Phase: TypeAlias = Literal["new", "turn", "request", "read", "tools", "over"]
"""What comes next: nothing before entering, the start of a turn, its request, the events of its completion, its tools,
or nothing."""


class ToolStream(Generic[T_co]):
    """A tool run as typed events: `opper_chat.ToolRunEvent` is their union, and ``type`` tells which one it is.

    In each turn: ``turn.started``; the events of the completion as it arrives, as in `EventStream`;
    ``tool.started`` and ``tool.result`` as its calls start and end; ``turn.done``. At the end, ``run.done``.

    Use it with ``with``, in one task. Leaving early closes the stream and cancels the tools.

    Raises:
        ToolRunError: the run ended early. The class of the error is the reason.
        APIError: a request failed. The attribute ``run`` is the result so far.

    An exception of the caller's own functions is raised unchanged, with the same attribute ``run``.
    """

    def __init__(
        self,
        requester: Requester,
        loop: ToolLoop,
        before_call: BeforeCall | None,
        site: str | None = None,
    ) -> None:
        self._requester = requester
        self._loop = loop
        self._before_call = before_call
        self._site = site
        """Where the caller started a streamed run, for warnings. None if completions are not streamed."""
        max_parallel = loop.settings.max_parallel if loop.is_parallel else 1
        self._workers = Workers(max_parallel, has_deadline=loop.has_deadline)
        self._phase: Phase = "new"
        self._ready: deque[ToolRunEvent] = deque()
        """Events that are not yet returned."""
        self._stream: StreamManager | None = None
        self._events: EventStream | None = None
        self._running = 0
        """The number of calls of the turn that have not ended."""
        self._failure: OpperError | None = None
        # Prepared now, so that wrong arguments raise before anything is sent.
        self._first_call: Callable[[], Call] | None = self._prepare_call()

    @property
    def run(self) -> ToolRun[T_co]:
        """The result so far."""
        return self._loop.run

    def __iter__(self) -> Iterator[ToolRunEvent]:
        return self

    def __next__(self) -> ToolRunEvent:
        if self._phase == "new":
            raise RuntimeError("use a tool run with `with`")
        while not self._ready:
            if self._failure is not None:
                raise self._failure  # again, for each call
            if self._phase == "over":
                raise StopIteration
            try:
                self._advance()
            except BaseException as error:
                self._phase = "over"
                self._loop.end_turn()
                if isinstance(error, Exception):
                    self._loop.attach_run(error)
                self._failure = error if isinstance(error, OpperError) else None
                raise
        return self._ready.popleft()

    @property
    def text_stream(self) -> Iterator[str]:
        """The text of all completions as it arrives, including those that call tools."""
        return TextStream(self._next_text)

    def _next_text(self) -> str | None:
        for event in self:
            if event.type == "content.delta" and not event.index:
                return event.delta
        return None

    def until_done(self) -> Self:
        """Read all events, and return this stream.

        Raises:
            ToolRunError, APIError: as in iterating.
        """
        for _ in self:
            pass
        return self

    def get_final_run(self) -> ToolRun[T_co]:
        """Read all events, and return the result.

        Raises:
            ToolRunError, APIError: as in iterating.
        """
        return (self.until_done()).run

    def __enter__(self) -> Self:
        if self._phase != "new":
            raise RuntimeError("a tool run can be entered only once")
        self._phase = "turn"
        self._loop.start(monotonic())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._phase = "over"
        self._ready.clear()
        self._loop.end_turn()
        try:
            if self._stream is not None:
                self._stream.__exit__(kind, error, traceback)
        finally:
            self._workers.close()

    def _advance(self) -> None:
        """Take one step. It adds events to those that are ready, or changes the phase, or both."""
        if self._phase == "turn":
            self._ready.append(TurnStartedEvent(self._loop.run.turns + 1))
            self._phase = "request"
        elif self._phase == "request":
            self._send()
        elif self._phase == "read":
            self._read()
        else:
            self._wait()

    def _prepare_call(self) -> Callable[[], Call]:
        is_streamed = self._site is not None
        arguments = self._loop.next_arguments(monotonic(), stream=is_streamed)
        function = "stream_tools()" if is_streamed else "run_tools()"
        return self._requester.prepare_call(arguments, stream=is_streamed, function=function)

    def _send(self) -> None:
        call, self._first_call = self._first_call or self._prepare_call(), None
        if self._site is None:
            completion, _ = self._requester.complete(call())
            self._start_tools(completion)
            return
        self._stream = StreamManager(self._requester, call, self._site)
        self._events = self._stream.__enter__()
        self._phase = "read"

    def _read(self) -> None:
        assert self._events is not None  # noqa: S101  # the phase says so
        event = next(self._events, None)
        if event is not None:
            self._ready.append(event)
            return
        completion = self._events.get_final_completion()
        if (
            self._stream is not None
        ):  # closed before tools run, so that it holds no connection meanwhile
            self._stream.__exit__(None, None, None)
        self._stream = self._events = None
        self._start_tools(completion)

    def _start_tools(self, completion: ChatCompletion) -> None:
        """Start the calls of a completion."""
        jobs: list[Job] = []
        for execution in self._loop.add_completion(completion):
            job = self._loop.prepare_job(execution)
            if job is not None and self._before_call is not None:
                job = self._ask_before_call(job, self._before_call)
            if job is None:
                self._ready.append(ToolResultEvent(execution))
            else:
                jobs.append(job)
        self._running = len(jobs)
        self._phase = "tools"
        if jobs:
            self._workers.start(jobs)

    def _ask_before_call(self, job: Job, before_call: BeforeCall) -> Job | None:
        remaining = self._loop.remaining(monotonic())
        try:
            verdict = call_back_within(remaining, before_call, job.execution.call)
        except TimeoutError:
            if remaining is not None and (self._loop.remaining(monotonic()) or 0) <= 0:
                raise self._loop.timeout_error() from None
            raise  # of the function itself
        return self._loop.apply_verdict(job, verdict)

    def _wait(self) -> None:
        """Wait until a tool starts or ends, or end the turn if all have ended."""
        loop = self._loop
        if not self._running:
            loop.end_turn()
            self._ready.append(TurnDoneEvent(loop.run.turns, loop.run.completion))
            self._phase = "turn"
            if loop.is_over:
                self._ready.append(ToolRunDoneEvent(loop.run))
                self._phase = "over"
            return
        try:
            event = self._workers.next(loop.remaining(monotonic()))
        except TimeoutError:
            raise loop.timeout_error() from None
        if event.is_end:
            self._running -= 1
            self._ready.append(ToolResultEvent(loop.add_result(event.job)))
        else:
            self._ready.append(ToolStartedEvent(event.job.execution))


def run_tools(
    requester: Requester,
    arguments: Mapping[str, object],
    before_call: BeforeCall | None,
    on_event: OnEvent | None,
) -> ToolRun[Any]:
    """Run the tools that a model calls until it completes without a call, and return the result."""
    check_callback(before_call, "before_call")
    check_callback(on_event, "on_event")
    loop = create_loop(requester, arguments)
    with ToolStream[Any](requester, loop, before_call) as stream:
        for event in stream:
            if on_event is not None and isinstance(event, ToolRunStepEvent):
                try:
                    call_back(on_event, event)
                except Exception as error:
                    loop.attach_run(error)
                    raise
        return stream.run


def stream_tools(
    requester: Requester,
    arguments: Mapping[str, object],
    before_call: BeforeCall | None,
    site: str,
) -> ToolStream[Any]:
    """Return a run as a stream of events."""
    check_callback(before_call, "before_call")
    return ToolStream[Any](requester, create_loop(requester, arguments), before_call, site)


def create_loop(requester: Requester, arguments: Mapping[str, object]) -> ToolLoop:
    """Return the tool loop of a run.

    Raises:
        InvalidArgumentError: an argument is wrong.
    """
    timeouts = requester.settings.updated(
        {name: arguments[name] for name in ("deadline",) if name in arguments}
    ).timeouts
    loop = ToolLoop(arguments, timeouts.deadline)
    check_tools(loop.tools)
    return loop

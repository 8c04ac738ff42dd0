# Made from wrapper/opper_chat/_async/completions.py by scripts/unasync.py. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""The calls that a person makes: arguments in, an answer or a stream out."""

from __future__ import annotations

import typing  # Jedi shows the signature of an implementation if its overloads are `typing.overload`
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Unpack

from .._http.errors import call_site
from .._requests.argument_hints import is_type, refuse_positional
from .._requests.parameters import AnswerArguments, CallArguments
from .._requests.signatures import list_arguments
from .._results.completion import ChatCompletion
from .requester import Calls
from .tool_options import TOOL_LOOP_DEFAULTS, RunToolsArguments, StreamToolsArguments

if TYPE_CHECKING:
    from opper_chat_api.params import ToolParam
    from typing_extensions import TypeForm

    from .._requests.signatures import call_parameters
    from .._requests.tool_options import ToolLoopSettings
    from .._results.parsed import ParsedChatCompletion
    from .._tools.run import ToolRun
    from .._tools.workers import BeforeCall, OnEvent
    from .event_stream import StreamManager
    from .parsed_stream import ParsedStreamManager
    from .raw_response import RawCompletions, StreamedCompletions
    from .stream import Stream
    from .tool_options import ParsedRunToolsArguments, ParsedStreamToolsArguments
    from .tool_runner import ToolStream

T = TypeVar("T")


class Completions:
    """The next message of a conversation."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    @typing.overload
    def create(
        self, *, stream: Literal[False] | None = None, **arguments: Unpack[CallArguments]
    ) -> ChatCompletion: ...

    @typing.overload
    def create(self, *, stream: Literal[True], **arguments: Unpack[CallArguments]) -> Stream: ...

    @typing.overload
    def create(
        self, *, stream: bool | None, **arguments: Unpack[CallArguments]
    ) -> ChatCompletion | Stream: ...

    def create(
        self, *_positional: object, stream: bool | None = None, **arguments: Unpack[CallArguments]
    ) -> ChatCompletion | Stream:
        """Ask the model for the next message.

        Args:
            stream: True returns a stream of chunks, to be iterated over and closed; otherwise the whole answer.
            arguments: the parameters of the documentation page, ``messages`` first of all, and options of the call.
                Messages, tools and the like are plain dicts or generated models, or both mixed. None leaves a
                parameter out. The options, where the client's own are not to be used:

                - ``extra_headers``: HTTP headers to add; they win over the client's own.
                - ``extra_query``: query parameters to add to the address.
                - ``extra_body``: members to add to the body, for what the contract does not know yet. They win over
                  the parameters, and None is sent as null.
                - ``timeout``, ``max_retries``, ``first_token_timeout``, ``idle_timeout``, ``deadline``: as in `Opper`.

        Raises:
            InvalidArgumentError: an argument is wrong; nothing was sent.
            APIConnectionError: there was no answer. APITimeoutError: there was none in time.
            APIStatusError: the answer is an error; the class tells which.
            APIResponseValidationError: the answer is not a chat completion, or not a stream.

        An error that may pass was tried again ``max_retries`` times before it is raised; it has all its ``attempts``.
        Source: https://docs.opper.ai, Chat Completions.
        """
        if TYPE_CHECKING:
            call_parameters(**arguments)
        refuse_positional(_positional, "create()")
        call = self._calls.prepared(arguments, stream=stream)
        if stream:
            from .stream import Stream, open_stream  # streams are loaded by those who read them

            try:
                return open_stream(Stream(self._calls, call, self._calls.open(call), call_site()))
            except BaseException:
                self._calls.http.give_up(call)
                raise
        return self._calls.complete(call)

    @typing.overload
    def parse(
        self,
        *,
        response_format: None = None,
        tools: Sequence[ToolParam] | None = None,
        retries_on_invalid: int = 0,
        **arguments: Unpack[AnswerArguments],
    ) -> ParsedChatCompletion[None]: ...

    @typing.overload
    def parse(
        self,
        *,
        response_format: TypeForm[T],
        tools: None = None,
        strict: bool = True,
        retries_on_invalid: int = 0,
        **arguments: Unpack[AnswerArguments],
    ) -> ParsedChatCompletion[T]: ...

    @typing.overload
    def parse(
        self,
        *,
        response_format: TypeForm[T],
        tools: Sequence[ToolParam] | None,
        strict: bool = True,
        retries_on_invalid: int = 0,
        **arguments: Unpack[AnswerArguments],
    ) -> ParsedChatCompletion[T | None]: ...

    def parse(
        self,
        *_positional: object,
        response_format: object = None,
        tools: Sequence[ToolParam] | None = None,
        strict: bool = True,
        retries_on_invalid: int = 0,
        **arguments: Unpack[AnswerArguments],
    ) -> ParsedChatCompletion[Any]:
        """Ask the model for an answer of a type: ``completion.parsed`` is a value of it.

        Args:
            response_format: the type: an attrs class, a dataclass, a TypedDict, a NamedTuple, a msgspec Struct, a
                pydantic model, or a list, a union, a Literal, an enum or a scalar. Its schema is sent for strict mode.
                Where it is no object, the answer is put into one with the member ``value``, and taken out again.
            tools: as for `create`. An answer that calls tools has the value None.
            strict: whether the schema is for strict mode, in which the server keeps the model to it. Strict mode cannot
                describe some types, such as ``dict[str, int]``: with False those can be asked for too. The answer is
                checked in any case.
            retries_on_invalid: how often to ask again, and say what did not fit; ``deadline`` bounds all of it.
            arguments: as for `create`.

        Raises:
            InvalidArgumentError: an argument is wrong, or strict mode cannot describe the type; nothing was sent.
            InvalidAnswerError: the answer does not fit the type. RefusalError: the model refused.
            LengthFinishReasonError: the answer was cut off. ContentFilterFinishReasonError: it was withheld.
            APIError: as for `create`.

        All of these but the first have the ``completion``. Its ``attempts`` are those of all requests, and
        ``rejected`` has the completions that did not fit.
        """
        if TYPE_CHECKING:
            call_parameters(**arguments)
        refuse_positional(_positional, "parse()")
        from .parsed_stream import parse  # reading types is loaded by those who give them

        given: dict[str, object] = {**arguments, "tools": tools}
        return parse(self._calls, given, response_format, retries_on_invalid, strict=strict)

    @typing.overload
    def stream(
        self,
        *,
        response_format: TypeForm[T],
        tools: None = None,
        strict: bool = True,
        **arguments: Unpack[AnswerArguments],
    ) -> ParsedStreamManager[T]: ...

    @typing.overload
    def stream(
        self,
        *,
        response_format: TypeForm[T],
        tools: Sequence[ToolParam] | None,
        strict: bool = True,
        **arguments: Unpack[AnswerArguments],
    ) -> ParsedStreamManager[T | None]: ...

    @typing.overload
    def stream(self, **arguments: Unpack[CallArguments]) -> StreamManager: ...

    def stream(
        self, *_positional: object, **arguments: object
    ) -> StreamManager | ParsedStreamManager[Any]:
        """Ask the model for the next message, as typed events while it is written.

        To be used with ``with``, which sends the request and closes the stream::

            with client.chat.completions.stream(messages=messages) as stream:
                for event in stream:
                    if event.type == "content.delta":
                        print(event.delta, end="")
            completion = stream.get_final_completion()

        Takes what `create` takes. Where ``response_format`` is a type, as for `parse`, also with ``strict=False``, the
        events have ``parsed``: at ``content.delta`` what the answer says so far, at ``content.done`` its value; so has
        the completion. An answer that does not fit raises at the end of the stream what `parse` raises.

        Raises:
            InvalidArgumentError: an argument is wrong; nothing was sent. All else is raised on entering.
        """
        if TYPE_CHECKING:
            call_parameters(**arguments)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        refuse_positional(_positional, "stream()")
        response_format = arguments.get("response_format")
        if is_type(response_format) or "strict" in arguments:
            from .parsed_stream import ParsedStreamManager  # loaded by those who give types

            return ParsedStreamManager(self._calls, arguments, call_site())
        begin = self._calls.later(arguments, stream=True, function="stream()")
        from .event_stream import StreamManager  # the events are loaded by those who use them

        return StreamManager(self._calls, begin, call_site())

    @typing.overload
    def run_tools(
        self,
        *,
        response_format: TypeForm[T],
        tools: Sequence[ToolParam] | None = None,
        strict: bool = True,
        **arguments: Unpack[ParsedRunToolsArguments],
    ) -> ToolRun[T]: ...

    @typing.overload
    def run_tools(
        self,
        **arguments: Unpack[RunToolsArguments],
    ) -> ToolRun[None]: ...

    def run_tools(
        self,
        *_positional: object,
        before_call: BeforeCall | None = None,
        on_event: OnEvent | None = None,
        **arguments: object,
    ) -> ToolRun[Any]:
        """Ask the model, run the tools that it calls, tell it the results, and so on until it has answered.

        Args:
            max_turns: how often the model is asked at most.
            max_parallel: how many calls of one answer run at once; with 1, or with ``parallel_tool_calls=False``, they
                run in order. Coroutines run as tasks, functions in threads.
            max_repeats: how often in a row a call with the same arguments may get the same answer, before the run ends
                that asks for it once more; or None for any number.
            max_total_tokens: how many tokens all turns may cost, or None. Checked before tools run; no answer is lost.
            on_tool_error: ``answer`` tells the model that a tool failed, that its arguments are wrong, or that there is
                no such tool; ``raise`` ends the run with ToolFailedError; a function is given the call and the
                exception, and returns what the model is told, or raises. Of exceptions the model is told the class, of
                ToolError and wrong arguments what they say.
            before_call: is asked for each call, one after the other, before any of an answer's calls is run. None
                or True lets it pass, a mapping puts other arguments in place of the model's, False or a text
                refuses it; the text is told to the model. What it raises ends the run.
            on_event: is told of each step: `opper_chat.ToolRunStepEvent`.
            context: what tools get that have a parameter of type `ToolContext`.
            arguments: what `create` takes. ``tools`` holds tools, made by `tool` or `custom_tool`, and definitions,
                whose calls end the run and are its ``pending``. A ``tool_choice`` that demands a call does so in the
                first turn. A ``response_format`` can be a type, as for `parse`, also with ``strict=False``: then
                ``parsed`` is the last answer as a value of it. ``deadline`` bounds the whole run, in seconds; the other
                options each call of the model.

        Raises:
            InvalidArgumentError: an argument is wrong; nothing was sent.
            ToolRunError: the run ended early; the class says why, and ``run`` is what was done.
            APIError: as for `create`; its ``run`` is what was done before. AnswerError: as for `parse`.

        When the deadline has passed or this is cancelled, coroutines are cancelled; other functions end by themselves.
        """
        if TYPE_CHECKING:
            ToolLoopSettings(**arguments)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            call_parameters(**arguments)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        refuse_positional(_positional, "run_tools()")
        from .tool_runner import run_tools  # loaded by those who use it

        return run_tools(self._calls, arguments, before_call, on_event)

    @typing.overload
    def stream_tools(
        self,
        *,
        response_format: TypeForm[T],
        tools: Sequence[ToolParam] | None = None,
        strict: bool = True,
        **arguments: Unpack[ParsedStreamToolsArguments],
    ) -> ToolStream[T]: ...

    @typing.overload
    def stream_tools(
        self,
        **arguments: Unpack[StreamToolsArguments],
    ) -> ToolStream[None]: ...

    def stream_tools(
        self,
        *_positional: object,
        before_call: BeforeCall | None = None,
        **arguments: object,
    ) -> ToolStream[Any]:
        """Do what `run_tools` does, and tell of it by typed events, of the answers while they are written too.

        To be used with ``with``, which cancels on leaving what is not done::

            with client.chat.completions.stream_tools(messages=messages, tools=[get_weather]) as stream:
                for event in stream:
                    if event.type == "content.delta":
                        print(event.delta, end="")
                    elif event.type == "tool.started":
                        print(event.call.name)
            run = stream.run

        Takes what `run_tools` takes. The usage is asked for, unless ``stream_options`` are given.

        Raises:
            InvalidArgumentError: an argument is wrong; nothing was sent. All else is raised in iterating.
        """
        if TYPE_CHECKING:
            ToolLoopSettings(**arguments)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            call_parameters(**arguments)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        refuse_positional(_positional, "stream_tools()")
        from .tool_runner import stream_tools

        return stream_tools(self._calls, arguments, before_call, call_site())

    @property
    def with_raw_response(self) -> RawCompletions:
        """The same calls, with the HTTP response in place of what it says; `parse()` gives that as well."""
        from .raw_response import RawCompletions

        return RawCompletions(self._calls)

    @property
    def with_streaming_response(self) -> StreamedCompletions:
        """The same calls, with the HTTP response before its body is read, as a context manager."""
        from .raw_response import StreamedCompletions

        return StreamedCompletions(self._calls)


list_arguments(Completions.create, CallArguments)
list_arguments(Completions.parse, AnswerArguments)
list_arguments(Completions.stream, CallArguments, takes_type=True)
list_arguments(Completions.run_tools, RunToolsArguments, TOOL_LOOP_DEFAULTS, takes_type=True)
list_arguments(Completions.stream_tools, StreamToolsArguments, TOOL_LOOP_DEFAULTS, takes_type=True)

"""The methods of ``client.chat.completions``: their parameters, overloads and documentation.

They load the modules that do the work when they are first called.
"""

from __future__ import annotations

import typing  # Jedi shows the signature of an implementation if its overloads are `typing.overload`
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Unpack

from .._concurrency.resource_warnings import call_site
from .._requests.argument_hints import is_type, positional_error
from .._requests.parameters import CallArguments, TypedCallArguments
from .._requests.signatures import list_arguments
from .._results.completion import ChatCompletion
from .requester import AsyncRequester
from .tool_options import TOOL_LOOP_DEFAULTS, AsyncRunToolsArguments, AsyncStreamToolsArguments

if TYPE_CHECKING:
    from opper_chat_api.params import ToolParam
    from typing_extensions import TypeForm

    from .._requests.signatures import call_parameters
    from .._requests.tool_options import ToolLoopSettings
    from .._results.parsed import ParsedChatCompletion
    from .._tools.async_workers import AsyncBeforeCall, AsyncOnEvent
    from .._tools.run import ToolRun
    from .event_stream import AsyncStreamManager
    from .parsed_stream import AsyncParsedStreamManager
    from .raw_response import AsyncRawCompletions, AsyncStreamedCompletions
    from .stream import AsyncStream
    from .tool_options import AsyncParsedRunToolsArguments, AsyncParsedStreamToolsArguments
    from .tool_runner import AsyncToolStream

T = TypeVar("T")


class AsyncCompletions:
    """The namespace ``client.chat.completions``."""

    def __init__(self, requester: AsyncRequester) -> None:
        self._requester = requester

    @typing.overload
    async def create(
        self, *, stream: Literal[False] | None = None, **arguments: Unpack[CallArguments]
    ) -> ChatCompletion: ...

    @typing.overload
    async def create(self, *, stream: Literal[True], **arguments: Unpack[CallArguments]) -> AsyncStream: ...

    @typing.overload
    async def create(
        self, *, stream: bool | None, **arguments: Unpack[CallArguments]
    ) -> ChatCompletion | AsyncStream: ...

    async def create(
        self, *_positional: object, stream: bool | None = None, **arguments: Unpack[CallArguments]
    ) -> ChatCompletion | AsyncStream:
        """Return the completion of a conversation, or a stream of its chunks.

        Args:
            stream: True returns a stream of chunks. Iterate over it, and close it.
            arguments: the parameters of the contract, of which only ``messages`` is required, and options.
                Messages, tools and the like are dicts or generated models. None leaves a parameter out. The options
                are:

                - ``extra_headers``: HTTP headers to add. They replace the client's own of the same name.
                - ``extra_query``: query parameters to add to the URL.
                - ``extra_body``: properties to add to the body, for what the contract does not know yet. They replace
                  parameters of the same name, and None is sent as null.
                - ``timeout``, ``max_retries``, ``first_token_timeout``, ``idle_timeout``, ``deadline``: as in `Opper`.

        Returns:
            A `ChatCompletion`, or with ``stream=True`` a stream.

        Raises:
            InvalidArgumentError: an argument is wrong; nothing was sent.
            APIConnectionError: there was no response.
            APITimeoutError: a timeout expired.
            APIStatusError: the response is an error. Each status has its class, such as `RateLimitError`.
            APIResponseValidationError: the response is not a chat completion, or not a stream.

        Transient errors are retried ``max_retries`` times. What is raised then has all ``attempts``.
        Source: https://docs.opper.ai, Chat Completions.
        """
        if TYPE_CHECKING:
            call_parameters(**arguments)
        if _positional:
            raise positional_error(_positional, "create()")
        call = self._requester.create_call(arguments, stream=stream)
        if stream:
            from .stream import AsyncStream, open_stream  # loaded on first use

            return await open_stream(self._requester, call, partial(AsyncStream, self._requester, call, call_site()))
        completion, _ = await self._requester.complete(call)
        return completion

    @typing.overload
    async def parse(
        self,
        *,
        response_format: None = None,
        tools: Sequence[ToolParam] | None = None,
        retries_on_invalid: int = 0,
        **arguments: Unpack[TypedCallArguments],
    ) -> ParsedChatCompletion[None]: ...

    @typing.overload
    async def parse(
        self,
        *,
        response_format: TypeForm[T],
        tools: None = None,
        strict: bool = True,
        retries_on_invalid: int = 0,
        **arguments: Unpack[TypedCallArguments],
    ) -> ParsedChatCompletion[T]: ...

    @typing.overload
    async def parse(
        self,
        *,
        response_format: TypeForm[T],
        tools: Sequence[ToolParam] | None,
        strict: bool = True,
        retries_on_invalid: int = 0,
        **arguments: Unpack[TypedCallArguments],
    ) -> ParsedChatCompletion[T | None]: ...

    async def parse(
        self,
        *_positional: object,
        response_format: object = None,
        tools: Sequence[ToolParam] | None = None,
        strict: bool = True,
        retries_on_invalid: int = 0,
        **arguments: Unpack[TypedCallArguments],
    ) -> ParsedChatCompletion[Any]:
        """Return a completion with a value of a Python type: ``completion.parsed``.

        Args:
            response_format: an attrs class, a dataclass, a TypedDict, a NamedTuple, a msgspec Struct, a pydantic model,
                a list, a union, a Literal, an enum or a scalar. Its JSON Schema is sent. If it is not an object, the
                schema has an object with the property ``value``, which is read from the response.
            tools: as for `create`. If the model calls tools, the value is None.
            strict: whether to use strict mode, in which the server makes the model follow the schema. Strict mode
                cannot describe some types, such as ``dict[str, int]``. Use False for them. The completion is validated
                in both cases.
            retries_on_invalid: how often to send the request again, with a list of the problems, if the completion does
                not fit the type. Default: 0. ``deadline`` bounds all requests together.
            arguments: as for `create`.

        Raises:
            InvalidArgumentError: an argument is wrong, or strict mode cannot describe the type; nothing was sent.
            InvalidCompletionError: the completion does not fit the type.
            RefusalError: the model refused.
            LengthFinishReasonError: it was cut off.
            ContentFilterFinishReasonError: a content filter removed it.
            APIError: as for `create`.

        The errors from InvalidCompletionError to ContentFilterFinishReasonError have the ``completion``. ``attempts``
        are those of all requests, and ``rejected`` has the earlier completions.
        """
        if TYPE_CHECKING:
            call_parameters(**arguments)
        if _positional:
            raise positional_error(_positional, "parse()")
        from .parsed_stream import parse  # loaded on first use

        all_arguments: dict[str, object] = {**arguments, "tools": tools}
        return await parse(self._requester, all_arguments, response_format, retries_on_invalid, strict=strict)

    @typing.overload
    def stream(
        self,
        *,
        response_format: TypeForm[T],
        tools: None = None,
        strict: bool = True,
        **arguments: Unpack[TypedCallArguments],
    ) -> AsyncParsedStreamManager[T]: ...

    @typing.overload
    def stream(
        self,
        *,
        response_format: TypeForm[T],
        tools: Sequence[ToolParam] | None,
        strict: bool = True,
        **arguments: Unpack[TypedCallArguments],
    ) -> AsyncParsedStreamManager[T | None]: ...

    @typing.overload
    def stream(self, **arguments: Unpack[CallArguments]) -> AsyncStreamManager: ...

    def stream(self, *_positional: object, **arguments: object) -> AsyncStreamManager | AsyncParsedStreamManager[Any]:
        """Return a context manager for a stream of typed events.

        Use it with ``async with``, which sends the request, and closes the stream at the end of the block::

            async with client.chat.completions.stream(messages=messages) as stream:
                async for event in stream:
                    if event.type == "content.delta":
                        print(event.delta, end="")
            completion = await stream.get_final_completion()

        Args:
            arguments: as in `create`. ``response_format`` can also be a type, with ``strict``, as in `parse`. Then the
                events and the completion have ``parsed``. If the completion does not fit the type, the end of the
                stream raises what `parse` raises.

        Returns:
            A context manager that gives an `AsyncEventStream`, or with a type an `AsyncParsedStream`.

        Raises:
            InvalidArgumentError: an argument is wrong; nothing was sent. Other errors are raised by ``async with``.
        """
        if TYPE_CHECKING:
            call_parameters(**arguments)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        if _positional:
            raise positional_error(_positional, "stream()")
        response_format = arguments.get("response_format")
        if is_type(response_format) or "strict" in arguments:
            from .parsed_stream import AsyncParsedStreamManager  # loaded on first use

            parsed: AsyncParsedStreamManager[Any] = AsyncParsedStreamManager(self._requester, arguments, call_site())
            return parsed
        begin = self._requester.prepare_call(arguments, stream=True, function="stream()")
        from .event_stream import AsyncStreamManager  # loaded on first use

        return AsyncStreamManager(self._requester, begin, call_site())

    @typing.overload
    async def run_tools(
        self,
        *,
        response_format: TypeForm[T],
        tools: Sequence[ToolParam] | None = None,
        strict: bool = True,
        **arguments: Unpack[AsyncParsedRunToolsArguments],
    ) -> ToolRun[T]: ...

    @typing.overload
    async def run_tools(
        self,
        **arguments: Unpack[AsyncRunToolsArguments],
    ) -> ToolRun[None]: ...

    async def run_tools(
        self,
        *_positional: object,
        before_call: AsyncBeforeCall | None = None,
        on_event: AsyncOnEvent | None = None,
        **arguments: object,
    ) -> ToolRun[Any]:
        """Run a tool loop: call the model, run the tools that it calls, send their results, until it calls none.

        Args:
            max_turns: the maximum number of requests. Default: 8.
            max_parallel: how many calls of one turn run at once. With 1, or with ``parallel_tool_calls=False``, they
                run in order. Coroutines run as tasks, functions in threads. Default: 8.
            max_repeats: how often in a row a call with the same arguments can have the same result, or None for no
                limit. The loop ends if the model calls it once more. Default: 3.
            max_total_tokens: how many tokens all turns can use together, or None for no limit. It is checked before
                tools run. Default: None.
            on_tool_error: ``report`` sends the model the error of a tool, of its arguments, or of its name; ``raise``
                ends the loop with ToolFailedError; a function gets the call and the exception, and returns the text for
                the model, or raises. The model reads the text of a ToolError and of invalid arguments; of other
                exceptions it reads only the class. Default: ``report``.
            before_call: a function that is called for each tool call, in order, before the calls of a turn run. None or
                True lets the call pass, a mapping replaces its arguments, False or a text denies it. The model reads
                the text. An exception ends the loop.
            on_event: a function that is called with each `opper_chat.ToolRunStepEvent`.
            context: the value for tools with a parameter of type `ToolContext`.
            arguments: those of `create`. ``tools`` has tools, made by `tool` or `custom_tool`, and definitions, whose
                calls end the loop and are in ``pending``. A ``tool_choice`` that requires a call applies to the first
                turn. ``response_format`` can also be a type, with ``strict``, as in `parse`: then ``parsed`` is the
                value of the final completion. ``deadline`` bounds the whole loop, in seconds. The other options apply
                to each request.

        Raises:
            InvalidArgumentError: an argument is wrong; nothing was sent.
            ToolRunError: the loop ended early. Its class is the reason, and ``run`` has what was done.
            APIError: as for `create`. ``run`` has what was done.
            CompletionError: as for `parse`.

        When the deadline expires or this is cancelled, coroutines are cancelled. Other functions cannot be stopped.
        """
        if TYPE_CHECKING:
            ToolLoopSettings(**arguments)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            call_parameters(**arguments)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        if _positional:
            raise positional_error(_positional, "run_tools()")
        from .tool_runner import run_tools  # loaded on first use

        return await run_tools(self._requester, arguments, before_call, on_event)

    @typing.overload
    def stream_tools(
        self,
        *,
        response_format: TypeForm[T],
        tools: Sequence[ToolParam] | None = None,
        strict: bool = True,
        **arguments: Unpack[AsyncParsedStreamToolsArguments],
    ) -> AsyncToolStream[T]: ...

    @typing.overload
    def stream_tools(
        self,
        **arguments: Unpack[AsyncStreamToolsArguments],
    ) -> AsyncToolStream[None]: ...

    def stream_tools(
        self,
        *_positional: object,
        before_call: AsyncBeforeCall | None = None,
        **arguments: object,
    ) -> AsyncToolStream[Any]:
        """Return a context manager for a tool loop, as in `run_tools`, that yields typed events of tools and responses.

        Use it with ``async with``, which cancels unfinished tools at the end of the block::

            async with client.chat.completions.stream_tools(messages=messages, tools=[get_weather]) as stream:
                async for event in stream:
                    if event.type == "content.delta":
                        print(event.delta, end="")
                    elif event.type == "tool.started":
                        print(event.call.name)
            run = stream.run

        Args:
            before_call: as in `run_tools`.
            arguments: as in `run_tools`, but for ``on_event``. ``stream_options`` include the usage by default.

        Returns:
            The stream, which is a context manager.

        Raises:
            InvalidArgumentError: an argument is wrong; nothing was sent. Other errors are raised by iteration.
        """
        if TYPE_CHECKING:
            ToolLoopSettings(**arguments)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            call_parameters(**arguments)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        if _positional:
            raise positional_error(_positional, "stream_tools()")
        from .tool_runner import stream_tools

        return stream_tools(self._requester, arguments, before_call, call_site())

    @property
    def with_raw_response(self) -> AsyncRawCompletions:
        """The same methods, which return the HTTP response. Its method `parse` returns the completion or the stream."""
        from .raw_response import AsyncRawCompletions

        return AsyncRawCompletions(self._requester)

    @property
    def with_streaming_response(self) -> AsyncStreamedCompletions:
        """The same methods, which return a context manager for the HTTP response before its body is read."""
        from .raw_response import AsyncStreamedCompletions

        return AsyncStreamedCompletions(self._requester)


list_arguments(AsyncCompletions.create, CallArguments)
list_arguments(AsyncCompletions.parse, TypedCallArguments)
list_arguments(AsyncCompletions.stream, CallArguments, takes_type=True)
list_arguments(AsyncCompletions.run_tools, AsyncRunToolsArguments, TOOL_LOOP_DEFAULTS, takes_type=True)
list_arguments(AsyncCompletions.stream_tools, AsyncStreamToolsArguments, TOOL_LOOP_DEFAULTS, takes_type=True)

"""A user's tools, checked strictly by mypy and pyright and never run."""

import enum
import functools
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, assert_type

from opper_chat import (
    APIError,
    AsyncOpper,
    AsyncToolStream,
    ChatCompletion,
    CustomTool,
    Opper,
    Tool,
    ToolCall,
    ToolContext,
    ToolFailedError,
    ToolResultError,
    ToolRun,
    ToolRunError,
    ToolRunEvent,
    ToolRunStepEvent,
    ToolStream,
    custom_tool,
    tool,
    tool_result,
)
from opper_chat.types import ChatMessageParam, CompletionUsage, FunctionToolParam, ToolMessageParam

client = Opper(api_key="key")
messages: list[ChatMessageParam] = [{"role": "user", "content": "Hi"}]
definition: FunctionToolParam = {"type": "function", "function": {"name": "ask"}}


@tool
def add(one: int, other: int = 1) -> int:
    """Add."""
    return one + other


@tool(name="soon", description="Later.", strict=False)
async def later(text: str, context: ToolContext[list[str]]) -> str:
    assert_type(context.context, list[str])
    assert_type(context.call, ToolCall)
    return text


@custom_tool(format={"type": "text"})
def shout(text: str) -> str:
    return text.upper()


class Adder:
    @tool
    def add(self, number: int) -> int:
        return number

    def __call__(self, number: int) -> str:
        return str(number)


def of_any_context(context: ToolContext) -> str:
    """Without a type argument, for a tool that only reads the call."""
    assert_type(context.context, object)
    return context.call.name


def what_a_tool_keeps(context: ToolContext[list[str]]) -> None:
    assert_type(add(1), int)
    assert_type(add(one=1, other=2), int)
    coroutine: Coroutine[Any, Any, str] = later("a", context)
    print(coroutine)
    assert_type(shout("a"), str)
    shouting: CustomTool[[str], str] = shout
    print(shouting)
    assert_type(Adder().add(1), int)
    assert_type(Adder().add(number=1), int)
    assert_type(tool(Adder())(1), str)
    partly: Tool[[int], int] = tool(functools.partial(add, 1))
    assert_type(add.function.name, str)
    client.chat.completions.create(messages=messages, tools=[add, later, shout, definition, partly])


def mistakes() -> None:
    add("a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Adder().add()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.chat.completions.run_tools(messages=messages, tools=[len])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    client.chat.completions.run_tools(messages=messages, on_tool_error="ignore")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]


def before(call: ToolCall) -> bool | str | None:
    assert_type(call.parsed, dict[str, object])
    return None


def step(event: ToolRunStepEvent) -> None:
    if event.type == "tool.result":
        assert_type(event.content, str)
        assert_type(event.execution.result, object)
    elif event.type == "turn.done":
        assert_type(event.completion, ChatCompletion)
    elif event.type == "run.done":
        assert_type(event.run, ToolRun[object])


def runs() -> None:
    run = client.chat.completions.run_tools(
        messages=messages, tools=[add, shout, Adder().add, definition], model="a/b", max_turns=3, max_parallel=2,
        max_repeats=None, max_total_tokens=1000, on_tool_error="raise", before_call=before, on_event=step,
        context=[], deadline=10, temperature=0.5,
    )  # fmt: skip
    assert_type(run, ToolRun[None])
    assert_type(run.text, str)
    assert_type(run.completion, ChatCompletion)
    assert_type(run.usage, CompletionUsage | None)
    assert_type(run.calls[0].duration, float | None)
    assert_type(run.pending, list[ToolCall])
    client.chat.completions.run_tools(messages=[*run.messages, {"role": "user", "content": "And?"}], tools=[add])
    with client.chat.completions.stream_tools(messages=messages, tools=[add]) as stream:
        assert_type(stream, ToolStream[None])
        for event in stream:
            if event.type == "content.delta":
                assert_type(event.delta, str)
            elif event.type == "tool.started":
                assert_type(event.call, ToolCall)
        assert_type(stream.get_final_run(), ToolRun[None])


@dataclass
class Answer:
    number: int


class Sky(enum.Enum):
    CLEAR = "clear"


@tool
def skies(city: str) -> Iterator[Sky]:
    """Tell the sky, hour by hour."""
    yield Sky.CLEAR


@tool
async def readings(city: str) -> AsyncIterator[Path]:
    yield Path(city)


def results() -> None:
    assert_type(skies("Oslo"), Iterator[Sky])
    assert_type(tool_result("1", [Sky.CLEAR, Path("a"), {1: {2}}]), ToolMessageParam)
    try:
        client.chat.completions.run_tools(messages=messages, tools=[skies, readings])
    except ToolResultError as error:
        assert_type(error.argument, str)
        assert_type(error.run, ToolRun[object] | None)


def values() -> None:
    run = client.chat.completions.run_tools(messages=messages, tools=[add], response_format=Answer, on_event=step)
    assert_type(run, ToolRun[Answer])
    assert_type(run.parsed, Answer)
    many = client.chat.completions.run_tools(messages=messages, tools=[add], response_format=list[int])
    assert_type(many.parsed, list[int])
    client.chat.completions.run_tools(messages=messages, response_format={"type": "json_object"})
    with client.chat.completions.stream_tools(messages=messages, tools=[add], response_format=Answer) as stream:
        assert_type(stream, ToolStream[Answer])
        assert_type(stream.get_final_run().parsed, Answer)


def by_hand() -> None:
    completion = client.chat.completions.create(messages=messages, tools=[add])
    for call in completion.tool_calls:
        assert_type(call.arguments_as(Adder), Adder)
        answer = tool_result(call, add(1))
        assert_type(answer, ToolMessageParam)
        messages.append(answer)


async def asynchronous() -> None:
    async def before_soon(call: ToolCall) -> dict[str, object]:
        return call.parsed

    async with AsyncOpper(api_key="key") as opper:
        run = await opper.chat.completions.run_tools(messages=messages, tools=[later], before_call=before_soon)
        assert_type(run, ToolRun[None])
        async with opper.chat.completions.stream_tools(messages=messages, tools=[later], before_call=before) as stream:
            assert_type(stream, AsyncToolStream[None])
            async for event in stream:
                everything: ToolRunEvent = event
                print(everything)
            assert_type(await stream.get_final_run(), ToolRun[None])


def errors() -> None:
    try:
        runs()
    except ToolFailedError as error:
        print(error.call.name, error.__cause__)
    except ToolRunError as error:
        assert_type(error.run, ToolRun[object])
    except APIError as error:
        assert_type(error.run, ToolRun[object] | None)

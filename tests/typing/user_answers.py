"""A user's code with answers of a type, checked strictly by mypy and pyright and never run."""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Literal, NamedTuple, TypedDict, assert_type

import attrs
import msgspec
from opper_chat import (
    AsyncOpper,
    AsyncParsedStream,
    ChatCompletion,
    EventStream,
    InvalidCompletionError,
    LengthFinishReasonError,
    Opper,
    ParsedChatCompletion,
    ParsedStream,
    ParsedStreamEvent,
)
from opper_chat.types import ChatMessageParam, ToolParam
from pydantic import BaseModel

client = Opper(api_key="key")
messages: list[ChatMessageParam] = [{"role": "user", "content": "Hi"}]
tools: list[ToolParam] = [{"type": "function", "function": {"name": "f"}}]


@dataclass
class Point:
    x: float
    y: float


@attrs.define
class Route:
    points: list[Point]


class Place(TypedDict):
    name: str


class Pair(NamedTuple):
    left: int
    right: int


class City(msgspec.Struct):
    name: str


class Town(BaseModel):
    name: str


class Colour(Enum):
    RED = "red"


def values() -> None:
    parse = client.chat.completions.parse
    completion = parse(messages=messages, response_format=Point, retries_on_invalid=2, temperature=0, deadline=30)
    assert_type(completion, ParsedChatCompletion[Point])
    assert_type(completion.parsed, Point)
    assert_type(completion.parsed.x, float)
    assert_type(completion.choices[0].message.parsed, Point)
    assert_type(completion.choices[0].message.content, str | None)
    assert_type(completion.rejected, tuple[ChatCompletion, ...])
    assert_type(parse(messages=messages, response_format=Route).parsed, Route)
    assert_type(parse(messages=messages, response_format=Place).parsed, Place)
    assert_type(parse(messages=messages, response_format=Pair).parsed, Pair)
    assert_type(parse(messages=messages, response_format=City).parsed, City)
    assert_type(parse(messages=messages, response_format=Town).parsed, Town)
    assert_type(parse(messages=messages, response_format=Colour).parsed, Colour)
    assert_type(parse(messages=messages, response_format=list[Point]).parsed, list[Point])
    assert_type(parse(messages=messages, response_format=Point | None).parsed, Point | None)
    assert_type(parse(messages=messages, response_format=Point | City).parsed, Point | City)
    assert_type(parse(messages=messages, response_format=Literal["a", "b"]).parsed, Literal["a", "b"])
    assert_type(parse(messages=messages, response_format=Annotated[int, "how many"]).parsed, int)
    assert_type(client.beta.chat.completions.parse(messages=messages, response_format=Point).parsed, Point)


def tools_as_well() -> None:
    completion = client.chat.completions.parse(messages=messages, response_format=Point, tools=tools)
    assert_type(completion.parsed, Point | None)
    assert_type(client.chat.completions.parse(messages=messages, tools=tools), ParsedChatCompletion[None])


def show(event: ParsedStreamEvent[list[Point]]) -> None:
    if event.type == "content.delta":
        assert_type(event.parsed, object)
        assert_type(event.delta, str)
    elif event.type == "content.done":
        assert_type(event.parsed, list[Point])
        assert_type(event.content, str)
    elif event.type == "done":
        assert_type(event.completion, ParsedChatCompletion[list[Point]])


def streamed() -> None:
    with client.chat.completions.stream(messages=messages, response_format=list[Point]) as stream:
        assert_type(stream, ParsedStream[list[Point]])
        for event in stream:
            assert_type(event, ParsedStreamEvent[list[Point]])
            show(event)
    assert_type(stream.get_final_completion().parsed, list[Point])
    with client.chat.completions.stream(messages=messages, response_format={"type": "json_object"}) as plain:
        assert_type(plain, EventStream)
    with client.chat.completions.stream(messages=messages, response_format=Point, tools=tools) as calling:
        assert_type(calling, ParsedStream[Point | None])


def errors() -> None:
    try:
        values()
    except InvalidCompletionError as error:
        assert_type(error.problems, tuple[str, ...])
        assert_type(error.completion, ChatCompletion)
        assert_type(error.rejected, tuple[ChatCompletion, ...])
    except LengthFinishReasonError as error:
        assert_type(error.completion.choices[error.index].message.content, str | None)


async def asynchronous(opper: AsyncOpper) -> None:
    completion = await opper.chat.completions.parse(messages=messages, response_format=Point)
    assert_type(completion.parsed, Point)
    async with opper.chat.completions.stream(messages=messages, response_format=Point) as stream:
        assert_type(stream, AsyncParsedStream[Point])
        async for event in stream:
            if event.type == "content.done":
                assert_type(event.parsed, Point)
    assert_type((await stream.get_final_completion()).parsed, Point)

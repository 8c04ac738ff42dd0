"""The bare openai package talks to the local server: what it understands is what the endpoint says."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam
from opper_chat.testing import CUT, LocalServer, Reply, chunk

MESSAGES: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hello"}]
WEATHER: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
            "required": ["city", "days"],
            "additionalProperties": False,
        },
    },
}


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    with LocalServer() as running:
        yield running


@pytest.fixture
def client(server: LocalServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="some-key", base_url=server.base_url, max_retries=0) as made:
        yield made


def test_plain_and_streamed_say_the_same(client: openai.OpenAI) -> None:
    """The joined deltas are the plain answer, and so are finish reason and usage."""
    plain = client.chat.completions.create(model="m", messages=MESSAGES)
    stream = client.chat.completions.create(
        model="m", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    deltas = [choice.delta.content or "" for chunk in chunks for choice in chunk.choices]
    assert "".join(deltas) == plain.choices[0].message.content
    assert plain.choices[0].message.content == "Hello from the local server! You said: Hello"
    assert chunks[-2].choices[0].finish_reason == plain.choices[0].finish_reason == "stop"
    assert chunks[-1].usage == plain.usage
    assert plain._request_id


def test_stream_helper_agrees(client: openai.OpenAI) -> None:
    """The package's own accumulator makes of the stream what the plain call returns."""
    plain = client.chat.completions.create(model="m", messages=MESSAGES, tools=[WEATHER], n=2)
    with client.chat.completions.stream(model="m", messages=MESSAGES, tools=[WEATHER], n=2) as stream:
        final = stream.get_final_completion()
    for streamed, choice in zip(final.choices, plain.choices, strict=True):
        assert streamed.finish_reason == choice.finish_reason == "tool_calls"
        calls = (streamed.message.tool_calls or []), (choice.message.tool_calls or [])
        for one, other in zip(*calls, strict=True):
            assert one.type == other.type == "function"
            assert one.function.name == other.function.name == "weather"
            assert json.loads(one.function.arguments) == json.loads(other.function.arguments)


def test_tool_loop(client: openai.OpenAI) -> None:
    """A tool call, its result, and a text that says the result."""
    messages = list(MESSAGES)
    first = client.chat.completions.create(model="m", messages=messages, tools=[WEATHER]).choices[0].message
    assert first.tool_calls is not None
    (call,) = first.tool_calls
    assert call.type == "function"
    assert set(json.loads(call.function.arguments)) == {"city", "days"}
    messages.append({"role": "assistant", "tool_calls": [call.to_dict()]})  # type: ignore[list-item, misc]
    messages.append({"role": "tool", "tool_call_id": call.id, "content": "sunny"})
    second = client.chat.completions.create(model="m", messages=messages, tools=[WEATHER]).choices[0]
    assert second.finish_reason == "stop"
    assert (second.message.content or "").endswith("sunny")


def test_structured_output(client: openai.OpenAI) -> None:
    """JSON with the members of the schema."""
    schema: dict[str, Any] = WEATHER["function"]["parameters"]  # type: ignore[assignment]
    completion = client.chat.completions.create(
        model="m",
        messages=MESSAGES,
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "w", "schema": schema, "strict": True},
        },
    )
    assert json.loads(completion.choices[0].message.content or "") == {"city": "text", "days": 1}


def test_errors_are_its_own(client: openai.OpenAI) -> None:
    """401, 404 and 422 arrive as the package's classes for them."""
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="bad-key").chat.completions.create(model="m", messages=MESSAGES)
    with pytest.raises(openai.NotFoundError, match="acme/unknown"):
        client.chat.completions.create(model="acme/unknown", messages=MESSAGES)
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        client.chat.completions.create(model="m", messages=MESSAGES, temperature=9)
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["detail"][0]["loc"] == ["body", "temperature"]
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(
            model="m",
            messages=MESSAGES,
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "w", "schema": {"type": "x"}},
            },
        )


def test_retries_see_the_script(client: openai.OpenAI, server: LocalServer) -> None:
    """One call, two requests: a scripted 503 and then the usual answer."""
    server.requests.clear()
    server.reply(Reply.json({"error": {"message": "busy"}}, status=503, headers={"retry-after-ms": "1"}))
    completion = client.with_options(max_retries=1).chat.completions.create(model="m", messages=MESSAGES)
    assert completion.choices[0].finish_reason == "stop"
    assert len(server.requests) == 2


def test_cut_stream(client: openai.OpenAI, server: LocalServer) -> None:
    """A stream that is cut raises from the iteration, after its first chunk."""
    server.reply(Reply.sse([chunk("Hel"), CUT]))
    stream = client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
    assert next(stream).choices[0].delta.content == "Hel"
    with pytest.raises(Exception, match=r"peer closed connection|Connection error"):
        next(stream)


def test_async_client(server: LocalServer) -> None:
    """The async client reads the same stream."""

    async def read() -> str:
        async with openai.AsyncOpenAI(api_key="some-key", base_url=server.base_url) as client:
            stream = await client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert asyncio.run(read()) == "Hello from the local server! You said: Hello"

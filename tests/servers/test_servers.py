"""Real servers of other makes, by their address alone: what a program would do with any of them.

Not among the tests of every day: `nox -s servers` installs the servers, starts them and runs this.
"""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from flavours import Flavour
from opper_chat import (
    APIStatusError,
    AsyncOpper,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    Opper,
    RateLimitError,
)
from opper_chat_api.models import FunctionToolCall

HELLO: list[Any] = [{"role": "user", "content": "Hello"}]

WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}

PERSON: Any = {
    "type": "json_schema",
    "json_schema": {
        "name": "person",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"name": {"type": "string", "enum": ["Anna", "Bo"]}, "ready": {"type": "boolean"}},
            "required": ["name", "ready"],
            "additionalProperties": False,
        },
    },
}


def settings(real: Any, **more: Any) -> dict[str, Any]:
    return {"api_key": real.key, "base_url": real.base_url, "deadline": 60, "max_retries": 0, **more}


def ask(flavour: Flavour, real: Any, client: dict[str, Any] | None = None, **params: Any) -> Any:
    params = {"model": real.model, "messages": HELLO, "max_tokens": 12, **params}
    return flavour(lambda opper: opper.chat.completions.create(**params), **settings(real, **(client or {})))


def read(flavour: Flavour, real: Any, **params: Any) -> Any:
    """Read a stream to its end, and return its chunks and its final completion."""
    params = {"model": real.model, "messages": HELLO, "max_tokens": 12, "stream": True, **params}

    def read_all(opper: Opper) -> Any:
        with opper.chat.completions.create(**params) as stream:
            chunks = list(stream)
            return chunks, stream.get_final_completion()

    async def read_all_async(opper: AsyncOpper) -> Any:
        async with await opper.chat.completions.create(**params) as stream:
            chunks = [chunk async for chunk in stream]
            return chunks, await stream.get_final_completion()

    return flavour(read_all if flavour.kind == "sync" else read_all_async, **settings(real))


def test_a_plain_answer(real: Any, flavour: Flavour) -> None:
    """Text, a finish reason, usage, and the name of the model."""
    completion = ask(flavour, real)
    assert completion.choices[0].message.content
    assert completion.choices[0].finish_reason in ("stop", "length")
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens
    assert completion.served_model == real.model
    assert len(completion.attempts) == 1


def test_a_stream(real: Any, flavour: Flavour) -> None:
    """Chunks whose texts make the final completion; no usage unless it is asked for."""
    chunks, completion = read(flavour, real)
    texts = [choice.delta.content or "" for chunk in chunks for choice in chunk.choices]
    assert completion.choices[0].message.content == "".join(texts) != ""
    assert completion.choices[0].finish_reason in ("stop", "length")
    assert completion.usage is None


def test_the_usage_of_a_stream(real: Any, flavour: Flavour) -> None:
    """It comes at the end, and is in the final completion."""
    _, completion = read(flavour, real, stream_options={"include_usage": True})
    assert completion.usage.completion_tokens > 0


def test_events(real: Any) -> None:
    """Deltas, then what is done."""
    with (
        Opper(**settings(real)) as client,
        client.chat.completions.stream(model=real.model, messages=HELLO, max_tokens=12) as stream,
    ):
        kinds = [event.type for event in stream]
    assert "content.delta" in kinds
    assert kinds[-2:] == ["content.done", "done"] or kinds[-1] == "done"


def test_a_stream_that_is_closed_early(real: Any) -> None:
    """The client goes on, and nothing of the answer is waited for."""
    with Opper(**settings(real, max_connections=1)) as client:
        for _ in range(3):
            with client.chat.completions.create(
                model=real.model, messages=HELLO, max_tokens=1000, stream=True
            ) as stream:
                next(stream)
        assert client.chat.completions.create(model=real.model, messages=HELLO, max_tokens=2).choices


def test_an_answer_of_a_schema(real: Any, flavour: Flavour) -> None:
    """JSON that has what the schema asks for, plain and streamed."""
    params: dict[str, Any] = {"model": real.json_model, "response_format": PERSON, "max_tokens": 200}
    for completion in (ask(flavour, real, **params), read(flavour, real, **params)[1]):
        person = json.loads(completion.choices[0].message.content)
        assert person["name"] in ("Anna", "Bo")
        assert isinstance(person["ready"], bool)


@dataclass
class Person:
    """What a model is asked for."""

    name: Literal["Anna", "Bo"]
    ready: bool


def test_an_answer_of_a_type(real: Any, flavour: Flavour) -> None:
    """A value of it, whose schema the server was given."""
    params: dict[str, Any] = {"model": real.json_model, "messages": HELLO, "max_tokens": 200}
    completion: Any = flavour(
        lambda opper: opper.chat.completions.parse(response_format=Person, **params), **settings(real)
    )
    assert isinstance(completion.parsed, Person)
    assert completion.parsed.name in ("Anna", "Bo")


def test_a_tool_call(gateway: Any, flavour: Flavour) -> None:
    """The call, whole, plain and streamed; and an answer when its result goes back."""
    params: dict[str, Any] = {"model": "upstream/tool", "tools": [WEATHER]}
    for completion in (ask(flavour, gateway, **params), read(flavour, gateway, **params)[1]):
        message = completion.choices[0].message
        (call,) = message.tool_calls
        assert isinstance(call, FunctionToolCall)
        assert call.function.name == "get_weather"
        assert isinstance(json.loads(call.function.arguments)["city"], str)
        result: Any = {"role": "tool", "tool_call_id": call.id, "content": "Sunny"}
        answer = ask(flavour, gateway, **{**params, "messages": [*HELLO, message, result]})
        assert answer.choices[0].message.content


def test_a_conversation_with_a_tool(engine: Any, flavour: Flavour) -> None:
    """A model with random weights calls nothing on purpose; what was called is read back by the engine's template."""
    called: Any = {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Oslo"}'}}
        ],
    }
    result: Any = {"role": "tool", "tool_call_id": "call_1", "content": "Sunny"}
    few = ask(flavour, engine)
    many = ask(flavour, engine, messages=[*HELLO, called, result], tools=[WEATHER])
    assert many.usage.prompt_tokens > few.usage.prompt_tokens + 100


def test_a_wrong_key(engine: Any, flavour: Flavour) -> None:
    """401, with the server's own words."""
    with pytest.raises(AuthenticationError) as caught:
        ask(flavour, engine, {"api_key": "wrong"})
    assert caught.value.message == "Invalid API Key"
    assert caught.value.type == "authentication_error"


def test_a_wrong_key_at_the_gateway(gateway: Any, flavour: Flavour) -> None:
    """Without a database it answers 400 or 401; either is an error of the right class, with its words."""
    with pytest.raises(APIStatusError) as caught:
        ask(flavour, gateway, {"api_key": "sk-wrong"})
    assert caught.value.status_code in (400, 401)
    assert caught.value.message


def test_a_wrong_model(gateway: Any, flavour: Flavour) -> None:
    """400 with the name of it, plain and streamed. The engine has one model, and answers with that."""
    for call in (ask, read):
        with pytest.raises(BadRequestError, match="no/such"):
            call(flavour, gateway, model="no/such")


def test_a_bad_parameter(engine: Any, flavour: Flavour) -> None:
    """400, and which of them it was, plain and streamed."""
    for call in (ask, read):
        with pytest.raises(BadRequestError, match="temperature") as caught:
            call(flavour, engine, extra_body={"temperature": "hot"})
        assert caught.value.type == "invalid_request_error"


def test_a_bad_message(real: Any, flavour: Flavour) -> None:
    """An error of the status that the server answers with."""
    with pytest.raises(APIStatusError) as caught:
        ask(flavour, real, extra_body={"messages": [{"role": "user", "content": 5}]})
    assert caught.value.message
    assert isinstance(caught.value.body, dict)


def test_a_wrong_address(real: Any, flavour: Flavour) -> None:
    """404, whatever its body is."""
    with pytest.raises(NotFoundError):
        ask(flavour, real, {"base_url": f"{real.base_url}/no/such"})


def test_a_busy_model(gateway: Any, flavour: Flavour) -> None:
    """429, tried again as often as one asks for."""
    with pytest.raises(RateLimitError) as caught:
        ask(flavour, gateway, {"max_retries": 1}, model="mock/busy")
    assert [attempt.status_code for attempt in caught.value.attempts] == [429, 429]


def test_what_the_gateway_says_of_an_answer(gateway: Any, flavour: Flavour) -> None:
    """What it cost, and the id of the call."""
    completion = ask(flavour, gateway)
    used = completion.usage
    # The gateway reckons in floating point, and sends what comes of it: 0.000049999999999999996.
    expected = used.prompt_tokens * 0.000001 + used.completion_tokens * 0.000002
    assert float(completion.cost) == pytest.approx(expected)
    assert completion.request_id == completion.headers["x-litellm-call-id"]


def test_several_answers_and_probabilities(engine: Any, flavour: Flavour) -> None:
    """As many as were asked for, each token with what else it might have been."""
    completion = ask(flavour, engine, n=2, logprobs=True, top_logprobs=3, max_tokens=4)
    assert [choice.index for choice in completion.choices] == [0, 1]
    for choice in completion.choices:
        assert all(len(token.top_logprobs) == 3 for token in choice.logprobs.content)


def test_spans_and_tags_do_not_trouble_others(real: Any) -> None:
    """A server that does not know them answers all the same."""
    with Opper(**settings(real)) as client, client.tags(team="x"), client.span("123e4567-e89b-12d3-a456-426614174000"):
        assert client.chat.completions.create(model=real.model, messages=HELLO, max_tokens=2).choices


def test_many_at_once(real: Any) -> None:
    """Twenty calls over four connections, each with its answer."""

    async def run() -> list[Any]:
        async with AsyncOpper(**settings(real, max_connections=4)) as client:
            call = client.chat.completions.create
            return await asyncio.gather(*(call(model=real.model, messages=HELLO, max_tokens=4) for _ in range(20)))

    assert all(completion.choices[0].finish_reason for completion in asyncio.run(run()))

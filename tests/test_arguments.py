"""The arguments of a call: None leaves a parameter out, and an enum accepts values that the contract does not list."""

import asyncio
from typing import Any

import pytest
from opper_chat import AsyncOpper, Conversation, Opper
from opper_chat.messages import image, user
from opper_chat.testing import LocalServer, Reply
from opper_chat_api.params import ChatCompletionParametersParam

OPTIONAL = tuple(ChatCompletionParametersParam.__annotations__)
ANSWER = Reply.json({"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]})
"""A scripted reply, since the local server refuses values that the contract does not list."""
MESSAGES: Any = [{"role": "user", "content": "Hi"}]
NEW_VALUES: dict[str, Any] = {
    "audio": {"format": "opus2", "voice": "v"},
    "function_call": "sometimes",
    "modalities": ["text", "video"],
    "reasoning_effort": "xhigh",
    "service_tier": "fast",
    "tool_choice": "sometimes",
    "verbosity": "max",
    "web_search_options": {"search_context_size": "all"},
}
"""A value that the contract does not list, for each enum that a request reaches by a parameter of its own."""


@pytest.mark.parametrize("name", OPTIONAL)
def test_none_leaves_a_parameter_out(opper: Opper, opper_server: LocalServer, name: str) -> None:
    """In every call that takes it."""
    completions: Any = opper.chat.completions
    arguments: dict[str, Any] = {"messages": MESSAGES, name: None}
    completions.create(**arguments)
    completions.create(**arguments, stream=True).close()
    completions.parse(**arguments)
    completions.run_tools(**arguments)
    completions.with_raw_response.create(**arguments)
    with completions.with_streaming_response.create(**arguments) as response:
        response.read()
    with completions.stream(**arguments) as stream:
        stream.until_done()
    with completions.stream_tools(**arguments) as run:
        list(run)
    Conversation(opper, **{name: None}).send("Hi", **{name: None})
    assert len(opper_server.requests) == 9
    for request in opper_server.requests:
        assert name not in request.body or name == "stream_options"


def test_none_leaves_a_parameter_out_async(opper_server: LocalServer) -> None:
    """All optional parameters at once."""

    async def run() -> None:
        arguments: dict[str, Any] = {"messages": MESSAGES, **dict.fromkeys(OPTIONAL)}
        async with AsyncOpper(api_key="key", base_url=opper_server.base_url) as client:
            await client.chat.completions.create(**arguments)

    asyncio.run(run())
    assert set(opper_server.last_request.body) == {"messages", "stream"}


@pytest.mark.parametrize("name", NEW_VALUES)
def test_an_enum_accepts_any_string(opper: Opper, opper_server: LocalServer, name: str) -> None:
    """It is sent as it is."""
    opper_server.reply(ANSWER)
    opper.chat.completions.create(messages=MESSAGES, **{name: NEW_VALUES[name]})
    assert opper_server.last_request.body[name] == NEW_VALUES[name]


def test_the_detail_of_an_image_may_be_any_string(opper: Opper, opper_server: LocalServer) -> None:
    """As in a plain dict."""
    opper_server.reply(ANSWER)
    opper.chat.completions.create(messages=[user("Look:", image("https://example.com/a.png", detail="original"))])
    assert opper_server.last_request.messages[0]["content"][1]["image_url"]["detail"] == "original"

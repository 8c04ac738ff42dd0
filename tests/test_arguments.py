"""The arguments of a call: None leaves a parameter out, and an enum accepts values that the contract does not list."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import pytest
from opper_chat import AsyncConversation, AsyncOpper, Conversation, Opper
from opper_chat.messages import image, user
from opper_chat.testing import LocalServer
from opper_chat_api.params import ChatCompletionParametersParam

OPTIONAL = tuple(ChatCompletionParametersParam.__annotations__)
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


@pytest.mark.parametrize("name", [name for name in NEW_VALUES if name in OPTIONAL])
def test_an_enum_accepts_any_string(opper: Opper, opper_server: LocalServer, name: str) -> None:
    """It is sent as it is, and the local server accepts it, as the contract does."""
    opper.chat.completions.create(messages=MESSAGES, **{name: NEW_VALUES[name]})
    assert opper_server.last_request.body[name] == NEW_VALUES[name]


def test_the_detail_of_an_image_may_be_any_string(opper: Opper, opper_server: LocalServer) -> None:
    """As in a plain dict."""
    opper.chat.completions.create(messages=[user("Look:", image("https://example.com/a.png", detail="original"))])
    assert opper_server.last_request.messages[0]["content"][1]["image_url"]["detail"] == "original"


SYNC, ASYNC = Opper(api_key="key"), AsyncOpper(api_key="key")
WITH_STREAM = "client.chat.completions.stream(...) as stream:`."
WITH_RESPONSE = "client.chat.completions.with_streaming_response.create(...) as response:`."
WITH_TURN = "conversation.stream(...) as stream:`."
MANAGERS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "stream": (lambda client: client.chat.completions.stream(messages=MESSAGES), WITH_STREAM),
    "typed stream": (
        lambda client: client.chat.completions.stream(messages=MESSAGES, response_format=int),
        WITH_STREAM,
    ),
    "response": (
        lambda client: client.chat.completions.with_streaming_response.create(messages=MESSAGES),
        WITH_RESPONSE,
    ),
    "turn": (
        lambda client: (AsyncConversation if client is ASYNC else Conversation)(client).stream("Hi"),
        WITH_TURN,
    ),
}


@pytest.mark.parametrize("name", MANAGERS)
@pytest.mark.parametrize("client", [SYNC, ASYNC])
def test_a_context_manager_says_how_it_is_entered(client: Any, name: str) -> None:
    """To those who iterate over it or await it; nothing is sent."""
    make, expected = MANAGERS[name]

    async def await_it() -> None:
        await make(client)

    async def iterate_over_it() -> None:
        async for _ in make(client):
            pass

    uses: dict[str, Callable[[], object]] = {
        "iterable": lambda: list(make(client)),
        "awaitable": lambda: asyncio.run(await_it()),
        "async iterable": lambda: asyncio.run(iterate_over_it()),
    }
    keyword = "async with" if client is ASYNC else "with"
    for what, use in uses.items():
        with pytest.raises(TypeError) as raised:
            use()
        assert f"object is not {what}. It is a context manager: use `{keyword} {expected}" in str(raised.value)


@pytest.mark.parametrize("name", ["create", "parse", "stream", "run_tools", "stream_tools"])
@pytest.mark.parametrize("client", [SYNC, ASYNC])
def test_a_positional_argument_is_refused_with_its_keyword(client: Any, name: str) -> None:
    """In place of Python's count of arguments; the value is not shown."""

    def call(completions: Any, *positional: object) -> None:
        result = getattr(completions, name)(*positional)
        if inspect.isawaitable(result):
            asyncio.run(wait_for(result))

    async def wait_for(awaitable: Any) -> None:
        await awaitable

    completions = client.chat.completions
    with pytest.raises(TypeError) as raised:
        call(completions, MESSAGES)
    assert str(raised.value) == (
        f"{name}() takes keyword arguments only (given: a positional argument, a list). Use {name}(messages=...)."
    )
    with pytest.raises(TypeError, match=r"\(given: 2 positional arguments, a string, a list\)"):
        call(completions, "key-12345678", MESSAGES)
    if name == "create":
        for view in (completions.with_raw_response, completions.with_streaming_response):
            with pytest.raises(TypeError, match=r"Use create\(messages=\.\.\.\)"):
                call(view, MESSAGES)

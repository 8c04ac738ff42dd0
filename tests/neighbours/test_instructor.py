"""instructor over this client: answers as pydantic models, asked for again where they do not fit.

Not among the tests of every day, for it brings an older openai package: `nox -s instructor` runs it.
"""

import asyncio
import json
from typing import Any

import instructor
import pytest
from flavours import HELLO, Flavour
from opper_chat import AsyncOpper, ChatCompletion, Opper
from opper_chat.testing import LocalServer, Reply, chunk
from pydantic import BaseModel


class User(BaseModel):
    """What is asked for."""

    name: str
    age: int


USER = {"name": "Anna", "age": 30}


def said(user: User) -> dict[str, object]:
    """What it says: instructor keeps the completion in it, which makes it another's unequal."""
    assert isinstance(user, User)
    return user.model_dump()


def answer(**message: Any) -> Reply:
    return Reply.json(
        {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", **message}}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
        }
    )


def called(arguments: object) -> Reply:
    function = {"name": "User", "arguments": json.dumps(arguments)}
    return answer(content=None, tool_calls=[{"id": "call_1", "type": "function", "function": function}])


def patched(flavour: Flavour, server: LocalServer, mode: Any = instructor.Mode.TOOLS, **params: Any) -> Any:
    """Make one call by instructor's `create`."""
    return flavour(
        lambda client: instructor.patch(create=client.chat.completions.create, mode=mode)(
            model="openai/gpt-4o-mini", messages=list(HELLO), **params
        ),
        api_key="key",
        base_url=server.base_url,
    )


def test_an_answer_as_a_model(server: LocalServer, flavour: Flavour) -> None:
    """The model, from a call of a tool; the completion it came in is this package's, with how it came."""
    server.reply(called(USER))
    user = patched(flavour, server, response_model=User)
    assert said(user) == USER
    assert isinstance(user._raw_response, ChatCompletion)
    assert len(user._raw_response.attempts) == 1
    assert server.requests[-1].body["tools"][0]["function"]["name"] == "User"


@pytest.mark.parametrize("mode", [instructor.Mode.JSON, instructor.Mode.JSON_SCHEMA, instructor.Mode.MD_JSON])
def test_other_ways_to_ask(server: LocalServer, flavour: Flavour, mode: Any) -> None:
    """The same from a text."""
    server.reply(answer(content=json.dumps(USER)))
    assert said(patched(flavour, server, mode, response_model=User)) == USER


def test_asking_again(server: LocalServer, flavour: Flavour) -> None:
    """What did not fit goes back with the reason, and the answer to that is taken."""
    server.reply(called({"name": "Anna", "age": "old"}), called(USER))
    assert said(patched(flavour, server, response_model=User, max_retries=2)) == USER
    *_, message, result = server.requests[-1].body["messages"]
    assert message["tool_calls"][0]["function"]["arguments"] == '{"name": "Anna", "age": "old"}'
    assert result["role"] == "tool"
    assert "valid integer" in result["content"]


def test_a_model_while_it_is_written(server: LocalServer) -> None:
    """Partial models, and the whole one at the end; sync and async."""
    call = {"index": 0, "id": "call_1", "type": "function"}
    pieces = [
        chunk(delta={"role": "assistant", "tool_calls": [{**call, "function": {"name": "User", "arguments": ""}}]}),
        *(
            chunk(delta={"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
            for piece in ('{"name": "An', 'na", "age"', ": 30}")
        ),
        chunk(finish_reason="tool_calls"),
        "[DONE]",
    ]
    server.reply(Reply.sse(pieces), Reply.sse(pieces))
    with Opper(api_key="key", base_url=server.base_url) as client:
        create: Any = instructor.patch(create=client.chat.completions.create)
        *partial, whole = create(model="m", messages=list(HELLO), response_model=instructor.Partial[User], stream=True)
    assert partial
    assert whole.model_dump() == USER

    async def run() -> list[Any]:
        async with AsyncOpper(api_key="key", base_url=server.base_url) as client:
            create: Any = instructor.patch(create=client.chat.completions.create)
            stream = create(model="m", messages=list(HELLO), response_model=instructor.Partial[User], stream=True)
            if asyncio.iscoroutine(stream):
                stream = await stream
            return [user async for user in stream]

    assert asyncio.run(run())[-1].model_dump() == USER

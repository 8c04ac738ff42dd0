"""The same lines under both packages: what a program sees of an answer, a stream and an error is the same."""

from collections.abc import Callable, Iterator
from typing import Any

import openai
import opper_chat
import pydantic
import pytest
from flavours import HELLO
from opper_chat.testing import CUT, LocalServer, Reply, chunk
from test_local_server_openai import WEATHER


class Person(pydantic.BaseModel):
    """What is asked for."""

    name: str
    age: int


def plain(client: Any) -> Iterator[object]:
    completion = client.chat.completions.create(model="m", messages=HELLO)
    choice, usage = completion.choices[0], completion.usage
    yield (choice.index, choice.finish_reason, choice.message.role, choice.message.content, choice.message.tool_calls)
    yield (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)
    yield (completion.object, completion.model, completion._request_id is not None, choice.logprobs)
    yield (choice.model_dump(exclude_none=True), completion.usage.model_dump(exclude_none=True))


def logprobs(client: Any) -> Iterator[object]:
    choice = client.chat.completions.create(model="m", messages=HELLO, logprobs=True, top_logprobs=1).choices[0]
    for token in choice.logprobs.content:
        yield (token.token, token.logprob, token.bytes, [(top.token, top.logprob) for top in token.top_logprobs])


def tools(client: Any) -> Iterator[object]:
    message = client.chat.completions.create(model="m", messages=HELLO, tools=[WEATHER]).choices[0].message
    for call in message.tool_calls:
        yield (call.type, bool(call.id), call.function.name, call.function.arguments, message.content)
    again = [*HELLO, message, {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "sunny"}]
    yield client.chat.completions.create(model="m", messages=again, tools=[WEATHER]).choices[0].message.content


def chunks(client: Any) -> Iterator[object]:
    options = {"include_usage": True}
    with client.chat.completions.create(model="m", messages=HELLO, stream=True, stream_options=options) as stream:
        yield stream.response.headers["Content-Type"]
        for piece in stream:
            yield (piece.object, piece.model, piece.usage and piece.usage.total_tokens)
            for choice in piece.choices:
                delta = choice.delta
                yield (choice.index, choice.finish_reason, delta.role, delta.content, delta.refusal, delta.tool_calls)


def tool_chunks(client: Any) -> Iterator[object]:
    for piece in client.chat.completions.create(model="m", messages=HELLO, tools=[WEATHER], stream=True):
        for call in piece.choices[0].delta.tool_calls or ():
            yield (call.index, bool(call.id), call.type, call.function.name, call.function.arguments)


def events(client: Any) -> Iterator[object]:
    with client.chat.completions.stream(model="m", messages=HELLO) as stream:
        for event in stream:
            if event.type == "content.delta" and event.delta:  # theirs has events of empty pieces too
                yield (event.type, event.delta, event.snapshot, event.parsed)
            elif event.type == "content.done":
                yield (event.type, event.content, event.parsed)
        yield stream.get_final_completion().choices[0].message.content


def parsed(client: Any) -> Iterator[object]:
    completion = client.chat.completions.parse(model="m", messages=HELLO, response_format=Person)
    yield (completion.choices[0].message.parsed, completion.choices[0].message.content)
    with client.chat.completions.stream(model="m", messages=HELLO, response_format=Person) as stream:
        yield from (event.parsed for event in stream if event.type == "content.done")
        yield stream.get_final_completion().choices[0].message.parsed


def raw(client: Any) -> Iterator[object]:
    for made in (
        client.chat.completions.with_raw_response.create(model="m", messages=HELLO),
        client.chat.completions.with_raw_response.create(model="m", messages=HELLO, stream=True),
    ):
        yield [made.headers[name] for name in ("Content-Type", "content-type", "CONTENT-TYPE")]
        yield (made.headers.get("X-Request-Id") == made.request_id, "X-REQUEST-ID" in made.headers)
        yield (made.status_code, made.retries_taken, made.http_response.status_code, made.method, str(made.url))
        for piece in made.parse() if made.headers["Content-Type"].startswith("text/event-stream") else ():
            yield [choice.delta.content for choice in piece.choices]
    with client.chat.completions.with_streaming_response.create(model="m", messages=HELLO) as response:
        yield (response.headers["Content-Type"], response.headers.get("X-Nothing"), response.retries_taken)
        yield response.parse().choices[0].message.content


BODIES: list[Callable[[Any], Iterator[object]]] = [plain, logprobs, tools, chunks, tool_chunks, events, parsed, raw]


def under(package: Any, server: LocalServer, body: Callable[[Any], Iterator[object]], retries: int = 0) -> list[object]:
    """What a body sees with the client of one package."""
    made = package.OpenAI if package is openai else package.Opper
    with made(api_key="some-key", base_url=server.base_url, max_retries=retries) as client:
        return list(body(client))


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
def test_both_see_the_same(body: Callable[[Any], Iterator[object]], server: LocalServer) -> None:
    """Line by line."""
    theirs = under(openai, server, body)
    assert theirs
    assert under(opper_chat, server, body) == theirs


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500, 503])
def test_errors_are_called_the_same_and_say_the_same(status: int, server: LocalServer) -> None:
    """Class, status, code, parameter, type and id; the message of ours is what the server said."""
    said = {"message": "No such luck.", "type": "invalid_request_error", "param": "model", "code": "unlucky"}

    def fails(client: Any) -> Iterator[object]:
        with pytest.raises(Exception, match="No such luck") as caught:
            client.chat.completions.create(model="m", messages=HELLO)
        error: Any = caught.value
        yield (type(error).__name__, [cls.__name__ for cls in type(error).__mro__ if cls.__name__.startswith("API")])
        yield (error.status_code, error.code, error.param, error.type, error.request_id)
        bodies.append(error.body)
        messages.append(error.message)

    bodies: list[object] = []
    messages: list[str] = []
    seen: list[object] = []
    for package in (openai, opper_chat):
        server.reply(Reply.json({"error": said}, status=status, headers={"X-Request-Id": "r1"}))
        seen.append(under(package, server, fails))
    assert seen[0] == seen[1]
    assert bodies == [said, {"error": said}]  # as the table says
    assert messages[1] == "No such luck." in messages[0]


def test_retries_taken(server: LocalServer) -> None:
    """The requests before the one that brought the answer, also once that is over."""

    def body(client: Any) -> Iterator[object]:
        made = client.chat.completions.with_raw_response.create(model="m", messages=HELLO)
        yield (made.retries_taken, made.parse().choices[0].message.content, made.retries_taken)

    seen: list[object] = []
    for package in (openai, opper_chat):
        server.reply(Reply.json({}, status=500, headers={"retry-after-ms": "1"}))
        seen.append(under(package, server, body, retries=1))
    assert seen[0] == seen[1]
    assert seen[0][0][0] == 1  # type: ignore[index]


def test_a_stream_that_is_cut(server: LocalServer) -> None:
    """The one that differs on purpose: half an answer is no answer."""

    def texts(client: Any) -> Iterator[object]:
        for piece in client.chat.completions.create(model="m", messages=HELLO, stream=True):
            yield piece.choices[0].delta.content

    server.reply(Reply.sse([chunk("Hel"), CUT]))
    with pytest.raises(opper_chat.APIError):
        under(opper_chat, server, texts)

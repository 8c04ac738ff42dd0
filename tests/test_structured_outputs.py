"""Answers of a type: parse() and stream() against the local server, their errors, and asking again."""

import copy
import json
import math
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
import response_types as kinds
from flavours import HELLO, Flavour
from opper_chat import (
    APITimeoutError,
    AsyncOpper,
    CompletionError,
    ContentFilterFinishReasonError,
    InternalServerError,
    InvalidArgumentError,
    InvalidCompletionError,
    LengthFinishReasonError,
    Opper,
    ParsedChatCompletion,
    RefusalError,
    StreamTruncatedError,
    UnknownArgumentError,
)
from opper_chat._requests.response_format import ResponseFormat
from opper_chat._schemas.response_schema import response_schema
from opper_chat._streaming.accumulator import Accumulator
from opper_chat._streaming.chunk_templates import DecodedChunk
from opper_chat._streaming.event_builder import EventBuilder
from opper_chat._streaming.parsed_events import EventParser
from opper_chat.testing import CUT, LocalServer, Pause, Reply, chunk
from opper_chat_api.models import ChatCompletionChunk
from response_types import VALUES, Cat, Point
from strict import breaches

CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
TOOLS: list[Any] = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]


def completion(*contents: str | None, reason: str = "stop", **message: Any) -> dict[str, Any]:
    """A whole answer, with a choice for each text."""
    choices = [
        {"index": index, "message": {"role": "assistant", "content": text, **message}, "finish_reason": reason}
        for index, text in enumerate(contents)
    ]
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    return {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": choices, "usage": usage}


def reply(*contents: str | None, **more: Any) -> Reply:
    return Reply.json(completion(*contents, **more), headers={"x-request-id": "abc"})


def pieces(text: str, reason: str = "stop", **delta: Any) -> list[Any]:
    """A stream of the text, character by character."""
    last = chunk(finish_reason=reason, delta=delta)
    return [*(chunk(character) for character in text), last, "[DONE]"]


def parse(flavour: Flavour, server: LocalServer, hint: Any, client: Any = None, **arguments: Any) -> Any:
    arguments = {"messages": HELLO, "response_format": hint, **arguments}
    settings = {"api_key": "key", "base_url": server.base_url, **(client or {})}
    return flavour(lambda opper: opper.chat.completions.parse(**arguments), **settings)


def streamed(flavour: Flavour, server: LocalServer, hint: Any, look: Callable[[Any], object], **arguments: Any) -> Any:
    """Read a stream's events, let each be looked at, and return the final completion."""
    arguments = {"messages": HELLO, "response_format": hint, **arguments}

    def read(opper: Opper) -> Any:
        with opper.chat.completions.stream(**arguments) as stream:
            for event in stream:
                look(event)
            return stream.get_final_completion()

    async def read_async(opper: AsyncOpper) -> Any:
        async with opper.chat.completions.stream(**arguments) as stream:
            async for event in stream:
                look(event)
            return await stream.get_final_completion()

    return flavour(read if flavour.kind == "sync" else read_async, api_key="key", base_url=server.base_url)


def says(partial: Any, whole: Any) -> bool:
    """Whether a partial value says nothing but what the whole one says."""
    if isinstance(partial, dict):
        return all(name in whole and says(value, whole[name]) for name, value in partial.items())
    if isinstance(partial, list):
        return len(partial) <= len(whole) and all(map(says, partial, whole))
    if isinstance(partial, str):
        return isinstance(whole, str) and whole.startswith(partial)
    return partial is None or partial == whole


def test_every_type_over_the_wire(server: LocalServer) -> None:
    """A strict schema in the request, and the value out of the answer: whole, and streamed character by character.

    While it comes, what is said so far and nothing else, ever more of it, and at the end the whole.
    """
    for hint, given, value in VALUES.values():
        text = json.dumps({"value": given} if response_schema(hint).is_wrapped else given, ensure_ascii=False)
        server.reply(reply(text), Reply.sse(pieces(text)))
        assert parse(Flavour("sync"), server, hint).parsed == value
        sent: Any = server.last_request.body["response_format"]
        assert sent["type"] == "json_schema"
        assert sent["json_schema"]["strict"] is True
        assert breaches(sent["json_schema"]["schema"]) == []
        said: list[Any] = []
        done: list[Any] = []

        def look(event: Any, said: list[Any] = said, done: list[Any] = done) -> None:
            if event.type == "content.delta":
                said.append(event.parsed)
            elif event.type == "content.done":
                done.append(event.parsed)

        assert streamed(Flavour("sync"), server, hint, look).parsed == value
        assert server.last_request.body["response_format"] == sent
        assert done == [value]
        assert len(said) == len(text)
        assert all(says(partial, given) for partial in said)
        assert all(says(before, after) for before, after in pairwise(said) if after is not None)
        assert said[-1] == given


def test_a_parsed_completion(flavour: Flavour, server: LocalServer) -> None:
    """The value at the completion and at each message; all else as of a plain completion."""
    texts = ['{"x": 1.0, "y": 2.0}', '{"x": 3.0, "y": 4.0}']
    server.reply(reply(*texts))
    found = parse(flavour, server, Point, n=2)
    assert isinstance(found, ParsedChatCompletion)
    assert found.parsed == Point(1.0, 2.0)
    assert [choice.message.parsed for choice in found.choices] == [Point(1.0, 2.0), Point(3.0, 4.0)]
    assert [choice.message.content for choice in found.choices] == texts
    assert found.to_dict() == completion(*texts)
    assert (found.request_id, len(found.attempts), found.rejected) == ("abc", 1, ())
    assert found.headers["content-type"] == "application/json"
    for twin in (copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert (twin, twin.parsed, twin.request_id) == (found, found.parsed, "abc")


def test_a_parsed_message_goes_back(flavour: Flavour, server: LocalServer) -> None:
    """A message of the next request, without what was read from it."""
    server.reply(reply('{"x": 1.0, "y": 2.0}'))
    message = parse(flavour, server, Point).choices[0].message
    parse(flavour, server, Point, messages=[*HELLO, message])
    assert server.last_request.messages[1] == {"role": "assistant", "content": '{"x": 1.0, "y": 2.0}'}


def test_the_usual_answer_fits(flavour: Flavour, server: LocalServer) -> None:
    """A value, from a server that was told nothing."""
    assert isinstance(parse(flavour, server, kinds.Person).parsed, kinds.Person)
    assert [type(pet) for pet in parse(flavour, server, list[Cat]).parsed] == [Cat]


def test_without_a_type(flavour: Flavour, server: LocalServer) -> None:
    """None, with a plain format and with none; a plain call takes a schema as before."""
    assert parse(flavour, server, None).parsed is None
    assert "response_format" not in server.last_request.body
    plain = {"type": "json_schema", "json_schema": {"name": "Point", "schema": response_schema(Point).schema}}
    assert parse(flavour, server, plain).parsed is None
    assert server.last_request.body["response_format"] == plain
    created = flavour.create(server.base_url, messages=HELLO, response_format=plain)
    assert response_schema(Point).decode(created.choices[0].message.content or "")


def test_where_the_openai_sdk_has_it_too(flavour: Flavour, server: LocalServer) -> None:
    """The same at `beta`."""
    settings = {"api_key": "key", "base_url": server.base_url}
    found = flavour(lambda opper: opper.beta.chat.completions.parse(messages=HELLO, response_format=Point), **settings)
    assert isinstance(found.parsed, Point)


@pytest.mark.parametrize("content", [None, "", "Let me look."])
def test_tool_calls(flavour: Flavour, server: LocalServer, content: str | None) -> None:
    """None in place of a value, whatever is said beside the calls: whole, and streamed."""
    delta = {"tool_calls": [{"index": 0, **CALL}]}
    server.reply(reply(content, reason="tool_calls", tool_calls=[CALL]))
    server.reply(Reply.sse(pieces(content or "", "tool_calls", **delta)))
    found = parse(flavour, server, Point, tools=TOOLS)
    assert found.parsed is None
    assert found.choices[0].message.tool_calls[0].function.name == "f"
    assert server.last_request.body["tools"] == TOOLS
    seen: list[Any] = []
    assert streamed(flavour, server, Point, seen.append, tools=TOOLS).parsed is None
    assert [event.parsed for event in seen if event.type == "content.done"] == ([None] if content else [])
    assert [event.name for event in seen if event.type == "tool_call.done"] == ["f"]


GOOD = '{"x": 1.0, "y": 2.0}'

ENDS: dict[str, tuple[type[CompletionError], dict[str, Any]]] = {
    "cut off": (LengthFinishReasonError, {"text": '{"x": 1', "reason": "length"}),
    "cut off where it is whole": (LengthFinishReasonError, {"text": GOOD, "reason": "length"}),
    "withheld": (ContentFilterFinishReasonError, {"text": "", "reason": "content_filter"}),
    "refused": (RefusalError, {"text": "", "refusal": "No."}),
    "no JSON": (InvalidCompletionError, {"text": "Here you are: {}"}),
    "another value": (InvalidCompletionError, {"text": '{"x": "one"}'}),
    "nothing": (InvalidCompletionError, {"text": ""}),
}


@pytest.mark.parametrize("name", ENDS)
def test_an_answer_without_value(flavour: Flavour, server: LocalServer, name: str) -> None:
    """An error of its kind, with the completion and how it came; the same when it is streamed."""
    kind, said = ENDS[name]
    text, reason = said["text"], said.get("reason", "stop")
    extra = {"refusal": said["refusal"]} if "refusal" in said else {}
    server.reply(reply(text or None, reason=reason, **extra), Reply.sse(pieces(text, reason, **extra)))
    with pytest.raises(kind) as caught:
        parse(flavour, server, Point)
    error = caught.value
    assert error.completion.choices[0].message.content == (text or None)
    assert (error.status_code, error.request_id, error.index, len(error.attempts)) == (200, "abc", 0, 1)
    assert json.loads(error.raw_body) == error.body == completion(text or None, reason=reason, **extra)
    assert error.rejected == ()
    twin = pickle.loads(pickle.dumps(error))
    assert (type(twin), str(twin), twin.completion) == (kind, str(error), error.completion)

    seen: list[Any] = []
    with pytest.raises(kind) as streaming:
        streamed(flavour, server, Point, seen.append)
    assert streaming.value.completion.choices[0].finish_reason == reason
    assert (streaming.value.completion.choices[0].message.content or "") == text
    assert (streaming.value.status_code, len(streaming.value.attempts)) == (200, 1)
    assert "done" not in [event.type for event in seen]
    assert [event.parsed for event in seen if event.type == "content.done"] == (
        [Point(1.0, 2.0)] if text == GOOD else []
    )


def test_the_problems_of_an_answer(flavour: Flavour, server: LocalServer) -> None:
    """Each place, in the error and in its text; nothing of what was said there."""
    server.reply(reply(GOOD, '{"x": "secret", "y": []}'))
    with pytest.raises(InvalidCompletionError) as caught:
        parse(flavour, server, Point, n=2)
    assert caught.value.index == 1
    assert caught.value.problems == ("x: expected `float`, got `str`", "y: expected `float`, got `array`")
    assert "x: expected `float`, got `str`; y: " in str(caught.value)
    assert "secret" not in str(caught.value)
    server.reply(reply())
    with pytest.raises(InvalidCompletionError, match="there is no choice"):
        parse(flavour, server, Point)


def test_asking_again(flavour: Flavour, server: LocalServer) -> None:
    """The answer and what was wrong with it in the next request; all attempts, and the answers that did not fit."""
    bad = ['{"x": "one", "y": 1.0}', "no"]
    server.reply(*map(reply, bad), reply(GOOD))
    found = parse(flavour, server, Point, retries_on_invalid=2, temperature=0.5)
    assert found.parsed == Point(1.0, 2.0)
    assert [rejected.choices[0].message.content for rejected in found.rejected] == bad
    assert len(found.attempts) == 3
    first, second, third = (request.messages for request in server.requests)
    assert first == HELLO
    assert second[:2] == [*HELLO, {"role": "assistant", "content": bad[0]}]
    assert second[2]["role"] == "user"
    assert "- x: expected `float`, got `str`\n" in str(second[2]["content"])
    assert third[:3] == second
    assert third[3] == {"role": "assistant", "content": "no"}
    assert "not JSON" in str(third[4]["content"])
    assert {request.body["temperature"] for request in server.requests} == {0.5}


def test_asking_in_vain(flavour: Flavour, server: LocalServer) -> None:
    """The last answer's error, with those before it; nothing that asking again cannot mend is asked again."""
    server.reply(reply("a"), reply("b"))
    with pytest.raises(InvalidCompletionError) as caught:
        parse(flavour, server, Point, retries_on_invalid=1)
    assert caught.value.completion.choices[0].message.content == "b"
    assert [rejected.choices[0].message.content for rejected in caught.value.rejected] == ["a"]
    assert len(caught.value.attempts) == 2
    server.reply(reply("a"), reply(None, refusal="No."))
    with pytest.raises(RefusalError) as refused:
        parse(flavour, server, Point, retries_on_invalid=5)
    assert len(refused.value.rejected) == 1
    assert len(server.requests) == 4


def test_an_error_while_asking_again(flavour: Flavour, server: LocalServer) -> None:
    """The error itself, with the attempts of all rounds and the answers before it."""
    failure = Reply.json({"type": "InternalServerError", "message": "Oh."}, status=500)
    server.reply(failure, reply("a"), failure, failure)
    with pytest.raises(InternalServerError) as caught:
        parse(flavour, server, Point, retries_on_invalid=1, client={"max_retries": 1})
    assert [attempt.status_code for attempt in caught.value.attempts] == [500, 200, 500, 500]
    assert len(caught.value.rejected) == 1


def test_one_deadline_over_all(flavour: Flavour, server: LocalServer) -> None:
    """The timeout runs on through the rounds: each is quicker than it, together they are not."""
    server.reply(*(Reply.json(completion("a"), delay=0.2) for _ in range(4)))
    with pytest.raises(APITimeoutError) as caught:
        parse(flavour, server, Point, retries_on_invalid=3, deadline=0.5)
    assert (caught.value.timeout_kind, caught.value.seconds) == ("deadline", 0.5)
    assert [rejected.choices[0].message.content for rejected in caught.value.rejected] == ["a", "a"]
    assert [attempt.status_code for attempt in caught.value.attempts] == [200, 200, None]


@dataclass
class Slow:
    x: int

    def __post_init__(self) -> None:
        time.sleep(0.3)
        raise ValueError("never")


def test_a_deadline_that_passes_while_an_answer_is_read(flavour: Flavour, server: LocalServer) -> None:
    """The answer's error, which says why nobody asked again."""
    with pytest.raises(InvalidCompletionError, match=r"never\. \[request id .*\]\nNot retried: the deadline"):
        parse(flavour, server, Slow, retries_on_invalid=3, deadline=0.25)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ({"hint": list[dict]}, "response_format[]"),
        ({"hint": "json_object"}, "response_format"),
        ({"retries_on_invalid": -1}, "retries_on_invalid"),
        ({"retries_on_invalid": "twice"}, "retries_on_invalid"),
        ({"temperature": "hot"}, "temperature"),
        ({"messages": []}, "messages"),
    ],
)
def test_wrong_arguments(flavour: Flavour, server: LocalServer, arguments: Any, argument: str) -> None:
    """An error that names them, before anything is sent."""
    with pytest.raises(InvalidArgumentError) as caught:
        parse(
            flavour,
            server,
            **{
                "hint": Point,
                **arguments,
                **({"hint": arguments.pop("response_format")} if "response_format" in arguments else {}),
            },
        )
    assert caught.value.argument == argument
    assert server.requests == []


def test_wrong_arguments_of_others(server: LocalServer) -> None:
    """stream() refuses types as parse() does; create() says who takes them; parse() has no stream."""
    with Opper(api_key="key", base_url=server.base_url) as client:
        completions: Any = client.chat.completions
        with pytest.raises(
            InvalidArgumentError, match=r"response_format: .*Name the type of the items, as.* or pass strict=False"
        ):
            completions.stream(messages=HELLO, response_format=list[Any])
        with pytest.raises(InvalidArgumentError, match=r"Use parse\(response_format=Point\), or stream\(\), for"):
            completions.create(messages=HELLO, response_format=Point)
        with pytest.raises(UnknownArgumentError):
            completions.parse(messages=HELLO, response_format=Point, stream=True)
    assert server.requests == []


def test_partial_values_of_a_list(flavour: Flavour, server: LocalServer) -> None:
    """Without the object that it is put into for strict mode."""
    server.reply(Reply.sse([chunk('{"value": [{"x": 1.0, '), chunk('"y": 2.0}, {"x": 3'), *pieces('.5, "y": 0}]}')]))
    seen: list[Any] = []
    found = streamed(flavour, server, list[Point], seen.append)
    assert found.parsed == [Point(1.0, 2.0), Point(3.5, 0.0)]
    deltas = [event.parsed for event in seen if event.type == "content.delta"]
    assert deltas[:2] == [[{"x": 1.0}], [{"x": 1.0, "y": 2.0}, {}]]
    assert deltas == [event.parsed for event in reversed(seen) if event.type == "content.delta"][::-1]


def test_asking_at_every_piece_is_linear() -> None:
    """Ten times the text, asked about at every piece, for ten times the work and not a hundred times."""

    def seconds(steps: int) -> float:
        text = json.dumps({"value": [{"x": 1.0, "y": 2.0}] * steps + [{"x": 1.0, "y": 2.0}]})
        accumulator = Accumulator()
        builder, parser = EventBuilder(accumulator), EventParser(ResponseFormat[Any](list[Point]))
        began = time.process_time()
        for start in range(0, len(text), 8):
            value = chunk(text[start : start + 8])
            accumulator.add(value)
            for event in builder.build(DecodedChunk(ChatCompletionChunk.from_dict(value), value)):
                parsed: Any = parser.parse(event)
                if parsed.type == "content.delta":
                    assert isinstance(parsed.parsed, list | None)
        return time.process_time() - began

    assert min(seconds(1000) for _ in range(2)) < 30 * min(seconds(100) for _ in range(3))


@pytest.mark.parametrize("kept", range(len(GOOD) + 1))
def test_a_stream_that_is_cut(server: LocalServer, kept: int) -> None:
    """An error of the stream, wherever it is cut, and no value."""
    server.reply(Reply.sse([*pieces(GOOD)[:kept], CUT]))
    seen: list[Any] = []
    with pytest.raises(Exception) as caught:
        streamed(Flavour("sync"), server, Point, seen.append)
    assert not isinstance(caught.value, CompletionError)
    assert not [event for event in seen if event.type in ("content.done", "done")]
    partial: Any = caught.value
    assert (partial.partial.choices[0].message.content if kept else partial.partial) == (GOOD[:kept] or None)


def test_a_stream_that_is_left(flavour: Flavour, server: LocalServer) -> None:
    """StreamTruncatedError for whoever still wants its completion."""
    server.reply(Reply.sse([*pieces(GOOD)[:1], Pause(math.inf)]))

    def read(opper: Opper) -> None:
        with opper.chat.completions.stream(messages=HELLO, response_format=Point) as stream:
            next(stream)
        stream.get_final_completion()

    async def read_async(opper: AsyncOpper) -> None:
        async with opper.chat.completions.stream(messages=HELLO, response_format=Point) as stream:
            await anext(stream)
        await stream.get_final_completion()

    with pytest.raises(StreamTruncatedError):
        flavour(read if flavour.kind == "sync" else read_async, api_key="key", base_url=server.base_url)


def test_several_streamed_choices(flavour: Flavour, server: LocalServer) -> None:
    """The value of each."""
    chunks: Iterable[Any] = [
        chunk('{"x": 1,'), chunk('{"x": 3,', index=1), chunk(' "y": 2}'), chunk(' "y": 4}', index=1),
        chunk(finish_reason="stop"), chunk(index=1, finish_reason="stop"), "[DONE]",
    ]  # fmt: skip
    server.reply(Reply.sse(chunks))
    seen: list[Any] = []
    found = streamed(flavour, server, Point, seen.append, n=2)
    assert [choice.message.parsed for choice in found.choices] == [Point(1.0, 2.0), Point(3.0, 4.0)]
    assert [(event.index, event.parsed) for event in seen if event.type == "content.done"] == [
        (0, Point(1.0, 2.0)), (1, Point(3.0, 4.0)),
    ]  # fmt: skip
    assert seen[-1].completion.parsed == Point(1.0, 2.0)


PROGRAM = """
import sys
from dataclasses import dataclass
from opper_chat import Opper
@dataclass
class Point:
    x: int
messages = [{"role": "user", "content": "Hi"}]
with Opper(api_key="key", base_url=sys.argv[1]) as client:
    client.chat.completions.create(messages=messages)
    with client.chat.completions.stream(messages=messages, response_format={"type": "text"}) as stream:
        stream.until_done()
    plain = set(sys.modules)
    assert isinstance(client.chat.completions.parse(messages=messages, response_format=Point).parsed, Point)
rooms = {"opper_chat._schemas.response_schema", "opper_chat._results.parsed", "docstring_parser"}
print(sorted(plain & rooms), sorted(rooms - set(sys.modules)), sorted({"pydantic", "openai"} & set(sys.modules)))
"""


def test_who_gives_no_type_loads_nothing_for_types(server: LocalServer) -> None:
    """None of the rooms, no docstring parser; and never pydantic."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, server.base_url], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "[] [] []"

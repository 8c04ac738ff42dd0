"""What servers send in another form than documented: it is read as it is meant, or is an error that says what came."""

import gzip
import json
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from flavours import HELLO, Flavour
from opper_chat import (
    APIError,
    APIResponseValidationError,
    ChatCompletion,
    CompletionError,
    ContentFilterFinishReasonError,
    InvalidCompletionError,
    LengthFinishReasonError,
    RefusalError,
    StreamTruncatedError,
    ToolArgumentsError,
    tool,
)
from opper_chat.testing import CUT, LocalServer, Reply, chunk
from tool_runs import WAYS, Way, call, roles

ERROR = {"message": "The model is busy", "code": 429}
HIGH, LOW = "\ud83d", "\ude00"
SMILE = "\U0001f600"
STOP = chunk(finish_reason="stop")
LOST = "\ufffd"


def completion(*choices: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "c", "object": "chat.completion", "created": 0, "model": "m", "choices": list(choices), **more}


def choice(content: Any = None, finish_reason: Any = "stop", **message: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": content, **message}
    return {"index": 0, "message": message, "finish_reason": finish_reason}


def sse(*events: Any) -> Reply:
    """A stream whose texts may have surrogate halves, as escapes."""
    texts = [event if isinstance(event, str) else json.dumps(event) for event in events]
    return Reply.sse([f"data: {text}\n\n".encode() for text in texts])


def until_closed(*events: Any, coding: str = "identity") -> Reply:
    """A stream whose end nothing marks but the end of the connection."""
    texts = [event if isinstance(event, str) else json.dumps(event) for event in events]
    body = "".join(f"data: {text}\n\n" for text in texts).encode()
    head = (
        f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\ncontent-encoding: {coding}\r\n\r\n"
    )
    return Reply.raw([head.encode(), gzip.compress(body) if coding == "gzip" else body])


def client(flavour: Flavour, server: LocalServer, use: Callable[[Any], Any], **settings: Any) -> Any:
    return flavour(use, api_key="key", base_url=server.base_url, **settings)


def create(flavour: Flavour, server: LocalServer, **settings: Any) -> Any:
    return flavour.create(server.base_url, settings, messages=HELLO)


def parse(flavour: Flavour, server: LocalServer, response_format: Any, **more: Any) -> Any:
    return client(
        flavour,
        server,
        lambda opper: opper.chat.completions.parse(messages=HELLO, response_format=response_format, **more),
    )


def read(flavour: Flavour, server: LocalServer, **more: Any) -> tuple[list[str], list[Any], ChatCompletion]:
    """Return the pieces of the text, the events and the completion of a stream that is sent twice."""

    def texts(opper: Any) -> list[str]:
        with opper.chat.completions.create(messages=HELLO, stream=True, **more) as stream:
            return list(stream.text_stream)

    async def texts_async(opper: Any) -> list[str]:
        async with await opper.chat.completions.create(messages=HELLO, stream=True, **more) as stream:
            return [text async for text in stream.text_stream]

    def events(opper: Any) -> Any:
        with opper.chat.completions.stream(messages=HELLO, **more) as stream:
            return list(stream), stream.get_final_completion()

    async def events_async(opper: Any) -> Any:
        async with opper.chat.completions.stream(messages=HELLO, **more) as stream:
            return [event async for event in stream], await stream.get_final_completion()

    if flavour.kind == "sync":
        return (client(flavour, server, texts), *client(flavour, server, events))
    return (client(flavour, server, texts_async), *client(flavour, server, events_async))


# --- What says that the call failed ------------------------------------------------------------

FAILED: list[Any] = [
    pytest.param(completion(error=ERROR), id="beside-no-choices"),
    pytest.param(completion({}, error=ERROR), id="beside-an-empty-choice"),
    pytest.param(completion(choice(""), error=ERROR), id="beside-an-empty-message"),
    pytest.param(completion({**choice(""), "error": ERROR}), id="inside-a-choice"),
    pytest.param(completion(choice("Hel", "error"), error=ERROR), id="beside-text"),
    pytest.param(completion(error={**ERROR, "code": "429"}), id="with-a-code-that-is-text"),
]


@pytest.mark.parametrize("body", FAILED)
@pytest.mark.parametrize("way", ["create", "parse", "run_tools", "raw", "stream"])
def test_an_error_in_a_success_is_raised_and_retried_by_its_code(
    flavour: Flavour, server: LocalServer, body: dict[str, Any], way: str
) -> None:
    """The same in every way to call: an APIError with the server's words, and another attempt where the code asks."""

    def ask(opper: Any) -> Any:
        completions = opper.chat.completions
        if way == "parse":
            return completions.parse(messages=HELLO, response_format=int)
        if way == "run_tools":
            return completions.run_tools(messages=HELLO, tools=[])
        return completions.create(messages=HELLO)

    def raw(opper: Any) -> Any:
        return opper.chat.completions.with_raw_response.create(messages=HELLO).parse()

    async def raw_async(opper: Any) -> Any:
        return (await opper.chat.completions.with_raw_response.create(messages=HELLO)).parse()

    def one(**settings: Any) -> Any:
        if way == "raw":
            return client(flavour, server, raw if flavour.kind == "sync" else raw_async, **settings)
        if way == "stream":
            chunks, failure = flavour.chunks(server.base_url, settings, messages=HELLO)
            if failure is not None:
                raise failure
            return chunks
        return client(flavour, server, ask, **settings)

    server.reply(Reply.json(body))
    with pytest.raises(APIError, match="The model is busy") as caught:
        one()
    assert type(caught.value) is APIError
    assert str(caught.value.code) == "429"
    assert caught.value.status_code == 200
    if way != "stream" and body["choices"] and body["choices"][0].get("message", {}).get("content"):
        assert caught.value.partial is not None
        assert caught.value.partial.text == "Hel"

    server.reply(Reply.json(body))
    server.reply(sse(chunk("5"), STOP, "[DONE]") if way == "stream" else Reply.json(completion(choice('{"value": 5}'))))
    one(max_retries=1)
    assert len(server.requests) == 3


def test_an_error_beside_the_first_chunk_is_retried(flavour: Flavour, server: LocalServer) -> None:
    """Nothing of the stream was handed out, also where the error comes with a choice."""
    server.reply(sse({**chunk("", finish_reason="error"), "error": {**ERROR, "code": "503"}}))
    server.reply(sse(chunk("Hi"), STOP, "[DONE]"))
    chunks, failure = flavour.chunks(server.base_url, {"max_retries": 1}, messages=HELLO)
    assert failure is None
    assert len(chunks) == 2


@pytest.mark.parametrize(
    "nothing", [{"code": None, "message": None}, {}, None, "", {"code": 0, "message": ""}, {"details": [None]}]
)
def test_an_error_that_says_nothing_is_none(flavour: Flavour, server: LocalServer, nothing: Any) -> None:
    """In a plain answer and in a stream."""
    server.reply(Reply.json(completion(choice("Hello"), error=nothing)))
    assert create(flavour, server).text == "Hello"
    for _ in range(2):
        server.reply(sse({**chunk("Hello"), "error": nothing}, {**STOP, "error": nothing}))
    assert read(flavour, server)[2].text == "Hello"


@pytest.mark.parametrize("told", [{"code": 200, "message": "success"}, {"code": "0", "message": "ok"}])
def test_an_error_with_the_code_of_a_success_is_none(flavour: Flavour, server: LocalServer, told: Any) -> None:
    """Beside an answer, inside a choice and beside usage. Without any of them it is an error."""
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    server.reply(Reply.json(completion({**choice("Hello"), "error": told}, error=told)))
    assert create(flavour, server).text == "Hello"
    first = chunk("Hello")
    first = {**first, "choices": [{**first["choices"][0], "error": told}], "error": told}
    for _ in range(2):
        server.reply(sse(first, {**STOP, "error": told}, {**chunk(choices=[], usage=usage), "error": told}, "[DONE]"))
    said = read(flavour, server)[2]
    assert (said.text, said.usage and said.usage.total_tokens) == ("Hello", 2)
    server.reply(Reply.json(completion(error=told)))
    with pytest.raises(APIError, match="an error though the status is not") as caught:
        create(flavour, server)
    body: Any = caught.value.body
    assert body["error"] == told


def test_the_code_of_a_success_is_no_error(flavour: Flavour, server: LocalServer) -> None:
    """Beside the usage of a stream, alone, and beside a plain answer."""
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    told = {"code": 200, "message": "success"}
    for _ in range(2):
        server.reply(sse({**chunk("Hello"), **told}, STOP, {**chunk(choices=[], usage=usage), **told}, told, "[DONE]"))
    said = read(flavour, server)[2]
    assert (said.text, said.usage and said.usage.total_tokens) == ("Hello", 2)
    server.reply(Reply.json(completion(choice("Hello"), **told)))
    assert create(flavour, server).text == "Hello"


# --- What is no end ----------------------------------------------------------------------------

EVERY = [chunk("Hel", finish_reason="stop"), chunk("lo", finish_reason="stop"), chunk("!", finish_reason="stop")]


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("end", ["cut", "closed"])
def test_a_finish_reason_with_every_chunk_is_no_end(
    flavour: Flavour, server: LocalServer, count: int, end: str
) -> None:
    """A stream that is cut behind the second text or a later one is an error, with what came of it."""
    server.reply(Reply.sse([*EVERY[:count], CUT]) if end == "cut" else until_closed(*EVERY[:count]))
    chunks, failure = flavour.chunks(server.base_url, messages=HELLO)
    assert len(chunks) == count
    assert isinstance(failure, APIError)
    assert isinstance(failure, StreamTruncatedError) == (end == "closed")
    assert failure.partial is not None
    assert failure.partial.text == "Hello!"[: [3, 5, 6][count - 1]]


@pytest.mark.parametrize("reason", ["stop", "length", "tool_calls"])
@pytest.mark.parametrize("role_first", [False, True])
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_finish_reason_that_nothing_follows_is_an_end(
    flavour: Flavour, server: LocalServer, reason: str, role_first: bool, coding: str
) -> None:
    """Also where it comes with the only text, and the end of the connection is the end of the body."""
    delta: dict[str, Any] = {"content": "Hello"}
    if reason == "tool_calls":
        delta = {"tool_calls": [{"index": 0, **call("f", '{"x": 1}', "1")}]}
    before = [chunk(delta={"role": "assistant", "content": ""})] if role_first else []
    for _ in range(2):
        server.reply(until_closed(*before, chunk(delta=delta, finish_reason=reason), coding=coding))
    texts, events, said = read(flavour, server)
    assert "".join(texts) == said.text == delta.get("content", "")
    assert said.choices[0].finish_reason == reason
    done = ["tool_call.done" if reason == "tool_calls" else "content.done", "done"]
    assert [event.type for event in events if event.type.endswith("done")] == done


@pytest.mark.parametrize("function", [False, True])
@pytest.mark.parametrize("framed", [False, True])
def test_open_arguments_are_no_end_of_a_body_that_nothing_frames(
    flavour: Flavour, server: LocalServer, function: bool, framed: bool
) -> None:
    """A finish reason came with the first piece of some arguments, and the connection was cut.

    Where the end is certain, the model wrote arguments that cannot be read.
    """
    piece = {"name": "f", "arguments": '{"a":'}
    delta = {"function_call": piece} if function else {"tool_calls": [{"index": 0, "id": "1", "function": piece}]}
    event = chunk(delta=delta, finish_reason="function_call" if function else "tool_calls")
    server.reply(sse(event) if framed else until_closed(event))
    chunks, failure = flavour.chunks(server.base_url, messages=HELLO)
    assert len(chunks) == 1
    assert type(failure) is (type(None) if framed else StreamTruncatedError)
    server.reply(until_closed({**event, "choices": [{**event["choices"][0], "finish_reason": "length"}]}))
    assert flavour.chunks(server.base_url, messages=HELLO)[1] is None


@pytest.mark.parametrize("reply", [lambda: sse(*EVERY), lambda: until_closed(*EVERY, "[DONE]")])
def test_the_end_of_a_framed_body_or_done_is_an_end(
    flavour: Flavour, server: LocalServer, reply: Callable[[], Reply]
) -> None:
    """Then the text is done, once and whole."""
    server.reply(reply())
    server.reply(reply())
    texts, events, said = read(flavour, server)
    assert (texts, said.text) == (["Hel", "lo", "!"], "Hello!")
    assert [event.content for event in events if event.type == "content.done"] == ["Hello!"]


@pytest.mark.parametrize("word", ["null", "None", ""])
def test_the_word_null_is_no_finish_reason(flavour: Flavour, server: LocalServer, word: str) -> None:
    """A stream that says nothing else is truncated; one that says `[DONE]` has no reason."""
    said = [chunk("Hel", finish_reason=word), chunk("lo", finish_reason=word)]
    server.reply(sse(*said))
    assert isinstance(flavour.chunks(server.base_url, messages=HELLO)[1], StreamTruncatedError)
    server.reply(sse(*said, "[DONE]"))
    server.reply(sse(*said, "[DONE]"))
    assert not read(flavour, server)[2].choices[0].finish_reason


@pytest.mark.parametrize("before", [[], [chunk(choices=[], usage={"total_tokens": 1})]])
def test_a_stream_without_any_choice_is_truncated(flavour: Flavour, server: LocalServer, before: list[Any]) -> None:
    """Also where it says `[DONE]`."""
    server.reply(sse(*before, "[DONE]"))
    chunks, failure = flavour.chunks(server.base_url, messages=HELLO)
    assert len(chunks) == len(before)
    assert type(failure) is StreamTruncatedError


# --- Completions without a choice, and choices without a message -------------------------------


@pytest.mark.parametrize("asked_for", ["text", "message", "tool_calls"])
def test_a_completion_without_choices_says_so(flavour: Flavour, server: LocalServer, asked_for: str) -> None:
    """The completion is there, and asking it for what it has not raises."""
    server.reply(Reply.json(completion(usage={"prompt_tokens": 3, "completion_tokens": 0, "total_tokens": 3})))
    said = create(flavour, server)
    assert said.usage is not None
    with pytest.raises(APIResponseValidationError, match="no choices") as caught:
        getattr(said, asked_for)
    assert caught.value.partial is said
    assert (caught.value.status_code, caught.value.request_id) == (200, "req_000001")
    assert pickle.loads(pickle.dumps(said)) == said


def test_parsing_a_completion_without_choices(flavour: Flavour, server: LocalServer) -> None:
    """No value, with a type or without one."""
    server.reply(Reply.json(completion()))
    with pytest.raises(InvalidCompletionError, match="no choice"):
        parse(flavour, server, int)
    server.reply(Reply.json(completion()))
    with pytest.raises(APIResponseValidationError, match="no choices, and so no value"):
        _ = parse(flavour, server, None).parsed


WITHHELD = {"index": 0, "finish_reason": "content_filter", "content_filter_results": {"hate": {"filtered": True}}}


def test_a_choice_without_a_message_reaches_the_caller(flavour: Flavour, server: LocalServer) -> None:
    """With its finish reason and whatever else it says; as JSON it is what came."""
    server.reply(Reply.json(completion(WITHHELD)))
    said = create(flavour, server)
    assert (said.choices[0].finish_reason, said.text, said.tool_calls) == ("content_filter", "", [])
    assert said.message.role == "assistant"
    assert said.to_dict()["choices"] == [{**WITHHELD, "message": {"role": "assistant"}}]
    server.reply(Reply.json(completion(WITHHELD)))
    with pytest.raises(ContentFilterFinishReasonError):
        parse(flavour, server, int)
    server.reply(Reply.json(completion(WITHHELD)))
    chunks, failure = flavour.chunks(server.base_url, messages=HELLO)
    assert failure is None
    assert chunks[0].choices[0].finish_reason == "content_filter"


@pytest.mark.parametrize("odd", [{}, {"index": 0}, {"text": "Hi", "finish_reason": "stop"}, {"message": "Hi"}])
def test_what_is_no_choice_is_refused(flavour: Flavour, server: LocalServer, odd: dict[str, Any]) -> None:
    """Nothing is read as an empty message that is another thing."""
    server.reply(Reply.json(completion(odd)))
    with pytest.raises(APIResponseValidationError, match=r"choices\.message"):
        create(flavour, server)


# --- Surrogate halves --------------------------------------------------------------------------

SPLIT = ["a" + HIGH, LOW + "b" + HIGH, "", LOW]
JOINED = ["a", SMILE + "b", SMILE]


@pytest.mark.parametrize("before", [0, 30])
def test_the_halves_of_a_character_are_joined(flavour: Flavour, server: LocalServer, before: int) -> None:
    """In the text, its pieces, events and chunks, and nowhere is half a character handed out."""
    pieces = [*["."] * before, *SPLIT, *["."] * before]
    events = [*(chunk(piece) for piece in pieces), STOP, "[DONE]"]
    for _ in range(3):
        server.reply(sse(*events))
    texts, told, said = read(flavour, server)
    assert texts == [*["."] * before, *JOINED, *["."] * before]
    assert [event.delta for event in told if event.type == "content.delta"] == texts
    assert [event.content for event in told if event.type == "content.done"] == [said.text] == ["".join(texts)]
    said.to_json().encode()
    chunks, _ = flavour.chunks(server.base_url, messages=HELLO)
    said_by_chunks = [each.choices[0].delta.content for each in chunks if each.choices[0].delta.content is not None]
    assert said_by_chunks == [*["."] * before, "a", SMILE + "b", "", SMILE, *["."] * before]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["a" + HIGH], ["a", LOST]),
        (["a" + HIGH, "b"], ["a", LOST + "b"]),
        ([LOW, "b"], [LOST, "b"]),
        ([HIGH, HIGH + LOW], [LOST + SMILE]),
        ([HIGH + "b" + LOW], [LOST + "b" + LOST]),
    ],
)
@pytest.mark.parametrize("end", [[STOP, "[DONE]"], ["[DONE]"]])
def test_half_a_character_is_replaced(
    flavour: Flavour, server: LocalServer, pieces: list[str], expected: list[str], end: list[Any]
) -> None:
    """By U+FFFD, so that the text can be printed and sent back."""
    for _ in range(3):
        server.reply(sse(*(chunk(piece) for piece in pieces), *end))
    texts, told, said = read(flavour, server)
    assert texts == expected
    chunks, failure = flavour.chunks(server.base_url, messages=HELLO)
    assert failure is None
    assert {(each.id, each.model) for each in chunks} == {(chunks[0].id, chunks[0].model)}
    assert [text for each in chunks if (text := each.choices[0].delta.content)] == expected
    assert [event.delta for event in told if event.type == "content.delta"] == expected
    assert said.text == "".join(expected)


def test_halves_are_joined_in_every_text(flavour: Flavour, server: LocalServer) -> None:
    """Of each choice, each tool call, the reasoning, the refusal, the audio and parts of a content."""

    def delta(text: str, other: str) -> dict[str, Any]:
        calls = [
            {"index": 1, "id": "b", "function": {"name": "g", "arguments": other}},
            {"index": 0, "id": "a", "function": {"name": "f", "arguments": text}},
        ]
        said = {"content": [{"type": "text", "text": text}], "reasoning_content": other, "refusal": text}
        return {**said, "tool_calls": calls, "audio": {"transcript": other}, "function_call": {"arguments": text}}

    def both(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
        return chunk(choices=[{"index": 0, "delta": one}, {"index": 1, "delta": other}])

    events = [
        both(delta(HIGH, "x"), {"content": "y" + HIGH}),
        both(delta(LOW, HIGH), {}),
        both(delta("", LOW), {"content": LOW}),
        chunk(choices=[{"index": index, "delta": {}, "finish_reason": "stop"} for index in (0, 1)]),
    ]
    for _ in range(2):
        server.reply(sse(*events, "[DONE]"))
    _, told, said = read(flavour, server, n=2)
    message = said.choices[0].message.to_dict()
    assert [one["function"]["arguments"] for one in message["tool_calls"]] == [SMILE, "x" + SMILE]
    assert (message["content"], message["refusal"], message["function_call"]["arguments"]) == (SMILE, SMILE, SMILE)
    assert (message["reasoning_content"], message["audio"]["transcript"]) == ("x" + SMILE, "x" + SMILE)
    assert said.choices[1].message.content == "y" + SMILE
    json.dumps([repr(event) for event in told], ensure_ascii=False).encode()
    told_by_chunks = [event.chunk for event in told if event.type == "chunk"]
    deltas = [each.choices[0].delta.to_dict() for each in told_by_chunks]
    arguments = [one["function"].get("arguments") for each in deltas for one in each.get("tool_calls", [])]
    assert "".join(arguments) == "x" + SMILE + SMILE
    assert "".join(each.get("refusal") or "" for each in deltas) == SMILE
    assert "".join(each.get("reasoning_content") or "" for each in deltas) == "x" + SMILE
    assert "".join(each.choices[1].delta.content or "" for each in told_by_chunks) == "y" + SMILE


@pytest.mark.parametrize("last", [[], ["", {"type": "text", "text": LOW + "b"}], LOW + "b"])
def test_halves_of_a_content_in_parts_and_in_a_string(flavour: Flavour, server: LocalServer, last: Any) -> None:
    """All of it is one text, however it comes; a half that nothing follows is replaced."""
    first = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a" + HIGH}]
    for _ in range(3):
        server.reply(
            sse(chunk(delta={"content": first}), chunk(delta={"content": last}, finish_reason="stop"), "[DONE]")
        )
    texts, told, said = read(flavour, server)
    expected = ["a", SMILE + "b" if last else LOST]
    assert texts == [event.delta for event in told if event.type == "content.delta"] == expected
    assert said.text == "".join(expected)
    chunks, _ = flavour.chunks(server.base_url, messages=HELLO)
    json.dumps([each.to_dict() for each in chunks], ensure_ascii=False).encode()


def test_printing_chunks_as_they_come(flavour: Flavour, server: LocalServer) -> None:
    """Also where the stream breaks behind half a character, and where an error follows it."""
    for last in [[], [{"error": ERROR}], [CUT]]:
        server.reply(Reply.sse([f"data: {json.dumps(chunk('a' + HIGH))}\n\n".encode(), *last]))
        chunks, failure = flavour.chunks(server.base_url, messages=HELLO)
        assert isinstance(failure, APIError)
        text = "".join(each.choices[0].delta.content or "" for each in chunks)
        assert failure.partial is not None
        assert (text, failure.partial.text, failure.chunks_received) == ("a" + LOST, text, len(chunks))


def test_a_broken_stream_keeps_what_can_be_printed(flavour: Flavour, server: LocalServer) -> None:
    """Half a character at its end is one that is lost."""
    server.reply(sse(chunk("a" + HIGH)))
    _, failure = flavour.chunks(server.base_url, messages=HELLO)
    assert isinstance(failure, StreamTruncatedError)
    assert failure.partial is not None
    assert failure.partial.text == "a" + LOST


def test_halves_in_a_plain_answer(flavour: Flavour, server: LocalServer) -> None:
    """Replaced as well, in names too, and the arguments of a call are read without them."""
    body = completion(choice("a" + HIGH, tool_calls=[call("f", '{"x": "\\ud83d"}', "1")]), **{"m" + LOW: 1})
    server.reply(Reply(200, {"content-type": "application/json"}, json.dumps(body).encode()))
    said = create(flavour, server)
    assert (said.text, said.tool_calls[0].parsed) == ("a" + LOST, {"x": LOST})
    said.to_json().encode()


# --- Tool calls, roles, contents ---------------------------------------------------------------


@pytest.mark.parametrize("kind", [float, str, int])
def test_calls_whose_indexes_are_no_integers(flavour: Flavour, server: LocalServer, kind: Callable[[int], Any]) -> None:
    """Are told apart by them, and come out in their order."""
    parts: list[tuple[int, dict[str, Any]]] = [
        (1, {"id": "b", "function": {"name": "g", "arguments": ""}}),
        (0, {"id": "a", "function": {"name": "f", "arguments": ""}}),
        (1, {"function": {"arguments": '{"b":'}}),
        (0, {"function": {"arguments": '{"a":'}}),
        (1, {"function": {"arguments": "1}"}}),
        (0, {"function": {"arguments": "0}"}}),
    ]
    events = [chunk(delta={"tool_calls": [{"index": kind(index), **part}]}) for index, part in parts]
    for _ in range(2):
        server.reply(sse(*events, chunk(finish_reason="tool_calls"), "[DONE]"))
    _, told, said = read(flavour, server)
    assert [(one.id, one.name, one.parsed) for one in said.tool_calls] == [("a", "f", {"a": 0}), ("b", "g", {"b": 1})]
    done = {event.tool_call.id: event.parsed for event in told if event.type == "tool_call.done"}
    assert done == {"a": {"a": 0}, "b": {"b": 1}}


def test_a_stream_without_a_role_is_the_assistants(flavour: Flavour, server: LocalServer) -> None:
    """And so is a plain answer."""
    server.reply(sse(chunk("Hello"), STOP, "[DONE]"))
    server.reply(sse(chunk("Hello"), STOP, "[DONE]"))
    assert read(flavour, server)[2].message.to_dict() == {"content": "Hello", "role": "assistant"}
    server.reply(Reply.json(completion({"message": {"content": "Hello"}, "finish_reason": "stop"})))
    assert create(flavour, server).message.role == "assistant"


@pytest.mark.parametrize(("content", "text"), [(5, "5"), (0.5, "0.5"), (True, "true"), (0, "0"), (False, "false")])
def test_a_content_that_is_a_number_is_text(flavour: Flavour, server: LocalServer, content: Any, text: str) -> None:
    """In plain answers, chunks, pieces and events."""
    server.reply(Reply.json(completion(choice(content))))
    assert create(flavour, server).text == text
    for _ in range(2):
        server.reply(sse(chunk("n"), chunk(delta={"content": content}), STOP, "[DONE]"))
    texts, told, said = read(flavour, server)
    assert (texts, said.message.content) == (["n", text], "n" + text)
    assert [event.delta for event in told if event.type == "content.delta"] == texts


# --- Structured outputs --------------------------------------------------------------------------


@dataclass
class Answer:
    x: int


PARTS: list[Any] = [
    {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
    {"type": "text", "text": '{"x":'},
    {"type": "text", "text": "1}"},
]
FENCED = [
    '```json\n{"x": 1}\n```',
    '\n~~~\n{"x":1}~~~ \n',
    '```JSON\r\n{"x": 1}\r\n```',
    '````\n{"x": 1}\n````',
    '```json title="a.json"\n{"x": 1}\n```',
    '``` json file={a} "b" [2]\r\n{"x":\n1}\r\n```',
    '```json {"x":\n1}```',
]


@pytest.mark.parametrize("content", [PARTS, *FENCED])
def test_values_of_answers_in_parts_and_in_fences(flavour: Flavour, server: LocalServer, content: Any) -> None:
    """Are read by parse(), run_tools() and stream(), while they are written too."""
    server.reply(Reply.json(completion(choice(content))))
    assert parse(flavour, server, Answer).parsed == Answer(1)
    server.reply(Reply.json(completion(choice(content))))
    run = client(
        flavour,
        server,
        lambda opper: opper.chat.completions.run_tools(messages=HELLO, tools=[], response_format=Answer),
    )
    assert run.parsed == Answer(1)
    pieces: Sequence[Any] = content if isinstance(content, str) else [[part] for part in content]
    server.reply(sse(*(chunk(delta={"content": piece}) for piece in pieces), STOP, "[DONE]"))

    def events(opper: Any) -> Any:
        with opper.chat.completions.stream(messages=HELLO, response_format=Answer) as stream:
            return [(event.type, getattr(event, "parsed", None)) for event in stream], stream.get_final_completion()

    async def events_async(opper: Any) -> Any:
        async with opper.chat.completions.stream(messages=HELLO, response_format=Answer) as stream:
            told = [(event.type, getattr(event, "parsed", None)) async for event in stream]
            return told, await stream.get_final_completion()

    told, said = client(flavour, server, events if flavour.kind == "sync" else events_async)
    assert said.parsed == Answer(1)
    partial = [value for kind, value in told if kind == "content.delta"]
    assert partial[-1] == {"x": 1}
    assert [after for before, after in pairwise(partial) if before == {"x": 1} and after != before] == []
    assert [value for kind, value in told if kind == "content.done"] == [Answer(1)]


@pytest.mark.parametrize("content", ['Here:\n```json\n{"x": 1}\n```', '```json\n{"x": 1}', '```\n{"x": 1}\n```\nDone.'])
def test_a_fence_around_a_part_is_none(flavour: Flavour, server: LocalServer, content: str) -> None:
    """Nobody says what the rest means."""
    server.reply(Reply.json(completion(choice(content))))
    with pytest.raises(InvalidCompletionError, match="not JSON"):
        parse(flavour, server, Answer)


def test_asking_again_shows_the_parts(flavour: Flavour, server: LocalServer) -> None:
    """What the model said is in the next request, as text."""
    server.reply(Reply.json(completion(choice([{"type": "text", "text": "[]"}]))))
    server.reply(Reply.json(completion(choice('{"x": 2}'))))
    assert parse(flavour, server, Answer, retries_on_invalid=1).parsed == Answer(2)
    assert server.requests[1].messages[1] == {"role": "assistant", "content": "[]"}


def test_a_refusal_beside_parts(flavour: Flavour, server: LocalServer) -> None:
    """Is a refusal where the parts have no text."""
    server.reply(Reply.json(completion(choice([PARTS[0]], refusal="No."))))
    with pytest.raises(RefusalError):
        parse(flavour, server, Answer)


# --- Streams that nobody asked for -------------------------------------------------------------

USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}


def body(kind: str, *texts: str) -> Reply:
    return Reply(200, {"content-type": kind}, "\n\n".join([*texts, ""]).encode())


WHOLE = json.dumps(completion(choice("Hello"), usage=USAGE))
TWO = [f"data: {json.dumps(each)}" for each in (chunk("Hello"), {**STOP, "usage": USAGE})]
UNASKED: list[Any] = [
    pytest.param(lambda: sse(chunk("Hel"), chunk("lo"), STOP, chunk(choices=[], usage=USAGE), "[DONE]"), id="stream"),
    pytest.param(lambda: body("application/json", *TWO), id="stream-called-json"),
    pytest.param(lambda: body("text/event-stream", WHOLE, "data: [DONE]"), id="json-and-done"),
    pytest.param(lambda: body("application/json", WHOLE, "data: [DONE]"), id="json-and-done-called-json"),
    pytest.param(lambda: Reply.json({**chunk("Hello", finish_reason="stop"), "usage": USAGE}), id="one-chunk"),
]


@pytest.mark.parametrize("reply", UNASKED)
def test_a_plain_call_that_is_answered_with_a_stream(
    flavour: Flavour, server: LocalServer, reply: Callable[[], Reply]
) -> None:
    """Gives the completion; and the same bytes are read where a stream was asked for."""
    server.reply(reply())
    said = create(flavour, server)
    assert (said.text, said.message.role, said.choices[0].finish_reason) == ("Hello", "assistant", "stop")
    assert said.usage is not None
    assert (said.usage.total_tokens, said.request_id) == (3, "req_000001")
    server.reply(reply())
    server.reply(reply())
    assert read(flavour, server)[2].text == "Hello"


ENDS: list[tuple[type[CompletionError], dict[str, Any], str]] = [
    (InvalidCompletionError, {"content": "no"}, "stop"),
    (InvalidCompletionError, {"content": '{"x": "one"}'}, "stop"),
    (RefusalError, {"refusal": "No."}, "stop"),
    (LengthFinishReasonError, {"content": '{"x": 1'}, "length"),
    (ContentFilterFinishReasonError, {}, "content_filter"),
]


def unasked(delta: dict[str, Any], reason: str, kind: str) -> Reply:
    if kind == "stream":
        return sse(chunk(delta={"role": "assistant", **delta}), chunk(finish_reason=reason), "[DONE]")
    message = {"role": "assistant", **delta}
    whole = completion({"index": 0, "message": message, "finish_reason": reason})
    return body("text/event-stream", json.dumps(whole), "data: [DONE]")


@pytest.mark.parametrize("kind", ["stream", "json and [DONE]"])
@pytest.mark.parametrize(("error", "delta", "reason"), ENDS)
def test_parse_answered_with_a_stream_raises_the_typed_error(
    flavour: Flavour, server: LocalServer, error: type[CompletionError], delta: dict[str, Any], reason: str, kind: str
) -> None:
    """As for a plain body, with the completion as ``body`` and the bytes as ``raw_body``; a streamed one likewise."""
    reply = unasked(delta, reason, kind)
    server.reply(reply)
    with pytest.raises(error) as caught:
        parse(flavour, server, Answer)
    found = caught.value
    assert isinstance(found.body, dict)
    assert found.body == found.completion.to_dict()
    assert found.body["choices"][0]["finish_reason"] == reason
    assert b"data: [DONE]" in found.raw_body
    assert (found.status_code, found.request_id) == (200, "req_000001")
    if error is InvalidCompletionError:
        server.reply(reply)
        server.reply(sse(chunk('{"x": 2}'), STOP, "[DONE]"))
        said = parse(flavour, server, Answer, retries_on_invalid=1)
        assert (said.parsed, len(said.rejected)) == (Answer(2), 1)
    server.reply(reply)
    with pytest.raises(error) as streamed:
        typed_stream(flavour, server, Answer)
    assert streamed.value.body == streamed.value.completion.to_dict()


def typed_stream(flavour: Flavour, server: LocalServer, response_format: Any) -> Any:
    def use(opper: Any) -> Any:
        with opper.chat.completions.stream(messages=HELLO, response_format=response_format) as stream:
            return stream.get_final_completion()

    async def use_async(opper: Any) -> Any:
        async with opper.chat.completions.stream(messages=HELLO, response_format=response_format) as stream:
            return await stream.get_final_completion()

    return client(flavour, server, use if flavour.kind == "sync" else use_async)


def test_a_truncated_stream_that_nobody_asked_for(flavour: Flavour, server: LocalServer) -> None:
    """Raises as a stream does, and is asked for again."""
    server.reply(sse(chunk("Hel"), chunk("lo")))
    with pytest.raises(StreamTruncatedError) as caught:
        create(flavour, server)
    assert caught.value.partial is not None
    assert (caught.value.partial.text, caught.value.partial.request_id) == ("Hello", "req_000001")
    server.reply(sse(chunk("Hel")))
    server.reply(sse(chunk("Hello"), STOP, "[DONE]"))
    assert create(flavour, server, max_retries=1).text == "Hello"
    server.reply(sse(chunk("Hel"), {"error": ERROR}))
    with pytest.raises(APIError, match="The model is busy"):
        create(flavour, server)


# --- Calls that cannot be read -----------------------------------------------------------------


def test_a_malformed_call_has_an_event(flavour: Flavour, server: LocalServer) -> None:
    """It ended, its text is there, and asking for its value raises."""
    part = {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": "{'city': 'Oslo'}"}}
    for _ in range(2):
        server.reply(sse(chunk(delta={"tool_calls": [part]}), chunk(finish_reason="tool_calls"), "[DONE]"))
    _, told, said = read(flavour, server)
    (event,) = [event for event in told if event.type == "tool_call.done"]
    assert (event.name, event.arguments, event.tool_call.id) == ("f", "{'city': 'Oslo'}", "a")
    for malformed in (event, said.tool_calls[0]):
        with pytest.raises(ToolArgumentsError, match="not JSON") as caught:
            _ = malformed.parsed
        assert (caught.value.tool, caught.value.call_id, caught.value.arguments) == ("f", "a", "{'city': 'Oslo'}")


@pytest.mark.parametrize("way", WAYS)
def test_a_run_with_indexes_that_are_text(way: str, server: LocalServer) -> None:
    """Every function is called with the arguments that are its own."""
    called: list[tuple[str, int]] = []

    @tool
    def add(a: int = -1) -> str:
        """Add."""
        called.append(("add", a))
        return "ok"

    @tool
    def take(b: int = -1) -> str:
        """Take."""
        called.append(("take", b))
        return "ok"

    def calls(request: Any) -> Reply:
        if not request.body["stream"]:
            both = [call("add", '{"a": 1}', "x"), call("take", '{"b": 2}', "y")]
            return Reply.json(completion(choice(None, "tool_calls", tool_calls=both)))
        parts: list[Any] = [
            {"index": "0", "id": "x", "function": {"name": "add", "arguments": ""}},
            {"index": "1", "id": "y", "function": {"name": "take", "arguments": ""}},
            {"index": "0", "function": {"arguments": '{"a": 1}'}},
            {"index": "1", "function": {"arguments": '{"b": 2}'}},
        ]
        deltas = [chunk(delta={"tool_calls": [part]}) for part in parts]
        return sse(*deltas, chunk(finish_reason="tool_calls"), "[DONE]")

    def done(request: Any) -> Reply:
        return sse(chunk("Done"), STOP, "[DONE]") if request.body["stream"] else Reply.json(completion(choice("Done")))

    server.reply(calls)
    server.reply(done)
    run = Way(way).run(server, [add, take], max_parallel=1)
    assert (run.text, sorted(called)) == ("Done", [("add", 1), ("take", 2)])
    assert roles(run) == ["user", "assistant", "x", "y", "assistant"]

"""What a model wrote, sent back to servers that read less than they write."""

import json
from pathlib import Path
from typing import Any

import pytest
from flavours import Flavour
from opper_chat import AsyncConversation, Conversation, InvalidArgumentError, Opper, tool
from opper_chat.messages import tool_message
from opper_chat.testing import LocalServer, ReceivedRequest, Reply
from opper_chat.types import ChatCompletionMessage
from tool_runs import HI, WAYS, Way, answer, call, play


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return Way(request.param)


@tool
def lookup(city: str = "Oslo") -> str:
    """Look it up."""
    return f"sunny in {city}"


def problem_of(message: dict[str, Any]) -> str | None:
    """What a strict server says of a message: `content` is required, and so are the type and an object as arguments."""
    if "content" not in message:
        return "missing field `content`"
    for past in message.get("tool_calls") or ():
        if past.get("type") not in ("function", "custom"):
            return "missing required parameter: tool_calls[0].type"
        if past["type"] == "function":
            try:
                arguments = json.loads(past["function"]["arguments"], parse_constant=lambda name: 1 / 0)
            except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
                return f"arguments: {error!r}"
            if not isinstance(arguments, dict):
                return "arguments: no object"
    return None


def strict(request: ReceivedRequest) -> Reply | None:
    """Refuse what strict servers refuse, as vLLM, llama.cpp and DeepSeek do; else the usual answer."""
    problems = [problem for message in request.messages if (problem := problem_of(message))]
    return Reply.json({"error": {"message": problems[0]}}, status=400) if problems else None


HALF = '{"city": "Os'
UNREADABLE = [
    HALF, "{'city': 'Oslo'}", '{"city": "Oslo"}{"city": "Oslo"}', "[1]", '"Oslo"', "null", '{"city": NaN}', "}",
]  # fmt: skip
READABLE = ["", "  ", "{}", '{"city": "Bergen"}', ' {"city": "\\ud83d"}\n', '{"city": 1e400}']


@pytest.mark.parametrize("arguments", UNREADABLE)
def test_arguments_that_are_no_object_go_back_as_one(way: Way, server: LocalServer, arguments: str) -> None:
    """Below a name that says so; what came stays in the run's calls, and its messages can be sent by any client."""
    play(server, [call("lookup", arguments)])
    server.reply(strict)
    run = way.run(server, [lookup])
    assert run.calls[0].call.arguments == arguments
    assert run.completions[0].tool_calls[0].arguments == arguments
    sent: Any = server.last_request.messages[1]
    assert json.loads(sent["tool_calls"][0]["function"]["arguments"]) == {"INVALID_JSON": arguments}
    kept: Any = run.messages[1]
    assert problem_of({"content": None, **kept.to_dict()}) is None
    server.reply(strict)
    way.run(server, [], messages=[*run.messages, *HI])
    assert server.last_request.messages[1] == sent


@pytest.mark.parametrize("arguments", READABLE)
def test_arguments_that_are_an_object_go_back_as_they_are(way: Way, server: LocalServer, arguments: str) -> None:
    """To the letter; none are an empty object."""
    play(server, [call("lookup", arguments)])
    server.reply(strict)
    way.run(server, [lookup])
    sent: Any = server.last_request.messages[1]
    assert sent["tool_calls"][0]["function"]["arguments"] == (arguments if arguments.strip() else "{}")


def test_the_input_of_a_custom_tool_goes_back_as_it_is(way: Way, server: LocalServer) -> None:
    """It is no JSON, and need be none."""
    from opper_chat import custom_tool

    @custom_tool
    def query(text: str) -> str:
        return text

    play(server, [{"id": "x", "type": "custom", "custom": {"name": "query", "input": "select '"}}])
    server.reply(strict)
    way.run(server, [query])
    sent: Any = server.last_request.messages[1]
    assert sent["tool_calls"] == [{"id": "x", "type": "custom", "custom": {"name": "query", "input": "select '"}}]


BARE: dict[str, Any] = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"function": {"name": "lookup", "arguments": HALF}}],
}
"""An answer as some servers send it: no id, no type, arguments that were cut."""


def test_a_run_completes_what_a_server_leaves_out(way: Way, server: LocalServer) -> None:
    """The content, the type and an id, which the answer to the call repeats."""
    server.reply(answer(BARE), strict)
    way.run(server, [lookup])
    sent, result = server.last_request.messages[1:]
    assert sent == {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "call_1_0",
                "type": "function",
                "function": {"name": "lookup", "arguments": json.dumps({"INVALID_JSON": HALF}, separators=(",", ":"))},
            }
        ],
    }
    assert result["tool_call_id"] == "call_1_0"


@pytest.mark.parametrize("more", [{}, {"type": "function"}], ids=["without a type", "with a type"])
def test_the_message_of_an_answer_can_be_sent_back(flavour: Flavour, server: LocalServer, more: Any) -> None:
    """As a model, and as the dict that it prints, by a plain call and by a stream."""
    message = {**BARE, "tool_calls": [{**BARE["tool_calls"][0], "id": "a", **more}]}
    server.reply(answer(message))
    came: Any = flavour.create(server.base_url, messages=HI).choices[0].message
    for form in [came, came.to_dict(), json.loads(json.dumps(came.to_dict()))]:
        messages = [*HI, form, tool_message("a", "done")]
        server.reply(strict)
        flavour.create(server.base_url, messages=messages)
        server.reply(strict)
        chunks, error = flavour.chunks(server.base_url, messages=messages)
        assert chunks
        assert error is None
        assert server.last_request.messages == server.requests[-2].messages
    assert came.tool_calls[0].to_dict()["function"]["arguments"] == HALF


FUNCTION = {"name": "lookup", "arguments": "{}"}
UNUSUAL: list[dict[str, Any]] = [
    {"tool_calls": [{"function": FUNCTION}]},
    {"tool_calls": [{"id": None, "type": "function", "function": FUNCTION}]},
    {"tool_calls": [{"id": 1, "type": "function", "function": FUNCTION}]},
    {"tool_calls": [{"id": "a", "type": "functions", "function": FUNCTION}]},
    {"tool_calls": [{"id": "a", "type": "function", "function": {**FUNCTION, "arguments": {"city": "Oslo"}}}]},
    {"tool_calls": [{"id": "a", "type": "function", "function": {**FUNCTION, "arguments": None}}]},
    {"tool_calls": [{"id": "a", "type": "function", "function": {"name": "lookup"}}]},
    {"function_call": {"name": "lookup"}},
    {"role": "Assistant", "content": "Hi"},
    {"content": ["x"]},
    {"content": [{"type": "text", "text": None}]},
    {"content": [{"type": "texts", "text": "x"}]},
    {"content": "Hi", "refusal": 5},
    {"content": "Hi", "name": 5},
    {"content": "Hi", "name": None, "tool_calls": [{"function": FUNCTION}]},
    {"content": "Hi", "citations": [{"n": 1, "of": None}], "score": None},
    {"content": "Hi", "annotations": [5], "audio": {"transcript": "Hi"}},
]


@pytest.mark.parametrize("unusual", UNUSUAL, ids=str)
def test_the_dict_of_a_message_goes_back_as_the_message_does(
    flavour: Flavour, server: LocalServer, unusual: dict[str, Any]
) -> None:
    """Whatever a server wrote: by a plain call, a stream, and the messages of a conversation."""
    server.reply(answer({"role": "assistant", **unusual}))
    came = flavour.create(server.base_url, messages=HI).message
    sent: list[Any] = []
    for form in (came, came.to_dict(), json.loads(came.to_json()), {"role": "assistant", **unusual}):
        for call_with in (flavour.create, flavour.chunks):
            server.reply(Reply.completion("ok"))
            call_with(server.base_url, messages=[*HI, form, *HI])
            sent.append(server.last_request.messages[1])
    with Opper(api_key="key", base_url=server.base_url, max_retries=0) as client:
        conversation = Conversation(client)
        conversation.extend([*HI, came.to_dict(), *HI])
        server.reply(Reply.completion("ok"))
        client.chat.completions.create(messages=conversation.messages)
        sent.append(server.last_request.messages[1])
    assert sent == [sent[0]] * 9


@pytest.mark.parametrize("unusual", UNUSUAL, ids=str)
def test_the_dict_of_a_message_goes_back_in_runs_and_conversations(
    way: Way, server: LocalServer, tmp_path: Path, unusual: dict[str, Any]
) -> None:
    """From a file and from the program."""
    message: Any = {"role": "assistant", **unusual}
    server.reply(Reply.completion("ok"))
    way.run(server, [lookup], messages=[*HI, message, *HI])
    sent = [server.last_request.messages[1]]
    file = tmp_path / "talk.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in [*HI, message]))
    with Opper(api_key="key", base_url=server.base_url, max_retries=0) as client:
        appended = Conversation(client)
        appended.extend(HI)
        appended.append(message)
        for conversation in (appended, Conversation.load(client, file)):
            server.reply(Reply.completion("ok"))
            conversation.send("Go on.")
            sent.append(server.last_request.messages[1])
    assert sent == [sent[0]] * 3


@pytest.mark.parametrize(
    ("mistaken", "place"),
    [
        ({"content": "Hi"}, "messages[1]"),
        ({"role": "assitsant", "content": "Hi"}, "messages[1].role"),
        ({"role": "assistant", "content": 5}, "messages[1].content"),
        ({"role": "assistant", "content": b"Hi"}, "messages[1].content"),
        ({"role": "assistant", "tool_calls": {"a": {1, 2}}}, "messages[1].tool_calls"),
    ],
)  # fmt: skip
def test_dicts_that_no_message_has_are_refused(
    flavour: Flavour, server: LocalServer, mistaken: dict[str, Any], place: str
) -> None:
    """The error names the place, also after a message that a server wrote in its own way."""
    unusual = {"role": "assistant", "content": ["x"]}
    with pytest.raises(InvalidArgumentError) as caught:
        flavour.create(server.base_url, messages=[unusual, mistaken])
    assert caught.value.argument == place
    assert server.requests == []


def test_content_is_null_where_there_is_none(flavour: Flavour, server: LocalServer) -> None:
    """And only there; other members that are null are left out."""
    replies: list[tuple[dict[str, Any], object]] = [
        ({"role": "assistant", "content": None, "refusal": "No."}, None),
        ({"role": "assistant", "content": ""}, ""),
        ({"role": "assistant", "content": "Hi", "audio": None}, "Hi"),
        ({"role": "assistant", "refusal": "No."}, None),
    ]
    for message, content in replies:
        server.reply(answer(message))
        came: Any = flavour.create(server.base_url, messages=HI).choices[0].message
        server.reply(strict)
        flavour.create(server.base_url, messages=[*HI, came, *HI])
        sent: Any = server.last_request.messages[1]
        assert sent["content"] == content
        assert "audio" not in sent


def test_a_conversation_is_not_poisoned(flavour: Flavour, server: LocalServer, tmp_path: Any) -> None:
    """By arguments that were cut: it goes on, is saved, loaded and goes on again."""
    message = {**BARE, "tool_calls": [{**BARE["tool_calls"][0], "id": "a"}]}

    def turns(client: Any) -> Any:
        kind = Conversation if flavour.kind == "sync" else AsyncConversation
        conversation: Any = kind(client)
        if flavour.kind == "sync":
            first = conversation.send("Hi")
            conversation.send(tool_message("a", "done"))
            conversation.save(tmp_path / "talk")
            kind.load(client, tmp_path / "talk").send("And?")
            return first

        async def run() -> Any:
            first = await conversation.send("Hi")
            await conversation.send(tool_message("a", "done"))
            conversation.save(tmp_path / "talk")
            loaded: Any = kind.load(client, tmp_path / "talk")
            await loaded.send("And?")
            return first

        return run()

    server.reply(answer(message), strict, strict)
    first = flavour(turns, api_key="key", base_url=server.base_url)
    assert first.tool_calls[0].arguments == HALF
    assert len(server.requests) == 3
    assert [problem_of(one) for one in server.last_request.messages if one["role"] == "assistant"] == [None, None]


def test_the_message_with_two_halves_of_the_old_kind(server: LocalServer) -> None:
    """`function_call`, which `tool_calls` replaced, has arguments too."""
    with Opper(api_key="key", base_url=server.base_url, max_retries=0) as client:
        old: Any = {"role": "assistant", "content": None, "function_call": {"name": "lookup", "arguments": HALF}}
        client.chat.completions.create(messages=[*HI, old])
    sent: Any = server.last_request.messages[1]
    assert json.loads(sent["function_call"]["arguments"]) == {"INVALID_JSON": HALF}


UNSENDABLE = ["1e999", "-Infinity", f"{'[' * 700}{']' * 700}"]


@pytest.mark.parametrize("written", UNSENDABLE, ids=["too large", "infinity", "nested"])
def test_what_no_request_can_carry_does_not_fail_the_answer(way: Way, server: LocalServer, written: str) -> None:
    """The completion keeps it. The conversation and the run of tools go on without it, with all else."""
    message = {"content": "Hi", "note": 1, "strange": "HERE"}
    called = {"content": None, "tool_calls": [call("lookup", "{}")], "strange": "HERE", "note": 1}
    for one in (message, called):
        server.reply(Reply(body=completion_with(one, written), headers={"content-type": "application/json"}))
        server.reply(Reply.completion("Done."))
        if one is called:
            way.run(server, [lookup])
            (sent,) = [past for past in server.last_request.messages if past["role"] == "assistant"]
        else:
            with Opper(api_key="key", base_url=server.base_url, max_retries=0) as client:
                conversation = Conversation(client)
                assert "strange" in conversation.send("Hi").message
                conversation.send("Go on.")
                sent = server.last_request.messages[1]
                assert conversation.messages[1] == {"role": "assistant", "content": "Hi", "note": 1}
        assert "strange" not in sent
        assert sent["note"] == 1


def completion_with(message: dict[str, Any], written: str) -> bytes:
    """Return the body of a completion, in which a property has a value that Python does not write as JSON."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", **message}}
    body = {"id": "a", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    return json.dumps(body).replace('"HERE"', written).encode()


def test_a_message_that_json_cannot_represent_is_not_appended(server: LocalServer) -> None:
    """Not even in a model, which holds what a server wrote: it would be sent as null, or fail the next turn."""
    model = ChatCompletionMessage.from_dict({"role": "assistant", "content": "Hi", "score": [1.0, float("inf")]})
    with Opper(api_key="key", base_url=server.base_url, max_retries=0) as client:
        conversation = Conversation(client)
        mistaken: list[tuple[Any, str]] = [
            ({"role": "user", "content": "x\ud800"}, "messages[0].content"),
            ({"role": "user", "content": [{"type": "text", "text": "\udfff"}]}, "messages[0].content[0].text"),
            ({"role": "user", "content": "x", "metadata": {"n": 10**5000}}, "messages[0].metadata.n"),
            (model, "messages[0].score[1]"),
        ]
        for message, place in mistaken:
            with pytest.raises(InvalidArgumentError) as caught:
                conversation.append(message)
            assert caught.value.argument == place
        with pytest.raises(InvalidArgumentError) as caught:
            client.chat.completions.create(messages=[model])
        assert caught.value.argument == "messages[0].score[1]"
    assert len(conversation) == 0
    assert server.requests == []

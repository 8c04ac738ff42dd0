"""What callers may put into a request, and what they are told where it cannot be sent."""

import collections
import enum
import fractions
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from corpus import needs_corpus, recorded
from flavours import HELLO, Flavour
from opper_chat import AsyncConversation, AsyncOpper, Conversation, InvalidArgumentError, Opper, tool
from opper_chat import messages as make
from opper_chat.testing import LocalServer, Reply
from opper_chat_api import models

VIDEO = {"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}}


class SafeText(str):
    """A subclass as Django's, whose own text is another than what it is."""

    __slots__ = ()

    def __str__(self) -> str:
        return "not what is sent"


class Kind(str, enum.Enum):  # noqa: UP042  # which says another text of itself
    """An enum as programs before `enum.StrEnum` have it."""

    FIRST = "first"


class Plain(enum.Enum):
    """An enum of values that are no instances of it."""

    LOW = "low"
    HELLO = "Hello"
    TWO = 2


def completion(content: object = "ok", finish_reason: str = "stop", **message: object) -> Reply:
    """Return the reply that has this message."""
    said = {"role": "assistant", "content": content, **message}
    choice = {"index": 0, "message": said, "finish_reason": finish_reason}
    return Reply.json({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]})


def sent(server: LocalServer) -> Any:
    """Return the body of the last request."""
    return server.last_request.body


@tool
def now() -> str:
    """Tell the time."""
    return "noon"


ASKS = completion(None, "tool_calls", tool_calls=[
    {"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}
])  # fmt: skip


VALUES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"messages": [{SafeText("role"): SafeText("user"), "content": SafeText("Hello")}]}, {}),
    ({"messages": [make.user(SafeText("Hello"))]}, {}),
    ({"user": SafeText("u"), "model": np.str_("m")}, {"user": "u", "model": "m"}),
    ({"stop": (SafeText("a"), Kind.FIRST)}, {"stop": ["a", "first"]}),
    ({"stop": Kind.FIRST}, {"stop": "first"}),
    ({"metadata": {SafeText("k"): Kind.FIRST}}, {"metadata": {"k": "first"}}),
    ({"temperature": np.float64(0.2), "top_p": np.float32(0.5)}, {"temperature": 0.2, "top_p": 0.5}),
    ({"max_tokens": np.int64(5), "logprobs": np.bool_(True)}, {"max_tokens": 5, "logprobs": True}),
    ({"temperature": Decimal("0.2"), "n": Decimal(1)}, {"temperature": 0.2, "n": 1}),
    ({"max_tokens": fractions.Fraction(5), "n": Plain.TWO}, {"max_tokens": 5, "n": 2}),
    ({"messages": [make.user(Plain.HELLO)]}, {}),
    ({"messages": [{"role": "user", "content": Plain.HELLO}]}, {}),
    ({"seed": 2**70}, {"seed": 2**70}),
    ({"reasoning_effort": Plain.LOW}, {"reasoning_effort": "low"}),
    ({"logit_bias": {np.int64(7): np.int64(-3)}}, {"logit_bias": {"7": -3}}),
    ({"tags": {"a": [np.float64(1.5), {"b": SafeText("c")}]}}, {"tags": {"a": [1.5, {"b": "c"}]}}),
    ({"tags": collections.OrderedDict(a=fractions.Fraction(1, 4))}, {"tags": {"a": 0.25}}),
    ({"extra_body": {"y": [SafeText("q"), np.int32(2)]}}, {"y": ["q", 2]}),
]


@pytest.mark.parametrize(("arguments", "expected"), VALUES)
def test_subclasses_and_numbers_of_libraries_are_sent_as_their_values(
    server: LocalServer, flavour: Flavour, arguments: dict[str, Any], expected: dict[str, Any]
) -> None:
    """The text of the string itself, whatever its class says, and the same number."""
    server.reply(completion())
    flavour.create(server.base_url, messages=arguments.get("messages", HELLO), **{
        name: value for name, value in arguments.items() if name != "messages"
    })  # fmt: skip
    assert sent(server) == {"messages": HELLO, "stream": False, **expected}


def test_subclasses_are_sent_by_every_method(server: LocalServer) -> None:
    """parse(), runs, conversations, headers, query parameters and the numbers that are options."""
    text = SafeText("Hello")
    messages: Any = [{"role": "user", "content": text}]
    with Opper(api_key="key", base_url=server.base_url, max_retries=np.int64(0), deadline=np.float64(30)) as client:  # type: ignore[arg-type]
        create = client.chat.completions
        server.reply(completion('{"value": 1}'))
        create.parse(messages=messages, response_format=int, temperature=np.float64(1))
        assert sent(server)["messages"] == HELLO
        server.reply(ASKS)
        server.reply(completion())
        create.run_tools(messages=messages, tools=[now], max_turns=np.int64(3), user=text)  # type: ignore[call-overload]
        assert sent(server)["messages"][0] == HELLO[0]
        assert sent(server)["user"] == "Hello"
        server.reply(completion())
        Conversation(client, system=SafeText("Be brief."), user=text).send(text)
        assert sent(server)["messages"] == [{"role": "system", "content": "Be brief."}, *HELLO]
        server.reply(completion())
        Conversation(client, system=Plain.LOW).send(Plain.HELLO, make.text(Plain.LOW))  # type: ignore[arg-type]
        assert sent(server)["messages"] == [
            {"role": "system", "content": "low"},
            {"role": "user", "content": [{"type": "text", "text": "Hello"}, {"type": "text", "text": "low"}]},
        ]
        server.reply(completion())
        create.create(messages=messages, extra_query={Plain.LOW: Plain.TWO}, extra_headers={Plain.LOW: Plain.LOW})  # type: ignore[dict-item]
        assert server.last_request.query == "low=2"
        assert server.last_request.headers["low"] == "low"
        server.reply(completion())
        create.create(messages=messages, extra_query={"q": Kind.FIRST}, extra_headers={"x-kind": Kind.FIRST})
        assert server.last_request.query == "q=first"
        assert server.last_request.headers["x-kind"] == "first"


class Unwritable:
    """JSON has no form for it."""

    def __repr__(self) -> str:
        return "<unwritable>"


PLACES: list[tuple[dict[str, Any], str]] = [
    ({"messages": [*HELLO, {"role": "user", "content": b"x"}]}, "messages[1].content"),
    ({"messages": [{"role": "critic", "notes": [Unwritable()]}]}, "messages[0].notes[0]"),
    ({"messages": [{"role": "user", "content": [{"type": "video_url", "video_url": b"x"}]}]},
     "messages[0].content[0].video_url"),
    ({"messages": [{"role": "user", "content": "half \ud83d"}]}, "messages[0].content"),
    ({"messages": [models.OtherMessage.from_dict({"role": "critic", "n": float("nan")})]}, "messages[0].n"),
    ({"messages": [models.ChatCompletionMessage.from_dict({"content": "x", "extra": {"a": Unwritable()}})]},
     "messages[0].extra.a"),
    ({"metadata": {"x": Unwritable()}}, "metadata.x"),
    ({"tags": {"x": {1, 2}}}, "tags.x"),
    ({"tags": {"x": np.array([1])}}, "tags.x"),
    ({"tags": {"x": Decimal("0.12345678901234567890123")}}, "tags.x"),
    ({"tags": {"x": "\udc00"}}, "tags.x"),
    ({"extra_body": {"y": [0, 1, Unwritable()]}}, "extra_body.y[2]"),
    ({"extra_body": {"y": [1, {"z": "\ud800"}]}}, "extra_body.y[1].z"),
    ({"tools": [{"type": "mcp", "servers": {"a": Unwritable()}}]}, "tools[0].servers.a"),
    ({"user": b"u"}, "user"),
    ({"model": [b"m"]}, "model[0]"),
    ({"stop": np.array(["a"])}, "stop"),
    ({"temperature": Decimal("Infinity")}, "temperature"),
    ({"temperature": np.float32("nan")}, "temperature"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "place"), PLACES)
def test_what_json_cannot_represent_is_refused_with_its_place(
    server: LocalServer, flavour: Flavour, arguments: dict[str, Any], place: str
) -> None:
    """The path to the value, and no request."""
    with pytest.raises(InvalidArgumentError) as caught:
        flavour.create(server.base_url, **{"messages": HELLO, **arguments})
    assert caught.value.argument == place
    assert str(caught.value).startswith(f"{place}: expected ")
    assert server.requests == []


HINTS: list[tuple[dict[str, Any], str]] = [
    ({"max_tokens": fractions.Fraction(1, 3)}, "Convert it with int()."),
    ({"max_tokens": np.True_}, "Convert it with int()."),
    ({"logprobs": np.int64(1)}, "Convert it with bool()."),
    ({"user": np.int64(1)}, "Convert it with str()."),
    ({"temperature": np.True_}, "Convert it with float()."),
    ({"temperature": fractions.Fraction(1, 3)}, "sent without losing digits. Convert it with float() or str()."),
    ({"tags": {"x": Decimal("0.1000000000000000000001")}}, "without losing digits. Convert it with float() or str()."),
    ({"tags": {"x": Decimal("1e400")}}, "It cannot be sent without losing digits. Convert it with str()."),
    ({"tags": {"x": np.array([1])}}, "Convert it with .tolist()."),
    ({"messages": collections.UserList(HELLO)}, "expected a list of dicts, got a UserList. Convert it to a list."),
    ({"user": collections.UserString("u")}, "got a UserString. Convert it with str()."),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "hint"), HINTS)
def test_the_hint_names_a_conversion_that_is_accepted(flavour: Flavour, arguments: dict[str, Any], hint: str) -> None:
    """By the type that is accepted there; a hint that leads to a second error is worse than none."""
    with pytest.raises(InvalidArgumentError) as caught:
        flavour.create("http://localhost:9", **{"messages": HELLO, **arguments})
    assert str(caught.value).endswith(hint)


UNKNOWN_KINDS: list[dict[str, Any]] = [
    {"messages": [{"role": "user", "content": [VIDEO, {"type": "text", "text": "What is it?"}]}]},
    {"messages": [*HELLO, {"role": "tool", "tool_call_id": "a", "content": [
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]}]},
    {"messages": [*HELLO, {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": None}]},
                  *HELLO]},
    {"messages": [{"role": "critic", "content": "No.", "weight": None}]},
    {"messages": [{"role": "system", "content": [{"type": "document_url", "document_url": "https://example.com"}]}]},
    {"messages": HELLO, "tools": [{"type": "opper:web_search"}]},
    {"messages": HELLO, "tools": [{"type": "mcp", "server_url": "https://example.com", "headers": {"a": "b"}}]},
    {"messages": HELLO, "tools": [{"function": {"name": "f", "parameters": {"type": "object"}}}],
     "tool_choice": {"function": {"name": "f"}}},
    {"messages": HELLO, "tools": [{"type": "opper:x"}], "tool_choice": {"type": "opper:x"}},
    {"messages": HELLO, "response_format": {"type": "grammar", "grammar": "root ::= 'yes'"}},
    {"messages": HELLO, "prediction": {"type": "diff", "diff": "+a"}},
    {"messages": HELLO, "web_search_options": {"user_location": {"type": "exact", "exact": {"latitude": 59.3}}}},
]  # fmt: skip


@pytest.mark.parametrize("arguments", UNKNOWN_KINDS)
def test_kinds_that_the_contract_does_not_list_are_sent_as_they_are(
    server: LocalServer, flavour: Flavour, arguments: dict[str, Any]
) -> None:
    """Parts, messages and tools of other servers, with all of their keys; also in a run."""
    server.reply(completion())
    flavour.create(server.base_url, **arguments)
    assert sent(server) == {**arguments, "stream": False}
    server.reply(completion())
    given = {"tools": [now], **arguments}
    if "tools" in arguments:
        given["tools"] = [*arguments["tools"], now]
    flavour(lambda client: client.chat.completions.run_tools(**given), api_key="key", base_url=server.base_url)
    assert sent(server)["messages"] == arguments["messages"]
    assert sent(server)["tools"][: len(given["tools"]) - 1] == arguments.get("tools", [])


def test_models_of_unknown_kinds_may_stand_in_models(server: LocalServer) -> None:
    """The models that hold what the contract does not list, inside of messages and in the list of tools."""
    part = models.OtherPart.from_dict(VIDEO)
    search = models.OtherTool.from_dict({"type": "opper:web_search"})
    image = models.ImagePart(models.ImageUrl("https://example.com/a.png"))
    result: Any = models.ToolMessage(content=[part, image], tool_call_id="a")  # type: ignore[list-item]
    server.reply(completion())
    with Opper(api_key="key", base_url=server.base_url) as client:
        client.chat.completions.create(messages=[models.UserMessage(content=[part]), result], tools=[search])
    assert sent(server)["messages"] == [
        {"role": "user", "content": [VIDEO]},
        {
            "role": "tool",
            "content": [VIDEO, {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}],
            "tool_call_id": "a",
        },
    ]
    assert sent(server)["tools"] == [{"type": "opper:web_search"}]


@pytest.mark.parametrize(
    ("arguments", "place", "meant"),
    [
        ({"messages": [{"role": "user", "content": [{"type": "imge_url", "image_url": {}}]}]}, "[0].type", "image_url"),
        ({"messages": [{"role": "user", "content": [{"type": "imageUrl", "image_url": {}}]}]}, "[0].type", "image_url"),
        ({"messages": [{"role": "user", "content": [{"type": "txt", "text": "x"}]}]}, "[0].type", "text"),
        ({"messages": [{"role": "usr", "content": "x"}]}, "messages[0].role", "user"),
        ({"messages": [{"role": "User", "content": "x"}]}, "messages[0].role", "user"),
        ({"messages": [{"role": "assitsant", "content": "x"}]}, "messages[0].role", "assistant"),
        ({"messages": HELLO, "tools": [{"type": "functions", "function": {}}]}, "tools[0].type", "function"),
        ({"messages": HELLO, "tool_choice": {"type": "functoin", "function": {}}}, "tool_choice.type", "function"),
        ({"messages": HELLO, "response_format": {"type": "jsonschema", "x": {}}}, "format.type", "json_schema"),
        ({"messages": HELLO, "prediction": {"type": "contents", "content": "x"}}, "prediction.type", "content"),
    ],
)  # fmt: skip
def test_a_kind_that_is_nearly_a_known_one_is_a_mistake(arguments: dict[str, Any], place: str, meant: str) -> None:
    """An error that names the kind that was meant."""
    with Opper(api_key="key") as client, pytest.raises(InvalidArgumentError) as caught:
        client.chat.completions.create(**arguments)
    assert caught.value.argument.endswith(place)
    assert str(caught.value).endswith(f"Did you mean {meant!r}?")
    assert "extra_body" not in str(caught.value)


def test_a_format_of_an_unknown_kind_needs_content() -> None:
    """A misspelt kind alone is not sent."""
    arguments: Any = {"messages": HELLO, "response_format": {"type": "jsn"}}
    with Opper(api_key="key") as client, pytest.raises(InvalidArgumentError, match="only if the dict has further keys"):
        client.chat.completions.create(**arguments)


def test_a_part_of_an_unknown_kind_needs_content() -> None:
    """A kind alone says nothing, which for a tool of the server's own is enough."""
    with Opper(api_key="key") as client, pytest.raises(InvalidArgumentError, match="only if the dict has further keys"):
        client.chat.completions.create(messages=[{"role": "user", "content": [{"type": "img"}]}])  # type: ignore[list-item]


@needs_corpus
def test_requests_that_real_servers_answered_are_accepted(server: LocalServer) -> None:
    """Recorded requests of public programs, sent as they are, but for images given as a string.

    Two servers take ``"image_url": "https://..."``, which the documentation of the endpoint does not have. A message
    that says how to write it costs less than what another server replies.
    """
    refused: list[InvalidArgumentError] = []
    every = (*recorded("json"), *recorded("stream"))
    taken = [each for each in every if each["status"] == 200 and each["request_body"]]
    is_queued = False
    with Opper(api_key="key", base_url=server.base_url, max_retries=0) as client:
        for exchange in taken:
            body: dict[str, Any] = {**exchange["request_body"]}  # type: ignore[dict-item]
            stream = body.pop("stream", None)
            known = {name: body[name] for name in body if name in models.ChatCompletionRequest.__annotations__}
            extra = {name: body[name] for name in body if name not in known}
            if not is_queued:
                server.reply(completion())
            is_queued = True
            try:
                client.chat.completions.create(**known, extra_body=extra)
            except InvalidArgumentError as error:
                refused.append(error)
                continue
            is_queued = False
            assert without_nulls(sent(server)) == without_nulls({**body, "stream": False}), (exchange["id"], stream)
    assert len(taken) > 100
    assert {error.argument.rpartition(".")[2] for error in refused} <= {"image_url"}
    assert all("Did you mean {'url': " in str(error) for error in refused)


def without_nulls(value: Any) -> Any:
    """Return a JSON value without the keys that are null: nobody reads a null parameter otherwise than none."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


RUNS = [
    ("messages", [*HELLO]),
    ("tools", []),
    ("tool_choice", "required"),
    ("n", 2),
]


@pytest.mark.parametrize(("name", "value"), RUNS)
def test_a_run_refuses_what_would_replace_its_own(
    server: LocalServer, flavour: Flavour, name: str, value: object
) -> None:
    """`extra_body` cannot take the place of what a run writes turn by turn; the error names what to use."""
    extra = {name: value}
    for method in ("run_tools", "stream_tools"):

        def call(client: Any, method: str = method) -> Any:
            return getattr(client.chat.completions, method)(messages=HELLO, tools=[now], extra_body=extra)

        with pytest.raises(InvalidArgumentError, match=f"keys other than '{name}'") as caught:
            flavour(call, api_key="key", base_url=server.base_url)
        assert caught.value.argument == "extra_body"
    assert server.requests == []


def test_other_calls_refuse_what_would_replace_their_own(server: LocalServer) -> None:
    """The format of a type, the messages of a call that asks again, and those of a conversation."""
    with Opper(api_key="key", base_url=server.base_url) as client:
        create: Any = client.chat.completions
        other = {"response_format": {"type": "text"}}
        calls: list[Callable[[], Any]] = [
            lambda: create.parse(messages=HELLO, response_format=int, extra_body=other),
            lambda: create.stream(messages=HELLO, response_format=int, extra_body=other),
            lambda: create.run_tools(messages=HELLO, response_format=int, extra_body=other),
            lambda: create.parse(
                messages=HELLO, response_format=int, retries_on_invalid=1, extra_body={"messages": HELLO}
            ),
            lambda: Conversation(client, extra_body={"messages": HELLO}),
            lambda: Conversation(client).send("x", extra_body={"messages": HELLO}),
        ]
        for call in calls:
            with pytest.raises(InvalidArgumentError, match="extra_body: expected keys other than"):
                call()
    assert server.requests == []


PARTS = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "yes"}]
ANSWERS: list[dict[str, Any]] = [
    {"content": PARTS},
    {"content": "yes", "refusal": None, "annotations": [], "audio": None, "reasoning": None, "reasoning_content": "hm"},
    {"content": "", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{}"}}]},
    {"content": "", "tool_calls": [{"id": "a", "type": "mcp", "mcp": {"name": "f"}}]},
    {"content": "yes", "audio": {"id": "audio_1", "data": "", "expires_at": 1, "transcript": "yes"}},
]


@pytest.mark.parametrize("said", ANSWERS)
def test_an_answer_goes_back_as_a_dict_as_it_does_as_a_model(
    server: LocalServer, flavour: Flavour, said: dict[str, Any]
) -> None:
    """The same request for `message` and for `message.to_dict()`, as databases keep it."""
    server.reply(completion(**said))
    message = flavour.create(server.base_url, messages=HELLO).message
    bodies: list[Any] = []
    for back in (message, message.to_dict(), json.loads(json.dumps(message.to_dict()))):
        server.reply(completion())
        flavour.create(server.base_url, messages=[*HELLO, back])
        bodies.append(sent(server))
        server.reply(completion())
        flavour(
            lambda client, back=back: client.chat.completions.run_tools(messages=[*HELLO, back], tools=[now]),
            api_key="key",
            base_url=server.base_url,
        )
        bodies.append({"messages": sent(server)["messages"], "stream": False})
    assert all(body == bodies[0] for body in bodies)
    assert bodies[0]["messages"][1]["role"] == "assistant"


def test_a_conversation_takes_an_answer_as_a_dict(server: LocalServer) -> None:
    """`append()` as `load()` does, in both clients."""
    server.reply(completion(PARTS))
    with Opper(api_key="key", base_url=server.base_url) as client:
        message: Any = client.chat.completions.create(messages=HELLO).message  # type: ignore[arg-type]
        talk = Conversation(client)
        talk.extend([*HELLO, message, message.to_dict()])  # type: ignore[list-item]
        first, second = talk.messages[1:]
        assert first == second
    talk_async = AsyncConversation(AsyncOpper(api_key="key"))
    talk_async.append(message.to_dict())
    assert talk_async.messages == [second]

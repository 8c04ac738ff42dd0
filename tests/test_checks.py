"""Bad input: an error that names the argument, the value and what is accepted, before anything is sent."""

import datetime
import enum
import json
import uuid
from typing import Any, Literal

import pytest
from flavours import HELLO, Flavour
from http_library import httpx
from opper_chat import InvalidArgumentError, OpperError, UnknownArgumentError
from opper_chat._errors.invalid_value import UnexpectedValueError
from opper_chat._requests.prepare import prepare
from opper_chat._validation.type_checks import compile_check
from opper_chat_api.models import (
    ChatCompletionMessage,
    ChatCompletionRequest,
    Choice,
    FunctionDefinition,
    FunctionParameters,
    FunctionTool,
    Metadata,
    TextPart,
    UserMessage,
)

NAN = float("nan")

BAD: list[tuple[dict[str, Any], str, str, str]] = [
    ({"messages": []}, "messages", "a list of at least one message", "[]"),
    ({}, "messages", "a list of at least one message", "nothing"),
    ({"messages": "Hello"}, "messages", "a list", "'Hello'"),
    ({"messages": [{"role": "usr", "content": "x"}]}, "messages[0].role", "'user'", "'usr'"),
    ({"messages": [{"content": "x"}]}, "messages[0]", "'role'", "'content'"),
    ({"messages": ["Hello"]}, "messages[0]", "a dict", "'Hello'"),
    ({"messages": [*HELLO, {"role": "user"}]}, "messages[1]", "'content'", "'role'"),
    ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content", "a string or a list", "5"),
    ({"messages": [{"role": "user", "content": [{"type": "img"}]}]}, "messages[0].content[0].type", "image_url", "img"),
    ({"messages": [{"role": "user", "content": ["x"]}]}, "messages[0].content[0]", "a dict", "'x'"),
    (
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "http://x"}]}]},
        "messages[0].content[0].image_url",
        "a dict",
        "'http://x'",
    ),
    ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0]", "'tool_call_id'", "'role', 'content'"),
    ({"messages": [UserMessage(content=5)]}, "messages[0].content", "a string or a list", "5"),  # type: ignore[arg-type]
    ({"messages": HELLO, "temperature": "hot"}, "temperature", "a number", "'hot'"),
    ({"messages": HELLO, "temperature": True}, "temperature", "a number", "True"),
    ({"messages": HELLO, "temperature": NAN}, "temperature", "a finite number or None", "nan"),
    ({"messages": HELLO, "parent_span_id": 5}, "parent_span_id", "a string, a UUID or None", "5"),
    ({"messages": HELLO, "n": 1.5}, "n", "an integer", "1.5"),
    ({"messages": HELLO, "logprobs": "yes"}, "logprobs", "True, False or None", "'yes'"),
    ({"messages": HELLO, "stop": ["a", 1]}, "stop[1]", "a string", "1"),
    ({"messages": HELLO, "model": ["a", 5]}, "model[1]", "a string or a dict", "5"),
    ({"messages": HELLO, "model": {"options": {}}}, "model", "'name'", "'options'"),
    ({"messages": HELLO, "tool_choice": 7}, "tool_choice", "'required'", "7"),
    ({"messages": HELLO, "response_format": {"type": "jsn"}}, "response_format.type", "'json_schema'", "'jsn'"),
    ({"messages": HELLO, "metadata": {"a": 1}}, "metadata.a", "a string", "1"),
    ({"messages": HELLO, "metadata": Metadata(additional_properties={"a": 1})}, "metadata.a", "a string", "1"),  # type: ignore[dict-item]
    ({"messages": HELLO, "tags": {"a": {1, 2}}}, "tags.a", "JSON", "{1, 2}"),
    ({"messages": HELLO, "tags": {"a": [NAN]}}, "tags.a[0]", "a finite number", "nan"),
    ({"messages": HELLO, "logit_bias": {0.5: -100}}, "logit_bias", "strings as keys", "0.5"),
    ({"messages": HELLO, "reasoning_effort": 3}, "reasoning_effort", "'minimal'", "3"),
    (
        {"messages": HELLO, "tools": [{"type": "function", "function": {"nam": "f"}}]},
        "tools[0].function",
        "name",
        "nam",
    ),
    ({"messages": HELLO, "stream": "yes"}, "stream", "True, False or None", "'yes'"),
    ({"messages": HELLO, "extra_body": [1]}, "extra_body", "a dict", "[1]"),
    ({"messages": HELLO, "extra_body": {"a": NAN}}, "extra_body.a", "a finite number", "nan"),
    ({"messages": HELLO, "extra_headers": {"a": "b\r\nHost: evil"}}, "extra_headers['a']", "line breaks", "str"),
    (
        {"messages": HELLO, "extra_headers": {"Transfer-Encoding": "chunked"}},
        "extra_headers",
        "the client sets",
        "'Transfer-Encoding'",
    ),
    ({"messages": HELLO, "extra_headers": {"content-length": "3"}}, "extra_headers", "client sets", "'content-length'"),
    ({"messages": HELLO, "extra_query": {"a": [1]}}, "extra_query['a']", "a string", "a list"),
    ({"messages": [{"role": "user", "content": "\ud800"}]}, "messages[0].content", "surrogate", "'\\ud800'"),
]


def request(**arguments: Any) -> Any:
    options = {name: arguments.pop(name) for name in list(arguments) if name == "stream" or name.startswith("extra_")}
    return prepare(arguments, **options)


@pytest.mark.parametrize(("arguments", "argument", "accepted", "given"), BAD)
def test_bad_input(arguments: dict[str, Any], argument: str, accepted: str, given: str) -> None:
    """The place, what is accepted there, and what was given; in the attributes and in the text."""
    with pytest.raises(InvalidArgumentError) as caught:
        request(**arguments)
    error = caught.value
    assert error.argument == argument
    assert accepted in error.expected
    assert given in error.received
    assert str(error).startswith(f"{argument}: expected {error.expected}, got {error.received}")
    assert isinstance(error, OpperError)
    assert isinstance(error, ValueError)


@pytest.mark.parametrize(
    ("hint", "accepted", "refused"),
    [
        (Literal[1, 2, 3], [1, 3, 4], ["1", 1.0, True, None]),
        (Literal["a", "b"], ["a", "c"], [1, True, None]),
        (Literal["only"] | str, ["only", "other"], [1, None]),  # noqa: PYI051  # noqa: PYI051
        (Literal["only"], ["only"], ["other", 1, None]),
        (Literal[1], [1], [True, 1.0, 2, "1"]),
        (Literal[1, 2] | None, [1, 5, None], [True, "1"]),
    ],
)
def test_an_enum_is_open_and_a_const_is_closed(hint: Any, accepted: list[Any], refused: list[Any]) -> None:
    """Any value of the kind of its words, and that one word alone."""
    check = compile_check(hint)
    assert [check(value) for value in accepted] == accepted
    for value in refused:
        with pytest.raises(UnexpectedValueError):
            check(value)


def test_values_of_python_are_written_as_texts() -> None:
    """A UUID, a date and a time, and only where the contract says so."""
    key = uuid.UUID(int=5)
    noon = datetime.datetime(2026, 1, 2, 12, tzinfo=datetime.UTC)
    assert compile_check(str | uuid.UUID)(key) == str(key)
    assert compile_check(str | datetime.datetime | None)(noon) == "2026-01-02T12:00:00+00:00"
    assert compile_check(str | datetime.date)(noon.date()) == "2026-01-02"
    assert compile_check(datetime.date)(noon.date()) == "2026-01-02"
    for hint, value in ((str | datetime.date, noon), (str | datetime.datetime, noon.date()), (str, key)):
        with pytest.raises(UnexpectedValueError):
            compile_check(hint)(value)
    body = request(messages=HELLO, parent_span_id=key)
    assert json.loads(body.content)["parent_span_id"] == "00000000-0000-0000-0000-000000000005"


def test_a_misspelt_member_is_recognised() -> None:
    """The name that was meant."""
    with pytest.raises(InvalidArgumentError, match="Is 'contents' meant to be 'content'"):
        request(messages=[{"role": "user", "contents": "x"}])


def test_an_unknown_keyword_names_the_nearest() -> None:
    """The nearest parameter, the value, and the way for what the contract does not know yet."""
    with pytest.raises(UnknownArgumentError, match=r"'temprature' \(given: 1\)\. Did you mean 'temperature'") as caught:
        request(messages=HELLO, temprature=1)
    assert "extra_body={'temprature': ...}" in str(caught.value)
    assert isinstance(caught.value, TypeError)
    with pytest.raises(UnknownArgumentError, match=r"no parameter 'zzz' \(given: 1\)\. To send"):
        request(messages=HELLO, zzz=1)


def test_a_long_value_is_cut() -> None:
    """A readable length, and how long the value was."""
    with pytest.raises(InvalidArgumentError) as caught:
        request(messages=HELLO, temperature="x" * 10_000)
    assert len(str(caught.value)) < 300
    assert "10002 characters" in caught.value.received


def test_what_the_contract_does_not_know_is_sent_through_extra_body() -> None:
    """An invented parameter, a null, and a part of an unknown kind, as they were given."""
    strange = [{"role": "critic", "content": [{"type": "video"}]}]
    body = request(
        messages=HELLO, temperature=1, extra_body={"temperature": None, "zzz": {"a": 1}, "messages": strange}
    )
    assert b'"temperature":null' in body.content
    assert b'"zzz":{"a":1}' in body.content
    assert b'"role":"critic"' in body.content


def test_words_are_open_and_none_is_left_out() -> None:
    """A reasoning effort that no list names is sent; a parameter that is None is not; `stream` always is."""
    body = request(messages=HELLO, reasoning_effort="extreme", temperature=None, stream=None)
    assert body.content == (
        b'{"messages":[{"role":"user","content":"Hello"}],"reasoning_effort":"extreme","stream":false}'
    )


def test_dicts_and_models_mix_at_every_level() -> None:
    """The same bytes for a dict and for the model of it."""
    answer = ChatCompletionMessage.from_dict(
        {"role": "assistant", "content": None, "tool_calls": None, "reasoning_content": "hm", "refusal": None}
    )
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    mixed = request(
        messages=[UserMessage(content=[TextPart(text="x"), {"type": "text", "text": "y"}]), answer],  # type: ignore[list-item]
        tools=[
            {
                "type": "function",
                "function": FunctionDefinition(name="f", parameters=FunctionParameters.from_dict(schema)),
            },
            FunctionTool(function=FunctionDefinition(name="g")),
        ],
        metadata=Metadata.from_dict({"a": "b"}),
    )
    plain = request(
        messages=[
            {"role": "user", "content": [{"type": "text", "text": "x"}, {"type": "text", "text": "y"}]},
            {"role": "assistant", "reasoning_content": "hm"},
        ],
        tools=[
            {"type": "function", "function": {"name": "f", "parameters": schema}},
            {"type": "function", "function": {"name": "g"}},
        ],
        metadata={"a": "b"},
    )
    assert mixed == plain


def test_an_answer_goes_back_as_it_came() -> None:
    """Unknown parts and calls of an answer, though nobody could write them by hand unchecked."""
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "x"}]
    answer = ChatCompletionMessage.from_dict({"role": "assistant", "content": parts, "tool_calls": [{"type": "mcp"}]})
    body = request(messages=[*HELLO, answer])
    assert b'{"role":"assistant","tool_calls":[{"type":"mcp"}],"content":[{"type":"thinking"' in body.content


def test_nulls_of_a_dumped_answer_are_dropped() -> None:
    """Members that a request may not have as null are left out; those it may are kept."""
    body = request(messages=[{"role": "assistant", "content": None, "tool_calls": None, "name": None}])
    assert b'"messages":[{"role":"assistant","content":null}]' in body.content


def test_nothing_is_sent_when_the_input_is_bad(flavour: Flavour) -> None:
    """The error, and no request at the transport."""
    sent: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(500)

    kind = httpx.Client if flavour.kind == "sync" else httpx.AsyncClient
    own = kind(transport=httpx.MockTransport(handle))
    for arguments in ({"messages": []}, {"messages": HELLO, "n": "x"}, {"messages": HELLO, "timeout": -1}):
        with pytest.raises(InvalidArgumentError):
            flavour.create("http://127.0.0.1:1", {"http_client": own}, **arguments)
    assert sent == []


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ({"messages": [TextPart(text="x")]}, "messages[0]"),
        ({"messages": HELLO, "tools": [UserMessage(content="x")]}, "tools[0]"),
        ({"messages": HELLO, "response_format": UserMessage(content="x")}, "response_format"),
        ({"messages": [UserMessage(content=[UserMessage(content="x")])]}, "messages[0].content[0]"),  # type: ignore[list-item]
        ({"messages": [Choice(message=ChatCompletionMessage(content="x"))]}, "messages[0]"),
        ({"messages": HELLO, "metadata": TextPart(text="x")}, "metadata"),
    ],
)
def test_a_model_in_the_wrong_place(arguments: dict[str, Any], argument: str) -> None:
    """An error that names the place and the models that may stand there; a whole choice is not its message."""
    with pytest.raises(InvalidArgumentError) as caught:
        request(**arguments)
    assert caught.value.argument == argument
    assert "a dict" in caught.value.expected


def test_kinds_that_the_contract_does_not_know_go_back_as_models() -> None:
    """What was read into the open arms is sent as it was."""
    critic = {"role": "critic", "content": "no"}
    part = {"type": "video", "url": "x"}
    read = ChatCompletionRequest.from_dict({"messages": [critic, {"role": "user", "content": [part]}]})
    user = read.messages[1]
    assert isinstance(user, UserMessage)
    body = request(messages=[read.messages[0], {"role": "user", "content": user.content}])
    assert json.loads(body.content)["messages"] == [critic, {"role": "user", "content": [part]}]


def test_a_role_or_type_may_be_a_member_of_an_enum() -> None:
    """Its value selects the kind, as the string does."""

    class Kind(enum.Enum):
        USER = "user"
        TEXT = "text"
        MISSPELT = "usr"

    messages: Any = [{"role": Kind.USER, "content": [{"type": Kind.TEXT, "text": "Hi"}]}]
    assert request(messages=messages) == request(
        messages=[{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]
    )
    messages[0]["role"] = Kind.MISSPELT
    with pytest.raises(InvalidArgumentError, match=r"messages\[0\]\.role: .* got 'usr'\. Did you mean 'user'\?"):
        request(messages=messages)


def test_ids_of_tokens_may_be_numbers() -> None:
    """JSON makes texts of them, and so does that other package."""
    body = prepare({"messages": HELLO, "logit_bias": {50256: -100, "7": 1}}).body
    assert body["logit_bias"] == {"50256": -100, "7": 1}
    with pytest.raises(InvalidArgumentError, match="logit_bias: expected a dict whose keys differ in JSON"):
        prepare({"messages": HELLO, "logit_bias": {7: -100, "7": 1}})

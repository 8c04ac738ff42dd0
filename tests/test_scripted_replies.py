"""Scripted answers of the local server, standing replies, and arguments that a message names; over real sockets."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import openai
import pytest
from flavours import Flavour
from http_library import httpx
from opper_chat import APIConnectionError, InternalServerError, Opper, tool
from opper_chat.testing import CUT, LocalServer, Pause, ReceivedRequest, Reply, chunk
from tool_runs import HI, WAYS, Way

QUESTION: list[Any] = [{"role": "user", "content": "How is the weather in Stockholm?"}]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return Way(request.param)


def asked(server: LocalServer, message: str, **properties: Any) -> Any:
    """The arguments of the call that the server answers a message with."""
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    tools = [{"type": "function", "function": {"name": "f", "parameters": schema}}]
    body = {"messages": [*HI, {"role": "user", "content": message}], "tools": tools}
    headers = {"authorization": "Bearer key"}
    reply = httpx.post(f"{server.base_url}/chat/completions", json=body, headers=headers, trust_env=False)
    return json.loads(reply.json()["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"])


TEXT = {"type": "string"}
UNIT = {"anyOf": [{"type": "string", "enum": ["celsius", "fahrenheit"]}, {"type": "null"}]}
COUNT = {"type": "integer", "minimum": 1}


@pytest.mark.parametrize(
    ("message", "properties", "expected"),
    [
        ("How is the weather in Stockholm?", {"city": TEXT}, {"city": "Stockholm"}),
        ("Stockholm?", {"city": TEXT}, {"city": "Stockholm"}),
        ("From New York to Oslo.", {"a": TEXT, "b": TEXT, "c": TEXT}, {"a": "New York", "b": "Oslo", "c": "text"}),
        ("Is it cold? In Ann's Umeå it is.", {"place": TEXT}, {"place": "Ann's Umeå"}),
        ('Find "red shoes" in Paris.', {"query": TEXT}, {"query": "red shoes"}),
        ("How warm is Oslo in Fahrenheit?", {"unit": UNIT, "city": TEXT}, {"unit": "fahrenheit", "city": "Oslo"}),
        ("The next 3 days in Oslo, at 2.5 km", {"days": COUNT, "km": {"type": "number"}}, {"days": 3, "km": 2.5}),
        ("Remind Ann on Friday.", {"day": {"type": "string", "format": "date"}}, {"day": "2026-01-01"}),
        ("on 2026-05-03", {"day": {"type": "string", "format": "date"}}, {"day": "2026-05-03"}),
        ("email to ann@example.com", {"to": TEXT}, {"to": "ann@example.com"}),
        ("Mail ann@example.com.", {"to": {"type": "string", "format": "email"}}, {"to": "ann@example.com"}),
        ("Ask Stockholm.", {"code": {"type": "string", "maxLength": 3}}, {"code": "tex"}),
        ("Ask Stockholm or Oslo.", {"code": {"type": "string", "maxLength": 4}}, {"code": "Oslo"}),
        ("Minus -2 of 0", {"days": COUNT}, {"days": 1}),
        ("what is it like?", {"city": TEXT, "unit": UNIT}, {"city": "text", "unit": "celsius"}),
        ("Ask Ann, Bo and Cy.", {"people": {"type": "array", "items": TEXT, "minItems": 2}}, {"people": ["Ann", "Bo"]}),
        ("I'm Bob. How is the weather in London?", {"city": TEXT}, {"city": "London"}),
        ("I'm Bob. How is it in London?", {"user": TEXT, "homeTown": TEXT}, {"user": "Bob", "homeTown": "London"}),
        ("Is it cold in London? I'm Bob.", {"user": TEXT, "location": TEXT}, {"user": "Bob", "location": "London"}),
        ("Bo from Rome flies to Oslo.", {"destination": TEXT}, {"destination": "Oslo"}),
        ("Tell Bo: from Rome to New York", {"origin": TEXT, "destination": TEXT},
         {"origin": "Rome", "destination": "New York"}),
        ("Is it warm in Oslo, in Celsius?", {"city": TEXT, "unit": UNIT}, {"city": "Oslo", "unit": "celsius"}),
        ("Dear Ann, is it warm?", {"city": TEXT, "velocity": TEXT}, {"city": "Ann", "velocity": "text"}),
        ("In Lund", {"at": {"type": "object", "properties": {"city": TEXT}}}, {"at": {"city": "Lund"}}),
    ],
)  # fmt: skip
def test_arguments_are_what_the_message_names(
    server: LocalServer, message: str, properties: Any, expected: Any
) -> None:
    """Quoted texts and names for strings, numbers for numbers, of an enum the value that is named, where they fit."""
    assert asked(server, message, **properties) == expected


def test_a_long_message_is_read_at_once(server: LocalServer) -> None:
    """In a time that does not grow with its square."""
    assert asked(server, "Is it cold in Oslo or " + "by Bergen " * 200_000, city=TEXT) == {"city": "Oslo"}


def test_a_weather_question_is_answered_for_its_city(way: Way, server: LocalServer) -> None:
    """By a run with a tool whose unit has a default."""

    @tool
    def get_weather(city: str, unit: Literal["celsius", "fahrenheit"] = "celsius") -> str:
        """Look it up."""
        return f"Sunny in {city}, in {unit}"

    run = way.run(server, [get_weather], messages=QUESTION)
    assert run.calls[0].arguments is not None
    assert run.calls[0].arguments["city"] == "Stockholm"
    assert "Sunny in Stockholm" in run.text


def test_the_demo_calls_its_tool_for_stockholm() -> None:
    demo = Path(__file__).parents[1] / "examples" / "demo.py"
    said = subprocess.run([sys.executable, str(demo)], capture_output=True, text=True, timeout=60, check=True).stdout
    assert 'the model calls get_weather({"city":"Stockholm"})' in said


# --- Answers in a line ---------------------------------------------------------------------------


def test_an_answer_in_a_line(flavour: Flavour, server: LocalServer) -> None:
    """Whole or as a stream, as it is asked for, with the model that was asked for and with usage."""
    server.reply(Reply.completion("Short and sweet."), Reply.completion("Short and sweet."), Reply.completion("Short."))
    whole = flavour.create(server.base_url, model="a/b", messages=HI)
    assert (whole.choices[0].message.content, whole.choices[0].finish_reason) == ("Short and sweet.", "stop")
    assert whole.model == "a/b"
    assert whole.usage is not None
    assert whole.usage.to_dict() == {"prompt_tokens": 1, "completion_tokens": 4, "total_tokens": 5}
    options = {"include_usage": True}
    chunks, error = flavour.chunks(server.base_url, model="a/b", messages=HI, stream_options=options)
    assert error is None
    assert [piece.choices[0].delta.content for piece in chunks if piece.choices] == [
        None, "Short", " and", " sweet", ".", None,
    ]  # fmt: skip
    assert chunks[-1].usage == whole.usage
    chunks, error = flavour.chunks(server.base_url, messages=HI)
    assert error is None
    assert not any(piece.usage for piece in chunks)


def test_an_answer_with_calls(way: Way, server: LocalServer) -> None:
    """Of functions, by name and arguments, which may be malformed."""

    @tool
    def get_weather(city: str) -> str:
        """Look it up."""
        return f"sunny in {city}"

    calls = [("get_weather", {"city": "Oslo"}), ("get_weather", '{"city": ')]
    server.reply(Reply.completion(tool_calls=calls), Reply.completion("Done."))
    run = way.run(server, [get_weather])
    assert [execution.outcome for execution in run.calls] == ["succeeded", "failed"]
    assert [execution.call.id for execution in run.calls] == ["call_1", "call_2"]
    assert run.calls[0].content == "sunny in Oslo"
    assert run.completions[0].choices[0].finish_reason == "tool_calls"
    assert run.text == "Done."


def test_what_else_an_answer_may_have(flavour: Flavour, server: LocalServer) -> None:
    usage = {"prompt_tokens": 7, "completion_tokens": 8, "total_tokens": 15}
    reply = Reply.completion(
        None, message={"refusal": "No."}, finish_reason="content_filter", model="m", usage=usage, headers={"x-a": "b"}
    )
    server.reply(reply)
    completion: Any = flavour.create(server.base_url, messages=HI)
    assert (completion.message.content, completion.message.refusal) == (None, "No.")
    assert (completion.choices[0].finish_reason, completion.model) == ("content_filter", "m")
    assert completion.usage.total_tokens == 15
    assert completion.headers["x-a"] == "b"


def test_any_client_reads_it(server: LocalServer) -> None:
    """The openai package too, in both forms."""
    server.always(Reply.completion("Yes."))
    with openai.OpenAI(api_key="key", base_url=server.base_url, max_retries=0) as client:
        assert client.chat.completions.create(model="m", messages=HI).choices[0].message.content == "Yes."
        with client.chat.completions.create(model="m", messages=HI, stream=True) as stream:
            assert "".join(piece.choices[0].delta.content or "" for piece in stream) == "Yes."


# --- Standing replies ----------------------------------------------------------------------------


def texts(server: LocalServer, count: int) -> Iterator[str]:
    with Opper(api_key="key", base_url=server.base_url, max_retries=0) as client:
        for _ in range(count):
            yield client.chat.completions.create(messages=HI).text


def test_a_standing_reply(server: LocalServer) -> None:
    """For every request that no reply is queued for, until it is taken back."""
    server.always(Reply.completion("Always."))
    server.reply(Reply.completion("Once."), lambda request: None)
    said = list(texts(server, 4))
    assert (said[0], said[2:]) == ("Once.", ["Always."] * 2)
    assert "You said: Hi" in said[1]
    server.always(lambda request: Reply.completion(f"Of {len(request.messages)}."))
    assert list(texts(server, 2)) == ["Of 1."] * 2
    server.always(None)
    assert "You said: Hi" in next(texts(server, 1))


def test_a_standing_reply_in_pieces(server: LocalServer) -> None:
    """A list can be sent again, an iterator cannot."""
    server.always(Reply.sse([chunk("a"), chunk(finish_reason="stop"), "[DONE]"]))
    for _ in range(2):
        chunks, error = Flavour("sync").chunks(server.base_url, messages=HI)
        assert error is None
        assert chunks[0].choices[0].delta.content == "a"
    with pytest.raises(ValueError, match="An iterator can be sent once"):
        server.always(Reply.sse(iter([CUT])))


@pytest.mark.parametrize("wrong", ["text", {"choices": []}, None, 5])
def test_what_is_no_reply(server: LocalServer, wrong: Any) -> None:
    """Is refused where it is given, and not in the middle of a call."""
    with pytest.raises(TypeError, match=r"a Reply or a function of the request, got "):
        server.reply(Reply.completion("a"), wrong)
    if wrong is not None:
        with pytest.raises(TypeError, match="a Reply or a function"):
            server.always(wrong)
    assert "You said" in next(texts(server, 1))


WRONG_REPLIES: list[tuple[Callable[..., Any], str]] = [
    (
        lambda any_: Reply(any_("Yes.")),
        "status: expected an integer, got 'Yes.'. Did you mean Reply.completion('Yes.')?",
    ),
    (lambda any_: Reply(any_(True)), "status: expected an integer, got True."),
    (lambda any_: Reply(99), "status: expected an integer from 100 to 599, got 99."),
    (lambda any_: Reply.json({}, status=600), "status: expected an integer from 100 to 599, got 600."),
    (lambda any_: Reply.json({1: object()}), ""),
    (lambda any_: Reply.json({}, headers=any_(["a"])), "headers: expected a dict, got ['a']."),
    (lambda any_: Reply(headers=any_({"a": 5})), "headers['a']: expected a string, got 5."),
    (lambda any_: Reply(headers=any_({5: "a"})), "headers: expected strings as names, got 5."),
    (lambda any_: Reply(headers={"a": "\u4e2d"}), "headers['a']: expected characters of Latin-1, got '\u4e2d'."),
    (lambda any_: Reply(body=any_("text")), "got 'text'. Encode it: text.encode()."),
    (
        lambda any_: Reply(body=any_({"a": 1})),
        "body: expected bytes, or an iterable of parts: bytes, Pause or CUT, got",
    ),
    (lambda any_: Reply(body=any_([b"a", "b"])), "body[1]: expected bytes, Pause or CUT, got 'b'. Encode it"),
    (lambda any_: Reply.raw(any_([5])), "body[0]: expected bytes, Pause or CUT, got 5."),
    (lambda any_: Reply(delay=any_("1")), "delay: expected a number of seconds, got '1'."),
    (lambda any_: Reply(delay=-1), "delay: expected a number of seconds of at least 0, got -1."),
    (lambda any_: Pause(any_(None)), "seconds: expected a number of seconds, got None."),
    (lambda any_: Reply(encoding=any_("br")), "encoding: expected 'gzip', 'deflate' or None, got 'br'."),
    (
        lambda any_: Reply.sse(any_("data")),
        "events: expected a list or another iterable of events, got 'data'. Put the",
    ),
    (lambda any_: Reply.sse(any_({"a": 1})), "got {'a': 1}. Put the event in a list."),
    (lambda any_: Reply.sse(any_(5)), "events: expected a list or another iterable of events, got 5."),
    (lambda any_: Reply.sse(any_([5])), "events: expected dicts, strings, bytes, Pause or CUT, got 5."),
    (lambda any_: Reply.completion(any_(5)), "text: expected a string or None, got 5."),
    (lambda any_: Reply.completion(any_(["a"])), "text: expected a string or None, got ['a']."),
    (lambda any_: Reply.completion(model=any_(5)), "model: expected a string or None, got 5."),
    (lambda any_: Reply.completion(message=any_("a")), "message: expected a dict or None, got 'a'."),
    (lambda any_: Reply.completion(usage={"a": object()}), "usage: expected a value that JSON can represent"),
    (lambda any_: Reply.completion(tool_calls=any_("f")), "tool_calls: expected a list of pairs of a name and"),
    (
        lambda any_: Reply.completion(tool_calls=any_(["f"])),
        "tool_calls[0]: expected a pair of a name and its arguments",
    ),
    (lambda any_: Reply.completion(tool_calls=any_(("f", {}))), "Put the pair in a list: tool_calls=[('f', {})]."),
    (lambda any_: Reply.completion(tool_calls=any_([("f", 5)])), "tool_calls[0]: expected a pair"),
    (lambda any_: Reply.completion(tool_calls=[("f", {"a": object()})]), "tool_calls[0][1]: expected a value that"),
    (lambda any_: Reply.completion(delay=any_("1")), "delay: expected a number of seconds, got '1'."),
    (lambda any_: Reply.completion(headers=any_(5)), "headers: expected a dict, got 5."),
]


@pytest.mark.parametrize(("wrong", "message"), WRONG_REPLIES, ids=range(len(WRONG_REPLIES)))
def test_arguments_of_replies_are_checked_at_once(wrong: Callable[..., Any], message: str) -> None:
    """An error names the argument, what was given and what is accepted."""
    with pytest.raises((TypeError, ValueError)) as caught:
        wrong(lambda value: value)
    assert message in str(caught.value)


def test_functions_that_make_no_reply_are_refused(server: LocalServer) -> None:
    """The class itself, and async functions."""

    async def later(request: ReceivedRequest) -> Reply:
        return Reply.completion("Yes.")

    for wrong, message in ((Reply, "got the class Reply"), (later, "got the async function later()")):
        for accept in (server.reply, server.always):
            with pytest.raises(TypeError, match=re.escape(message)):
                accept(wrong)  # type: ignore[operator]


def says(text: Any) -> Callable[[ReceivedRequest], Any]:
    def make_reply(request: ReceivedRequest) -> Any:
        if isinstance(text, Exception):
            raise text
        return text

    return make_reply


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            says("Yes."),
            "make_reply(): expected a Reply or None to be returned, got 'Yes.'. Did you mean Reply.completion(",
        ),
        (says(5), "make_reply(): expected a Reply or None to be returned, got 5."),
        (says(Reply), "got the class Reply."),
        (says(AssertionError("no tools")), "AssertionError: no tools"),
        (lambda request: request["model"], "TypeError: 'ReceivedRequest' object is not subscriptable"),
        (lambda: Reply.completion("Yes."), "TypeError: "),
    ],
    ids=range(6),
)
@pytest.mark.parametrize("address", ["/v2/openai", "/v3/compat"])
def test_a_function_that_fails_is_told_to_the_test(
    server: LocalServer, function: Any, message: str, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    """By an error of the client that says what is wrong, at once, and by the log with the traceback."""
    server.always(function)
    with (
        Opper(api_key="key", base_url=server.origin + address) as client,
        pytest.raises(InternalServerError, match=re.escape(message)) as caught,
    ):
        client.chat.completions.create(messages=HI)
    assert "The function that makes the reply failed" in str(caught.value)
    assert ("test_scripted_replies.py:" in str(caught.value)) == ("Error: " in message and message != "TypeError: ")
    assert len(server.requests) == 1
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("event", [5, ValueError("secret")])
def test_an_iterator_that_fails_cuts_the_stream(
    server: LocalServer, event: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The status is sent already; the log has the traceback."""

    def events() -> Iterator[Any]:
        yield chunk("a")
        if isinstance(event, Exception):
            raise event
        yield event

    server.reply(Reply.sse(events()))
    chunks, error = Flavour("sync").chunks(server.base_url, messages=HI)
    assert isinstance(error, APIConnectionError)
    assert [piece.choices[0].delta.content for piece in chunks] == ["a"]
    assert "The body of a scripted reply failed." in caplog.text


def test_bodies_can_be_looked_into(server: LocalServer) -> None:
    """As what JSON they are."""
    list(texts(server, 1))
    request: ReceivedRequest = server.last_request
    assert request.body["messages"][0]["content"] == "Hi"
    assert request.messages[0]["content"].upper() == "HI"


# --- The first program of the documentation ------------------------------------------------------


@pytest.mark.parametrize("options", [["-W", "error::ResourceWarning"], ["-X", "dev", "-W", "always"]])
def test_the_first_example_leaves_nothing_open(server: LocalServer, tmp_path: Path, options: list[str]) -> None:
    """Run as a script, it says the answer, and neither Python nor this package says anything else."""
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)
    script = tmp_path / "first.py"
    script.write_text(blocks[0], "utf-8")
    environment = {**os.environ, "OPPER_API_KEY": "local", "OPPER_BASE_URL": server.base_url}
    done = subprocess.run(
        [sys.executable, *options, str(script)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Name a colour of the rainbow." in done.stdout

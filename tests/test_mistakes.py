"""What newcomers get wrong, and what they are told: what was given, what is accepted, and what to do."""

import asyncio
import pickle
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from inspect import signature
from typing import Any

import attrs
import msgspec
import pydantic
import pytest
from flavours import HELLO, Flavour
from http_library import httpx
from opper_chat import (
    AsyncOpper,
    Conversation,
    InvalidArgumentError,
    Opper,
    ToolCall,
    UnknownArgumentError,
    add_observer,
    custom_tool,
    telemetry,
    testing,
    tool,
    tool_result,
)
from opper_chat import messages as make
from opper_chat.testing import LocalServer, Reply


def completion(content: object = "ok", finish_reason: str = "stop", **message: object) -> Reply:
    """Return the reply that has this message."""
    said = {"role": "assistant", "content": content, **message}
    choice = {"index": 0, "message": said, "finish_reason": finish_reason}
    return Reply.json({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]})


@tool
def now() -> str:
    """Tell the time."""
    return "noon"


ASKS = completion(None, "tool_calls", tool_calls=[
    {"id": "call_1", "type": "function", "function": {"name": "now", "arguments": "{}"}}
])  # fmt: skip


@attrs.define
class Point:
    """A type to ask for."""

    x: int = 0


class Answer(pydantic.BaseModel):
    """Another."""

    x: int = 1


def get_weather(city: str) -> str:
    """Tell the weather."""
    return city


async def approve(call: object) -> bool:
    """Approve of everything."""
    return bool(call)


class Outer(pydantic.BaseModel):
    """A third, with a field that holds nothing."""

    inner: pydantic.BaseModel


def nested(levels: int) -> list[Any]:
    """Return lists within each other."""
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


ENDLESS: list[Any] = []
ENDLESS.append(ENDLESS)

MISTAKES: list[tuple[Callable[[Any], object], str]] = [
    (lambda c: c.stream(messages=HELLO, stream=True),
     "stream() has no parameter 'stream' (given: True). It always streams. Leave the argument out."),
    (lambda c: c.parse(messages=HELLO, response_format=int, stream=True),
     "parse() has no parameter 'stream' (given: True). It does not stream. Use stream(response_format=...)."),
    (lambda c: c.run_tools(messages=HELLO, stream=True),
     "run_tools() has no parameter 'stream' (given: True). It does not stream. Use stream_tools()."),
    (lambda c: c.stream_tools(messages=HELLO, stream=False),
     "stream_tools() has no parameter 'stream' (given: False). It always streams. Leave the argument out."),
    (lambda c: c.create(messages=HELLO, deadline=httpx.Timeout(3)),
     ("deadline: expected a number of seconds above 0 or None, got Timeout(timeout=3). "
      "Only the argument timeout takes an httpx.Timeout.")),
    (lambda c: c.create(messages=HELLO, timeout="3"),
     "timeout: expected a number of seconds above 0, an httpx.Timeout or None, got '3'."),
    (lambda c: c.parse(messages=HELLO, response_format=Answer()),
     "response_format: expected a type, got Answer(x=1). Pass the class, not an instance of it: Answer."),
    (lambda c: c.parse(messages=HELLO, response_format=Point()),
     "response_format: expected a type, got Point(x=0). Pass the class, not an instance of it: Point."),
    (lambda c: c.create(messages=HELLO, response_format=Answer),
     ("response_format: expected a dict or None, got the class Answer. "
      "Use parse(response_format=Answer), or stream(), for a value of this type.")),
    (lambda c: c.with_raw_response.create(messages=HELLO, response_format=list[int]),
     ("response_format: expected a dict or None, got list[int]. "
      "Use parse(response_format=list[int]), or stream(), for a value of this type.")),
    (lambda c: c.create(messages=HELLO, response_format="json_object"),
     "response_format: expected a dict or None, got 'json_object'. Did you mean {'type': 'json_object'}?"),
    (lambda c: c.create(messages=HELLO, tools=[get_weather]),
     ("tools[0]: expected a dict, got the function get_weather(). "
      "Make it a tool with the decorator @tool, or with tool(get_weather).")),
    (lambda c: c.run_tools(messages=HELLO, tools=[get_weather]),
     ("tools[0]: expected a tool or a definition, got the function get_weather(). "
      "Make it a tool with the decorator @tool, or with tool(get_weather).")),
    (lambda c: c.create(messages=HELLO, tools=now),
     "tools: expected a list of dicts or None, got the function now(). Put it in a list."),
    (lambda c: c.create(messages=HELLO, tool_choice=now),
     "got the function now(). Did you mean {'type': 'function', 'function': {'name': 'now'}}?"),
    (lambda c: c.create(messages=HELLO, tool_choice={"type": "function", "function": "f"}),
     "tool_choice.function: expected a dict, got 'f'. Did you mean {'name': 'f'}?"),
    (lambda c: c.create(messages=HELLO, max_tokens="5"), "max_tokens: expected an integer or None, got '5'."),
    (lambda c: c.create(messages=HELLO, prompt_cache_key=5), "prompt_cache_key: expected a string or None, got 5."),
    (lambda c: c.create(messages=HELLO, max_token=5),
     ("create() has no parameter 'max_token' (given: 5). Did you mean 'max_tokens'? To send a parameter that this "
      "version does not know, use extra_body={'max_token': ...}.")),
    (lambda c: c.run_tools(messages=HELLO, max_turn=5),
     "run_tools() has no parameter 'max_turn' (given: 5). Did you mean 'max_turns'?"),
    (lambda c: c.parse(messages=HELLO, response_format=int, retry_on_invalid=1),
     "parse() has no parameter 'retry_on_invalid' (given: 1). Did you mean 'retries_on_invalid'?"),
    (lambda c: c.create(messages=HELLO, modalities="text"),
     "modalities: expected a list of strings or None, got 'text'. Did you mean ['text']?"),
    (lambda c: c.create(messages="Hi"),
     "messages: expected a list of dicts, got 'Hi'. Did you mean [{'role': 'user', 'content': 'Hi'}]?"),
    (lambda c: c.create(messages=HELLO[0]),
     "messages: expected a list of dicts, got a dict with the keys 'role', 'content'. Put it in a list."),
    (lambda c: c.create(messages=["Hi"]),
     "messages[0]: expected a dict, got 'Hi'. Did you mean {'role': 'user', 'content': 'Hi'}?"),
    (lambda c: c.create(messages=[{"role": "user", "content": ["x"]}]),
     "messages[0].content[0]: expected a dict, got 'x'. Did you mean {'type': 'text', 'text': 'x'}?"),
    (lambda c: c.create(messages=[{"role": "user", "content": {"type": "text", "text": "x"}}]),
     "expected a string or a list of dicts, got a dict with the keys 'type', 'text'. Put it in a list."),
    (lambda c: c.create(messages=HELLO, logprobs=1), "logprobs: expected True, False or None, got 1."),
    (lambda c: c.parse(messages=HELLO, response_format={"type": "text"}, strict=False),
     "strict: expected True, as response_format is no type, got False."),
    (lambda c: c.run_tools(messages=HELLO, before_call=5), "before_call: expected a function"),
    (lambda c: c.run_tools(messages=HELLO, on_event="log"), "on_event: expected a function"),
    (lambda c: c.run_tools(messages=HELLO, on_tool_error=approve),
     "'raise' or a function that is not async, got the coroutine function approve()."),
    (lambda c: c.create(messages=HELLO, before_call=print),
     ("create() has no parameter 'before_call' (given: the function print()). "
      "It is a parameter of run_tools() and stream_tools().")),
    (lambda c: c.create(messages=HELLO, on_event=print), "It is a parameter of run_tools()."),
    (lambda c: c.run_tools(messages=HELLO, retries_on_invalid=2), "It is a parameter of parse()."),
    (lambda c: c.create(messages=HELLO, strict=False),
     "It is a parameter of parse(), stream(), run_tools() and stream_tools()."),
    (lambda c: c.stream(messages=HELLO, max_turns=3),
     "stream() has no parameter 'max_turns' (given: 3). It is a parameter of run_tools() and stream_tools()."),
    (lambda c: c.run_tools(messages=HELLO, max_steps=3),
     "run_tools() has no parameter 'max_steps' (given: 3). Did you mean 'max_turns'?"),
    (lambda c: c.create(messages=HELLO, max_steps=3),
     "create() has no parameter 'max_steps' (given: 3). To send a parameter that this version does not know"),
    (lambda c: c.create(messages=HELLO, system="x"),
     "create() has no parameter 'system' (given: 'x'). Give instructions as the first message"),
    (lambda c: c.create(messages=HELLO, base_url="http://x"), "It is an option of the client: Opper(base_url=...)."),
    (lambda c: c.stream(messages=HELLO, response_limits=5), "of the client: Opper(response_limits=...)."),
    (lambda c: c.create(messages=HELLO, extra_body={"messages": []}),
     "extra_body.messages: expected a list of at least one message, got []."),
    (lambda c: c.stream(messages=HELLO, extra_body={"messages": None}),
     "extra_body.messages: expected a list of at least one message, got None."),
    (lambda c: c.parse(messages=HELLO, response_format=pydantic.BaseModel),
     ("response_format: expected a class with fields, got BaseModel. "
      "Give a subclass of BaseModel that has the fields.")),
    (lambda c: c.stream(messages=HELLO, response_format=list[pydantic.BaseModel]),
     "response_format[]: expected a class with fields, got BaseModel."),
    (lambda c: c.run_tools(messages=HELLO, response_format=pydantic.BaseModel, strict=False), "a class with fields"),
    (lambda c: c.stream_tools(messages=HELLO, response_format=Outer),
     "response_format.inner: expected a class with fields, got BaseModel."),
    (lambda c: c.parse(messages=HELLO, response_format=msgspec.Struct), "expected a class with fields"),
    (lambda c: c.parse(messages=HELLO, response_format=[Answer]), "Did you mean list[Answer]?"),
    (lambda c: c.stream(messages=HELLO, response_format=[Answer, int]), "Did you mean list[Answer | int]?"),
    (lambda c: c.run_tools(messages=HELLO, response_format=list[[Answer]]),  # type: ignore[misc]
     "response_format[]: expected a type, got"),
    (lambda c: c.stream_tools(messages=HELLO, response_format={int}), "Did you mean set[int]?"),
    (lambda c: c.create(messages=HELLO, response_format=[Answer]), "Use parse(response_format=list[Answer])"),
    (lambda c: c.parse(messages=HELLO, response_format=bytearray()), "response_format: expected a type, got bytearray"),
    (lambda c: c.create(messages=HELLO, seed=10**5000), "seed: expected an integer of at most 4300 digits, got an "),
    (lambda c: c.create(messages=HELLO, extra_query={"a": 10**5000}), "extra_query['a']: expected"),
    (lambda c: c.create(messages=HELLO, extra_query={"a": "\ud800"}), "extra_query['a']: expected a string that UTF-8"),
    (lambda c: c.create(messages=HELLO, extra_body={"a\ud800": 1}), "expected a string without half of a surrogate"),
    (lambda c: c.create(messages=HELLO, response_format="json"), "Did you mean {'type': 'json_object'}?"),
    (lambda c: c.create(messages=HELLO, response_format="json_schema"),
     "Did you mean {'type': 'json_schema', 'json_schema': {'name': ..., 'schema': ...}}?"),
    (lambda c: c.create(messages=make.user), "got the function user(). Pass what it returns, not the function."),
    (lambda c: c.create(messages=HELLO, tools={"f": now}), "Give a list of tools, without names for them."),
    (lambda c: c.run_tools(messages=HELLO, tools=get_weather), "or with tool(get_weather), and put it in a list."),
    (lambda c: c.run_tools(messages=HELLO, tools=(each for each in [now])), "Convert it to a list."),
    (lambda c: c.run_tools(messages=HELLO, tools=[Answer]),
     "got the class Answer. Give a function that has a parameter of this type"),
    (lambda c: c.create(messages=HELLO, tools=[partial(get_weather)]), "Make it a tool with tool(...)."),
    (lambda c: c.create(messages=HELLO, functions=[get_weather]),
     "Make it a tool with the decorator @tool, or with tool(get_weather). Tools are for the argument tools."),
    (lambda c: c.create(messages=[*HELLO, {"role": "user", "content": "x", "more": nested(600)}]),
     "messages[1].more[0][0]: expected a value with less nesting, got one with 601 levels."),
    (lambda c: c.stream(messages=HELLO, extra_body={"more": nested(2000)}), "extra_body.more[0][0][0]: expected"),
    (lambda c: c.create(messages=HELLO, tags={"a": ENDLESS}),
     "tags.a[0]: expected a value that does not contain itself, got one that does."),
    (lambda c: c.create(messages=HELLO, prediction="x"), "Did you mean {'type': 'content', 'content': 'x'}?"),
    (lambda c: c.create(messages=[{"role": "user", "content": Answer()}]),
     "messages[0].content: expected a string or a list of dicts, got Answer(x=1). Convert it with .model_dump_json()."),
    (lambda c: c.create(messages=[{"role": "tool", "tool_call_id": "1", "content": {"a": 1}}]),
     "messages[0].content: expected a string or a list of dicts, got a dict with the key 'a'. Convert it with json."),
    (lambda c: c.create(messages=HELLO, metadata={"a": Answer()}), "Convert it with .model_dump_json()."),
    (lambda c: c.create(messages=HELLO, extra_body={"a": Answer()}), "Convert it with .model_dump(mode='json')."),
    (lambda c: c.create(messages=HELLO, user=Point()), "Convert it with json.dumps(attrs.asdict(...))."),
    (lambda c: c.create(messages=HELLO, reasoning_effort=5),
     "reasoning_effort: expected a string (such as 'minimal', 'low', 'medium', 'high') or None, got 5."),
    (lambda c: c.create(messages=HELLO, tool_choice=5),
     "tool_choice: expected a string (such as 'none', 'auto', 'required'), a dict or None, got 5."),
    (lambda c: c.create(messages=HELLO, stop=5), "stop: expected a string, a list of strings or None, got 5."),
    (lambda c: c.create(messages=HELLO, model=5),
     "model: expected a string, a dict, a list of strings and dicts or None, got 5."),
    (lambda c: c.create(messages=HELLO, extra_headers=5), "expected a dict of strings, got an integer (not shown)."),
    (lambda c: c.run_tools(messages=HELLO, n=2), "n: expected 1 or None, got 2. A run follows one choice."),
]  # fmt: skip


@pytest.mark.parametrize(("mistake", "message"), MISTAKES, ids=[message[:40] for _, message in MISTAKES])
def test_a_mistake_is_answered_with_what_to_do(
    server: LocalServer, flavour: Flavour, mistake: Callable[[Any], object], message: str
) -> None:
    """What was given, what is accepted, in words of Python, and the method that was called; nothing is sent."""
    with pytest.raises(InvalidArgumentError) as caught:
        flavour(lambda client: mistake(client.chat.completions), api_key="key", base_url=server.base_url)
    assert message in str(caught.value)
    assert ("use extra_body" in str(caught.value)) <= isinstance(caught.value, UnknownArgumentError)
    assert not {"text", "whole", "member", "object"}.intersection(caught.value.expected.split())
    assert server.requests == []


@pytest.mark.filterwarnings("error")
def test_the_sync_client_refuses_coroutine_functions(server: LocalServer) -> None:
    """Before anything is sent, and no coroutine is left that nobody awaits."""
    mistakes: list[Callable[[Opper], object]] = [
        lambda client: client.chat.completions.run_tools(messages=HELLO, tools=[now], before_call=approve),  # type: ignore[call-overload]
        lambda client: client.chat.completions.run_tools(messages=HELLO, tools=[now], on_event=approve),  # type: ignore[call-overload]
        lambda client: client.chat.completions.stream_tools(messages=HELLO, tools=[now], before_call=approve),  # type: ignore[call-overload]
        lambda client: Opper(api_key="key", base_url=client.base_url, event_hooks={"request": [approve]}),
    ]
    with Opper(api_key="key", base_url=server.base_url) as client:
        for mistake in mistakes:
            with pytest.raises(InvalidArgumentError, match=r"got the coroutine function approve\(\). Use AsyncOpper"):
                mistake(client)
    assert server.requests == []


def test_the_async_client_takes_coroutine_functions(server: LocalServer) -> None:
    """As before."""
    server.reply(ASKS)
    server.reply(completion())

    async def run() -> Any:
        async with AsyncOpper(api_key="key", base_url=server.base_url) as client:
            return await client.chat.completions.run_tools(
                messages=HELLO,
                tools=[now],
                before_call=approve,
                on_event=approve,  # type: ignore[arg-type]
            )

    assert asyncio.run(run()).calls[0].outcome == "succeeded"


UNNAMED = ToolCall(id="", name="now", arguments="{}")


def takes_list(x: [int]) -> None:  # type: ignore[valid-type]
    """Take what is no type."""


def takes_base(x: pydantic.BaseModel) -> None:
    """Take a model of no fields."""


def takes_tuple(x: "(int, str)") -> None:  # type: ignore[syntax]
    """Take two types."""


def test_the_parameters_named_in_errors_are_those_of_the_methods() -> None:
    """Each parameter of another method, and each option of the client, is recognized as one."""
    calls = type(Opper(api_key="key").chat.completions)
    common = set(signature(calls.create).parameters)
    for name in ("parse", "stream", "run_tools", "stream_tools"):
        for parameter in set(signature(getattr(calls, name)).parameters) - common:
            with (
                Opper(api_key="key") as client,
                pytest.raises(UnknownArgumentError, match="It is a parameter of ") as caught,
            ):
                client.chat.completions.create(messages=HELLO, **{parameter: 1})
            assert f"{name}()" in str(caught.value)
    for option in set(signature(Opper).parameters) - common:
        with Opper(api_key="key") as client, pytest.raises(UnknownArgumentError) as caught:
            client.chat.completions.create(messages=HELLO, **{option: "value"})
        assert f"It is an option of the client: Opper({option}=...)." in str(caught.value)


def test_numbers_are_not_proposed_to_be_strings(server: LocalServer) -> None:
    """A hint says how to get what is accepted, or there is none."""
    with Opper(api_key="key", base_url=server.base_url) as client:
        for arguments in (
            {"max_tokens": b"5"},
            {"temperature": Answer()},
            {"logprobs": b"x"},
            {"response_format": "x"},
        ):
            with pytest.raises(InvalidArgumentError) as caught:
                client.chat.completions.create(messages=HELLO, **arguments)  # type: ignore[call-overload]
            assert str(caught.value).endswith(f"got {caught.value.received}.")


@pytest.mark.filterwarnings("ignore:The API key is sent to x unencrypted")
@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("localhost:8080", "http://localhost:8080"),
        ("127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
        ("api.opper.ai/v2", "https://api.opper.ai/v2"),
        ("https:/x/v1", "https://x/v1"),
        ("http:x/v1", "http://x/v1"),
        ("https//x/v1", "https://x/v1"),
        ("//x/v1", "https://x/v1"),
        ("https://https:/x/v1", "https://x/v1"),
        ("http://https://x/v1", "https://x/v1"),
        ("/v1", None),
        ("x y", None),
        ("ftp:x", None),
        ("x:99999", None),
    ],
)
def test_an_address_that_is_proposed_is_accepted(address: str, meant: str | None) -> None:
    """It has a scheme, http for a server on the same machine; where none would be accepted, there is no proposal."""
    with pytest.raises(InvalidArgumentError) as caught:
        Opper(api_key="key", base_url=address)
    assert ("Did you mean" in str(caught.value)) is (meant is not None)
    if meant is not None:
        assert f"Did you mean {meant!r}?" in str(caught.value)
        Opper(api_key="key", base_url=meant).close()


NAN = float("nan")


class Watcher:
    """An observer of calls."""

    def on_call_start(self, call: object) -> None:
        """Do nothing."""

    def on_attempt_end(self, call: object, attempt: object) -> None:
        """Do nothing."""

    def on_call_end(self, call: object) -> None:
        """Do nothing."""


def test_what_is_no_observer_is_refused() -> None:
    """Also a class in place of an instance; and what is no provider of OpenTelemetry."""
    observed: Any = add_observer
    mistakes: list[tuple[Callable[[], object], str]] = [
        (
            lambda: observed(5),
            "observer: expected an object with the methods on_call_start(), on_attempt_end() and on_call_end(), got 5.",
        ),
        (lambda: observed(Watcher), "got the class Watcher. Pass an instance of it."),
        (
            lambda: telemetry.instrument(5),
            "tracer_provider: expected a TracerProvider of OpenTelemetry or None, got 5.",
        ),  # type: ignore[arg-type]
        (lambda: telemetry.instrument(None, 5), "meter_provider: expected a MeterProvider of"),  # type: ignore[arg-type]
        (lambda: telemetry.instrument(capture_content=5), "capture_content: expected True or False"),  # type: ignore[arg-type]
    ]
    for mistake, message in mistakes:
        with pytest.raises(InvalidArgumentError) as caught:
            mistake()
        assert message in str(caught.value)


@pytest.mark.parametrize("name", [name for name in testing.__all__ if name.endswith("Error")])
def test_errors_of_testing_are_shown_by_the_name_that_is_imported(name: str) -> None:
    """Tracebacks name the module that has it, and it can be pickled by that name."""
    cls = getattr(testing, name)
    assert cls.__module__ == "opper_chat.testing"
    assert pickle.loads(pickle.dumps(cls)) is cls


def test_a_key_log_that_cannot_be_written_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own: the TLS context is made once."""
    program = (
        "from opper_chat import *\n"
        "with Opper(api_key='key', base_url='https://127.0.0.1:9', max_retries=0) as client:\n"
        "    try: client.chat.completions.create(messages=[{'role': 'user', 'content': 'x'}])\n"
        "    except APIConnectionError as error: print(error)\n"
    )
    monkeypatch.setenv("SSLKEYLOGFILE", "/no/dir/keys.log")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("SSLKEYLOGFILE: '/no/dir/keys.log' cannot be written: No such file or directory.")


def test_the_log_may_show_warnings_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """`OPPER_LOG=warning` is accepted."""
    monkeypatch.setenv("OPPER_LOG", "warning")
    done = subprocess.run(
        [sys.executable, "-c", "import opper_chat; opper_chat.Opper(api_key='key').close()"], check=True
    )
    assert done.returncode == 0


def test_a_run_without_messages_is_given_nothing() -> None:
    """Not None, which nobody gave."""
    with Opper(api_key="key") as client, pytest.raises(InvalidArgumentError, match="got nothing"):
        client.chat.completions.run_tools()  # type: ignore[call-overload]


SECRET = "sk-very-secret-1"  # it is none


@pytest.mark.parametrize(
    "arguments",
    [
        {"extra_headers": f"Bearer {SECRET}"},
        {"extra_headers": {"authorization": [SECRET]}},
        {"extra_header": SECRET},
        {"api_key": SECRET},
        {"token": SECRET},
        {"accessToken": SECRET},
        {"metadata": {"api_key": [SECRET]}},
        {"model": {"name": "m", "extra_headers": {"x": [SECRET]}}},
        {"tags": {"client_secret": {SECRET}}},
    ],
)
def test_a_value_under_a_secret_name_is_not_shown(arguments: dict[str, Any]) -> None:
    """Names are taken by whole words, so that `max_tokens` is shown and these are not."""
    with Opper(api_key="key") as client, pytest.raises(InvalidArgumentError) as caught:
        client.chat.completions.create(messages=HELLO, **arguments)
    assert SECRET not in f"{caught.value} {caught.value.received}"
    assert "not shown" in str(caught.value)


def test_mistakes_beside_calls(server: LocalServer) -> None:
    """Conversations, tools and the functions that make messages."""
    client = Opper(api_key="key", base_url=server.base_url)
    talk: Any = Conversation(client)
    anything: Any = tool
    mistakes: list[tuple[Callable[[], object], str]] = [
        (lambda: talk.append(HELLO),
         "message: expected a message, got [{'role': 'user', 'content': 'Hello'}]. Use extend()"),
        (lambda: talk.extend(HELLO[0]), "messages: expected an iterable of messages, got a dict with the keys"),
        (lambda: talk.extend(5), "messages: expected an iterable of messages, got 5. Use append() for one message."),
        (lambda: talk.send(5), "send(content[0]): expected a string or a part, got 5."),
        (lambda: talk.send(["x"]), "send(content[0]): expected a string or a part, got ['x']. Give each part"),
        (lambda: talk.send("x", stream=True),
         "Conversation.send() has no parameter 'stream' (given: True). Use its method stream()."),
        (lambda: talk.stream("x", stream=True),
         "Conversation.stream() has no parameter 'stream' (given: True). It always streams. Leave the argument out."),
        (lambda: talk.stream(5), "stream(content[0]): expected a string or a part, got 5."),
        (lambda: talk.stream("x", temprature=1), "Conversation.stream() has no parameter 'temprature'"),
        (lambda: talk.send("x", max_turns=2), "It is a parameter of run_tools() and stream_tools() of client.chat."),
        (lambda: Conversation(client, system=5), "system: expected a string or None, got 5."),  # type: ignore[arg-type]
        (lambda: Conversation(client, response_format=Answer),  # type: ignore[arg-type]
         "response_format: expected a dict or None, got the class Answer. Conversations take no types."),
        (lambda: anything(5), "tool(): expected a function, got 5."),
        (lambda: anything("f"), "tool(): expected a function, got 'f'. Did you mean @tool(name='f')?"),
        (lambda: anything(name=5)(get_weather), "name: expected a string or None, got 5."),
        (lambda: anything(strict="no")(get_weather), "strict: expected True or False, got 'no'."),
        (lambda: custom_tool(5), "custom_tool(): expected a function, got 5."),  # type: ignore[call-overload]
        (lambda: make.tool_message("id", {"a": 1}),  # type: ignore[arg-type]
         "tool_message(content[0]): expected a string or a part, got a dict with the key 'a'. Use tool_result(call,"),
        (lambda: make.tool_message({"type": "function"}, "x"),  # type: ignore[typeddict-item]
         "tool_message(call): expected a tool call with an id, or its id, got one without: a dict with the key 'type'"),
        (lambda: tool_result(UNNAMED, "x"), "tool_result(call): expected a tool call with an id, or its id, got one"),
        (lambda: tool_result(5, "x"), "tool_result(call): expected a tool call, or its id, got 5."),  # type: ignore[arg-type]
        (lambda: tool_result(None, "x"), "tool_result(call): expected a tool call, or its id, got None."),  # type: ignore[arg-type]
        (lambda: tool_result("id", 10**5000), "tool_result(value): expected integers of at most 4300 digits"),
        (lambda: anything(get_weather, definition=5), "definition: expected a dict, got 5."),
        (lambda: anything(get_weather, definition={"type": "function", "function": {"nam": "f"}}),
         "definition.function: expected a dict with the key 'name', got a dict with the key 'nam'."),
        (lambda: custom_tool(get_weather, format=5), "format: expected a dict, got 5."),  # type: ignore[call-overload]
        (lambda: custom_tool(get_weather, format={"type": "text", "syntax": NAN}), "format.syntax: expected a finite"),
        (lambda: Opper(api_key=5), "api_key: expected a key of visible ASCII characters, got an integer (not shown)."),  # type: ignore[arg-type]
        (lambda: Opper(api_key="a\nb"), "got a string with other characters (not shown)."),
        (lambda: Opper(api_key="key", http_client=httpx.Client),  # type: ignore[arg-type]
         "got the class Client. Pass an instance of it: Client()."),
        (lambda: anything(takes_list), "takes_list.x: expected a type, got [<class 'int'>]. Did you mean list[int]?"),
        (lambda: anything(takes_base), "takes_base.x: expected a class with fields, got BaseModel."),
        (lambda: anything(takes_tuple), "takes_tuple(): expected type hints that are types, got others: "),
        (lambda: make.assistant(tool_calls=5), "assistant(tool_calls): expected a list of tool calls, got 5."),  # type: ignore[arg-type]
    ]  # fmt: skip
    with client:
        for mistake, message in mistakes:
            with pytest.raises(InvalidArgumentError) as caught:
                mistake()
            assert message in str(caught.value)
    assert server.requests == []

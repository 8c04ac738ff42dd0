"""Conversations over real sockets: what is kept, what is sent, what is left out, and what comes back from a file."""

import asyncio
import copy
import json
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from flavours import Flavour
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opper_chat import (
    APIConnectionError,
    APIResponseValidationError,
    AsyncConversation,
    AsyncOpper,
    Conversation,
    InvalidArgumentError,
    Opper,
    RateLimitError,
    StreamTruncatedError,
    UnknownArgumentError,
)
from opper_chat.messages import assistant, image, system, text, tool_message, user
from opper_chat.testing import CUT, LocalServer, Pause, Reply, chunk
from opper_chat_api.models import ChatCompletionMessage, OtherMessage

DONE = b"data: [DONE]\n\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
WEATHER: Any = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}


def answer(message: dict[str, Any], **usage: Any) -> Reply:
    completion = {"id": "1", "object": "chat.completion", "created": 0, "model": "m"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return Reply.json({**completion, "choices": [choice], **({"usage": usage} if usage else {})})


def streamed(*texts: str) -> Reply:
    return Reply.sse([*map(chunk, texts), chunk(finish_reason="stop"), DONE])


def talk(
    flavour: Flavour,
    server: LocalServer,
    turns: Callable[[Any, Callable[[Any], Any]], Awaitable[Any]],
    **arguments: Any,
) -> Any:
    """Run `turns(conversation, wait)` on either kind of conversation; `wait` awaits what the async one returns."""

    async def asynchronous(client: AsyncOpper) -> Any:
        async def wait(value: Any) -> Any:
            return await value

        return await turns(AsyncConversation(client, **arguments), wait)

    def synchronous(client: Opper) -> Any:
        async def wait(value: Any) -> Any:
            return value

        coroutine = turns(Conversation(client, **arguments), wait)
        try:
            coroutine.send(None)  # type: ignore[attr-defined]
        except StopIteration as stop:
            return stop.value
        raise AssertionError("a sync conversation waited")

    made = {"api_key": "key", "base_url": server.base_url}
    return flavour(synchronous if flavour.kind == "sync" else asynchronous, **made)


async def read(conversation: Any, *content: Any, until: int | None = None, **overrides: Any) -> list[Any]:
    """Read the events of a streamed turn, to the end or as many."""
    events: list[Any] = []
    if isinstance(conversation, AsyncConversation):
        async with conversation.stream(*content, **overrides) as stream:
            async for event in stream:
                events.append(event)
                if len(events) == until:
                    break
    else:
        with conversation.stream(*content, **overrides) as stream:
            for event in stream:
                events.append(event)
                if len(events) == until:
                    break
    return events


def roles(messages: Any) -> list[str]:
    return [message["role"] for message in messages]


def test_turns_follow_each_other(server: LocalServer, flavour: Flavour) -> None:
    """Each request has all that was said, the answers as they came, and the arguments with what the call changes."""
    server.reply(answer({"role": "assistant", "content": "Hello", "reasoning_content": "hm", "x": {"y": 1}, "z": None}))

    async def turns(conversation: Any, wait: Any) -> Any:
        completion = await wait(conversation.send("Hi"))
        assert completion.text == "Hello"
        await wait(conversation.send("Look:", image(PNG), model="c/d", temperature=None))
        return conversation

    conversation = talk(flavour, server, turns, system="Be brief.", model="a/b", temperature=0)
    first, second = server.requests
    assert first.body == {"messages": first.messages, "model": "a/b", "temperature": 0, "stream": False}
    assert first.messages == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    assert second.body == {"messages": second.messages, "model": "c/d", "stream": False}
    assert second.messages[:2] == first.messages
    assert second.messages[2] == {"role": "assistant", "content": "Hello", "reasoning_content": "hm", "x": {"y": 1}}
    assert second.messages[3]["content"][1]["type"] == "image_url"
    assert len(conversation) == 5
    assert conversation.messages[:4] == second.messages
    assert [*conversation] == conversation.messages


def test_tools_have_their_turns(server: LocalServer, flavour: Flavour) -> None:
    """The calls, then their answers as whole messages, then a text; nothing said sends what is there."""

    async def turns(conversation: Any, wait: Any) -> Any:
        completion = await wait(conversation.send("How is the weather?"))
        conversation.extend(tool_message(call, "Sunny.") for call in completion.message.tool_calls)
        assert "Sunny." in (await wait(conversation.send())).text
        again = await wait(conversation.send("And there?"))
        assert (
            "Rain."
            in (await wait(conversation.send(*(tool_message(c, "Rain.") for c in again.message.tool_calls)))).text
        )
        return conversation

    conversation = talk(flavour, server, turns, tools=[WEATHER])
    assert roles(conversation) == ["user", "assistant", "tool", "assistant"] * 2
    assert server.requests[1].messages == conversation.messages[:3]


def test_what_a_server_invents_is_kept_and_sent(server: LocalServer, tmp_path: Path) -> None:
    """Calls, parts and roles that no list names, through the conversation, a file and back to the server."""
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "x"}]
    said = {"role": "assistant", "content": parts, "tool_calls": [{"type": "mcp", "id": "1"}]}
    server.reply(answer(said), answer({"content": "y"}), answer({"content": "z"}))
    with Opper(api_key="key", base_url=server.base_url) as client:
        conversation = Conversation(client)
        conversation.append(OtherMessage.from_dict({"role": "critic", "content": None}))
        assert conversation.send("Hi").text == "x"
        conversation.send("And?")
        conversation.save(tmp_path / "talk.jsonl")
        loaded = Conversation.load(client, tmp_path / "talk.jsonl")
        loaded.send("More")
    critic = {"role": "critic", "content": None}
    assert server.requests[1].messages == [critic, user("Hi"), said, user("And?")]
    assert server.requests[2].messages[:4] == server.requests[1].messages
    assert loaded.messages[:5] == conversation.messages


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply.json({"error": "busy"}, status=429), RateLimitError),
        (Reply.json({"id": "1", "choices": []}), APIResponseValidationError),
        (Reply.json("nonsense"), APIResponseValidationError),
        (Reply.raw(b""), APIConnectionError),
    ],
)
def test_a_turn_that_fails_leaves_no_trace(
    server: LocalServer, flavour: Flavour, reply: Reply, error: type[Exception]
) -> None:
    """The error, the messages as they were, and the same again with success."""
    server.reply(reply)

    async def turns(conversation: Any, wait: Any) -> Any:
        before = conversation.messages
        with pytest.raises(error):
            await wait(conversation.send("Hi"))
        assert conversation.messages == before
        await wait(conversation.send("Hi"))
        return conversation

    assert roles(talk(flavour, server, turns, system="Be brief.")) == ["system", "user", "assistant"]
    assert server.requests[0].body == server.requests[1].body


def test_a_stream_that_is_read_to_its_end_is_kept(server: LocalServer, flavour: Flavour) -> None:
    """The events of a stream, the turn after leaving it, and the answer in the next request."""
    server.reply(streamed("Hel", "lo"), streamed("Bye"))

    async def turns(conversation: Any, wait: Any) -> Any:
        events = await read(conversation, "Hi", temperature=1)
        assert [event.type for event in events if event.type != "chunk"] == [
            "content.delta", "content.delta", "content.done", "done",
        ]  # fmt: skip
        assert roles(conversation) == ["user", "assistant"]
        await read(conversation, "Bye")
        return conversation

    conversation = talk(flavour, server, turns, model="a/b")
    assert server.requests[0].body == {"messages": [user("Hi")], "model": "a/b", "temperature": 1, "stream": True}
    assert server.requests[1].messages == [user("Hi"), assistant("Hello"), user("Bye")]
    assert len(conversation) == 4


@pytest.mark.parametrize(
    ("reply", "until", "error"),
    [
        (Reply.sse([chunk("Hel"), chunk("lo")]), None, StreamTruncatedError),
        (Reply.sse([chunk("Hel"), CUT]), None, APIConnectionError),
        (Reply.json({"error": "busy"}, status=429), None, RateLimitError),
        (streamed("Hel", "lo"), 1, None),
        (Reply.sse([chunk("Hel"), Pause(0.05), chunk("lo"), chunk(finish_reason="stop"), DONE]), 2, None),
        (Reply.sse([DONE]), None, StreamTruncatedError),
    ],
)
def test_a_stream_that_is_not_leaves_no_trace(
    server: LocalServer, flavour: Flavour, reply: Reply, until: int | None, error: type[Exception] | None
) -> None:
    """Truncated, cut, refused, closed early or empty: the messages as before, and the conversation free to go on."""
    server.reply(reply, streamed("Hello"))

    async def turns(conversation: Any, wait: Any) -> Any:
        if error is None:
            assert len(await read(conversation, "Hi", until=until)) == until
        else:
            with pytest.raises(error):
                await read(conversation, "Hi")
        assert conversation.messages == []
        await read(conversation, "Hi")
        return conversation

    assert talk(flavour, server, turns).messages == [user("Hi"), assistant("Hello")]


def test_a_stream_that_an_exception_leaves_is_not_kept(server: LocalServer) -> None:
    """The caller's own exception, and the messages as before, though the answer was whole."""
    server.reply(streamed("Hello"))
    with Opper(api_key="key", base_url=server.base_url) as client:
        conversation = Conversation(client)
        with pytest.raises(ZeroDivisionError):
            with conversation.stream("Hi") as events:
                events.until_done()
                _ = 1 / 0
        assert conversation.messages == []
        with conversation.stream("Hi") as events:
            assert "You said: Hi" in events.get_final_text()
        assert len(conversation) == 2


def test_one_turn_at_a_time(server: LocalServer) -> None:
    """A clear error for whatever would change the messages meanwhile; a fork may ask, and reading is free."""
    server.reply(Reply.sse([chunk("Hel"), Pause(0.2), chunk("lo"), chunk(finish_reason="stop"), DONE]))
    with Opper(api_key="key", base_url=server.base_url) as client:
        conversation = Conversation(client)
        conversation.append(user("Hi"))
        with conversation.stream() as events:
            next(events)
            for change in (
                lambda: conversation.send("x"),
                lambda: conversation.stream("x").__enter__(),
                lambda: conversation.append(user("x")),
                lambda: conversation.extend([user("x")]),
                lambda: conversation.trim(1000),
            ):
                with pytest.raises(RuntimeError, match="in progress"):
                    change()
            assert conversation.messages == [user("Hi")]
            assert "You said: Hi" in conversation.fork().send().text
            events.until_done()
        assert conversation.messages == [user("Hi"), assistant("Hello")]
        assert conversation.send("x")


def test_of_many_threads_one_is_answered(server: LocalServer) -> None:
    """One turn, an error for the others, and no message twice."""
    server.reply(lambda _: (barrier.wait(5), answer({"content": "Hello"}))[1])
    barrier = threading.Barrier(5)
    outcomes: list[str] = []

    def ask() -> None:
        try:
            conversation.send("Hi")
            outcomes.append("answered")
        except RuntimeError:
            outcomes.append("refused")
            barrier.wait(5)

    with Opper(api_key="key", base_url=server.base_url, max_retries=0) as client:
        conversation = Conversation(client)
        threads = [threading.Thread(target=ask) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(outcomes) == ["answered", *["refused"] * 4]
    assert conversation.messages == [user("Hi"), assistant("Hello")]


def test_of_two_tasks_one_is_answered_and_a_cancelled_one_leaves_no_trace(server: LocalServer) -> None:
    """The second is refused at once; the first, cancelled, frees the conversation."""
    server.reply(Reply.json({}, delay=5))

    async def run() -> None:
        async with AsyncOpper(api_key="key", base_url=server.base_url, max_retries=0) as client:
            conversation = AsyncConversation(client)
            first = asyncio.create_task(conversation.send("Hi"))
            while not server.requests:
                await asyncio.sleep(0.01)
            with pytest.raises(RuntimeError, match="in progress"):
                await conversation.send("Hi")
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            assert conversation.messages == []
            await conversation.send("Hi")
            assert len(conversation) == 2

    asyncio.run(run())


def test_forks_are_independent(server: LocalServer) -> None:
    """Each has what was said before and what was said in it; so do copies."""
    with Opper(api_key="key", base_url=server.base_url) as client:
        conversation = Conversation(client, model="a/b", system="Be brief.")
        conversation.send("Hi")
        forks = [conversation.fork(), copy.copy(conversation), copy.deepcopy(conversation)]
        for fork in forks:
            assert fork.messages == conversation.messages
            assert fork.usage.total_tokens == 0
            fork.send("And?")
        forks[0].trim(27)
    assert [len(each) for each in (conversation, *forks)] == [3, 3, 5, 5]
    assert server.last_request.model == "a/b"


def test_what_is_handed_out_is_a_copy(server: LocalServer) -> None:
    """Changing it, or what was given, changes nothing that is sent."""
    given_parts: list[Any] = [{"type": "text", "text": "a"}]
    with Opper(api_key="key", base_url=server.base_url) as client:
        conversation = Conversation(client)
        conversation.append({"role": "user", "content": given_parts})
        given_parts[0]["text"] = "changed"
        handed: Any = conversation.messages
        handed[0]["content"][0]["text"] = "changed"
        handed.clear()
        next(iter(conversation))["role"] = "changed"  # type: ignore[typeddict-item]
    assert conversation.messages == [{"role": "user", "content": [{"type": "text", "text": "a"}]}]


def test_usage_adds_up(server: LocalServer, flavour: Flavour) -> None:
    """Numbers of all turns, those in details and those that no list names too; what is no number has no sum."""
    details = {"cached_tokens": 1}
    first = {
        "prompt_tokens": 1,
        "completion_tokens": 2,
        "total_tokens": 3,
        "cost": 0.25,
        "prompt_tokens_details": details,
    }
    second = {**first, "unit": "credits", "cost_details": {"upstream": 0.5}}
    message = {"role": "assistant", "content": "x"}
    server.reply(answer(message, **first), answer(message, **second), answer(message), answer(message, odd=1))

    async def turns(conversation: Any, wait: Any) -> Any:
        assert conversation.usage.total_tokens == 0
        for _ in range(4):
            await wait(conversation.send("Hi"))
        return conversation.usage

    assert talk(flavour, server, turns).to_dict() == {
        "prompt_tokens": 2,
        "completion_tokens": 4,
        "total_tokens": 6,
        "cost": 0.5,
        "cost_details": {"upstream": 0.5},
        "prompt_tokens_details": {"cached_tokens": 2},
    }


MISTAKES: list[tuple[Callable[[Any], Any], type[Exception], str]] = [
    (lambda conversation: conversation.send(5), InvalidArgumentError, "send(content[0])"),
    (lambda conversation: conversation.send("a", user("b")), InvalidArgumentError, "send(content[1])"),
    (lambda conversation: conversation.send(user("b"), "a"), InvalidArgumentError, "send(content[1])"),
    (lambda conversation: conversation.send({"role": "usr", "content": "x"}), InvalidArgumentError, "messages[0].role"),
    (lambda conversation: conversation.send("a", temprature=1), UnknownArgumentError, "temprature"),
    (lambda conversation: conversation.send("a", temperature="x"), InvalidArgumentError, "temperature"),
    (lambda conversation: conversation.send("a", stream=True), UnknownArgumentError, "stream"),
    (lambda conversation: conversation.send("a", messages=[]), UnknownArgumentError, "messages"),
    (lambda conversation: conversation.send(), InvalidArgumentError, "messages"),
    (lambda conversation: conversation.stream(5), InvalidArgumentError, "stream(content[0])"),
    (lambda conversation: conversation.stream("a", timeout=-1), InvalidArgumentError, "timeout"),
    (lambda conversation: conversation.append("a"), InvalidArgumentError, "messages[0]"),
    (lambda conversation: conversation.extend([user("a"), {}]), InvalidArgumentError, "messages[1]"),
    (lambda conversation: conversation.trim(0), InvalidArgumentError, "max_tokens"),
]


@pytest.mark.parametrize(("mistake", "error", "argument"), MISTAKES)
def test_wrong_arguments_send_nothing(
    server: LocalServer, mistake: Callable[[Any], Any], error: type[InvalidArgumentError], argument: str
) -> None:
    """An error that names the argument; no request is sent, and the history does not change."""
    with Opper(api_key="key", base_url=server.base_url) as client:
        conversation = Conversation(client)
        with pytest.raises(error) as caught:
            mistake(conversation)
    assert caught.value.argument == argument  # type: ignore[attr-defined]
    assert not server.requests
    assert len(conversation) == 0


def test_wrong_arguments_of_the_constructor_are_refused(server: LocalServer) -> None:
    """An unknown argument, a wrong value, and a client of the other kind."""
    with Opper(api_key="key", base_url=server.base_url) as client:
        for arguments, argument in [
            ({"temprature": 1}, "temprature"),
            ({"n": "x"}, "n"),
            ({"deadline": 0}, "deadline"),
        ]:
            with pytest.raises(InvalidArgumentError) as caught:
                Conversation(client, **arguments)  # type: ignore[arg-type]
            assert caught.value.argument == argument
        with pytest.raises(InvalidArgumentError, match="client: expected an AsyncOpper"):
            AsyncConversation(client)  # type: ignore[arg-type]


# What is left out, and files


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@st.composite
def transcripts(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Conversations of any form that a server may have accepted, and some that none would."""
    messages: list[dict[str, Any]] = []
    waiting: list[str] = []
    for number in range(draw(st.integers(0, 14))):
        kind = draw(st.sampled_from(["user", "user", "assistant", "calls", "tool", "system", "developer", "parts"]))
        if kind == "calls":
            ids = [f"call-{number}-{i}" for i in range(draw(st.integers(1, 3)))]
            waiting += ids
            calls = [{"id": i, "type": "function", "function": {"name": "f", "arguments": draw(texts)}} for i in ids]
            messages.append({"role": "assistant", "content": None, "tool_calls": calls})
        elif kind == "tool":
            if waiting:
                call_id = waiting.pop(draw(st.integers(0, len(waiting) - 1)))
                messages.append({"role": "tool", "tool_call_id": call_id, "content": draw(texts)})
        elif kind == "parts":
            messages.append({"role": "user", "content": [text(draw(texts)), image(PNG)], "x": draw(texts)})
        else:
            messages.append({"role": kind, "content": draw(texts), "unknown": draw(st.integers() | st.lists(texts))})
    return messages


SECRET = "secret-" * 3
"""Not a literal: Hypothesis draws those of the source as texts of messages."""


def conversation_of(messages: list[dict[str, Any]]) -> Conversation:
    conversation = Conversation(Opper(api_key=f"{SECRET}key"), model=f"{SECRET}model")
    conversation.extend(messages)  # type: ignore[arg-type]
    return conversation


def paired(messages: list[Any]) -> tuple[set[str], set[str]]:
    calls = {call["id"] for message in messages for call in message.get("tool_calls", ())}
    return calls, {message["tool_call_id"] for message in messages if message["role"] == "tool"}


@settings(max_examples=100, deadline=None)
@given(
    messages=transcripts(), budget=st.integers(1, 60), weights=st.lists(st.integers(0, 20), min_size=15, max_size=15)
)
def test_what_is_trimmed(messages: list[dict[str, Any]], budget: int, weights: list[int]) -> None:
    """Within the budget or an error; the order kept, calls with their answers, instructions and the last word; once."""
    for number, message in enumerate(messages):
        message["number"] = number

    def counter(message: Any) -> int:
        return weights[message["number"]]

    def total(messages: Any) -> int:
        return sum(map(counter, messages))

    conversation = conversation_of(messages)
    before = conversation.messages
    users = [message for message in before if message["role"] == "user"]
    instructions = [message for message in before if message["role"] in ("system", "developer")]
    try:
        left_out = conversation.trim(budget, counter)
    except InvalidArgumentError as error:
        assert conversation.messages == before
        kept = conversation_of(messages)
        needed = int(error.expected.removeprefix("at least "))
        assert needed > budget
        if needed:
            kept.trim(needed, counter)
            assert total(kept) == needed
        return
    after: list[Any] = conversation.messages
    assert total(after) <= budget
    assert sorted([*after, *left_out], key=lambda message: message["number"]) == before
    assert after == sorted(after, key=lambda message: message["number"])
    assert [message for message in after if message["role"] in ("system", "developer")] == instructions
    assert users[-1:] == [message for message in after if message["role"] == "user"][-1:]
    calls, answers = paired(after)
    _, all_answers = paired(before)
    assert answers <= calls
    assert calls & all_answers == answers
    if total(before) <= budget:
        assert not left_out
    assert conversation.trim(budget, counter) == []
    assert conversation.messages == after


def test_turns_are_left_out_whole_and_oldest_first() -> None:
    """The first turn with its tools, then the second; of a turn that is too large, its older rounds."""
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    calls: Any = {"role": "assistant", "content": None, "tool_calls": [call]}
    first = [user("a"), calls, tool_message("1", "r"), assistant("b")]
    second = [user("c"), assistant("d")]
    third = [user("e"), calls, tool_message("1", "r"), {**calls, "x": 1}, tool_message("1", "s")]
    everything: Any = [system("s"), *first, *second, *third]
    for budget, kept in [
        (12, everything),
        (11, [system("s"), *second, *third]),
        (8, [system("s"), *second, *third]),
        (7, [system("s"), *third]),
        (5, [system("s"), third[0], *third[3:]]),
        (4, [system("s"), third[0], *third[3:]]),
    ]:
        conversation = conversation_of(everything)
        conversation.trim(budget, lambda _: 1)
        assert conversation.messages == kept
    with pytest.raises(InvalidArgumentError, match="max_tokens: expected at least 4, got 3"):
        conversation.trim(3, lambda _: 1)
    for counter in (lambda _: "x", lambda _: -1, lambda _: True, 5):
        with pytest.raises(InvalidArgumentError, match="counter"):
            conversation.trim(3, counter)  # type: ignore[arg-type, return-value]


def test_without_a_counter_tokens_are_estimated() -> None:
    """Four characters a token and four tokens a message, which leaves room for the last two turns of three."""
    conversation = conversation_of([user("a" * 40), user("b" * 40), user("c" * 40)])  # type: ignore[list-item]
    assert conversation.trim(28) == [user("a" * 40)]
    assert conversation.trim(28) == []


def test_trimming_takes_time_that_grows_with_the_conversation() -> None:
    """As many calls of the counter as there are messages."""
    counted: list[Any] = []
    conversation = conversation_of([user("a"), assistant("b")] * 500)  # type: ignore[list-item]
    conversation.trim(10, lambda message: counted.append(message) or 1)  # type: ignore[func-returns-value]
    assert len(counted) == 1000
    assert len(conversation) == 10


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=transcripts())
def test_a_file_holds_all_and_nothing_else(tmp_path: Path, messages: list[dict[str, Any]]) -> None:
    """The same messages from the file, one on each line; neither key nor arguments."""
    conversation = conversation_of(messages)
    path = tmp_path / "talk.jsonl"
    conversation.save(path)
    written = path.read_text("utf-8")
    assert SECRET not in written
    assert [json.loads(line) for line in written.split("\n")[:-1]] == conversation.messages
    loaded = Conversation.load(Opper(api_key="key"), str(path))
    assert loaded.messages == conversation.messages
    assert loaded._request_messages([]) == conversation._request_messages([])


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (b'{"role": "user", "content": "half', "one message as JSON"),
        (b"\xff\xfe", "one message as JSON"),
        (b'"text"', "messages[1]: expected a dict, got 'text'"),
        (b'{"content": "x"}', "messages[1]: expected a dict with the key 'role'"),
        (b'{"role": 5}', "messages[1].role: "),
        (b'{"role": "usr", "content": "x"}', "messages[1].role: "),
        (b'{"role": "user"}', "messages[1]: expected a dict with the key 'content'"),
        (b'{"role": "user", "content": [{"type": "txt", "text": "x"}]}', "messages[1].content[0].type: "),
        (b'{"role": "tool", "content": "x"}', "messages[1]: expected a dict with the key 'tool_call_id'"),
        (b'{"role": "user", "content": "x", "n": NaN}', "messages[1].n: expected a finite number, got nan"),
        (b'{"role": "user", "content": "x", "n": [1e999]}', "messages[1].n[0]: expected a finite number, got inf"),
        (rb'{"role": "user", "content": "\ud800"}', "messages[1].content: expected a string without half"),
        (b'{"role": "user", "content": "x", "n": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b"[" * 100_000, "one message as JSON"),
    ],
)
def test_a_line_that_is_no_message_is_named(tmp_path: Path, line: bytes, word: str) -> None:
    """An error with the file and the number of the line."""
    path = tmp_path / "talk.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"role": "user", "content": "Hi"}\r\n\n' + line + b"\n")
    with pytest.raises(InvalidArgumentError, match=r"talk\.jsonl, line 3") as caught:
        Conversation.load(Opper(api_key="key"), path)
    assert word in str(caught.value)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """The old file after an error, without another beside it; its mode and the link to it stay."""
    path = tmp_path / "talk.jsonl"
    link = tmp_path / "link.jsonl"
    conversation_of([user("a")]).save(path)  # type: ignore[list-item]
    path.chmod(0o600)
    link.symlink_to(path)
    with pytest.raises(InvalidArgumentError, match=r"messages\[1\]"):
        conversation_of([user("b"), user("\ud800")]).save(path)  # type: ignore[list-item]
    assert json.loads(path.read_text()) == user("a")
    conversation_of([user("c")]).save(link)  # type: ignore[list-item]
    assert json.loads(path.read_text()) == user("c")
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["link.jsonl", "talk.jsonl"]
    with pytest.raises(FileNotFoundError):
        conversation_of([]).save(tmp_path / "none" / "talk.jsonl")
    with pytest.raises(FileNotFoundError):
        Conversation.load(Opper(api_key="key"), tmp_path / "none.jsonl")


UNREADABLE: list[dict[str, Any]] = [
    {"role": "tool", "content": "x"},
    {"role": "developer", "content": None},
    {"role": "function", "content": None},
    {"role": "user", "content": {"a": 1}},
    {"role": 5, "content": "x"},
]
"""Messages that a server may answer with, and that no request may have."""


@pytest.mark.parametrize("message", UNREADABLE, ids=lambda message: str(message["role"]))
def test_what_could_not_be_loaded_is_not_saved(
    flavour: Flavour, server: LocalServer, tmp_path: Path, message: dict[str, Any]
) -> None:
    """An error names the message, and the file stays as it was."""
    path = tmp_path / "talk.jsonl"
    server.reply(answer({"role": "assistant", "content": "Yes."}), answer(message))

    async def turns(conversation: Any, wait: Any) -> None:
        await wait(conversation.send("Hi"))
        conversation.save(path)
        await wait(conversation.send("And?"))
        with pytest.raises(InvalidArgumentError, match=r"^messages\[3\](\.\w+)?: expected "):
            conversation.save(path)

    talk(flavour, server, turns)
    assert len(Conversation.load(Opper(api_key="key"), path)) == 2
    assert [entry.name for entry in tmp_path.iterdir()] == ["talk.jsonl"]


@pytest.mark.parametrize("odd", [b"1e999", b'{"a": [1, NaN]}'])
def test_numbers_that_json_lacks_are_not_saved(
    flavour: Flavour, server: LocalServer, tmp_path: Path, odd: bytes
) -> None:
    """The property that holds one is left out, and is not written as null. The completion has it."""
    body = b'{"choices": [{"index": 0, "message": {"role": "assistant", "content": "Yes.", "odd": %s}}]}' % odd
    server.reply(Reply(headers={"content-type": "application/json"}, body=body))

    async def turns(conversation: Any, wait: Any) -> None:
        completion = await wait(conversation.send("Hi"))
        assert "odd" in completion.message
        conversation.save(tmp_path / "talk.jsonl")

    talk(flavour, server, turns)
    saved = [json.loads(line) for line in (tmp_path / "talk.jsonl").read_text().splitlines()]
    assert saved == [user("Hi"), {"role": "assistant", "content": "Yes."}]


@pytest.mark.parametrize(
    ("extra", "place"),
    [
        ({"content": "b\ud800"}, "messages[1].content"),
        ({"content": [{"type": "text", "text": "\udfff"}]}, "messages[1].content[0].text"),
        ({"od\ud800d": 1}, "messages[1].od\ud800d"),
    ],
)
def test_half_of_a_surrogate_pair_is_not_kept(extra: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidArgumentError, match="expected a string without half of a surrogate pair") as caught:
        conversation_of([user("a"), {**user("b"), **extra}])
    assert caught.value.argument == place
    assert str(caught.value).encode().startswith(place.encode("utf-8", "backslashreplace") + b": ")


def test_what_can_be_sent_can_be_saved_and_loaded(tmp_path: Path) -> None:
    """Parts of kinds that the contract does not list too, wherever they stand."""
    picture = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    video = {"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}}
    said: list[Any] = [
        {"role": "user", "content": [video]},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": []}]},
        {"role": "tool", "tool_call_id": "1", "content": [picture, video]},
        {"role": "critic", "content": "x"},
    ]
    conversation = conversation_of(said)
    conversation.save(tmp_path / "talk.jsonl")
    loaded = Conversation.load(Opper(api_key="key"), tmp_path / "talk.jsonl")
    assert loaded.messages == conversation.messages == said


def test_a_repr_says_how_long_it_is() -> None:
    """The number of messages, and none of what was said."""
    assert repr(conversation_of([user("private")])) == "<Conversation of 1 messages>"  # type: ignore[list-item]
    assert isinstance(conversation_of([assistant("x")])._request_messages([])[0], OtherMessage)  # type: ignore[list-item]
    conversation = conversation_of([])
    conversation.append(ChatCompletionMessage.from_dict({"content": "x", "unknown": None}))
    assert conversation.messages == [{"content": "x", "role": "assistant"}]


def test_arguments_are_not_shared(server: LocalServer) -> None:
    """What the caller does with a list afterwards is his own business."""
    stop = ["a"]
    with Opper(api_key="key", base_url=server.base_url) as client:
        conversation = Conversation(client, stop=stop)
        stop.append("b")
        conversation.send("Hello")
    assert server.requests[-1].body["stop"] == ["a"]  # type: ignore[index]

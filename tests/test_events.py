"""The typed events of a stream: what comes when, once, with the snapshot so far."""

import copy
import json
import pickle
import sys
import tracemalloc
from collections.abc import Iterable
from typing import Any, get_args

import pytest
from corpus import Exchange, needs_corpus, recorded
from hypothesis import given, settings
from opper_chat import ChatCompletion, ToolArgumentsError
from opper_chat._concurrency.deadlines import Deadlines, Timeouts
from opper_chat._streaming import events as _events
from opper_chat._streaming.accumulator import Accumulator
from opper_chat._streaming.chunk_templates import DecodedChunk
from opper_chat._streaming.event_builder import EventBuilder
from opper_chat._streaming.events import StreamEvent
from opper_chat._streaming.state import StreamState
from opper_chat_api.models import ChatCompletionChunk, CustomToolCall, FunctionToolCall, OtherToolCall
from test_accumulator import CHUNKS, recorded_chunks, split_completions


def stream(chunks: Iterable[Any], *, finish: bool = True) -> list[Any]:
    """The events of a stream, as a shell would hand them out."""
    accumulator = Accumulator()
    builder = EventBuilder(accumulator)
    events: list[Any] = []
    for value in chunks:
        accumulator.add(value)
        events += builder.build(DecodedChunk(ChatCompletionChunk.from_dict(value), value))
    return [*events, *builder.finish()] if finish else events


def one(delta: Any, reason: Any = None, index: int = 0, **more: Any) -> dict[str, Any]:
    """A chunk with one choice."""
    return {"choices": [{"index": index, "delta": delta, "finish_reason": reason, **more}]}


def told(events: Iterable[Any]) -> list[Any]:
    """The events but for chunks, each as its type and what it says."""
    said = {
        "content.delta": "delta", "content.done": "content", "refusal.delta": "delta", "refusal.done": "refusal",
        "reasoning.delta": "delta", "reasoning.done": "reasoning", "tool_call.delta": "arguments_delta",
        "tool_call.done": "parsed",
    }  # fmt: skip
    return [(event.type, getattr(event, said.get(event.type, "type"))) for event in events if event.type != "chunk"]


def calls_done(events: Iterable[Any], name: str = "tool_call.done") -> list[Any]:
    return [event for event in events if event.type == name]


def call(arguments: Any = "", name: Any = None, call_id: Any = None, index: int = 0) -> dict[str, Any]:
    return {"tool_calls": [{"index": index, "id": call_id, "function": {"name": name, "arguments": arguments}}]}


def test_the_events_of_an_answer() -> None:
    """Chunk, deltas, the done events with the finish reason, usage, done."""
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    chunks = [
        one({"role": "assistant", "content": ""}),
        one({"content": "a"}),
        one({"content": "b"}, "stop"),
        {"choices": [], "usage": usage},
    ]
    events = stream(chunks)
    assert [event.type for event in events] == [
        "chunk", "chunk", "content.delta", "chunk", "content.delta", "content.done", "chunk", "usage", "done",
    ]  # fmt: skip
    assert [event.chunk.to_dict() for event in events if event.type == "chunk"] == [
        ChatCompletionChunk.from_dict(chunk).to_dict() for chunk in chunks
    ]
    assert [event.snapshot for event in events if event.type == "content.delta"] == ["a", "ab"]
    assert events[-2].usage.to_dict() == usage
    assert events[-1].completion == events[-1].snapshot == events[-2].snapshot
    assert events[-1].completion.choices[0].message.content == "ab"


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([one({"refusal": "n"}), one({"refusal": "o"}, "stop")],
         [("refusal.delta", "n"), ("refusal.delta", "o"), ("refusal.done", "no")]),
        ([one({"reasoning_content": "h"}), one({"reasoning_content": "m"}), one({"content": "a"}, "stop")],
         [("reasoning.delta", "h"), ("reasoning.delta", "m"), ("content.delta", "a"), ("reasoning.done", "hm"),
          ("content.done", "a")]),
        ([one({"reasoning": "h", "reasoning_content": "h"}), one({"reasoning": "m", "reasoning_content": ""}, "stop")],
         [("reasoning.delta", "h"), ("reasoning.delta", "m"), ("reasoning.done", "hm")]),
        ([one({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "h"}]},
                           {"type": "reasoning", "text": "m"}, {"type": "text", "text": "a"}]})],
         [("reasoning.delta", "hm"), ("content.delta", "a"), ("reasoning.done", "hm"), ("content.done", "a")]),
        # A completion sent whole, and one sent again at the end.
        ([{"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]}],
         [("content.delta", "a"), ("content.done", "a")]),
        ([one({"content": "a"}), {"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]}],
         [("content.delta", "a"), ("content.done", "a")]),
        # A finish reason in every chunk: nothing is done before the end.
        ([one({"content": "a"}, "stop"), one({"content": "b"}, "stop"), one({"content": "c"}, "stop")],
         [("content.delta", "a"), ("content.delta", "b"), ("content.delta", "c"), ("content.done", "abc")]),
        ([one({"content": "a"}, "null"), one({"content": "b"}, "stop")],
         [("content.delta", "a"), ("content.delta", "b"), ("content.done", "ab")]),
        ([{"choices": None}, {}, one(None), one({"content": None}), {"choices": ["x", {"delta": "y"}]}], []),
    ],
)  # fmt: skip
def test_texts(chunks: list[Any], expected: list[Any]) -> None:
    """A delta for every piece that says something, and the whole once it is done."""
    assert told(stream(chunks)) == [*expected, ("done", "done")]


def test_snapshots_are_as_of_their_event() -> None:
    """The text, tokens and arguments as of then, though asked for at the end."""
    tokens = [{"token": "a", "logprob": -0.5}, {"token": "b", "logprob": -1.5}]
    chunks = [
        one({"content": "a"}, logprobs={"content": tokens[:1], "refusal": None}),
        one({"content": "b"}, logprobs={"content": tokens[1:], "refusal": tokens[:1]}),
        one(call('{"city": "Bo', "f", "x")),
        one(call('ston"}'), "tool_calls"),
    ]
    events = stream(chunks)
    assert [event.snapshot for event in events if event.type == "content.delta"] == ["a", "ab"]
    logprobs = [event for event in events if event.type.startswith("logprobs")]
    assert [(event.type, [token.token for token in event.snapshot]) for event in logprobs] == [
        ("logprobs.content.delta", ["a"]),
        ("logprobs.content.delta", ["a", "b"]),
        ("logprobs.refusal.delta", ["a"]),
        ("logprobs.content.done", ["a", "b"]),
        ("logprobs.refusal.done", ["a"]),
    ]
    assert [token.token for token in logprobs[1].delta] == ["b"]
    deltas = [event for event in events if event.type == "tool_call.delta"]
    assert [event.arguments for event in deltas] == ['{"city": "Bo', '{"city": "Boston"}']
    assert [event.partial_arguments for event in deltas] == [{"city": "Bo"}, {"city": "Boston"}]
    assert [(event.index, event.tool_index, event.id, event.name) for event in deltas] == [(0, 0, "x", "f")] * 2
    assert [event.snapshot.function.arguments for event in deltas] == [event.arguments for event in deltas]
    assert [event.snapshot.choices[0].message.content for event in events if event.type == "chunk"] == ["ab"] * 4


def test_completions_so_far_are_made_when_asked_for() -> None:
    """The completion as of a chunk, while its event is at hand."""
    accumulator = Accumulator()
    builder = EventBuilder(accumulator)
    seen = []
    for letter in "abc":
        value = one({"content": letter})
        accumulator.add(value)
        seen.append(builder.build(DecodedChunk(ChatCompletionChunk.from_dict(value), value))[0].snapshot)
    assert [completion.choices[0].message.content for completion in seen] == ["a", "ab", "abc"]  # type: ignore[union-attr]


A = '{"a": 1}'


@pytest.mark.parametrize(
    ("chunks", "done"),
    [
        pytest.param([one(call('{"a"', "f", "x")), one(call(": 1}"), "tool_calls")], [("x", "f", A, {"a": 1})],
                     id="usual"),
        pytest.param([one(call(A, "f", "x")), one(call(A, "g", "y")), one({}, "tool_calls")],
                     [("x", "f", A, {"a": 1}), ("y", "g", A, {"a": 1})], id="indexes-0"),
        pytest.param([one(call('{"a"', "f", "x")), one({}, "length")], [], id="length-inside"),
        pytest.param([one(call(A, "f", "x")), one({}, "length")], [("x", "f", A, {"a": 1})], id="length-after"),
        pytest.param([one(call("", "f", "x")), one({}, "length")], [], id="length-before-any"),
        pytest.param([one(call("", "f", "x")), one({}, "content_filter")], [], id="filter"),
        pytest.param([one(call("", "f", "x")), one({}, "error")], [], id="error"),
        pytest.param([one(call("12", "f", "x")), one({}, "length")], [], id="length-in-a-number"),
        pytest.param([one(call("", "f", "x")), one({}, "tool_calls")], [("x", "f", "", {})], id="no-arguments"),
        pytest.param([one(call(None, "f", "x"), "tool_calls")], [("x", "f", "", {})], id="null-arguments"),
        pytest.param([one(call("", "f", "x"), "stop"), one(call(A), "stop")], [("x", "f", A, {"a": 1})],
                     id="a-finish-reason-too-early"),
        pytest.param([one(call(A, "f", "x"))], [("x", "f", A, {"a": 1})], id="no-finish-reason"),
        pytest.param([one(call("{a: 1}", "f", "x"), "length")], [], id="no-JSON-and-cut"),
        pytest.param([one(call(A, None, "x"), "stop")], [("x", "", A, {"a": 1})], id="no-name"),
        pytest.param([one(call(A, None, "x")), one({}, "length")], [], id="no-name-and-cut"),
        pytest.param([one(call(A, None, "x")), one(call("", "f", "x"), "stop")], [("x", "f", A, {"a": 1})],
                     id="a-late-name"),
        pytest.param([one(call({"a": 1}, "f", "x"), "stop")], [("x", "f", '{"a":1}', {"a": 1})], id="an-object"),
        pytest.param([one(call(A, "f", "x")), one(call(A, "f", "x"), "stop")], [("x", "f", A, {"a": 1})], id="resent"),
        pytest.param([one(call('{"a"', "f", "x")), one(call(A, "g", "y", 1)), one(call(": 1}")), one({}, "stop")],
                     [("x", "f", A, {"a": 1}), ("y", "g", A, {"a": 1})], id="interleaved"),
    ],
)  # fmt: skip
def test_when_a_tool_call_is_done(chunks: list[Any], done: list[Any]) -> None:
    """Once, with its JSON whole, and never for one that was cut."""
    found = calls_done(stream(chunks))
    assert [(event.tool_call.id, event.name, event.arguments, event.parsed) for event in found] == done


def test_a_call_that_cannot_be_read_is_done_at_the_end() -> None:
    """Of a complete stream: its text is there, and asking for its value raises what the completion's call raises."""
    chunks = [one(call("{'a': 1}", "f", "x")), one({}, "tool_calls")]
    assert calls_done(stream(chunks, finish=False)) == []
    (event,) = calls_done(stream(chunks))
    assert (event.tool_index, event.name, event.arguments, event.tool_call.id) == (0, "f", "{'a': 1}", "x")
    with pytest.raises(ToolArgumentsError, match=r"arguments of 'f' \(call 'x'\) .* not JSON"):
        _ = event.parsed
    (again,) = calls_done(stream([one(function("{'a': 1}", "f")), one({}, "function_call")]), "function_call.done")
    with pytest.raises(ToolArgumentsError, match="arguments of 'f'"):
        _ = again.parsed


@pytest.mark.parametrize("arguments", ["[1]", "5", "null", '"x"', "{'a': 1}"])
@pytest.mark.parametrize("name", ["f", None])
def test_event_and_completion_agree_on_arguments(arguments: str, name: str | None) -> None:
    """Arguments that are no JSON object raise the same error where the event and where the completion is asked."""
    *_, last = events = stream([one(call(arguments, name, "x")), one({}, "tool_calls")])
    (event,) = calls_done(events)
    (said,) = last.completion.tool_calls
    assert (event.name, event.arguments) == (said.name, said.arguments) == (name or "", arguments)
    with pytest.raises(ToolArgumentsError) as of_event:
        _ = event.parsed
    with pytest.raises(ToolArgumentsError) as of_completion:
        _ = said.parsed
    assert str(of_event.value) == str(of_completion.value)
    assert ("of 'f' (call 'x')" if name else "of a call without a name (call 'x')") in str(of_event.value)


@pytest.mark.parametrize("arguments", ["[1]", "5", "null", "{'a': 1}"])
def test_arguments_of_a_function_call_that_are_no_object(arguments: str) -> None:
    """The error names no call id, because a function call has none."""
    (event,) = calls_done(stream([one(function(arguments, "f")), one({}, "function_call")]), "function_call.done")
    with pytest.raises(ToolArgumentsError, match=r"^The arguments of 'f' cannot be used: they are "):
        _ = event.parsed


def test_a_call_is_done_when_the_next_begins() -> None:
    """The first call before the first fragment of the second, the second with the finish reason."""
    chunks = [one(call(A, "f", "x")), one(call("", "g", "y", 1)), one(call(A, index=1)), one({}, "tool_calls")]
    assert [event.type for event in stream(chunks, finish=False) if event.type != "chunk"] == [
        "tool_call.delta", "tool_call.done", "tool_call.delta", "tool_call.delta", "tool_call.done",
    ]  # fmt: skip


@pytest.mark.parametrize("end", range(1, len(A) + 1))
def test_a_stream_cut_inside_a_call_never_yields_it(end: int) -> None:
    """Nothing before the last bracket, whether the stream is closed or not."""
    chunks = [one(call("", "f", "x")), *[one(call(letter)) for letter in A[:end]]]
    whole = end == len(A)
    assert calls_done(stream(chunks, finish=False)) == []
    assert len(calls_done(stream([*chunks, one({}, "length")]))) == whole
    assert len(calls_done(stream(chunks))) == whole


def test_a_custom_tool() -> None:
    """Its input in pieces, and the call once the stream is complete."""

    def custom(text: str, **more: Any) -> dict[str, Any]:
        return one({"tool_calls": [{"index": 0, "custom": {"input": text} | more}]})

    chunks = [custom("a", name="c"), custom("b"), one({}, "tool_calls")]
    events = stream(chunks)
    deltas = [event for event in events if event.type == "tool_call.delta"]
    assert [(event.input_delta, event.input, event.arguments, event.partial_arguments) for event in deltas] == [
        ("a", "a", "", None),
        ("b", "ab", "", None),
    ]
    assert isinstance(deltas[0].snapshot, CustomToolCall)
    assert deltas[0].snapshot.custom.input == "a"
    (done,) = calls_done(events)
    assert (done.name, done.arguments, done.parsed, done.tool_call.custom.input) == ("c", "", None, "ab")
    assert calls_done(stream([*chunks[:2], one({}, "length")])) == []


def function(arguments: Any = "", name: Any = None, **more: Any) -> dict[str, Any]:
    return {"function_call": {"name": name, "arguments": arguments, **more}}


def test_a_function_call() -> None:
    """Its name and arguments in pieces, as of each event, and the call once, when it is whole."""
    chunks = [one(function("", "get_")), one(function(None, "weather")), one(function('{"city": "Bo'))]
    chunks += [one(function('ston"}', note="n")), one({}, "function_call")]
    events = [event for event in stream(chunks) if event.type.startswith("function_call")]
    deltas, (done,) = events[:-1], events[-1:]
    assert [(event.name, event.arguments_delta, event.arguments) for event in deltas] == [
        ("get_", "", ""),
        ("get_weather", "", ""),
        ("get_weather", '{"city": "Bo', '{"city": "Bo'),
        ("get_weather", 'ston"}', '{"city": "Boston"}'),
    ]
    assert [event.partial_arguments for event in deltas] == [None, None, {"city": "Bo"}, {"city": "Boston"}]
    assert deltas[2].snapshot.arguments == '{"city": "Bo'
    assert (done.type, done.name, done.parsed) == ("function_call.done", "get_weather", {"city": "Boston"})
    assert done.function_call.to_dict() == {"name": "get_weather", "arguments": '{"city": "Boston"}', "note": "n"}


@pytest.mark.parametrize(
    ("chunks", "done"),
    [
        ([one(function('{"a"', "f")), one({}, "length")], []),
        ([one(function(A, "f")), one({}, "length")], [{"a": 1}]),
        ([one(function("", "f")), one({}, "length")], []),
        ([one(function("", "f")), one({}, "function_call")], [{}]),
        ([one(function(A)), one({}, "stop")], []),
        ([one(function(A, "f"), "stop"), one({}, "stop")], [{"a": 1}]),
        ([one(function(A, "f")), {"choices": [{"message": {"function_call": {"name": "f", "arguments": A}},
                                               "finish_reason": "stop"}]}], [{"a": 1}]),
        ([one({"function_call": "x"}), one({"function_call": {}}), one({"function_call": None}, "stop")], []),
    ],
)  # fmt: skip
def test_when_a_function_call_is_done(chunks: list[Any], done: list[Any]) -> None:
    """Once, with its JSON whole, and never for one that was cut: the rule of tool calls."""
    events = stream(chunks)
    assert [event.parsed for event in events if event.type == "function_call.done"] == done
    assert not [event for event in stream(chunks[:1], finish=False) if event.type == "function_call.done" and not done]
    message = events[-1].completion.choices[0].message
    whole = [event.function_call for event in events if event.type == "function_call.done"]
    assert [message.function_call] == whole or not done


def test_audio() -> None:
    """Its data and its transcript in pieces, as of each event, and all of it once it is whole."""
    chunks = [
        one({"audio": {"id": "x", "transcript": "Hel"}}),
        one({"audio": {"data": "AAAA"}}),
        one({"audio": {"data": "AQID", "transcript": "lo", "format": "wav"}}),
        one({"audio": {"expires_at": 9}}),
        one({}, "stop"),
    ]
    events = stream(chunks)
    sounds = [event for event in events if event.type.startswith("audio")]
    deltas, (done,) = sounds[:-1], sounds[-1:]
    assert [(event.id, event.data_delta, event.transcript_delta) for event in deltas] == [
        ("x", "", "Hel"), ("x", "AAAA", ""), ("x", "AQID", "lo"), ("x", "", ""),
    ]  # fmt: skip
    assert [(event.data, event.transcript) for event in deltas] == [
        ("", "Hel"), ("AAAA", "Hel"), ("AAAAAQID", "Hello"), ("AAAAAQID", "Hello"),
    ]  # fmt: skip
    assert deltas[1].snapshot["data"] == "AAAA"
    assert (done.type, done.id, done.data, done.transcript) == ("audio.done", "x", "AAAAAQID", "Hello")
    assert done.snapshot == events[-1].completion.choices[0].message.to_dict()["audio"]
    assert events.index(done) == len(events) - 2


def test_audio_of_odd_servers() -> None:
    """No event where there is none, one done event for what comes after the end, and none for an id alone."""
    assert told(stream([one({"audio": None}), one({"audio": {}}), one({"audio": "x"}, "stop")])) == [("done", "done")]
    late = [one({"audio": {"data": "AA"}}), one({}, "stop"), one({"audio": {"data": "BB"}})]
    assert [event.data for event in stream(late) if event.type == "audio.done"] == ["AA", "AABB"]
    assert [event.type for event in stream([one({"audio": {"id": "x"}}, "stop")])] == ["chunk", "audio.delta", "done"]
    odd = stream([one({"audio": {"data": 5, "transcript": ["a"]}}), one({"audio": {"data": "AA"}}, "stop")])
    assert [event.snapshot for event in odd if event.type == "audio.done"] == [{"data": "AA", "transcript": ["a"]}]
    assert odd[-1].completion.choices[0].message.to_dict()["audio"] == {"data": "AA", "transcript": ["a"]}


def test_choices_are_told_apart() -> None:
    """Every event with the index of its choice, done events in the order of the choices."""
    chunks = [one({"content": "b"}, index=1), one({"content": "a"}), one({"content": "B"}, "stop", index=1)]
    events = [event for event in stream(chunks) if event.type.startswith("content")]
    assert [(event.type, event.index, event.snapshot) for event in events] == [
        ("content.delta", 1, "b"),
        ("content.delta", 0, "a"),
        ("content.delta", 1, "bB"),
        ("content.done", 1, "bB"),
        ("content.done", 0, "a"),
    ]


def test_events_are_plain_values() -> None:
    """Immutable, without a dict, equal by what they say, readable, and they pickle and copy."""
    chunks = [one({"content": "a", "reasoning": "r", "refusal": "n"} | call(A, "f", "x"))]
    chunks.append(one({"audio": {"id": "y", "data": "AA"}} | function(A, "g"), "stop"))
    chunks[0]["usage"] = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    events, again = stream(chunks), stream(chunks)
    assert events == again
    for event in events:
        assert not hasattr(event, "__dict__")
        assert "Accumulator" not in repr(event)
        with pytest.raises(AttributeError):
            event.index = 7
        with pytest.raises(AttributeError):
            event.surprise = 7
        for other in (pickle.loads(pickle.dumps(event)), copy.deepcopy(event)):
            assert other == event
            assert other.snapshot == event.snapshot


def test_every_event_has_a_type_of_its_own() -> None:
    """The words of the field, each of one class, and a snapshot."""
    types = [cls.type for cls in get_args(StreamEvent)]
    assert sorted(types) == sorted([
        "chunk", "content.delta", "content.done", "refusal.delta", "refusal.done", "reasoning.delta", "reasoning.done",
        "tool_call.delta", "tool_call.done", "function_call.delta", "function_call.done", "audio.delta", "audio.done",
        "logprobs.content.delta", "logprobs.content.done",
        "logprobs.refusal.delta", "logprobs.refusal.done", "usage", "done",
    ])  # fmt: skip
    assert all(hasattr(cls, "snapshot") for cls in get_args(StreamEvent))


def check_against_completion(events: list[Any]) -> None:
    """Deltas joined, done events and the completion say the same."""
    completion = events[-1].completion
    for place, choice in enumerate(completion.choices):
        index = place if choice.index is None else choice.index
        mine = [event for event in events if getattr(event, "index", None) == index]
        for name in ("content", "refusal"):
            whole = getattr(choice.message, name) or ""
            assert "".join(event.delta for event in mine if event.type == f"{name}.delta") == whole
            assert [event.snapshot for event in mine if event.type == f"{name}.done"] == ([whole] if whole else [])
        calls = choice.message.tool_calls or []
        done = calls_done(mine)
        assert sorted(repr(event.tool_call) for event in done) == sorted(map(repr, calls))
        for event in done:
            fragments = [
                each for each in mine if each.type == "tool_call.delta" and each.tool_index == event.tool_index
            ]
            assert "".join(fragment.arguments_delta for fragment in fragments) == event.tool_call.function.arguments
            assert event.parsed == json.loads(event.tool_call.function.arguments or "{}")


@needs_corpus
@pytest.mark.parametrize("exchange", [pytest.param(one, id=one["id"]) for one in recorded("stream")])
def test_the_events_of_a_recorded_stream(exchange: Exchange) -> None:
    """The same as its completion says, each call done once."""
    chunks = recorded_chunks(exchange)
    accumulator = Accumulator()
    for chunk in chunks:
        accumulator.add(chunk)
    if accumulator.complete:
        check_against_completion(stream(chunks))


@settings(deadline=None, max_examples=200)
@given(split_completions())
def test_the_events_of_any_split(case: tuple[dict[str, Any], list[dict[str, Any]]]) -> None:
    """The same as the completion that was split says, whatever the fragments."""
    completion, chunks = case
    events = stream(chunks)
    for choice in completion["choices"]:
        choice["message"].setdefault("role", "assistant")
    assert events[-1].completion == ChatCompletion.from_dict(completion)
    check_against_completion(events)


@settings(deadline=None, max_examples=300)
@given(CHUNKS)
def test_no_json_is_too_odd(chunks: list[dict[str, Any]]) -> None:
    """Events whose snapshots can all be made, the chunks as they were, one done event a call, `done` last."""
    before = copy.deepcopy(chunks)
    events = stream(chunks)
    for event in events:
        assert event.snapshot is not None
        if event.type == "tool_call.delta":
            assert isinstance(event.snapshot, (FunctionToolCall, CustomToolCall, OtherToolCall))
            _ = event.partial_arguments
    assert chunks == before
    assert [event.type for event in events].index("done") == len(events) - 1
    places = [(event.index, event.tool_index) for event in calls_done(events)]
    assert len(places) == len(set(places))


def work(chunks: list[dict[str, Any]]) -> tuple[int, int]:
    """Return the calls that the events of a stream take, and the memory at its height."""
    calls = 0

    def tally(*_: object) -> None:
        nonlocal calls
        calls += 1

    accumulator = Accumulator()
    builder = EventBuilder(accumulator)
    model = ChatCompletionChunk.from_dict({})
    tracemalloc.start()
    profiler = sys.getprofile()
    try:
        sys.setprofile(tally)
        for value in chunks:
            accumulator.add(value)
            builder.build(DecodedChunk(model, value))
        events = builder.finish()
    finally:
        sys.setprofile(profiler)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert events[-1].type == "done"
    return calls, peak


@pytest.mark.parametrize(
    "delta",
    [
        {"content": "some words "},
        {"reasoning": "some words "},
        call('"a", '),
        call('"a", ', "f", "x"),
        call(A, "f"),
        {"audio": {"data": "some words "}},
        function('"a", ', "f"),
    ],
    ids=["content", "reasoning", "arguments", "names-resent", "calls", "audio", "function-call"],
)
@pytest.mark.parametrize("reason", [None, "stop"])
def test_work_is_linear(delta: dict[str, Any], reason: str | None) -> None:
    """Four times the calls and the memory for four times the deltas, even with a finish reason in each."""
    calls, peak = work([one(call("[", "f", "x")), *[one(delta, reason)] * 1000])
    more_calls, more_peak = work([one(call("[", "f", "x")), *[one(delta, reason)] * 4000])
    assert more_calls <= 4.2 * calls
    assert more_peak <= 5 * peak


def test_a_long_tool_call_is_done_exactly_once() -> None:
    """One event after 16,000 fragments, with all of the arguments."""
    chunks = [one(call('{"a": [', "f", "x")), *[one(call('"b", '))] * 16000, one(call("1]}")), one({}, "tool_calls")]
    (done,) = calls_done(stream(chunks))
    assert len(done.parsed["a"]) == 16001
    assert _events.ToolCallDoneEvent is type(done)


@pytest.mark.parametrize(
    "deltas",
    [
        [{"content": "word "}] * 30,
        [{"reasoning_content": "r "}] * 15 + [{"reasoning": "s "}] * 15 + [{"reasoning_content": "t "}] * 15,
        [{"reasoning": "r "}] * 15
        + [{"content": [{"type": "thinking", "thinking": "p "}]}]
        + [{"reasoning": "s "}] * 15,
        [{"content": "a "}] * 15 + [{"content": 4}] + [{"content": "b "}] * 15,
        [{"content": [{"type": "text", "text": "a "}]}] + [{"content": "b "}] * 15,
        [{"content": "a "}] * 15 + [{"content": "half \ud83d"}, {"content": "\ude00 of "}] + [{"content": "b "}] * 15,
    ],
    ids=["content", "reasoning-names", "thoughts", "number", "parts", "halves"],
)
@pytest.mark.parametrize("ends_early", [False, True])
def test_events_of_chunks_that_repeat(deltas: list[dict[str, Any]], ends_early: bool) -> None:
    """The same events whether a chunk is read by a template or not, and each snapshot is what its deltas make."""
    texts = [json.dumps(one(delta)) for delta in deltas]
    if ends_early:
        texts.insert(12, json.dumps(one({}, "stop")))
    texts.append(json.dumps(one({}, "stop")))

    def read(lines: Iterable[str]) -> list[Any]:
        flow = StreamState(200, {"content-type": "text/event-stream"}, Deadlines(Timeouts(), 0.0))
        builder = EventBuilder(flow.accumulator)
        flow.receive("".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"]).encode())
        events: list[Any] = []
        while (chunk := flow.next_chunk()) is not None:
            repeated.append(chunk.only_adds_text)
            events += builder.build(chunk)
        return [*events, *builder.finish()]

    repeated: list[bool] = []
    events = read(texts)
    assert any(repeated)
    repeated.clear()
    assert told(read(f'{{"{number}": 0, {text[1:]}' for number, text in enumerate(texts))) == told(events)
    assert not any(repeated)
    for kind in ("reasoning", "content"):
        text = ""
        for event in events:
            if event.type == f"{kind}.delta":
                text += event.delta
                assert event.snapshot == text
            elif event.type == f"{kind}.done":
                assert event.snapshot == text

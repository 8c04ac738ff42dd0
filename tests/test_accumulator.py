"""The accumulator: each rule of merging, every recorded stream, and any split of any completion."""

import copy
import json
import sys
import tracemalloc
from collections.abc import Iterable
from typing import Any

import pytest
from corpus import Exchange, needs_corpus, recorded
from hypothesis import given, settings
from hypothesis import strategies as st
from opper_chat import ChatCompletion
from opper_chat._http.sse import EventDecoder
from opper_chat._json.text_buffer import COMPACT_SIZE
from opper_chat._streaming.accumulator import COMPACT_INTERVAL, Accumulator
from opper_chat_api.models import FunctionToolCall


def accumulate(chunks: Iterable[Any], expected_choices: int = 1) -> Accumulator:
    accumulator = Accumulator(expected_choices)
    for chunk in chunks:
        accumulator.add(chunk)
    return accumulator


def merged(chunks: Iterable[Any]) -> dict[str, Any]:
    """The completion's JSON, which leaves the chunks as they were, without the role where no chunk says it."""
    chunks = list(chunks)
    before = copy.deepcopy(chunks)
    completion = accumulate(chunks).snapshot().to_dict()
    assert chunks == before
    if "'role'" not in str(chunks):
        for choice in completion["choices"]:
            assert choice["message"].pop("role") == "assistant"
    return completion


def message_of(deltas: Iterable[Any]) -> dict[str, Any]:
    """The message that deltas of one choice make."""
    return dict(merged({"choices": [{"index": 0, "delta": delta}]} for delta in deltas)["choices"][0]["message"])


def choice_of(*pieces: Any) -> dict[str, Any]:
    """The choice that pieces of it make."""
    return dict(merged({"choices": [piece]} for piece in pieces)["choices"][0])


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


# --- The completion itself ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([], {}),
        ([{"id": "", "created": 0, "model": ""}, {"id": "a", "created": 5, "model": "m"},
          {"id": "b", "created": 6, "model": "n"}], {"id": "a", "created": 5, "model": "m"}),
        ([{"id": None, "object": "chat.completion.chunk", "obfuscation": "xyz"}, {"obfuscation": None}], {}),
        ([{"service_tier": None, "system_fingerprint": "f"}, {"service_tier": "default", "system_fingerprint": None},
          {"system_fingerprint": "g"}], {"service_tier": "default", "system_fingerprint": "g"}),
        ([{"usage": {"total_tokens": 1, "x": 1}}, {"usage": None}, {"usage": {"total_tokens": 2}}, {"usage": {}}],
         {"usage": {"total_tokens": 2}}),
        ([{"x_groq": {"id": "r", "usage": None}}, {"x_groq": {"usage": {"n": 1}}}],
         {"x_groq": {"id": "r", "usage": {"n": 1}}}),
        ([{"citations": ["a"]}, {"citations": ["a", "b"]}, {"citations": ["a", "b"]}], {"citations": ["a", "b"]}),
        ([{"filters": [1]}, {"filters": [2]}], {"filters": [1, 2]}),
        ([{"p": "abc", "x": 1}, {"p": "ab", "x": 1}], {"x": 1}),
        ([{"provider": "A"}, {"provider": "B"}, {"provider": None}, {"cost": 1}, {"cost": 0}],
         {"provider": "B", "cost": 0}),
        # The same members in the same number, but for one: nothing is taken for seen.
        ([{"id": "a", "choices": [], "obfuscation": "x"}, {"id": "a", "choices": [], "obfuscation": "y"},
          {"id": "a", "choices": [], "usage": {"n": 1}}], {"id": "a", "usage": {"n": 1}}),
        ([{"id": "a", "choices": []}, {"usage": {"n": 1}, "choices": []}], {"id": "a", "usage": {"n": 1}}),
        ([{"id": "a", "usage": None}, {"id": "a", "usage": {"n": 1}}, {"id": "a", "usage": None}],
         {"id": "a", "usage": {"n": 1}}),
        ([{"id": "", "tier": None}, {"id": "", "tier": None}, {"id": "a", "tier": None}], {"id": "a"}),
    ],
)  # fmt: skip
def test_members_of_the_completion(chunks: list[Any], expected: dict[str, Any]) -> None:
    """Who it is as first said, all else as last said, nothing erased."""
    assert merged(chunks) == {"object": "chat.completion", "choices": []} | expected


def test_a_snapshot_stays_as_it_is() -> None:
    """The text and the members as of then, whatever comes later, and whatever is done to it."""
    accumulator = Accumulator()
    chunk = {"x": {"y": [1]}, "choices": [{"delta": {"content": "a", "audio": {"data": "p"}, "z": [{"q": 1}]}}]}
    accumulator.add(chunk)
    first = accumulator.snapshot()
    first_json = copy.deepcopy(first.to_dict())
    accumulator.add(chunk | {"x": {"y": [2]}})
    assert first.to_dict() == first_json
    first["x"]["y"].append("mine")  # type: ignore[index]
    first.choices[0].message["z"][0]["q"] = "mine"  # type: ignore[index]
    chunk["x"]["y"].append("mine")  # type: ignore[index]
    second = accumulator.snapshot().to_dict()
    assert second["x"] == {"y": [1, 2]}
    assert second["choices"][0]["message"]["z"] == [{"q": 1}, {"q": 1}]


# --- Choices -----------------------------------------------------------------------------------


def test_choices_go_by_their_index() -> None:
    """In the order of their indexes; by their place where they have none."""
    completion = merged(
        [
            {"choices": [{"index": 1, "delta": {"content": "b"}}]},
            {"choices": [{"index": 0, "delta": {"content": "a"}}, {"index": 1, "delta": {"content": "B"}}]},
        ]
    )
    assert [(one["index"], one["message"]["content"]) for one in completion["choices"]] == [(0, "a"), (1, "bB")]
    completion = merged([{"choices": [{"delta": {"content": "a"}}, {"delta": {"content": "b"}}]}] * 2)
    assert completion["choices"] == [{"message": {"content": "aa"}}, {"message": {"content": "bb"}}]


@pytest.mark.parametrize(
    "chunk",
    [{}, {"choices": None}, {"choices": {}}, {"choices": "x"}, {"choices": []}, {"choices": [None, 5, "x", []]}],
)
def test_what_are_no_choices_is_borne(chunk: dict[str, Any]) -> None:
    """No choices, no output, not complete."""
    accumulator = Accumulator()
    assert not accumulator.add(chunk)
    assert accumulator.snapshot().choices == []
    assert not accumulator.complete


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([{"delta": {}, "finish_reason": ""}, {"delta": {}, "finish_reason": None}], {"finish_reason": ""}),
        ([{"finish_reason": "length"}, {"finish_reason": "stop"}, {"finish_reason": ""}], {"finish_reason": "stop"}),
        ([{"logprobs": {"content": [{"token": "a", "logprob": 0.5, "index": 0}], "refusal": None}},
          {"logprobs": {"content": [{"token": "b", "logprob": 1.5, "index": 0}]}}, {"logprobs": None}],
         {"logprobs": {"content": [{"token": "a", "logprob": 0.5, "index": 0},
                                   {"token": "b", "logprob": 1.5, "index": 0}]}}),
        ([{"logprobs": {"tokens": ["a"], "n": 1}}, {"logprobs": {"tokens": ["b"], "n": 2}}],
         {"logprobs": {"tokens": ["a", "b"], "n": 2}}),
        ([{"text": "a"}, {"text": "a"}, {"text": None}, {"text": ""}], {"text": "aa"}),
        ([{"token_ids": None}, {"token_ids": [5]}, {"token_ids": [5]}, {"token_ids": [5, 6]}],
         {"token_ids": [5, 5, 5, 6]}),
        ([{"native_finish_reason": None, "filter": {"hate": {"on": False}}}, {"filter": {"hate": {"on": True}}}],
         {"filter": {"hate": {"on": True}}}),
    ],
)  # fmt: skip
def test_members_of_a_choice(pieces: list[Any], expected: dict[str, Any]) -> None:
    """The last finish reason that says something, log probabilities token by token, other members as last said."""
    assert choice_of(*pieces) == {"message": {}} | expected


@pytest.mark.parametrize(
    ("pieces", "content"),
    [
        ([{"message": {"content": "whole"}, "finish_reason": "stop"}], "whole"),
        ([{"message": {"content": "whole"}, "delta": None}], "whole"),
        ([{"message": {"content": "whole"}, "delta": {"role": "assistant", "content": ""}}], "whole"),
        ([{"message": {"content": "a"}}, {"message": {"content": "b"}}], "ab"),
        # The text so far beside each delta, and the whole message at the end.
        ([{"message": {"content": "a"}, "delta": {"content": "a"}},
          {"message": {"content": "ab"}, "delta": {"content": "b"}},
          {"message": {"content": "ab"}, "delta": {"content": ""}, "finish_reason": "stop"}], "ab"),
        ([{"delta": {"content": "a"}}, {"delta": {"content": "b"}},
          {"message": {"content": "ab"}, "finish_reason": "stop"}], "ab"),
        ([{"delta": {"content": "a"}}, {"delta": "x"}, {"delta": ["y"]}, {}], "a"),
    ],
)  # fmt: skip
def test_a_message_in_place_of_a_delta(pieces: list[Any], content: str) -> None:
    """The text once, whether the server sends pieces, the whole, or both."""
    assert choice_of(*pieces)["message"]["content"] == content


CALLED = {"id": "x", "function": {"name": "f", "arguments": '{"a": 1}'}}


@pytest.mark.parametrize(
    "whole",
    [
        {"tool_calls": [CALLED]},
        {"tool_calls": [{"type": "function", "function": CALLED["function"]}] * 2},
        {"function_call": CALLED["function"]},
        {"audio": {"id": "a", "data": "pq", "transcript": "t", "expires_at": 1}},
        {"annotations": [{"type": "url_citation", "url": "a"}]},
        {"reasoning_details": [{"index": 0, "type": "reasoning.text", "text": "ab"}]},
        {"reasoning_content": "hm", "refusal": "no"},
    ],
)
def test_a_whole_message_that_closes_a_stream_adds_nothing_to_it(whole: dict[str, Any]) -> None:
    """What the deltas said, once, of whatever kind it is."""
    delta = copy.deepcopy(whole)
    for number, call in enumerate(delta.get("tool_calls", [])):
        call["index"] = number
    pieces = [{"delta": delta}, {"message": whole, "finish_reason": "stop"}]
    assert choice_of(*pieces) == {"message": whole, "finish_reason": "stop"}
    pieces = [{"delta": {"role": "assistant"}}, *pieces]
    assert choice_of(*pieces) == {"message": {"role": "assistant", **whole}, "finish_reason": "stop"}


def test_a_long_text_is_not_taken_for_none() -> None:
    """What came stays, also where all of it was put aside and something of another kind follows."""
    for count in (COMPACT_INTERVAL - 1, COMPACT_INTERVAL, COMPACT_INTERVAL + 1):
        deltas = [*[{"content": "a", "x": {"y": "b"}}] * count, {"content": 5}, {"content": {"b": 1}}]
        assert message_of(deltas) == {"content": "a" * count + "5", "x": {"y": "b" * count}}
    long = "b" * COMPACT_SIZE
    assert message_of([{"x": {"y": "b"}}, {"x": {"y": long}}, {"x": {"y": 5}}]) == {"x": {"y": f"b{long}"}}
    calls = [{"index": 0, "function": {"name": "f", "arguments": piece}} for piece in ("[", f'"{long}"', "]")]
    (call,) = message_of({"tool_calls": [one]} for one in calls)["tool_calls"]
    assert call["function"]["arguments"] == f'["{long}"]'


# --- Messages ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deltas", "expected"),
    [
        ([{"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": ""}],
         {"role": "assistant", "content": "ab"}),
        ([{"role": None, "content": None}, {"content": None}], {"role": "assistant"}),
        ([{"content": None}, {"content": ""}, {"content": None}], {"content": ""}),
        ([{"content": "a", "refusal": None}, {"content": "", "refusal": "no"}], {"content": "a", "refusal": "no"}),
        ([{"reasoning": "x", "reasoning_content": "y", "thoughts": "z"}] * 2,
         {"reasoning": "xx", "reasoning_content": "yy", "thoughts": "zz"}),
        ([{"channel": "analysis"}, {"channel": "final"}, {"name": "n"}, {"name": "n"}],
         {"channel": "final", "name": "n"}),
        ([{"token_id": 5}, {"token_id": 6}], {}),
        ([{"token_id": "a"}, {"token_id": "b"}], {"token_id": "ab"}),
        ([{"audio": {"id": "a", "data": "p", "expires_at": 1}}, {"audio": {"id": "a", "data": "q", "transcript": "t"}},
          {"audio": {"transcript": "u", "expires_at": 2}}],
         {"audio": {"id": "a", "data": "pq", "transcript": "tu", "expires_at": 2}}),
        ([{"reasoning_details": [{"index": 0, "type": "reasoning.text", "text": "a", "format": "f"}]},
          {"reasoning_details": [{"index": 0, "type": "reasoning.text", "text": "b", "format": "f"}]},
          {"reasoning_details": []},
          {"reasoning_details": [{"index": 0, "type": "reasoning.text", "signature": "s"}]},
          {"reasoning_details": [{"index": 1, "type": "reasoning.encrypted", "data": "d"}]}],
         {"reasoning_details": [
             {"index": 0, "type": "reasoning.text", "text": "ab", "format": "f", "signature": "s"},
             {"index": 1, "type": "reasoning.encrypted", "data": "d"}]}),
        ([{"annotations": [{"type": "url_citation", "url": "a"}]}, {"annotations": [{"type": "url_citation"}]}],
         {"annotations": [{"type": "url_citation", "url": "a"}, {"type": "url_citation"}]}),
        ([{"function_call": {"name": "f", "arguments": ""}}, {"function_call": {"name": "f", "arguments": '{"a'}},
          {"function_call": {"arguments": '": 1}'}}, {"function_call": None}],
         {"function_call": {"name": "f", "arguments": '{"a": 1}'}}),
        ([{"function_call": {"name": "get_"}}, {"function_call": {"name": "weather", "arguments": None}},
          {"function_call": {"arguments": '{"a', "note": "n"}}, {"function_call": {"name": "", "arguments": '": 1}'}}],
         {"function_call": {"name": "get_weather", "arguments": '{"a": 1}', "note": "n"}}),
        ([{"function_call": {"name": "f", "arguments": {"a": 1}}}, {"function_call": {}}],
         {"function_call": {"name": "f", "arguments": {"a": 1}}}),
        ([{"function_call": {}}, {"function_call": "x"}], {"function_call": {}}),
        ([{"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, {"content": "c"},
          {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]},
          {"content": [{"type": "text", "text": "d", "mark": 1}]}],
         {"content": "abcd", "content_parts": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                                               {"type": "text", "mark": 1}]}),
        ([{"content": [{"type": "thinking", "thinking": [{"type": "text", "text": text}]}]} for text in "abc"],
         {"content": "", "content_parts": [{"type": "thinking", "thinking": [{"type": "text", "text": "abc"}]}]}),
        ([{"content": [{"type": "reasoning", "text": text}]} for text in "ab"],
         {"content": "", "content_parts": [{"type": "reasoning", "text": "ab"}]}),
        ([{"content": [{"type": "thinking", "thinking": "a"}, {"type": "thinking", "thinking": "b"}]},
          {"content": [{"type": "thinking", "thinking": "c", "closed": True}]},
          {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "d"}]}]},
          {"content": [{"type": "thinking", "thinking": [{"type": "reference", "text": "e"}]}]}],
         {"content": "", "content_parts": [
             {"type": "thinking", "thinking": "a"}, {"type": "thinking", "thinking": "b"},
             {"type": "thinking", "thinking": "c", "closed": True},
             {"type": "thinking", "thinking": [{"type": "text", "text": "d"}]},
             {"type": "thinking", "thinking": [{"type": "reference", "text": "e"}]}]}),
        ([{"content": [{"type": "thinking", "thinking": "hm"}]}],
         {"content": "", "content_parts": [{"type": "thinking", "thinking": "hm"}]}),
        ([{"content": "a"}, {"content": 5}, {"content": True}, {"content": {"b": 1}}], {"content": "a5true"}),
        ([{"content": 1}, {"content": 0.5}], {"content": "10.5"}),
        ([{"tool_calls": []}, {"tool_calls": None}], {"tool_calls": []}),
    ],
)  # fmt: skip
def test_members_of_a_message(deltas: list[Any], expected: dict[str, Any]) -> None:
    """Texts joined, names once, parts sorted out, and null is not an empty text."""
    assert message_of(deltas) == expected


def test_a_whole_content_of_parts_stays_one() -> None:
    """The list, as a plain call returns it; texts joined once there is more."""
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "4"}]
    whole = {"message": {"content": parts}}
    assert choice_of(whole)["message"]["content"] == parts
    assert choice_of(whole, {"delta": {"content": "2"}})["message"]["content"] == "42"
    accumulator = accumulate([{"choices": [whole]}])
    assert accumulator.snapshot().text == "4"


@pytest.mark.parametrize(
    ("delta", "output"),
    [
        ({}, False),
        ({"role": "assistant", "content": "", "tool_calls": [], "refusal": None}, False),
        ({"reasoning_details": [], "audio": {}, "token_id": 7, "channel": "analysis"}, False),
        ({"content": [{"type": "text", "text": ""}]}, False),
        ({"content": "a"}, True),
        ({"content": [{"type": "text", "text": "a"}]}, True),
        ({"content": [{"type": "thinking", "thinking": "a"}]}, True),
        ({"refusal": "a"}, True),
        ({"reasoning": "a"}, True),
        ({"reasoning_content": "a"}, True),
        ({"tool_calls": [{"index": 0}]}, False),
        ({"function_call": {"name": "f"}}, True),
        ({"audio": {"data": "a"}}, True),
    ],
)
def test_whether_a_chunk_brings_output(delta: dict[str, Any], output: bool) -> None:
    """True where the model said something, the first time and again."""
    accumulator = Accumulator()
    for _ in range(3):
        assert accumulator.add({"choices": [{"index": 0, "delta": delta}]}) is output


def test_complete() -> None:
    """Once as many choices as were asked for came and all of them have a finish reason."""

    def chunk(index: int, reason: str | None) -> dict[str, Any]:
        return {"choices": [{"index": index, "delta": {}, "finish_reason": reason}]}

    assert not Accumulator().complete
    assert not accumulate([{"choices": []}], 0).complete
    assert not accumulate([chunk(0, None)]).complete
    assert not accumulate([chunk(0, "")]).complete
    assert accumulate([chunk(0, "stop"), chunk(0, None)]).complete
    assert not accumulate([chunk(0, "stop"), chunk(1, None)]).complete
    assert not accumulate([chunk(0, "stop")], 2).complete
    assert accumulate([chunk(0, "stop"), chunk(1, "length")], 2).complete


# --- Tool calls --------------------------------------------------------------------------------

LACKS = object()


def fragment(index: Any = LACKS, call_id: Any = LACKS, name: Any = LACKS, arguments: Any = LACKS) -> dict[str, Any]:
    function = {k: v for k, v in (("name", name), ("arguments", arguments)) if v is not LACKS}
    return {k: v for k, v in (("index", index), ("id", call_id)) if v is not LACKS} | {"function": function}


F = fragment
A = '{"a": 1}'
B = '{"b": 2}'


@pytest.mark.parametrize(
    ("lists", "calls"),
    [
        pytest.param([[F(0, "x", "f", "")], [F(0, None, None, '{"a"')], [F(0, arguments=": 1}")]],
                     [("x", "f", A)], id="usual"),
        pytest.param([[F(0, "x", "f", "")], [F(0, arguments=A)], [F(1, "y", "g", "")], [F(1, arguments=B)]],
                     [("x", "f", A), ("y", "g", B)], id="two"),
        pytest.param([[F(0, "x", "f", A)], [F(0, "y", "g", B)]], [("x", "f", A), ("y", "g", B)], id="all-indexes-0"),
        pytest.param([[F(0, "x", "f", A), F(0, "y", "f", A)]], [("x", "f", A), ("y", "f", A)], id="indexes-0-at-once"),
        pytest.param([[F(0, "x", "f", "")], [F(0, arguments=A)], [F(0, "y", "f", "")], [F(0, arguments=B)]],
                     [("x", "f", A), ("y", "f", B)], id="indexes-0-in-fragments"),
        pytest.param([[F(call_id="x", name="f", arguments='{"a"')], [F(arguments=": 1}")],
                      [F(call_id="y", name="g", arguments=B)]], [("x", "f", A), ("y", "g", B)], id="no-index"),
        pytest.param([[F(call_id="x", name="f", arguments=""), F(call_id="y", name="g", arguments="")],
                      [F(arguments=A), F(arguments=B)]], [("x", "f", A), ("y", "g", B)], id="no-index-side-by-side"),
        pytest.param([[F(1, "x", "f", "")], [F(2, "y", "g", "")], [F(1, arguments=A)], [F(2, arguments=B)]],
                     [("x", "f", A), ("y", "g", B)], id="indexes-from-1-interleaved"),
        pytest.param([[F(0, "x", "f", '{"a"')], [F(0, "x", "f", ": 1}")], [F(0, "x", "f", "")]],
                     [("x", "f", A)], id="id-and-name-resent"),
        pytest.param([[F(name="f", arguments='{"a"')], [F(name="f", arguments=": 1}")]],
                     [(None, "f", A)], id="name-resent-without-id"),
        pytest.param([[F(0, "x", "f", '{"a"')], [F(0, "", "", ": 1}")], [F(0, None, None, None)]],
                     [("x", "f", A)], id="empty-and-null-later"),
        pytest.param([[F(0, "x1", "f", '{"a"')], [F(0, "x2", arguments=": 1}")], [F(0, "x3", arguments="")]],
                     [("x1", "f", A)], id="a-new-id-per-fragment"),
        pytest.param([[F(call_id="x1", name="f", arguments='{"a"')], [F(call_id="x2", arguments=": 1}")]],
                     [("x1", "f", A)], id="a-new-id-per-fragment-without-index"),
        pytest.param([[F(name="f", arguments=A)], [F(name="f", arguments=B)], [F(name="f", arguments=B)]],
                     [(None, "f", A), (None, "f", B), (None, "f", B)], id="whole-without-ids"),
        pytest.param([[F(0, "", "f", A), F(0, "", "f", A)]], [("", "f", A), ("", "f", A)], id="whole-with-empty-ids"),
        pytest.param([[F(name="f", arguments="{}"), F(name="g", arguments="{}")]],
                     [(None, "f", "{}"), (None, "g", "{}")], id="whole-side-by-side"),
        pytest.param([[F(name="f", arguments="")], [F(name="g", arguments="")]],
                     [(None, "f", ""), (None, "g", "")], id="another-name"),
        pytest.param([[F(0, LACKS, "f", '{"a"')], [F(0, "x", arguments=": 1}")]], [("x", "f", A)], id="id-late"),
        pytest.param([[F(0, LACKS, "f", A)], [F(0, "x")]], [("x", "f", A)], id="id-after-all"),
        pytest.param([[F(call_id="x", name="f", arguments="")], [F(0, arguments=A)]], [("x", "f", A)], id="index-late"),
        pytest.param([[F(0, "x", "f", None)], [F(0, arguments=None)]], [("x", "f", None)], id="arguments-null"),
        pytest.param([[F(0, "x", "f", None)], [F(0, arguments='{"a"')], [F(0, arguments=": 1}")]],
                     [("x", "f", A)], id="arguments-null-at-first"),
        pytest.param([[F(0, "x", "f", {"a": "b"})]], [("x", "f", {"a": "b"})], id="arguments-object"),
        pytest.param([[F(0, "x", "f", {"a": "b"})], [F(0, "y", "f", {"a": "c"})]],
                     [("x", "f", {"a": "b"}), ("y", "f", {"a": "c"})], id="arguments-objects"),
        pytest.param([[F(0, "x", "f", A)], [F(0, "x", "f", A)]], [("x", "f", A)], id="whole-resent"),
        pytest.param([[F(0, "x", "f", A), F(1, "x", "f", A)]], [("x", "f", A), ("x", "f", A)], id="one-id-two-indexes"),
        pytest.param([[F(0, "x", "f", "")], [F(1, "y", "g", "")], [F(0, "x", arguments=A), F(0, "y", arguments=B)]],
                     [("x", "f", A), ("y", "g", B)], id="id-before-index"),
        pytest.param([[F(0, "x", "f", '{"a": "}{"')], [F(0, name="f", arguments="}")], [F(0, name="f", arguments=B)]],
                     [("x", "f", '{"a": "}{"}'), (None, "f", B)], id="brackets-in-strings"),
        pytest.param([[F(0, "x", "f", '{"a": "\\"}')], [F(0, name="f", arguments='"}')]],
                     [("x", "f", '{"a": "\\"}"}')], id="an-escape"),
        pytest.param([[F(0, "x", "f", '{"a": "\\')], *[[F(0, name="f", arguments='"}')]] * 2],
                     [("x", "f", '{"a": "\\"}"}')], id="an-escape-cut"),
        pytest.param([[F(0, "x", "f", A)], [F(0, "y", arguments=B)]], [("x", "f", A), ("y", None, B)], id="no-name"),
        pytest.param([[None, 5, F(0, "x", "f", A)]], [("x", "f", A)], id="no-objects"),
        pytest.param([[F(name="f", arguments=A)], [F(name="f", arguments=None)], [F(arguments='{"b"')],
                      [F(arguments=": 2}")]], [(None, "f", A), (None, "f", B)], id="the-same-name-without-ids"),
        pytest.param([[F(0, "", "f", "")], [F(0, "", "", A)], [F(0, "", "f", "")], [F(0, "", "", B)]],
                     [("", "f", A), ("", "f", B)], id="the-same-name-with-empty-ids"),
        pytest.param([[F(name="f", arguments=A)], [F(name="f", arguments="")]], [(None, "f", A)], id="a-last-name"),
        pytest.param([[F(0, "x", "get_", "")], [F(0, None, "weather", "")], [F(0, arguments=A)]],
                     [("x", "get_weather", A)], id="a-name-in-pieces"),
        pytest.param([[F(0, "x", "get", None)], [F(0, "x", "get_we")], [F(0, "x", "get_weather", A)]],
                     [("x", "get_weather", A)], id="a-name-that-grows"),
        pytest.param([[F(0, name="get_")], [F(0, name="wea", arguments="")], [F(0, name="ther", arguments=A)],
                      [F(0, arguments="")]], [(None, "get_weather", A)], id="a-name-in-pieces-without-id"),
        pytest.param([[F(0, "", "get_", "")], [F(0, "", "weather", "")], [F(0, "", "", A)]],
                     [("", "get_weather", A)], id="a-name-in-pieces-with-empty-ids"),
        pytest.param([[F(0, "x", "get_")], [F(0, "x", "weather", "")], [F(0, "x", arguments=A)]],
                     [("x", "get_weather", A)], id="a-name-in-pieces-with-the-id-resent"),
        pytest.param([[F(call_id="x", name="get_")], [F(call_id="x", name="weather")], [F(arguments=A)]],
                     [("x", "get_weather", A)], id="a-name-in-pieces-by-id-alone"),
        pytest.param([[F(call_id="x", name="get_")], [F(name="weather")], [F(arguments=A)]],
                     [("x", "get_weather", A)], id="a-name-in-pieces-by-place"),
        pytest.param([[F(1, "x", "get_")], [F(2, "y", "put_")], [F(1, name="this")], [F(2, name="that")],
                      [F(2, arguments=B)], [F(1, arguments=A)]],
                     [("x", "get_this", A), ("y", "put_that", B)], id="names-in-pieces-interleaved"),
        pytest.param([[F(1, name="get_")], [F(2, name="put_")], [F(1, name="this"), F(2, name="that")],
                      [F(1, arguments=A), F(2, arguments=B)]],
                     [(None, "get_this", A), (None, "put_that", B)], id="names-in-pieces-side-by-side"),
        pytest.param([[F(0, "x", "f", "")], [F(0, "x", "f", "")], [F(0, "x", "f", A)], [F(0, "x", "f", "")]],
                     [("x", "f", A)], id="a-whole-name-resent-is-no-piece"),
        pytest.param([[F(0, name="f", arguments="")], [F(0, name="f", arguments="")], [F(0, name="f", arguments=A)]],
                     [(None, "f", A)], id="a-whole-name-resent-without-id"),
        pytest.param([[F(0, name="f", arguments=""), F(0, name="g", arguments="")]],
                     [(None, "f", ""), (None, "g", "")], id="another-name-beside-it"),
        pytest.param([[F(0, "x", "f", "")], [F(0, "y", "g", "")], [F(0, arguments=B)]],
                     [("x", "f", ""), ("y", "g", B)], id="another-name-with-another-id"),
        pytest.param([[F(0, "x", "f", "{}")], [F(0, None, "g", "{}")]],
                     [("x", "f", "{}"), (None, "g", "{}")], id="another-name-after-arguments"),
    ],
)  # fmt: skip
def test_which_call_a_fragment_continues(lists: list[Any], calls: list[Any]) -> None:
    """The calls that the server meant, in the order of their appearance, without an index."""
    found = message_of({"tool_calls": fragments} for fragments in lists)["tool_calls"]
    assert all("index" not in call for call in found)
    assert [(c.get("id"), c["function"].get("name"), c["function"].get("arguments")) for c in found] == calls


def test_a_custom_tool_and_unknown_members() -> None:
    """The input joined, the type if it was said, members that nobody knows kept."""
    deltas = [
        {"tool_calls": [{"index": 0, "id": "x", "type": "custom", "custom": {"name": "c", "input": "a"}}]},
        {"tool_calls": [{"index": 0, "custom": {"input": "b"}, "extra": {"signature": "s"}}]},
        {"tool_calls": {"index": 1, "id": "y", "function": {"name": "f", "arguments": "{}", "note": "n"}}},
    ]
    assert message_of(deltas)["tool_calls"] == [
        {"id": "x", "type": "custom", "custom": {"name": "c", "input": "ab"}, "extra": {"signature": "s"}},
        {"id": "y", "function": {"name": "f", "arguments": "{}", "note": "n"}},
    ]


# --- Recorded traffic --------------------------------------------------------------------------


def recorded_chunks(exchange: Exchange) -> list[dict[str, Any]]:
    chunks = []
    for event in EventDecoder().feed(exchange["response_body"].encode()):
        try:
            value = json.loads(event.data)
        except ValueError:
            continue
        if isinstance(value, dict) and "error" not in value:
            chunks.append(value)
    return chunks


def concatenated(chunks: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """What the deltas of each choice say, put together without a thought for odd servers."""
    choices: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        for item in chunk.get("choices") or []:
            delta = item.get("delta") or {}
            seen = choices.setdefault(item.get("index", 0), {"tools": {}, "finish": None, "role": None})
            for name in ("content", "refusal", "reasoning", "reasoning_content"):
                piece = delta.get(name)
                if isinstance(piece, list):
                    piece = "".join(part.get("text", "") for part in piece if part.get("type") == "text")
                if piece is not None:
                    seen[name] = seen.get(name, "") + piece
            seen["role"] = seen["role"] or delta.get("role")
            seen["finish"] = item.get("finish_reason") or seen["finish"]
            for piece in delta.get("tool_calls") or []:
                key = piece["index"] if "index" in piece else len(seen["tools"])
                call = seen["tools"].setdefault(key, {"id": None, "name": "", "arguments": ""})
                function = piece.get("function") or {}
                call["id"] = call["id"] or piece.get("id")
                call["name"] = call["name"] or function.get("name")
                call["arguments"] += function.get("arguments") or ""
    return choices


@needs_corpus
@pytest.mark.parametrize("exchange", [pytest.param(one, id=one["id"]) for one in recorded("stream")])
def test_a_recorded_stream(exchange: Exchange) -> None:
    """What a plain concatenation of its deltas gives."""
    chunks = recorded_chunks(exchange)
    accumulator = accumulate(chunks)
    completion = accumulator.snapshot()
    expected = concatenated(chunks)
    assert [choice.index if choice.index is not None else 0 for choice in completion.choices] == sorted(expected)
    for choice, (_, said) in zip(completion.choices, sorted(expected.items()), strict=True):
        message = choice.message
        found = message.to_dict()
        for name in ("content", "refusal", "reasoning", "reasoning_content"):
            assert found.get(name) == said.get(name)
        assert (message.role, choice.finish_reason) == (said["role"] or "assistant", said["finish"])
        calls = message.tool_calls or []
        assert all(isinstance(call, FunctionToolCall) for call in calls)
        assert [(call.id, call.function.name, call.function.arguments) for call in calls] == [  # type: ignore[union-attr]
            (call["id"], call["name"], call["arguments"]) for call in said["tools"].values()
        ]
    usages = [chunk["usage"] for chunk in chunks if chunk.get("usage")]
    assert without_nulls(completion.usage and completion.usage.to_dict()) == (
        without_nulls(usages[-1]) if usages else None
    )
    for name in ("id", "model", "created"):
        assert getattr(completion, name) == next((c[name] for c in chunks if c.get(name)), chunks[-1].get(name))
    assert accumulator.complete == (bool(expected) and all(said["finish"] for said in expected.values()))


def without_call_indexes(body: Any) -> Any:
    for choice in body["choices"]:
        for call in choice["message"].get("tool_calls") or []:
            call.pop("index", None)
    return body


@needs_corpus
@pytest.mark.parametrize("exchange", [pytest.param(one, id=one["id"]) for one in recorded("json")])
def test_a_plain_reply_in_place_of_a_stream(exchange: Exchange) -> None:
    """The completion that the plain call returns, but for the indexes of tool calls."""
    try:
        body = json.loads(exchange["response_body"])
        ChatCompletion.from_dict(body)
    except ValueError:
        pytest.skip("no completion")
    found = merged([body])
    assert without_nulls(found) == without_nulls(without_call_indexes(body)) | {"object": "chat.completion"}


# --- Anything at all ---------------------------------------------------------------------------

LEAVES = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=3)
NAMES = st.sampled_from([
    "id", "index", "object", "choices", "delta", "message", "content", "refusal", "role", "tool_calls", "function",
    "custom", "name", "arguments", "input", "type", "text", "thinking", "logprobs", "finish_reason", "usage", "audio",
    "data", "function_call", "reasoning", "reasoning_details", "obfuscation", "x",
])  # fmt: skip
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)
DELTAS = st.dictionaries(NAMES, JSON | st.lists(st.dictionaries(NAMES, JSON, max_size=4), max_size=3), max_size=5)
CHOICES = st.lists(
    st.fixed_dictionaries({}, optional={
        "index": st.integers(0, 2) | JSON, "delta": DELTAS | JSON, "message": DELTAS | JSON,
        "finish_reason": JSON, "logprobs": JSON, "x": JSON,
    }) | JSON,
    max_size=3,
)  # fmt: skip
CHUNKS = st.lists(
    st.fixed_dictionaries({}, optional={"choices": CHOICES | JSON, "usage": JSON, "id": JSON, "x": JSON, "y": JSON}),
    max_size=8,
)


@settings(deadline=None, max_examples=400)
@given(CHUNKS)
def test_no_json_is_too_odd(chunks: list[dict[str, Any]]) -> None:
    """A snapshot after every chunk, the same as without the snapshots before, and the chunks as they were."""
    before = copy.deepcopy(chunks)
    accumulator = Accumulator()
    for chunk in chunks:
        accumulator.add(chunk)
        accumulator.snapshot()
    assert chunks == before
    assert accumulator.snapshot() == accumulate(chunks).snapshot()
    assert isinstance(accumulator.complete, bool)


def test_deep_json_is_borne() -> None:
    """A completion, whatever is nested how deeply."""
    deep: Any = "end"
    for _ in range(400):
        deep = {"a": [deep]}
    chunk = {"x": deep, "y": [deep], "choices": [{"delta": {"z": deep, "content": deep, "tool_calls": [deep]},
                                                  "logprobs": deep, "w": deep}]}  # fmt: skip
    assert accumulate([chunk, chunk, chunk]).snapshot().choices


# --- Any completion in any fragments -----------------------------------------------------------

WORDS = st.text(min_size=1, max_size=8)
ARGUMENTS = st.dictionaries(st.text(max_size=4), LEAVES | st.lists(LEAVES, max_size=3), max_size=3).map(json.dumps)
CALLS = st.lists(st.tuples(st.sampled_from(["f", "g"]), ARGUMENTS), max_size=4)
STYLES = ["usual", "ids-resent", "names-resent", "new-id-per-fragment", "index-0", "no-index", "from-1", "empty-ids",
          "whole-without-ids", "late-ids", "interleaved"]  # fmt: skip


def cut(draw: Any, text: str) -> list[str]:
    """A text in pieces, some of them empty."""
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=4)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def call_fragments(draw: Any, calls: list[tuple[str, str]], style: str) -> list[dict[str, Any]]:
    """The deltas in which a server of this style sends these calls."""
    streams: list[list[dict[str, Any]]] = []
    for number, (name, arguments) in enumerate(calls):
        call_id = f"call_{number}"
        index = {"index-0": 0, "from-1": number + 1}.get(style, number)
        if style == "whole-without-ids":
            streams.append([F(LACKS, LACKS, name, arguments)])
            continue
        pieces = []
        for at, piece in enumerate(["", *cut(draw, arguments)]):
            first = at == 0
            given: dict[str, Any] = {"index": index, "arguments": piece}
            if style == "no-index":
                del given["index"]
            if first:
                given |= {"call_id": call_id, "name": name}
            if style == "empty-ids" and not first:
                given |= {"call_id": draw(st.sampled_from(["", None])), "name": draw(st.sampled_from(["", None]))}
            if style in {"ids-resent", "names-resent", "interleaved"}:
                given["call_id"] = call_id
            if style == "names-resent":
                given["name"] = name
            if style == "new-id-per-fragment" and not first:
                given["call_id"] = f"{call_id}_{at}"
            if style == "late-ids":
                given.pop("call_id", None)
                if at == 1:
                    given["call_id"] = call_id
            pieces.append(F(**given))
        streams.append(pieces)
    if style == "interleaved":
        order = draw(st.permutations([n for n, pieces in enumerate(streams) for _ in pieces]))
        queues = [iter(pieces) for pieces in streams]
        return [next(queues[n]) for n in order]
    return [piece for pieces in streams for piece in pieces]


@st.composite
def split_completions(draw: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A completion, and chunks that make it."""
    completion: dict[str, Any] = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": []}
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    streams: list[list[dict[str, Any]]] = []
    for index in range(draw(st.integers(1, 3))):
        message: dict[str, Any] = {"role": "assistant"}
        deltas: list[dict[str, Any]] = [{"role": "assistant"}]
        for name in draw(st.lists(st.sampled_from(["content", "refusal", "reasoning", "x"]), unique=True)):
            message[name] = draw(st.text(max_size=20))
            deltas += [{name: piece} for piece in cut(draw, message[name])]
        style = draw(st.sampled_from(STYLES))
        calls = draw(CALLS)
        fragments = call_fragments(draw, calls, style)
        if calls:
            order = list(range(len(calls)))
            message["tool_calls"] = [
                ({} if style == "whole-without-ids" else {"id": f"call_{n}"})
                | {"function": {"name": calls[n][0], "arguments": calls[n][1]}}
                for n in order
            ]
        deltas += [{"tool_calls": [one]} for one in fragments]
        reason = draw(st.sampled_from(["stop", "length", "new_word"]))
        pieces = [{"index": index, "delta": delta, "finish_reason": None, "logprobs": None} for delta in deltas]
        streams.append([*pieces, {"index": index, "delta": {}, "finish_reason": reason, "logprobs": None}])
        completion["choices"].append({"index": index, "message": message, "finish_reason": reason})
    order = draw(st.permutations([n for n, pieces in enumerate(streams) for _ in pieces]))
    queues = [iter(pieces) for pieces in streams]
    chunks = [{**head, "choices": [next(queues[n])], "usage": None} for n in order]
    if draw(st.booleans()):
        completion["usage"] = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
        chunks.append({**head, "choices": [], "usage": completion["usage"]})
    return completion, chunks


@settings(deadline=None, max_examples=300)
@given(split_completions())
def test_any_split_gives_the_completion_back(case: tuple[dict[str, Any], list[dict[str, Any]]]) -> None:
    """The completion that was split, whatever the fragments and however the server numbers its calls."""
    completion, chunks = case
    accumulator = accumulate(chunks, len(completion["choices"]))
    assert accumulator.has_finish_reasons
    for choice in completion["choices"]:
        choice["message"].setdefault("role", "assistant")
    assert accumulator.snapshot() == ChatCompletion.from_dict(completion)


# --- Work and memory ---------------------------------------------------------------------------


def work(chunks: list[dict[str, Any]]) -> tuple[int, int]:
    """Return the calls that accumulating takes, with one snapshot at the end, and the memory at its height."""
    calls = 0

    def tally(*_: object) -> None:
        nonlocal calls
        calls += 1

    tracemalloc.start()
    profiler = sys.getprofile()
    try:
        sys.setprofile(tally)
        accumulate(chunks).snapshot()
    finally:
        sys.setprofile(profiler)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return calls, peak


def tool_delta(name: str | None, call_id: str | None) -> dict[str, Any]:
    return {"tool_calls": [{"index": 0, "id": call_id, "function": {"name": name, "arguments": '{"a": [1], "b": "'}}]}


@pytest.mark.parametrize(
    "delta",
    [
        {"content": "some words "},
        {"reasoning": "some words ", "role": "assistant", "reasoning_details": [{"index": 0, "text": "some words "}]},
        {"content": [{"type": "text", "text": "some words "}]},
        {"audio": {"data": "some words "}},
        tool_delta(None, None),
        tool_delta("f", "x"),
        tool_delta("f", None),
        {"function_call": {"arguments": "some words "}},
    ],
    ids=["content", "reasoning", "parts", "audio", "arguments", "resent", "names-resent", "function-call"],
)
def test_work_is_linear(delta: dict[str, Any]) -> None:
    """Four times the calls and the memory for 16,000 deltas as for 4,000; the square would be sixteen times."""
    chunk = {"id": "c", "choices": [{"index": 0, "delta": delta}]}
    calls, peak = work([chunk] * 4000)
    more_calls, more_peak = work([chunk] * 16000)
    assert more_calls <= 4.2 * calls
    assert more_peak <= 6 * peak


def test_a_stream_of_new_ids_for_indexed_items_is_linear() -> None:
    """Four times the calls for four times the items, each with an index of its own."""

    def chunks(count: int) -> list[dict[str, Any]]:
        return [{"choices": [{"delta": {"reasoning_details": [{"index": n, "text": "a"}]}}]} for n in range(count)]

    assert work(chunks(2000))[0] <= 4.2 * work(chunks(500))[0]
